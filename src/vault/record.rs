//! Each step of a credential leaves its line on the timeline and its row in the audit log, in the transaction that makes it true.

use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::database::Result;

/// Who does it.
#[derive(Debug, Clone)]
pub struct Who<'a> {
    /// Name on the timeline.
    pub name: &'a str,
    /// `host:pid`.
    pub node: &'a str,
    /// Through which door.
    pub door: &'a str,
    /// What is claimed of the person.
    pub claimed: Value,
}

impl<'a> Who<'a> {
    /// The program by itself, on this node.
    pub fn house(node: &'a str) -> Who<'a> {
        Who { name: "switchboard", node, door: "switchboard", claimed: json!({}) }
    }
}

/// What happened.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// Slot.
    pub slot: &'a str,
    /// As the audit log names it: `credentials rollback`.
    pub verb: &'a str,
    /// `info`, `warning` or `critical`.
    pub severity: &'a str,
    /// What happened, in one sentence without a secret.
    pub summary: &'a str,
    /// Versions before and after, where they changed.
    pub versions: (Option<i32>, Option<i32>),
}

/// Writes both; returns the number of the audit row.
pub async fn write(tx: &mut PgConnection, who: &Who<'_>, step: Step<'_>) -> Result<i64> {
    let sql = "WITH row AS (
            INSERT INTO audit_log (claimed, node, door, verb, target, radius, before, after, request_id, result)
            VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8, 'done') RETURNING id),
        line AS (
            INSERT INTO timeline (kind, severity, subject, summary, actor, audit_id) SELECT 'credential', $9, $5, $10, $11, id FROM row)
        SELECT id FROM row";
    let label = |version: Option<i32>| version.map(|v| json!({"version": v}));
    let id = sqlx::query_scalar(sql)
        .bind(&who.claimed)
        .bind(who.node)
        .bind(who.door)
        .bind(step.verb)
        .bind(step.slot)
        .bind(label(step.versions.0))
        .bind(label(step.versions.1))
        .bind(Uuid::new_v4())
        .bind(step.severity)
        .bind(step.summary)
        .bind(who.name)
        .fetch_one(tx)
        .await?;
    Ok(id)
}

/// Raises the slot's alert, unless it is open already.
pub async fn alert(tx: &mut PgConnection, slot: &str, severity: &str, summary: &str) -> Result<()> {
    let sql = "INSERT INTO alerts (key, severity, subject, summary) VALUES ('credential/' || $1, $2, $1, $3)
               ON CONFLICT (key) WHERE cleared_at IS NULL DO UPDATE SET summary = $3, severity = $2";
    sqlx::query(sql).bind(slot).bind(severity).bind(summary).execute(tx).await?;
    Ok(())
}

/// Ends the slot's alert.
pub async fn clear(tx: &mut PgConnection, slot: &str) -> Result<()> {
    let sql = "UPDATE alerts SET cleared_at = now() WHERE key = 'credential/' || $1 AND cleared_at IS NULL";
    sqlx::query(sql).bind(slot).execute(tx).await?;
    Ok(())
}

/// `host:pid` of this process.
pub fn node_here() -> String {
    let host = nix::unistd::gethostname().map_or_else(|_| "localhost".into(), |h| h.to_string_lossy().into_owned());
    format!("{host}:{}", std::process::id())
}
