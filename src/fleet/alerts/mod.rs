//! Alerts at thresholds: what is measured, and each change of an alert with its line on the timeline.
//!
//! A parked lane's size alert is filed under its incident; a parked or paused lane has no latency alert: it is not slow.

mod budget;
mod machine;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::breakers::store;
use crate::database::{Db, Result};
use crate::settings::AlertSettings;
pub use budget::Budgets;
use machine::{Change, Levels, Open, Severity, step};

/// When an alert is raised: strictly above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Depth of one lane: warning.
    pub depth_warning: i64,
    /// Depth of one lane: critical.
    pub depth_critical: i64,
    /// Depth of all lanes: critical.
    pub total_critical: i64,
    /// Age of a lane's oldest runnable job in seconds: warning.
    pub oldest_warning_s: i64,
}

impl From<&AlertSettings> for Thresholds {
    fn from(alerts: &AlertSettings) -> Thresholds {
        let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        Thresholds {
            depth_warning: count(alerts.depth_warning),
            depth_critical: count(alerts.depth_critical),
            total_critical: count(alerts.total_critical),
            oldest_warning_s: count(alerts.oldest_warning.as_secs()),
        }
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds::from(&AlertSettings::default())
    }
}

/// One measure against its thresholds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Measure {
    /// Names the alert: `depth/twilio`.
    key: String,
    /// Lane or `total`.
    subject: String,
    levels: Levels,
    /// None: not measured now, so that an open alert has nothing to stand on.
    value: Option<i64>,
    /// What it is about, in words.
    what: &'static str,
    /// Whether an incident covers it.
    incident: bool,
}

/// What one lane shows.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
struct LaneFacts {
    lane: String,
    depth: i64,
    oldest_s: i64,
    /// Parked or paused.
    stopped: bool,
}

fn measures(lanes: &[LaneFacts], t: &Thresholds) -> Vec<Measure> {
    let mut out = Vec::new();
    for lane in lanes {
        out.push(Measure {
            key: format!("depth/{}", lane.lane),
            subject: lane.lane.clone(),
            levels: Levels { warning: Some(t.depth_warning), critical: Some(t.depth_critical) },
            value: Some(lane.depth),
            what: "jobs wait",
            incident: lane.stopped,
        });
        out.push(Measure {
            key: format!("oldest/{}", lane.lane),
            subject: lane.lane.clone(),
            levels: Levels { warning: Some(t.oldest_warning_s), critical: None },
            value: (!lane.stopped).then_some(lane.oldest_s),
            what: "seconds is the age of the oldest job",
            incident: false,
        });
    }
    out.push(Measure {
        key: "depth/total".into(),
        subject: "total".into(),
        levels: Levels { warning: None, critical: Some(t.total_critical) },
        value: Some(lanes.iter().map(|l| l.depth).sum()),
        what: "jobs wait in all lanes",
        incident: false,
    });
    out
}

/// Three or more breakers open at once: one incident, and one alert for all of them.
fn incident(broken: i64) -> Measure {
    Measure {
        key: "incident/breakers".into(),
        subject: "breakers".into(),
        levels: Levels { warning: None, critical: Some(store::INCIDENT - 1) },
        value: Some(broken),
        what: "breakers are open at once: an outage of the network or of a cloud",
        incident: false,
    }
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: i64,
    key: String,
    severity: String,
    value: i64,
    incident: bool,
    raised_at: DateTime<Utc>,
    below_since: Option<DateTime<Utc>>,
    eased_since: Option<DateTime<Utc>>,
    reminded_at: Option<DateTime<Utc>>,
    acked: bool,
    silenced: bool,
}

impl Row {
    fn open(&self) -> Open {
        let severity = if self.severity == "critical" { Severity::Critical } else { Severity::Warning };
        let told_at = self.reminded_at.unwrap_or(self.raised_at);
        Open { severity, below_since: self.below_since, eased_since: self.eased_since, told_at }
    }
}

const OPEN: &str = "/* sample */ SELECT a.id, a.key, a.severity, a.value, a.incident, a.raised_at, a.below_since, a.eased_since, a.reminded_at,
           a.acked_by IS NOT NULL AS acked, EXISTS (SELECT FROM alert_silences s WHERE s.key = a.key AND s.until > now()) AS silenced
    FROM alerts a WHERE a.cleared_at IS NULL FOR UPDATE OF a";

const FACTS: &str =
    "/* sample */ SELECT DISTINCT ON (lane) lane, waiting AS depth, coalesce(oldest_s, 0)::bigint AS oldest_s,
           lane_state IN ('parked', 'paused') AS stopped
    FROM samples WHERE at > now() - interval '30 s' ORDER BY lane, at DESC";

/// Raises, changes and clears by what the lanes show now.
pub async fn judge(db: &Db, thresholds: &Thresholds, budgets: &Budgets) -> Result<()> {
    let mut tx = db.begin().await?;
    let lanes: Vec<LaneFacts> = sqlx::query_as(FACTS).fetch_all(&mut *tx).await?;
    let now: DateTime<Utc> = sqlx::query_scalar("/* sample */ SELECT now()").fetch_one(&mut *tx).await?;
    let open: Vec<Row> = sqlx::query_as(OPEN).fetch_all(&mut *tx).await?;
    let open: BTreeMap<&str, &Row> = open.iter().map(|row| (row.key.as_str(), row)).collect();
    let broken = "/* sample */ SELECT count(*) FROM breakers WHERE lane IS NOT NULL AND state IN ('open', 'half_open')";
    let broken: i64 = sqlx::query_scalar(broken).fetch_one(&mut *tx).await?;
    let spent = budget::measures(&mut tx, budgets, now).await?;
    for measure in measures(&lanes, thresholds).into_iter().chain([incident(broken)]).chain(spent) {
        let row = open.get(measure.key.as_str()).copied();
        match (row, measure.value) {
            (None, None) => {}
            (Some(row), None) => {
                close(&mut tx, row, &measure, "the lane stands still, which is no latency of its own").await?;
            }
            (row, Some(value)) => apply(&mut tx, row, &measure, value, now).await?,
        }
    }
    tx.commit().await?;
    Ok(())
}

