//! Changing who is claimed first.

use serde_json::{Value, json};
use sqlx::{PgConnection, Row};

use super::super::draft::{Done, Draft, Inverse, Part, Reach, Refusal};
use super::super::{Action, JobTarget, Tier};
use super::target::{self, Verb};
use crate::contacts::filter::Bind;
use crate::database::Db;

/// Priorities that an operator may give; smaller goes first, 100 is ordinary.
pub const PRIORITIES: std::ops::RangeInclusive<i16> = 0..=1000;
/// Beyond so many jobs the priorities before are not kept, and there is no undo.
const REMEMBERED: i64 = 1000;

pub(super) const VERB: Verb = Verb {
    name: "reprioritise",
    eligible: "j.state IN ('waiting', 'scheduled', 'running')",
    counts: "*",
    nothing: "no live job matches: nothing to reprioritise; `switchboard jobs list` shows them",
};

const CHANGE: &str = ", moved AS (UPDATE jobs j SET priority = w.priority FROM wanted w WHERE j.id IN (SELECT id FROM chosen) RETURNING 1),
    kept AS (SELECT jsonb_agg(jsonb_build_array(id, priority)) AS before FROM (SELECT id, priority FROM chosen ORDER BY id LIMIT 1001) c)
    SELECT (SELECT count(*) FROM moved), (SELECT before FROM kept), (SELECT coalesce(array_agg(DISTINCT lane), '{}') FROM chosen),
           (SELECT max(id) FROM chosen)";

pub(super) async fn plan(db: &Db, target: &JobTarget, priority: i16) -> Result<Draft, Refusal> {
    if !PRIORITIES.contains(&priority) {
        return Err(Refusal::Impossible(format!("{priority} is no priority: write a number from 0 (first) to 1000")));
    }
    let (things, bound) = super::counted(db, &VERB, target).await?;
    let sentence = format!("Give {things} live jobs priority {priority}: smaller goes first, 100 is ordinary.");
    Ok(Draft { things, sentence, cost_usd: 0.0, undoable: things <= REMEMBERED, least: Tier::Light, bound })
}

pub(super) async fn part(
    tx: &mut PgConnection,
    target: &JobTarget,
    priority: i16,
    reach: Reach,
) -> Result<Part, Refusal> {
    let statement = target::write(&VERB, target, reach, "wanted AS (SELECT ")?
        .bind(Bind::Integer(i64::from(priority)))
        .text("::smallint AS priority)")
        .text(CHANGE);
    let row = statement.query().fetch_one(&mut *tx).await?;
    let (changed, before): (i64, Option<Value>) = (row.try_get(0)?, row.try_get(1)?);
    super::wake(tx, row.try_get(2)?).await?;
    let jobs: Vec<(i64, i16)> =
        before.filter(|_| changed <= REMEMBERED).and_then(|b| serde_json::from_value(b).ok()).unwrap_or_default();
    let inverse = (!jobs.is_empty())
        .then(|| Inverse { action: Action::RestorePriorities { jobs: jobs.clone() }, expects: json!(null) });
    let summary = format!("gave {changed} jobs priority {priority}");
    let done = Done { changed, summary, before: json!(jobs), after: json!({"priority": priority}), inverse };
    Ok(Part { done, last: row.try_get(3)? })
}

pub(super) fn plan_back(jobs: &[(i64, i16)]) -> Draft {
    let things = jobs.len() as i64;
    let sentence = format!("Give {things} jobs their former priorities.");
    Draft { things, sentence, cost_usd: 0.0, undoable: false, least: Tier::Light, bound: 0 }
}

/// Those that have ended meanwhile are passed over.
pub(super) async fn act_back(tx: &mut PgConnection, jobs: &[(i64, i16)]) -> Result<Done, Refusal> {
    let (ids, priorities): (Vec<i64>, Vec<i16>) = jobs.iter().copied().unzip();
    let sql = "UPDATE jobs j SET priority = u.priority FROM unnest($1::bigint[], $2::smallint[]) AS u(id, priority)
               WHERE j.id = u.id AND j.state <> 'dead'";
    let changed = sqlx::query(sql).bind(ids).bind(priorities).execute(&mut *tx).await?.rows_affected() as i64;
    let summary = format!("gave {changed} jobs their former priorities");
    Ok(Done { changed, summary, before: json!(null), after: json!(null), inverse: None })
}
