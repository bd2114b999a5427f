//! What was done over a span, in equal steps, with the events that explain it: the chart's data. Out of samples of 5 s up to
//! an hour back, else of a minute.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::database::{Db, Result};
use crate::outcome::ErrorKind;

/// Steps of a chart.
const STEPS: i32 = 120;
/// Most events that are told.
const MARKS: i64 = 200;

/// A step of the chart.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct ChartPoint {
    /// Its begin.
    pub at: DateTime<Utc>,
    /// Jobs that ended a second, over all lanes.
    pub done_per_s: f64,
    /// Attempts that failed a second, over all lanes.
    pub failed_per_s: f64,
    /// Median of the slowest lane, in milliseconds.
    pub p50_ms: Option<i32>,
    /// 95th percentile of the slowest lane, in milliseconds.
    pub p95_ms: Option<i32>,
    /// 99th percentile of the slowest lane, in milliseconds.
    pub p99_ms: Option<i32>,
}

/// Something that happened meanwhile.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct ChartMark {
    /// When.
    pub at: DateTime<Utc>,
    /// `opened`, `probe`, `closed`, `alert`, `credential` or `node`.
    pub kind: String,
}

/// What became of jobs and attempts over the whole span.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct ChartSums {
    /// Jobs that ended.
    pub done: i64,
    /// Attempts that failed.
    pub failed: i64,
    /// Those of them after which the job was tried again, or waits to be.
    pub retried: i64,
}

/// A chart's data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChartView {
    /// How far back it reaches, in minutes.
    pub minutes: i32,
    /// The whole span.
    pub sums: ChartSums,
    /// Steps, oldest first; one of which nothing is known is left out.
    pub points: Vec<ChartPoint>,
    /// Events, oldest first.
    pub marks: Vec<ChartMark>,
}

macro_rules! points {
    ($samples:literal) => {
        concat!(
            "WITH s AS (
                SELECT lane, date_bin(make_interval(secs => $2), at, timestamptz 'epoch') AS step, max(done_total) AS done, max(failed_total) AS failed,
                       avg(p50_ms)::integer AS p50_ms, max(p95_ms) AS p95_ms, max(p99_ms) AS p99_ms
                FROM ", $samples, " WHERE at > now() - make_interval(mins => $1) GROUP BY lane, step),
            d AS (
                SELECT step, greatest(done - lag(done) OVER w, 0) AS done, greatest(failed - lag(failed) OVER w, 0) AS failed,
                       extract(epoch FROM step - lag(step) OVER w) AS seconds, p50_ms, p95_ms, p99_ms
                FROM s WINDOW w AS (PARTITION BY lane ORDER BY step))
            SELECT step AS at, sum(done / seconds)::float8 AS done_per_s, sum(failed / seconds)::float8 AS failed_per_s,
                   max(p50_ms) AS p50_ms, max(p95_ms) AS p95_ms, max(p99_ms) AS p99_ms
            FROM d WHERE seconds > 0 GROUP BY step ORDER BY step"
        )
    };
}

const EVENTS: &str = "
    SELECT at, kind FROM (
        SELECT at, CASE event WHEN 'opened' THEN 'opened' WHEN 'closed' THEN 'closed' ELSE 'probe' END AS kind
        FROM breaker_events WHERE at > now() - make_interval(mins => $1)
        UNION ALL
        SELECT at, kind FROM timeline WHERE at > now() - make_interval(mins => $1) AND kind IN ('alert', 'credential', 'node')
        ORDER BY at DESC LIMIT $2) newest
    ORDER BY at";

macro_rules! sums {
    ($samples:literal) => {
        concat!(
            "WITH lanes AS (
                SELECT max(done_total) - min(done_total) AS done, max(failed_total) - min(failed_total) AS failed
                FROM ", $samples, " WHERE at > now() - make_interval(mins => $1) GROUP BY lane),
            tries AS (
                SELECT count(*) AS n FROM job_failures WHERE failed_at > now() - make_interval(mins => $1) AND NOT error_kind = ANY($2)),
            last AS (
                SELECT count(*) AS n FROM jobs j WHERE j.state = 'dead' AND EXISTS (
                    SELECT FROM job_failures f WHERE f.job_id = j.id AND f.failed_at > now() - make_interval(mins => $1)
                    AND NOT f.error_kind = ANY($2)))
            SELECT coalesce(sum(done), 0)::bigint AS done, coalesce(sum(failed), 0)::bigint AS failed,
                   greatest((SELECT n FROM tries) - (SELECT n FROM last), 0)::bigint AS retried FROM lanes"
        )
    };
}

/// The last `minutes` (1 to 10,080).
pub async fn chart(db: &Db, minutes: i32) -> Result<ChartView> {
    let minutes = minutes.clamp(1, 10_080);
    let fine = minutes <= 60;
    let step = f64::from(minutes * 60 / STEPS).max(if fine { 5.0 } else { 60.0 });
    let points = if fine { points!("samples") } else { points!("samples_minute") };
    let sums = if fine { sums!("samples") } else { sums!("samples_minute") };
    let over: Vec<&str> = ErrorKind::ALL.iter().filter(|kind| kind.is_permanent()).map(|kind| kind.name()).collect();
    Ok(ChartView {
        minutes,
        sums: sqlx::query_as(sums).bind(minutes).bind(over).fetch_one(db.pool()).await?,
        points: sqlx::query_as(points).bind(minutes).bind(step).fetch_all(db.pool()).await?,
        marks: sqlx::query_as(EVENTS).bind(minutes).bind(MARKS).fetch_all(db.pool()).await?,
    })
}
