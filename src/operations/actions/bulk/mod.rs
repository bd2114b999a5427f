//! Actions of many rows in batches: each batch a transaction of its own, with a pause behind it, so that workers and people
//! are not kept waiting; how far it is can be told, and it can be ended between two batches. One audit row when it is
//! accepted, one when it has ended.

mod ledger;

use std::borrow::Cow;
use std::time::Duration;

use serde_json::json;
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::draft::{Done, Inverse, Part, Reach, Refusal};
use super::record::{self, Receipt, Row};
use super::{Action, Actor, Confirmed, Plan, contacts, enrich, jobs, refused, seconds};
use crate::database::Db;

pub use ledger::close_left;

/// Rows of one batch.
pub const BATCH: i64 = 2_000;
/// Between two batches.
const PAUSE: Duration = Duration::from_millis(50);

/// Who is told how far it is, and who may end it.
pub struct Watch<'a> {
    /// Called with the rows that were changed so far.
    pub progress: &'a mut (dyn FnMut(i64) + Send),
    /// Cancelled: no further batch.
    pub stop: &'a CancellationToken,
}

/// Whether it is done in several batches: then it takes a while, can be watched, and can be ended between two of them.
pub fn in_batches(plan: &Plan) -> bool {
    plan.things > BATCH && in_parts(&plan.action)
}

/// Runs what was agreed to, in batches where it changes more rows than one holds. Nothing happens if what it touches has
/// drifted by more than 1 % since it was shown. Ended early, what was done stays, and is told.
pub async fn run_bulk(db: &Db, confirmed: Confirmed, actor: &Actor, watch: Watch<'_>) -> Result<Receipt, Refusal> {
    let plan = confirmed.plan();
    if !in_batches(plan) {
        return record::run(db, confirmed, actor).await;
    }
    let batch = Uuid::new_v4();
    let actor = &*match accept(db, plan, batch, actor).await {
        Ok(actor) => actor,
        Err(refusal) => {
            refused::told(db, Row::of(plan), actor, &refusal).await;
            return Err(refusal);
        }
    };
    let ended = batches(db, plan, batch, watch).await;
    let so_far = |done: &Done| format!("after {} of {} rows", done.changed, plan.things);
    let (done, result) = match ended {
        Ok((done, true)) => (done, "done".to_owned()),
        Ok((done, false)) => {
            let result = format!("stopped {}", so_far(&done));
            (done, result)
        }
        Err((done, refusal)) => {
            let result = format!("broke off {}: {refusal}", so_far(&done));
            (done, result)
        }
    };
    let row = Row { request: batch, result: &result, ..Row::of(plan) };
    let mut tx = db.begin().await?;
    if !ledger::close(&mut tx, batch).await? {
        return Err(ledger::closed());
    }
    let audit_id = record::write_row(&mut tx, row, actor, &done).await?;
    tx.commit().await?;
    let (changed, undoable) = (done.changed, done.inverse.is_some());
    if result != "done" {
        let undo = if undoable { format!("; undo {audit_id} takes it back") } else { String::new() };
        return Err(Refusal::Impossible(format!("{result}{undo}")));
    }
    Ok(Receipt { audit_id, changed, summary: done.summary, undoable, twin: plan.twin.clone() })
}

/// Writes that it begins, if it is still what was agreed to.
async fn accept<'a>(db: &Db, plan: &Plan, batch: Uuid, actor: &'a Actor) -> Result<Cow<'a, Actor>, Refusal> {
    record::check_drift(plan, count(db, plan).await?)?;
    let row = Row { request: batch, result: "accepted", ..Row::of(plan) };
    let mut tx = db.begin().await?;
    let actor = seconds::named(&mut tx, plan, actor).await?;
    record::write_row(&mut tx, row, &actor, &accepted(plan)).await?;
    ledger::open(&mut tx, batch, plan, &actor).await?;
    tx.commit().await?;
    Ok(actor)
}

/// Whether an action can be done a part at a time.
fn in_parts(action: &Action) -> bool {
    use Action::{CancelJobs, DiscardJobs, Enrich, LookUp, ReprioritiseJobs, RetryJobs};
    matches!(
        action,
        RetryJobs { .. } | CancelJobs { .. } | DiscardJobs { .. } | ReprioritiseJobs { .. } | LookUp(_) | Enrich(_)
    )
}

/// What is written down before the first batch.
fn accepted(plan: &Plan) -> Done {
    let summary = format!("began to {}: {} rows in batches of {BATCH}", plan.action.verb(), plan.things);
    Done { changed: plan.things, summary, before: json!(null), after: json!(null), inverse: None }
}

/// Rows that match now, up to the highest that was counted.
async fn count(db: &Db, plan: &Plan) -> Result<i64, Refusal> {
    match &plan.action {
        Action::LookUp(wish) => Ok(contacts::count(db, wish, plan.bound).await?.0),
        Action::Enrich(wish) => Ok(enrich::count(db, wish, plan.bound).await?.0),
        action => jobs::count(db, action, plan.bound).await,
    }
}

/// All batches; false with what was done where it was stopped.
async fn batches(db: &Db, plan: &Plan, batch: Uuid, watch: Watch<'_>) -> Result<(Done, bool), (Done, Refusal)> {
    let mut reach = Reach { after: 0, bound: plan.bound, limit: BATCH, batch };
    let mut changed = 0;
    loop {
        if watch.stop.is_cancelled() {
            return Ok((whole(&plan.action, batch, changed), false));
        }
        match one(db, plan, reach).await {
            Ok(Part { last: None, .. }) => return Ok((whole(&plan.action, batch, changed), true)),
            Ok(Part { done, last: Some(last) }) => {
                changed += done.changed;
                reach.after = last;
                (watch.progress)(changed);
            }
            Err(refusal) => return Err((whole(&plan.action, batch, changed), refusal)),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn one(db: &Db, plan: &Plan, reach: Reach) -> Result<Part, Refusal> {
    let mut tried = 1;
    loop {
        let mut tx = db.begin().await?;
        sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *tx).await?;
        match part(&mut tx, &plan.action, reach).await {
            Ok(part) => {
                if !ledger::moved(&mut tx, reach.batch, part.done.changed).await? {
                    return Err(ledger::closed());
                }
                tx.commit().await?;
                return Ok(part);
            }
            Err(refusal) if tried < record::TRIES && record::collided(&refusal) => tried += 1,
            Err(refusal) => return Err(refusal),
        }
    }
}

async fn part(tx: &mut PgConnection, action: &Action, reach: Reach) -> Result<Part, Refusal> {
    match action {
        Action::LookUp(wish) => contacts::part(tx, wish, reach).await,
        Action::Enrich(wish) => enrich::part(tx, wish, reach).await,
        action => jobs::part(tx, action, reach).await,
    }
}

/// All batches as one.
fn whole(action: &Action, batch: Uuid, changed: i64) -> Done {
    let taken_out = matches!(action, Action::CancelJobs { .. } | Action::DiscardJobs { .. });
    let inverse = (taken_out && changed > 0)
        .then(|| Inverse { action: Action::RestoreJobs { batch }, expects: json!({"trash": changed}) });
    let summary = format!("{}: {changed} rows of {}", action.verb(), action.target());
    Done { changed, summary, before: json!(null), after: json!({"batch": batch, "rows": changed}), inverse }
}
