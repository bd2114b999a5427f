//! Keys and answers of the Ask screen. Nothing here waits: a wish goes to the desk with a number, and an answer with
//! another number than the one that is waited for is dropped.

use chrono::{DateTime, Utc};
use tui_input::{Input, InputRequest};

use super::press::{self, Press};
use super::{allowed, contacts, dialog};
use crate::console::desks::{AboutWish, AskSaid, AskWish};
use crate::console::effect::{Effect, Outside};
use crate::console::keys::{Code, Do, Key};
use crate::console::model::{
    About, Ask, AskTab, LINE_MAX, List, Model, Move, Overlay, Prompt, QUESTIONS_MAX, Screen, Waiting,
};
use crate::contacts::filter::Query;

/// The wish to know what is remembered.
pub(super) fn remembered() -> Effect {
    Effect::Ask(0, AskWish::Recall)
}

/// Begins to type.
pub(super) fn begin(model: &mut Model) {
    if model.ask.tab.is_list() {
        model.ask.tab = AskTab::Find;
    }
    model.ask.typing = true;
}

/// Takes a key while the line is edited; false when it is not.
pub(super) fn key(model: &mut Model, key: Key, press: &mut Press<'_>) -> bool {
    if model.screen != Screen::Ask || !model.ask.typing {
        return false;
    }
    match key.code {
        Code::Esc => model.ask.typing = false,
        Code::Enter => send(model, press),
        Code::Up => recall(model, true),
        Code::Down => recall(model, false),
        Code::Tab => edit_filter(model, press),
        Code::Char('s') if key.ctrl => keep(model, press),
        Code::Char('o') if key.ctrl => {
            press.effects.push(Effect::Outside(Outside::Editor(model.ask.line().value().to_owned())));
        }
        _ => type_in(model, key),
    }
    true
}

fn type_in(model: &mut Model, key: Key) {
    let line = model.ask.line_mut();
    let full = line.value().chars().count() >= LINE_MAX;
    match key.code {
        Code::Char(c) if !key.ctrl && !full => _ = line.handle(InputRequest::InsertChar(c)),
        Code::Char(_) if !key.ctrl => {}
        _ => _ = dialog::edit(line, key),
    }
}

/// Pastes into the line; false when it is not edited.
pub(super) fn insert(model: &mut Model, text: &str) -> bool {
    let typing = model.screen == Screen::Ask && model.ask.typing;
    if typing {
        text.chars().for_each(|c| type_in(model, Key::char(c)));
    }
    typing
}

/// Empties the line, if it is edited.
pub(super) fn clear(model: &mut Model) {
    if model.screen == Screen::Ask && model.ask.typing {
        *model.ask.line_mut() = Input::default();
    }
}

/// Puts an older or newer question of the history into the line.
fn recall(model: &mut Model, older: bool) {
    let about = model.ask.tab == AskTab::About;
    let asked: Vec<&str> =
        model.ask.memory.history.iter().filter(|a| (a.mode == "about") == about).map(|a| a.question.as_str()).collect();
    let next = match (model.ask.recalled, older) {
        (None, true) => Some(0),
        (Some(at), true) => Some((at + 1).min(asked.len().saturating_sub(1))),
        (Some(0) | None, false) => None,
        (Some(at), false) => Some(at - 1),
    };
    let text = next.and_then(|at| asked.get(at)).map(|text| (*text).to_owned()).unwrap_or_default();
    model.ask.recalled = next;
    *model.ask.line_mut() = Input::new(text);
}

/// Sends what stands in the line.
pub(super) fn send(model: &mut Model, press: &mut Press<'_>) {
    let question = model.ask.line().value().trim().to_owned();
    if question.is_empty() {
        return model.say(
            "type a question first, such as: failed mobile numbers in Texas since yesterday",
            true,
            press.now,
        );
    }
    (model.ask.typing, model.ask.recalled, model.ask.inspecting) = (false, None, false);
    if model.ask.tab == AskTab::About {
        model.ask.about = About::Nothing;
        let (ids, filter) = whom(model);
        let wish = AboutWish { question, filter, ids, allow_people: model.ask.switches.1 };
        return wait(model, "reading the contacts", AskWish::Prepare(wish), press);
    }
    model.ask.proposal = None;
    let what = if model.ask.switches.0 || !model.ask.has_models() { "reading the question" } else { "asking a model" };
    let built_in = model.ask.switches.0;
    wait(model, what, AskWish::Propose { question, built_in }, press);
}

