//! Keys of the Contacts screen: pages by key, and the filter line, which applies what it understands as one types.

use chrono::{DateTime, Utc};
use tui_input::{Input, InputRequest};

use super::press::Press;
use super::{dialog, menus, run, wish};
use crate::console::effect::{Answer, Effect, Outside};
use crate::console::keys::{Code, Do, Key};
use crate::console::model::{Ask, Contacts, Editing, List, Model, Move, Overlay, Prompt};
use crate::contacts::contact::ContactRow;
use crate::contacts::filter::{Anchor, CONDITIONS_MAX, CONTACTS, Filter, TEXT_CHARS_MAX, complete};
use crate::contacts::page::{Page, Start};
use crate::operations::actions::{Action, Enrich};

/// The page that is shown.
pub fn page(model: &Model) -> Option<&Page> {
    match model.answer() {
        Some(Answer::Contacts { page, .. }) => Some(page),
        _ => None,
    }
}

/// The contacts that are shown.
pub fn contact_rows(model: &Model) -> &[ContactRow] {
    page(model).map_or(&[], |p| &p.rows)
}

fn ids(model: &Model) -> Vec<i64> {
    contact_rows(model).iter().map(|r| r.id).collect()
}

pub(super) fn settle(model: &mut Model) {
    if page(model).is_some() {
        let ids = ids(model);
        // A page that was entered from below begins at its end.
        if model.contacts.list.id.is_none() && matches!(model.contacts.start, Start::Before(_) | Start::Last) {
            model.contacts.list.step(&ids, Move::Last);
        }
        model.contacts.list.settle(&ids);
    }
}

pub(super) fn step(model: &mut Model, step: Move) {
    if let Some((_, scrolled)) = &mut model.contacts.open {
        *scrolled = match step {
            Move::By(n) => scrolled.saturating_add_signed(n.clamp(-200, 200) as i16).min(500),
            Move::First => 0,
            Move::Last => *scrolled,
        };
        return;
    }
    let ids = ids(model);
    let at = model.contacts.list.at;
    let (next, previous) = page(model).map_or((None, None), |p| (p.next, p.previous));
    let turned = match step {
        Move::By(n) if n > 0 && at + 1 >= ids.len() => next.map(Start::After),
        Move::By(n) if n < 0 && at == 0 => previous.map(Start::Before),
        Move::First => previous.map(|_| Start::First),
        Move::Last => next.map(|_| Start::Last),
        Move::By(_) => None,
    };
    match turned {
        Some(start) => {
            // A range is a run of rows of one page.
            model.contacts.marks.from = None;
            (model.contacts.start, model.contacts.list) = (start, List::default());
        }
        None => model.contacts.list.step(&ids, step),
    }
}

/// The filter line, taken out of the model while it is edited.
pub(super) fn editing(model: &mut Model) -> Option<Editing> {
    if model.screen == crate::console::model::Screen::Contacts { model.contacts.editing.take() } else { None }
}

pub(super) fn verb(model: &mut Model, does: Do, press: &mut Press<'_>) {
    match does {
        Do::Mark | Do::Range | Do::MarkAll => menus::mark(model, does, press),
        Do::LookUp | Do::Enrich => bulk(model, does, press),
        Do::Fields => fields(model, press),
        Do::Open => {
            let row = contact_rows(model).get(model.contacts.list.at).map(|r| r.id);
            model.contacts.open = row.map(|id| (id, 0));
        }
        Do::Filter => begin(&mut model.contacts),
        _ => {}
    }
}

/// The contact in focus.
pub(super) fn chosen(model: &Model) -> Option<i64> {
    match model.contacts.open {
        Some((id, _)) => Some(id),
        None => contact_rows(model).get(model.contacts.list.at).map(|row| row.id),
    }
}

/// Asks which fields are set by hand.
fn fields(model: &mut Model, press: &mut Press<'_>) {
    let Some(contact) = chosen(model) else { return model.say("there is no contact here", true, press.now) };
    let prompt = Prompt { ask: Ask::Fields { contact }, input: Input::default() };
    model.overlay = Some(Overlay::Prompt(Box::new(prompt)));
}

/// Looks up or enriches what a filter matches.
fn action(model: &Model, does: Do, filter: String, again: bool) -> Action {
    match does {
        Do::Enrich => Action::Enrich(Enrich { filter, again: false, checks_only: false }),
        _ => run::look_up(model, filter, again),
    }
}

