//! The filter line over rows that are in memory: it applies as one types.

use tui_input::Input;

use super::dialog;
use crate::console::keys::{Code, Key};
use crate::console::model::{Level, Model, Screen, Search};

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
    let Some(search) = of_mut(model).filter(|search| search.input.is_some()) else { return false };
    match (key.code, search.input.as_mut()) {
        (Code::Esc, _) => *search = Search::default(),
        (Code::Enter, _) => search.input = None,
        (_, Some(input)) => {
            dialog::edit(input, key);
            search.text = input.value().to_owned();
        }
        (_, None) => {}
    }
    super::settle_answer(model);
    true
}

/// Pastes into the line; false when it is not edited.
pub(super) fn insert(model: &mut Model, text: &str) -> bool {
    let Some(search) = of_mut(model) else { return false };
    let Some(input) = search.input.as_mut() else { return false };
    text.chars().for_each(|c| dialog::type_in(input, c));
    search.text = input.value().to_owned();
    super::settle_answer(model);
    true
}

/// Takes an applied filter away; false when there is none.
pub(super) fn clear(model: &mut Model) -> bool {
    let Some(search) = of_mut(model).filter(|search| !search.text.is_empty()) else { return false };
    *search = Search::default();
    super::settle_answer(model);
    true
}
