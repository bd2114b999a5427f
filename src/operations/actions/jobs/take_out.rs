//! Taking jobs out: cancelling live ones, discarding dead ones. Their rows rest in the trash, and undo puts them back.

use serde_json::json;
use sqlx::{PgConnection, Row};

use super::super::draft::{Done, Draft, Inverse, Part, Reach, Refusal};
use super::super::{Action, JobTarget, Tier};
use super::target::{self, Verb};
use crate::database::Db;

pub(super) const CANCEL: Verb = Verb {
    name: "cancel",
    eligible: "j.state IN ('waiting', 'scheduled', 'running')",
    counts: "*",
    nothing: "no live job matches: nothing to cancel; `switchboard jobs list` shows them",
};
pub(super) const DISCARD: Verb = Verb {
    name: "discard",
    eligible: "j.state = 'dead'",
    counts: "*",
    nothing: "no dead job matches: nothing to discard; `switchboard jobs list --state dead` shows them",
};

/// A worker that holds one of these finds its lease gone and settles nothing; its contact is pending again.
const TAKE_OUT: &str = "
    taken AS (
        DELETE FROM jobs WHERE id IN (SELECT id FROM chosen)
        RETURNING id, lane, kind, contact_id, priority, state, run_at, attempt, max_attempts, returns, probes, created_at, claimed_at, args, last_error),
    trash AS (
        INSERT INTO job_trash (id, lane, kind, contact_id, priority, state, run_at, attempt, max_attempts, returns, probes, created_at, args, last_error, batch)
        SELECT id, lane, kind, contact_id, priority, state, run_at, attempt, max_attempts, returns, probes, created_at, args, last_error, batch_id
        FROM taken, batch),
    kept AS (
        INSERT INTO history_singles (id, lane, kind, contact_id, outcome, attempt, created_at, claimed_at)
        SELECT id, lane, kind, contact_id, 'cancelled', attempt, created_at, claimed_at FROM taken),
    pending AS (
        UPDATE contacts SET status = 'pending', updated_at = now()
        WHERE id IN (SELECT contact_id FROM taken WHERE kind = 'lookup' AND state = 'running') AND status = 'processing' RETURNING 1),
    contact_delta AS (
        INSERT INTO contact_deltas (pending, processing) SELECT count(*), -count(*) FROM pending HAVING count(*) > 0),
    lane_delta AS (
        INSERT INTO lane_deltas (lane, waiting, scheduled, running, dead)
        SELECT lane, -count(*) FILTER (WHERE state = 'waiting'), -count(*) FILTER (WHERE state = 'scheduled'),
               -count(*) FILTER (WHERE state = 'running'), -count(*) FILTER (WHERE state = 'dead') FROM taken GROUP BY lane)
    SELECT count(*), (SELECT max(id) FROM chosen) FROM taken";

pub(super) fn verb(action: &Action) -> &'static Verb {
    if matches!(action, Action::DiscardJobs { .. }) { &DISCARD } else { &CANCEL }
}

pub(super) async fn plan(db: &Db, action: &Action, target: &JobTarget) -> Result<Draft, Refusal> {
    let verb = verb(action);
    let (things, bound) = super::counted(db, verb, target).await?;
    let (sentence, least) = match verb.name {
        "cancel" => (
            format!("Cancel {things} live jobs: they leave their lanes, and calls on their way count for nothing."),
            Tier::Wide,
        ),
        _ => (
            format!("Discard {things} dead jobs: their contacts stay failed; they rest in the trash for 7 days."),
            Tier::Heavy,
        ),
    };
    Ok(Draft { things, sentence, cost_usd: 0.0, undoable: true, least, bound })
}

pub(super) async fn part(
    tx: &mut PgConnection,
    action: &Action,
    target: &JobTarget,
    reach: Reach,
) -> Result<Part, Refusal> {
    let (verb, batch) = (verb(action), reach.batch);
    let statement = target::write(verb, target, reach, "batch AS (SELECT ")?
        .bind(crate::contacts::filter::Bind::Text(batch.to_string()))
        .text("::uuid AS batch_id),")
        .text(TAKE_OUT);
    let row = statement.query().fetch_one(&mut *tx).await?;
    let changed: i64 = row.try_get(0)?;
    let summary = match verb.name {
        "cancel" => format!("cancelled {changed} jobs"),
        _ => format!("discarded {changed} dead jobs"),
    };
    let inverse = Inverse { action: Action::RestoreJobs { batch }, expects: json!({"trash": changed}) };
    let (before, after) = (json!({"jobs": changed}), json!({"batch": batch}));
    let done = Done { changed, summary, before, after, inverse: Some(inverse) };
    Ok(Part { done, last: row.try_get(1)? })
}
