//! `demo`: the whole thing on a private database and the providers' stand-ins; no key, no account, no settings.
//!
//! It reads nothing of the user's: neither `DATABASE_URL` nor credentials nor base URLs nor `config.toml`.

mod figures;
pub mod report;
mod stage;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use super::Failure;
use super::args::{Common, DemoArgs};
use super::evidence::bar::{self, Row};
use super::output::{self, thousands};
use super::until_empty::until_empty;
use crate::database::Db;
use crate::operations::views;

use report::Report;
pub use stage::{Stage, fill};

pub fn run(common: &Common, args: &DemoArgs, runtime: &Runtime) -> Result<ExitCode, Failure> {
    let on_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if args.headless || common.json || !on_terminal {
        return runtime.block_on(headless(common, args));
    }
    let mut stage = runtime.block_on(Stage::set(args))?;
    let shown = stage.show(args.ascii, runtime);
    runtime.block_on(stage.strike())?;
    shown
}

async fn headless(common: &Common, args: &DemoArgs) -> Result<ExitCode, Failure> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stage = Stage::set(args).await?;
    if !common.json {
        for line in stage.notes() {
            output::line(&line)?;
        }
    }
    let begun = stage.run().begun();
    let ended = tokio::select! {
        result = drained(stage.db(), begun, common.json) => result,
        _ = term.recv() => Err(Failure::new("the demo was ended before its queue was empty; run it again for a whole report")),
        _ = int.recv() => Err(Failure::new("the demo was ended before its queue was empty; run it again for a whole report")),
    };
    let whole = told(&stage, begun.elapsed()).await;
    stage.strike().await?;
    ended?;
    let whole = whole?;
    if common.json {
        output::json(&whole)?;
    } else {
        report::print(&whole.report)?;
        output::line("")?;
        bar::print(&whole.figures)?;
    }
    let report = whole.report;
    let whole = report.contacts.unfinished == 0 && report.jobs.left == 0;
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The report and, behind it, its figures.
#[derive(Debug, Serialize)]
struct Whole {
    #[serde(flatten)]
    report: Report,
    figures: Vec<Row>,
}

async fn told(stage: &Stage, took: Duration) -> Result<Whole, Failure> {
    let (db, sandbox, spent) = (stage.db(), stage.sandbox(), stage.run().spent());
    let report = report::report(db, sandbox, took.as_secs_f64()).await?;
    let figures = stage.run().figures(db, sandbox, (&report, spent)).await?;
    Ok(Whole { report, figures })
}

pub async fn drained(db: &Db, begun: Instant, quiet: bool) -> Result<(), Failure> {
    let progress = async {
        if quiet {
            return std::future::pending::<Result<(), Failure>>().await;
        }
        loop {
            tokio::time::sleep(Duration::from_secs(2)).await;
            line_of_progress(db, begun).await?;
        }
    };
    tokio::select! {
        result = until_empty(db) => result,
        result = progress => result,
    }
}

async fn line_of_progress(db: &Db, begun: Instant) -> Result<(), Failure> {
    let counts = views::contact_counts(db).await?;
    let lanes = views::lanes(db).await?;
    let twilio = lanes.iter().find(|l| l.lane == "twilio");
    let state = twilio.map_or_else(String::new, |l| match &l.reason {
        Some(reason) => format!("twilio {}: {reason}", l.state),
        None => format!("twilio {}", l.state),
    });
    output::line(&format!(
        "{:>4.0} s  {} of {} contacts finished, {} wait; {state}",
        begun.elapsed().as_secs_f64(),
        thousands(counts.completed + counts.failed),
        thousands(counts.total()),
        thousands(twilio.map_or(0, |l| l.depth + l.scheduled))
    ))
}
