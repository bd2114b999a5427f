//! Keys of the line that asks for a file, and what follows from it.

use tui_input::Input;

use super::press::{self, Press};
use super::{dialog, papers, run};
use crate::console::command;
use crate::console::desks::AskWish;
use crate::console::effect::{Effect, Import, Job};
use crate::console::keys::{Code, Key};
use crate::console::model::{Ask, Model, Overlay, Prompt, Reading};
use crate::operations::actions::{Action, JobTarget};

/// Asks where contacts that match are written.
pub(super) fn export(model: &mut Model) {
    let name = format!("contacts-{}.csv", model.clock.format("%Y%m%d-%H%M"));
    let ask = Ask::Export { filter: model.contacts.filter.clone() };
    model.overlay = Some(Overlay::Prompt(Box::new(Prompt { ask, input: Input::new(name) })));
}

/// Asks which file is imported.
pub(super) fn import(model: &mut Model) {
    model.overlay = Some(Overlay::Prompt(Box::new(Prompt { ask: Ask::Import, input: Input::default() })));
}

/// Pastes into the line.
pub(super) fn insert(open: &mut Prompt, text: &str) {
    text.chars().for_each(|c| dialog::type_in(&mut open.input, c));
}

pub(super) fn key(model: &mut Model, mut open: Box<Prompt>, key: Key, press: &mut Press<'_>) {
    match key.code {
        Code::Esc => {}
        Code::Enter if !open.input.value().trim().is_empty() => {
            let typed = open.input.value().trim().to_owned();
            match open.ask {
                Ask::Export { filter } => begin_export(model, typed, filter, press),
                Ask::Import => {
                    let file = Import { path: typed, lookup: true, ..Import::default() };
                    import_file(model, file, false, press);
                }
                Ask::Priority { target } => priority(model, &typed, target, press),
                Ask::Fields { contact } => fields(model, contact, &typed, press),
                Ask::Text { text } => {
                    run::begin(model, format!("text to {typed}"), Job::Text { path: typed, text }, press);
                }
                Ask::Keep { question, filter } => {
                    press.effects.push(Effect::Ask(0, AskWish::Keep { name: typed, question, filter }));
                }
            }
        }
        _ => {
            dialog::edit(&mut open.input, key);
            model.overlay = Some(Overlay::Prompt(open));
        }
    }
}

/// Begins to write contacts.
pub(super) fn begin_export(model: &mut Model, path: String, filter: String, press: &mut Press<'_>) {
    run::begin(model, format!("export to {path}"), Job::Export { path, filter, zone: model.facts.zone }, press);
}

/// Begins to read contacts, if anything may be changed; `agreed`: at once, else what the file would bring and cost is shown.
pub(super) fn import_file(model: &mut Model, file: Import, agreed: bool, press: &mut Press<'_>) {
    if let Some(why) = super::allowed::writes(model) {
        return model.say(why, true, press.now);
    }
    let (packages, limits) = model.facts.lookup.clone();
    if !agreed {
        return papers::open(model, Reading::Preflight(Import { packages, ..file }), press);
    }
    run::begin(model, format!("import of {}", file.path), Job::Import(file, limits), press);
}

/// Sets fields of a contact: `FIELD=VALUE`, several as on a command line.
fn fields(model: &mut Model, contact: i64, typed: &str, press: &mut Press<'_>) {
    let words = shell_words::split(typed).map_err(|_| "a quote is open: close it".to_owned());
    match words.and_then(|words| command::pairs(&words)) {
        Ok(fields) => press::wish_if_allowed(model, Action::SetContact { contact, fields }, press),
        Err(wrong) => model.say(wrong, true, press.now),
    }
}

/// Asks where a text is written.
pub(super) fn keep(model: &mut Model, text: String) {
    let name = format!("shift-{}.md", model.clock.format("%Y%m%d-%H%M"));
    model.overlay = Some(Overlay::Prompt(Box::new(Prompt { ask: Ask::Text { text }, input: Input::new(name) })));
}

fn priority(model: &mut Model, typed: &str, target: JobTarget, press: &mut Press<'_>) {
    match typed.parse::<i16>().ok().filter(|n| (0..=1000).contains(n)) {
        Some(priority) => press::wish_if_allowed(model, Action::ReprioritiseJobs { target, priority }, press),
        None => model.say(format!("{typed} is no priority: write 0 to 1000, smaller goes first"), true, press.now),
    }
}
