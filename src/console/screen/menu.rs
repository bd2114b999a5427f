//! Something to choose, and a line to type, laid over the screen.

use ratatui::layout::Rect;

use super::dialog::{middle, text_field};
use crate::console::message::Spot;
use crate::console::model::{Ask, Menu, Palette, Prompt, Work, window};
use crate::console::theme::Token;
use crate::console::widget::{Piece, Sheet, words};

/// Most rows of the palette.
const PALETTE_ROWS: u16 = 16;

pub(super) fn draw(menu: &Menu, sheet: &mut Sheet<'_>, area: Rect) {
    let why = menu.items.get(menu.at).and_then(|i| i.why_not.as_deref());
    let inner = middle(sheet, area, &menu.title, menu.items.len() as u16 + 1);
    sheet.spots.retain(|(_, spot)| !matches!(spot, Spot::Row(_)));
    let height = inner.height.saturating_sub(1);
    let first = window(menu.at, usize::from(height));
    for (i, item) in menu.items.iter().enumerate().skip(first).take(usize::from(height)) {
        let row = Rect { y: inner.y + (i - first) as u16, height: 1, ..inner };
        let off = item.why_not.is_some();
        let hint = [(format!(" {} ", item.hint).into(), if off { Token::Muted } else { Token::Accent })];
        let room = inner.width.saturating_sub(2 + item.hint.chars().count() as u16 + 3);
        let end = sheet.put((row.x + 2, row.y, room), &item.label, if off { Token::Muted } else { Token::Text });
        sheet.right(row, end, &hint);
        if i == menu.at {
            sheet.put((row.x, row.y, 1), sheet.theme.glyphs.cursor, Token::Accent);
            sheet.mark(row, Token::Selected);
        }
        sheet.spots.push((row, Spot::Row(i)));
    }
    let below = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
    match why {
        Some(why) => sheet.put((below.x, below.y, below.width), why, Token::Warn),
        None => sheet.put((below.x, below.y, below.width), "Enter chooses, Esc closes", Token::Muted),
    };
}

pub(super) fn palette(open: &Palette, sheet: &mut Sheet<'_>, area: Rect) {
    let rows = PALETTE_ROWS.min(area.height.saturating_sub(5)).max(1);
    let inner = middle(sheet, area, "Command", rows + 2);
    let mut line: Vec<Piece<'_>> = vec![(": ".into(), Token::Accent)];
    line.extend(text_field(open.input.value(), open.input.cursor(), true));
    sheet.line(Rect { height: 1, ..inner }, &line);
    let list = Rect { y: inner.y + 1, height: inner.height.saturating_sub(2), ..inner };
    let first = window(open.at, usize::from(list.height));
    for (i, offer) in open.offers.iter().enumerate().skip(first).take(usize::from(list.height)) {
        let row = Rect { y: list.y + (i - first) as u16, height: 1, ..list };
        let off = offer.why_not.is_some();
        let words = offer.why_not.as_deref().unwrap_or(&offer.words);
        let more = if offer.text.ends_with(' ') { "..." } else { "" };
        let name = format!("{}{more}", offer.text.trim_end());
        sheet.put(
            (row.x + 2, row.y, 36.min(row.width.saturating_sub(2))),
            &name,
            if off { Token::Muted } else { Token::Text },
        );
        let rest = row.right().saturating_sub(row.x + 39 + 7);
        sheet.put((row.x + 39, row.y, rest), words, Token::Muted);
        sheet.right(row, row.x + 39, &[(format!(" {} ", offer.key).into(), Token::Accent)]);
        if i == open.at {
            sheet.put((row.x, row.y, 1), sheet.theme.glyphs.cursor, Token::Accent);
            sheet.mark(row, Token::Selected);
        }
    }
    if open.offers.is_empty() {
        sheet.put(
            (list.x + 2, list.y, list.width),
            "nothing has this name; Enter says what is wrong with the line",
            Token::Muted,
        );
    }
    let below = (inner.x, inner.bottom().saturating_sub(1), inner.width);
    match &open.wrong {
        Some(wrong) => sheet.put(below, wrong, Token::Warn),
        None => sheet.put(below, "Enter runs  Tab completes  Down chooses  Up recalls  Esc closes", Token::Muted),
    };
}

pub(super) fn prompt(open: &Prompt, sheet: &mut Sheet<'_>, area: Rect) {
    let (title, words) = match &open.ask {
        Ask::Priority { .. } => ("Priority", "0 to 1000: smaller goes first, 100 is ordinary".to_owned()),
        Ask::Keep { filter, .. } => ("Keep as @name", filter.clone()),
        Ask::Fields { .. } => {
            ("Set fields", "FIELD=VALUE, several with blanks between; an empty value empties the field".to_owned())
        }
        Ask::Text { text } => ("Write to a file", format!("{} lines", text.lines().count())),
        Ask::Import => ("Import a file", "CSV, TSV or XLSX; what it brings and costs is shown first".to_owned()),
        Ask::Export { filter } if filter.is_empty() => ("Export all contacts", formats()),
        Ask::Export { filter } => ("Export what matches", format!("{filter}   {}", formats())),
    };
    let name = match open.ask {
        Ask::Priority { .. } => "priority  ",
        Ask::Keep { .. } => "name  ",
        Ask::Fields { .. } => "set  ",
        _ => "file  ",
    };
    let inner = middle(sheet, area, title, 4);
    sheet.put((inner.x, inner.y, inner.width), &words, Token::Muted);
    if matches!(open.ask, Ask::Fields { .. }) {
        sheet.private(Rect { x: inner.x + 5, y: inner.y + 1, width: inner.width.saturating_sub(5), height: 1 });
    }
    let mut line: Vec<Piece<'_>> = vec![(name.into(), Token::Accent)];
    line.extend(text_field(open.input.value(), open.input.cursor(), true));
    sheet.line(Rect { y: inner.y + 1, height: 1, ..inner }, &line);
    let below = (inner.x, inner.y + 3, if inner.height > 3 { inner.width } else { 0 });
    sheet.put(below, "Enter begins  Esc closes  Ctrl-U clears", Token::Muted);
}

fn formats() -> String {
    "the end of the name says the format: .csv .tsv .jsonl".into()
}

/// How far a work is, in one line.
pub fn work_line(work: &Work) -> String {
    if work.step.0.rows == 0 {
        return format!("{}: for {}", work.name, words::since(work.begun, work.step.1));
    }
    let rows = words::count(i64::try_from(work.step.0.rows).unwrap_or(i64::MAX));
    let part = work.step.0.part.map_or_else(String::new, |p| format!(" {:.0} %", (p * 100.0).min(100.0)));
    let left = work.left_s().map_or_else(String::new, |s| format!(", {} left", words::span(s)));
    format!("{}{part}: {rows} rows, {}{left}", work.name, words::rate(work.rate()))
}
