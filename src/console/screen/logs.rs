//! The log of this process: what its ring holds, newest first.

use ratatui::layout::{Constraint, Layout, Rect};

use super::{Size, events};
use crate::console::model::Model;
use crate::console::theme::Token;
use crate::console::update::records::log_rows;
use crate::console::widget::{Cell, Column, Row, Sheet, Width, table};

const COLUMNS: [Column; 4] = [
    Column::left("time", Width::Fixed(12), 0),
    Column::left("level", Width::Fixed(5), 0),
    Column::left("from", Width::Fixed(20), 1),
    Column::left("line", Width::Fill(20), 0),
];

pub(super) fn draw(model: &Model, sheet: &mut Sheet<'_>, area: Rect, size: Size) {
    let below = match size {
        Size::Small => 0,
        _ if model.timeline.wrap => area.height / 2,
        _ => 5,
    };
    let parts = Layout::vertical([Constraint::Min(4), Constraint::Length(below)]).split(area);
    let lines = log_rows(model);
    let inner = events::frame(model, sheet, parts[0]);
    if lines.is_empty() {
        let text =
            if model.timeline.lines.is_empty() { "this process has logged nothing yet" } else { "no line matches" };
        sheet.put((inner.x, inner.y, inner.width), text, Token::Muted);
        return;
    }
    let row = |i: usize| -> Row {
        let line = lines[i];
        let token = level(line.level);
        vec![
            Cell::new(line.at.format("%H:%M:%S%.3f").to_string(), Token::Muted),
            Cell::new(line.level.to_string(), token),
            Cell::new(line.target.trim_start_matches("switchboard::").to_owned(), Token::Muted),
            Cell::new(line.text.clone(), Token::Text),
        ]
    };
    table(sheet, inner, &COLUMNS, (lines.len(), Some(model.timeline.line.at)), row);
    if let Some(line) = lines.get(model.timeline.line.at).filter(|_| below > 0) {
        let title = format!("{}Z  {}  {}", line.at.format("%Y-%m-%d %H:%M:%S%.3f"), line.level, line.target);
        let whole = sheet.pane(parts[1], &title, false);
        sheet.wrapped(Rect { x: whole.x + 1, width: whole.width.saturating_sub(2), ..whole }, &line.text, Token::Text);
    }
}

fn level(level: tracing::Level) -> Token {
    match level {
        tracing::Level::ERROR => Token::Critical,
        tracing::Level::WARN => Token::Warn,
        tracing::Level::INFO => Token::Text,
        _ => Token::Muted,
    }
}
