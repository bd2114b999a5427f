//! The command line: one file a subcommand, each thin: parse, call a floor, print a table for people or one JSON value.
//!
//! With `--json`, stdout has one JSON value on one line and nothing else. Errors are one sentence on stderr.

mod alerts;
mod args;
mod ask;
mod batch;
mod bench;
mod breakers;
mod confirm;
mod contacts;
mod credentials;
mod crew;
mod deck;
mod demo;
mod desks;
mod doctor;
mod drill;
mod duplicates;
mod evidence;
mod export;
mod failure;
mod handover;
mod harden;
mod import;
mod jobs;
mod lanes;
mod lookup;
mod migrate;
mod models;
mod open;
mod output;
mod packaging;
#[cfg(test)]
mod parity_tests;
mod records;
mod redact;
mod runbook;
mod sandbox;
mod schedules;
mod status;
mod terminal;
mod throughput;
mod until_empty;
mod usage;
mod why;
mod worker;

use std::process::ExitCode;

pub use args::{Cli, Command};
pub use failure::Failure;
pub use harden::forbid_core_files;
pub use models::ask_desk;

/// Runs one command on a runtime of its own; the exit code is the contract's: 0 success, 1 failure, 2 wrong usage.
pub fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("switchboard-worker").build()?;
    let result = dispatch(&cli, &runtime);
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    result
}

fn dispatch(cli: &Cli, runtime: &tokio::runtime::Runtime) -> Result<ExitCode, Failure> {
    let common = &cli.common;
    match &cli.command {
        None => terminal::run(common, &args::ConsoleArgs::default(), runtime),
        Some(Command::Console(args)) => terminal::run(common, args, runtime),
        Some(Command::Demo(args)) => demo::run(common, args, runtime),
        Some(Command::Drill(args)) => drill::run(common, args, runtime),
        Some(command) => runtime.block_on(plain(common, command)),
    }
}

async fn plain(common: &args::Common, command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Worker(args) => worker::run(common, args).await,
        Command::Sandbox(args) => sandbox::run(common, args).await,
        Command::Import(args) => import::run(common, args).await,
        Command::Export(args) => export::run(common, args).await,
        Command::Contacts(args) => contacts::run(common, args).await,
        Command::Ask(args) => ask::run(common, args).await,
        Command::Duplicates(args) => duplicates::run(common, args).await,
        Command::Usage(args) => usage::run(common, args).await,
        Command::Throughput(args) => throughput::run(common, args).await,
        Command::Why(args) => why::run(common, args).await,
        Command::Lookup(args) => lookup::run(common, args).await,
        Command::Jobs(args) => jobs::run(common, args).await,
        Command::Schedules(args) => schedules::run(common, args).await,
        Command::Alerts(args) => alerts::run(common, args).await,
        Command::Lanes(args) => lanes::run(common, args).await,
        Command::Breakers(args) => breakers::run(common, args).await,
        Command::Status => status::run(common).await,
        Command::Timeline(args) => records::timeline(common, args).await,
        Command::Audit(args) => records::audit(common, args).await,
        Command::Nodes(args) => records::nodes(common, args).await,
        Command::Deck(args) => deck::run(common, args).await,
        Command::Undo { audit_id } => records::undo(common, *audit_id).await,
        Command::Handover(args) => handover::run(common, args).await,
        Command::Runbook(args) => runbook::run(common, args).await,
        Command::Migrate => migrate::run(common).await,
        Command::Doctor(args) => doctor::run(common, args).await,
        Command::Bench(args) => bench::run(common, args).await,
        Command::Credentials(args) => credentials::run(common, args).await,
        Command::Redact(args) => redact::run(common, args),
        Command::Completions(args) => packaging::completions(args),
        Command::Man => packaging::man(),
        Command::Console(_) | Command::Demo(_) | Command::Drill(_) => Ok(ExitCode::SUCCESS),
    }
}

/// A duration as a person writes it.
fn duration(text: &str) -> Result<std::time::Duration, Failure> {
    crate::settings::parse_duration(text)
        .ok_or_else(|| Failure::usage(format!("{text} is no duration: write for example 30m, 2h or 90s")))
}

/// When something ends that begins now, by the database's clock: this machine's may be wrong.
async fn ends(db: &crate::database::Db, lasts: std::time::Duration) -> Result<chrono::DateTime<chrono::Utc>, Failure> {
    let sql = "SELECT now() + make_interval(secs => $1)";
    let ends = sqlx::query_scalar(sql).bind(lasts.as_secs_f64()).fetch_one(db.pool()).await;
    Ok(ends.map_err(crate::database::Error::from)?)
}
