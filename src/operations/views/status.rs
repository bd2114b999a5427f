//! The whole in one answer: what `status --json` prints and the Overview stands on.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{AlertView, BreakerView, LaneView, LeaderView, NodeView};
use crate::database::{Db, Result};

/// Contacts by status; exact, without counting them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct ContactCounts {
    /// No worker holds it.
    pub pending: i64,
    /// Claimed.
    pub processing: i64,
    /// Twilio answered.
    pub completed: i64,
    /// Ended for a stated reason.
    pub failed: i64,
}

impl ContactCounts {
    /// All contacts.
    pub fn total(&self) -> i64 {
        self.pending + self.processing + self.completed + self.failed
    }
}

/// Which database this is: the same for every console on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct EnvironmentView {
    /// Its name.
    pub name: String,
    /// Whether it is the production environment.
    pub production: bool,
}

/// What the day (UTC) brought, beside what it cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Today {
    /// Questions that the cache answered instead of a call.
    pub cached: i64,
    /// When the oldest of the current credentials was activated; none where all are given by environments.
    pub oldest_credential: Option<DateTime<Utc>>,
}

/// Everything at one glance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// Contacts by status.
    pub contacts: ContactCounts,
    /// Lanes by name.
    pub lanes: Vec<LaneView>,
    /// Breakers, the worst first.
    pub breakers: Vec<BreakerView>,
    /// Nodes.
    pub nodes: Vec<NodeView>,
    /// Open alerts.
    pub alerts: Vec<AlertView>,
    /// Who leads.
    pub leader: Option<LeaderView>,
    /// Spent today (UTC), in USD.
    pub cost_today: f64,
    /// What else the day brought; none of the past.
    pub today: Option<Today>,
    /// Which database this is.
    pub environment: EnvironmentView,
}

/// Contacts by status.
pub async fn contact_counts(db: &Db) -> Result<ContactCounts> {
    let sql = "SELECT (t.pending + coalesce(sum(d.pending), 0))::bigint AS pending,
                      (t.processing + coalesce(sum(d.processing), 0))::bigint AS processing,
                      (t.completed + coalesce(sum(d.completed), 0))::bigint AS completed,
                      (t.failed + coalesce(sum(d.failed), 0))::bigint AS failed
               FROM contact_totals t LEFT JOIN contact_deltas d ON true
               GROUP BY t.pending, t.processing, t.completed, t.failed";
    Ok(sqlx::query_as(sql).fetch_one(db.pool()).await?)
}

/// Everything at one glance.
pub async fn status(db: &Db) -> Result<Status> {
    let day =
        "SELECT coalesce(sum(cost), 0)::float8, coalesce(sum(cached) FILTER (WHERE operation = 'call'), 0)::bigint,
                      (SELECT min(activated_at) FROM credentials WHERE state = 'current')
               FROM usage WHERE hour >= date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'";
    let (cost_today, cached, oldest_credential) = sqlx::query_as(day).fetch_one(db.pool()).await?;
    Ok(Status {
        contacts: contact_counts(db).await?,
        lanes: super::lanes(db).await?,
        breakers: super::breakers(db).await?,
        nodes: super::nodes(db).await?,
        alerts: super::alerts(db).await?,
        leader: super::leader(db).await?,
        cost_today,
        today: Some(Today { cached, oldest_credential }),
        environment: sqlx::query_as("SELECT name, production FROM environment").fetch_one(db.pool()).await?,
    })
}
