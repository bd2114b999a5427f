//! `bench rotation`: credentials are turned while the lane is full, against stand-ins that refuse the old secret soon after.
//!
//! All of it is private: a server in a folder of its own, a stand-in for each worker on the loopback interface, nothing of
//! the user's. Rotations are made by `switchboard credentials rotate`, a process of its own as a person's would be; the
//! stand-ins note when each secret first reaches them, so that every worker is measured by itself.

mod account;
mod stage;
mod turns;
mod workers;

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::super::args::Common;
use super::super::{Failure, duration};
use account::Account;
use stage::Stage;
use turns::Turns;
use workers::Workers;

/// Options of `bench rotation`.
#[derive(Debug, Clone, Args)]
pub struct RotationArgs {
    /// Rotations.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=900))]
    pub rotations: u32,
    /// Worker processes.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=16))]
    pub workers: u32,
    /// Lookups in flight, in all of them together.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=4000))]
    pub in_flight: u32,
    /// How long the provider takes for an answer, more or less; with lookups in flight it says how many a second there are.
    #[arg(long, default_value = "6s")]
    pub latency: String,
    /// How long after an activation the provider still takes the old secret.
    #[arg(long, default_value = "2s")]
    pub dies_after: String,
}

/// Times of a run.
#[derive(Debug, Clone, Copy)]
struct Pace {
    latency: Duration,
    dies_after: Duration,
}

pub async fn run(common: &Common, args: &RotationArgs) -> Result<ExitCode, Failure> {
    let pace = Pace { latency: duration(&args.latency)?, dies_after: duration(&args.dies_after)? };
    more_files();
    let mut stage = Stage::begin(args, pace).await?;
    let first = stage.credential(0);
    stage.enter("set", &first).await?;
    let fleet = Workers::start(&stage, args.in_flight)?;
    let supply = stage.supply(i64::from(args.in_flight));
    stage.warmed_up(args.in_flight, pace.latency).await?;
    let mut turns = Turns::default();
    for number in 1..=args.rotations {
        turns.turn(&mut stage, number, pace).await?;
    }
    let back = turns.bad_one(&mut stage, args.rotations + 1, pace).await?;
    let enqueued = supply.end().await?;
    stage.drained().await?;
    let stopped = fleet.stop().await?;
    let account = Account::of(&stage, enqueued).await?;
    stage.end().await?;
    let verdict = account.report(common, &turns, back)?;
    if !stopped {
        return Err(Failure::new("a worker did not end well when it was told to; please report it with this output"));
    }
    verdict.map_or(Ok(ExitCode::SUCCESS), |sentence| Err(Failure::new(sentence)))
}

/// Each call in flight is an open file at both ends.
fn more_files() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}
