//! Keys of the Breakers screen, and of the incident on the Overview.

use chrono::{DateTime, Utc};

use super::wish;
use crate::console::effect::Effect;
use crate::console::keys::Do;
use crate::console::model::{Model, Move};
use crate::operations::actions::Action;

pub(super) fn step(model: &mut Model, step: Move) {
    let ids: Vec<String> = model.breaker_rows().iter().map(|b| b.name.clone()).collect();
    model.breakers.list.step(&ids, step);
    model.breakers.chosen = true;
}

/// Selects the worst breaker, unless somebody chose another one. Only on entering: a selection never moves under a hand.
pub(super) fn enter(model: &mut Model) {
    let worst = model.incidents().first().map(|b| b.name.clone());
    if let Some(worst) = worst.filter(|_| !model.breakers.chosen) {
        model.breakers.list.id = Some(worst);
        super::settle(model);
    }
}

pub(super) fn verb(model: &mut Model, does: Do, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let Some(breaker) = model.breaker() else {
        return model.say("no breaker is open: there is nothing to mend", true, now);
    };
    let name = breaker.name.clone();
    let held = breaker.state.starts_with("forced");
    let reason = String::new();
    let action = match does {
        Do::Mend if breaker.state == "closed" => {
            return model.say(format!("{name} is closed: there is nothing to reset"), true, now);
        }
        Do::Mend => Action::ResetBreaker { name, reason: None },
        Do::HoldOpen => Action::HoldBreakerOpen { name, reason, until: None },
        Do::HoldClosed => Action::HoldBreakerClosed { name, reason, until: None },
        Do::Automatic if !held => return model.say(format!("{name} is automatic already"), true, now),
        Do::Automatic => Action::ReleaseBreaker { name },
        _ => return,
    };
    wish(model, action, effects);
}
