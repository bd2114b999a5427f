//! The rows of lanes: made from the catalogue, paused by people, parked by causes, announced to the fleet.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::catalogue;
use crate::database::{Db, Result};

/// Channel on which changes of lanes are announced.
pub const CHANNEL: &str = "switchboard_lanes";
/// Channel on which new work is announced; the payload is the lane. A hint only.
pub const WORK: &str = "switchboard_work";

/// What a worker must know of a lane before it claims.
#[derive(Debug, Clone, Default, PartialEq, sqlx::FromRow)]
pub struct Switch {
    /// Lane.
    pub lane: String,
    /// Paused by a person.
    pub paused: bool,
    /// Parked by this cause (not by its breaker).
    pub parked_reason: Option<String>,
    /// Operator's limit of jobs at once in the fleet.
    pub concurrency: Option<i32>,
    /// The same on one node.
    pub node_concurrency: Option<i32>,
    /// Operator's limit of calls a second in the fleet.
    pub rate: Option<f64>,
    /// Operator's limit of USD a day.
    pub budget_usd: Option<f64>,
}

/// Makes the rows of lanes and breakers that are missing; what exists stays.
pub async fn seed(db: &Db) -> Result<()> {
    let lanes: Vec<&str> = catalogue::lanes().collect();
    // Who may only read finds all of it there, and writes nothing.
    let whole = "SELECT (SELECT count(*) FROM lanes WHERE lane = ANY($1)) = cardinality($1)
                    AND (SELECT count(*) FROM breakers WHERE name = ANY($2)) = cardinality($2)";
    let breakers: Vec<&str> = catalogue::PROVIDERS.iter().filter_map(|p| p.breaker).collect();
    if sqlx::query_scalar(whole).bind(&lanes).bind(breakers).fetch_one(db.pool()).await? {
        return Ok(());
    }
    sqlx::query("INSERT INTO lanes (lane) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING")
        .bind(lanes)
        .execute(db.pool())
        .await?;
    let (mut names, mut of_lane) = (Vec::new(), Vec::new());
    for provider in catalogue::PROVIDERS {
        if let Some(breaker) = provider.breaker {
            names.push(breaker);
            of_lane.push(provider.has_lane.then_some(provider.id));
        }
    }
    sqlx::query(
        "INSERT INTO breakers (name, lane) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING",
    )
    .bind(names)
    .bind(of_lane)
    .execute(db.pool())
    .await?;
    Ok(())
}

/// All switches by lane.
pub async fn switches(db: &Db) -> Result<BTreeMap<String, Switch>> {
    let sql = "SELECT lane, paused, parked_reason, concurrency, node_concurrency, rate, budget_usd FROM lanes";
    let rows: Vec<Switch> = sqlx::query_as(sql).fetch_all(db.pool()).await?;
    Ok(rows.into_iter().map(|s| (s.lane.clone(), s)).collect())
}

/// Tells the fleet that a lane's row changed.
pub async fn announce(tx: &mut PgConnection) -> Result<()> {
    sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(tx).await?;
    Ok(())
}

/// Why a lane is parked, in a word (`credential`, `no_credential`, `budget`, `configuration`) and in words.
#[derive(Debug, Clone, Copy)]
pub struct Cause<'a> {
    /// A word.
    pub reason: &'a str,
    /// In words.
    pub detail: &'a str,
    /// When it ends by itself; none: with its cause.
    pub until: Option<DateTime<Utc>>,
}

/// Parks a lane, with its timeline line; says whether it was not parked before.
pub async fn park(tx: &mut PgConnection, lane: &str, cause: Cause<'_>) -> Result<bool> {
    let Cause { reason, detail, until } = cause;
    let sql = "UPDATE lanes SET parked_reason = $2, parked_at = now(), parked_detail = $3, parked_until = $4 WHERE lane = $1 AND parked_reason IS NULL";
    let parked = sqlx::query(sql).bind(lane).bind(reason).bind(detail).bind(until).execute(&mut *tx).await?;
    if parked.rows_affected() == 0 {
        return Ok(false);
    }
    let line = "INSERT INTO timeline (kind, severity, subject, summary, actor) VALUES ('lane', 'critical', $1, $2, 'switchboard')";
    let until = until.map_or_else(String::new, |until| format!(" until {}", until.format("%Y-%m-%d %H:%M:%SZ")));
    let summary = format!("parked ({reason}){until}: {detail}");
    sqlx::query(line).bind(lane).bind(summary).execute(&mut *tx).await?;
    announce(tx).await?;
    Ok(true)
}

/// Parks a lane for what node `epoch` found. A refused credential is that node's own: it serves the lane no longer, and the
/// lane is parked when no other node is left that does.
pub async fn park_for(tx: &mut PgConnection, (lane, epoch): (&str, i64), cause: Cause<'_>) -> Result<()> {
    if cause.reason == "credential" {
        let sql = "UPDATE nodes SET serves = array_remove(serves, $1) WHERE epoch = $2";
        sqlx::query(sql).bind(lane).bind(epoch).execute(&mut *tx).await?;
        let others = "SELECT EXISTS (SELECT FROM nodes WHERE state = 'live' AND runs_jobs AND $1 = ANY(serves))";
        if sqlx::query_scalar(others).bind(lane).fetch_one(&mut *tx).await? {
            return Ok(());
        }
    }
    park(tx, lane, cause).await?;
    Ok(())
}

/// Ends every parking whose time has come; says which lanes are free again.
pub async fn unpark_due(db: &Db) -> Result<Vec<String>> {
    let sql = "/* sample */ WITH freed AS (
            UPDATE lanes SET parked_reason = NULL, parked_at = NULL, parked_detail = NULL, parked_until = NULL
            WHERE parked_until <= now() RETURNING lane),
        line AS (INSERT INTO timeline (kind, subject, summary, actor) SELECT 'lane', lane, 'no longer parked: a new day', 'switchboard' FROM freed)
        SELECT lane FROM freed";
    let freed: Vec<String> = sqlx::query_scalar(sql).fetch_all(db.pool()).await?;
    if !freed.is_empty() {
        sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(db.pool()).await?;
    }
    Ok(freed)
}

/// Ends the parking of a lane for one of `reasons`, with its timeline line.
pub async fn unpark(tx: &mut PgConnection, lane: &str, reasons: &[&str]) -> Result<bool> {
    let sql = "UPDATE lanes SET parked_reason = NULL, parked_at = NULL, parked_detail = NULL, parked_until = NULL WHERE lane = $1 AND parked_reason = ANY($2)";
    if sqlx::query(sql).bind(lane).bind(reasons).execute(&mut *tx).await?.rows_affected() == 0 {
        return Ok(false);
    }
    let line =
        "INSERT INTO timeline (kind, subject, summary, actor) VALUES ('lane', $1, 'no longer parked', 'switchboard')";
    sqlx::query(line).bind(lane).execute(&mut *tx).await?;
    announce(tx).await?;
    Ok(true)
}
