//! Putting work into a lane: set-wise, unique while live. Callers look for [`room`] first.

use sqlx::{Connection, PgConnection};

use crate::database::Result;

/// Hard limit of a lane's live jobs: beyond it work is refused, so that the queue can't fill the disk.
pub const LANE_LIMIT: i64 = 20_000_000;

/// Work of one kind for many contacts.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// Lane.
    pub lane: &'a str,
    /// The step.
    pub kind: &'a str,
    /// Attempts that each job may use.
    pub max_attempts: u32,
    /// Smaller goes first; 100 is ordinary.
    pub priority: i16,
}

/// What an enqueue did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Enqueued {
    /// New jobs.
    pub new: i64,
    /// Contacts that had a live job of this kind already.
    pub already: i64,
}

/// Enqueues one job for each contact that has no live one of this kind. The caller commits.
///
/// Nearly always nobody else enqueues the same work at the same moment: then looking first and inserting plainly is a quarter
/// cheaper than asking each row to expect a conflict. Where someone does, or a contact is named twice, the rows are asked.
pub async fn enqueue(tx: &mut PgConnection, work: Work<'_>, contacts: &[i64]) -> Result<Enqueued> {
    if contacts.is_empty() {
        return Ok(Enqueued::default());
    }
    let mut attempt = tx.begin().await?;
    let new = match insert(&mut attempt, PLAINLY, work, contacts).await {
        Ok(new) => {
            attempt.commit().await?;
            new
        }
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            attempt.rollback().await?;
            insert(tx, EXPECTING, work, contacts).await?
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Enqueued { new, already: contacts.len() as i64 - new })
}

/// Lane, kind, priority, attempts, contacts.
const PLAINLY: &str = "
    WITH made AS (
        INSERT INTO jobs (lane, kind, contact_id, priority, state, max_attempts)
        SELECT $1, $2, u.id, $3, 'waiting', $4 FROM unnest($5::bigint[]) WITH ORDINALITY AS u(id, n)
        WHERE NOT EXISTS (SELECT FROM jobs j WHERE j.contact_id = u.id AND j.kind = $2 AND j.state IN ('waiting', 'scheduled', 'running'))
        ORDER BY u.n RETURNING 1),
    counted AS (SELECT count(*)::integer AS n FROM made),
    delta AS (INSERT INTO lane_deltas (lane, waiting, enqueued) SELECT $1, n, n FROM counted WHERE n > 0)
    SELECT n::bigint FROM counted";

/// The same where some may be there already.
const EXPECTING: &str = "
    WITH made AS (
        INSERT INTO jobs (lane, kind, contact_id, priority, state, max_attempts)
        SELECT $1, $2, u.id, $3, 'waiting', $4 FROM unnest($5::bigint[]) WITH ORDINALITY AS u(id, n) ORDER BY u.n
        ON CONFLICT (contact_id, kind) WHERE state IN ('waiting', 'scheduled', 'running') DO NOTHING RETURNING 1),
    counted AS (SELECT count(*)::integer AS n FROM made),
    delta AS (INSERT INTO lane_deltas (lane, waiting, enqueued) SELECT $1, n, n FROM counted WHERE n > 0)
    SELECT n::bigint FROM counted";

async fn insert(tx: &mut PgConnection, sql: &'static str, work: Work<'_>, contacts: &[i64]) -> sqlx::Result<i64> {
    let attempts = i16::try_from(work.max_attempts).unwrap_or(i16::MAX);
    let query = sqlx::query_scalar(sql).bind(work.lane).bind(work.kind).bind(work.priority).bind(attempts);
    query.bind(contacts).fetch_one(tx).await
}

/// Hints to sleeping workers that `lane` has work; sent at commit, at most once a transaction.
pub async fn wake(tx: &mut PgConnection, lane: &str) -> Result<()> {
    sqlx::query("SELECT pg_notify($1, $2)").bind(super::lane::WORK).bind(lane).execute(tx).await?;
    Ok(())
}

/// Room left in `lane` before its hard limit.
pub async fn room(tx: &mut PgConnection, lane: &str, limit: i64) -> Result<i64> {
    let sql = "SELECT (l.waiting + l.scheduled + l.running + coalesce(sum(d.waiting + d.scheduled + d.running), 0))::bigint
               FROM lanes l LEFT JOIN lane_deltas d ON d.lane = l.lane WHERE l.lane = $1 GROUP BY l.waiting, l.scheduled, l.running";
    let live: Option<i64> = sqlx::query_scalar(sql).bind(lane).fetch_optional(tx).await?;
    Ok((limit - live.unwrap_or(0)).max(0))
}
