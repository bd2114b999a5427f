//! The footer: what was just done or is under way, and the keys that work here.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::{deck, welcome, work_line};
use crate::console::keys::{Binding, Do, Place, REGISTRY, in_place};
use crate::console::model::{Model, Screen};
use crate::console::theme::Token;
use crate::console::update::{allowed, can_go_back, search};
use crate::console::widget::{Piece, Sheet};

/// What was just done, or the notes of this environment; below it the keys that work here.
pub(super) fn draw(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let said = Rect { x: area.x + 1, width: area.width.saturating_sub(2), height: 1, ..area };
    match &model.toast {
        Some(toast) => {
            sheet.put((said.x, said.y, said.width), &toast.text, if toast.bad { Token::Warn } else { Token::Accent });
            if area.height == 1 {
                return;
            }
        }
        None if area.height > 1 => {
            let under_way = model.works.iter().rev().find(|w| w.ended.is_none());
            let asked = deck::notice(model).filter(|_| allowed::writes(model).is_none());
            match under_way {
                _ if asked.is_some() => {
                    sheet.put((said.x, said.y, said.width), &asked.unwrap_or_default(), Token::Warn)
                }
                Some(work) => sheet.put((said.x, said.y, said.width), &work_line(work), Token::Half),
                None => sheet.put((said.x, said.y, said.width), &notes(&model.facts.notes, said.width), Token::Muted),
            };
        }
        None => {}
    }
    keys(model, sheet, Rect { y: area.bottom() - 1, ..said });
}

/// The notes that fit, none of them cut.
fn notes(notes: &[String], width: u16) -> String {
    let mut line = String::new();
    for note in notes {
        if line.width() + note.width() + 2 <= usize::from(width) {
            line.push_str(if line.is_empty() { "" } else { "  " });
            line.push_str(note);
        }
    }
    line
}

/// The keys that work here; help and the way out always stay.
fn keys(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let hint = |binding: &Binding| -> (String, &str) {
        let key = model.facts.keymap.first(binding);
        let back = binding.does == Do::Back && can_go_back(model);
        (key, if back { "back" } else { word(binding) })
    };
    if model.screen == Screen::Ask && model.ask.typing {
        return line_keys(sheet, area);
    }
    let width = |b: &Binding| hint(b).0.width() as u16 + hint(b).1.width() as u16 + 3;
    if (model.screen == Screen::Contacts && model.contacts.editing.is_some())
        || search::of(model).is_some_and(|search| search.input.is_some())
    {
        return filter_keys(sheet, area);
    }
    let place = model.place();
    let empty = model.screen == Screen::Overview && welcome::is_due(model);
    let shown = |b: &&Binding| if empty { welcome::KEYS.contains(&b.does) } else { !b.short.is_empty() };
    let shown = REGISTRY.iter().filter(|b| in_place(b, place)).filter(shown);
    let (last, mut first): (Vec<&Binding>, Vec<&Binding>) =
        shown.partition(|b| matches!(b.does, Do::Help | Do::Palette | Do::Back));
    // A log is read as it grows: where the room is short, what follows and thins it out comes first.
    first.sort_by_key(|b| !(place == Place::Logs && matches!(b.does, Do::Follow | Do::Level)));
    let mut room = area.width.saturating_sub(last.iter().map(|b| width(b)).sum());
    let fits = |b: &&Binding| {
        let takes = width(b) <= room;
        room = if takes { room - width(b) } else { 0 };
        takes
    };
    let kept: Vec<&Binding> = first.into_iter().filter(fits).collect();
    let mut x = area.x;
    for binding in kept.into_iter().chain(last) {
        let (key, short) = hint(binding);
        let off = allowed::refusal(model, binding).is_some();
        x = sheet.put(
            (x, area.y, area.right().saturating_sub(x)),
            &key,
            if off { Token::Muted } else { Token::Accent },
        );
        x = sheet.put((x + 1, area.y, area.right().saturating_sub(x + 1)), short, Token::Muted) + 2;
    }
}

/// A binding's word; its name where it is seldom in a footer.
fn word(binding: &Binding) -> &'static str {
    if binding.short.is_empty() { binding.id } else { binding.short }
}

fn line_keys(sheet: &mut Sheet<'_>, area: Rect) {
    let keys = [
        ("Enter", " ask  "),
        ("Up", " recall  "),
        ("Tab", " edit the filter  "),
        ("Ctrl-U", " clear  "),
        ("Esc", " leave the line"),
    ];
    hints(sheet, area, &keys);
}

fn filter_keys(sheet: &mut Sheet<'_>, area: Rect) {
    let keys = [("Enter", " keep  "), ("Esc", " as before  "), ("Tab", " complete  "), ("Ctrl-U", " clear")];
    hints(sheet, area, &keys);
}

fn hints(sheet: &mut Sheet<'_>, area: Rect, keys: &[(&str, &str)]) {
    let line: Vec<Piece<'_>> =
        keys.iter().flat_map(|(key, word)| [((*key).into(), Token::Accent), ((*word).into(), Token::Muted)]).collect();
    sheet.line(area, &line);
}
