//! What a measurement stands on: a database that is made for it and dropped at its end, and a table that is filled anew.

use std::time::Duration;

use super::super::super::Failure;
use super::super::super::args::Common;
use super::super::base::Base;
use super::{KIND, LANE};
use crate::database::Db;
use crate::queue::depth;

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
}

impl Ground {
    /// A database of its own on the server of `DATABASE_URL`, or on the private one.
    pub async fn prepare(common: &Common) -> Result<Ground, Failure> {
        let base = Base::make(common, "bench", CONNECTIONS).await?;
        Ok(Ground { db: base.db.clone(), base })
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
        sqlx::query("TRUNCATE jobs, job_history, job_failures, lane_deltas").execute(self.db.pool()).await?;
        let zero = "UPDATE lanes SET waiting = 0, scheduled = 0, running = 0, dead = 0";
        sqlx::query(zero).execute(self.db.pool()).await?;
        Ok(())
    }

    /// Adds jobs up to `jobs` waiting ones, and leaves the table as a quiet time would: vacuumed and analysed.
    pub async fn fill(&self, jobs: i64) -> Result<(), Failure> {
        let missing = jobs - depth::of_lane(&self.db, LANE).await?.waiting;
        // Long statements are fine here.
        let mut tx = self.db.begin().await?;
        sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *tx).await?;
        let fill = "WITH top AS (SELECT coalesce(max(contact_id), 0) AS id FROM jobs),
            made AS (INSERT INTO jobs (lane, kind, contact_id, state) SELECT $1, $2, top.id + g, 'waiting' FROM top, generate_series(1, $3) g RETURNING 1)
            INSERT INTO lane_deltas (lane, waiting, enqueued) SELECT $1, count(*), count(*) FROM made";
        sqlx::query(fill).bind(LANE).bind(KIND).bind(missing.max(0)).execute(&mut *tx).await?;
        tx.commit().await?;
        self.settle_down().await
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
