//! Keys of the Breakers screen, and of the incident on the Overview.

use super::press::{self, Press};
use super::wish;
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

/// To the lane that the chosen breaker guards.
pub(super) fn lane(model: &mut Model) {
    if let Some(lane) = model.breaker().and_then(|b| b.lane.clone()) {
        press::to_lane(model, lane);
    }
}

pub(super) fn verb(model: &mut Model, does: Do, press: &mut Press<'_>) {
    let Some(breaker) = model.breaker() else {
        return model.say("no breaker is open: there is nothing to mend", true, press.now);
    };
    let name = breaker.name.clone();
    let held = breaker.state.starts_with("forced");
    let reason = String::new();
    let action = match does {
        Do::Mend if breaker.state == "closed" => {
            return model.say(format!("{name} is closed: there is nothing to reset"), true, press.now);
        }
        Do::Mend => Action::ResetBreaker { name, reason: None },
        Do::HoldOpen => Action::HoldBreakerOpen { name, reason, until: None },
        Do::HoldClosed => Action::HoldBreakerClosed { name, reason, until: None },
        Do::Automatic if !held => return model.say(format!("{name} is automatic already"), true, press.now),
        Do::Automatic => Action::ReleaseBreaker { name },
        _ => return,
    };
    wish(model, action, press.effects);
}
