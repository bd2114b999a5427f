//! The Timeline: breakers, alerts, people, nodes in one list; what on-call reads first.

use ratatui::layout::{Constraint, Layout, Rect};

use super::{Size, marks};
use crate::console::model::Model;
use crate::console::theme::Token;
use crate::console::update::timeline::event_rows;
use crate::console::widget::{Cell, Column, Row, Sheet, Width, table, words};

const COLUMNS: [Column; 5] = [
    Column::left("time", Width::Fixed(12), 0),
    Column::left("kind", Width::Fixed(8), 1),
    Column::left("about", Width::Fixed(16), 0),
    Column::left("by", Width::Fixed(12), 2),
    Column::left("what happened", Width::Fill(20), 0),
];

pub(super) fn draw(model: &Model, sheet: &mut Sheet<'_>, area: Rect, size: Size) {
    let detail = if size == Size::Small { 0 } else { 4 };
    let rows = Layout::vertical([Constraint::Min(4), Constraint::Length(detail)]).split(area);
    events(model, sheet, rows[0]);
    if detail > 0 {
        selected(model, sheet, rows[1]);
    }
}

fn events(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let page = model.timeline.page.number();
    let follow = if model.timeline.follows() { ", FOLLOW".to_owned() } else { format!(", page {page}") };
    let inner = sheet.pane(area, &format!("Timeline > [events]  logs{follow}"), true);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let rows = event_rows(model);
    if rows.is_empty() {
        let text = if model.answer().is_some() { "no events before this" } else { "reading" };
        sheet.put((inner.x, inner.y, inner.width), text, Token::Muted);
        return;
    }
    let row = |i: usize| -> Row {
        let event = &rows[i];
        let by = if event.actor == "switchboard" { "-" } else { &event.actor };
        let token = marks::severity(&event.severity, &event.kind);
        let kind = if event.kind == "alert" { "ALERT" } else { &event.kind };
        vec![
            Cell::new(words::when(event.at, model.clock, model.ages), Token::Muted),
            Cell::new(kind, token),
            Cell::new(event.subject.clone(), token),
            Cell::new(by, Token::Muted),
            Cell::new(event.summary.clone(), Token::Text),
        ]
    };
    table(sheet, inner, &COLUMNS, (rows.len(), Some(model.timeline.list.at)), row);
}

/// The selected line in full.
fn selected(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let Some(event) = event_rows(model).get(model.timeline.list.at) else { return };
    let audit = event.audit_id.map_or_else(String::new, |id| format!(", audit {id}"));
    let title = format!("{}Z  {}{audit}", event.at.format("%Y-%m-%d %H:%M:%S"), event.subject);
    let inner = sheet.pane(area, &title, false);
    sheet.wrapped(Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }, &event.summary, Token::Text);
}
