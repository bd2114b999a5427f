//! What a message changes: pure, without a clock, a socket or a file. Every way out is an [`Effect`].

pub mod allowed;
pub mod ask;
mod breakers;
pub mod contacts;
mod copy;
pub mod credentials;
mod deck;
mod dialog;
mod extras;
mod fleet;
mod help;
mod jobs;
pub mod lanes;
mod menus;
mod mouse;
mod palette;
mod papers;
mod press;
mod prompt;
pub mod records;
mod run;
pub mod search;
mod travel;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::confirm;
use super::effect::{Answer, Effect, Loaded};
use super::message::{Msg, Pulse};
use super::model::{Dialog, Failing, Level, Model, Overlay, Screen, holds};
use crate::operations::actions::{Action, Plan, Receipt, Tier};
use crate::operations::views::SpendRow;
use press::Press;

pub use press::can_go_back;

/// An idle console's clock moves at most this often.
const IDLE_CLOCK: TimeDelta = TimeDelta::seconds(60);

/// Age in seconds from which a snapshot is called stale: two intervals.
const STALE: i64 = 10;

/// Takes one message.
pub fn update(model: &mut Model, msg: Msg, now: DateTime<Utc>) -> Vec<Effect> {
    let mut effects = Vec::new();
    let before = model.screen;
    let mut press = Press { now, effects: &mut effects };
    match msg {
        Msg::Key(key) => press::on_key(model, key, &mut press),
        Msg::Paste(text) => on_paste(model, &text, now),
        Msg::Mouse(gesture, spot) => mouse::on_mouse(model, gesture, spot, &mut press),
        Msg::Resize(columns, rows) => {
            model.size = (columns, rows);
            effects.push(Effect::Repaint);
        }
        Msg::Credential(said) => credentials::said(model, said, &mut press),
        Msg::Planned(planned) => on_plan(model, planned, &mut press),
        Msg::SecondAsked(asked) => deck::asked(model, asked),
        Msg::Done(done) => on_done(model, done, &mut press),
        Msg::Stop => press::leave(model, &mut press),
        Msg::Paper(reading, lines) => papers::arrived(model, &reading, lines),
        Msg::Drained => effects.push(Effect::Leave),
        Msg::Resumed => effects.extend([Effect::Repaint, Effect::Refresh]),
        Msg::Themes(names) => {
            model.facts.themes = names;
            effects.push(Effect::Restyle);
        }
        Msg::Edited(result) => on_edited(model, result, now),
        data => on_data(model, data, now),
    }
    if model.screen == Screen::Ask && before != Screen::Ask {
        effects.push(ask::remembered());
    }
    watch(model, &mut effects);
    effects
}

/// What only changes what is known.
fn on_data(model: &mut Model, msg: Msg, now: DateTime<Utc>) {
    match msg {
        Msg::Pulse(pulse) => on_pulse(model, pulse),
        Msg::PulseFailed { at, error } => {
            let since = model.failing.as_ref().map_or(at, |f| f.since);
            model.failing = Some(Failing { since, error });
            recall(model);
        }
        Msg::Answer { id, at, result } => on_answer(model, id, at, result),
        Msg::Past(at, result) => travel::arrived(model, at, result, now),
        Msg::Asked(id, said) => ask::said(model, id, said, now),
        Msg::Logs(lines) => records::on_logs(model, lines),
        Msg::Shown => {
            if let Some(Overlay::Confirm(open)) = &mut model.overlay {
                open.seen = true;
            }
        }
        Msg::Tick => on_tick(model, now),
        Msg::Step(id, step) => {
            if let Some(work) = model.works.iter_mut().find(|w| w.id == id) {
                work.step = (step, now);
            }
        }
        Msg::Ended(id, result) => run::ended(model, id, result, now),
        Msg::Others(seen) => run::others(model, seen, now),
        Msg::Measured(bytes_per_s) => {
            model.facts.link = Some(bytes_per_s);
            model.facts.slow |= bytes_per_s < 20_000;
        }
        Msg::Keys(Ok(keymap)) => model.facts.keymap = keymap,
        Msg::Keys(Err(why)) => model.say(format!("keys.toml is not used: {why}"), true, now),
        Msg::Themed(Ok(name)) => model.say(format!("theme {name}"), false, now),
        Msg::Recorded(Ok(text)) => model.say(format!("recorded: {text}"), false, now),
        Msg::Themed(Err(why)) | Msg::Recorded(Err(why)) => model.say(why, true, now),
        _ => {}
    }
}

