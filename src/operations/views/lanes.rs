//! Lanes as operators see them: state with its reason, exact depth, rate, and the trend of the last minutes.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::database::{Db, Result};

/// One lane now.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct LaneView {
    /// Lane, which is also its provider's id.
    pub lane: String,
    /// `ok`, `parked`, `paused` or `ramping`.
    pub state: String,
    /// Why it is not `ok`, in words.
    pub reason: Option<String>,
    /// Since when it is not `ok`.
    pub since: Option<DateTime<Utc>>,
    /// Waiting jobs, parked ones included; exact.
    pub depth: i64,
    /// Jobs that a worker holds.
    pub running: i64,
    /// Jobs that wait for a later time (a retry, a schedule).
    pub scheduled: i64,
    /// Jobs whose attempts are used up.
    pub dead: i64,
    /// Age in seconds of the job that is claimed next.
    pub oldest_s: Option<i64>,
    /// Jobs ended a second, over the last 30 s; none without a sample.
    pub done_per_s: Option<f64>,
    /// Failed attempts a second, over the last 30 s.
    pub failed_per_s: Option<f64>,
    /// Median and 95th percentile of the calls since the sample before the last, in milliseconds.
    pub p50_ms: Option<i32>,
    /// 95th percentile in milliseconds.
    pub p95_ms: Option<i32>,
    /// 99th percentile in milliseconds.
    pub p99_ms: Option<i32>,
    /// Operator's limit of jobs at once in the fleet, if one is set.
    pub concurrency: Option<i32>,
    /// The same on each node.
    pub node_concurrency: Option<i32>,
    /// Operator's limit of USD a day, if one is set.
    pub budget_usd: Option<f64>,
    /// USD spent with its provider today (UTC).
    pub spent_today: f64,
    /// What the adaptive limit allows at once in the fleet now.
    pub rate_limit: i32,
    /// Jobs ended since the database was made.
    pub done_total: i64,
}

/// One sample of one lane, every 5 s.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct SamplePoint {
    /// When it was taken.
    pub at: DateTime<Utc>,
    /// Lane.
    pub lane: String,
    /// Waiting jobs then.
    pub depth: i64,
    /// Jobs ended since the database was made, then.
    pub done_total: i64,
    /// Breaker's state then.
    pub breaker: String,
}

const LANES: &str = "
    WITH d AS (
        SELECT lane, sum(waiting) AS waiting, sum(scheduled) AS scheduled, sum(running) AS running, sum(dead) AS dead,
               sum(done) AS done, sum(failed) AS failed
        FROM lane_deltas GROUP BY lane),
    u AS (
        SELECT provider, sum(cost) AS spent FROM usage
        WHERE hour >= date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' GROUP BY provider)
    SELECT l.lane,
           CASE WHEN l.paused THEN 'paused' WHEN l.parked_reason IS NOT NULL THEN 'parked'
                WHEN b.state IN ('open', 'forced_open') OR (b.state = 'half_open' AND b.ramp_limit = 0) THEN 'parked'
                WHEN b.state = 'half_open' THEN 'ramping' ELSE 'ok' END AS state,
           CASE WHEN l.paused THEN 'paused by ' || coalesce(l.paused_by, '?') || coalesce(': ' || l.pause_reason, '')
                WHEN l.parked_reason IS NOT NULL THEN l.parked_reason || coalesce(': ' || l.parked_detail, '')
                WHEN b.state = 'forced_open' THEN 'breaker held open by ' || coalesce(b.held_by, '?') || coalesce(': ' || b.held_reason, '')
                WHEN b.state = 'open' THEN 'breaker open: ' || coalesce(b.last_failure, 'failures')
                WHEN b.state = 'half_open' AND b.ramp_limit = 0 THEN 'breaker half-open: one probe is on its way'
                WHEN b.state = 'half_open' THEN 'ramping: ' || b.ramp_limit || ' at once' END AS reason,
           CASE WHEN l.paused THEN l.paused_at WHEN l.parked_reason IS NOT NULL THEN l.parked_at
                WHEN b.state IN ('open', 'half_open') THEN b.opened_at WHEN b.state = 'forced_open' THEN b.changed_at END AS since,
           greatest(l.waiting + coalesce(d.waiting, 0), 0)::bigint AS depth,
           greatest(l.running + coalesce(d.running, 0), 0)::bigint AS running,
           greatest(l.scheduled + coalesce(d.scheduled, 0), 0)::bigint AS scheduled,
           greatest(l.dead + coalesce(d.dead, 0), 0)::bigint AS dead,
           (SELECT extract(epoch FROM greatest(now() - j.run_at, interval '0'))::bigint FROM jobs j
             WHERE j.lane = l.lane AND j.state = 'waiting' ORDER BY j.priority, j.run_at, j.id LIMIT 1) AS oldest_s,
           ((l.done_total + coalesce(d.done, 0) - s.done_total) / greatest(extract(epoch FROM now() - s.at), 1))::float8 AS done_per_s,
           ((l.failed_total + coalesce(d.failed, 0) - s.failed_total) / greatest(extract(epoch FROM now() - s.at), 1))::float8 AS failed_per_s,
           p.p50_ms, p.p95_ms, p.p99_ms, l.concurrency, l.node_concurrency, l.budget_usd, coalesce(u.spent, 0)::float8 AS spent_today, l.rate_limit, (l.done_total + coalesce(d.done, 0))::bigint AS done_total
    FROM lanes l
    LEFT JOIN d ON d.lane = l.lane
    LEFT JOIN breakers b ON b.lane = l.lane
    LEFT JOIN LATERAL (SELECT at, done_total, failed_total FROM samples
                       WHERE lane = l.lane AND at > now() - interval '35 s' ORDER BY at LIMIT 1) s ON true
    LEFT JOIN u ON u.provider = l.lane
    LEFT JOIN LATERAL (SELECT p50_ms, p95_ms, p99_ms FROM samples
                       WHERE lane = l.lane AND at > now() - interval '35 s' AND p95_ms IS NOT NULL ORDER BY at DESC LIMIT 1) p ON true
    ORDER BY l.lane";

/// All lanes, by name.
pub async fn lanes(db: &Db) -> Result<Vec<LaneView>> {
    Ok(sqlx::query_as(LANES).fetch_all(db.pool()).await?)
}

/// The samples of the last `minutes` (at most 60) of every lane, oldest first.
pub async fn lane_trend(db: &Db, minutes: i32) -> Result<Vec<SamplePoint>> {
    let sql = "SELECT at, lane, waiting AS depth, done_total, breaker FROM samples
               WHERE at > now() - make_interval(mins => least($1, 60)) ORDER BY at, lane";
    Ok(sqlx::query_as(sql).bind(minutes).fetch_all(db.pool()).await?)
}
