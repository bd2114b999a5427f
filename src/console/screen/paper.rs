//! What was read aside: tables as rows, texts in full, with the chosen line in sight.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::console::message::Spot;
use crate::console::model::{Paper, PaperLine, Reading, window};
use crate::console::theme::Token;
use crate::console::widget::Sheet;

/// Widest paper, in columns: longer lines are hard to read.
const WIDTH_MAX: u16 = 130;

pub(super) fn draw(paper: &Paper, sheet: &mut Sheet<'_>, area: Rect) {
    let width = area.width.min(WIDTH_MAX);
    let room = width.saturating_sub(6);
    let rows: u16 = paper.lines().iter().map(|line| height(paper, line, room)).fold(0, u16::saturating_add);
    let height = rows.max(1).saturating_add(4).min(area.height);
    let frame = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    sheet.clear(frame);
    let inner = sheet.pane(frame, &paper.reading.title(), true);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    sheet.spots.retain(|(_, spot)| !matches!(spot, Spot::Row(_)));
    let list = Rect { height: inner.height.saturating_sub(2), ..inner };
    if matches!(paper.reading, Reading::Duplicates | Reading::Merge { .. }) {
        sheet.private(list);
    }
    match &paper.lines {
        None => drop(sheet.put((inner.x, inner.y, inner.width), "reading", Token::Muted)),
        Some(Err(error)) => drop(sheet.wrapped(list, error, Token::Warn)),
        Some(Ok(lines)) => put(paper, lines, sheet, list),
    }
    let chosen = paper.lines().get(paper.at).map_or(0, |line| line.verbs.len());
    let enter = match chosen {
        0 => "",
        1 => "Enter does it  ",
        _ => "Enter: what can be done with it  ",
    };
    let below = (inner.x, inner.bottom().saturating_sub(1), inner.width);
    sheet.put(
        below,
        &format!("{enter}y copies all  Ctrl-S keeps it in a file  Ctrl-R reads anew  Esc closes"),
        Token::Muted,
    );
}

/// Rows that a line takes; `room` in columns.
fn height(paper: &Paper, line: &PaperLine, room: u16) -> u16 {
    if !paper.reading.is_text() {
        return 1;
    }
    // Words move to the next row as a whole, so a row may end early.
    let cells = line.text.width() as u16;
    let longest = line.text.split_whitespace().map(UnicodeWidthStr::width).max().unwrap_or(0) as u16;
    cells.div_ceil(room.saturating_sub(longest.min(room / 2)).max(1)).max(1)
}

fn put(paper: &Paper, lines: &[PaperLine], sheet: &mut Sheet<'_>, area: Rect) {
    let room = area.width.saturating_sub(2);
    let first = first_shown(paper, lines, (room, area.height));
    let mut y = area.y;
    for (i, line) in lines.iter().enumerate().skip(first) {
        let left = area.bottom().saturating_sub(y);
        if left == 0 {
            return;
        }
        let token = if line.grave { Token::Warn } else { Token::Text };
        let row = Rect { x: area.x + 2, y, width: room, height: left };
        let used = match paper.reading.is_text() {
            true => sheet.wrapped(row, &line.text, token).max(1),
            false => {
                sheet.put((row.x, y, room), &line.text, token);
                1
            }
        };
        let whole = Rect { y, height: used, ..area };
        if i == paper.at {
            sheet.put((area.x, y, 1), sheet.theme.glyphs.cursor, Token::Accent);
            if !line.verbs.is_empty() {
                sheet.mark(whole, Token::Selected);
            }
        }
        sheet.spots.push((whole, Spot::Row(i)));
        y += used;
    }
}

/// The first line that is shown, so that the chosen one is in sight.
fn first_shown(paper: &Paper, lines: &[PaperLine], (room, rows): (u16, u16)) -> usize {
    if !paper.reading.is_text() {
        return window(paper.at, usize::from(rows));
    }
    let mut left = rows;
    let mut first = paper.at.min(lines.len().saturating_sub(1));
    for (i, line) in lines.iter().enumerate().take(paper.at + 1).rev() {
        let takes = height(paper, line, room);
        if takes > left {
            break;
        }
        (left, first) = (left - takes, i);
    }
    first
}
