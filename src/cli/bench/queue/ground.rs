//! What a measurement stands on: a database that is made for it and dropped at its end, and a table that is filled anew.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use super::super::super::Failure;
use super::super::super::args::Common;
use super::super::base::Base;
use super::{KIND, LANE};
use crate::database::Db;
use crate::queue::depth;
use crate::queue::enqueue::{Work, enqueue, wake};

/// Contacts in one enqueue: what an import hands over.
pub const BATCH: i64 = 5000;
/// Connections of a measuring process: a claim, a settle, a listener, an enqueuer and some for its membership.
const CONNECTIONS: u32 = 8;
/// How often the depth is looked at, near the end and while there is much: looking costs what is measured.
const LOOK: Duration = Duration::from_millis(5);
const FAR_LOOK: Duration = Duration::from_millis(50);
/// Much: what no engine does within a look.
const FAR: i64 = 10_000;
/// Longest wait for a queue to come down.
const PATIENCE: Duration = Duration::from_secs(1800);

pub struct Ground {
    base: Base,
    pub db: Db,
    /// Contacts that jobs were made for so far.
    contacts: AtomicI64,
}

impl Ground {
    /// A database of its own on the server of `DATABASE_URL`, or on the private one.
    pub async fn prepare(common: &Common) -> Result<Ground, Failure> {
        let base = Base::make(common, "bench", CONNECTIONS).await?;
        Ok(Ground { db: base.db.clone(), base, contacts: AtomicI64::new(0) })
    }

    /// What is measured where, in words.
    pub fn description(&self) -> String {
        self.base.description()
    }

    /// `DATABASE_URL` for a second process.
    pub fn url(&self) -> String {
        self.base.url()
    }

    /// Drops the database and gives the private server back.
    pub async fn close(self) -> Result<(), Failure> {
        self.base.close().await
    }

    /// Empties the tables of jobs.
    pub async fn clear(&self) -> Result<(), Failure> {
        sqlx::query("TRUNCATE jobs, history_singles, history_batches, job_failures, lane_deltas")
            .execute(self.db.pool())
            .await?;
        let zero = "UPDATE lanes SET waiting = 0, scheduled = 0, running = 0, dead = 0";
        sqlx::query(zero).execute(self.db.pool()).await?;
        Ok(())
    }

    /// Enqueues jobs up to `jobs` waiting ones, and leaves the table as a quiet time would: vacuumed and analysed. Says how
    /// fast they were enqueued, in jobs a second.
    pub async fn fill(&self, jobs: i64) -> Result<f64, Failure> {
        let missing = (jobs - depth::of_lane(&self.db, LANE).await?.waiting).max(0);
        let first = self.contacts.fetch_add(missing, Ordering::Relaxed) + 1;
        let contacts: Vec<i64> = (first..first + missing).collect();
        let begun = Instant::now();
        self.enqueue(&contacts).await?;
        let took = begun.elapsed().as_secs_f64();
        self.settle_down().await?;
        Ok(missing as f64 / took)
    }

    /// The engine's own enqueue, in batches.
    pub async fn enqueue(&self, contacts: &[i64]) -> Result<(), Failure> {
        let work = Work { lane: LANE, kind: KIND, max_attempts: 5, priority: 100 };
        for batch in contacts.chunks(BATCH as usize) {
            let mut tx = self.db.begin().await?;
            enqueue(&mut tx, work, batch).await?;
            wake(&mut tx, LANE).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Statistics as a leader keeps them, and rows known as visible to all.
    pub async fn settle_down(&self) -> Result<(), Failure> {
        let mut connection = self.db.pool().acquire().await?;
        sqlx::query("SET statement_timeout = 0").execute(&mut *connection).await?;
        sqlx::query("VACUUM (ANALYZE) jobs").execute(&mut *connection).await?;
        sqlx::query("RESET statement_timeout").execute(&mut *connection).await?;
        Ok(())
    }

    /// Waits until at most `left` jobs are live.
    pub async fn down_to(&self, left: i64) -> Result<(), Failure> {
        let waited = async {
            loop {
                let more = depth::of_lane(&self.db, LANE).await?.live() - left;
                if more <= 0 {
                    return Ok::<(), Failure>(());
                }
                tokio::time::sleep(if more > FAR { FAR_LOOK } else { LOOK }).await;
            }
        };
        tokio::time::timeout(PATIENCE, waited).await.unwrap_or_else(|_| {
            Err(Failure::new("the queue did not come down within half an hour; look for other load on this machine"))
        })
    }
}
