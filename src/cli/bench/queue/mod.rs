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

use clap::{Args, ValueEnum};

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
    /// Measure only these.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub only: Vec<Part>,
    /// Run at half the peak for so long (for example 10m) and report growth, instead of everything else.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub soak: Option<Duration>,
    /// Be the second process of another `bench queue`.
    #[arg(long, hide = true)]
    pub second: bool,
}

/// What can be measured alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Enqueue beside COPY.
    Enqueue,
    /// Drain and waiting handlers.
    Drain,
    /// Commit to handler start.
    Pickup,
    /// Claim and depth beside the same on a small queue.
    Size,
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
        None => measure(&ground, i64::from(args.jobs), &args.only).await,
    };
    ground.close().await?;
    figure::print(&measured?, common.json)?;
    Ok(ExitCode::SUCCESS)
}

async fn measure(ground: &Ground, jobs: i64, only: &[Part]) -> Result<Vec<Figure>, Failure> {
    let wanted = |part| only.is_empty() || only.contains(&part);
    let (mut figures, mut size) = (Vec::new(), Vec::new());
    // First, while the table has never been larger. What it leaves in the queue is drained next.
    if wanted(Part::Size) {
        size = size::measure(ground, jobs).await?;
    }
    if wanted(Part::Drain) {
        figures.extend(throughput::measure(ground, jobs).await?);
    }
    if wanted(Part::Enqueue) {
        figures.extend(enqueue::measure(ground, jobs).await?);
    }
    if wanted(Part::Pickup) {
        figures.extend(pickup::measure(ground, jobs).await?);
    }
    figures.append(&mut size);
    Ok(figures)
}
