//! What the ends of steps mean: contact changes, raw results, step rows, usage, parking; written by the transaction that ends
//! their jobs, set-wise.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sqlx::PgConnection;

use super::patch;
use super::step::{Findings, Settlement};
use crate::database::{Db, Result};
use crate::queue::engine::{self, Ledger};
use crate::queue::{End, lane};

/// Settles settlements of one lane and one epoch; says how many were still ours.
pub async fn settle(db: &Db, batch: &[Settlement]) -> Result<usize> {
    engine::settle(db, &Books, batch).await
}

/// Writes what steps found.
#[derive(Debug, Clone, Copy)]
pub struct Books;

impl Ledger for Books {
    type Result = Findings;

    async fn reconsider(&self, tx: &mut PgConnection, batch: &mut [Settlement]) -> Result<()> {
        spare_what_began_while_open(tx, batch[0].lane, batch).await
    }

    async fn write(&self, tx: &mut PgConnection, held: &[Settlement]) -> Result<()> {
        let (lane, epoch) = (held[0].lane, held[0].epoch);
        store_found(tx, held).await?;
        store_unfound(tx, held).await?;
        store_results(tx, held).await?;
        store_steps(tx, held).await?;
        store_usage(tx, lane, held).await?;
        if let Some((reason, settlement)) = held.iter().find_map(|s| Some((s.result.parks?, s))) {
            let detail = settlement.failure.as_ref().map_or("", |f| f.message.as_str());
            lane::park_for(tx, lane, epoch, (reason, detail)).await?;
        }
        Ok(())
    }

    /// The call was made and is paid for, whatever became of its answer.
    fn salvage(&self, findings: Findings) -> Findings {
        Findings { found: None, ..findings }
    }
}

/// An attempt whose call began while the breaker was open is not burnt: this process had not yet heard of it. The history
/// tells, not the present: a call that times out may outlive the outage in which it began.
async fn spare_what_began_while_open(tx: &mut PgConnection, lane_name: &str, held: &mut [Settlement]) -> Result<()> {
    let burnt = |s: &Settlement| {
        let burns = matches!(s.end, End::Again { burnt: true, .. } | End::Dead);
        s.failure.as_ref().filter(|f| burns && !f.probe).map(|f| f.started_at)
    };
    let (jobs, began): (Vec<i64>, Vec<_>) = held.iter().filter_map(|s| Some((s.job.id, burnt(s)?))).unzip();
    if jobs.is_empty() {
        return Ok(());
    }
    // An opening that has not committed yet is waited for: it may be older than the call.
    let settled = "SELECT FROM breakers WHERE lane = $1 FOR SHARE";
    sqlx::query(settled).bind(lane_name).execute(&mut *tx).await?;
    let sql = "SELECT u.job FROM unnest($2::bigint[], $3::timestamptz[]) AS u(job, began) CROSS JOIN LATERAL (
                   SELECT e.event, e.to_state FROM breaker_events e JOIN breakers b ON b.name = e.breaker
                   WHERE b.lane = $1 AND e.at <= u.began ORDER BY e.id DESC LIMIT 1) seen
               WHERE seen.to_state IN ('open', 'forced_open') OR seen.event = 'probe'";
    let spared: Vec<i64> = sqlx::query_scalar(sql).bind(lane_name).bind(jobs).bind(began).fetch_all(tx).await?;
    for settlement in held.iter_mut().filter(|s| spared.contains(&s.job.id)) {
        settlement.end = End::Back;
    }
    Ok(())
}

async fn store_found(tx: &mut PgConnection, held: &[Settlement]) -> Result<()> {
    let found: Vec<_> = held.iter().filter_map(|s| Some((s, s.result.found.as_ref()?))).collect();
    if found.is_empty() {
        return Ok(());
    }
    let assignments = patch::assignments(found.iter().map(|(_, f)| &f.patch));
    let sql = format!(
        "WITH done AS (
            UPDATE contacts c SET {assignments}
                status = 'completed', lookup_performed_at = now(), last_attempt_at = now(), updated_at = now(),
                api_cost = c.api_cost + p.cost::numeric / 1000000, api_response_time_ms = p.took_ms,
                error_kind = NULL, error_provider = NULL, error_code = NULL, error_http_status = NULL, error_message = NULL
            FROM unnest($1::bigint[], $2::jsonb[], $3::bigint[], $4::integer[]) AS p(id, patch, cost, took_ms)
            WHERE c.id = p.id AND c.status = 'processing' RETURNING 1)
         INSERT INTO contact_deltas (processing, completed) SELECT -count(*), count(*) FROM done HAVING count(*) > 0"
    );
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(found.iter().map(|(s, _)| s.job.contact_id).collect::<Vec<_>>())
        .bind(found.iter().map(|(_, f)| Value::Object(f.patch.clone())).collect::<Vec<_>>())
        .bind(found.iter().map(|(_, f)| f.cost.0).collect::<Vec<_>>())
        .bind(found.iter().map(|(s, _)| s.result.call.as_ref().map_or(0, |c| c.took_ms)).collect::<Vec<_>>())
        .execute(tx)
        .await?;
    Ok(())
}

