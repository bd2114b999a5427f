//! The fields of a credential while it is entered: nothing of them is shown but that something is there.

use ratatui::layout::Rect;

use super::dialog::{middle, text_field};
use crate::console::model::Entering;
use crate::console::theme::Token;
use crate::console::widget::{Piece, Sheet};

pub(super) fn draw(open: &Entering, sheet: &mut Sheet<'_>, area: Rect) {
    let verb = if open.current.is_some() { "Rotate" } else { "Set" };
    let rows = open.fields.len() as u16 + 8;
    let inner = middle(sheet, area, &format!("{verb} {}", open.slot.name), rows);
    let mut y = inner.y + sheet.wrapped(inner, &intention(open), Token::Text) + 1;
    let mut line = |sheet: &mut Sheet<'_>, pieces: &[Piece<'_>]| {
        if y < inner.bottom() {
            sheet.line(Rect { y, height: 1, ..inner }, pieces);
            y += 1;
        }
    };
    for (at, (field, hidden)) in open.slot.fields.iter().zip(&open.fields).enumerate() {
        let focus = open.at == at;
        let shown = if field.secret || focus { None } else { hidden.ends() };
        let shown = shown.unwrap_or_else(|| hidden.stars());
        let end = if focus { " " } else { "" };
        line(
            sheet,
            &[
                (format!("{:<16}", field.name).into(), if focus { Token::Accent } else { Token::Muted }),
                (shown.into(), if focus { Token::Field } else { Token::Text }),
                (end.into(), Token::Selected),
            ],
        );
    }
    let focus = open.at == open.fields.len();
    let mut date: Vec<Piece<'_>> =
        vec![("expires".into(), if focus { Token::Accent } else { Token::Muted }), ("         ".into(), Token::Muted)];
    if open.expires.value().is_empty() && !focus {
        date.push(("a date such as 2027-01-31, or nothing".into(), Token::Muted));
    } else {
        date.extend(text_field(open.expires.value(), open.expires.cursor(), focus));
    }
    line(sheet, &date);
    line(sheet, &[(open.wrong.clone().unwrap_or_default().into(), Token::Warn)]);
    line(sheet, &[("Enter next, at the end seals and verifies   Tab moves   Esc stops".into(), Token::Muted)]);
}

/// What will happen, and which fields make a whole credential.
fn intention(open: &Entering) -> String {
    let sets: Vec<String> = open.slot.complete.iter().rev().map(|set| set.join(" + ")).collect();
    let stays = match &open.current {
        Some(current) => format!(" {current} stays current until you make the new one so."),
        None => String::new(),
    };
    let replaces = match &open.pending {
        Some((label, by)) => format!(" {label}, entered by {by}, waits: it is discarded when you go on."),
        None => String::new(),
    };
    format!("Takes {}; what you type or paste is not shown.{stays}{replaces}", sets.join(", or "))
}
