//! Recurring work as operators see it.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::database::{Db, Result};

/// One schedule.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct ScheduleView {
    /// Its name.
    pub name: String,
    /// When, as it was written; in UTC.
    pub every: String,
    /// What it does: `lookup`, `enrich` or `rescore`.
    pub work: String,
    /// For which contacts; empty = all.
    pub filter: String,
    /// Whether what is there already is fetched anew.
    pub again: bool,
    /// When it fires next; none = never.
    pub next_at: Option<DateTime<Utc>>,
    /// When it fired last.
    pub last_at: Option<DateTime<Utc>>,
    /// What came of that.
    pub last_result: Option<String>,
    /// Who added it.
    pub created_by: String,
    /// Who lets it rest; none = it fires.
    pub paused_by: Option<String>,
}

/// All schedules, the next to fire first; at most 1,000.
pub async fn schedules(db: &Db) -> Result<Vec<ScheduleView>> {
    let sql = "SELECT name, every, CASE WHEN NOT work ? 'checks_only' THEN 'lookup' WHEN (work->>'checks_only')::boolean THEN 'rescore' ELSE 'enrich' END AS work,
                      coalesce(work->>'filter', '') AS filter, coalesce((work->>'again')::boolean, false) AS again,
                      nullif(next_at, 'infinity') AS next_at, last_at, last_result, created_by, paused_by
               FROM schedules ORDER BY schedules.next_at, name LIMIT 1000";
    Ok(sqlx::query_as(sql).fetch_all(db.pool()).await?)
}
