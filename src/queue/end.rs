//! Ending a batch of attempts, fenced: only a job that this epoch still holds, by this very claim, is touched.
//!
//! The caller's transaction carries everything else that the ending means (results, contact changes, follow-up jobs), for
//! exactly those jobs that [`fence`] returns.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::depth::{self, Delta};
use crate::database::Result;
use crate::outcome::ErrorKind;

/// How an attempt ended for its job.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// The step is over, well or for a stated reason.
    Done,
    /// Again at `at`; the attempt is used up if `burnt`.
    Again {
        /// When, by the database's clock.
        at: DateTime<Utc>,
        /// Whether the attempt counts.
        burnt: bool,
    },
    /// Back to the front as if it had never been claimed: no call was made.
    Back,
    /// Back, behind the others of its lane: it failed as a probe.
    Behind,
    /// Attempts are used up: rests until a person acts.
    Dead,
}

/// The ending of one job.
#[derive(Debug, Clone, PartialEq)]
pub struct Ending {
    /// Job's number.
    pub id: i64,
    /// Attempt that ended.
    pub attempt: i16,
    /// How.
    pub end: End,
    /// What failed, if something did.
    pub failure: Option<Failure>,
}

/// One failed attempt, as it is kept for the dead-letter view.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// Whose job.
    pub contact_id: i64,
    /// Kind.
    pub kind: ErrorKind,
    /// HTTP status, if there was an answer.
    pub http_status: Option<i32>,
    /// Provider's own code.
    pub provider_code: Option<String>,
    /// Redacted text.
    pub message: String,
    /// Whether the call was a breaker's probe.
    pub probe: bool,
    /// When the call began, by the database's clock.
    pub started_at: DateTime<Utc>,
    /// How long it took.
    pub took_ms: i32,
}

/// Locks and returns those of `claims` (job and the moment of its claim) that `epoch` still holds by that very claim. An
/// attempt's number would not do: one that was given back comes again under the same number.
pub async fn fence(tx: &mut PgConnection, epoch: i64, claims: &[(i64, DateTime<Utc>)]) -> Result<BTreeSet<i64>> {
    let (ids, claimed): (Vec<i64>, Vec<DateTime<Utc>>) = claims.iter().copied().unzip();
    let sql = "SELECT j.id FROM jobs j JOIN unnest($1::bigint[], $2::timestamptz[]) AS u(id, claimed_at) ON u.id = j.id
               WHERE j.state = 'running' AND j.lease_epoch = $3 AND j.claimed_at = u.claimed_at ORDER BY j.id FOR UPDATE OF j";
    let held: Vec<i64> = sqlx::query_scalar(sql).bind(ids).bind(claimed).bind(epoch).fetch_all(tx).await?;
    Ok(held.into_iter().collect())
}

/// Ends jobs that [`fence`] returned, in a handful of statements. All belong to `lane` and `epoch`.
pub async fn end(tx: &mut PgConnection, lane: &str, epoch: i64, endings: &[Ending]) -> Result<()> {
    let mut delta = Delta { running: -(endings.len() as i32), ..Delta::default() };
    let done: Vec<i64> = endings.iter().filter(|e| e.end == End::Done).map(|e| e.id).collect();
    delta.done = done.len() as i32;
    finish(tx, &done).await?;
    let rest: Vec<&Ending> = endings.iter().filter(|e| e.end != End::Done).collect();
    for ending in &rest {
        match ending.end {
            End::Again { .. } => delta.scheduled += 1,
            End::Back | End::Behind => delta.waiting += 1,
            End::Dead => delta.dead += 1,
            End::Done => {}
        }
    }
    put_back(tx, &rest).await?;
    delta.failed = endings.iter().filter(|e| e.failure.is_some()).count() as i32;
    keep_failures(tx, lane, epoch, endings).await?;
    depth::write(tx, lane, delta).await
}

async fn finish(tx: &mut PgConnection, ids: &[i64]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let sql = "WITH gone AS (DELETE FROM jobs WHERE id = ANY($1) RETURNING id, lane, kind, contact_id, attempt, lease_epoch, created_at, claimed_at)
               INSERT INTO job_history (id, lane, kind, contact_id, outcome, attempt, lease_epoch, created_at, claimed_at)
               SELECT id, lane, kind, contact_id, 'done', attempt, lease_epoch, created_at, claimed_at FROM gone";
    sqlx::query(sql).bind(ids).execute(tx).await?;
    Ok(())
}

async fn put_back(tx: &mut PgConnection, endings: &[&Ending]) -> Result<()> {
    if endings.is_empty() {
        return Ok(());
    }
    let rows: Vec<Value> = endings
        .iter()
        .map(|ending| {
            let (state, at, burnt) = match ending.end {
                End::Again { at, burnt } => ("scheduled", Some(at), burnt),
                End::Dead => ("dead", None, true),
                End::Back | End::Behind | End::Done => ("waiting", None, false),
            };
            let error = ending.failure.as_ref().map(|f| f.message.as_str());
            json!({"id": ending.id, "state": state, "at": at, "burnt": burnt, "behind": ending.end == End::Behind, "error": error})
        })
        .collect();
    let sql = "UPDATE jobs j SET state = r.state, lease_epoch = NULL, claimed_at = NULL,
                   run_at = CASE WHEN r.behind THEN now() ELSE coalesce(r.at, j.run_at) END,
                   attempt = j.attempt - CASE WHEN r.burnt THEN 0 ELSE 1 END,
                   returns = j.returns + CASE WHEN r.state = 'scheduled' AND NOT r.burnt THEN 1 ELSE 0 END,
                   probes = j.probes + r.behind::integer, last_error = coalesce(r.error, j.last_error)
               FROM jsonb_to_recordset($1) AS r(id bigint, state text, at timestamptz, burnt boolean, behind boolean, error text)
               WHERE j.id = r.id";
    sqlx::query(sql).bind(Value::Array(rows)).execute(tx).await?;
    Ok(())
}

async fn keep_failures(tx: &mut PgConnection, lane: &str, epoch: i64, endings: &[Ending]) -> Result<()> {
    let rows: Vec<Value> = endings
        .iter()
        .filter_map(|e| e.failure.as_ref().map(|f| (e, f)))
        .map(|(e, f)| {
            json!({
                "job_id": e.id, "contact_id": f.contact_id, "attempt": e.attempt, "probe": f.probe,
                "burnt": matches!(e.end, End::Again { burnt: true, .. } | End::Dead | End::Done),
                "error_kind": f.kind.name(), "http_status": f.http_status, "provider_code": f.provider_code,
                "message": f.message, "started_at": f.started_at, "took_ms": f.took_ms,
            })
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO job_failures (job_id, lane, contact_id, attempt, burnt, probe, lease_epoch, error_kind, http_status, provider_code, message, started_at, took_ms)
               SELECT job_id, $1, contact_id, attempt, burnt, probe, $2, error_kind, http_status, provider_code, message, started_at, took_ms
               FROM jsonb_to_recordset($3) AS r(job_id bigint, contact_id bigint, attempt smallint, burnt boolean, probe boolean, error_kind text,
                                                http_status integer, provider_code text, message text, started_at timestamptz, took_ms integer)";
    sqlx::query(sql).bind(lane).bind(epoch).bind(Value::Array(rows)).execute(tx).await?;
    Ok(())
}
