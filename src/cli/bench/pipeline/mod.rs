//! `bench pipeline`: what the pipeline promises, shown on real workers, a database of its own and the providers' stand-ins, each
//! figure beside its bar. Calls are counted at the far end, statements at the server, everything else by SQL after the last job.

mod cache;
mod chain;
mod field;
mod form;
mod lanes;
mod latency;
mod meltdown;
mod outage;
mod parking;
mod worker;

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::super::args::Common;
use super::super::evidence::bar::{self, Row};
use super::super::{Failure, output};
use form::Form;

/// Options of `bench pipeline`.
#[derive(Debug, Clone, Args)]
pub struct PipelineArgs {
    /// What to show; all of it where nothing is named.
    #[arg(value_enum)]
    pub parts: Vec<Part>,
    /// The long form: 5,000 contacts, outages of 60 s, medians of three runs of each kind; about an hour.
    #[arg(long)]
    pub long: bool,
    /// Other numbers of contacts than the form's.
    #[arg(long, value_parser = clap::value_parser!(u32).range(20..=100_000))]
    pub contacts: Option<u32>,
    /// Seconds that providers are down, other than the form's; from 20 on rates are judged.
    #[arg(long, value_parser = clap::value_parser!(u32).range(2..=600))]
    pub outage: Option<u32>,
    /// Runs of each outage, of which the medians are taken.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=9))]
    pub runs: Option<u32>,
    /// Who goes down in `outage`.
    #[arg(long, default_value = "zerobounce")]
    pub provider: String,
    /// How it goes down in `outage`; in every way where nothing is named.
    #[arg(long, value_enum)]
    pub kind: Vec<outage::Kind>,
}

/// What can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// One provider down in the middle of the work: probes alone, no attempt, and the other lanes go on.
    Outage,
    /// Four providers down at once: no burst at recovery, and no time lost beyond what can't be avoided.
    Meltdown,
    /// A contact alone takes its longest chain of needs.
    Chain,
    /// Contacts in all lanes at once, beside one lane at a time.
    Lanes,
    /// The same contacts again, from the cache.
    Cache,
    /// A pause, an open breaker, a spent budget, a refused credential: how soon the lane stands still.
    Parking,
    /// Providers that take 50 ms: contacts a second, processor time and statements.
    Latency,
}

const ALL: [Part; 7] =
    [Part::Chain, Part::Lanes, Part::Cache, Part::Latency, Part::Parking, Part::Meltdown, Part::Outage];

/// Shows the parts and prints their rows; fails when a bar is not held.
pub async fn run(common: &Common, args: &PipelineArgs) -> Result<ExitCode, Failure> {
    let form = Form::of(args);
    let mut rows: Vec<Row> = Vec::new();
    let parts = if args.parts.is_empty() { &ALL[..] } else { &args.parts };
    for part in parts {
        let came = match part {
            Part::Outage => outage::show(common, &form, args).await?,
            Part::Meltdown => meltdown::show(common, &form).await?,
            Part::Chain => chain::show(common, &form).await?,
            Part::Lanes => lanes::show(common, &form).await?,
            Part::Cache => cache::show(common, &form).await?,
            Part::Parking => parking::show(common, &form).await?,
            Part::Latency => latency::show(common, &form).await?,
        };
        if !common.json {
            bar::print(&came)?;
            output::line("")?;
        }
        rows.extend(came);
    }
    if common.json {
        output::json(&serde_json::json!({ "results": rows }))?;
    }
    let held = rows.iter().all(|row| row.holds != Some(false));
    Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
