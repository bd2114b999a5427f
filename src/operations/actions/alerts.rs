//! Taking an alert on, and being told nothing of one for a while.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::draft::{Done, Draft, Inverse, Refusal, misplaced};
use super::{Action, Actor, Tier};
use crate::catalogue;
use crate::database::Db;

pub(super) async fn plan(db: &Db, action: &Action) -> Result<Draft, Refusal> {
    let sentence = match action {
        Action::AckAlert { id, taken } => {
            let sql = "SELECT summary FROM alerts WHERE id = $1 AND cleared_at IS NULL";
            let summary: Option<String> = sqlx::query_scalar(sql).bind(id).fetch_optional(db.pool()).await?;
            let Some(summary) = summary else {
                return Err(Refusal::Impossible(format!(
                    "there is no open alert {id}; `switchboard alerts list` shows them"
                )));
            };
            match taken {
                true => format!("Take this alert on: {summary}."),
                false => format!("Give this alert back: {summary}."),
            }
        }
        Action::SilenceAlert { key, until, .. } => {
            known(key)?;
            match until {
                Some(until) => format!("Be told nothing of {key} until {}.", until.format("%Y-%m-%d %H:%M:%SZ")),
                None => format!("Be told of {key} again."),
            }
        }
        _ => return Err(misplaced()),
    };
    Ok(Draft { things: 1, sentence, cost_usd: 0.0, undoable: true, least: Tier::Light, bound: 0 })
}

/// `depth/LANE`, `depth/total`, `oldest/LANE` or `budget/LANE`.
fn known(key: &str) -> Result<(), Refusal> {
    let lane = |name: &str| catalogue::lanes().any(|lane| lane == name);
    match key.split_once('/') {
        Some(("depth", name)) if name == "total" || lane(name) => Ok(()),
        Some(("oldest" | "budget", name)) if lane(name) => Ok(()),
        Some(("depth" | "oldest" | "budget", name)) => Err(Refusal::Impossible(catalogue::no_such_lane(name))),
        _ => Err(Refusal::Impossible(format!(
            "{key} is no alert's key: write depth/LANE, oldest/LANE, budget/LANE or depth/total; `switchboard alerts list` shows those of open ones"
        ))),
    }
}

/// The part that these actions change.
pub(super) async fn state(tx: &mut PgConnection, action: &Action) -> Result<Value, Refusal> {
    match action {
        Action::AckAlert { id, .. } => {
            let sql = "SELECT acked_by FROM alerts WHERE id = $1 AND cleared_at IS NULL FOR UPDATE";
            let by: Option<Option<String>> = sqlx::query_scalar(sql).bind(id).fetch_optional(tx).await?;
            Ok(json!({"open": by.is_some(), "acked_by": by.flatten()}))
        }
        Action::SilenceAlert { key, .. } => {
            let sql = "SELECT until, reason FROM alert_silences WHERE key = $1 AND until > now() FOR UPDATE";
            let row: Option<(DateTime<Utc>, Option<String>)> = sqlx::query_as(sql).bind(key).fetch_optional(tx).await?;
            let (until, reason) = row.map_or((None, None), |(until, reason)| (Some(until), reason));
            Ok(json!({"until": until, "reason": reason}))
        }
        _ => Err(misplaced()),
    }
}

pub(super) async fn act(tx: &mut PgConnection, action: &Action, actor: &Actor) -> Result<Done, Refusal> {
    let before = state(tx, action).await?;
    let (summary, opposite) = match action {
        Action::AckAlert { id, taken } => {
            let sql = "UPDATE alerts SET acked_by = CASE WHEN $2 THEN $3 END, acked_at = CASE WHEN $2 THEN now() END
                       WHERE id = $1 AND cleared_at IS NULL";
            let done = sqlx::query(sql).bind(id).bind(taken).bind(&actor.name).execute(&mut *tx).await?;
            if done.rows_affected() == 0 {
                return Err(Refusal::Impossible(format!(
                    "alert {id} has ended meanwhile: there is nothing to take on"
                )));
            }
            let words = if *taken { "took alert" } else { "gave back alert" };
            (format!("{words} {id}"), Action::AckAlert { id: *id, taken: !taken })
        }
        Action::SilenceAlert { key, until: Some(until), reason } => {
            let sql = "INSERT INTO alert_silences (key, until, reason, by) VALUES ($1, $2, $3, $4)
                       ON CONFLICT (key) DO UPDATE SET until = excluded.until, reason = excluded.reason, by = excluded.by, at = now()";
            sqlx::query(sql).bind(key).bind(until).bind(reason).bind(&actor.name).execute(&mut *tx).await?;
            (format!("silenced {key} until {}", until.format("%H:%M:%SZ")), earlier(key, &before))
        }
        Action::SilenceAlert { key, until: None, .. } => {
            sqlx::query("DELETE FROM alert_silences WHERE key = $1").bind(key).execute(&mut *tx).await?;
            (format!("ended the silence of {key}"), earlier(key, &before))
        }
        _ => return Err(misplaced()),
    };
    let after = state(tx, action).await?;
    let inverse = (before != after).then(|| Inverse { action: opposite, expects: after.clone() });
    Ok(Done { changed: 1, summary, before, after, inverse })
}

fn earlier(key: &str, before: &Value) -> Action {
    let until = before["until"].as_str().and_then(|text| text.parse().ok());
    Action::SilenceAlert { key: key.to_owned(), until, reason: before["reason"].as_str().map(str::to_owned) }
}
