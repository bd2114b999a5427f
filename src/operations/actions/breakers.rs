//! Reset, hold open, hold closed, back to automatic: steps of the same machine that failures drive.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::draft::{Done, Draft, Inverse, Refusal};
use super::{Action, Actor, Tier};
use crate::breakers::breaker::{Hold, State};
use crate::breakers::{Event, Rules, store};
use crate::catalogue;
use crate::database::Db;
use crate::queue;

fn canonical(name: &str) -> Result<&'static str, Refusal> {
    if let Some(breaker) = catalogue::by_breaker(name).and_then(|p| p.breaker) {
        return Ok(breaker);
    }
    Err(Refusal::Impossible(catalogue::no_such_breaker(name)))
}

pub(super) async fn plan(db: &Db, action: &Action) -> Result<Draft, Refusal> {
    let name = canonical(&action.target())?;
    let lane = catalogue::by_breaker(name).filter(|p| p.has_lane).map_or("", |p| p.id);
    let waiting = queue::depth::of_lane(db, lane).await?.waiting;
    let state: Option<String> =
        sqlx::query_scalar("SELECT state FROM breakers WHERE name = $1").bind(name).fetch_optional(db.pool()).await?;
    let state = State::parse(state.as_deref().unwrap_or("closed"));
    let (sentence, least) = match action {
        Action::ResetBreaker { .. } if state == State::Closed => {
            return Err(Refusal::Impossible(format!("breaker {name} is closed: there is nothing to reset")));
        }
        Action::ResetBreaker { .. } => {
            (format!("Reset {name}: one probe now, then a ramp to full concurrency; {waiting} jobs wait."), Tier::Wide)
        }
        Action::HoldBreakerOpen { .. } => {
            (format!("Hold {name} open: no call is made until it is released; {waiting} jobs wait."), Tier::Wide)
        }
        Action::HoldBreakerClosed { .. } => {
            (format!("Hold {name} closed: every call is made, whatever fails; {waiting} jobs wait."), Tier::Wide)
        }
        _ if !matches!(state, State::ForcedOpen | State::ForcedClosed) => {
            return Err(Refusal::Impossible(format!("breaker {name} is not held: it decides by itself already")));
        }
        _ => (format!("Give {name} back to itself; {waiting} jobs wait."), Tier::Light),
    };
    let undoable = !matches!(action, Action::ResetBreaker { .. });
    Ok(Draft { things: 1, sentence, cost_usd: 0.0, undoable, least, bound: 0 })
}

/// The part of a breaker that these actions change.
pub(super) async fn state(tx: &mut PgConnection, name: &str) -> Result<Value, Refusal> {
    let row: (String, Option<String>, Option<String>, Option<DateTime<Utc>>) =
        sqlx::query_as("SELECT state, held_by, held_reason, held_until FROM breakers WHERE name = $1 FOR UPDATE")
            .bind(canonical(name)?)
            .fetch_one(tx)
            .await?;
    Ok(json!({"state": row.0, "held_by": row.1, "held_reason": row.2, "held_until": row.3}))
}

pub(super) async fn act(tx: &mut PgConnection, action: &Action, actor: &Actor) -> Result<Done, Refusal> {
    let name = canonical(&action.target())?;
    let before = state(tx, name).await?;
    let hold = |reason: &str, until: &Option<DateTime<Utc>>| Hold {
        by: actor.name.clone(),
        reason: reason.to_owned(),
        until: *until,
    };
    let (event, summary) = match action {
        Action::HoldBreakerOpen { reason, until, .. } => {
            (Event::HoldOpen(hold(reason, until)), format!("held breaker {name} open"))
        }
        Action::HoldBreakerClosed { reason, until, .. } => {
            (Event::HoldClosed(hold(reason, until)), format!("held breaker {name} closed"))
        }
        Action::ReleaseBreaker { .. } => (Event::Release, format!("gave breaker {name} back to itself")),
        _ => (Event::Reset, format!("reset breaker {name}")),
    };
    store::apply(tx, name, event, &Rules::default(), &actor.name).await?;
    let after = state(tx, name).await?;
    let inverse = opposite(action, name, &before).map(|action| Inverse { action, expects: after.clone() });
    Ok(Done { changed: 1, summary, before, after, inverse })
}

/// A hold that was there before comes back as it was, with its reason and its end; else the hold that was set ends.
fn opposite(action: &Action, name: &str, before: &Value) -> Option<Action> {
    let name = name.to_owned();
    let reason = before["held_reason"].as_str().unwrap_or("undo").to_owned();
    let until = before["held_until"].as_str().and_then(|text| text.parse().ok());
    match before["state"].as_str() {
        Some("forced_open") => Some(Action::HoldBreakerOpen { name, reason, until }),
        Some("forced_closed") => Some(Action::HoldBreakerClosed { name, reason, until }),
        _ if matches!(action, Action::HoldBreakerOpen { .. } | Action::HoldBreakerClosed { .. }) => {
            Some(Action::ReleaseBreaker { name })
        }
        _ => None,
    }
}
