//! Through time: every pane that lives on samples and events shows one past moment.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::press::Press;
use crate::console::effect::Effect;
use crate::console::keys::Do;
use crate::console::message::Pulse;
use crate::console::model::{Model, Past, stride};

/// A step back or on, or home.
pub(super) fn step(model: &mut Model, does: Do, press: &mut Press<'_>) {
    let shown = model.past.as_ref().map(|past| past.at);
    let at = match (does, shown) {
        (Do::Earlier, None) => model.clock - stride(chrono::TimeDelta::zero()),
        (Do::Earlier, Some(at)) => at - stride(press.now - at),
        (Do::Later, Some(at)) => at + stride(press.now - at),
        _ => return home(model),
    };
    if at >= press.now {
        return home(model);
    }
    to(model, at, press);
}

/// To a moment.
pub(super) fn to(model: &mut Model, at: DateTime<Utc>, press: &mut Press<'_>) {
    let live = match &model.past {
        Some(past) => past.live.clone(),
        None => model.pulse.clone(),
    };
    model.past = Some(Past { at, known: false, error: None, live });
    press.effects.push(Effect::Past(at));
}

/// Back to the present.
pub(super) fn home(model: &mut Model) {
    let Some(past) = model.past.take() else { return };
    if let Some(live) = past.live {
        model.clock = live.at;
        model.pulse = Some(live);
    }
    super::settle(model);
}

/// Takes the picture of a moment, if that is still the one.
pub(super) fn arrived(model: &mut Model, at: DateTime<Utc>, result: Result<Arc<Pulse>, String>, now: DateTime<Utc>) {
    let Some(past) = model.past.as_mut().filter(|past| past.at == at) else { return };
    match result {
        Ok(pulse) => {
            (past.known, past.error) = (true, None);
            model.clock = at;
            model.pulse = Some(pulse);
            super::settle(model);
        }
        Err(error) => {
            past.error = Some(error.clone());
            model.say(error, true, now);
        }
    }
}
