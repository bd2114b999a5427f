//! How far a bulk action is, kept in the database: a process that dies in the middle of one leaves a row that stands still,
//! and whoever leads writes how it ended.

use std::time::Duration;

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::draft::Refusal;
use super::super::record::{self, Row};
use super::super::{Action, Actor, Plan};
use super::whole;
use crate::database::Db;

/// A batch takes seconds at most; what has not moved for so long has no process any more, or one that may not go on.
const STANDS_STILL: Duration = Duration::from_secs(60);

/// Closed by one round of a leader; the rest has its turn in the next.
const ROUND_MAX: i64 = 20;

/// Notes that it has begun.
pub(super) async fn open(tx: &mut PgConnection, batch: Uuid, plan: &Plan, actor: &Actor) -> Result<(), Refusal> {
    let action = serde_json::to_value(&plan.action).map_err(|e| Refusal::Impossible(e.to_string()))?;
    let sql = "INSERT INTO bulk_works (request_id, action, things, reason, twin, name, claimed, node, door)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let query = sqlx::query(sql).bind(batch).bind(action).bind(plan.things).bind(&plan.reason).bind(&plan.twin);
    query.bind(&actor.name).bind(&actor.claimed).bind(&actor.node).bind(actor.door).execute(tx).await?;
    Ok(())
}

/// Notes that so many more rows were changed; false where it was closed by another: then this batch may not commit.
pub(super) async fn moved(tx: &mut PgConnection, batch: Uuid, rows: i64) -> Result<bool, Refusal> {
    let sql = "UPDATE bulk_works SET changed = changed + $2, moved_at = clock_timestamp() WHERE request_id = $1";
    Ok(sqlx::query(sql).bind(batch).bind(rows).execute(tx).await?.rows_affected() > 0)
}

/// Notes that it has ended; false where another did so before.
pub(super) async fn close(tx: &mut PgConnection, batch: Uuid) -> Result<bool, Refusal> {
    let sql = "DELETE FROM bulk_works WHERE request_id = $1";
    Ok(sqlx::query(sql).bind(batch).execute(tx).await?.rows_affected() > 0)
}

/// Said by a process that stood still for too long.
pub(super) fn closed() -> Refusal {
    let words = "stopped: it stood still for so long that the fleet took its process for gone; what was done stays, `audit` says how far it came";
    Refusal::Impossible(words.into())
}

#[derive(sqlx::FromRow)]
struct Left {
    request_id: Uuid,
    action: Value,
    things: i64,
    changed: i64,
    reason: Option<String>,
    twin: String,
    name: String,
    claimed: Value,
    node: String,
    door: String,
}

/// Ends what was left behind, in the audit log and on the timeline; what was done stays and can be taken back as ever. Says
/// how many.
pub async fn close_left(db: &Db) -> Result<usize, Refusal> {
    let mut tx = db.begin().await?;
    let sql =
        "/* sample */ SELECT request_id, action, things, changed, reason, twin, name, claimed, node, door FROM bulk_works
               WHERE moved_at < now() - make_interval(secs => $1) ORDER BY moved_at LIMIT $2 FOR UPDATE SKIP LOCKED";
    let query = sqlx::query_as::<_, Left>(sql).bind(STANDS_STILL.as_secs_f64()).bind(ROUND_MAX);
    let left = query.fetch_all(&mut *tx).await?;
    for one in &left {
        let Ok(action) = serde_json::from_value::<Action>(one.action.clone()) else {
            tracing::warn!(request = %one.request_id, "a bulk action of another version was left behind");
            continue;
        };
        close(&mut tx, one.request_id).await?;
        let mut done = whole(&action, one.request_id, one.changed);
        let result = format!("its {} went away after {} of {} rows", one.door, one.changed, one.things);
        done.summary = format!("{}: {result}", done.summary);
        let actor = Actor {
            name: one.name.clone(),
            claimed: one.claimed.clone(),
            node: one.node.clone(),
            ..Actor::here("fleet")
        };
        let row = Row {
            reason: one.reason.as_deref(),
            request: one.request_id,
            result: &result,
            ..Row::plain(&action, &one.twin)
        };
        record::write_row(&mut tx, row, &actor, &done).await?;
    }
    tx.commit().await?;
    Ok(left.len())
}
