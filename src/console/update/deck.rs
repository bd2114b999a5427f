//! Others on deck: seeing them, asking them, answering them.

use chrono::{DateTime, Utc};

use super::press::{self, Press};
use super::{allowed, papers};
use crate::console::effect::Effect;
use crate::console::message::Pulse;
use crate::console::model::{Beside, Dialog, Model, Overlay, Reading};
use crate::operations::actions::{Action, Tier};

/// Answers who asks for a second person, or shows who is there.
pub(super) fn open(model: &mut Model, press: &mut Press<'_>) {
    let ask = model.asked_of_me().map(|ask| ask.id).filter(|_| allowed::writes(model).is_none());
    match ask {
        Some(ask) => press::wish_if_allowed(model, Action::AnswerSecond { ask, yes: true }, press),
        None => papers::open(model, Reading::Deck, press),
    }
}

/// Asks the others to agree to the question that is open.
pub(super) fn ask(dialog: &mut Dialog, press: &mut Press<'_>) {
    let reason = dialog.said().reason.trim().to_owned();
    dialog.wrong = match &dialog.beside {
        _ if dialog.plan.tier < Tier::Heavy => Some("only what is heavy asks for a second person".into()),
        Beside::Sending | Beside::Asked(..) => Some("the others were asked: wait for their answer".into()),
        Beside::Agreed(by) => Some(format!("{by} has agreed already")),
        Beside::Nobody | Beside::Refused(_) if reason.is_empty() => {
            Some("say why first: the second person reads it".into())
        }
        Beside::Nobody | Beside::Refused(_) => None,
    };
    if dialog.wrong.is_none() {
        dialog.beside = Beside::Sending;
        dialog.plan.reason = Some(reason);
        press.effects.push(Effect::AskSecond(Box::new(dialog.plan.clone())));
    }
}

/// The ask has its number, or why there is none.
pub(super) fn asked(model: &mut Model, asked: Result<(i64, DateTime<Utc>), String>) {
    let Some(Overlay::Confirm(open)) = &mut model.overlay else { return };
    if open.beside != Beside::Sending {
        return;
    }
    match asked {
        Ok((id, until)) => open.beside = Beside::Asked(id, until),
        Err(why) => (open.beside, open.wrong) = (Beside::Nobody, Some(why)),
    }
}

/// Hears what the others answered.
pub(super) fn heard(model: &mut Model, pulse: &Pulse) {
    let Some(Overlay::Confirm(open)) = &mut model.overlay else { return };
    let Beside::Asked(id, until) = open.beside else { return };
    let ask = pulse.deck.asks.iter().find(|ask| ask.id == id);
    let by = ask.and_then(|ask| ask.answered_by.clone()).unwrap_or_default();
    match ask.map(|ask| ask.state.as_str()) {
        Some("agreed") => {
            open.plan.second.ask = Some(id);
            open.beside = Beside::Agreed(by);
        }
        Some("refused") => open.beside = Beside::Refused(by),
        Some("expired") => {
            open.beside = Beside::Nobody;
            open.wrong = Some(format!("nobody answered until {}Z", until.format("%H:%M:%S")));
        }
        _ => {}
    }
}

#[cfg(test)]
#[path = "deck_tests.rs"]
mod tests;
