//! What a message changes: pure, without a clock, a socket or a file. Every way out is an [`Effect`].

mod breakers;
pub mod contacts;
mod dialog;
pub mod lanes;
pub mod timeline;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::confirm;
use super::effect::{Effect, Loaded};
use super::keys::{Binding, Code, Do, Key, Place, find};
use super::message::{Msg, Pulse};
use super::model::{Dialog, Failing, Level, Model, Move, Overlay, Screen, holds};
use crate::operations::actions::{Action, Plan, Receipt, Tier};

/// An idle console's clock moves at most this often.
const IDLE_CLOCK: TimeDelta = TimeDelta::seconds(60);

/// Age in seconds from which a snapshot is called stale: two intervals.
const STALE: i64 = 10;

/// Takes one message.
pub fn update(model: &mut Model, msg: Msg, now: DateTime<Utc>) -> Vec<Effect> {
    let mut effects = Vec::new();
    match msg {
        Msg::Key(key) => on_key(model, key, now, &mut effects),
        Msg::Paste(text) => on_paste(model, &text, now),
        Msg::Resize(columns, rows) => {
            model.size = (columns, rows);
            effects.push(Effect::Repaint);
        }
        Msg::Pulse(pulse) => on_pulse(model, pulse),
        Msg::PulseFailed { at, error } => {
            let since = model.failing.as_ref().map_or(at, |f| f.since);
            model.failing = Some(Failing { since, error });
        }
        Msg::Answer { id, at, result } => on_answer(model, id, at, result),
        Msg::Planned(planned) => on_plan(model, planned, now, &mut effects),
        Msg::Done(done) => on_done(model, done, now, &mut effects),
        Msg::Logs(lines) => timeline::on_logs(model, lines),
        Msg::Tick => {
            model.toast = model.toast.take().filter(|toast| toast.until > now);
            let age = model.pulse.as_ref().map_or(0, |p| (now - p.at).num_seconds());
            model.stale = (age > STALE && model.frozen.is_none()).then_some(age / 5 * 5);
        }
        Msg::Stop => leave(model, now, &mut effects),
        Msg::Drained => effects.push(Effect::Leave),
        Msg::Resumed => effects.extend([Effect::Repaint, Effect::Refresh]),
        Msg::Measured(bytes_per_s) => model.facts.slow |= bytes_per_s < 20_000,
    }
    ask(model, &mut effects);
    effects
}

/// Asks what the pane in focus wants to know, when that is another question than before.
fn ask(model: &mut Model, effects: &mut Vec<Effect>) {
    let wanted = model.wanted();
    if wanted.as_ref() == model.asked.1.as_ref().map(|loaded| &loaded.query) {
        return;
    }
    let id = model.asked.0 + 1;
    let loaded = wanted.clone().map(|query| Loaded { query, at: model.clock, answer: None, error: None });
    model.asked = (id, loaded);
    effects.push(Effect::Watch { id, query: wanted });
}

fn on_pulse(model: &mut Model, pulse: Arc<Pulse>) {
    (model.failing, model.stale) = (None, None);
    if model.frozen.is_some() {
        return;
    }
    let first = model.pulse.is_none();
    let at = pulse.at;
    model.pulse = Some(pulse);
    if first || model.busy() || at - model.clock >= IDLE_CLOCK {
        model.clock = at;
    }
    settle(model);
}

/// Finds the selections again after the rows changed.
fn settle(model: &mut Model) {
    let lanes: Vec<String> = model.lanes_worst_first().iter().map(|l| l.lane.clone()).collect();
    model.lanes.list.settle(&lanes);
    let breakers: Vec<String> = model.breaker_rows().iter().map(|b| b.name.clone()).collect();
    model.breakers.list.settle(&breakers);
}

fn on_answer(model: &mut Model, id: u64, at: DateTime<Utc>, result: Result<Arc<super::effect::Answer>, String>) {
    if model.asked.0 != id || model.frozen.is_some() {
        return;
    }
    let Some(loaded) = &mut model.asked.1 else { return };
    match result {
        Ok(answer) => {
            (loaded.at, loaded.answer, loaded.error) = (at, Some(answer), None);
            lanes::settle(model);
            contacts::settle(model);
            timeline::settle(model);
        }
        Err(error) => loaded.error = Some(error),
    }
}

fn on_plan(model: &mut Model, planned: Result<Box<Plan>, String>, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    match planned {
        Err(error) => model.say(error, true, now),
        Ok(plan) if plan.tier == Tier::Light && !holds(&plan.action) => match confirm::unasked(*plan) {
            Ok(confirmed) => effects.push(Effect::Run(Box::new(confirmed))),
            Err(refusal) => model.say(refusal.to_string(), true, now),
        },
        Ok(plan) => model.overlay = Some(Overlay::Confirm(Box::new(Dialog::new(*plan)))),
    }
}

fn on_done(model: &mut Model, done: Result<Receipt, String>, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    match done {
        Ok(receipt) => {
            model.undo = receipt.undoable.then_some(receipt.audit_id);
            let undo = if receipt.undoable { "  ·  u undo" } else { "" };
            model.say(format!("{}{undo}  ·  same as: {}", receipt.summary, receipt.twin), false, now);
        }
        Err(error) => model.say(error, true, now),
    }
    effects.push(Effect::Refresh);
}

fn on_paste(model: &mut Model, text: &str, now: DateTime<Utc>) {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(1000).collect();
    let taken = match &mut model.overlay {
        Some(Overlay::Confirm(dialog)) => dialog::insert(dialog, &line),
        _ => model.screen == Screen::Contacts && contacts::insert(model, &line, now),
    };
    if !taken {
        model.say("a paste was dropped: here it could only press keys", true, now);
    }
}