/// Looks up or enriches all that match, the marked ones, or the one that is chosen.
fn bulk(model: &mut Model, does: Do, press: &mut Press<'_>) {
    let marks = &model.contacts.marks;
    if marks.all {
        let action = action(model, does, model.contacts.filter.clone(), false);
        return wish(model, action, press.effects);
    }
    let numbers: Vec<String> = match (model.contacts.open, model.answer()) {
        (Some(_), Some(Answer::Contact(Some(contact)))) => {
            let phone = contact.fields.iter().find(|(name, _)| *name == "phone_e164");
            phone.and_then(|(_, value)| value.as_str()).map(str::to_owned).into_iter().collect()
        }
        _ => {
            let rows = contact_rows(model);
            let chosen = rows.get(model.contacts.list.at).map(|r| r.id);
            let meant = |r: &&ContactRow| if marks.is_empty() { Some(r.id) == chosen } else { marks.has(r.id) };
            rows.iter().filter(meant).map(|r| r.phone_e164.clone()).collect()
        }
    };
    let marked = if model.contacts.open.is_some() { 0 } else { marks.len() };
    if numbers.is_empty() || numbers.len() < marked || numbers.len() > CONDITIONS_MAX {
        let words = format!(
            "at most {CONDITIONS_MAX} marked contacts of one page are taken at once: filter, then * marks all that match"
        );
        return model.say(words, true, press.now);
    }
    let filter: Vec<String> = numbers.iter().map(|n| format!("phone={n}")).collect();
    let action = action(model, does, filter.join(" or "), marked == 0 && numbers.len() == 1);
    wish(model, action, press.effects);
}

/// One level back: from the contact to the list; `clears`: marks first, then the filter.
pub(super) fn back(model: &mut Model, clears: bool) -> bool {
    if model.contacts.open.take().is_some() {
        return true;
    }
    if clears && (!model.contacts.marks.is_empty() || model.contacts.marks.from.is_some()) {
        model.contacts.marks = Default::default();
        return true;
    }
    let filtered = clears && !model.contacts.filter.is_empty();
    if filtered {
        model.contacts.apply(String::new());
    }
    filtered
}

/// Begins to edit this filter.
pub(super) fn edit_text(model: &mut Model, text: String, now: DateTime<Utc>) {
    let before = model.contacts.filter.clone();
    understood(model, Editing { input: Input::new(text), before, error: None, offers: None }, now);
}

fn begin(contacts: &mut Contacts) {
    let text = match contacts.filter.as_str() {
        "" => String::new(),
        filter => format!("{filter} "),
    };
    let editing = Editing { input: Input::new(text), before: contacts.filter.clone(), error: None, offers: None };
    contacts.editing = Some(offered(editing));
}

/// Takes a key while the filter line is edited.
pub(super) fn edit(model: &mut Model, mut editing: Editing, key: Key, press: &mut Press<'_>) {
    let now = press.now;
    match key.code {
        Code::Char('o') if key.ctrl => {
            press.effects.push(Effect::Outside(Outside::Editor(editing.input.value().to_owned())));
        }
        Code::Esc => return model.contacts.apply(editing.before),
        Code::Enter if editing.error.is_none() => return model.contacts.apply(editing.input.value().trim().to_owned()),
        Code::Enter => {}
        Code::Tab => take_offer(&mut editing),
        _ => {
            if editing.input.value().chars().count() < TEXT_CHARS_MAX || !matches!(key.code, Code::Char(_)) {
                dialog::edit(&mut editing.input, key);
            }
        }
    }
    understood(model, editing, now);
}

/// Empties the filter line, if it is edited.
pub(super) fn clear(model: &mut Model) {
    if let Some(editing) = &mut model.contacts.editing {
        editing.input = Input::default();
    }
}

/// Pastes into the filter line; false when it is not edited.
pub(super) fn insert(model: &mut Model, text: &str, now: DateTime<Utc>) -> bool {
    let Some(mut editing) = model.contacts.editing.take() else { return false };
    for c in text.chars() {
        editing.input.handle(InputRequest::InsertChar(c));
    }
    understood(model, editing, now);
    true
}

/// Applies what was typed if it is understood, and says what is not.
fn understood(model: &mut Model, mut editing: Editing, now: DateTime<Utc>) {
    let text = editing.input.value().trim().to_owned();
    editing.error = match Filter::parse(editing.input.value(), Anchor::new(now, model.facts.zone)) {
        Ok(_) => {
            if is_whole(editing.input.value()) {
                model.contacts.apply(text);
            }
            None
        }
        Err(error) => Some((error.position, error.message)),
    };
    model.contacts.editing = Some(offered(editing));
}

/// Whether the last piece can't be the begin of a field's name: a half-typed name is no search for that word.
pub(super) fn is_whole(text: &str) -> bool {
    let last = text.rsplit(char::is_whitespace).next().unwrap_or(text);
    last.is_empty() || last.contains([':', '<', '>', '=', '"', '+'])
}

fn offered(mut editing: Editing) -> Editing {
    let completion = complete(&CONTACTS, editing.input.value(), editing.input.cursor());
    editing.offers = Some(completion).filter(|c| !c.candidates.is_empty());
    editing
}

/// Puts the first candidate in the place of the piece at the cursor.
fn take_offer(editing: &mut Editing) {
    let Some(offers) = editing.offers.take() else { return };
    let Some(first) = offers.candidates.first() else { return };
    let text: Vec<char> = editing.input.value().chars().collect();
    let (head, tail) = (&text[..offers.start.min(text.len())], &text[offers.end.min(text.len())..]);
    let whole: String = head.iter().copied().chain(first.insert.chars()).chain(tail.iter().copied()).collect();
    let cursor = head.len() + first.insert.chars().count();
    editing.input = Input::new(whole).with_cursor(cursor);
}
