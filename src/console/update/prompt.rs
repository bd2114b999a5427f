//! Keys of the line that asks for a file, and what follows from it.

use tui_input::Input;

use super::press::{self, Press};
use super::{dialog, run};
use crate::console::desks::AskWish;
use crate::console::effect::{Effect, Job};
use crate::console::keys::{Code, Key};
use crate::console::model::{Ask, Model, Overlay, Prompt};
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
            let path = open.input.value().trim().to_owned();
            match open.ask {
                Ask::Export { filter } => begin_export(model, path, filter, press),
                Ask::Keep { question, filter } => {
                    press.effects.push(Effect::Ask(0, AskWish::Keep { name: path, question, filter }));
                }
                Ask::Import => begin_import(model, path, true, press),
                Ask::Priority { target } => priority(model, &path, target, press),
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

/// Begins to read contacts, if anything may be changed.
pub(super) fn begin_import(model: &mut Model, path: String, lookup: bool, press: &mut Press<'_>) {
    if let Some(why) = super::allowed::writes(model) {
        return model.say(why, true, press.now);
    }
    let lookup = lookup.then_some(model.facts.lookup.1);
    run::begin(model, format!("import of {path}"), Job::Import { path, lookup }, press);
}

fn priority(model: &mut Model, typed: &str, target: JobTarget, press: &mut Press<'_>) {
    match typed.parse::<i16>().ok().filter(|n| (0..=1000).contains(n)) {
        Some(priority) => press::wish_if_allowed(model, Action::ReprioritiseJobs { target, priority }, press),
        None => model.say(format!("{typed} is no priority: write 0 to 1000, smaller goes first"), true, press.now),
    }
}
