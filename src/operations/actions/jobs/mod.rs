//! What operators do to jobs, single ones or all that a filter matches: one statement each, whatever the number.

mod edit;
mod priority;
mod restore;
mod retry;
mod take_out;
mod target;

use sqlx::PgConnection;

use super::draft::{Done, Draft, Part, Reach, Refusal};
use super::{Action, JobTarget};
use crate::database::Db;
use crate::queue;

pub use edit::{JobTerms, terms};
pub use priority::PRIORITIES;
pub(super) use restore::state;

pub(super) async fn plan(db: &Db, action: &Action) -> Result<Draft, Refusal> {
    match action {
        Action::RetryJobs { target } => retry::plan(db, target).await,
        Action::CancelJobs { target } | Action::DiscardJobs { target } => take_out::plan(db, action, target).await,
        Action::ReprioritiseJobs { target, priority } => priority::plan(db, target, *priority).await,
        Action::RestorePriorities { jobs } => Ok(priority::plan_back(jobs)),
        Action::RestoreJobs { batch } => restore::plan(db, *batch).await,
        Action::EditJob { job, change } => edit::plan(db, *job, change).await,
        Action::RestoreJob { job, .. } => Ok(edit::plan_back(*job)),
        _ => Err(super::draft::misplaced()),
    }
}

pub(super) async fn act(tx: &mut PgConnection, action: &Action, bound: i64) -> Result<Done, Refusal> {
    match action {
        Action::RestorePriorities { jobs } => priority::act_back(tx, jobs).await,
        Action::RestoreJobs { batch } => restore::act(tx, *batch).await,
        Action::EditJob { job, change } => edit::act(tx, *job, change).await,
        Action::RestoreJob { job, terms } => edit::act_back(tx, *job, terms).await,
        _ => Ok(part(tx, action, Reach::whole(bound)).await?.done),
    }
}

/// Those of the jobs that are within reach.
pub(super) async fn part(tx: &mut PgConnection, action: &Action, reach: Reach) -> Result<Part, Refusal> {
    match action {
        Action::RetryJobs { target } => retry::part(tx, target, reach).await,
        Action::CancelJobs { target } | Action::DiscardJobs { target } => {
            take_out::part(tx, action, target, reach).await
        }
        Action::ReprioritiseJobs { target, priority } => priority::part(tx, target, *priority, reach).await,
        _ => Err(super::draft::misplaced()),
    }
}

/// How many jobs up to `bound` an action would touch now.
pub(super) async fn count(db: &Db, action: &Action, bound: i64) -> Result<i64, Refusal> {
    let (verb, target) = match action {
        Action::RetryJobs { target } => (&retry::VERB, target),
        Action::CancelJobs { target } | Action::DiscardJobs { target } => (take_out::verb(action), target),
        Action::ReprioritiseJobs { target, .. } => (&priority::VERB, target),
        _ => return Err(super::draft::misplaced()),
    };
    Ok(target::count(db, verb, target, bound).await?.0)
}

/// What the verb would touch; a refusal where that is nothing.
async fn counted(db: &Db, verb: &target::Verb, which: &JobTarget) -> Result<(i64, i64), Refusal> {
    let (things, bound) = target::count(db, verb, which, i64::MAX).await?;
    if things == 0 {
        return Err(Refusal::Impossible(verb.nothing.into()));
    }
    Ok((things, bound))
}

async fn wake(tx: &mut PgConnection, lanes: Vec<String>) -> Result<(), Refusal> {
    for lane in lanes {
        queue::enqueue::wake(tx, &lane).await?;
    }
    Ok(())
}
