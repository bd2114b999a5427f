//! Calls and cost by provider and day.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;

use crate::database::{Db, Result};

/// One provider on one day (UTC).
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct SpendRow {
    /// Provider's id.
    pub provider: String,
    /// The day.
    pub day: NaiveDate,
    /// Calls that were made; the parts of a call that are paid apart don't count twice.
    pub calls: i64,
    /// Those that failed.
    pub failures: i64,
    /// Questions that the cache answered instead.
    pub cached: i64,
    /// USD.
    pub cost: f64,
    /// Mean time of a call in milliseconds; none without a call.
    pub mean_ms: Option<i64>,
}

/// The last `days` (1 to 400), the newest first, dearest provider first; at most 2,000 rows.
pub async fn spend(db: &Db, days: i32) -> Result<Vec<SpendRow>> {
    let sql = "
        SELECT provider, (hour AT TIME ZONE 'UTC')::date AS day,
               coalesce(sum(calls) FILTER (WHERE operation = 'call'), 0)::bigint AS calls, sum(failures)::bigint AS failures,
               coalesce(sum(cached) FILTER (WHERE operation = 'call'), 0)::bigint AS cached, sum(cost)::float8 AS cost,
               (sum(took_ms) / nullif(sum(calls) FILTER (WHERE operation = 'call'), 0))::bigint AS mean_ms
        FROM usage WHERE hour > now() - make_interval(days => least(greatest($1, 1), 400))
        GROUP BY provider, day ORDER BY day DESC, cost DESC, provider LIMIT 2000";
    Ok(sqlx::query_as(sql).bind(days).fetch_all(db.pool()).await?)
}

/// What a call to each provider has cost on average over the last seven days, in USD; only providers that were paid.
pub async fn unit_costs(db: &Db) -> Result<BTreeMap<String, f64>> {
    let sql = "
        SELECT provider, (sum(cost) / sum(calls))::float8 FROM usage
        WHERE hour > now() - interval '7 days' GROUP BY provider HAVING sum(calls) > 0 AND sum(cost) > 0";
    let rows: Vec<(String, f64)> = sqlx::query_as(sql).fetch_all(db.pool()).await?;
    Ok(rows.into_iter().collect())
}
