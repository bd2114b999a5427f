//! One table for every list: columns that leave by rank where it gets narrow, and a window around the selected row.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::Sheet;
use super::sheet::Spot as At;
use crate::console::message::Spot;
use crate::console::model::window;
use crate::console::theme::Token;

/// How wide a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// So many cells.
    Fixed(u16),
    /// What is left, at least so many.
    Fill(u16),
}

/// One column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its head, with the unit.
    pub title: &'static str,
    /// How wide it is.
    pub width: Width,
    /// Numbers stand at the right.
    pub right: bool,
    /// 0 stays always; the highest leaves first.
    pub rank: u8,
    /// Whether a person's data stand there.
    pub private: bool,
}

impl Column {
    /// A column of words.
    pub const fn left(title: &'static str, width: Width, rank: u8) -> Column {
        Column { title, width, right: false, rank, private: false }
    }
    /// A column of numbers.
    pub const fn right(title: &'static str, width: u16, rank: u8) -> Column {
        Column { title, width: Width::Fixed(width), right: true, rank, private: false }
    }
    /// The same, of a person's data.
    pub const fn private(self) -> Column {
        Column { private: true, ..self }
    }
}

/// One cell.
#[derive(Debug, Clone)]
pub struct Cell {
    /// What it says.
    pub text: String,
    /// What it means.
    pub token: Token,
}

impl Cell {
    /// A cell.
    pub fn new(text: impl Into<String>, token: Token) -> Cell {
        Cell { text: text.into(), token }
    }
}

/// Cells in the order of the columns.
pub type Row = Vec<Cell>;

/// Cells between columns, where there is room for all of them.
const WIDE_GAP: u16 = 2;

/// Draws head and rows; asks for those rows only that are visible. Returns how many rows are shown.
pub fn table(
    sheet: &mut Sheet<'_>,
    area: Rect,
    columns: &[Column],
    (len, selected): (usize, Option<usize>),
    row: impl Fn(usize) -> Row,
) -> u16 {
    marked_table(sheet, area, columns, (len, selected, &|_| false), row)
}

/// How many rows there are, which one is chosen, and which are marked.
pub type Rows<'a> = (usize, Option<usize>, &'a dyn Fn(usize) -> bool);

/// The same, with `*` beside the rows that are marked.
pub fn marked_table(
    sheet: &mut Sheet<'_>,
    area: Rect,
    columns: &[Column],
    (len, selected, marked): Rows<'_>,
    row: impl Fn(usize) -> Row,
) -> u16 {
    if area.height < 2 || area.width < 4 {
        return 0;
    }
    let marker = if selected.is_some() { 2 } else { 0 };
    let body = Rect { x: area.x + marker, width: area.width - marker, ..area };
    let gap = if fit(columns, body.width, WIDE_GAP).contains(&None) { 1 } else { WIDE_GAP };
    let places = fit(columns, body.width, gap);
    for (column, x, width) in placed(columns, &places, (body.x, gap)) {
        put(sheet, (x, area.y, width), column, column.title, Token::Head);
        if column.private {
            sheet.private(Rect { x, width, y: area.y + 1, height: area.height - 1 });
        }
    }
    let height = usize::from(area.height - 1);
    let first = window(selected.unwrap_or(0), height);
    let shown = len.saturating_sub(first).min(height);
    for i in 0..shown {
        let y = area.y + 1 + i as u16;
        let cells = row(first + i);
        for (column, x, width) in placed(columns, &places, (body.x, gap)) {
            let at = columns.iter().position(|c| std::ptr::eq(c, column)).unwrap_or(0);
            if let Some(cell) = cells.get(at) {
                put(sheet, (x, y, width), column, &cell.text, cell.token);
            }
        }
        if selected.is_some() {
            sheet.spots.push((Rect { y, height: 1, ..area }, Spot::Row(first + i)));
        }
        if marked(first + i) {
            sheet.put((area.x + 1, y, 1), "*", Token::Accent);
        }
        if selected == Some(first + i) {
            sheet.put((area.x, y, 1), sheet.theme.glyphs.cursor, Token::Accent);
            sheet.mark(Rect { y, height: 1, ..area }, Token::Selected);
        }
    }
    shown as u16
}

fn put(sheet: &mut Sheet<'_>, (x, y, width): At, column: &Column, text: &str, token: Token) {
    let used = u16::try_from(text.width()).unwrap_or(u16::MAX);
    let x_right = if column.right { x + width.saturating_sub(used) } else { x };
    sheet.put((x_right, y, width.min(width - (x_right - x).min(width))), text, token);
}

/// Width of each column; none for those that had to leave.
fn fit(columns: &[Column], width: u16, gap: u16) -> Vec<Option<u16>> {
    let least = |c: &Column| match c.width {
        Width::Fixed(n) | Width::Fill(n) => n,
    };
    let mut stays = vec![true; columns.len()];
    let needed = |stays: &[bool]| -> u16 {
        let kept = columns.iter().zip(stays).filter(|(_, s)| **s);
        kept.map(|(c, _)| least(c) + gap).sum::<u16>().saturating_sub(gap)
    };
    while needed(&stays) > width {
        let ranked = columns.iter().enumerate().filter(|(i, c)| stays[*i] && c.rank > 0);
        let Some((leaves, _)) = ranked.max_by_key(|(i, c)| (c.rank, *i)) else { break };
        stays[leaves] = false;
    }
    let mut rest = width.saturating_sub(needed(&stays));
    let size = |(i, c): (usize, &Column)| {
        if !stays[i] {
            return None;
        }
        let extra = if matches!(c.width, Width::Fill(_)) { std::mem::take(&mut rest) } else { 0 };
        Some(least(c) + extra)
    };
    columns.iter().enumerate().map(size).collect()
}

fn placed<'c>(columns: &'c [Column], places: &[Option<u16>], (from, gap): (u16, u16)) -> Vec<(&'c Column, u16, u16)> {
    let mut x = from;
    let mut out = Vec::with_capacity(columns.len());
    for (column, width) in columns.iter().zip(places) {
        if let Some(width) = width {
            out.push((column, x, *width));
            x = x.saturating_add(width + gap);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_leave_by_rank_and_the_rest_is_filled() {
        let columns = [Column::left("a", Width::Fill(5), 0), Column::right("b", 6, 2), Column::right("c", 6, 1)];
        assert_eq!(fit(&columns, 40, 2), vec![Some(24), Some(6), Some(6)]);
        assert_eq!(fit(&columns, 14, 2), vec![Some(6), None, Some(6)]);
        assert_eq!(fit(&columns, 3, 2), vec![Some(5), None, None]);
    }
}
