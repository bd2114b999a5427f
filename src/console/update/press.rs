//! A key press: to what lies over the screen, to a line that is edited, or through the table of keys.

use chrono::{DateTime, Utc};

use super::{
    allowed, ask, breakers, contacts, credentials, deck, dialog, fleet, help, lanes, menus, mouse, palette, papers,
    prompt, records, search, travel, wish,
};
use crate::console::effect::{Effect, Outside};
use crate::console::keys::{Binding, Code, Do, Key};
use crate::console::model::{Level, List, Model, Move, Overlay, RANGES, Screen, TimelineTab};

/// What a key press may change, and what it asks for.
pub(super) struct Press<'a> {
    /// When.
    pub now: DateTime<Utc>,
    /// What is asked for.
    pub effects: &'a mut Vec<Effect>,
}

pub(super) fn on_key(model: &mut Model, key: Key, press: &mut Press<'_>) {
    if key == Key::ctrl('c') {
        return leave(model, press);
    }
    match model.overlay.take() {
        Some(Overlay::Entering(open)) => credentials::key(model, open, key, press),
        Some(Overlay::Confirm(open)) => dialog::key(model, open, key, press),
        Some(Overlay::Palette(open)) => palette::key(model, open, key, press),
        Some(Overlay::Paper(open)) => papers::key(model, open, key, press),
        Some(Overlay::Menu(open)) => menus::key(model, open, key, press),
        Some(Overlay::Prompt(open)) => prompt::key(model, open, key, press),
        Some(Overlay::Help(scrolled, typed)) => help::key(model, (scrolled, typed), key),
        Some(Overlay::Quit) => match key.code {
            Code::Char('y') => leave(model, press),
            Code::Esc | Code::Enter | Code::Char('n' | 'q') => {}
            _ => model.overlay = Some(Overlay::Quit),
        },
        None => match contacts::editing(model) {
            Some(editing) => contacts::edit(model, editing, key, press),
            None if ask::key(model, key, press) || search::key(model, key) => {}
            None => bound(model, key, press),
        },
    }
}

fn bound(model: &mut Model, key: Key, press: &mut Press<'_>) {
    let Some(binding) = model.facts.keymap.clone().find(key, model.place()) else { return };
    act(model, binding, press);
}

/// Does what a row of the table says, or says why not.
pub(super) fn act(model: &mut Model, binding: &Binding, press: &mut Press<'_>) {
    if let Some(why) = allowed::refusal(model, binding) {
        return model.say(why, true, press.now);
    }
    match binding.does {
        Do::Show(screen) => show(model, screen),
        Do::LastScreen => show(model, model.last_screen),
        Do::Back => back(model, true),
        Do::Escape => back(model, false),
        Do::Quit => leave(model, press),
        Do::Suspend => press.effects.push(Effect::Suspend),
        Do::Repaint => press.effects.push(Effect::Repaint),
        Do::Refresh => press.effects.push(Effect::Refresh),
        Do::Freeze => model.frozen = if model.frozen.is_some() { None } else { Some(model.clock) },
        Do::Times => model.ages = !model.ages,
        Do::Undo => undo(model, press),
        Do::Earlier | Do::Later | Do::Live => travel::step(model, binding.does, press),
        other => overlays(model, other, press),
    }
}

/// What lays something over the screen.
fn overlays(model: &mut Model, does: Do, press: &mut Press<'_>) {
    match does {
        Do::Help => model.overlay = Some(Overlay::Help(0, String::new())),
        Do::Palette => palette::open(model),
        Do::Actions => menus::actions(model, press),
        Do::Sort => menus::sort(model, press),
        Do::Copy => menus::copy(model, press),
        Do::Theme => menus::themes(model),
        Do::Works => menus::works(model, press),
        Do::Save => prompt::export(model),
        Do::Mouse => mouse::toggle(model, press),
        Do::Import => prompt::import(model),
        Do::Demo => press.effects.push(Effect::Outside(Outside::Ourselves(vec!["demo".into()]))),
        Do::Why => papers::why(model, press),
        Do::Deck => deck::open(model, press),
        other => in_screen(model, other, press),
    }
}

