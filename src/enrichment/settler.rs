//! One task that settles whatever gathered while its last flush ran.
//!
//! When the database does not answer, the batch is kept and tried again, which the fence makes harmless. When the database
//! refuses the data itself, the batch is halved until the one row that it refuses stands alone.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc;

use super::settle;
use super::step::Settlement;
use crate::database::{Db, Error};
use crate::outcome::ErrorKind;
use crate::queue::{End, Failure};

/// Settlements that may wait before workers have to.
pub const QUEUE: usize = 4096;
/// Largest batch: beyond about 500 rows the gain is small.
const BATCH: usize = 500;
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// A batch smaller than this waits a moment for company: the slots of its jobs are free already, so nothing is slowed, and
/// the database does a quarter of the work. A busy engine never waits here.
const COMPANY: usize = 64;
const LINGER: Duration = Duration::from_millis(10);

/// Settles until all senders are gone and everything is written.
pub async fn run(db: Db, mut inbox: mpsc::Receiver<Settlement>) {
    let mut batch = Vec::with_capacity(BATCH);
    while inbox.recv_many(&mut batch, BATCH).await > 0 {
        if batch.len() < COMPANY {
            tokio::time::sleep(LINGER).await;
            while batch.len() < BATCH {
                let Ok(more) = inbox.try_recv() else { break };
                batch.push(more);
            }
        }
        let mut groups: BTreeMap<(&'static str, i64), Vec<Settlement>> = BTreeMap::new();
        for settlement in batch.drain(..) {
            groups.entry((settlement.lane, settlement.epoch)).or_default().push(settlement);
        }
        for group in groups.into_values() {
            persist(&db, group).await;
        }
    }
}

async fn persist(db: &Db, group: Vec<Settlement>) {
    let mut work = vec![group];
    let mut pause = Duration::from_millis(50);
    while let Some(mut part) = work.pop() {
        let Err(error) = settle::settle(db, &part).await else { continue };
        if refuses_data(&error) && part.len() > 1 {
            let rest = part.split_off(part.len() / 2);
            work.extend([rest, part]);
        } else if refuses_data(&error) && is_bare(&part[0]) {
            tracing::error!(%error, job = part[0].job.id, "the database refuses even the end of this job; it stays with this node");
        } else if refuses_data(&error) {
            tracing::error!(%error, job = part[0].job.id, "the database refuses what this job found");
            work.push(vec![unsettleable(part.remove(0))]);
        } else {
            tracing::warn!(%error, waiting = part.len(), "not settled; trying again");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
            work.push(part);
        }
    }
}

/// Classes 22 (data), 23 (constraints) and 54 (limits of a value or statement): the same again can't help.
fn refuses_data(error: &Error) -> bool {
    let Error::Query(sqlx::Error::Database(db)) = error else { return false };
    db.code().is_some_and(|code| ["22", "23", "54"].iter().any(|class| code.starts_with(class)))
}

/// Whether this is already all that is left to say: then trying again would never end.
fn is_bare(settlement: &Settlement) -> bool {
    settlement.end == End::Dead && settlement.failure.as_ref().is_some_and(|f| f.kind == ErrorKind::Internal)
}

/// The same attempt without what it found: dead, with the reason, for a person to look at.
fn unsettleable(settlement: Settlement) -> Settlement {
    let failure = Failure {
        contact_id: settlement.job.contact_id,
        kind: ErrorKind::Internal,
        http_status: settlement.call.as_ref().and_then(|c| c.http_status),
        provider_code: None,
        message: "internal: the database refused what was found; see the log".into(),
        probe: false,
        started_at: settlement.call.as_ref().map_or_else(chrono::Utc::now, |c| c.started_at),
        took_ms: settlement.call.as_ref().map_or(0, |c| c.took_ms),
    };
    Settlement { end: End::Dead, failure: Some(failure), found: None, ..settlement }
}