/// Contacts whose attempt ended without an answer: failed for a stated reason, or pending again.
async fn store_unfound(tx: &mut PgConnection, held: &[Settlement]) -> Result<()> {
    let rows: Vec<Value> = held
        .iter()
        .filter(|s| s.result.found.is_none())
        .map(|s| {
            let over = matches!(s.end, End::Done | End::Dead);
            let failure = s.failure.as_ref().filter(|_| over);
            json!({
                "id": s.job.contact_id, "status": if over { "failed" } else { "pending" }, "provider": failure.map(|_| s.lane),
                "kind": failure.map(|f| f.kind.name()), "code": failure.and_then(|f| f.provider_code.clone()),
                "http": failure.and_then(|f| f.http_status), "message": failure.map(|f| f.message.clone()),
                "attempted": s.result.call.as_ref().map(|c| c.started_at),
            })
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let sql = "WITH moved AS (
            UPDATE contacts c SET status = r.status, updated_at = now(), last_attempt_at = coalesce(r.attempted, c.last_attempt_at),
                error_kind = r.kind, error_provider = r.provider, error_code = r.code, error_http_status = r.http, error_message = r.message
            FROM jsonb_to_recordset($1) AS r(id bigint, status text, provider text, kind text, code text, http integer, message text, attempted timestamptz)
            WHERE c.id = r.id AND c.status = 'processing' RETURNING r.status)
        INSERT INTO contact_deltas (processing, pending, failed)
        SELECT -count(*), count(*) FILTER (WHERE status = 'pending'), count(*) FILTER (WHERE status = 'failed') FROM moved HAVING count(*) > 0";
    sqlx::query(sql).bind(Value::Array(rows)).execute(tx).await?;
    Ok(())
}

async fn store_results(tx: &mut PgConnection, held: &[Settlement]) -> Result<()> {
    let rows: Vec<Value> = held
        .iter()
        .filter_map(|s| {
            let (found, call) = (s.result.found.as_ref()?, s.result.call.as_ref()?);
            Some(json!({
                "contact_id": s.job.contact_id, "request_key": found.request_key, "request_id": call.request_id,
                "version": call.credential_version, "http": call.http_status, "body": found.body, "cost": found.cost.0, "took_ms": call.took_ms,
            }))
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO provider_results (contact_id, provider, endpoint, request_key, request_id, credential_version, http_status, body, cost, took_ms, expires_at)
               SELECT contact_id, $1, 'lookups/v2', request_key, request_id, version, http, body, cost::numeric / 1000000, took_ms, now() + interval '30 days'
               FROM jsonb_to_recordset($2) AS r(contact_id bigint, request_key text, request_id uuid, version text, http integer, body jsonb, cost bigint, took_ms integer)";
    sqlx::query(sql).bind(held[0].lane).bind(Value::Array(rows)).execute(tx).await?;
    Ok(())
}

/// A row for each step that ended; what waits or runs is read from its job.
async fn store_steps(tx: &mut PgConnection, held: &[Settlement]) -> Result<()> {
    let rows: Vec<Value> = held
        .iter()
        .filter(|s| matches!(s.end, End::Done | End::Dead))
        .map(|s| {
            let state = match (&s.end, &s.result.found) {
                (End::Dead, _) => "dead",
                (_, Some(_)) => "done",
                _ => "failed",
            };
            json!({
                "contact_id": s.job.contact_id, "step": s.job.kind, "state": state, "attempts": s.job.attempt,
                "kind": s.failure.as_ref().map(|f| f.kind.name()), "message": s.failure.as_ref().map(|f| f.message.clone()),
                "cost": s.result.found.as_ref().map_or(0, |f| f.cost.0), "started_at": s.result.call.as_ref().map(|c| c.started_at),
            })
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO contact_steps (contact_id, step, state, provider, attempts, error_kind, error_message, cost, started_at, finished_at)
               SELECT contact_id, step, state, $1, attempts, kind, message, cost::numeric / 1000000, started_at, now()
               FROM jsonb_to_recordset($2) AS r(contact_id bigint, step text, state text, attempts integer, kind text, message text, cost bigint, started_at timestamptz)
               ON CONFLICT (contact_id, step) DO UPDATE SET state = excluded.state, reason = NULL, provider = excluded.provider, attempts = excluded.attempts,
                   error_kind = excluded.error_kind, error_message = excluded.error_message, cost = contact_steps.cost + excluded.cost,
                   started_at = excluded.started_at, finished_at = excluded.finished_at";
    sqlx::query(sql).bind(held[0].lane).bind(Value::Array(rows)).execute(tx).await?;
    Ok(())
}

async fn store_usage(tx: &mut PgConnection, provider: &str, held: &[Settlement]) -> Result<()> {
    // `call` counts calls; each package has a row of its own for its money.
    let mut rows: BTreeMap<&str, [i64; 4]> = BTreeMap::new();
    for settlement in held {
        let Some(call) = &settlement.result.call else { continue };
        let row = rows.entry("call").or_default();
        row[0] += 1;
        row[1] += i64::from(settlement.failure.is_some());
        row[3] += i64::from(call.took_ms);
        for (operation, price) in settlement.result.found.iter().flat_map(|f| &f.cost.1).filter(|(_, price)| *price > 0)
        {
            let row = rows.entry(operation).or_default();
            row[0] += 1;
            row[2] += price;
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    let column = |i: usize| rows.values().map(|r| r[i]).collect::<Vec<i64>>();
    let sql = "INSERT INTO usage (provider, hour, operation, calls, failures, cost, took_ms)
               SELECT $1, date_trunc('hour', now()), u.operation, u.calls, u.failures, u.cost::numeric / 1000000, u.took
               FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) AS u(operation, calls, failures, cost, took)
               ON CONFLICT (provider, hour, operation) DO UPDATE SET calls = usage.calls + excluded.calls, failures = usage.failures + excluded.failures,
                   cost = usage.cost + excluded.cost, took_ms = usage.took_ms + excluded.took_ms";
    sqlx::query(sql)
        .bind(provider)
        .bind(rows.keys().copied().collect::<Vec<_>>())
        .bind(column(0))
        .bind(column(1))
        .bind(column(2))
        .bind(column(3))
        .execute(tx)
        .await?;
    Ok(())
}
