//! Putting work into a lane: set-wise, unique while live. Callers look for [`room`] first.

use sqlx::{Connection, PgConnection};

use crate::database::Result;

/// Hard limit of a lane's live jobs: beyond it work is refused, so that the queue can't fill the disk.
pub const LANE_LIMIT: i64 = 20_000_000;

/// The priority of what is in no hurry.
pub const ORDINARY: i16 = 100;

/// Work of one kind for many contacts.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// Lane.
    pub lane: &'a str,
    /// The step.
    pub kind: &'a str,
    /// Attempts that each job may use.
    pub max_attempts: u32,
    /// Smaller goes first; [`ORDINARY`] is ordinary.
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

/// From so many contacts on COPY, which takes a few round trips more, is the faster way.
const COPIED: usize = 200;

/// Enqueues one job for each contact that has no live one of this kind. The caller commits.
///
/// Nearly always none has: nobody else enqueues the same work at the same moment, and callers choose those that wait for it. So
/// many rows go in by COPY, and only where one is there already, or a contact is named twice, each row is asked.
pub async fn enqueue(tx: &mut PgConnection, work: Work<'_>, contacts: &[i64]) -> Result<Enqueued> {
    let new =
        if contacts.len() < COPIED { insert(tx, work, contacts).await? } else { pour(tx, work, contacts).await? };
    Ok(Enqueued { new, already: contacts.len() as i64 - new })
}

/// Lane, kind, priority, attempts, contacts.
const INSERT: &str = "
    WITH made AS (
        INSERT INTO jobs (lane, kind, contact_id, priority, state, max_attempts)
        SELECT $1, $2, u.id, $3, 'waiting', $4 FROM unnest($5::bigint[]) WITH ORDINALITY AS u(id, n) ORDER BY u.n
        ON CONFLICT (contact_id, kind) WHERE state IN ('waiting', 'scheduled', 'running') DO NOTHING RETURNING 1),
    counted AS (SELECT count(*)::integer AS n FROM made),
    delta AS (INSERT INTO lane_deltas (lane, waiting, enqueued) SELECT $1, n, n FROM counted WHERE n > 0)
    SELECT n::bigint FROM counted";

async fn insert(tx: &mut PgConnection, work: Work<'_>, contacts: &[i64]) -> Result<i64> {
    let query = sqlx::query_scalar(INSERT).bind(work.lane).bind(work.kind).bind(work.priority).bind(attempts(work));
    Ok(query.bind(contacts).fetch_one(tx).await?)
}

fn attempts(work: Work<'_>) -> i16 {
    i16::try_from(work.max_attempts).unwrap_or(i16::MAX)
}

/// All of them at once, or, where that is refused, row by row.
async fn pour(tx: &mut PgConnection, work: Work<'_>, contacts: &[i64]) -> Result<i64> {
    let mut attempt = tx.begin().await?;
    let copied = async {
        let statement = "COPY jobs (lane, kind, contact_id, priority, state, max_attempts) FROM STDIN (FORMAT binary)";
        let mut into = attempt.copy_in_raw(statement).await?;
        into.send(rows(work, contacts)).await?;
        into.finish().await
    };
    match copied.await {
        Ok(_) => attempt.commit().await?,
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            attempt.rollback().await?;
            return insert(tx, work, contacts).await;
        }
        Err(error) => return Err(error.into()),
    }
    let new = contacts.len() as i64;
    let delta = "INSERT INTO lane_deltas (lane, waiting, enqueued) VALUES ($1, $2, $2)";
    sqlx::query(delta).bind(work.lane).bind(i32::try_from(new).unwrap_or(i32::MAX)).execute(tx).await?;
    Ok(new)
}

/// The rows in COPY's binary format: <https://www.postgresql.org/docs/current/sql-copy.html>, "Binary Format".
fn rows(work: Work<'_>, contacts: &[i64]) -> Vec<u8> {
    let field = |into: &mut Vec<u8>, value: &[u8]| {
        into.extend(i32::try_from(value.len()).unwrap_or(i32::MAX).to_be_bytes());
        into.extend(value);
    };
    let (mut before, mut after) = (6_i16.to_be_bytes().to_vec(), Vec::new());
    field(&mut before, work.lane.as_bytes());
    field(&mut before, work.kind.as_bytes());
    field(&mut after, &work.priority.to_be_bytes());
    field(&mut after, b"waiting");
    field(&mut after, &attempts(work).to_be_bytes());
    let mut all = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
    all.reserve(contacts.len() * (before.len() + 12 + after.len()));
    for contact in contacts {
        all.extend(&before);
        field(&mut all, &contact.to_be_bytes());
        all.extend(&after);
    }
    all.extend((-1_i16).to_be_bytes());
    all
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
