//! The statements of a settle, one for each table, whatever the size of the batch.

use serde_json::{Value, json};
use sqlx::PgConnection;

use super::sheet::{Change, Sheet, StepRow};
use crate::database::Result;
use crate::enrichment::graph::Step;
use crate::enrichment::patch;
use crate::enrichment::step::Settlement;
use crate::queue::End;

/// What a lookup's answer changes besides the columns that it found.
const LOOKED_UP: &str = "status = CASE WHEN p.took IS NULL THEN c.status ELSE 'completed' END,
    lookup_performed_at = CASE WHEN p.took IS NULL THEN c.lookup_performed_at ELSE now() END,
    last_attempt_at = CASE WHEN p.took IS NULL THEN c.last_attempt_at ELSE now() END,
    api_response_time_ms = coalesce(p.took, c.api_response_time_ms),
    error_kind = CASE WHEN p.took IS NULL THEN c.error_kind END, error_provider = CASE WHEN p.took IS NULL THEN c.error_provider END,
    error_code = CASE WHEN p.took IS NULL THEN c.error_code END, error_http_status = CASE WHEN p.took IS NULL THEN c.error_http_status END,
    error_message = CASE WHEN p.took IS NULL THEN c.error_message END, ";

/// Columns of contacts; a lookup's contact is completed by the same statement.
pub(super) async fn contacts(tx: &mut PgConnection, sheet: &Sheet) -> Result<()> {
    let changed: Vec<(&i64, &Change)> =
        sheet.changes.iter().filter(|(_, c)| !c.patch.is_empty() || c.cost > 0 || c.looked_up_in.is_some()).collect();
    if changed.is_empty() {
        return Ok(());
    }
    let assignments = patch::assignments(changed.iter().map(|(_, change)| &change.patch));
    let looked_up = changed.iter().any(|(_, change)| change.looked_up_in.is_some());
    let status = if looked_up { LOOKED_UP } else { "" };
    let sql = format!(
        "WITH done AS (
            UPDATE contacts c SET {assignments}{status} updated_at = now(), api_cost = c.api_cost + p.cost::numeric / 1000000
            FROM unnest($1::bigint[], $2::jsonb[], $3::bigint[], $4::integer[]) AS p(id, patch, cost, took)
            WHERE c.id = p.id AND (p.took IS NULL OR c.status = 'processing') RETURNING p.took)
         INSERT INTO contact_deltas (processing, completed) SELECT -count(took), count(took) FROM done HAVING count(took) > 0"
    );
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(changed.iter().map(|(id, _)| **id).collect::<Vec<_>>())
        .bind(changed.iter().map(|(_, change)| Value::Object(change.patch.clone())).collect::<Vec<_>>())
        .bind(changed.iter().map(|(_, change)| change.cost).collect::<Vec<_>>())
        .bind(changed.iter().map(|(_, change)| change.looked_up_in).collect::<Vec<_>>())
        .execute(tx)
        .await?;
    Ok(())
}

/// Contacts whose lookup ended without an answer: failed for a stated reason, or pending again.
pub(super) async fn unanswered_lookups(tx: &mut PgConnection, held: &[Settlement]) -> Result<()> {
    let unanswered = held.iter().filter(|s| s.job.kind == Step::Lookup.name() && s.result.found.is_none());
    let row = |s: &Settlement| {
        let over = matches!(s.end, End::Done | End::Dead);
        let failure = s.failure.as_ref().filter(|_| over);
        json!({
            "id": s.job.contact_id, "status": if over { "failed" } else { "pending" }, "provider": failure.map(|_| s.lane),
            "kind": failure.map(|f| f.kind.name()), "code": failure.and_then(|f| f.provider_code.clone()),
            "http": failure.and_then(|f| f.http_status), "message": failure.map(|f| f.message.clone()),
            "attempted": s.result.call.as_ref().map(|c| c.started_at),
        })
    };
    let rows: Vec<Value> = unanswered.map(row).collect();
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

/// Raw answers, also those without data: trail and cache at once.
pub(super) async fn results(tx: &mut PgConnection, held: &[Settlement]) -> Result<()> {
    let row = |s: &Settlement| {
        let (source, call) = (s.result.source?, s.result.call.as_ref()?);
        let found = s.result.found.as_ref().filter(|found| !found.cached)?;
        Some(json!({
            "contact_id": s.job.contact_id, "provider": source.lane, "endpoint": source.endpoint, "request_key": found.request_key,
            "request_id": call.request_id, "version": call.credential_version, "http": found.status, "body": *found.body,
            "cost": found.cost.0, "took_ms": call.took_ms, "keep_s": found.keep.map(|keep| keep.as_secs()),
        }))
    };
    let rows: Vec<Value> = held.iter().filter_map(row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO provider_results (contact_id, provider, endpoint, request_key, request_id, credential_version, http_status, body, cost, took_ms, expires_at)
               SELECT contact_id, provider, endpoint, request_key, request_id, version, http, body, cost::numeric / 1000000, took_ms, now() + make_interval(secs => keep_s)
               FROM jsonb_to_recordset($1) AS r(contact_id bigint, provider text, endpoint text, request_key text, request_id uuid, version text, http integer,
                                                body jsonb, cost bigint, took_ms integer, keep_s double precision)";
    sqlx::query(sql).bind(Value::Array(rows)).execute(tx).await?;
    Ok(())
}

/// Rows of steps that were planned without a job, and of those that ended; what waits or runs is read from its job.
pub(super) async fn steps(tx: &mut PgConnection, sheet: &Sheet) -> Result<()> {
    if sheet.steps.is_empty() {
        return Ok(());
    }
    let keys: Vec<&(i64, Step)> = sheet.steps.keys().collect();
    let rows: Vec<&StepRow> = sheet.steps.values().collect();
    let sql = "INSERT INTO contact_steps (contact_id, step, state, reason, provider, attempts, error_kind, error_message, cost, started_at, finished_at)
               SELECT contact_id, step, state, reason, provider, attempts, kind, message, cost::numeric / 1000000, started_at,
                      CASE WHEN state <> 'blocked' THEN now() END
               FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::text[], $8::text[], $9::bigint[], $10::timestamptz[])
                    AS r(contact_id, step, state, reason, provider, attempts, kind, message, cost, started_at)
               ON CONFLICT (contact_id, step) DO UPDATE SET state = excluded.state, reason = excluded.reason, provider = excluded.provider,
                   attempts = excluded.attempts, error_kind = excluded.error_kind, error_message = excluded.error_message,
                   cost = contact_steps.cost + excluded.cost, started_at = excluded.started_at, finished_at = excluded.finished_at";
    sqlx::query(sql)
        .bind(keys.iter().map(|(contact, _)| *contact).collect::<Vec<_>>())
        .bind(keys.iter().map(|(_, step)| step.name()).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.state).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.reason.as_deref()).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.provider).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| i32::from(r.attempts)).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.error.as_ref().map(|(kind, _)| *kind)).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.error.as_ref().map(|(_, message)| message.as_str())).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.cost).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.started_at).collect::<Vec<_>>())
        .execute(tx)
        .await?;
    Ok(())
}

