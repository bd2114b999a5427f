//! What can be typed: one definition serves parsing and help.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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
    /// List or show contacts.
    Contacts(ContactsArgs),
    /// Enqueue lookups.
    Lookup(LookupArgs),
    /// List, show or retry jobs.
    Jobs(JobsArgs),
    /// List, pause, resume or scale lanes.
    Lanes(LanesArgs),
    /// List, show, reset, hold or release breakers.
    Breakers(BreakersArgs),
    /// Everything at one glance.
    Status,
    /// What happened, newest first.
    Timeline(RecordsArgs),
    /// What people did, newest first.
    Audit(RecordsArgs),
    /// Processes of the fleet.
    Nodes,
    /// Take back an audited action, if that is still possible.
    Undo {
        /// Number of the audit row.
        audit_id: i64,
    },
    /// Apply pending migrations.
    Migrate,
    /// Check database, credentials, providers and terminal.
    Doctor,
}

/// Options of `console`.
#[derive(Debug, Clone, Default, Args)]
pub struct ConsoleArgs {
    /// Look, but change nothing.
    #[arg(long)]
    pub read_only: bool,
    /// Run no jobs in this process.
    #[arg(long)]
    pub no_workers: bool,
    /// Draw with ASCII characters only.
    #[arg(long)]
    pub ascii: bool,
    /// How the connection is: measured when not given.
    #[arg(long, value_parser = ["slow", "normal"])]
    pub link: Option<String>,
}

/// Options of `demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Contacts to look up.
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub contacts: u32,
    /// How the stand-ins behave: calm, flaky, outage or meltdown.
    #[arg(long, default_value = "outage")]
    pub scenario: crate::sandbox::Scenario,
    /// Print progress and a report instead of opening the console.
    #[arg(long)]
    pub headless: bool,
    /// Draw with ASCII characters only.
    #[arg(long)]
    pub ascii: bool,
}

/// Options of `worker`.
#[derive(Debug, Clone, Args)]
pub struct WorkerArgs {
    /// End when no live job is left: 0, or 1 when all that is left waits for a person.
    #[arg(long)]
    pub until_empty: bool,
}

/// Options of `sandbox`.
#[derive(Debug, Clone, Args)]
pub struct SandboxArgs {
    /// Loopback address to listen on.
    #[arg(long, default_value = "127.0.0.1:8800")]
    pub listen: SocketAddr,
    /// How the stand-ins behave: calm, flaky, outage or meltdown.
    #[arg(long, default_value = "calm")]
    pub scenario: crate::sandbox::Scenario,
    /// Contacts that a drill will look up: the outage begins after a fifth of them.
    #[arg(long, default_value_t = 5000)]
    pub contacts: u64,
}

/// Options of `import`.
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// File, or - for standard input.
    pub file: PathBuf,
    /// Country of numbers without +.
    #[arg(long, default_value = "US")]
    pub region: String,
    /// Which column fills which field; may be repeated.
    #[arg(long = "map", value_name = "COLUMN=FIELD")]
    pub map: Vec<String>,
    /// Enqueue the lookup of each new contact.
    #[arg(long)]
    pub lookup: bool,
    /// Only find out what would happen.
    #[arg(long)]
    pub dry_run: bool,
    /// Where rejected rows go, with their reasons.
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Refuse when the estimated price of the lookups is above this.
    #[arg(long, value_name = "USD")]
    pub max_cost: Option<f64>,
}

/// Options of `export`.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// Which contacts; all without it.
    #[arg(long, default_value = "")]
    pub filter: String,
    /// csv, tsv or jsonl.
    #[arg(long, default_value = "csv", value_parser = ["csv", "tsv", "jsonl"])]
    pub format: String,
    /// File; stdout without it.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Subcommands of `contacts`.
#[derive(Debug, Clone, Args)]
pub struct ContactsArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: ContactsVerb,
}

