//! Ending a batch of attempts, fenced: only a job that this epoch still holds, by this very claim, is touched.
//!
//! The caller's transaction carries everything else that the ending means (results, contact changes, follow-up jobs), for
//! exactly those jobs that [`fence`] returns.

use std::collections::{BTreeMap, BTreeSet};

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
    /// What it was for is gone: over, and nothing was done.
    Cancelled,
    /// On to another lane, with its attempts anew.
    Moved {
        /// Where to.
        lane: &'static str,
    },
}

impl End {
    /// Whether the job is over and moves to the history.
    fn is_over(&self) -> bool {
        matches!(self, End::Done | End::Cancelled)
    }
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
    let (over, rest): (Vec<&Ending>, Vec<&Ending>) = endings.iter().partition(|e| e.end.is_over());
    finish(tx, &over).await?;
    put_back(tx, &rest).await?;
    keep_failures(tx, lane, epoch, endings).await?;
    for (lane, delta) in deltas(lane, endings) {
        depth::write(tx, lane, delta).await?;
    }
    Ok(())
}

/// What the endings change in their lane, and in those that jobs move to.
fn deltas<'a>(lane: &'a str, endings: &[Ending]) -> BTreeMap<&'a str, Delta> {
    let mut elsewhere: BTreeMap<&'a str, Delta> = BTreeMap::new();
    let mut here = Delta { running: -(endings.len() as i32), ..Delta::default() };
    for ending in endings {
        here.failed += i32::from(ending.failure.is_some());
        match ending.end {
            End::Done => here.done += 1,
            End::Cancelled => {}
            End::Again { .. } => here.scheduled += 1,
            End::Back | End::Behind => here.waiting += 1,
            End::Dead => here.dead += 1,
            End::Moved { lane } => elsewhere.entry(lane).or_default().waiting += 1,
        }
    }
    let moved_here = elsewhere.remove(lane).unwrap_or_default().waiting;
    here.waiting += moved_here;
    elsewhere.insert(lane, here);
    elsewhere
}

async fn finish(tx: &mut PgConnection, endings: &[&Ending]) -> Result<()> {
    if endings.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = endings.iter().map(|e| e.id).collect();
    let cancelled: Vec<i64> = endings.iter().filter(|e| e.end == End::Cancelled).map(|e| e.id).collect();
    let sql = "WITH gone AS (DELETE FROM jobs WHERE id = ANY($1) RETURNING id, lane, kind, contact_id, attempt, lease_epoch, created_at, claimed_at)
               INSERT INTO job_history (id, lane, kind, contact_id, outcome, attempt, lease_epoch, created_at, claimed_at)
               SELECT id, lane, kind, contact_id, CASE WHEN id = ANY($2) THEN 'cancelled' ELSE 'done' END, attempt, lease_epoch, created_at, claimed_at FROM gone";
    sqlx::query(sql).bind(ids).bind(cancelled).execute(tx).await?;
    Ok(())
}

async fn put_back(tx: &mut PgConnection, endings: &[&Ending]) -> Result<()> {
    if endings.is_empty() {
        return Ok(());
    }
    let rows: Vec<Value> = endings.iter().map(|ending| returned(ending)).collect();
    let sql = "UPDATE jobs j SET state = r.state, lease_epoch = NULL, claimed_at = NULL, lane = coalesce(r.lane, j.lane),
                   run_at = CASE WHEN r.behind THEN now() ELSE coalesce(r.at, j.run_at) END,
                   attempt = CASE WHEN r.lane IS NOT NULL THEN 0 WHEN r.burnt THEN j.attempt ELSE j.attempt - 1 END,
                   returns = CASE WHEN r.lane IS NOT NULL THEN 0 WHEN r.state = 'scheduled' AND NOT r.burnt THEN j.returns + 1 ELSE j.returns END,
                   probes = CASE WHEN r.lane IS NOT NULL THEN 0 ELSE j.probes + r.behind::integer END,
                   last_error = coalesce(r.error, j.last_error)
               FROM jsonb_to_recordset($1) AS r(id bigint, state text, lane text, at timestamptz, burnt boolean, behind boolean, error text)
               WHERE j.id = r.id";
    sqlx::query(sql).bind(Value::Array(rows)).execute(tx).await?;
    Ok(())
}

/// The row of a job that is not over.
fn returned(ending: &Ending) -> Value {
    let (state, at, burnt) = match ending.end {
        End::Again { at, burnt } => ("scheduled", Some(at), burnt),
        End::Dead => ("dead", None, true),
        _ => ("waiting", None, false),
    };
    let lane = if let End::Moved { lane } = ending.end { Some(lane) } else { None };
    let error = ending.failure.as_ref().map(|f| f.message.as_str());
    json!({"id": ending.id, "state": state, "lane": lane, "at": at, "burnt": burnt, "behind": ending.end == End::Behind, "error": error})
}

async fn keep_failures(tx: &mut PgConnection, lane: &str, epoch: i64, endings: &[Ending]) -> Result<()> {
    let rows: Vec<Value> = endings
        .iter()
        .filter_map(|e| e.failure.as_ref().map(|f| (e, f)))
        .map(|(e, f)| {
            json!({
                "job_id": e.id, "contact_id": f.contact_id, "attempt": e.attempt, "probe": f.probe,
                "burnt": matches!(e.end, End::Again { burnt: true, .. } | End::Dead | End::Done | End::Moved { .. }),
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
