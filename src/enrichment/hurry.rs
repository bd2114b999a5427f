//! Steps that prefer speed: what already waits in the lane of an open breaker goes to the next provider that can be asked.

use super::graph::Step;
use super::load::Args;
use super::world::{Policy, World};
use crate::database::{Db, Result};
use crate::queue::reroute::{self, Detour};

/// Jobs that are moved at a time; the rest follows at the next look.
const BATCH: i64 = 1000;

/// Moves them; says how many. Those that have nobody else to ask wait.
pub async fn pass_on(db: &Db, world: &World) -> Result<u64> {
    let mut moved = 0;
    for step in Step::ALL.into_iter().filter(|step| world.rules(*step).policy == Policy::PreferSpeed) {
        let is_open = |name: &str| world.offers.get(name).is_some_and(|offer| offer.open);
        let mut lanes: Vec<&'static str> =
            step.sources().iter().filter(|source| is_open(source.name)).map(|source| source.lane).collect();
        lanes.dedup();
        for lane in lanes {
            let waiting = reroute::waiting(db, lane, step.name(), BATCH).await?;
            let detours: Vec<Detour> = waiting
                .into_iter()
                .filter_map(|(job, args)| {
                    let args = Args::read(&args);
                    let tried: Vec<&str> = args.tried.iter().map(String::as_str).collect();
                    let next = world.choose(step, &tried).ok().filter(|next| next.lane != lane)?;
                    let args = Args { source: next.name.to_owned(), ..args };
                    Some(Detour { job, lane: next.lane, args: args.json() })
                })
                .collect();
            moved += reroute::reroute(db, lane, &detours).await?;
        }
    }
    Ok(moved)
}
