//! Nodes and the leader.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::database::{Db, Result};

/// One joining of a process, present or of the last hour.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct NodeView {
    /// `host:pid`.
    pub node: String,
    /// The number that fences its leases.
    pub epoch: i64,
    /// `console`, `worker`, `serve` or `demo`.
    pub kind: String,
    /// Program's version.
    pub version: String,
    /// `live`, `draining`, `left` or `lost`.
    pub state: String,
    /// Seconds since its last heartbeat, by the database's clock.
    pub heartbeat_age_s: f64,
    /// Whether it runs jobs.
    pub runs_jobs: bool,
    /// Jobs in its hands at the last heartbeat.
    pub in_flight: i32,
    /// Jobs that it would run at once.
    pub capacity: i32,
    /// When it joined.
    pub started_at: DateTime<Utc>,
    /// What a person wants of it: `quiet` or `drain`.
    pub wish: Option<String>,
}

/// Who folds, samples and reaps.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct LeaderView {
    /// Its node.
    pub node: String,
    /// Whether its term still runs; false: no leader since `until`.
    pub present: bool,
    /// End of its term.
    pub until: DateTime<Utc>,
}

/// Present nodes, and those that ended within the last hour; at most 500.
pub async fn nodes(db: &Db) -> Result<Vec<NodeView>> {
    let sql =
        "SELECT node, epoch, kind, version, state, extract(epoch FROM now() - heartbeat_at)::float8 AS heartbeat_age_s,
                      runs_jobs, in_flight, capacity, started_at, (SELECT w.wish FROM node_wishes w WHERE w.epoch = nodes.epoch) AS wish
               FROM nodes WHERE state IN ('live', 'draining') OR ended_at > now() - interval '1 hour'
               ORDER BY (state IN ('live', 'draining')) DESC, epoch DESC LIMIT 500";
    Ok(sqlx::query_as(sql).fetch_all(db.pool()).await?)
}

/// The leader, if there ever was one.
pub async fn leader(db: &Db) -> Result<Option<LeaderView>> {
    Ok(sqlx::query_as("SELECT node, until > now() AS present, until FROM leader").fetch_optional(db.pool()).await?)
}