fn wait(model: &mut Model, what: &'static str, wish: AskWish, press: &mut Press<'_>) {
    let (waiting, last, under_way) = &mut model.ask.calls;
    if *under_way >= QUESTIONS_MAX {
        let words = format!("{QUESTIONS_MAX} questions are under way still: an answer comes within 30 s, or a refusal");
        return model.say(words, true, press.now);
    }
    (*last, *under_way) = (*last + 1, *under_way + 1);
    *waiting = Some(Waiting { id: *last, what, since: press.now, age_s: 0 });
    let id = *last;
    (model.ask.error, model.ask.at.1) = (None, 0);
    press.effects.push(Effect::Ask(id, wish));
}

/// Who is asked about: the marked contacts, else those that the filter of Contacts finds.
pub fn whom(model: &Model) -> (Vec<i64>, String) {
    let marks = &model.contacts.marks;
    if marks.all || marks.is_empty() {
        (Vec::new(), model.contacts.filter.clone())
    } else {
        (marks.ids(), String::new())
    }
}

/// Takes what the desk said.
pub(super) fn said(model: &mut Model, id: u64, result: Result<AskSaid, String>, now: DateTime<Utc>) {
    if id > 0 {
        model.ask.calls.2 = model.ask.calls.2.saturating_sub(1);
        if model.ask.calls.0.as_ref().is_none_or(|waiting| waiting.id != id) {
            return;
        }
        model.ask.calls.0 = None;
    }
    match result {
        Ok(AskSaid::Memory(memory, told)) => {
            model.ask.memory = *memory;
            settle(model);
            if let Some(told) = told {
                model.say(told, false, now);
            }
        }
        Ok(AskSaid::Proposal(proposal)) => {
            model.ask.proposal = Some((model.ask.lines[0].value().trim().to_owned(), proposal));
        }
        Ok(AskSaid::Prepared(prepared)) => model.ask.about = About::Ready(prepared),
        Ok(AskSaid::Answer(answer)) => {
            model.ask.about = About::Answer(answer);
            // What was allowed was allowed for this question.
            model.ask.switches.1 = false;
        }
        Err(error) if id == 0 => model.say(error, true, now),
        Err(error) => model.ask.error = Some(error),
    }
}

/// Counts how long one has waited.
pub(super) fn tick(model: &mut Model, now: DateTime<Utc>) {
    if let Some(waiting) = &mut model.ask.calls.0 {
        waiting.age_s = (now - waiting.since).num_seconds();
    }
}

/// What a key does here.
pub(super) fn verb(model: &mut Model, does: Do, press: &mut Press<'_>) {
    match does {
        Do::Type => begin(model),
        Do::Open => open(model, press),
        Do::Next | Do::Previous => turn(model, does == Do::Next, press),
        Do::EditFilter => edit_filter(model, press),
        Do::BuiltIn => model.ask.switches.0 = !model.ask.switches.0,
        Do::Unmask => {
            model.ask.switches.1 = !model.ask.switches.1;
            // What was prepared was prepared otherwise.
            if matches!(model.ask.about, About::Ready(_)) {
                send(model, press);
            }
        }
        Do::Inspect => (model.ask.inspecting, model.ask.at.1) = (!model.ask.inspecting, 0),
        Do::Keep => keep(model, press),
        Do::Forget => forget(model, press),
        _ => {}
    }
}

/// The next step: type, run, send, take a question of the list.
fn open(model: &mut Model, press: &mut Press<'_>) {
    match model.ask.tab {
        AskTab::Find => match model.ask.proposal.take() {
            Some((_, proposal)) if model.ask.calls.0.is_none() && proposal.not_understood.is_empty() => {
                let query = proposal.query.clone();
                model.ask.proposal = Some((model.ask.lines[0].value().trim().to_owned(), proposal));
                run(model, &query, press);
            }
            Some(kept) => {
                model.ask.proposal = Some(kept);
                model.say(
                    "nothing runs while a part is not understood: / says it differently, E edits the filter",
                    true,
                    press.now,
                );
            }
            None => begin(model),
        },
        AskTab::About => match &model.ask.about {
            About::Ready(prepared) => {
                let wish = AskWish::Send(prepared.clone());
                wait(model, "asking a model", wish, press);
            }
            _ => begin(model),
        },
        AskTab::History => from_history(model, press),
        AskTab::Saved => {
            let name = model.ask.memory.saved.get(model.ask.at.0.at).map(|s| s.name.clone());
            if let Some(name) = name {
                model.ask.tab = AskTab::Find;
                model.ask.lines[0] = Input::new(format!("@{name}"));
                send(model, press);
            }
        }
    }
}