fn on_tick(model: &mut Model, now: DateTime<Utc>) {
    ask::tick(model, now);
    credentials::tick(model, now);
    model.toast = model.toast.take().filter(|toast| toast.until > now);
    let live = model.frozen.is_none() && model.past.is_none();
    let age = model.pulse.as_ref().map_or(0, |p| (now - p.at).num_seconds());
    model.stale = (age > STALE && live).then_some(age / 5 * 5);
    // What says nothing of its rows is known to go on by the clock.
    let silent = model.works.iter_mut().filter(|w| w.ended.is_none() && w.other.is_none() && w.step.0.rows == 0);
    silent.for_each(|work| work.step.1 = now);
    menus::renew_works(model);
}

/// The days of usage that are shown.
pub fn usage_rows(model: &Model) -> &[SpendRow] {
    match model.answer() {
        Some(Answer::Spend(rows)) => rows,
        _ => &[],
    }
}

/// The place of the chosen row of the list in focus.
fn selected_row(model: &Model) -> usize {
    match (model.screen, &model.lanes.level) {
        (Screen::Overview, _) | (Screen::Lanes, Level::Lanes) => model.lanes.list.at,
        (Screen::Lanes, _) if model.lanes.grouped() => model.lanes.groups.at,
        (Screen::Lanes, _) => model.lanes.jobs.at,
        (Screen::Breakers, _) => model.breakers.list.at,
        (Screen::Contacts, _) => model.contacts.list.at,
        (Screen::Ask, _) => model.ask.at.0.at,
        (Screen::Credentials, _) if model.credentials.open => model.credentials.versions.at,
        (Screen::Credentials, _) => model.credentials.list.at,
        (Screen::Timeline, _) => records::shown(model).1,
        (Screen::Fleet, _) => model.fleet.at,
        (Screen::Usage, _) => model.usage.at,
    }
}

/// Asks what the pane in focus wants to know, when that is another question than before.
fn watch(model: &mut Model, effects: &mut Vec<Effect>) {
    let wanted = model.wanted();
    if wanted.as_ref() == model.asked.1.as_ref().map(|loaded| &loaded.query) {
        return;
    }
    let id = model.asked.0 + 1;
    let loaded = wanted.clone().map(|query| Loaded { query, at: model.clock, answer: None, error: None });
    model.keep();
    model.asked = (id, loaded);
    recall(model);
    effects.push(Effect::Watch { id, query: wanted });
}

/// Shows what was read before, while the database does not answer.
fn recall(model: &mut Model) {
    model.recall();
    if model.failing.is_some() && model.answer().is_some() {
        settle_answer(model);
    }
}

fn on_pulse(model: &mut Model, pulse: Arc<Pulse>) {
    (model.failing, model.stale) = (None, None);
    deck::heard(model, &pulse);
    if let Some(past) = &mut model.past {
        past.live = Some(pulse);
        return;
    }
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
    let lanes: Vec<String> = model.lane_rows().iter().map(|l| l.lane.clone()).collect();
    model.lanes.list.settle(&lanes);
    let breakers: Vec<String> = model.breaker_rows().iter().map(|b| b.name.clone()).collect();
    model.breakers.list.settle(&breakers);
    let nodes: Vec<i64> = model.node_rows().iter().map(|n| n.epoch).collect();
    model.fleet.settle(&nodes);
}

/// Finds the selections of the pane in focus again.
fn settle_answer(model: &mut Model) {
    lanes::settle(model);
    contacts::settle(model);
    records::settle(model);
    credentials::settle(model);
    let rows: Vec<usize> = (0..usage_rows(model).len()).collect();
    model.usage.settle(&rows);
}

