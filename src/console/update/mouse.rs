//! The mouse, while it is heard: it does nothing that a key would not do.

use super::press::{self, Press};
use super::{menus, press::move_by};
use crate::console::effect::Effect;
use crate::console::keys::{Code, Key};
use crate::console::message::{Gesture, Spot};
use crate::console::model::{Model, Move, Overlay};

/// Rows that one notch of the wheel moves.
const NOTCH: i32 = 3;

pub(super) fn toggle(model: &mut Model, press: &mut Press<'_>) {
    model.mouse = !model.mouse;
    press.effects.push(Effect::Mouse(model.mouse));
    let words = if model.mouse {
        "the mouse is on: m gives it back to your terminal, to select text"
    } else {
        "the mouse is your terminal's again"
    };
    model.say(words, false, press.now);
}

pub(super) fn on_mouse(model: &mut Model, gesture: Gesture, spot: Option<Spot>, press: &mut Press<'_>) {
    if !model.mouse {
        return;
    }
    if let Some(Overlay::Menu(_)) = &model.overlay {
        return in_menu(model, gesture, spot, press);
    }
    if let Some(Overlay::Paper(paper)) = &mut model.overlay {
        let (last, notch) = (paper.lines().len().saturating_sub(1), NOTCH as usize);
        match (gesture, spot) {
            (Gesture::WheelUp, _) => paper.at = paper.at.saturating_sub(notch),
            (Gesture::WheelDown, _) => paper.at = (paper.at + notch).min(last),
            (Gesture::Click, Some(Spot::Row(row))) if row == paper.at => {
                press::on_key(model, Key::plain(Code::Enter), press);
            }
            (Gesture::Click, Some(Spot::Row(row))) => paper.at = row.min(last),
            (Gesture::Click, _) => {}
        }
        return;
    }
    if model.overlay.is_some() {
        return;
    }
    match (gesture, spot) {
        (Gesture::WheelUp, _) => move_by(model, Move::By(-NOTCH)),
        (Gesture::WheelDown, _) => move_by(model, Move::By(NOTCH)),
        (Gesture::Click, Some(Spot::Screen(screen))) => press::show(model, screen),
        (Gesture::Click, Some(Spot::Row(row))) => {
            let at = super::selected_row(model);
            if at == row {
                press::on_key(model, Key::plain(Code::Enter), press);
            } else {
                move_by(model, Move::By(row as i32 - at as i32));
            }
        }
        (Gesture::Click, None) => {}
    }
}

fn in_menu(model: &mut Model, gesture: Gesture, spot: Option<Spot>, press: &mut Press<'_>) {
    let Some(Overlay::Menu(mut menu)) = model.overlay.take() else { return };
    let last = menu.items.len().saturating_sub(1);
    match (gesture, spot) {
        (Gesture::WheelUp, _) => menu.at = menu.at.saturating_sub(1),
        (Gesture::WheelDown, _) => menu.at = (menu.at + 1).min(last),
        (Gesture::Click, Some(Spot::Row(row))) => {
            menu.at = row.min(last);
            return menus::key(model, menu, Key::plain(Code::Enter), press);
        }
        (Gesture::Click, _) => return,
    }
    model.overlay = Some(Overlay::Menu(menu));
}
