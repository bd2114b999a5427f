//! Enqueue beside COPY of the same rows into the same table with the same indexes, on one connection each.

use std::fmt::Write as _;
use std::time::Instant;

use super::super::super::Failure;
use super::super::figure::Figure;
use super::ground::{BATCH, Ground};
use super::{KIND, LANE, ROUNDS};

/// More than this is measured in part.
const MOST: i64 = 100_000;

pub async fn measure(ground: &Ground, jobs: i64) -> Result<Vec<Figure>, Failure> {
    let contacts: Vec<i64> = (1..=jobs.min(MOST)).collect();
    let (mut ours, mut copies) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        copies.push(timed(ground, &contacts, copy(ground, &contacts)).await?);
        ours.push(timed(ground, &contacts, ground.enqueue(&contacts)).await?);
    }
    ground.clear().await?;
    Ok(vec![Figure::new("enqueue", "jobs/s", &ours, ("COPY of the same rows", &copies))])
}

async fn timed(
    ground: &Ground,
    contacts: &[i64],
    work: impl Future<Output = Result<(), Failure>>,
) -> Result<f64, Failure> {
    ground.clear().await?;
    ground.settle_down().await?;
    let begun = Instant::now();
    work.await?;
    Ok(contacts.len() as f64 / begun.elapsed().as_secs_f64())
}

async fn copy(ground: &Ground, contacts: &[i64]) -> Result<(), Failure> {
    let mut connection = ground.db.pool().acquire().await?;
    for batch in contacts.chunks(BATCH as usize) {
        let mut rows = String::with_capacity(batch.len() * 32);
        for contact in batch {
            let _ = writeln!(rows, "{LANE}\t{KIND}\t{contact}\t100\twaiting\t5");
        }
        let statement = "COPY jobs (lane, kind, contact_id, priority, state, max_attempts) FROM STDIN";
        let mut into = connection.copy_in_raw(statement).await?;
        into.send(rows.into_bytes()).await?;
        into.finish().await?;
    }
    Ok(())
}
