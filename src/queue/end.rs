//! Ending a batch of attempts, fenced: only a job that this epoch still holds, by this very claim, is touched.
//!
//! The caller's transaction carries everything else that the ending means (results, contact changes, follow-up jobs), for
//! exactly those jobs that [`end`] returns. Each statement writes the depth deltas of the jobs that it moves.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::Place;
use crate::database::{Db, Manners, Result};
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
    /// When it was claimed. The attempt's number would be no fence: one that was given back comes again under the same number.
    pub claimed_at: DateTime<Utc>,
    /// Where its row lay then.
    pub place: Place,
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

/// Locks and returns those of `claims` (job and the moment of its claim) that `epoch` still holds by that very claim: for an
/// end whose meaning has to be worked out before it is written.
pub async fn fence(tx: &mut PgConnection, epoch: i64, claims: &[(i64, DateTime<Utc>)]) -> Result<BTreeSet<i64>> {
    let (ids, claimed) = in_order(claims.to_vec());
    let held: Vec<i64> = sqlx::query_scalar(FENCE).bind(ids).bind(claimed).bind(epoch).fetch_all(tx).await?;
    Ok(held.into_iter().collect())
}

/// Ends those of the attempts that `epoch` still holds by that very claim, all of them in `lane`; returns their jobs.
pub async fn end(tx: &mut PgConnection, lane: &str, epoch: i64, endings: &[Ending]) -> Result<BTreeSet<i64>> {
    let (over, rest): (Vec<&Ending>, Vec<&Ending>) = endings.iter().partition(|e| e.end.is_over());
    let mut held: BTreeSet<i64> = finish(tx, (lane, epoch), &over).await?.into_iter().collect();
    held.extend(put_back(tx, (lane, epoch), &rest).await?);
    keep_failures(tx, (lane, epoch), endings.iter().filter(|e| held.contains(&e.id))).await?;
    Ok(held)
}

/// The same where the ends mean nothing beyond themselves: jobs that are over are one statement, which is a transaction.
pub async fn end_alone(db: &Db, lane: &str, epoch: i64, endings: &[Ending]) -> Result<BTreeSet<i64>> {
    let over: Vec<&Ending> = endings.iter().filter(|e| e.end.is_over() && e.failure.is_none()).collect();
    if over.len() == endings.len() && db.manners() == Manners::Direct {
        let mut connection = db.hot().acquire().await?;
        return Ok(finish(&mut connection, (lane, epoch), &over).await?.into_iter().collect());
    }
    let mut tx = db.begin().await?;
    let held = end(&mut tx, lane, epoch, endings).await?;
    tx.commit().await?;
    Ok(held)
}

/// Which of the jobs $1, in order, are still held by epoch $3 by the claims of the moments $2. No join, whose plan would hang on
/// an estimate: the key's index finds each, and a search in $1 finds its moment. No other index serves the fence as it is
/// written: that of leases is full of entries that have just died.
macro_rules! held {
    () => {
        "j.id = ANY(ARRAY(SELECT unnest($1::bigint[]))) AND (j.state, j.lease_epoch) IS NOT DISTINCT FROM ('running', $3)
        AND j.claimed_at = ($2::timestamptz[])[width_bucket(j.id, $1::bigint[])]"
    };
}

/// The statement of [`fence`]: jobs in order, moments of their claims, epoch. Public for the check of its plan on a large table.
pub const FENCE: &str = concat!("SELECT j.id FROM jobs j WHERE ", held!(), " ORDER BY j.id FOR UPDATE");

