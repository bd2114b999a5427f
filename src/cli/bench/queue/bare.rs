//! Ceilings: the same rows moved by bare statements on two connections, with nothing around them.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use super::super::super::Failure;
use super::LANE;
use crate::database::Db;
use crate::queue::engine::CLAIM_MAX;
use crate::queue::{Claimed, End, Ending, claim, end};

/// A batch of the bare statements.
const BARE_BATCH: i64 = 100;
/// A batch of the engine's own.
const OWN_BATCH: i64 = CLAIM_MAX as i64;

const LEASE: &str = "
    UPDATE jobs SET state = 'running', lease_epoch = $2, claimed_at = now(), attempt = attempt + 1
    WHERE id = ANY(ARRAY(
        SELECT id FROM jobs WHERE lane = $1 AND state = 'waiting' ORDER BY priority, run_at, id LIMIT $3 FOR UPDATE SKIP LOCKED))
    RETURNING id";

/// Claims 100 and deletes them, two statements and two commits, on two connections, until `jobs` are gone. Jobs a second.
pub async fn claim_and_delete(db: &Db, epoch: i64, jobs: i64) -> Result<f64, Failure> {
    let gone = AtomicI64::new(0);
    let one = || async {
        let mut connection = db.pool().acquire().await?;
        while gone.load(Ordering::Relaxed) < jobs {
            let ids: Vec<i64> =
                sqlx::query_scalar(LEASE).bind(LANE).bind(epoch).bind(BARE_BATCH).fetch_all(&mut *connection).await?;
            if ids.is_empty() {
                break;
            }
            gone.fetch_add(ids.len() as i64, Ordering::Relaxed);
            sqlx::query("DELETE FROM jobs WHERE id = ANY($1)").bind(ids).execute(&mut *connection).await?;
        }
        Ok::<(), Failure>(())
    };
    let begun = Instant::now();
    let (first, second) = tokio::join!(one(), one());
    first.and(second)?;
    Ok(gone.into_inner() as f64 / begun.elapsed().as_secs_f64())
}

/// The engine's own claim and settle at its own batch size, on two connections, until `jobs` are gone. Jobs a second.
pub async fn own_statements(db: &Db, epoch: i64, jobs: i64) -> Result<f64, Failure> {
    let gone = AtomicI64::new(0);
    let one = || async {
        while gone.load(Ordering::Relaxed) < jobs {
            let claimed = claim::claim(db, LANE, epoch, OWN_BATCH).await?;
            if claimed.is_empty() {
                break;
            }
            gone.fetch_add(claimed.len() as i64, Ordering::Relaxed);
            settle(db, epoch, &claimed).await?;
        }
        Ok::<(), Failure>(())
    };
    let begun = Instant::now();
    let (first, second) = tokio::join!(one(), one());
    first.and(second)?;
    Ok(gone.into_inner() as f64 / begun.elapsed().as_secs_f64())
}

async fn settle(db: &Db, epoch: i64, claimed: &[Claimed]) -> Result<(), Failure> {
    let ending = |job: &Claimed| Ending {
        id: job.id,
        attempt: job.attempt,
        claimed_at: job.claimed_at,
        place: job.place,
        end: End::Done,
        failure: None,
    };
    let endings: Vec<Ending> = claimed.iter().map(ending).collect();
    end::end_alone(db, LANE, epoch, &endings).await?;
    Ok(())
}