fn from_history(model: &mut Model, press: &mut Press<'_>) {
    let Some(asked) = model.ask.memory.history.get(model.ask.at.0.at).cloned() else { return };
    match asked.mode.as_str() {
        "about" => {
            model.ask.tab = AskTab::About;
            model.ask.lines[1] = Input::new(asked.question);
            model.ask.typing = true;
        }
        "filter" => to_contacts(model, asked.question, press),
        _ => {
            model.ask.tab = AskTab::Find;
            model.ask.lines[0] = Input::new(asked.question);
            model.ask.typing = true;
        }
    }
}

/// Goes to Contacts with what the query finds.
fn run(model: &mut Model, query: &Query, press: &mut Press<'_>) {
    model.contacts.open = None;
    model.contacts.apply(query.filter.text());
    model.contacts.sort = query.sort.unwrap_or_default();
    model.contacts.begin();
    if let Some(limit) = query.limit {
        model.say(
            format!("the first {limit} of these, in this order, are what the question asked for"),
            false,
            press.now,
        );
    }
    press::show(model, Screen::Contacts);
}

/// Hands the filter over to the line of Contacts, with its completion.
fn edit_filter(model: &mut Model, press: &mut Press<'_>) {
    match &model.ask.proposal {
        Some((_, proposal)) => to_contacts(model, proposal.query.filter.text(), press),
        None => model.say("ask first: there is no filter to edit yet", true, press.now),
    }
}

fn to_contacts(model: &mut Model, filter: String, press: &mut Press<'_>) {
    model.ask.typing = false;
    model.contacts.open = None;
    press::show(model, Screen::Contacts);
    contacts::edit_text(model, filter, press.now);
}

/// Asks for a name to keep the filter under.
fn keep(model: &mut Model, press: &mut Press<'_>) {
    let Some((question, proposal)) = &model.ask.proposal else {
        return model.say("ask first: there is nothing to keep yet", true, press.now);
    };
    if let Some(why) = allowed::writes(model) {
        return model.say(why, true, press.now);
    }
    let ask = Ask::Keep { question: Some(question.clone()), filter: proposal.filter.clone() };
    model.overlay = Some(Overlay::Prompt(Box::new(Prompt { ask, input: Input::default() })));
}

fn forget(model: &mut Model, press: &mut Press<'_>) {
    let chosen = model.ask.memory.saved.get(model.ask.at.0.at);
    match chosen.filter(|_| model.ask.tab == AskTab::Saved) {
        Some(saved) => press.effects.push(Effect::Ask(0, AskWish::Forget(saved.name.clone()))),
        None => model.say("only what is kept under a name can be forgotten", true, press.now),
    }
}

/// To the next part, or the one before.
fn turn(model: &mut Model, on: bool, press: &mut Press<'_>) {
    let tabs = AskTab::ALL;
    let at = tabs.iter().position(|(tab, _)| *tab == model.ask.tab).unwrap_or(0);
    let next = if on { at + 1 } else { at + tabs.len() - 1 } % tabs.len();
    model.ask.tab = tabs[next].0;
    (model.ask.inspecting, model.ask.at) = (false, (List::default(), 0));
    if model.ask.tab.is_list() {
        press.effects.push(remembered());
    }
}

/// Moves in the list, or through a long text.
pub(super) fn step(model: &mut Model, step: Move) {
    if model.ask.tab.is_list() {
        let rows: Vec<usize> = (0..model.ask.rows()).collect();
        return model.ask.at.0.step(&rows, step);
    }
    let scrolled = &mut model.ask.at.1;
    *scrolled = match step {
        Move::By(n) => scrolled.saturating_add_signed(n.clamp(-200, 200) as i16).min(2_000),
        Move::First => 0,
        Move::Last => *scrolled,
    };
}

fn settle(model: &mut Model) {
    let rows: Vec<usize> = (0..model.ask.rows()).collect();
    model.ask.at.0.settle(&rows);
}

/// One level back: what is waited for, what is shown in full, what was understood.
pub(super) fn back(model: &mut Model, clears: bool) -> bool {
    if model.ask.calls.0.take().is_some() || std::mem::take(&mut model.ask.inspecting) {
        return true;
    }
    if model.ask.tab.is_list() {
        model.ask.tab = AskTab::Find;
        return true;
    }
    let shown = model.ask.proposal.is_some() || model.ask.about != About::Nothing || model.ask.error.is_some();
    if clears && shown {
        (model.ask.proposal, model.ask.about, model.ask.error) = (None, About::Nothing, None);
    }
    clears && shown
}

/// Asks this at once, from wherever one is.
pub(super) fn question(model: &mut Model, question: String, press: &mut Press<'_>) {
    press::show(model, Screen::Ask);
    model.ask.tab = AskTab::Find;
    model.ask.lines[0] = Input::new(question);
    if model.ask.lines[0].value().trim().is_empty() {
        begin(model);
    } else {
        send(model, press);
    }
}
