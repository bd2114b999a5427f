//! One task that settles whatever gathered while its last flush ran.
//!
//! When the database does not answer, the batch is kept and tried again, which the fence makes harmless. When the database
//! refuses the data itself, the batch is halved until the one row that it refuses stands alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, mpsc};
use tokio_util::task::TaskTracker;

use super::settle::settle;
use super::wakes::Wakes;
use super::work::{Ledger, Settlement};
use crate::database::{Db, Error, answered};
use crate::outcome::ErrorKind;
use crate::queue::{End, Failure};

/// Settlements that may wait before workers have to.
pub(super) const QUEUE: usize = 4096;
/// Largest batch: as large as a claim.
const BATCH: usize = super::pace::CLAIM_MAX;
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// A batch smaller than this waits a moment for company: the slots of its jobs are free already, so nothing is slowed, and
/// the database does a quarter of the work.
const COMPANY: usize = 64;
const LINGER: Duration = Duration::from_millis(10);
/// Between two looks at what has gathered.
const NAP: Duration = Duration::from_millis(1);
/// After a silence of this length no company is expected: a contact that goes through its chain alone would wait for nobody at
/// each of its steps.
const SILENCE: Duration = Duration::from_millis(40);

/// Settles until all senders are gone and everything is written. Each flush takes one of `movers`.
pub(super) async fn run<L: Ledger>(
    db: Db,
    ledger: L,
    wakes: Wakes,
    movers: Arc<Semaphore>,
    mut inbox: mpsc::Receiver<Settlement<L::Result>>,
) {
    let ledger = Arc::new(ledger);
    let flushes = TaskTracker::new();
    let mut batch = Vec::with_capacity(BATCH);
    let mut flushed: Option<Instant> = None;
    while inbox.recv_many(&mut batch, BATCH).await > 0 {
        if flushed.is_some_and(|flushed| flushed.elapsed() < SILENCE) {
            gather(&mut inbox, &mut batch).await;
        }
        // Nobody closes the semaphore. What comes while all movers are busy goes with this flush.
        let Ok(mover) = Arc::clone(&movers).acquire_owned().await else { break };
        take_what_is_there(&mut inbox, &mut batch);
        let mut groups: BTreeMap<(&'static str, i64), Vec<Settlement<L::Result>>> = BTreeMap::new();
        for settlement in batch.drain(..) {
            groups.entry((settlement.lane, settlement.epoch)).or_default().push(settlement);
        }
        let (db, ledger, wakes) = (db.clone(), Arc::clone(&ledger), wakes.clone());
        flushes.spawn(async move {
            for ((lane, _), group) in groups {
                let claimable: BTreeSet<&str> = group.iter().filter_map(|s| claimable_in(lane, &s.end)).collect();
                persist(&db, &*ledger, group).await;
                claimable.into_iter().for_each(|lane| wakes.wake(lane));
            }
            drop(mover);
        });
        flushed = Some(Instant::now());
    }
    flushes.close();
    flushes.wait().await;
}

/// Waits for company, and where jobs end in quick succession for a full batch; at most [`LINGER`].
async fn gather<T>(inbox: &mut mpsc::Receiver<T>, batch: &mut Vec<T>) {
    let begun = Instant::now();
    loop {
        let had = batch.len();
        take_what_is_there(inbox, batch);
        let silent = batch.len() == had && had >= COMPANY;
        if silent || batch.len() >= BATCH || begun.elapsed() >= LINGER || inbox.is_closed() {
            return;
        }
        tokio::time::sleep(NAP).await;
    }
}

fn take_what_is_there<T>(inbox: &mut mpsc::Receiver<T>, batch: &mut Vec<T>) {
    while batch.len() < BATCH {
        let Ok(more) = inbox.try_recv() else { return };
        batch.push(more);
    }
}

/// The lane in which a job waits after this end.
fn claimable_in(lane: &'static str, end: &End) -> Option<&'static str> {
    match end {
        End::Back | End::Behind => Some(lane),
        End::Moved { lane } => Some(lane),
        _ => None,
    }
}

async fn persist<L: Ledger>(db: &Db, ledger: &L, group: Vec<Settlement<L::Result>>) {
    let mut work = vec![group];
    let mut pause = Duration::from_millis(50);
    while let Some(mut part) = work.pop() {
        let Err(error) = answered(settle(db, ledger, &part)).await else { continue };
        if refuses_data(&error) && part.len() > 1 {
            let rest = part.split_off(part.len() / 2);
            work.extend([rest, part]);
        } else if refuses_data(&error) && is_bare(&part[0]) {
            tracing::error!(%error, job = part[0].job.id, "the database refuses even the end of this job; it stays with this node");
        } else if refuses_data(&error) {
            tracing::error!(%error, job = part[0].job.id, "the database refuses what this job found");
            work.push(vec![unsettleable(ledger, part.remove(0))]);
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
fn is_bare<R>(settlement: &Settlement<R>) -> bool {
    settlement.end == End::Dead && settlement.failure.as_ref().is_some_and(|f| f.kind == ErrorKind::Internal)
}

/// The same attempt without what it found: dead, with the reason, for a person to look at.
fn unsettleable<L: Ledger>(ledger: &L, settlement: Settlement<L::Result>) -> Settlement<L::Result> {
    let earlier = settlement.failure.as_ref();
    let failure = Failure {
        contact_id: settlement.job.contact_id,
        kind: ErrorKind::Internal,
        http_status: earlier.and_then(|f| f.http_status),
        provider_code: None,
        message: "internal: the database refused what was found; see the log".into(),
        probe: false,
        started_at: earlier.map_or(settlement.job.claimed_at, |f| f.started_at),
        took_ms: earlier.map_or(0, |f| f.took_ms),
    };
    let result = ledger.salvage(settlement.result);
    Settlement { end: End::Dead, failure: Some(failure), result, ..settlement }
}