fn on_key(model: &mut Model, key: Key, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    if key == Key::ctrl('c') {
        return leave(model, now, effects);
    }
    match model.overlay.take() {
        Some(Overlay::Confirm(dialog)) => dialog::key(model, dialog, key, now, effects),
        Some(Overlay::Quit) => match key.code {
            Code::Char('y') => leave(model, now, effects),
            Code::Esc | Code::Enter | Code::Char('n' | 'q') => {}
            _ => model.overlay = Some(Overlay::Quit),
        },
        Some(Overlay::Help(scrolled)) => help_key(model, scrolled, key),
        None if model.screen == Screen::Contacts && model.contacts.editing.is_some() => {
            if let Some(editing) = model.contacts.editing.take() {
                contacts::edit(model, editing, key, now);
            }
        }
        None => match find(key, model.place()) {
            Some(binding) if binding.writes && model.facts.read_only => {
                model.say("this console is read-only: start it without --read-only to act", true, now);
            }
            Some(binding) => act(model, binding, now, effects),
            None => {}
        },
    }
}

fn help_key(model: &mut Model, scrolled: u16, key: Key) {
    let page = model.size.1 / 2;
    model.overlay = match find(key, Place::Overview).map(|b| b.does) {
        Some(Do::Help | Do::Back | Do::Escape) => None,
        Some(Do::Down) => Some(Overlay::Help(scrolled.saturating_add(1).min(200))),
        Some(Do::Up) => Some(Overlay::Help(scrolled.saturating_sub(1))),
        Some(Do::PageDown) => Some(Overlay::Help(scrolled.saturating_add(page).min(200))),
        Some(Do::PageUp) => Some(Overlay::Help(scrolled.saturating_sub(page))),
        _ => Some(Overlay::Help(scrolled)),
    };
}

fn act(model: &mut Model, binding: &Binding, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    match binding.does {
        Do::Overview => show(model, Screen::Overview),
        Do::Lanes => show(model, Screen::Lanes),
        Do::Breakers => show(model, Screen::Breakers),
        Do::Contacts => show(model, Screen::Contacts),
        Do::Timeline => show(model, Screen::Timeline),
        Do::LastScreen => show(model, model.last_screen),
        Do::Help => model.overlay = Some(Overlay::Help(0)),
        Do::Back => back(model, true),
        Do::Escape => back(model, false),
        Do::Quit => leave(model, now, effects),
        Do::Suspend => effects.push(Effect::Suspend),
        Do::Repaint => effects.push(Effect::Repaint),
        Do::Refresh => effects.push(Effect::Refresh),
        Do::Freeze => model.frozen = if model.frozen.is_some() { None } else { Some(model.clock) },
        Do::Times => model.ages = !model.ages,
        Do::Undo => match model.undo.take() {
            Some(audit_id) => effects.push(Effect::Undo(audit_id)),
            None => model.say("there is nothing to take back", true, now),
        },
        other => in_screen(model, other, now, effects),
    }
}

fn in_screen(model: &mut Model, does: Do, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    if let Some(step) = movement(does, model.size.1) {
        match model.screen {
            Screen::Overview | Screen::Lanes => lanes::step(model, step),
            Screen::Breakers => breakers::step(model, step),
            Screen::Contacts => contacts::step(model, step),
            Screen::Timeline => timeline::step(model, step),
        }
        return;
    }
    match (model.screen, does) {
        (Screen::Overview, Do::Mend | Do::HoldOpen) => breakers::verb(model, does, now, effects),
        (Screen::Overview | Screen::Lanes, _) => lanes::verb(model, does, now, effects),
        (Screen::Breakers, _) => breakers::verb(model, does, now, effects),
        (Screen::Contacts, _) => contacts::verb(model, does),
        (Screen::Timeline, _) => timeline::verb(model, does),
    }
}

fn movement(does: Do, rows: u16) -> Option<Move> {
    let half = i32::from((rows / 2).max(1));
    Some(match does {
        Do::Up => Move::By(-1),
        Do::Down => Move::By(1),
        Do::PageUp => Move::By(-half),
        Do::PageDown => Move::By(half),
        Do::First => Move::First,
        Do::Last => Move::Last,
        _ => return None,
    })
}

fn show(model: &mut Model, screen: Screen) {
    if model.screen == screen {
        if screen == Screen::Lanes {
            model.lanes.level = Level::Lanes;
        }
        return;
    }
    model.last_screen = model.screen;
    model.screen = screen;
    if screen == Screen::Breakers {
        breakers::enter(model);
    }
}

/// Whether `q` leads one level back rather than out.
pub fn can_go_back(model: &Model) -> bool {
    match model.screen {
        Screen::Lanes => model.lanes.level != Level::Lanes,
        Screen::Contacts => model.contacts.open.is_some(),
        Screen::Timeline => model.timeline.page.at.is_some(),
        _ => false,
    }
}

/// One level back; `quits`: on a top screen asks whether to leave.
fn back(model: &mut Model, quits: bool) {
    let moved = match model.screen {
        Screen::Lanes => lanes::back(model),
        Screen::Contacts => contacts::back(model, !quits),
        Screen::Timeline => timeline::back(model),
        _ => false,
    };
    if !moved && quits {
        model.overlay = Some(Overlay::Quit);
    }
}

/// Drains and leaves; asked again, leaves at once.
fn leave(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    if model.leaving.is_some() {
        effects.push(Effect::Leave);
        return;
    }
    model.overlay = None;
    model.leaving = Some(now);
    effects.push(Effect::Drain);
}

/// Wishes for an action: its radius is counted first.
fn wish(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    model.toast = None;
    effects.push(Effect::Plan(action));
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
