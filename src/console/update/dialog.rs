//! Keys of the question before an action. No verb works in a field; the focus rests on the way out.

use tui_input::{Input, InputRequest};

use super::press::Press;
use super::{deck, run};
use crate::console::confirm;
use crate::console::effect::{Effect, Outside};
use crate::console::keys::{Code, Do, Key, Place};
use crate::console::model::{Beside, Dialog, FieldKind, Focus, Model, Overlay};
use crate::operations::actions::{Action, Tier};

/// Longest text of a field, in characters.
const FIELD_LIMIT: usize = 200;

/// Takes the dialog out of the model and puts it back while it is open.
pub(super) fn key(model: &mut Model, mut dialog: Box<Dialog>, key: Key, press: &mut Press<'_>) {
    let slow = model.facts.slow;
    let seconds = model.facts.keymap.find(key, Place::Question).is_some_and(|binding| binding.does == Do::Second);
    let stays = match (dialog.focus, key.code) {
        (_, Code::Esc) => false,
        _ if seconds => {
            deck::ask(&mut dialog, press);
            true
        }
        (_, Code::Char('n')) if answers(&mut dialog, false) => {
            let stays = !agree(model, &mut dialog, slow, press);
            answers(&mut dialog, true);
            stays
        }
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

/// `n` to what another person asks is an answer, too.
fn answers(dialog: &mut Dialog, agrees: bool) -> bool {
    let Action::AnswerSecond { yes, ask } = &mut dialog.plan.action else { return false };
    *yes = agrees;
    dialog.plan.twin = format!("switchboard deck {} {ask}", if agrees { "approve" } else { "refuse" });
    true
}

/// True when the plan was agreed to.
fn agree(model: &mut Model, dialog: &mut Dialog, slow: bool, press: &mut Press<'_>) -> bool {
    if !dialog.was_read(press.now, slow) {
        dialog.wrong = Some("this question has just come up: read it, then answer".into());
        return false;
    }
    if dialog.plan.lacks_second() {
        dialog.wrong = Some(match dialog.beside {
            Beside::Sending | Beside::Asked(..) => "nobody has answered yet: it needs a second person".into(),
            _ => format!("it needs a second person: {} asks", model.facts.keymap.key_of(Do::Second, Place::Question)),
        });
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
