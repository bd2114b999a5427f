//! Carrying out: the write, its audit row, its timeline line and its inverse, in one transaction.

use sqlx::PgConnection;
use uuid::Uuid;

use super::draft::{Done, Inverse, Refusal};
use super::{
    Action, Actor, Confirmed, Plan, alerts, breakers, cards, contacts, credentials, enrich, inverse, jobs, lanes,
    merges, nodes, refused, schedules, seconds, steps, twin,
};
use crate::database::{Db, Error};

/// What was done.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Receipt {
    /// Number of the audit row; `undo` takes it.
    pub audit_id: i64,
    /// Rows that were changed.
    pub changed: i64,
    /// What happened, in one sentence.
    pub summary: String,
    /// Whether `undo` can take it back.
    pub undoable: bool,
    /// The same as a command.
    pub twin: String,
}

/// Two people's actions may meet on the same rows; the one that PostgreSQL turns away is tried again.
pub(super) const TRIES: u32 = 4;

/// Runs what was agreed to. Nothing happens if what it touches has drifted by more than 1 % since it was shown; then, and
/// wherever else it is refused, the audit log tells of the refusal.
pub async fn run(db: &Db, confirmed: Confirmed, actor: &Actor) -> Result<Receipt, Refusal> {
    let plan = confirmed.plan();
    let mut tried = 1;
    loop {
        match attempt(db, plan, actor).await {
            Err(refusal) if tried < TRIES && collided(&refusal) => tried += 1,
            Err(refusal) => {
                refused::told(db, Row::of(plan), actor, &refusal).await;
                return Err(refusal);
            }
            done => return done,
        }
    }
}

async fn attempt(db: &Db, plan: &Plan, actor: &Actor) -> Result<Receipt, Refusal> {
    let mut tx = db.begin().await?;
    // Millions of rows take longer than any screen may wait.
    sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *tx).await?;
    let done = act(&mut tx, plan, actor).await?;
    check_drift(plan, done.changed)?;
    let actor = &*seconds::named(&mut tx, plan, actor).await?;
    let audit_id = write_row(&mut tx, Row::of(plan), actor, &done).await?;
    tx.commit().await?;
    Ok(Receipt {
        audit_id,
        changed: done.changed,
        summary: done.summary,
        undoable: done.inverse.is_some(),
        twin: plan.twin.clone(),
    })
}

/// Deadlock, or the same job made live by another at the same moment.
pub(super) fn collided(refusal: &Refusal) -> bool {
    let Refusal::Database(Error::Query(sqlx::Error::Database(error))) = refusal else { return false };
    matches!(error.code().as_deref(), Some("40P01" | "23505"))
}

/// Takes back an audited action, if what it changed still is as it left it.
pub async fn undo(db: &Db, audit_id: i64, actor: &Actor) -> Result<Receipt, Refusal> {
    let inverse = inverse::stored(db, audit_id).await?;
    let ended = take_back(db, audit_id, &inverse, actor).await;
    if let Err(refusal) = &ended {
        let twin = format!("{} {audit_id}", twin::UNDO);
        refused::told(db, Row::plain(&inverse.action, &twin), actor, refusal).await;
    }
    ended
}

async fn take_back(db: &Db, audit_id: i64, inverse: &Inverse, actor: &Actor) -> Result<Receipt, Refusal> {
    let mut tx = db.begin().await?;
    inverse::check(&mut tx, inverse).await?;
    let bound = i64::MAX;
    let plan = Plan { bound, ..super::plan(db, inverse.action.clone()).await? };
    let done = act(&mut tx, &plan, actor).await?;
    let twin = if plan.twin == twin::UNDO { format!("{} {audit_id}", twin::UNDO) } else { plan.twin };
    let row = Row { undoes: Some(audit_id), ..Row::plain(&plan.action, &twin) };
    let new_id = write_row(&mut tx, row, actor, &done).await?;
    tx.commit().await?;
    let summary = format!("{} (took back {audit_id})", done.summary);
    Ok(Receipt { audit_id: new_id, changed: done.changed, summary, undoable: done.inverse.is_some(), twin })
}

