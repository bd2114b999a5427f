//! Usage and cost: calls, cache hits and money by provider and day.

use ratatui::layout::{Constraint, Layout, Rect};

use super::Size;
use crate::console::model::Model;
use crate::console::theme::Token;
use crate::console::update::usage_rows;
use crate::console::widget::{Cell, Column, Piece, Row, Sheet, Width, bar, table, words};
use crate::operations::views::SpendRow;

const COLUMNS: [Column; 8] = [
    Column::left("day", Width::Fixed(10), 0),
    Column::left("provider", Width::Fill(16), 0),
    Column::right("calls", 10, 0),
    Column::right("failed", 9, 1),
    Column::right("from cache", 10, 2),
    Column::right("hits", 5, 3),
    Column::right("mean", 7, 4),
    Column::right("USD", 11, 0),
];

pub(super) fn draw(model: &Model, sheet: &mut Sheet<'_>, area: Rect, size: Size) {
    let above = if size == Size::Small { 0 } else { 6 };
    let parts = Layout::vertical([Constraint::Length(above), Constraint::Min(5)]).split(area);
    let rows = usage_rows(model);
    if above > 0 {
        days(rows, sheet, parts[0]);
    }
    let inner = sheet.pane(parts[1], "Usage by day and provider, last 31 days (UTC)", true);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    if rows.is_empty() {
        let text = if model.answer().is_some() { "no call has been made in this time" } else { model.reading() };
        sheet.put((inner.x, inner.y, inner.width), text, Token::Muted);
        return;
    }
    table(sheet, inner, &COLUMNS, (rows.len(), Some(model.usage.at)), |i| usage_row(&rows[i]));
}

fn usage_row(row: &SpendRow) -> Row {
    let asked = row.calls + row.cached;
    let hits = if asked > 0 { format!("{} %", row.cached * 100 / asked) } else { "-".into() };
    let failed = if row.failures > 0 { Token::Warn } else { Token::Muted };
    vec![
        Cell::new(row.day.to_string(), Token::Muted),
        Cell::new(row.provider.clone(), Token::Text),
        Cell::new(words::count(row.calls), Token::Text),
        Cell::new(words::count(row.failures), failed),
        Cell::new(words::count(row.cached), Token::Text),
        Cell::new(hits, Token::Muted),
        Cell::new(row.mean_ms.map_or_else(|| "-".into(), words::millis), Token::Muted),
        Cell::new(words::dollars(row.cost), Token::Text),
    ]
}

/// Spent on each of the newest days, as bars; what the cache saved at the same prices.
fn days(rows: &[SpendRow], sheet: &mut Sheet<'_>, area: Rect) {
    let inner = sheet.pane(area, "Spent a day, and what the cache saved", false);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let mut days: Vec<(chrono::NaiveDate, f64, f64)> = Vec::new();
    for row in rows {
        let saved = if row.calls > 0 { row.cost / row.calls as f64 * row.cached as f64 } else { 0.0 };
        match days.last_mut() {
            Some(day) if day.0 == row.day => (day.1, day.2) = (day.1 + row.cost, day.2 + saved),
            _ => days.push((row.day, row.cost, saved)),
        }
    }
    let top = days.iter().map(|d| d.1).fold(0.0, f64::max);
    let [full, _] = sheet.theme.glyphs.bar;
    for (line, (day, cost, saved)) in inner.rows().zip(&days) {
        let width = line.width.saturating_sub(52);
        let cells = bar((cost * 1000.0) as i64, (top * 1000.0) as i64, width);
        let saved = if *saved > 0.0 { format!("  saved {}", words::dollars(*saved)) } else { String::new() };
        let pieces: [Piece<'_>; 4] = [
            (format!("{day}  ").into(), Token::Muted),
            (format!("{:>10}  ", words::dollars(*cost)).into(), Token::Text),
            (full.repeat(usize::from(cells)).into(), Token::Bar),
            (saved.into(), Token::Ok),
        ];
        sheet.line(line, &pieces);
    }
}
