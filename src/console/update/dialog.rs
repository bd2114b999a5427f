//! Keys of the question before an action. No verb works in a field; the focus rests on the way out.

use tui_input::{Input, InputRequest};

use super::press::Press;
use super::run;
use crate::console::confirm;
use crate::console::effect::{Effect, Outside};
use crate::console::keys::{Code, Key};
use crate::console::model::{Dialog, FieldKind, Focus, Model, Overlay};
use crate::operations::actions::Tier;

/// Longest text of a field, in characters.
const FIELD_LIMIT: usize = 200;

/// Takes the dialog out of the model and puts it back while it is open.
pub(super) fn key(model: &mut Model, mut dialog: Box<Dialog>, key: Key, press: &mut Press<'_>) {
    let slow = model.facts.slow;
    let stays = match (dialog.focus, key.code) {
        (_, Code::Esc) => false,
        (_, Code::Tab | Code::Down) => turn(&mut dialog, false),
        (_, Code::BackTab | Code::Up) => turn(&mut dialog, true),
        (Focus::Field(at), Code::Enter) if dialog.fields[at].kind != FieldKind::Word => turn(&mut dialog, false),
        (Focus::Field(_) | Focus::Act, Code::Enter) => !agree(model, &mut dialog, slow, press),
        (Focus::Field(at), Code::Char('o')) if key.ctrl => {
            let text = dialog.fields[at].input.value().to_owned();
            press.effects.push(Effect::Outside(Outside::Editor(text)));
            true
        }
        (Focus::Field(at), _) => edit(&mut dialog.fields[at].input, key),
        (Focus::Cancel, Code::Enter | Code::Char('n' | 'q')) => false,
        (_, Code::Char('y')) if dialog.plan.tier != Tier::Heavy => !agree(model, &mut dialog, slow, press),
        (_, Code::Left | Code::Right) => turn(&mut dialog, key.code == Code::Left),
        _ => true,
    };
    if stays {
        model.overlay = Some(Overlay::Confirm(dialog));
    }
}

fn turn(dialog: &mut Dialog, back: bool) -> bool {
    dialog.turn(back);
    true
}

/// True when the plan was agreed to.
fn agree(model: &mut Model, dialog: &mut Dialog, slow: bool, press: &mut Press<'_>) -> bool {
    if !dialog.was_read(press.now, slow) {
        dialog.wrong = Some("this question has just come up: read it, then answer".into());
        return false;
    }
    match confirm::agree(dialog.plan.clone(), &dialog.said(), press.now) {
        Ok(confirmed) => {
            run::act(model, confirmed, press);
            true
        }
        Err(wrong) => {
            dialog.wrong = Some(wrong);
            false
        }
    }
}

/// Empties the field in focus.
pub(super) fn clear(dialog: &mut Dialog) {
    if let Focus::Field(at) = dialog.focus {
        dialog.fields[at].input = Input::default();
    }
}

/// Pastes into the field in focus; false when none is.
pub(super) fn insert(dialog: &mut Dialog, text: &str) -> bool {
    let Focus::Field(at) = dialog.focus else { return false };
    text.chars().for_each(|c| type_in(&mut dialog.fields[at].input, c));
    true
}

/// Types one character, while there is room.
pub(super) fn type_in(input: &mut Input, c: char) {
    if input.value().chars().count() < FIELD_LIMIT {
        input.handle(InputRequest::InsertChar(c));
    }
}

/// Line editing as shells know it.
pub(super) fn edit(input: &mut Input, key: Key) -> bool {
    let request = match (key.ctrl, key.code) {
        (false, Code::Char(c)) => {
            type_in(input, c);
            return true;
        }
        (_, Code::Backspace) => InputRequest::DeletePrevChar,
        (_, Code::Delete) | (true, Code::Char('d')) => InputRequest::DeleteNextChar,
        (_, Code::Left) => InputRequest::GoToPrevChar,
        (_, Code::Right) | (true, Code::Char('f')) => InputRequest::GoToNextChar,
        (_, Code::Home) | (true, Code::Char('a')) => InputRequest::GoToStart,
        (_, Code::End) | (true, Code::Char('e')) => InputRequest::GoToEnd,
        (true, Code::Char('w')) => InputRequest::DeletePrevWord,
        (true, Code::Char('u')) => InputRequest::DeleteLine,
        (true, Code::Char('k')) => InputRequest::DeleteTillEnd,
        _ => return true,
    };
    input.handle(request);
    true
}
