//! Which rows of the audit log a runbook is written from.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::judge::{Step, steps};
use crate::database::{Db, Result};
use crate::settings::parse_duration;

/// Most rows of one runbook: longer ones are read by nobody.
const ROWS_MAX: usize = 1_000;

/// A moment, or so long before now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// So long ago, by the database's clock.
    Ago(TimeDelta),
    /// Then.
    At(DateTime<Utc>),
}

impl Edge {
    /// Reads `2h`, `90m`, or a whole time as `2026-08-22T11:59:00Z`; the error is one sentence.
    pub fn parse(text: &str) -> std::result::Result<Edge, String> {
        let ago = parse_duration(text).and_then(|span| TimeDelta::from_std(span).ok());
        let edge = ago.map(Edge::Ago).or_else(|| text.parse().ok().map(Edge::At));
        edge.ok_or_else(|| format!("{text} is no moment: write 2h or 90m for so long ago, or 2026-08-22T11:59:00Z"))
    }

    fn at(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Edge::Ago(span) => now.checked_sub_signed(span).unwrap_or(DateTime::UNIX_EPOCH),
            Edge::At(at) => at,
        }
    }
}

/// What a runbook is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// These audit rows; none: all of the span.
    pub rows: Vec<i64>,
    /// Where the span begins.
    pub since: Edge,
    /// Where it ends; none: now.
    pub until: Option<Edge>,
    /// Only what this login or claimed user did.
    pub who: Option<String>,
}

/// One audited action.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Row {
    /// Number in the audit log.
    #[serde(rename = "audit_id")]
    pub id: i64,
    /// When it ended.
    pub at: DateTime<Utc>,
    /// User as claimed, and the login behind it.
    pub by: String,
    /// `console`, `command line`, `schedule`; `switchboard` when the program acted by itself.
    pub door: String,
    /// What was done.
    pub verb: String,
    /// To what.
    pub target: String,
    /// Rows that it changed.
    pub radius: i64,
    /// Why.
    pub reason: Option<String>,
    /// `done`, `accepted`, or why it ended early.
    pub result: String,
    /// The command that does the same, as the log keeps it.
    pub twin: Option<String>,
    /// The row that it takes back.
    pub undoes: Option<i64>,
    /// The row that takes it back, or that tells how it ended.
    pub followed_by: Option<i64>,
}

/// A runbook before it is written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Runbook {
    /// Which database this is.
    pub environment: String,
    /// The span's begin.
    pub since: DateTime<Utc>,
    /// The span's end.
    pub until: DateTime<Utc>,
    /// Whose acts they are, if not everybody's.
    pub who: Option<String>,
    /// What was done, oldest first.
    pub steps: Vec<Step>,
    /// Whether there was more than a runbook holds.
    pub cut: bool,
}

/// Reads what is wanted; numbers that are in no row are left out.
pub async fn gather(db: &Db, wanted: &Wanted) -> Result<Runbook> {
    let (now, environment): (DateTime<Utc>, String) =
        sqlx::query_as("SELECT now(), name FROM environment").fetch_one(db.pool()).await?;
    let (since, until) = (wanted.since.at(now), wanted.until.map_or(now, |edge| edge.at(now)));
    let query = sqlx::query_as(ROWS).bind(&wanted.rows).bind(since).bind(until).bind(&wanted.who);
    let mut rows: Vec<Row> = query.bind(ROWS_MAX as i64 + 1).fetch_all(db.pool()).await?;
    let cut = rows.len() > ROWS_MAX;
    rows.truncate(ROWS_MAX);
    let chosen = (rows.first(), rows.last(), wanted.rows.is_empty());
    let (since, until) = match chosen {
        (Some(first), Some(last), false) => (first.at, last.at),
        _ => (since, until),
    };
    Ok(Runbook { environment, since, until, who: wanted.who.clone(), steps: steps(rows), cut })
}

const ROWS: &str = "
    SELECT a.id, a.at, CASE WHEN coalesce(a.claimed->>'user', a.login) = a.login THEN a.login
                            ELSE (a.claimed->>'user') || ' (login ' || a.login || ')' END AS by,
           a.door, a.verb, a.target, a.radius, a.reason, a.result, a.twin, a.undoes,
           coalesce((SELECT u.id FROM audit_log u WHERE u.undoes = a.id),
                    CASE WHEN a.result = 'accepted' THEN (SELECT min(e.id) FROM audit_log e WHERE e.id > a.id AND e.request_id = a.request_id) END)
           AS followed_by
    FROM audit_log a
    WHERE (a.id = ANY($1) OR $1 = '{}' AND a.at >= $2 AND a.at <= $3)
      AND ($4::text IS NULL OR $4 IN (a.login, a.claimed->>'user', a.claimed->>'sudo_user'))
    ORDER BY a.id LIMIT $5";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_is_a_span_before_now_or_a_moment() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(2);
        assert_eq!(Edge::parse("2h").unwrap().at(now), now - TimeDelta::hours(2));
        assert_eq!(Edge::parse("1970-01-02T11:59:00Z").unwrap().at(now).timestamp(), 129_540);
        assert!(Edge::parse("yesterday").unwrap_err().contains("2h"));
    }
}
