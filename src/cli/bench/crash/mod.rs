//! `bench crash`: real workers on a real database are killed, frozen and cut off while they work; then SQL accounts for
//! every job against what this process knows that it enqueued, and the stand-ins for every call.
//!
//! All of it is private: a server in a folder of its own, stand-ins on the loopback interface, nothing of the user's.

mod account;
mod faults;
mod fleet;
mod load;

use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use rand::seq::SliceRandom;

use super::super::Failure;
use super::super::args::Common;
use super::super::output::{self, thousands};
use account::Account;
use faults::Fault;
use fleet::Fleet;
use load::Load;

/// Options of `bench crash`.
#[derive(Debug, Clone, Args)]
pub struct CrashArgs {
    /// Workers killed with -9, at random.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub kills: u32,
    /// Workers stopped beyond their lease, then let go on.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub freezes: u32,
    /// Restarts of PostgreSQL under load, fast and immediate in turns.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub restarts: u32,
    /// Times that all of the workers' connections are cut.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub cuts: u32,
    /// Workers at a time.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub workers: u32,
}

pub async fn run(common: &Common, args: &CrashArgs) -> Result<ExitCode, Failure> {
    let begun = Instant::now();
    let mut load = Load::begin().await?;
    let mut fleet = Fleet::start(&load, args.workers as usize)?;
    for (i, fault) in plan(args).into_iter().enumerate() {
        load.refill().await?;
        faults::pause().await;
        tracing::debug!(i, ?fault, "fault");
        fault.strike(&mut fleet, &load).await?;
        fleet.supervise()?;
    }
    load.drained(&mut fleet).await?;
    let stopped = fleet.stop().await?;
    let account = Account::of(&load).await?;
    load.end().await?;
    report(common, args, &account, begun.elapsed().as_secs_f64())?;
    if !stopped {
        return Err(Failure::new("a worker that was told to end did not end well; see its log"));
    }
    match account.verdict() {
        None => Ok(ExitCode::SUCCESS),
        Some(sentence) => Err(Failure::new(sentence)),
    }
}

/// All faults, in an order that nobody knows.
fn plan(args: &CrashArgs) -> Vec<Fault> {
    let mut all = vec![Fault::Kill; args.kills as usize];
    all.extend(vec![Fault::Freeze; args.freezes as usize]);
    all.extend((0..args.restarts).map(|i| Fault::Restart { immediate: i % 2 == 1 }));
    all.extend(vec![Fault::Cut; args.cuts as usize]);
    all.shuffle(&mut rand::rng());
    all
}

fn report(common: &Common, args: &CrashArgs, a: &Account, seconds: f64) -> Result<(), Failure> {
    if common.json {
        let mut value = serde_json::to_value(a)?;
        for (name, count) in
            [("kills", args.kills), ("freezes", args.freezes), ("restarts", args.restarts), ("cuts", args.cuts)]
        {
            value[name] = count.into();
        }
        value["seconds"] = ((seconds * 10.0).round() / 10.0).into();
        return output::json(&value);
    }
    let CrashArgs { kills, freezes, restarts, cuts, workers } = args;
    let row = |name: &str, n: i64, what: &str| vec![name.to_owned(), thousands(n), what.to_owned()];
    output::line(&format!(
        "{workers} workers: {kills} kills, {freezes} freezes, {restarts} restarts of PostgreSQL, {cuts} times all connections cut, in {seconds:.0} s"
    ))?;
    let rows = [
        row("enqueued", a.enqueued, "counted by this process, outside of the database"),
        row("done", a.done, "by SQL, as all that follows"),
        row("dead", a.dead, ""),
        row("cancelled", a.cancelled, ""),
        row("live", a.live, "must be 0"),
        row("lost", a.lost, "enqueued - done - dead - cancelled - live; must be 0"),
        row("double effects", a.double_effects, "contacts with two results, jobs that ended twice; must be 0"),
        row("stuck leases", a.stuck_leases, "jobs or contacts that nobody works on; must be 0"),
        row("wrong depths", a.wrong_depths, "lanes whose depth is not what a count says; must be 0"),
        row("calls", a.calls, "counted by the stand-ins"),
        row("repeated calls", a.repeated_calls, "made, and lost with their worker"),
        row("nodes lost", a.nodes_lost, "taken for dead by the leader"),
    ];
    output::table(&["", "number", ""], &rows)
}