/// What can be done with contacts.
#[derive(Debug, Clone, Subcommand)]
pub enum ContactsVerb {
    /// A page of contacts, newest first.
    List {
        /// Which; all without it.
        #[arg(long, default_value = "")]
        filter: String,
        /// How many, at most 1,000.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=1000))]
        limit: i64,
    },
    /// All that is known of one contact.
    Show {
        /// Its id or its number in E.164.
        contact: String,
    },
}

/// Options of `lookup`.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false, id = "which")]
pub struct Which {
    /// Every contact.
    #[arg(long)]
    pub all: bool,
    /// Contacts that match.
    #[arg(long)]
    pub filter: Option<String>,
}

/// Options of `lookup`.
#[derive(Debug, Clone, Args)]
pub struct LookupArgs {
    /// Which contacts.
    #[command(flatten)]
    pub which: Which,
    /// Completed ones, too.
    #[arg(long)]
    pub again: bool,
    /// Refuse when the estimated price is above this.
    #[arg(long, value_name = "USD")]
    pub max_cost: Option<f64>,
}

/// Subcommands of `jobs`.
#[derive(Debug, Clone, Args)]
pub struct JobsArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: JobsVerb,
}

/// What can be done with jobs.
#[derive(Debug, Clone, Subcommand)]
pub enum JobsVerb {
    /// Live and dead jobs, newest first.
    List {
        /// Of this lane.
        #[arg(long)]
        lane: Option<String>,
        /// In this state.
        #[arg(long, value_parser = ["waiting", "scheduled", "running", "dead"])]
        state: Option<String>,
        /// How many, at most 1,000.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=1000))]
        limit: i64,
    },
    /// One job with its failed attempts.
    Show {
        /// Its number.
        id: i64,
    },
    /// Give dead jobs their attempts anew.
    Retry {
        /// Their numbers.
        ids: Vec<i64>,
        /// All dead ones of this lane.
        #[arg(long, conflicts_with = "ids")]
        lane: Option<String>,
        /// All dead ones.
        #[arg(long, conflicts_with_all = ["ids", "lane"])]
        all: bool,
    },
}

/// Subcommands of `lanes`.
#[derive(Debug, Clone, Args)]
pub struct LanesArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: LanesVerb,
}

/// What can be done with lanes.
#[derive(Debug, Clone, Subcommand)]
pub enum LanesVerb {
    /// All lanes.
    List,
    /// Claim nothing more from a lane.
    Pause {
        /// Lane.
        lane: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Claim from it again.
    Resume {
        /// Lane.
        lane: String,
    },
    /// Limit how many of its jobs run at once in the fleet.
    Scale {
        /// Lane.
        lane: String,
        /// Jobs at once, or auto.
        concurrency: String,
    },
}

/// Subcommands of `breakers`.
#[derive(Debug, Clone, Args)]
pub struct BreakersArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: BreakersVerb,
}

/// What can be done with breakers.
#[derive(Debug, Clone, Subcommand)]
pub enum BreakersVerb {
    /// All breakers, the worst first.
    List,
    /// One breaker with its history.
    Show {
        /// Breaker's or lane's name.
        name: String,
    },
    /// Let the next probe start now.
    Reset {
        /// Breaker's or lane's name.
        name: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Hold it open: no call is made.
    Open(HoldArgs),
    /// Hold it closed: every call is made.
    Close(HoldArgs),
    /// Give it back to itself.
    Auto {
        /// Breaker's or lane's name.
        name: String,
    },
}

/// A hold.
#[derive(Debug, Clone, Args)]
pub struct HoldArgs {
    /// Breaker's or lane's name.
    pub name: String,
    /// How long, for example 30m; until released without it.
    #[arg(long = "for", value_name = "DURATION")]
    pub duration: Option<String>,
    /// Why.
    #[arg(long, default_value = "by hand")]
    pub reason: String,
}

/// Options of `timeline` and `audit`.
#[derive(Debug, Clone, Args)]
pub struct RecordsArgs {
    /// How many lines, at most 1,000.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=1000))]
    pub limit: i64,
    /// Only older than this number.
    #[arg(long)]
    pub before: Option<i64>,
}
