//! The whole as it was at a moment: out of samples, breaker events, nodes, alerts and usage. Contacts and jobs keep no past.

use chrono::{DateTime, Utc};

use super::{AlertView, BreakerView, ContactCounts, LaneView, NodeView, SamplePoint, Status, TimelineRow};
use crate::database::{Db, Result};

/// What was known at a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// Lanes as sampled last before the moment; empty where no sample of that time is kept. Contacts are all 0: they keep no past.
    pub status: Status,
    /// Samples of the minutes before it, oldest first.
    pub trend: Vec<SamplePoint>,
    /// The newest lines of the timeline before it, newest first.
    pub recent: Vec<TimelineRow>,
}

/// The last sample of each lane within two minutes before the moment, and an older one for the rates: of 5 s, or, where those are
/// no longer kept, of a minute.
macro_rules! lanes {
    ($samples:literal, $before:literal) => {
        concat!(
            "
    SELECT l.lane, s.lane_state AS state,
           CASE WHEN s.lane_state = 'ok' THEN NULL WHEN s.breaker <> 'closed' THEN 'breaker ' || replace(s.breaker, '_', '-') ELSE s.lane_state END AS reason,
           NULL::timestamptz AS since, s.waiting AS depth, s.running, s.scheduled, s.dead, s.oldest_s::bigint AS oldest_s,
           ((s.done_total - p.done_total) / greatest(extract(epoch FROM s.at - p.at), 1))::float8 AS done_per_s,
           ((s.failed_total - p.failed_total) / greatest(extract(epoch FROM s.at - p.at), 1))::float8 AS failed_per_s,
           s.p50_ms, s.p95_ms, s.p99_ms, l.concurrency, l.node_concurrency, l.budget_usd, 0::float8 AS spent_today, l.rate_limit, s.done_total
    FROM lanes l
    JOIN LATERAL (SELECT * FROM ", $samples, " WHERE lane = l.lane AND at <= $1 AND at > $1 - interval '2 min' ORDER BY at DESC LIMIT 1) s ON true
    LEFT JOIN LATERAL (SELECT at, done_total, failed_total FROM ", $samples, "
                       WHERE lane = l.lane AND at < s.at AND at > s.at - interval '", $before, "' ORDER BY at LIMIT 1) p ON true
    ORDER BY l.lane"
        )
    };
}

macro_rules! trend {
    ($samples:literal) => {
        concat!(
            "
    SELECT at, lane, waiting AS depth, done_total, breaker FROM ",
            $samples,
            "
    WHERE at <= $1 AND at > $1 - make_interval(mins => least($2, 60)) ORDER BY at, lane"
        )
    };
}

/// Lanes and trend, by samples of 5 s and of a minute.
const FINE: [&str; 2] = [lanes!("samples", "35 s"), trend!("samples")];
const COARSE: [&str; 2] = [lanes!("samples_minute", "2 min"), trend!("samples_minute")];

/// The last transition of each breaker before the moment.
const BREAKERS: &str = "
    SELECT b.name, b.lane, coalesce(e.to_state, 'closed') AS state, 0 AS consecutive_failures,
           coalesce(s.waiting, m.waiting, 0)::bigint AS waiting, coalesce(s.waiting, m.waiting, 0)::bigint AS waiting_contacts, NULL::bigint AS next_probe_s,
           CASE WHEN e.to_state <> 'closed' THEN e.at END AS opened_at, 0 AS ramp_limit, 0 AS cool_offs,
           CASE WHEN e.to_state LIKE 'forced%' THEN e.actor END AS held_by, CASE WHEN e.to_state LIKE 'forced%' THEN e.cause END AS held_reason,
           NULL::timestamptz AS held_until, CASE WHEN e.to_state IN ('open', 'half_open') THEN e.cause END AS last_failure,
           e.at AS last_failure_at, coalesce(e.at, b.changed_at) AS changed_at
    FROM breakers b
    LEFT JOIN LATERAL (SELECT to_state, cause, actor, at FROM breaker_events WHERE breaker = b.name AND at <= $1 ORDER BY id DESC LIMIT 1) e ON true
    LEFT JOIN LATERAL (SELECT waiting FROM samples WHERE lane = b.lane AND at <= $1 AND at > $1 - interval '2 min' ORDER BY at DESC LIMIT 1) s ON true
    LEFT JOIN LATERAL (SELECT waiting FROM samples_minute WHERE lane = b.lane AND at <= $1 AND at > $1 - interval '2 min' ORDER BY at DESC LIMIT 1) m ON true
    ORDER BY array_position(ARRAY['open', 'half_open', 'forced_open', 'forced_closed', 'closed'], coalesce(e.to_state, 'closed')), b.name";

const NODES: &str = "
    SELECT node, epoch, kind, version, 'live' AS state, 0::float8 AS heartbeat_age_s, runs_jobs, 0 AS in_flight, capacity, started_at, NULL::text AS wish
    FROM nodes WHERE started_at <= $1 AND coalesce(ended_at, heartbeat_at + interval '15 s') > $1 ORDER BY epoch DESC LIMIT 500";

const ALERTS: &str = "
    SELECT id, key, severity, subject, summary, incident, raised_at, acked_by, NULL::timestamptz AS silenced_until FROM alerts
    WHERE raised_at <= $1 AND (cleared_at IS NULL OR cleared_at > $1) ORDER BY (severity = 'critical') DESC, raised_at LIMIT 200";

const COST: &str = "
    SELECT coalesce(sum(cost), 0)::float8 FROM usage
    WHERE hour <= $1 AND hour >= date_trunc('day', $1::timestamptz AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'";

const RECENT: &str = "
    SELECT id, at, kind, severity, subject, summary, actor, audit_id FROM timeline WHERE at <= $1 ORDER BY at DESC, id DESC LIMIT 20";

/// The state at `at`, with the samples of the `minutes` (at most 60) before it.
pub async fn past(db: &Db, at: DateTime<Utc>, minutes: i32) -> Result<Past> {
    let pool = db.pool();
    let fine = "SELECT EXISTS (SELECT FROM samples WHERE at <= $1 AND at > $1 - interval '2 min')";
    let fine: bool = sqlx::query_scalar(fine).bind(at).fetch_one(pool).await?;
    let [lanes, trend] = if fine { FINE } else { COARSE };
    let lanes: Vec<LaneView> = sqlx::query_as(lanes).bind(at).fetch_all(pool).await?;
    let breakers: Vec<BreakerView> = sqlx::query_as(BREAKERS).bind(at).fetch_all(pool).await?;
    let nodes: Vec<NodeView> = sqlx::query_as(NODES).bind(at).fetch_all(pool).await?;
    let alerts: Vec<AlertView> = sqlx::query_as(ALERTS).bind(at).fetch_all(pool).await?;
    let status = Status {
        contacts: ContactCounts::default(),
        lanes,
        breakers,
        nodes,
        alerts,
        leader: None,
        cost_today: sqlx::query_scalar(COST).bind(at).fetch_one(pool).await?,
        today: None,
        environment: sqlx::query_as("SELECT name, production FROM environment").fetch_one(pool).await?,
    };
    let trend = sqlx::query_as(trend).bind(at).bind(minutes).fetch_all(pool).await?;
    let recent = sqlx::query_as(RECENT).bind(at).fetch_all(pool).await?;
    Ok(Past { status, trend, recent })
}
