//! Putting back what was taken out: the undo of a cancel or a discard, from the trash.

use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::Tier;
use super::super::draft::{Done, Draft, Refusal};
use crate::database::Db;

/// Not what has been enqueued anew or looked up meanwhile: that stays in the trash.
const RESTORE: &str = "
    WITH back AS (
        DELETE FROM job_trash t WHERE batch = $1
          AND (state = 'dead' OR NOT EXISTS (SELECT FROM jobs l WHERE l.kind = t.kind AND l.contact_id = t.contact_id AND l.state IN ('waiting', 'scheduled', 'running')))
          AND (kind <> 'lookup' OR EXISTS (SELECT FROM contacts c WHERE c.id = t.contact_id AND c.status = CASE WHEN t.state = 'dead' THEN 'failed' ELSE 'pending' END))
        RETURNING id, lane, kind, contact_id, priority, CASE state WHEN 'running' THEN 'waiting' ELSE state END AS state, run_at, attempt, max_attempts,
                  returns, probes, created_at, args, last_error),
    forgotten AS (
        DELETE FROM history_singles h USING back b WHERE h.contact_id = b.contact_id AND h.id = b.id AND h.outcome = 'cancelled'),
    made AS (
        INSERT INTO jobs (id, lane, kind, contact_id, priority, state, run_at, attempt, max_attempts, returns, probes, created_at, args, last_error)
        OVERRIDING SYSTEM VALUE
        SELECT id, lane, kind, contact_id, priority, state, run_at, attempt, max_attempts, returns, probes, created_at, args, last_error FROM back),
    lane_delta AS (
        INSERT INTO lane_deltas (lane, waiting, scheduled, dead)
        SELECT lane, count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'scheduled'), count(*) FILTER (WHERE state = 'dead')
        FROM back GROUP BY lane)
    SELECT count(*), coalesce(array_agg(DISTINCT lane), '{}') FROM back";

pub(super) async fn plan(db: &Db, batch: Uuid) -> Result<Draft, Refusal> {
    let things: i64 =
        sqlx::query_scalar("SELECT count(*) FROM job_trash WHERE batch = $1").bind(batch).fetch_one(db.pool()).await?;
    let sentence = format!("Put {things} jobs back from the trash.");
    Ok(Draft { things, sentence, cost_usd: 0.0, undoable: false, least: Tier::Light, bound: 0 })
}

/// What must still be true for an undo: nothing of the batch was forgotten or put back.
pub(in super::super) async fn state(tx: &mut PgConnection, batch: Uuid) -> Result<Value, Refusal> {
    let sql = "SELECT count(*) FROM job_trash WHERE batch = $1";
    let left: i64 = sqlx::query_scalar(sql).bind(batch).fetch_one(tx).await?;
    Ok(json!({"trash": left}))
}

pub(super) async fn act(tx: &mut PgConnection, batch: Uuid) -> Result<Done, Refusal> {
    let (changed, lanes): (i64, Vec<String>) = sqlx::query_as(RESTORE).bind(batch).fetch_one(&mut *tx).await?;
    super::wake(tx, lanes).await?;
    let summary = format!("put {changed} jobs back");
    Ok(Done { changed, summary, before: json!({"batch": batch}), after: json!({"jobs": changed}), inverse: None })
}
