//! `bench queue`: the job engine beside the bare SQL that it stands on, in a database of its own.

mod bare;
mod drill;
mod enqueue;
mod ground;
mod pickup;
mod second;
mod size;
mod soak;
mod throughput;

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::super::args::Common;
use super::super::{Failure, output};
use super::figure::{self, Figure};
use ground::Ground;

/// Each figure is the median of so many rounds.
const ROUNDS: usize = 5;
/// The lane and the kind of the jobs.
const LANE: &str = "local";
const KIND: &str = "bench";

/// Options of `bench queue`.
#[derive(Debug, Clone, Args)]
pub struct QueueArgs {
    /// Jobs in the queue.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(100..=20_000_000))]
    pub jobs: u32,
    /// Run at half the peak for so long (for example 10m) and report growth, instead of everything else.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub soak: Option<Duration>,
    /// Be the second process of another `bench queue`.
    #[arg(long, hide = true)]
    pub second: bool,
}

fn duration(text: &str) -> Result<Duration, String> {
    crate::settings::parse_duration(text).ok_or_else(|| format!("{text} is no duration: write 90s, 10m or 2h"))
}

/// Measures and prints.
pub async fn run(common: &Common, args: &QueueArgs) -> Result<ExitCode, Failure> {
    if args.second {
        return second::run(common).await;
    }
    let ground = Ground::prepare(common).await?;
    if !common.json {
        output::line(&ground.description())?;
    }
    let measured = match args.soak {
        Some(length) => soak::measure(&ground, i64::from(args.jobs), length).await,
        None => measure(&ground, i64::from(args.jobs)).await,
    };
    ground.close().await?;
    figure::print(&measured?, common.json)?;
    Ok(ExitCode::SUCCESS)
}

async fn measure(ground: &Ground, jobs: i64) -> Result<Vec<Figure>, Failure> {
    let mut figures = size::measure(ground, jobs).await?;
    let mut rest = enqueue::measure(ground, jobs).await?;
    rest.extend(throughput::measure(ground, jobs).await?);
    rest.extend(pickup::measure(ground, jobs).await?);
    rest.append(&mut figures);
    Ok(rest)
}