fn in_screen(model: &mut Model, does: Do, press: &mut Press<'_>) {
    if let Some(step) = movement(does, model) {
        return move_by(model, step);
    }
    match (model.screen, does) {
        (Screen::Overview, Do::Next) => model.incident = model.incident.wrapping_add(1),
        (Screen::Overview, Do::Previous) => {
            model.incident = model.incident.checked_sub(1).unwrap_or(model.incidents().len().saturating_sub(1));
        }
        (Screen::Overview, Do::ChartRange) => model.range = (model.range + 1) % RANGES.len(),
        (Screen::Overview, Do::Mend | Do::HoldOpen) => breakers::verb(model, does, press),
        (Screen::Overview | Screen::Lanes, _) => lanes::verb(model, does, press),
        (Screen::Breakers, Do::Open) => breakers::lane(model),
        (Screen::Breakers, _) => breakers::verb(model, does, press),
        (Screen::Contacts, _) => contacts::verb(model, does, press),
        (Screen::Ask, _) => ask::verb(model, does, press),
        (Screen::Credentials, _) => credentials::verb(model, does, press),
        (Screen::Timeline, _) => records::verb(model, does, press),
        (Screen::Fleet, _) => fleet::verb(model, does, press),
        (Screen::Usage, _) => {}
    }
}

/// Moves the selection of the list in focus.
pub(super) fn move_by(model: &mut Model, step: Move) {
    match model.screen {
        Screen::Overview | Screen::Lanes => lanes::step(model, step),
        Screen::Breakers => breakers::step(model, step),
        Screen::Contacts => contacts::step(model, step),
        Screen::Ask => ask::step(model, step),
        Screen::Credentials => credentials::step(model, step),
        Screen::Timeline => records::step(model, step),
        Screen::Fleet => {
            let ids: Vec<i64> = model.node_rows().iter().map(|n| n.epoch).collect();
            model.fleet.step(&ids, step);
        }
        Screen::Usage => {
            let rows: Vec<usize> = (0..super::usage_rows(model).len()).collect();
            model.usage.step(&rows, step);
        }
    }
}

fn movement(does: Do, model: &Model) -> Option<Move> {
    let half = i32::from((model.size.1 / 2).max(1));
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

/// Shows a screen; shown already, its first level.
pub(super) fn show(model: &mut Model, screen: Screen) {
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

fn undo(model: &mut Model, press: &mut Press<'_>) {
    let row = match (model.screen, model.timeline.tab) {
        (Screen::Timeline, TimelineTab::Audit) => records::audit_rows(model).get(model.timeline.audit.at).map(|r| r.id),
        _ => None,
    };
    match row.or_else(|| model.undo.take()) {
        Some(audit_id) => press.effects.push(Effect::Undo(audit_id)),
        None => model.say("there is nothing to take back", true, press.now),
    }
}

/// Whether `q` leads one level back rather than out.
pub fn can_go_back(model: &Model) -> bool {
    match model.screen {
        Screen::Lanes => model.lanes.level != Level::Lanes,
        Screen::Contacts => model.contacts.open.is_some(),
        Screen::Ask => model.ask.can_go_back(),
        Screen::Credentials => model.credentials.open,
        Screen::Timeline => model.timeline.page.at.is_some(),
        _ => model.past.is_some(),
    }
}

/// One level back; `quits`: on a top screen asks whether to leave.
fn back(model: &mut Model, quits: bool) {
    let moved = match model.screen {
        Screen::Lanes => lanes::back(model, !quits),
        Screen::Contacts => contacts::back(model, !quits),
        Screen::Ask => ask::back(model, !quits),
        Screen::Credentials => credentials::back(model),
        Screen::Timeline => records::back(model, !quits),
        _ => false,
    };
    if !moved && model.past.is_some() {
        return travel::home(model);
    }
    if !moved && quits {
        model.overlay = Some(Overlay::Quit);
    }
}

/// Drains and leaves; asked again, leaves at once.
pub(super) fn leave(model: &mut Model, press: &mut Press<'_>) {
    if model.leaving.is_some() {
        press.effects.push(Effect::Leave);
        return;
    }
    model.overlay = None;
    model.leaving = Some(press.now);
    press.effects.push(Effect::Drain);
}

/// Goes to one lane.
pub(super) fn to_lane(model: &mut Model, lane: String) {
    if model.lanes.list.id.as_ref() != Some(&lane) {
        model.lanes.list = List { id: Some(lane), at: 0 };
        model.lanes.reset_jobs();
    }
    model.lanes.level = Level::Lanes;
    show(model, Screen::Lanes);
    super::settle(model);
}

/// Goes to one breaker.
pub(super) fn to_breaker(model: &mut Model, name: String) {
    (model.breakers.list.id, model.breakers.chosen) = (Some(name), true);
    show(model, Screen::Breakers);
    super::settle(model);
}

/// Wishes for an action, if anything may be changed now: its radius is counted first.
pub(super) fn wish_if_allowed(model: &mut Model, action: crate::operations::actions::Action, press: &mut Press<'_>) {
    match allowed::writes(model) {
        Some(why) => model.say(why, true, press.now),
        None => wish(model, action, press.effects),
    }
}