async fn apply(
    tx: &mut PgConnection,
    row: Option<&Row>,
    measure: &Measure,
    value: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    let quiet = measure.incident || row.is_some_and(|row| row.acked || row.silenced);
    let before = row.map(Row::open);
    let (after, change) = step(before, &measure.levels, value, quiet, now);
    match (row, after) {
        (None, Some(open)) => raise(tx, measure, value, open).await,
        (Some(row), None) => close(tx, row, measure, &format!("{value} {}", measure.what)).await,
        (Some(row), Some(open)) => {
            if before != Some(open) || row.value != value || row.incident != measure.incident {
                keep(tx, row, measure, value, open).await?;
            }
            let word = match change {
                Some(Change::Escalated) => "now critical: ",
                Some(Change::Eased) => "no longer critical: ",
                Some(Change::Reminded) => "still: ",
                _ => return Ok(()),
            };
            let text = format!("{word}{}", summary(measure, value, open.severity));
            line(tx, measure, severity_told(measure, open.severity), &text).await
        }
        (None, None) => Ok(()),
    }
}

fn summary(m: &Measure, value: i64, severity: Severity) -> String {
    if m.key.starts_with("budget/") {
        return format!("{value} {}", m.what);
    }
    let level = m.levels.of(severity);
    // It stays open until it has been calm for a while.
    format!("{value} {}, {} {level}", m.what, if value > level { "over" } else { "was over" })
}

/// What is filed under an incident cries for nobody a second time.
fn severity_told(m: &Measure, severity: Severity) -> &'static str {
    if m.incident { "info" } else { severity.name() }
}

async fn line(tx: &mut PgConnection, m: &Measure, severity: &str, text: &str) -> Result<()> {
    let sql = "/* sample */ INSERT INTO timeline (kind, severity, subject, summary, actor) VALUES ('alert', $1, $2, $3, 'switchboard')";
    sqlx::query(sql).bind(severity).bind(&m.subject).bind(text).execute(tx).await?;
    Ok(())
}

async fn raise(tx: &mut PgConnection, m: &Measure, value: i64, open: Open) -> Result<()> {
    let sql = "/* sample */ INSERT INTO alerts (key, severity, subject, summary, incident, value) VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (key) WHERE cleared_at IS NULL DO NOTHING";
    let text = summary(m, value, open.severity);
    let insert = sqlx::query(sql).bind(&m.key).bind(open.severity.name()).bind(&m.subject).bind(&text).bind(m.incident);
    if insert.bind(value).execute(&mut *tx).await?.rows_affected() == 0 {
        return Ok(());
    }
    line(tx, m, severity_told(m, open.severity), &text).await
}

async fn keep(tx: &mut PgConnection, row: &Row, m: &Measure, value: i64, open: Open) -> Result<()> {
    let sql = "/* sample */ UPDATE alerts SET severity = $2, value = $3, incident = $4, below_since = $5, eased_since = $6, reminded_at = $7, summary = $8
               WHERE id = $1";
    sqlx::query(sql)
        .bind(row.id)
        .bind(open.severity.name())
        .bind(value)
        .bind(m.incident)
        .bind(open.below_since)
        .bind(open.eased_since)
        .bind(open.told_at)
        .bind(summary(m, value, open.severity))
        .execute(tx)
        .await?;
    Ok(())
}

async fn close(tx: &mut PgConnection, row: &Row, m: &Measure, why: &str) -> Result<()> {
    sqlx::query("/* sample */ UPDATE alerts SET cleared_at = now() WHERE id = $1")
        .bind(row.id)
        .execute(&mut *tx)
        .await?;
    line(tx, m, "info", &format!("cleared: {why}")).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Thresholds =
        Thresholds { depth_warning: 500, depth_critical: 2000, total_critical: 5000, oldest_warning_s: 300 };

    fn lane(depth: i64, oldest_s: i64, stopped: bool) -> LaneFacts {
        LaneFacts { lane: "hunter".into(), depth, oldest_s, stopped }
    }

    fn raised(facts: &[LaneFacts]) -> Vec<(String, Severity)> {
        let severity = |m: Measure| m.value.and_then(|v| m.levels.severity(v)).map(|severity| (m.key, severity));
        measures(facts, &T).into_iter().filter_map(severity).collect()
    }

    #[test]
    fn thresholds_are_strict_and_the_worst_severity_speaks() {
        assert!(raised(&[lane(500, 300, false)]).is_empty());
        assert_eq!(
            raised(&[lane(501, 301, false)]),
            [("depth/hunter".into(), Severity::Warning), ("oldest/hunter".into(), Severity::Warning)]
        );
        assert_eq!(raised(&[lane(2001, 0, false)]), [("depth/hunter".into(), Severity::Critical)]);
        assert_eq!(raised(&[lane(3000, 0, false), lane(2001, 0, false)]).len(), 3);
    }

    #[test]
    fn a_parked_lane_is_not_slow_and_its_size_belongs_to_the_incident() {
        let all = measures(&[lane(8412, 9000, true)], &T);
        assert!(all[0].incident);
        assert_eq!(all[1].value, None);
        assert_eq!(severity_told(&all[0], Severity::Critical), "info");
    }
}
