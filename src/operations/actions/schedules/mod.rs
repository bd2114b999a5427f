//! Recurring work: added and removed by people, fired by whoever leads.

mod every;
mod fire;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::draft::{Done, Draft, Inverse, Refusal, misplaced};
use super::{Action, Actor, Chore, Schedule, Tier, contacts, enrich};
use crate::contacts::filter::Anchor;
use crate::database::Db;

pub use every::Every;
pub use fire::fire_due;

/// Longest name; it stands in tables.
const NAME_MAX: usize = 60;

pub(super) async fn plan(db: &Db, action: &Action) -> Result<Draft, Refusal> {
    let now: DateTime<Utc> = sqlx::query_scalar("SELECT now()").fetch_one(db.pool()).await?;
    let there = "SELECT EXISTS (SELECT FROM schedules WHERE name = $1)";
    let there: bool = sqlx::query_scalar(there).bind(action.target()).fetch_one(db.pool()).await?;
    let sentence = match action {
        Action::AddSchedule(schedule) => {
            let first = check(schedule, there, now)?;
            let (each, does) = now_matching(db, schedule, now).await?;
            format!(
                "{does}, first at {}: {} contacts at about ${:.2} now.",
                first.format("%Y-%m-%d %H:%MZ"),
                each.things,
                each.cost_usd
            )
        }
        Action::RemoveSchedule { name } | Action::PauseSchedule { name, .. } if !there => {
            return Err(Refusal::Impossible(format!(
                "there is no schedule {name}; `switchboard schedules list` names them"
            )));
        }
        Action::RemoveSchedule { name } => format!("Remove schedule {name}: it fires no more."),
        Action::PauseSchedule { name, paused: true } => {
            format!("Pause schedule {name}: it fires no more until it is resumed.")
        }
        Action::PauseSchedule { name, .. } => {
            format!("Resume schedule {name}: it fires at its next time; what was missed is not made up for.")
        }
        _ => return Err(misplaced()),
    };
    let least = if matches!(action, Action::PauseSchedule { .. }) { Tier::Light } else { Tier::Wide };
    Ok(Draft { things: 1, sentence, cost_usd: 0.0, undoable: true, least, bound: 0 })
}

/// What a firing would touch now, and what it does in words; days in the filter are those of whoever adds it.
async fn now_matching(db: &Db, schedule: &Schedule, now: DateTime<Utc>) -> Result<(Draft, &'static str), Refusal> {
    let wish = match schedule.work.clone() {
        Chore::LookUp(wish) => Action::LookUp(wish),
        Chore::Enrich(wish) => Action::Enrich(wish),
    };
    Ok(match wish.dated(Anchor::new(now, schedule.zone))? {
        Action::LookUp(wish) => (contacts::plan(db, &wish).await?, "Look up what matches"),
        Action::Enrich(wish) if wish.checks_only => {
            (enrich::plan(db, &wish).await?, "Look for duplicates of what matches")
        }
        Action::Enrich(wish) => (enrich::plan(db, &wish).await?, "Enrich what matches"),
        _ => return Err(misplaced()),
    })
}

/// The first firing, if all of it makes sense.
fn check(schedule: &Schedule, there: bool, now: DateTime<Utc>) -> Result<DateTime<Utc>, Refusal> {
    let name = &schedule.name;
    if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(Refusal::Impossible(format!("a schedule's name has 1 to {NAME_MAX} plain characters")));
    }
    if there {
        return Err(Refusal::Impossible(format!(
            "there is a schedule {name} already: remove it first or name another"
        )));
    }
    let every = Every::parse(&schedule.every).map_err(Refusal::Impossible)?;
    every.first(now).ok_or_else(|| Refusal::Impossible(format!("{} never comes: write another time", schedule.every)))
}

/// Whether there is a schedule of this name.
pub(super) async fn state(tx: &mut PgConnection, name: &str) -> Result<Value, Refusal> {
    let sql = "SELECT every, work, paused_at IS NOT NULL FROM schedules WHERE name = $1 FOR UPDATE";
    let row: Option<(String, Value, bool)> = sqlx::query_as(sql).bind(name).fetch_optional(tx).await?;
    Ok(row.map_or(json!(null), |(every, work, paused)| match paused {
        // Rows of the audit log from before there was a pause say nothing of it.
        false => json!({"every": every, "work": work}),
        true => json!({"every": every, "work": work, "paused": true}),
    }))
}

pub(super) async fn act(tx: &mut PgConnection, action: &Action, actor: &Actor) -> Result<Done, Refusal> {
    let before = state(tx, &action.target()).await?;
    let (summary, opposite) = match action {
        Action::AddSchedule(schedule) => {
            let now: DateTime<Utc> = sqlx::query_scalar("SELECT now()").fetch_one(&mut *tx).await?;
            let first = check(schedule, !before.is_null(), now)?;
            let sql = "INSERT INTO schedules (name, every, work, created_by, next_at, paused_by, paused_at)
                       VALUES ($1, $2, $3, $4, CASE WHEN $6 THEN 'infinity' ELSE $5 END, CASE WHEN $6 THEN $4 END, CASE WHEN $6 THEN now() END)";
            sqlx::query(sql)
                .bind(&schedule.name)
                .bind(&schedule.every)
                .bind(json!(schedule.work))
                .bind(&actor.name)
                .bind(first)
                .bind(schedule.paused)
                .execute(&mut *tx)
                .await?;
            let summary = format!("added schedule {}, first at {}", schedule.name, first.format("%Y-%m-%d %H:%MZ"));
            (summary, Some(Action::RemoveSchedule { name: schedule.name.clone() }))
        }
        Action::RemoveSchedule { name } => {
            sqlx::query("DELETE FROM schedules WHERE name = $1").bind(name).execute(&mut *tx).await?;
            let every = before["every"].as_str().unwrap_or_default().to_owned();
            let work = serde_json::from_value(before["work"].clone()).ok();
            let paused = before["paused"] == true;
            let again = work.map(|work| {
                Action::AddSchedule(Schedule { name: name.clone(), every, work, paused, zone: Default::default() })
            });
            (format!("removed schedule {name}"), again)
        }
        Action::PauseSchedule { name, paused } => {
            let next = if *paused { None } else { next(&before, tx).await? };
            let sql = "UPDATE schedules SET next_at = coalesce($2, 'infinity'), paused_by = CASE WHEN $3 THEN $4 END,
                       paused_at = CASE WHEN $3 THEN now() END WHERE name = $1";
            sqlx::query(sql).bind(name).bind(next).bind(paused).bind(&actor.name).execute(&mut *tx).await?;
            let word = if *paused { "paused" } else { "resumed" };
            let opposite = Action::PauseSchedule { name: name.clone(), paused: !paused };
            (format!("{word} schedule {name}"), Some(opposite))
        }
        _ => return Err(misplaced()),
    };
    let after = state(tx, &action.target()).await?;
    let changed = before != after;
    let inverse = opposite.filter(|_| changed).map(|action| Inverse { action, expects: after.clone() });
    Ok(Done { changed: 1, summary, before, after, inverse })
}

/// The first time after now of the schedule that was read.
async fn next(before: &Value, tx: &mut PgConnection) -> Result<Option<DateTime<Utc>>, Refusal> {
    let now: DateTime<Utc> = sqlx::query_scalar("SELECT now()").fetch_one(tx).await?;
    let every = Every::parse(before["every"].as_str().unwrap_or_default()).map_err(Refusal::Impossible)?;
    Ok(every.first(now))
}
