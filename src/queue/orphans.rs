//! Jobs whose node is gone: back to their lane, by the leader, by the database's clock.
//!
//! The attempt stays counted: a job that kills its worker each time ends dead, and does not loop.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::database::{Db, Result};

/// What a reaping did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reaped {
    /// Nodes found lost.
    pub nodes: i64,
    /// Jobs that went back to their lanes.
    pub freed: i64,
    /// Jobs whose attempts were used up.
    pub dead: i64,
}

/// What frees jobs: which ones, and whether somebody may have run them.
macro_rules! freeing {
    ($orphans:literal, ran: $ran:literal) => {
        concat!("
    WITH orphan AS (", $orphans, "),
    freed AS (
        UPDATE jobs SET state = CASE WHEN ran AND attempt >= max_attempts THEN 'dead' ELSE 'waiting' END, lease_epoch = NULL, claimed_at = NULL,
               attempt = CASE WHEN ran THEN attempt ELSE attempt - 1 END,
               last_error = CASE WHEN ran AND attempt >= max_attempts THEN 'internal: its worker died in each attempt' ELSE last_error END
        FROM (SELECT ", $ran, " AS ran) how
        WHERE id = ANY(ARRAY(SELECT id FROM orphan)) RETURNING lane, kind, contact_id, state),
    back AS (
        UPDATE contacts SET status = 'pending', updated_at = now()
        WHERE id = ANY(ARRAY(SELECT contact_id FROM freed WHERE kind = 'lookup' AND state = 'waiting')) AND status = 'processing' RETURNING 1),
    ended AS (
        UPDATE contacts SET status = 'failed', error_kind = 'internal', error_message = 'its worker died in each attempt', updated_at = now()
        WHERE id = ANY(ARRAY(SELECT contact_id FROM freed WHERE kind = 'lookup' AND state = 'dead')) AND status = 'processing' RETURNING 1),
    steps AS (
        INSERT INTO contact_steps (contact_id, step, state, provider, error_kind, error_message, finished_at)
        SELECT contact_id, kind, 'dead', lane, 'internal', 'its worker died in each attempt', now() FROM freed WHERE state = 'dead'
        ON CONFLICT (contact_id, step) DO UPDATE SET state = 'dead', reason = NULL, provider = excluded.provider,
            error_kind = excluded.error_kind, error_message = excluded.error_message, finished_at = now()),
    contact_delta AS (
        INSERT INTO contact_deltas (pending, processing, failed)
        SELECT (SELECT count(*) FROM back), -(SELECT count(*) FROM back) - (SELECT count(*) FROM ended), (SELECT count(*) FROM ended)
        WHERE EXISTS (SELECT FROM freed)),
    lane_delta AS (
        INSERT INTO lane_deltas (lane, waiting, running, dead)
        SELECT lane, count(*) FILTER (WHERE state = 'waiting'), -count(*), count(*) FILTER (WHERE state = 'dead') FROM freed GROUP BY lane)
    SELECT count(*) FILTER (WHERE state = 'waiting') AS freed, count(*) FILTER (WHERE state = 'dead') AS dead FROM freed")
    };
}

const FREE: &str = freeing!(
    "SELECT j.id FROM jobs j JOIN nodes n ON n.epoch = j.lease_epoch
     WHERE j.state = 'running' AND n.state IN ('left', 'lost') ORDER BY j.id LIMIT 5000 FOR UPDATE OF j SKIP LOCKED",
    ran: "true"
);

/// Lane, epoch, the moment after which every claim that answered is among the moments $4.
const FREE_UNANSWERED: &str = freeing!(
    "SELECT id FROM jobs WHERE state = 'running' AND lane = $1 AND lease_epoch = $2 AND claimed_at > $3 AND claimed_at <> ALL($4)
     ORDER BY id FOR UPDATE",
    ran: "false"
);

/// Declares nodes lost that were silent for `dead_after`, and frees what lost and left nodes still hold.
pub async fn reap(db: &Db, dead_after: Duration) -> Result<Reaped> {
    let lost = "WITH lost AS (
            UPDATE nodes SET state = 'lost', ended_at = now()
            WHERE state IN ('live', 'draining') AND heartbeat_at < now() - make_interval(secs => $1) RETURNING epoch, node, heartbeat_at),
        line AS (
            INSERT INTO timeline (kind, severity, subject, summary, actor)
            SELECT 'node', 'warning', node, 'lost: silent since ' || to_char(heartbeat_at AT TIME ZONE 'UTC', 'HH24:MI:SS\"Z\"') || '; its jobs go back to their lanes', 'switchboard' FROM lost)
        SELECT count(*) FROM lost";
    let nodes: i64 = sqlx::query_scalar(lost).bind(dead_after.as_secs_f64()).fetch_one(db.pool()).await?;
    Ok(Reaped { nodes, ..free(db).await? })
}

/// Frees what lost and left nodes still hold.
pub async fn free(db: &Db) -> Result<Reaped> {
    let mut reaped = Reaped::default();
    loop {
        let (freed, dead): (i64, i64) = sqlx::query_as(FREE).fetch_one(db.pool()).await?;
        reaped.freed += freed;
        reaped.dead += dead;
        if freed + dead == 0 {
            return Ok(reaped);
        }
    }
}

/// Frees what `epoch` claimed in `lane` after a moment, but for the claims of the moments in `answered`: nobody knows of it, and
/// no call was made for it. Says how many jobs that were.
pub async fn free_unanswered(
    db: &Db,
    lane: &str,
    epoch: i64,
    (after, answered): (DateTime<Utc>, Vec<DateTime<Utc>>),
) -> Result<i64> {
    let query = sqlx::query_as(FREE_UNANSWERED).bind(lane).bind(epoch).bind(after).bind(answered);
    let (freed, _): (i64, i64) = query.fetch_one(db.pool()).await?;
    Ok(freed)
}
