//! What can be typed: one definition serves parsing and help.

mod ask;
mod breakers;
mod contacts;
mod files;
mod queue;
mod records;
mod runs;

use clap::{Args, Parser, Subcommand};

pub use super::bench::BenchArgs;
pub use ask::AskArgs;
pub use breakers::{BreakersArgs, BreakersVerb, HoldArgs};
pub use contacts::{ContactsArgs, ContactsVerb, DuplicatesArgs, DuplicatesVerb, LookupArgs, UsageArgs, WhyArgs};
pub use files::{ExportArgs, ImportArgs};
pub use queue::{EditJob, JobsArgs, JobsVerb, LanesArgs, LanesVerb, WhichJobs};
pub use records::{AuditArgs, DoctorArgs, NodesArgs, NodesVerb, RecordsArgs, ThroughputArgs};
pub use runs::{ConsoleArgs, DemoArgs, SandboxArgs, WorkerArgs};

pub use super::alerts::AlertsArgs;
pub use super::credentials::CredentialsArgs;
pub use super::deck::DeckArgs;
pub use super::drill::DrillArgs;
pub use super::handover::HandoverArgs;
pub use super::packaging::CompletionsArgs;
pub use super::redact::RedactArgs;
pub use super::runbook::RunbookArgs;
pub use super::schedules::SchedulesArgs;
use crate::telemetry::SharedRedactor;

/// Bulk phone lookup and contact enrichment, with a console over all of it.
#[derive(Debug, Parser)]
#[command(name = "switchboard", version, about, max_term_width = 100)]
pub struct Cli {
    /// Options that every command takes.
    #[command(flatten)]
    pub common: Common,
    /// What to do; without a command the console opens.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// Database to work on; without one a private server is started.
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Print one JSON value on one line, and nothing else, on stdout.
    #[arg(long, global = true)]
    pub json: bool,
    /// Don't ask before what costs money or touches many things.
    #[arg(long, short = 'y', global = true)]
    pub yes: bool,
    /// Ask a second person before what is heavy, and wait for the answer.
    #[arg(long, global = true)]
    pub second: bool,
    /// Show where an error came from.
    #[arg(long, global = true)]
    pub verbose: bool,
    /// What every log line and every report passes; it learns the credentials when they are read.
    #[arg(skip = SharedRedactor::new(&[]))]
    pub redactor: SharedRedactor,
}

/// Subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the console, with a worker pool in it.
    Console(ConsoleArgs),
    /// Show it all on a private database and stand-in providers; needs no keys.
    Demo(DemoArgs),
    /// Run jobs without a console; SIGTERM drains.
    Worker(WorkerArgs),
    /// Run the providers' stand-ins alone, for drills.
    Sandbox(SandboxArgs),
    /// Import contacts from CSV, TSV or XLSX.
    Import(ImportArgs),
    /// Export contacts as CSV.
    Export(ExportArgs),
    /// List, show, set, retry, enrich or rescore contacts.
    Contacts(ContactsArgs),
    /// Ask in plain words for contacts, or about them.
    Ask(AskArgs),
    /// List pairs of duplicates, merge them, undo a merge.
    Duplicates(DuplicatesArgs),
    /// Calls, answers of the cache and cost by provider and day.
    Usage(UsageArgs),
    /// What lanes did over a span, and how long calls took.
    Throughput(ThroughputArgs),
    /// Why something waits: the chain of causes down to the root.
    Why(WhyArgs),
    /// Enqueue lookups.
    Lookup(LookupArgs),
    /// List, show, retry, cancel, discard or reprioritise jobs.
    Jobs(JobsArgs),
    /// List, add, pause, resume or remove recurring lookups.
    Schedules(SchedulesArgs),
    /// List, pause, resume, scale or slow lanes, or limit what they cost.
    Lanes(LanesArgs),
    /// List, show, reset, hold or release breakers.
    Breakers(BreakersArgs),
    /// List open alerts, take them on, or silence them.
    Alerts(AlertsArgs),
    /// Everything at one glance.
    Status,
    /// What happened, newest first.
    Timeline(RecordsArgs),
    /// What people did, newest first.
    Audit(AuditArgs),
    /// Processes of the fleet: list them, or quiet, wake or drain one.
    Nodes(NodesArgs),
    /// Who has a console open, and who asks for a second person: list, approve, refuse, require.
    Deck(DeckArgs),
    /// Take back an audited action, if that is still possible.
    Undo {
        /// Number of the audit row.
        audit_id: i64,
    },
    /// The shift as Markdown, for the person who comes next.
    Handover(HandoverArgs),
    /// What was done, as a script that asks before each step.
    Runbook(RunbookArgs),
    /// Rehearse an outage on stand-in providers, in a database of its own.
    Drill(DrillArgs),
    /// List, set, verify, rotate, roll back or retire credentials.
    Credentials(CredentialsArgs),
    /// Hide secrets in what is on standard input.
    Redact(RedactArgs),
    /// Apply pending migrations.
    Migrate,
    /// Check database, credentials, providers and terminal.
    Doctor(DoctorArgs),
    /// Measure this machine, each figure beside its ceiling.
    Bench(BenchArgs),
    /// Print the completion script of a shell.
    Completions(CompletionsArgs),
    /// Print the manual page.
    Man,
}