fn on_answer(model: &mut Model, id: u64, at: DateTime<Utc>, result: Result<Arc<Answer>, String>) {
    if model.asked.0 != id || model.frozen.is_some() {
        return;
    }
    let Some(loaded) = &mut model.asked.1 else { return };
    match result {
        Ok(answer) => {
            (loaded.at, loaded.answer, loaded.error) = (at, Some(answer), None);
            settle_answer(model);
        }
        Err(error) => loaded.error = Some(error),
    }
}

fn on_plan(model: &mut Model, planned: Result<Box<Plan>, String>, press: &mut Press<'_>) {
    match planned {
        Err(error) => model.say(error, true, press.now),
        Ok(plan) if plan.tier == Tier::Light && !holds(&plan.action) => match confirm::unasked(*plan) {
            Ok(confirmed) => press.effects.push(Effect::Run(Box::new(confirmed))),
            Err(refusal) => model.say(refusal.to_string(), true, press.now),
        },
        Ok(plan) if model.overlay.is_some() => {
            let words = format!(
                "{} {} was not asked for: something else was open; repeat it",
                plan.action.verb(),
                plan.action.target()
            );
            model.say(words, true, press.now);
        }
        Ok(plan) => model.overlay = Some(Overlay::Confirm(Box::new(Dialog::new(*plan, press.now)))),
    }
}

fn on_done(model: &mut Model, done: Result<Receipt, String>, press: &mut Press<'_>) {
    let now = press.now;
    match done {
        Ok(receipt) => {
            model.undo = receipt.undoable.then_some(receipt.audit_id);
            model.twin = Some(receipt.twin.clone());
            (model.lanes.marks, model.contacts.marks) = Default::default();
            let undo = if receipt.undoable { "  -  u undo 9s" } else { "" };
            model.say(format!("{}{undo}  -  same as: {}", receipt.summary, receipt.twin), false, now);
        }
        Err(error) => model.say(error, true, now),
    }
    press.effects.push(Effect::Refresh);
}

fn on_paste(model: &mut Model, text: &str, now: DateTime<Utc>) {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(1000).collect();
    let taken = match model.overlay.take() {
        Some(Overlay::Confirm(mut open)) => {
            let taken = dialog::insert(&mut open, &line);
            model.overlay = Some(Overlay::Confirm(open));
            taken
        }
        Some(Overlay::Palette(open)) => {
            palette::insert(model, open, &line);
            true
        }
        Some(Overlay::Entering(mut open)) => {
            credentials::insert(&mut open, text);
            model.overlay = Some(Overlay::Entering(open));
            true
        }
        Some(Overlay::Prompt(mut open)) => {
            prompt::insert(&mut open, &line);
            model.overlay = Some(Overlay::Prompt(open));
            true
        }
        other => {
            model.overlay = other;
            let contacts = model.screen == Screen::Contacts && contacts::insert(model, &line, now);
            contacts || ask::insert(model, &line) || search::insert(model, &line)
        }
    };
    if !taken {
        model.say("a paste was dropped: here it could only press keys", true, now);
    }
}

/// Takes what an editor left, into the field that is open.
fn on_edited(model: &mut Model, result: Result<String, String>, now: DateTime<Utc>) {
    match result {
        Err(why) => model.say(why, true, now),
        Ok(text) => {
            match &mut model.overlay {
                Some(Overlay::Confirm(open)) => dialog::clear(open),
                _ => {
                    contacts::clear(model);
                    ask::clear(model);
                }
            }
            on_paste(model, &text, now);
        }
    }
}

/// Wishes for an action: its radius is counted first.
fn wish(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    model.toast = None;
    effects.push(Effect::Plan(action));
}

#[cfg(test)]
#[path = "hands_tests.rs"]
mod hands_tests;
#[cfg(test)]
#[path = "papers_tests.rs"]
mod papers_tests;
#[cfg(test)]
#[path = "tests.rs"]
mod tests;
