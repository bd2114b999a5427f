//! The audit log: who did what to what, when, why, and how it ended.

use ratatui::layout::{Constraint, Layout, Rect};

use super::{Size, events};
use crate::console::model::Model;
use crate::console::theme::Token;
use crate::console::update::records::audit_rows;
use crate::console::widget::{Cell, Column, Piece, Row, Sheet, Width, marked_table, words};
use crate::operations::views::AuditRow;

const COLUMNS: [Column; 7] = [
    Column::right("number", 7, 0),
    Column::left("time", Width::Fixed(12), 0),
    Column::left("who", Width::Fixed(12), 0),
    Column::left("verb", Width::Fixed(16), 0),
    Column::left("target", Width::Fill(16), 0),
    Column::right("rows", 7, 1),
    Column::left("result", Width::Fixed(20), 2),
];

pub(super) fn draw(model: &Model, sheet: &mut Sheet<'_>, area: Rect, size: Size) {
    let below = if size == Size::Small { 0 } else { 7 };
    let parts = Layout::vertical([Constraint::Min(4), Constraint::Length(below)]).split(area);
    let rows = audit_rows(model);
    let inner = events::frame(model, sheet, parts[0]);
    if rows.is_empty() {
        let text = if model.answer().is_some() { "nobody has done anything that this shows" } else { model.reading() };
        sheet.put((inner.x, inner.y, inner.width), text, Token::Muted);
        return;
    }
    let row = |i: usize| audit_row(model, rows[i]);
    let marked = |i: usize| model.timeline.marks.has(rows[i].id);
    marked_table(sheet, inner, &COLUMNS, (rows.len(), Some(model.timeline.audit.at), &marked), row);
    if let Some(row) = rows.get(model.timeline.audit.at).filter(|_| below > 0) {
        detail(row, sheet, parts[1]);
    }
}

fn who(row: &AuditRow) -> &str {
    row.claimed["user"].as_str().unwrap_or(&row.login)
}

fn audit_row(model: &Model, row: &AuditRow) -> Row {
    let well = row.result == "done" || row.result == "accepted";
    vec![
        Cell::new(row.id.to_string(), Token::Text),
        Cell::new(words::when(row.at, model.clock, model.ages), Token::Muted),
        Cell::new(who(row), Token::Accent),
        Cell::new(row.verb.clone(), Token::Text),
        Cell::new(row.target.clone(), Token::Text),
        Cell::new(words::count(row.radius), Token::Text),
        Cell::new(row.result.clone(), if well { Token::Ok } else { Token::Warn }),
    ]
}

/// Who did it: the login is vouched for, the rest is claimed.
fn detail(row: &AuditRow, sheet: &mut Sheet<'_>, area: Rect) {
    let title = format!("{}  {} {}", row.id, row.verb, row.target);
    let inner = sheet.pane(area, &title, false);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let claimed = |name: &str| row.claimed[name].as_str().unwrap_or("-").to_owned();
    let lines: Vec<Vec<Piece<'_>>> = vec![
        vec![
            ("login   ".into(), Token::Muted),
            (row.login.clone().into(), Token::Text),
            (
                format!("   claimed: user {} on {}, ssh {}", claimed("user"), claimed("host"), claimed("ssh")).into(),
                Token::Muted,
            ),
        ],
        vec![("reason  ".into(), Token::Muted), (words::or_none(row.reason.clone()).into(), Token::Text)],
        vec![("result  ".into(), Token::Muted), (row.result.clone().into(), Token::Text)],
        vec![("twin    ".into(), Token::Muted), (words::or_none(row.twin.clone()).into(), Token::Text)],
        vec![
            ("undo    ".into(), Token::Muted),
            (format!("u, or switchboard undo {}, if it still is as this left it", row.id).into(), Token::Muted),
        ],
    ];
    sheet.lines(inner, &lines);
}
