//! How fast a full queue comes down: no-op handlers in one and two processes, and handlers that wait.

use std::time::{Duration, Instant};

use super::super::super::Failure;
use super::super::figure::Figure;
use super::drill::{CONCURRENCY, Rig};
use super::ground::Ground;
use super::second::Second;
use super::{ROUNDS, bare};
use crate::queue::depth;
use crate::queue::engine::Engine;

/// Jobs that one run takes out of the queue, however deep it is.
const RUN: i64 = 100_000;
/// What a waiting handler waits.
const SLEEP: Duration = Duration::from_millis(50);
/// Jobs of a run with waiting handlers.
const SLEEPERS: i64 = 20_000;

#[derive(Default)]
struct Rounds {
    bare: Vec<f64>,
    own: Vec<f64>,
    one: Vec<f64>,
    two: Vec<f64>,
    sleepers: Vec<f64>,
}

/// Runs all in turns.
pub async fn measure(ground: &Ground, jobs: i64) -> Result<Vec<Figure>, Failure> {
    let (mut rounds, run) = (Rounds::default(), jobs.min(RUN));
    let rig = Rig::join(&ground.db).await?;
    let mut second = Second::start(ground)?;
    for _ in 0..ROUNDS {
        refill(ground, jobs).await?;
        rounds.bare.push(bare::claim_and_delete(&ground.db, rig.epoch(), run).await?);
        refill(ground, jobs).await?;
        rounds.one.push(drain(ground, run, || Ok(rig.engine(None, None))).await?);
        refill(ground, jobs).await?;
        rounds.own.push(bare::own_statements(&ground.db, rig.epoch(), run).await?);
        refill(ground, jobs).await?;
        second.work(true)?;
        rounds.two.push(drain(ground, run, || Ok(rig.engine(None, None))).await?);
        second.work(false)?;
    }
    second.end()?;
    let sleepers = jobs.min(SLEEPERS);
    for _ in 0..ROUNDS {
        // In a small table, so that a deep queue need not be made again for each round.
        ground.clear().await?;
        ground.fill(sleepers).await?;
        rounds.sleepers.push(drain(ground, sleepers, || Ok(rig.engine(Some(SLEEP), None))).await?);
    }
    rig.leave().await?;
    let ideal = [f64::from(CONCURRENCY) / SLEEP.as_secs_f64()];
    let bare = ("claim 100 + DELETE, two connections", &rounds.bare[..]);
    Ok(vec![
        Figure::new("drain", "jobs/s", &rounds.one, bare),
        Figure::new("drain_two_processes", "jobs/s", &rounds.two, bare),
        Figure::new("drain_own_sql", "jobs/s", &rounds.one, ("the engine's own statements", &rounds.own)),
        Figure::new("io_bound", "jobs/s", &rounds.sleepers, ("200 handlers that wait 50 ms", &ideal)),
    ])
}

/// A queue of `jobs`; a table that is no deeper than one run is made anew, so that each begins alike.
async fn refill(ground: &Ground, jobs: i64) -> Result<(), Failure> {
    if jobs <= RUN {
        ground.clear().await?;
    }
    ground.fill(jobs).await?;
    Ok(())
}

/// Lets an engine take `run` jobs out of the queue. Jobs a second, from its start to the last end that is written.
async fn drain(ground: &Ground, run: i64, start: impl FnOnce() -> Result<Engine, Failure>) -> Result<f64, Failure> {
    let before = depth::of_lane(&ground.db, super::LANE).await?.live();
    let begun = Instant::now();
    let engine = start()?;
    ground.down_to(before - run).await?;
    let took = begun.elapsed().as_secs_f64();
    let after = depth::of_lane(&ground.db, super::LANE).await?.live();
    engine.drain().await;
    Ok((before - after) as f64 / took)
}
