//! What a handover is written from: a few bounded queries.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::super::views::{self, AlertView, AuditRow, BreakerView, LaneView, TimelineRow};
use crate::database::{Db, Result};

/// Lines of one section that are written; what is beyond is counted.
const LINES_MAX: i64 = 200;

/// A shift.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Handover {
    /// Its begin.
    pub since: DateTime<Utc>,
    /// Its end: when it was asked for, by the database's clock.
    pub until: DateTime<Utc>,
    /// Which database this is.
    pub environment: String,
    /// Lanes that are not ok now.
    pub lanes: Vec<LaneView>,
    /// Breakers that are not closed now.
    pub breakers: Vec<BreakerView>,
    /// Alerts that are open now.
    pub alerts: Vec<AlertView>,
    /// Times in which a breaker was open, oldest first.
    pub outages: Vec<Outage>,
    /// Warnings and worse, oldest first, breakers apart.
    pub events: Vec<TimelineRow>,
    /// What people did, oldest first.
    pub actions: Vec<AuditRow>,
    /// Work of the shift, by provider.
    pub work: Vec<Work>,
    /// Dead jobs by lane and error, most first.
    pub dead: Vec<Dead>,
}

/// A time in which a breaker was open.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Outage {
    /// Breaker.
    pub breaker: String,
    /// When it opened.
    pub opened_at: DateTime<Utc>,
    /// When it closed; none while it has not.
    pub closed_at: Option<DateTime<Utc>>,
    /// Why it opened.
    pub cause: String,
    /// Probes that failed meanwhile.
    pub failed_probes: i64,
}

/// Calls and money of one provider.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Work {
    /// Provider.
    pub provider: String,
    /// Calls made.
    pub calls: i64,
    /// Calls that failed.
    pub failures: i64,
    /// Answers taken from the result cache.
    pub cached: i64,
    /// USD.
    pub cost: f64,
}

/// Dead jobs with one error.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Dead {
    /// Lane.
    pub lane: String,
    /// Error of the last attempt.
    pub error: String,
    /// How many.
    pub count: i64,
}

const OUTAGES: &str = "
    SELECT o.breaker, o.at AS opened_at, c.at AS closed_at, o.cause,
           (SELECT count(*) FROM breaker_events p WHERE p.breaker = o.breaker AND p.event = 'probe_failed' AND p.id > o.id
               AND (c.id IS NULL OR p.id < c.id)) AS failed_probes
    FROM breaker_events o
    LEFT JOIN LATERAL (SELECT id, at FROM breaker_events e WHERE e.breaker = o.breaker AND e.id > o.id AND e.to_state = 'closed'
                       ORDER BY e.id LIMIT 1) c ON true
    WHERE o.event = 'opened' AND (o.at >= $1 OR c.at >= $1 OR c.at IS NULL) ORDER BY o.id LIMIT $2";

/// Reads what happened in the last `back`, by the database's clock. Hours of usage count whole.
pub async fn gather(db: &Db, back: TimeDelta) -> Result<Handover> {
    let events = "SELECT id, at, kind, severity, subject, summary, actor, audit_id FROM timeline
                  WHERE at >= $1 AND severity <> 'info' AND kind NOT IN ('breaker', 'person') ORDER BY id LIMIT $2";
    let actions = "SELECT id, at, login, claimed, verb, target, radius, reason, result, twin FROM audit_log WHERE at >= $1 ORDER BY id LIMIT $2";
    let work = "SELECT provider, coalesce(sum(calls) FILTER (WHERE operation = 'call'), 0)::bigint AS calls, sum(failures)::bigint AS failures,
                       sum(cached)::bigint AS cached, sum(cost)::float8 AS cost
                FROM usage WHERE hour >= date_trunc('hour', $1) GROUP BY provider ORDER BY provider";
    let dead = "SELECT lane, coalesce(last_error, '-') AS error, count(*) AS count FROM jobs WHERE state = 'dead'
                GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 20";
    let (until, environment): (DateTime<Utc>, String) =
        sqlx::query_as("SELECT now(), name FROM environment").fetch_one(db.pool()).await?;
    let since = until - back;
    Ok(Handover {
        since,
        until,
        environment,
        lanes: views::lanes(db).await?.into_iter().filter(|lane| lane.state != "ok").collect(),
        breakers: views::breakers(db).await?.into_iter().filter(|breaker| breaker.state != "closed").collect(),
        alerts: views::alerts(db).await?,
        outages: sqlx::query_as(OUTAGES).bind(since).bind(LINES_MAX).fetch_all(db.pool()).await?,
        events: sqlx::query_as(events).bind(since).bind(LINES_MAX).fetch_all(db.pool()).await?,
        actions: sqlx::query_as(actions).bind(since).bind(LINES_MAX).fetch_all(db.pool()).await?,
        work: sqlx::query_as(work).bind(since).fetch_all(db.pool()).await?,
        dead: sqlx::query_as(dead).fetch_all(db.pool()).await?,
    })
}