/// Arguments of jobs that move to another source: the same rows, with their attempts anew.
pub(super) async fn moved(tx: &mut PgConnection, sheet: &Sheet) -> Result<()> {
    if sheet.moved.is_empty() {
        return Ok(());
    }
    let (ids, args): (Vec<i64>, Vec<Value>) = sheet.moved.iter().map(|(id, args)| (*id, args.json())).unzip();
    let sql = "UPDATE jobs j SET args = u.args FROM unnest($1::bigint[], $2::jsonb[]) AS u(id, args) WHERE j.id = u.id";
    sqlx::query(sql).bind(ids).bind(args).execute(tx).await?;
    Ok(())
}

/// Follow-up jobs of all contacts, with the depths of their lanes.
pub(super) async fn jobs(tx: &mut PgConnection, sheet: &Sheet, max_attempts: i16) -> Result<()> {
    if sheet.jobs.is_empty() {
        return Ok(());
    }
    let jobs = &sheet.jobs;
    let sql = "WITH made AS (
            INSERT INTO jobs (lane, kind, contact_id, priority, state, max_attempts, args)
            SELECT lane, kind, contact_id, priority, 'waiting', $6, args
            FROM unnest($1::text[], $2::text[], $3::bigint[], $4::smallint[], $5::jsonb[]) AS u(lane, kind, contact_id, priority, args)
            ON CONFLICT (kind, contact_id) WHERE state IN ('waiting', 'scheduled', 'running') DO NOTHING RETURNING lane)
        INSERT INTO lane_deltas (lane, waiting, enqueued) SELECT lane, count(*), count(*) FROM made GROUP BY lane";
    sqlx::query(sql)
        .bind(jobs.iter().map(|job| job.source.lane).collect::<Vec<_>>())
        .bind(jobs.iter().map(|job| job.step.name()).collect::<Vec<_>>())
        .bind(jobs.iter().map(|job| job.contact).collect::<Vec<_>>())
        .bind(jobs.iter().map(|job| job.priority).collect::<Vec<_>>())
        .bind(jobs.iter().map(|job| job.args.json()).collect::<Vec<_>>())
        .bind(max_attempts)
        .execute(tx)
        .await?;
    Ok(())
}

/// Pairs that an operator may merge; what was decided stays decided.
pub(super) async fn pairs(tx: &mut PgConnection, sheet: &Sheet) -> Result<()> {
    if sheet.pairs.is_empty() {
        return Ok(());
    }
    let pairs = &sheet.pairs;
    let sql = "INSERT INTO duplicate_pairs (first_id, second_id, confidence, parts)
               SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::jsonb[])
               ON CONFLICT (first_id, second_id) DO UPDATE SET confidence = excluded.confidence, parts = excluded.parts, found_at = now()
               WHERE duplicate_pairs.merge_id IS NULL";
    sqlx::query(sql)
        .bind(pairs.iter().map(|p| p.first).collect::<Vec<_>>())
        .bind(pairs.iter().map(|p| p.second).collect::<Vec<_>>())
        .bind(pairs.iter().map(|p| p.confidence).collect::<Vec<_>>())
        .bind(pairs.iter().map(|p| p.parts.clone()).collect::<Vec<_>>())
        .execute(tx)
        .await?;
    Ok(())
}
