//! What lanes did over a span: jobs, failed attempts, how long calls took. Out of the samples: of every 5 s as long as they
//! are kept (a day), then of every minute.

use chrono::TimeDelta;
use serde::Serialize;

use crate::database::{Db, Result};

/// One lane over a span.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct ThroughputRow {
    /// Lane.
    pub lane: String,
    /// Jobs that ended.
    pub done: i64,
    /// Attempts that failed.
    pub failed: i64,
    /// Most jobs that waited at once.
    pub deepest: i64,
    /// Longest wait of the job that was next, in seconds.
    pub oldest_s: Option<i32>,
    /// Median of the samples' medians, in milliseconds.
    pub p50_ms: Option<i32>,
    /// Median of the samples' 95th percentiles, in milliseconds.
    pub p95_ms: Option<i32>,
    /// Median of the samples' 99th percentiles, in milliseconds.
    pub p99_ms: Option<i32>,
    /// 99th percentile of the samples' 95th percentiles: how bad it was at its worst, in milliseconds.
    pub worst_ms: Option<i32>,
    /// Part of the samples in which the breaker was not closed, 0 to 1.
    pub shut: f64,
}

/// Lanes that did something or had something to do in the span that ends now (at most 31 days), by jobs done.
pub async fn throughput(db: &Db, span: TimeDelta) -> Result<Vec<ThroughputRow>> {
    let seconds = span.num_seconds().clamp(60, 31 * 86_400);
    let table = if seconds <= 86_400 { "samples" } else { "samples_minute" };
    let sql = format!(
        "SELECT lane, max(done_total) - min(done_total) AS done, max(failed_total) - min(failed_total) AS failed,
                max(waiting) AS deepest, max(oldest_s) AS oldest_s,
                (percentile_cont(0.5) WITHIN GROUP (ORDER BY p50_ms))::int AS p50_ms,
                (percentile_cont(0.5) WITHIN GROUP (ORDER BY p95_ms))::int AS p95_ms,
                (percentile_cont(0.5) WITHIN GROUP (ORDER BY p99_ms))::int AS p99_ms,
                (percentile_cont(0.99) WITHIN GROUP (ORDER BY p95_ms))::int AS worst_ms,
                (count(*) FILTER (WHERE breaker <> 'closed'))::float8 / count(*) AS shut
         FROM {table} WHERE at > now() - make_interval(secs => $1) GROUP BY lane
         HAVING max(done_total) > min(done_total) OR max(failed_total) > min(failed_total) OR max(waiting) > 0
         ORDER BY done DESC, lane"
    );
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(seconds as f64).fetch_all(db.pool()).await?)
}
