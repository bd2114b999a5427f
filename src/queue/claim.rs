//! Claiming: one short statement takes a batch under this node's epoch and counts the attempt.
//!
//! The lists go through arrays so that the plan never depends on an estimate: index scan on `jobs_claim`, then by place. So it
//! may be kept, and a claim on an idle engine costs little more than its round trip.
//!
//! A claim alone is committed without waiting for the disk. Where the server crashes before it is written, the job waits again
//! as if it had not been claimed: what its handler did then is a repeated call, and can't be settled, since the fence asks for
//! the very moment of the claim, which no later one has. What a settle writes always waits for the disk.

use chrono::{DateTime, Utc};

use super::Place;
use crate::database::{Db, Manners, Result};

/// A job in this node's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Job's number.
    pub id: i64,
    /// The step.
    pub kind: String,
    /// Whose job it is.
    pub contact_id: i64,
    /// Smaller goes first.
    pub priority: i16,
    /// This attempt's number; 1 is the first.
    pub attempt: i16,
    /// Attempts allowed.
    pub max_attempts: i16,
    /// Times it came back without a burnt attempt.
    pub returns: i16,
    /// Times it failed as a probe.
    pub probes: i16,
    /// When it was claimed: no two claims of a job have the same, which fences its settling.
    pub claimed_at: DateTime<Utc>,
    /// Since when it could run.
    pub run_at: DateTime<Utc>,
    /// Where its row lay when it was claimed.
    pub place: Place,
}

/// What a claim answers: one row of lists of the same length, which costs both ends less than hundreds of rows.
#[derive(sqlx::FromRow)]
struct Lists {
    ids: Vec<i64>,
    kinds: Vec<String>,
    contacts: Vec<i64>,
    priorities: Vec<i16>,
    attempts: Vec<i16>,
    most: Vec<i16>,
    returns: Vec<i16>,
    probes: Vec<i16>,
    /// None where nothing was claimed.
    claimed_at: Option<DateTime<Utc>>,
    since: Vec<DateTime<Utc>>,
    places: Vec<Place>,
}

impl Lists {
    /// The jobs, the most urgent and then the oldest first.
    fn jobs(self) -> Vec<Claimed> {
        let Some(claimed_at) = self.claimed_at else { return Vec::new() };
        let job = |(n, kind)| Claimed {
            id: self.ids[n],
            kind,
            contact_id: self.contacts[n],
            priority: self.priorities[n],
            attempt: self.attempts[n],
            max_attempts: self.most[n],
            returns: self.returns[n],
            probes: self.probes[n],
            claimed_at,
            run_at: self.since[n],
            place: self.places[n],
        };
        let mut jobs: Vec<Claimed> = self.kinds.into_iter().enumerate().map(job).collect();
        jobs.sort_by_key(|job| (job.priority, job.run_at, job.id));
        jobs
    }
}

/// What every claim does: lane, epoch, limit, and the priority below which it takes jobs. Rows are found again by their place, which can't change under our lock.
macro_rules! claiming {
    ($also:literal) => {
        concat!(
            "
    WITH picked AS (
        SELECT ctid FROM jobs
        WHERE lane = $1 AND state = 'waiting' AND priority < $4 AND NOT (SELECT paused FROM lanes WHERE lane = $1)
          AND EXISTS (SELECT FROM nodes WHERE epoch = $2 AND state = 'live') AND (SELECT set_config('synchronous_commit', 'off', true)) = 'off'
        ORDER BY priority, run_at, id LIMIT $3 FOR UPDATE SKIP LOCKED),
    claimed AS (
        UPDATE jobs SET state = 'running', lease_epoch = $2, claimed_at = now(), attempt = attempt + 1
        WHERE ctid = ANY(ARRAY(SELECT ctid FROM picked))
        RETURNING id, kind, contact_id, priority, attempt, max_attempts, returns, probes, claimed_at, run_at, ctid),",
            $also,
            "
    lane_delta AS (
        INSERT INTO lane_deltas (lane, waiting, running)
        SELECT $1, -count(*), count(*) FROM claimed HAVING count(*) > 0)
    SELECT coalesce(array_agg(id), '{}') AS ids, coalesce(array_agg(kind), '{}') AS kinds, coalesce(array_agg(contact_id), '{}') AS contacts,
           coalesce(array_agg(priority), '{}') AS priorities, coalesce(array_agg(attempt), '{}') AS attempts, coalesce(array_agg(max_attempts), '{}') AS most,
           coalesce(array_agg(returns), '{}') AS returns, coalesce(array_agg(probes), '{}') AS probes, min(claimed_at) AS claimed_at,
           coalesce(array_agg(run_at), '{}') AS since, coalesce(array_agg(ctid), '{}') AS places FROM claimed"
        )
    };
}

