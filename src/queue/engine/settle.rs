//! Settling a batch: its ends, and everything that they mean, in ONE transaction.
//!
//! Every statement is set-wise, and only jobs that pass the fence are touched: a batch may be settled again after a COMMIT
//! whose outcome is unknown, and changes nothing the second time.

use super::work::{Ledger, Settlement};
use crate::database::{Db, Result};
use crate::queue::{End, Ending, end};

/// Settles settlements of one lane and one epoch; says how many were still ours.
pub async fn settle<L: Ledger>(db: &Db, ledger: &L, batch: &[Settlement<L::Result>]) -> Result<usize> {
    let Some(first) = batch.first() else { return Ok(0) };
    let (lane, epoch) = (first.lane, first.epoch);
    if !L::WRITES {
        let endings: Vec<Ending> = batch.iter().map(ending).collect();
        return Ok(end::end_alone(db, lane, epoch, &endings).await?.len());
    }
    let mut tx = db.begin().await?;
    let claims: Vec<_> = batch.iter().map(|s| (s.job.id, s.job.claimed_at)).collect();
    let ours = end::fence(&mut tx, epoch, &claims).await?;
    let mut held: Vec<_> = batch.iter().filter(|s| ours.contains(&s.job.id)).cloned().collect();
    if held.is_empty() {
        return Ok(0);
    }
    let draft = ledger.reconsider(&mut tx, &mut held).await?;
    for dead in held.iter().filter(|s| s.end == End::Dead) {
        tracing::warn!(lane, job = dead.job.id, "a job used up its attempts");
    }
    ledger.write(&mut tx, &held, &draft).await?;
    let endings: Vec<Ending> = held.iter().map(ending).collect();
    end::end(&mut tx, lane, epoch, &endings).await?;
    tx.commit().await?;
    ledger.committed(draft);
    Ok(held.len())
}

fn ending<R>(settlement: &Settlement<R>) -> Ending {
    Ending {
        id: settlement.job.id,
        attempt: settlement.job.attempt,
        claimed_at: settlement.job.claimed_at,
        place: settlement.job.place,
        end: settlement.end.clone(),
        failure: settlement.failure.clone(),
    }
}
