//! Keys of the palette: typing finds, Down chooses, Tab completes, Up recalls, Enter runs.

use tui_input::Input;

use super::press::Press;
use super::{dialog, run};
use crate::console::command::{self, Offer};
use crate::console::keys::{Code, Key};
use crate::console::model::{HISTORY_MAX, Model, Overlay, Palette};

pub(super) fn open(model: &mut Model) {
    let offers = command::offers(model, "");
    model.overlay = Some(Overlay::Palette(Box::new(Palette { offers, ..Palette::default() })));
}

/// Runs a line; one that ends in a blank is completed in the palette first.
pub(super) fn go(model: &mut Model, line: String, press: &mut Press<'_>) {
    if line.ends_with(' ') {
        let open = Palette { input: Input::new(line), ..Palette::default() };
        return found(model, Box::new(open));
    }
    run::line(model, &line, press);
}

/// Puts a line into the open palette.
pub(super) fn insert(model: &mut Model, mut open: Box<Palette>, text: &str) {
    text.chars().for_each(|c| dialog::type_in(&mut open.input, c));
    found(model, open);
}

pub(super) fn key(model: &mut Model, mut open: Box<Palette>, key: Key, press: &mut Press<'_>) {
    let last = open.offers.len().saturating_sub(1);
    match key.code {
        Code::Esc => return,
        Code::Enter => return enter(model, open, press),
        Code::Down if open.recalled.is_some() => recall(model, &mut open, false),
        Code::Down => {
            open.at = if open.chosen { (open.at + 1).min(last) } else { open.at.min(last) };
            open.chosen = true;
        }
        Code::PageDown => (open.at, open.chosen) = ((open.at + 10).min(last), true),
        Code::PageUp => (open.at, open.chosen) = (open.at.saturating_sub(10), true),
        Code::Up if open.chosen && open.at > 0 => open.at -= 1,
        Code::Up => recall(model, &mut open, true),
        Code::Tab => {
            if let Some(offer) = open.choice() {
                open.input = Input::new(offer.text.clone());
            }
            return found(model, open);
        }
        _ => {
            let before = open.input.value().to_owned();
            dialog::edit(&mut open.input, key);
            if open.input.value() != before {
                return found(model, open);
            }
        }
    }
    model.overlay = Some(Overlay::Palette(open));
}

/// Offers what fits to what is typed now.
fn found(model: &mut Model, mut open: Box<Palette>) {
    open.offers = command::offers(model, open.input.value());
    (open.at, open.chosen, open.recalled, open.wrong) = (0, false, None, None);
    model.overlay = Some(Overlay::Palette(open));
}

fn recall(model: &Model, open: &mut Palette, older: bool) {
    let next = match (open.recalled, older) {
        (None, true) => Some(0),
        (Some(n), true) => Some((n + 1).min(model.history.len().saturating_sub(1))),
        (Some(n), false) => n.checked_sub(1),
        (None, false) => None,
    };
    let line = next.and_then(|n| model.history.iter().rev().nth(n)).cloned();
    open.recalled = next.filter(|_| line.is_some());
    open.input = Input::new(line.unwrap_or_default());
    open.offers = command::offers(model, open.input.value());
    (open.at, open.chosen) = (0, false);
}

fn enter(model: &mut Model, mut open: Box<Palette>, press: &mut Press<'_>) {
    let typed = open.input.value().trim().to_owned();
    let chosen: Option<Offer> = open.choice().cloned();
    let parsed = command::parse(&typed, press.now);
    let line = match (&parsed, chosen) {
        (Ok(_), chosen) if !open.chosen || chosen.is_none() => typed,
        (_, Some(offer)) if offer.text.ends_with(' ') => {
            open.input = Input::new(offer.text);
            return found(model, open);
        }
        (_, Some(offer)) => offer.text,
        (Err(wrong), None) => {
            open.wrong = Some(wrong.clone());
            model.overlay = Some(Overlay::Palette(open));
            return;
        }
        (Ok(_), None) => typed,
    };
    remember(model, &line);
    run::line(model, &line, press);
}

fn remember(model: &mut Model, line: &str) {
    model.history.retain(|l| l != line);
    model.history.push(line.to_owned());
    if model.history.len() > HISTORY_MAX {
        model.history.remove(0);
    }
}