/// The statement of [`claim`] where jobs look contacts up, whose status it moves: lane, epoch, limit, priority. Public for the
/// check of its plan on a large table.
pub const CLAIM: &str = claiming!(
    "
    held AS (
        UPDATE contacts SET status = 'processing', updated_at = now()
        WHERE id = ANY(ARRAY(SELECT contact_id FROM claimed WHERE kind = 'lookup')) AND status = 'pending'
        RETURNING 1),
    contact_delta AS (
        INSERT INTO contact_deltas (pending, processing)
        SELECT -count(*), count(*) FROM held HAVING count(*) > 0),"
);

/// The same for lanes in which no lookup runs: planning what it will never do would cost a third of a small claim.
pub const CLAIM_PLAIN: &str = claiming!("");

/// The lane of lookups, the only one whose jobs move the status of contacts.
const LOOKUPS: &str = "twilio";

/// Above all priorities.
pub const ANY: i32 = 1 << 16;

/// Takes up to `limit` waiting jobs of `lane` for `epoch`, the most urgent and then the oldest first: none while the lane is
/// paused or the epoch is not live.
pub async fn claim(db: &Db, lane: &str, epoch: i64, limit: i64) -> Result<Vec<Claimed>> {
    claim_before(db, lane, epoch, (limit, ANY)).await
}

/// The same for jobs that go before those of `priority`, or [`ANY`].
pub async fn claim_before(db: &Db, lane: &str, epoch: i64, (limit, priority): (i64, i32)) -> Result<Vec<Claimed>> {
    let statement = if lane == LOOKUPS { CLAIM } else { CLAIM_PLAIN };
    let query = sqlx::query_as(statement).bind(lane).bind(epoch).bind(limit).bind(priority);
    let lists: Lists = match db.manners() {
        Manners::Direct => query.fetch_one(db.hot()).await?,
        // What is taken from its pool commits a moment after the answer: too late for a handler that starts at once.
        Manners::Pooled => {
            let mut tx = db.begin().await?;
            let lists = query.fetch_one(&mut *tx).await?;
            tx.commit().await?;
            lists
        }
    };
    Ok(lists.jobs())
}

/// The statement of [`promote`]: lane. Public for the check of its plan on a large table.
pub const PROMOTE: &str = "
    WITH due AS (
        SELECT id FROM jobs WHERE lane = $1 AND state = 'scheduled' AND run_at <= now()
        ORDER BY run_at LIMIT 1000 FOR UPDATE SKIP LOCKED),
    moved AS (UPDATE jobs SET state = 'waiting' WHERE id = ANY(ARRAY(SELECT id FROM due)) RETURNING 1),
    counted AS (SELECT count(*)::integer AS n FROM moved),
    delta AS (INSERT INTO lane_deltas (lane, waiting, scheduled) SELECT $1, n, -n FROM counted WHERE n > 0)
    SELECT n::bigint FROM counted";

/// Makes scheduled jobs of `lane` whose time has come waiting; at most 1,000. Says how many.
pub async fn promote(db: &Db, lane: &str) -> Result<i64> {
    Ok(sqlx::query_scalar(PROMOTE).bind(lane).fetch_one(db.hot()).await?)
}

/// Whether `lane` has a job that may run now.
pub async fn any_waiting(db: &Db, lane: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT FROM jobs WHERE lane = $1 AND state = 'waiting')";
    Ok(sqlx::query_scalar(sql).bind(lane).fetch_one(db.pool()).await?)
}
