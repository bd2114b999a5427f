//! The filter line below a list: over rows in memory it applies as one types; the jobs' is the filter language, and the
//! database answers it.

use tui_input::Input;

use super::{contacts, dialog};
use crate::console::keys::{Code, Key};
use crate::console::model::{Level, Model, Screen, Search};
use crate::contacts::filter::{Filter, JOBS};

/// The filter of the list in focus, where it has one.
pub fn of(model: &Model) -> Option<&Search> {
    match model.screen {
        Screen::Lanes if model.lanes.level == Level::Jobs => Some(&model.lanes.search),
        Screen::Timeline => Some(&model.timeline.search),
        _ => None,
    }
}

fn of_mut(model: &mut Model) -> Option<&mut Search> {
    match model.screen {
        Screen::Lanes if model.lanes.level == Level::Jobs => Some(&mut model.lanes.search),
        Screen::Timeline => Some(&mut model.timeline.search),
        _ => None,
    }
}

/// Begins to edit.
pub(super) fn begin(model: &mut Model) {
    if let Some(search) = of_mut(model) {
        search.input = Some(Input::new(search.text.clone()));
    }
}

/// Takes a key while the line is edited; false when it is not.
pub(super) fn key(model: &mut Model, key: Key) -> bool {
    let jobs = model.screen == Screen::Lanes;
    let wrong = jobs && model.lanes.wrong.is_some();
    let Some(search) = of_mut(model).filter(|search| search.input.is_some()) else { return false };
    let enter = key.code == Code::Enter;
    match (key.code, search.input.as_mut()) {
        (Code::Esc, _) => *search = Search::default(),
        // What is not understood stays open, with the reason beside it.
        (Code::Enter, _) => search.input = search.input.take().filter(|_| wrong),
        (_, Some(input)) => {
            dialog::edit(input, key);
            search.text = input.value().to_owned();
        }
        (_, None) => {}
    }
    changed(model, enter);
    true
}

/// Pastes into the line; false when it is not edited.
pub(super) fn insert(model: &mut Model, text: &str) -> bool {
    let Some(search) = of_mut(model) else { return false };
    let Some(input) = search.input.as_mut() else { return false };
    text.chars().for_each(|c| dialog::type_in(input, c));
    search.text = input.value().to_owned();
    changed(model, false);
    true
}

/// Takes an applied filter away; false when there is none.
pub(super) fn clear(model: &mut Model) -> bool {
    let Some(search) = of_mut(model).filter(|search| !search.text.is_empty()) else { return false };
    *search = Search::default();
    changed(model, true);
    true
}

/// Applies what the line says; `whole`: its last word is complete.
fn changed(model: &mut Model, whole: bool) {
    if model.screen == Screen::Lanes {
        of_jobs(model, whole);
    }
    super::settle_answer(model);
}

/// Applies the line of the jobs as far as it is understood: back to the first page, and no mark stays.
fn of_jobs(model: &mut Model, whole: bool) {
    let text = model.lanes.search.text.trim().to_owned();
    let read = Filter::parse_for(&JOBS, &text, model.clock);
    let lanes = &mut model.lanes;
    lanes.wrong = read.err().map(|error| error.to_string());
    let complete = whole || contacts::is_whole(&lanes.search.text);
    if lanes.wrong.is_none() && complete && lanes.filter != text {
        lanes.filter = text;
        (lanes.jobs, lanes.page, lanes.marks) = Default::default();
    }
}
