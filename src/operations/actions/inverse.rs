//! The inverse of an audited action: an action of its own, with the state that it expects to find.

use serde_json::Value;
use sqlx::PgConnection;

use super::draft::{Inverse, Refusal};
use super::{Action, Schedule, alerts, breakers, cards, credentials, jobs, lanes, merges, nodes, schedules};
use crate::database::Db;

/// Reads what takes an audit row back.
pub async fn stored(db: &Db, audit_id: i64) -> Result<Inverse, Refusal> {
    let row: Option<(Option<Value>,)> = sqlx::query_as(
        "SELECT CASE WHEN NOT EXISTS (SELECT FROM audit_log WHERE undoes = $1) THEN inverse END FROM audit_log WHERE id = $1",
    )
        .bind(audit_id)
        .fetch_optional(db.pool())
        .await?;
    let stored = match row {
        None => {
            return Err(Refusal::Impossible(format!(
                "there is no audit row {audit_id}; `switchboard audit` lists them"
            )));
        }
        Some((None,)) => {
            return Err(Refusal::Impossible(format!(
                "audit row {audit_id} has nothing to take back, or was taken back already"
            )));
        }
        Some((Some(value),)) => value,
    };
    serde_json::from_value(stored).map_err(|_| {
        Refusal::Impossible(format!("the inverse of audit row {audit_id} was written by another version; act by hand"))
    })
}

/// Checks that what the first action left is still so.
pub async fn check(tx: &mut PgConnection, inverse: &Inverse) -> Result<(), Refusal> {
    let now = match &inverse.action {
        Action::PauseLane { lane, .. }
        | Action::ResumeLane { lane }
        | Action::ScaleLane { lane, .. }
        | Action::RateLane { lane, .. }
        | Action::BudgetLane { lane, .. }
        | Action::BatchLane { lane, .. } => lanes::state(tx, lane).await?,
        Action::RestoreLanes { lanes: former } => lanes::states(tx, former).await?,
        Action::QuietNode { node, .. } | Action::WakeNode { node } | Action::DrainNode { node, .. } => {
            nodes::state(tx, node).await?
        }
        Action::RestoreJobs { batch } => jobs::state(tx, *batch).await?,
        Action::RestoreJob { job, .. } => jobs::terms(tx, *job).await?,
        Action::AckAlert { .. } | Action::SilenceAlert { .. } => alerts::state(tx, &inverse.action).await?,
        Action::AddSchedule(Schedule { name, .. })
        | Action::RemoveSchedule { name }
        | Action::PauseSchedule { name, .. } => schedules::state(tx, name).await?,
        Action::ResetBreaker { name, .. }
        | Action::HoldBreakerOpen { name, .. }
        | Action::HoldBreakerClosed { name, .. }
        | Action::ReleaseBreaker { name } => breakers::state(tx, name).await?,
        Action::ActivateCredential { slot, .. }
        | Action::RollBackCredential { slot }
        | Action::RetireCredential { slot, .. } => credentials::state(tx, slot).await?,
        Action::SetContact { contact, fields } => cards::state(tx, *contact, fields).await?,
        Action::Unmerge { merge } => merges::state(tx, *merge).await?,
        Action::RetryJobs { .. }
        | Action::CancelJobs { .. }
        | Action::DiscardJobs { .. }
        | Action::ReprioritiseJobs { .. }
        | Action::RestorePriorities { .. }
        | Action::EditJob { .. }
        | Action::RunStep(_)
        | Action::LookUp(_)
        | Action::Enrich(_)
        | Action::Merge { .. }
        | Action::AnswerSecond { .. }
        | Action::RequireSecond { .. } => inverse.expects.clone(),
    };
    if !holds(&inverse.expects, &now) {
        return Err(Refusal::Impossible(format!(
            "{} has changed since; nothing was taken back",
            inverse.action.target()
        )));
    }
    Ok(())
}

/// Whether all that is expected is so. What a later version tells beside it does not matter.
fn holds(expected: &Value, now: &Value) -> bool {
    match (expected, now) {
        (Value::Object(expected), Value::Object(now)) => {
            expected.iter().all(|(name, value)| now.get(name).is_some_and(|now| holds(value, now)))
        }
        _ => expected == now,
    }
}
