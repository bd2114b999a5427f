//! Alerts at thresholds, with hysteresis: raised once, cleared below 80 % for 30 s, each on the timeline.
//!
//! A parked lane's size alert is filed under its incident; a parked or paused lane has no latency alert: it is not slow.

use crate::database::{Db, Result};

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

/// One measure against its threshold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// Names the alert: `depth/twilio`.
    pub key: String,
    /// Lane or `total`.
    pub subject: String,
    /// `warning` or `critical`.
    pub severity: &'static str,
    /// Measured value.
    pub value: i64,
    /// Threshold.
    pub threshold: i64,
    /// What it is about, in words.
    pub what: &'static str,
    /// Whether an incident covers it.
    pub incident: bool,
}

impl Measure {
    fn raises(&self) -> bool {
        self.value > self.threshold
    }

    /// Below 80 %: quiet enough to clear, if it stays so.
    fn clears(&self) -> bool {
        self.value * 5 < self.threshold * 4
    }
}

/// What one lane shows.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct LaneFacts {
    /// Lane.
    pub lane: String,
    /// Waiting jobs.
    pub depth: i64,
    /// Age of the oldest runnable job.
    pub oldest_s: i64,
    /// Parked or paused.
    pub stopped: bool,
}

/// All measures of the lanes: one severity a lane, the worst.
pub fn measures(lanes: &[LaneFacts], t: &Thresholds) -> Vec<Measure> {
    let mut out = Vec::new();
    for lane in lanes {
        let critical = lane.depth > t.depth_critical;
        let (severity, threshold) =
            if critical { ("critical", t.depth_critical) } else { ("warning", t.depth_warning) };
        let measure = |key: &str, severity, value, threshold, what| Measure {
            key: format!("{key}/{}", lane.lane),
            subject: lane.lane.clone(),
            severity,
            value,
            threshold,
            what,
            incident: lane.stopped,
        };
        out.push(measure("depth", severity, lane.depth, threshold, "jobs wait"));
        if !lane.stopped {
            out.push(measure(
                "oldest",
                "warning",
                lane.oldest_s,
                t.oldest_warning_s,
                "seconds is the age of the oldest job",
            ));
        }
    }
    out.push(Measure {
        key: "depth/total".into(),
        subject: "total".into(),
        severity: "critical",
        value: lanes.iter().map(|l| l.depth).sum(),
        threshold: t.total_critical,
        what: "jobs wait in all lanes",
        incident: false,
    });
    out
}

/// Raises and clears by what the lanes show now.
pub async fn judge(db: &Db, thresholds: &Thresholds) -> Result<()> {
    let sql = "/* sample */ SELECT DISTINCT ON (lane) lane, waiting AS depth, coalesce(oldest_s, 0)::bigint AS oldest_s, lane_state IN ('parked', 'paused') AS stopped
               FROM samples WHERE at > now() - interval '30 s' ORDER BY lane, at DESC";
    let lanes: Vec<LaneFacts> = sqlx::query_as(sql).fetch_all(db.pool()).await?;
    let open: Vec<String> =
        sqlx::query_scalar("/* sample */ SELECT key FROM alerts WHERE cleared_at IS NULL").fetch_all(db.pool()).await?;
    for measure in measures(&lanes, thresholds) {
        let is_open = open.contains(&measure.key);
        if measure.raises() && !is_open {
            raise(db, &measure).await?;
        } else if is_open {
            settle(db, &measure).await?;
        }
    }
    let gone: Vec<String> = lanes.iter().filter(|l| l.stopped).map(|l| format!("oldest/{}", l.lane)).collect();
    sqlx::query("/* sample */ UPDATE alerts SET cleared_at = now() WHERE cleared_at IS NULL AND key = ANY($1)")
        .bind(gone)
        .execute(db.pool())
        .await?;
    Ok(())
}

fn summary(m: &Measure) -> String {
    format!("{} {}, over {}", m.value, m.what, m.threshold)
}

async fn raise(db: &Db, m: &Measure) -> Result<()> {
    let sql = "WITH a AS (INSERT INTO alerts (key, severity, subject, summary, incident) VALUES ($1, $2, $3, $4, $5)
                          ON CONFLICT (key) WHERE cleared_at IS NULL DO NOTHING RETURNING 1)
               INSERT INTO timeline (kind, severity, subject, summary, actor) SELECT 'alert', $2, $3, $4, 'switchboard' FROM a";
    let insert = sqlx::query(sql).bind(&m.key).bind(m.severity).bind(&m.subject).bind(summary(m)).bind(m.incident);
    insert.execute(db.pool()).await?;
    Ok(())
}

/// An open alert: it says what is measured now, and ends when it has been quiet for 30 s.
async fn settle(db: &Db, m: &Measure) -> Result<()> {
    if !m.clears() {
        let sql = "/* sample */ UPDATE alerts SET below_since = NULL, incident = $2, summary = CASE WHEN $4 THEN $5 ELSE summary END,
                       severity = CASE WHEN $4 AND $3 = 'critical' THEN 'critical' ELSE severity END
                   WHERE key = $1 AND cleared_at IS NULL";
        let update = sqlx::query(sql).bind(&m.key).bind(m.incident).bind(m.severity).bind(m.raises()).bind(summary(m));
        update.execute(db.pool()).await?;
        return Ok(());
    }
    let sql = "/* sample */ WITH seen AS (
            UPDATE alerts SET below_since = coalesce(below_since, now()),
                   cleared_at = CASE WHEN below_since <= now() - interval '30 s' THEN now() END
            WHERE key = $1 AND cleared_at IS NULL RETURNING subject, cleared_at)
        INSERT INTO timeline (kind, subject, summary, actor)
        SELECT 'alert', subject, 'cleared: ' || $2, 'switchboard' FROM seen WHERE cleared_at IS NOT NULL";
    let now = format!("{} {}", m.value, m.what);
    sqlx::query(sql).bind(&m.key).bind(now).execute(db.pool()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Thresholds =
        Thresholds { depth_warning: 500, depth_critical: 2000, total_critical: 5000, oldest_warning_s: 300 };

    fn lane(depth: i64, oldest_s: i64, stopped: bool) -> LaneFacts {
        LaneFacts { lane: "hunter".into(), depth, oldest_s, stopped }
    }

    fn raised(facts: &[LaneFacts]) -> Vec<(String, &'static str)> {
        measures(facts, &T).into_iter().filter(Measure::raises).map(|m| (m.key, m.severity)).collect()
    }

    #[test]
    fn thresholds_are_strict_and_the_worst_severity_speaks() {
        assert!(raised(&[lane(500, 300, false)]).is_empty());
        assert_eq!(
            raised(&[lane(501, 301, false)]),
            [("depth/hunter".into(), "warning"), ("oldest/hunter".into(), "warning")]
        );
        assert_eq!(raised(&[lane(2001, 0, false)]), [("depth/hunter".into(), "critical")]);
        assert_eq!(raised(&[lane(3000, 0, false), lane(2001, 0, false)]).len(), 3);
    }

    #[test]
    fn a_parked_lane_is_not_slow_and_its_size_belongs_to_the_incident() {
        let all = measures(&[lane(8412, 9000, true)], &T);
        assert!(all.iter().all(|m| !m.key.starts_with("oldest")));
        assert!(all[0].incident);
    }

    #[test]
    fn it_clears_only_below_four_fifths() {
        let at = |value| Measure { value, ..measures(&[lane(0, 0, false)], &T).remove(0) }.clears();
        assert!(!at(400));
        assert!(at(399));
    }
}