/// What ends jobs which are over, wherever their rows are found: jobs in order, moments of their claims, epoch, lane, cancelled jobs.
macro_rules! finishing {
    ($found:literal) => {
        concat!("
    WITH gone AS (
        DELETE FROM jobs j WHERE ", $found, " AND (j.state, j.lease_epoch) IS NOT DISTINCT FROM ('running', $3)
        AND j.id = ($1::bigint[])[width_bucket(j.id, $1::bigint[])] AND j.claimed_at = ($2::timestamptz[])[width_bucket(j.id, $1::bigint[])]
        RETURNING j.id, j.kind, j.contact_id, CASE WHEN j.id = ANY($5) THEN 'cancelled' ELSE 'done' END AS outcome, j.attempt, j.created_at, j.claimed_at),
    kept AS (
        INSERT INTO history_batches (lane, kind, outcome, lease_epoch, ids, contacts, attempts, created_at, claimed_at)
        SELECT $4, kind, outcome, $3, array_agg(id), array_agg(contact_id), array_agg(attempt), array_agg(created_at), array_agg(claimed_at)
        FROM gone GROUP BY kind, outcome),
    delta AS (
        INSERT INTO lane_deltas (lane, running, done)
        SELECT $4, -count(*), count(*) FILTER (WHERE outcome = 'done') FROM gone HAVING count(*) > 0)
    SELECT coalesce(array_agg(id), '{}') FROM gone")
    };
}

/// Where they were claimed, which takes no index. Public, as the next, for the check of its plan on a large table.
pub const FINISH: &str = finishing!("j.ctid = ANY(ARRAY(SELECT unnest($6::tid[])))");

/// By their numbers, where somebody has written their rows since: changed their priority.
pub const FINISH_MOVED: &str = finishing!("j.id = ANY(ARRAY(SELECT unnest($1::bigint[]))) AND $6::tid[] IS NOT NULL");

/// Jobs in order, each with the moment of its claim. Of two claims of one job the later stands last, and is the one that counts.
fn in_order(mut claims: Vec<(i64, DateTime<Utc>)>) -> (Vec<i64>, Vec<DateTime<Utc>>) {
    claims.sort_unstable();
    claims.into_iter().unzip()
}

async fn finish(tx: &mut PgConnection, (lane, epoch): (&str, i64), endings: &[&Ending]) -> Result<Vec<i64>> {
    if endings.is_empty() {
        return Ok(Vec::new());
    }
    let held = finish_by(tx, FINISH, (lane, epoch), endings).await?;
    if held.len() == endings.len() {
        return Ok(held);
    }
    let found: BTreeSet<i64> = held.iter().copied().collect();
    let moved: Vec<&Ending> = endings.iter().filter(|e| !found.contains(&e.id)).copied().collect();
    let more = finish_by(tx, FINISH_MOVED, (lane, epoch), &moved).await?;
    Ok([held, more].concat())
}

async fn finish_by(
    tx: &mut PgConnection,
    sql: &'static str,
    (lane, epoch): (&str, i64),
    endings: &[&Ending],
) -> Result<Vec<i64>> {
    let (ids, claims) = in_order(endings.iter().map(|e| (e.id, e.claimed_at)).collect());
    let cancelled: Vec<i64> = endings.iter().filter(|e| e.end == End::Cancelled).map(|e| e.id).collect();
    let places: Vec<Place> = endings.iter().map(|e| e.place).collect();
    let query = sqlx::query_scalar(sql).bind(ids).bind(claims).bind(epoch).bind(lane).bind(cancelled).bind(places);
    Ok(query.fetch_one(tx).await?)
}

async fn put_back(tx: &mut PgConnection, (lane, epoch): (&str, i64), endings: &[&Ending]) -> Result<Vec<i64>> {
    if endings.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Value> = endings.iter().map(|ending| returned(ending)).collect();
    let sql = "WITH back AS (
            UPDATE jobs j SET state = r.state, lease_epoch = NULL, claimed_at = NULL, lane = coalesce(r.lane, j.lane),
                run_at = CASE WHEN r.behind THEN now() ELSE coalesce(r.at, j.run_at) END,
                attempt = CASE WHEN r.lane IS NOT NULL THEN 0 WHEN r.burnt THEN j.attempt ELSE j.attempt - 1 END,
                returns = CASE WHEN r.lane IS NOT NULL THEN 0 WHEN r.state = 'scheduled' AND NOT r.burnt THEN j.returns + 1 ELSE j.returns END,
                probes = CASE WHEN r.lane IS NOT NULL THEN 0 ELSE j.probes + r.behind::integer END,
                last_error = coalesce(r.error, j.last_error)
            FROM jsonb_to_recordset($1) AS r(id bigint, claimed_at timestamptz, state text, lane text, at timestamptz, burnt boolean, behind boolean, error text)
            WHERE j.id = r.id AND (j.state, j.lease_epoch, j.claimed_at) IS NOT DISTINCT FROM ('running', $3, r.claimed_at)
            RETURNING j.id, j.lane, j.state),
        left_here AS (INSERT INTO lane_deltas (lane, running) SELECT $2, -count(*) FROM back HAVING count(*) > 0),
        arrived AS (
            INSERT INTO lane_deltas (lane, waiting, scheduled, dead)
            SELECT lane, count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'scheduled'), count(*) FILTER (WHERE state = 'dead')
            FROM back GROUP BY lane)
        SELECT id FROM back";
    Ok(sqlx::query_scalar(sql).bind(Value::Array(rows)).bind(lane).bind(epoch).fetch_all(tx).await?)
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
    json!({"id": ending.id, "claimed_at": ending.claimed_at, "state": state, "lane": lane, "at": at, "burnt": burnt, "behind": ending.end == End::Behind, "error": error})
}

async fn keep_failures<'a>(
    tx: &mut PgConnection,
    (lane, epoch): (&str, i64),
    held: impl Iterator<Item = &'a Ending>,
) -> Result<()> {
    let rows: Vec<Value> = held
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
    let sql = "WITH kept AS (
            INSERT INTO job_failures (job_id, lane, contact_id, attempt, burnt, probe, lease_epoch, error_kind, http_status, provider_code, message, started_at, took_ms)
            SELECT job_id, $1, contact_id, attempt, burnt, probe, $2, error_kind, http_status, provider_code, message, started_at, took_ms
            FROM jsonb_to_recordset($3) AS r(job_id bigint, contact_id bigint, attempt smallint, burnt boolean, probe boolean, error_kind text,
                                             http_status integer, provider_code text, message text, started_at timestamptz, took_ms integer)
            RETURNING 1)
        INSERT INTO lane_deltas (lane, failed) SELECT $1, count(*) FROM kept";
    sqlx::query(sql).bind(lane).bind(epoch).bind(Value::Array(rows)).execute(tx).await?;
    Ok(())
}
