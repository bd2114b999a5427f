//! `breakers`: list, show, reset, hold open, hold closed, back to automatic.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;

use super::Failure;
use super::args::{BreakersArgs, BreakersVerb, Common, HoldArgs};
use super::confirm::act;
use super::output::{self, or_dash, thousands};
use crate::catalogue;
use crate::database::Db;
use crate::operations::actions::Action;
use crate::operations::views;

pub async fn run(common: &Common, args: &BreakersArgs) -> Result<ExitCode, Failure> {
    if let BreakersVerb::Open(hold) | BreakersVerb::Close(hold) = &args.verb {
        lasts(hold)?;
    }
    let opened = super::open::open(common).await?;
    match (action(opened.db(), &args.verb).await?, &args.verb) {
        (Some(action), _) => {
            act(opened.db(), common, action, None).await?;
        }
        (None, BreakersVerb::Show { name }) => show(opened.db(), common, name).await?,
        (None, _) => list(opened.db(), common).await?,
    }
    opened.close().await?;
    Ok(ExitCode::SUCCESS)
}

/// How long a hold lasts; none = until released.
fn lasts(hold: &HoldArgs) -> Result<Option<Duration>, Failure> {
    hold.duration.as_deref().map(super::duration).transpose()
}

async fn action(db: &Db, verb: &BreakersVerb) -> Result<Option<Action>, Failure> {
    let until = match verb {
        BreakersVerb::Open(hold) | BreakersVerb::Close(hold) => match lasts(hold)? {
            Some(lasts) => Some(super::ends(db, lasts).await?),
            None => None,
        },
        _ => None,
    };
    Ok(match verb {
        BreakersVerb::List | BreakersVerb::Show { .. } => None,
        BreakersVerb::Reset { name, reason } => {
            Some(Action::ResetBreaker { name: name.clone(), reason: reason.clone() })
        }
        BreakersVerb::Open(hold) => {
            Some(Action::HoldBreakerOpen { name: hold.name.clone(), reason: hold.reason.clone(), until })
        }
        BreakersVerb::Close(hold) => {
            Some(Action::HoldBreakerClosed { name: hold.name.clone(), reason: hold.reason.clone(), until })
        }
        BreakersVerb::Auto { name } => Some(Action::ReleaseBreaker { name: name.clone() }),
    })
}

async fn list(db: &Db, common: &Common) -> Result<(), Failure> {
    let breakers = views::breakers(db).await?;
    if common.json {
        return output::json(&breakers);
    }
    let rows: Vec<Vec<String>> = breakers
        .iter()
        .map(|b| {
            let hold =
                b.held_by.as_ref().map(|by| format!("held by {by}: {}", b.held_reason.clone().unwrap_or_default()));
            vec![
                b.name.clone(),
                b.state.clone(),
                b.consecutive_failures.to_string(),
                thousands(b.waiting),
                or_dash(b.next_probe_s.map(|s| format!("{s}s"))),
                hold.or_else(|| b.last_failure.clone()).unwrap_or_default(),
            ]
        })
        .collect();
    output::table(&["breaker", "state", "failures", "waiting", "next probe", "why"], &rows)
}

async fn show(db: &Db, common: &Common, name: &str) -> Result<(), Failure> {
    let known = catalogue::by_breaker(name).and_then(|p| p.breaker);
    let breaker = views::breakers(db).await?.into_iter().find(|b| Some(b.name.as_str()) == known);
    let Some(breaker) = breaker else {
        return Err(Failure::new(catalogue::no_such_breaker(name)));
    };
    let history = views::breaker_history(db, &breaker.name, 100).await?;
    if common.json {
        let mut value = serde_json::to_value(&breaker)?;
        value["history"] = json!(history);
        return output::json(&value);
    }
    output::line(&format!("{} is {}, {} jobs wait", breaker.name, breaker.state, thousands(breaker.waiting)))?;
    let rows: Vec<Vec<String>> = history
        .iter()
        .map(|e| {
            vec![
                e.at.format("%Y-%m-%d %H:%M:%SZ").to_string(),
                e.to_state.clone(),
                e.event.clone(),
                e.actor.clone(),
                e.cause.clone(),
            ]
        })
        .collect();
    output::table(&["at", "state", "event", "by", "cause"], &rows)
}
