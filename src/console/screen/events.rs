//! The Timeline: breakers, alerts, people, nodes in one list; what on-call reads first.

use ratatui::layout::{Constraint, Layout, Rect};

use super::dialog::text_field;
use super::{Size, marks};
use crate::console::model::{LEVELS, Model, Search, TimelineTab};
use crate::console::theme::Token;
use crate::console::update::records::event_rows;
use crate::console::widget::{Cell, Column, Piece, Row, Sheet, Width, table, words};

const COLUMNS: [Column; 5] = [
    Column::left("time", Width::Fixed(12), 0),
    Column::left("kind", Width::Fixed(8), 1),
    Column::left("about", Width::Fixed(16), 0),
    Column::left("by", Width::Fixed(12), 2),
    Column::left("what happened", Width::Fill(24), 0),
];

pub(super) fn draw(model: &Model, sheet: &mut Sheet<'_>, area: Rect, size: Size) {
    let detail = match size {
        Size::Small => 0,
        _ if model.timeline.wrap => 8,
        _ => 4,
    };
    let rows = Layout::vertical([Constraint::Min(4), Constraint::Length(detail)]).split(area);
    events(model, sheet, rows[0]);
    if detail > 0 {
        selected(model, sheet, rows[1]);
    }
}

/// The frame of all three tabs, with the filter line; returns the room inside.
pub(super) fn frame(model: &Model, sheet: &mut Sheet<'_>, area: Rect) -> Rect {
    let timeline = &model.timeline;
    let name = |tab, name: &str| if timeline.tab == tab { format!("[{name}]") } else { format!(" {name} ") };
    let page = if timeline.tab == TimelineTab::Audit { timeline.audit_page.number() } else { timeline.page.number() };
    let state = match (timeline.follows(), page) {
        (true, _) => "  FOLLOW".to_owned(),
        (false, 1) => String::new(),
        (false, page) => format!("  page {page}"),
    };
    let level = match (timeline.tab, timeline.level) {
        (TimelineTab::Logs, 1..) => format!("  of this process  level>={}", LEVELS[timeline.level.min(2)].0),
        (TimelineTab::Logs, _) => "  of this process".to_owned(),
        _ => String::new(),
    };
    let filter = if timeline.search.text.is_empty() { String::new() } else { format!("  / {}", timeline.search.text) };
    let marked = if timeline.tab == TimelineTab::Audit { timeline.marks.words() } else { String::new() };
    let marked = if marked.is_empty() { marked } else { format!("  {marked}") };
    let title = format!(
        "Timeline > {}{}{}{state}{level}{filter}{marked}",
        name(TimelineTab::Events, "events"),
        name(TimelineTab::Logs, "logs"),
        name(TimelineTab::Audit, "audit")
    );
    let inner = sheet.pane(area, &title, true);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    search_line((&timeline.search, "words, !without, name:value", false), sheet, inner)
}

/// The line of a filter that is edited; returns the room below it.
pub(super) fn search_line((search, words, wrong): (&Search, &str, bool), sheet: &mut Sheet<'_>, inner: Rect) -> Rect {
    let Some(input) = &search.input else { return inner };
    let mut line: Vec<Piece<'_>> = vec![("/ ".into(), Token::Accent)];
    line.extend(text_field(input.value(), input.cursor(), true));
    line.push((format!("   {words}").into(), if wrong { Token::Warn } else { Token::Muted }));
    sheet.line(Rect { height: inner.height.min(1), ..inner }, &line);
    Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner }
}

fn events(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let inner = frame(model, sheet, area);
    let rows = event_rows(model);
    if rows.is_empty() {
        let text = match (model.answer().is_some(), model.timeline.search.text.is_empty()) {
            (false, _) => model.reading(),
            (true, true) => "no events before this",
            (true, false) => "no event of this page matches",
        };
        sheet.put((inner.x, inner.y, inner.width), text, Token::Muted);
        return;
    }
    let row = |i: usize| -> Row {
        let event = rows[i];
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
    let Some(event) = event_rows(model).get(model.timeline.list.at).copied() else { return };
    let audit = event.audit_id.map_or_else(String::new, |id| format!(", audit {id}"));
    let title = format!("{}Z  {}{audit}", event.at.format("%Y-%m-%d %H:%M:%S"), event.subject);
    let inner = sheet.pane(area, &title, false);
    sheet.wrapped(Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }, &event.summary, Token::Text);
}
