//! Keys of the help: what is typed is searched for, arrows scroll.

use crate::console::keys::{Code, Do, Key};
use crate::console::model::{Model, Overlay};

/// Longest search, in characters.
const SEARCH_MAX: usize = 40;
/// Lines that can be scrolled away.
const LINES_MAX: u16 = 500;

pub(super) fn key(model: &mut Model, (scrolled, mut typed): (u16, String), key: Key) {
    let page = model.size.1 / 2;
    let place = model.place();
    let closes = model.facts.keymap.find(key, place).is_some_and(|b| matches!(b.does, Do::Help | Do::Back));
    let scroll = |to: u16| (to.min(LINES_MAX), false);
    let (scrolled, close) = match key.code {
        Code::Esc if typed.is_empty() => (0, true),
        Code::Esc => {
            typed.clear();
            (0, false)
        }
        _ if closes && typed.is_empty() => (0, true),
        Code::Down => scroll(scrolled.saturating_add(1)),
        Code::Up => scroll(scrolled.saturating_sub(1)),
        Code::PageDown => scroll(scrolled.saturating_add(page)),
        Code::PageUp => scroll(scrolled.saturating_sub(page)),
        Code::Home => scroll(0),
        Code::Backspace => {
            typed.pop();
            (0, false)
        }
        Code::Char(c) if !key.ctrl && typed.chars().count() < SEARCH_MAX => {
            typed.push(c);
            (0, false)
        }
        _ => (scrolled, false),
    };
    model.overlay = (!close).then_some(Overlay::Help(scrolled, typed));
}