async fn act(tx: &mut PgConnection, plan: &Plan, actor: &Actor) -> Result<Done, Refusal> {
    match &plan.action {
        Action::PauseLane { .. }
        | Action::ResumeLane { .. }
        | Action::ScaleLane { .. }
        | Action::RateLane { .. }
        | Action::BudgetLane { .. }
        | Action::RestoreLanes { .. }
        | Action::BatchLane { .. } => lanes::act(tx, &plan.action, actor).await,
        Action::RetryJobs { .. }
        | Action::CancelJobs { .. }
        | Action::DiscardJobs { .. }
        | Action::RestoreJobs { .. }
        | Action::ReprioritiseJobs { .. }
        | Action::RestorePriorities { .. }
        | Action::EditJob { .. }
        | Action::RestoreJob { .. } => jobs::act(tx, &plan.action, plan.bound).await,
        Action::RunStep(wish) => steps::act(tx, wish).await,
        Action::QuietNode { .. } | Action::WakeNode { .. } | Action::DrainNode { .. } => {
            nodes::act(tx, &plan.action, actor).await
        }
        Action::LookUp(wish) => contacts::act(tx, wish, plan.bound).await,
        Action::Enrich(wish) => enrich::act(tx, wish, plan.bound).await,
        Action::SetContact { contact, fields } => cards::act(tx, *contact, fields).await,
        Action::Merge { primary, duplicate } => merges::act(tx, (*primary, *duplicate), actor).await,
        Action::Unmerge { merge } => merges::undo(tx, *merge).await,
        Action::AckAlert { .. } | Action::SilenceAlert { .. } => alerts::act(tx, &plan.action, actor).await,
        Action::AddSchedule(_) | Action::RemoveSchedule { .. } | Action::PauseSchedule { .. } => {
            schedules::act(tx, &plan.action, actor).await
        }
        Action::ResetBreaker { .. }
        | Action::HoldBreakerOpen { .. }
        | Action::HoldBreakerClosed { .. }
        | Action::ReleaseBreaker { .. } => breakers::act(tx, &plan.action, actor).await,
        Action::ActivateCredential { .. } | Action::RollBackCredential { .. } | Action::RetireCredential { .. } => {
            credentials::act(tx, &plan.action).await
        }
        Action::AnswerSecond { .. } | Action::RequireSecond { .. } => seconds::act(tx, &plan.action, actor).await,
    }
}

pub(super) fn check_drift(plan: &Plan, changed: i64) -> Result<(), Refusal> {
    let allowed = plan.things / 100;
    if (changed - plan.things).abs() > allowed && plan.things > 1 {
        return Err(Refusal::Drifted { shown: plan.things, now: changed });
    }
    Ok(())
}

/// Two people took the same action back at once: the index lets one of them.
fn taken_back_already(error: sqlx::Error, undoes: Option<i64>) -> Refusal {
    let first = error.as_database_error().and_then(|e| e.constraint()) == Some("audit_log_undone_once");
    match undoes.filter(|_| first) {
        Some(id) => Refusal::Impossible(format!("audit row {id} was taken back already, a moment ago")),
        None => error.into(),
    }
}

/// Which audit row is written.
pub(super) struct Row<'a> {
    pub action: &'a Action,
    /// The row that this one takes back: at most one can, and rows are never changed.
    pub undoes: Option<i64>,
    /// Why, where it was said beside the action.
    pub reason: Option<&'a str>,
    /// What belongs together has one.
    pub request: Uuid,
    /// How it ended.
    pub result: &'a str,
    /// The command that does the same.
    pub twin: &'a str,
}

impl<'a> Row<'a> {
    /// An action that is done, and takes nothing back.
    pub fn plain(action: &'a Action, twin: &'a str) -> Row<'a> {
        Row { action, undoes: None, reason: None, request: Uuid::new_v4(), result: "done", twin }
    }

    /// What was planned, and is done.
    pub fn of(plan: &'a Plan) -> Row<'a> {
        Row { reason: plan.reason.as_deref(), ..Row::plain(&plan.action, &plan.twin) }
    }

    fn reason(&self) -> Option<&'a str> {
        self.action.reason().filter(|said| !said.is_empty()).or(self.reason)
    }
}

/// Writes the audit row of an action and its line on the timeline.
pub(super) async fn write_row(tx: &mut PgConnection, row: Row<'_>, actor: &Actor, done: &Done) -> Result<i64, Refusal> {
    let (action, reason) = (row.action, row.reason());
    let id = audit(tx, row, actor, done).await?;
    let line = "INSERT INTO timeline (kind, subject, summary, actor, audit_id) VALUES ('person', $1, $2, $3, $4)";
    let second = seconds::words(actor);
    let summary = match reason {
        Some(reason) => format!("{}; reason '{reason}'{second}", done.summary),
        None => format!("{}{second}", done.summary),
    };
    sqlx::query(line).bind(action.target()).bind(summary).bind(&actor.name).bind(id).execute(&mut *tx).await?;
    Ok(id)
}

/// Writes the audit row alone.
pub(super) async fn audit(tx: &mut PgConnection, row: Row<'_>, actor: &Actor, done: &Done) -> Result<i64, Refusal> {
    let reason = row.reason();
    let Row { action, undoes, request, result, twin, .. } = row;
    let inverse = done.inverse.as_ref().map(serde_json::to_value).transpose().unwrap_or(None);
    let sql = "INSERT INTO audit_log (claimed, node, door, verb, target, radius, before, after, reason, request_id, inverse, undoes, result, twin)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id";
    let id: i64 = sqlx::query_scalar(sql)
        .bind(&actor.claimed)
        .bind(&actor.node)
        .bind(actor.door)
        .bind(action.verb())
        .bind(action.target())
        .bind(done.changed)
        .bind(&done.before)
        .bind(&done.after)
        .bind(reason)
        .bind(request)
        .bind(inverse)
        .bind(undoes)
        .bind(result)
        .bind(twin)
        .fetch_one(&mut *tx)
        .await
        .map_err(|error| taken_back_already(error, undoes))?;
    Ok(id)
}
