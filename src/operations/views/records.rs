//! Timeline, audit log and alerts.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::database::{Db, Result};

/// One line of the timeline.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct TimelineRow {
    /// Number, growing with time.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// `breaker`, `person`, `node`, `alert`, `lane`, `import`.
    pub kind: String,
    /// `info`, `warning` or `critical`.
    pub severity: String,
    /// What it is about: a breaker, a lane, a node.
    pub subject: String,
    /// What happened, in words.
    pub summary: String,
    /// `switchboard` or a person.
    pub actor: String,
    /// The audit row behind it, if a person acted.
    pub audit_id: Option<i64>,
}

/// One row of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct AuditRow {
    /// Number, which `undo` takes.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Database login, which the server vouches for.
    pub login: String,
    /// Operating-system user, SSH address and host, as claimed.
    pub claimed: serde_json::Value,
    /// What was done.
    pub verb: String,
    /// To what.
    pub target: String,
    /// How many rows it changed.
    pub radius: i64,
    /// Why.
    pub reason: Option<String>,
    /// `done` or why it was refused.
    pub result: String,
    /// The command that does the same, where there is one.
    pub twin: Option<String>,
}

/// One open alert.
#[derive(Debug, Clone, Default, PartialEq, Serialize, sqlx::FromRow)]
pub struct AlertView {
    /// Number, which `alerts ack` takes.
    pub id: i64,
    /// What `alerts silence` takes: `depth/twilio`.
    pub key: String,
    /// `warning` or `critical`.
    pub severity: String,
    /// Lane, breaker or `total`.
    pub subject: String,
    /// What is over which threshold.
    pub summary: String,
    /// Whether it is filed under an incident and notifies nobody a second time.
    pub incident: bool,
    /// Since when.
    pub raised_at: DateTime<Utc>,
    /// Who looks after it.
    pub acked_by: Option<String>,
    /// Until when nobody wants to be told of it.
    pub silenced_until: Option<DateTime<Utc>>,
}

/// The newest `limit` (at most 1,000) lines older than `before` (all, if none), newest first.
pub async fn timeline(db: &Db, before: Option<i64>, limit: i64) -> Result<Vec<TimelineRow>> {
    let sql = "SELECT id, at, kind, severity, subject, summary, actor, audit_id FROM timeline
               WHERE ($1::bigint IS NULL OR id < $1) ORDER BY id DESC LIMIT least($2, 1000)";
    Ok(sqlx::query_as(sql).bind(before).bind(limit).fetch_all(db.pool()).await?)
}

/// The newest `limit` (at most 1,000) audit rows older than `before`, newest first.
pub async fn audit(db: &Db, before: Option<i64>, limit: i64) -> Result<Vec<AuditRow>> {
    let sql = "SELECT id, at, login, claimed, verb, target, radius, reason, result, twin FROM audit_log
               WHERE ($1::bigint IS NULL OR id < $1) ORDER BY id DESC LIMIT least($2, 1000)";
    Ok(sqlx::query_as(sql).bind(before).bind(limit).fetch_all(db.pool()).await?)
}

/// Open alerts, critical ones first; at most 200.
pub async fn alerts(db: &Db) -> Result<Vec<AlertView>> {
    let sql = "SELECT a.id, a.key, a.severity, a.subject, a.summary, a.incident, a.raised_at, a.acked_by, s.until AS silenced_until
               FROM alerts a LEFT JOIN alert_silences s ON s.key = a.key AND s.until > now() WHERE a.cleared_at IS NULL
               ORDER BY (a.severity = 'critical') DESC, a.raised_at LIMIT 200";
    Ok(sqlx::query_as(sql).fetch_all(db.pool()).await?)
}
