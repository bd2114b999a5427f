//! What the ends of steps mean: contact changes, raw results, step rows, usage, follow-up jobs, parking; written by the
//! transaction that ends their jobs, set-wise for all contacts of a batch.
//!
//! The contacts are locked before their facts are read, so that two lanes which end steps of one contact at once plan one
//! after the other: what waits for either of them is never forgotten.

mod judge;
mod outage;
mod read;
mod sheet;
mod twins;
mod usage;
mod write;

use std::collections::BTreeSet;
use std::sync::Arc;

use sqlx::PgConnection;
use tokio::sync::watch;

use super::outlook::Rules;
use super::step::{Findings, Settlement};
use super::world::World;
use crate::database::{Db, Result};
use crate::queue::engine::{self, Ledger, Wakes};
use crate::queue::lane;
use crate::settings::next_day;
use sheet::Sheet;

/// Settles settlements of one lane and one epoch; says how many were still ours.
pub async fn settle(db: &Db, books: &Books, batch: &[Settlement]) -> Result<usize> {
    engine::settle(db, books, batch).await
}

/// Writes what steps found.
#[derive(Debug, Clone)]
pub struct Books {
    world: watch::Receiver<Arc<World>>,
    rules: Rules,
    wakes: Wakes,
}

impl Books {
    /// Books that plan by this world and wake these runners.
    pub fn new(world: watch::Receiver<Arc<World>>, rules: Rules, wakes: Wakes) -> Books {
        Books { world, rules, wakes }
    }
}

impl Ledger for Books {
    type Result = Findings;
    type Draft = Sheet;

    async fn reconsider(&self, tx: &mut PgConnection, batch: &mut [Settlement]) -> Result<Sheet> {
        outage::spare(tx, batch[0].lane, batch).await?;
        let mut facts = read::facts(tx, batch).await?;
        let world = Arc::clone(&self.world.borrow());
        let mut sheet = judge::judge(batch, &mut facts, &world);
        twins::find(tx, batch, &mut sheet, self.rules.duplicates_from).await?;
        Ok(sheet)
    }

    async fn write(&self, tx: &mut PgConnection, held: &[Settlement], sheet: &Sheet) -> Result<()> {
        let (lane, epoch) = (held[0].lane, held[0].epoch);
        write::contacts(tx, sheet).await?;
        write::unanswered_lookups(tx, held).await?;
        write::results(tx, held).await?;
        write::steps(tx, sheet).await?;
        write::moved(tx, sheet).await?;
        write::jobs(tx, sheet, self.rules.step_attempts).await?;
        write::pairs(tx, sheet).await?;
        usage::write(tx, held).await?;
        if let Some((reason, detail)) = held.iter().find_map(|s| s.result.parks.as_ref()) {
            let now: chrono::DateTime<chrono::Utc> = sqlx::query_scalar("SELECT now()").fetch_one(&mut *tx).await?;
            let until = (*reason == "budget").then(|| next_day(self.rules.time_zone, now));
            lane::park_for(tx, (lane, epoch), lane::Cause { reason, detail, until }).await?;
        }
        Ok(())
    }

    /// The call was made and is paid for, whatever became of its answer.
    fn salvage(&self, findings: Findings) -> Findings {
        Findings { found: None, ..findings }
    }

    fn committed(&self, sheet: Sheet) {
        let lanes: BTreeSet<&str> = sheet.jobs.iter().map(|job| job.source.lane).collect();
        lanes.into_iter().for_each(|lane| self.wakes.wake(lane));
    }
}
