//! The Contacts screen: the filter line, a page of contacts, the selected one in short, and one in full.

use ratatui::layout::{Constraint, Layout, Rect};
use serde_json::Value;

use super::dialog::text_field;
use super::{Size, marks};
use crate::console::effect::Answer;
use crate::console::model::{Editing, Model};
use crate::console::theme::Token;
use crate::console::update::contacts::{contact_rows, page};
use crate::console::widget::{Cell, Column, Piece, Row, Sheet, Width, marked_table, words};
use crate::contacts::contact::{ContactDetail, ContactRow};
use crate::contacts::page::Start;

pub(super) fn draw(model: &Model, sheet: &mut Sheet<'_>, area: Rect, size: Size) {
    if let Some((id, scrolled)) = model.contacts.open {
        return detail(model, sheet, area, (id, scrolled));
    }
    let below = if size == Size::Small { 0 } else { 5 };
    let rows = Layout::vertical([Constraint::Min(5), Constraint::Length(below)]).split(area);
    list(model, sheet, rows[0]);
    if below > 0 {
        selected(model, sheet, rows[1]);
    }
}

fn padded(area: Rect) -> Rect {
    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
}

const COLUMNS: [Column; 9] = [
    Column::right("id", 9, 1),
    Column::left("phone", Width::Fixed(16), 0).private(),
    Column::left("status", Width::Fixed(10), 0),
    Column::left("line", Width::Fixed(12), 3),
    Column::left("carrier", Width::Fixed(16), 4),
    Column::left("name", Width::Fill(14), 2).private(),
    Column::right("q", 3, 5),
    Column::left("error", Width::Fixed(14), 6),
    Column::left("created", Width::Fixed(12), 7),
];

fn list(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let inner = padded(sheet.pane(area, &title(model), true));
    let mut body = inner;
    if let Some(editing) = &model.contacts.editing {
        filter_line(editing, sheet, Rect { height: inner.height.min(3), ..inner });
        body = Rect { y: inner.y + 3, height: inner.height.saturating_sub(3), ..inner };
    }
    let wrong = model.asked.1.as_ref().and_then(|a| a.error.as_deref()).filter(|_| model.failing.is_none());
    if let Some(error) = wrong {
        sheet.put((body.x, body.y, body.width), error, Token::Warn);
        return;
    }
    let rows = contact_rows(model);
    if rows.is_empty() {
        let text = match (page(model), model.contacts.filter.is_empty()) {
            (None, _) => model.reading(),
            (_, true) => "no contacts yet: :import FILE brings some",
            (_, false) => "no contact matches",
        };
        sheet.put((body.x, body.y, body.width), text, Token::Muted);
        return;
    }
    let row = |i: usize| -> Row { contact_row(model, &rows[i]) };
    let marked = |i: usize| model.contacts.marks.has(rows[i].id);
    marked_table(sheet, body, &COLUMNS, (rows.len(), Some(model.contacts.list.at), &marked), row);
}

fn title(model: &Model) -> String {
    let filter = if model.contacts.filter.is_empty() { String::new() } else { format!("  {}", model.contacts.filter) };
    let many = match model.answer() {
        Some(Answer::Contacts { estimate: Some(e), .. }) => {
            format!("  {}{} match", if e.exact { "" } else { "~" }, words::count(e.rows))
        }
        _ if model.contacts.filter.is_empty() => all(model),
        _ => String::new(),
    };
    let place = match model.contacts.start {
        Start::First => "",
        Start::Last => ", the end",
        _ => ", further on",
    };
    let marked = model.contacts.marks.words();
    let marked = if marked.is_empty() { marked } else { format!("  {marked}") };
    format!("Contacts{filter}{many}  by {}{place}{marked}", model.contacts.sort.name())
}

/// How many there are, which every snapshot brings; the past keeps no contacts.
fn all(model: &Model) -> String {
    let total = model.pulse.as_ref().filter(|_| model.past.is_none()).map_or(0, |pulse| pulse.status.contacts.total());
    if total > 0 { format!("  {} in all", words::count(total)) } else { String::new() }
}

fn contact_row(model: &Model, contact: &ContactRow) -> Row {
    let text = |value: &Option<String>| words::or_none(value.clone());
    let name = contact.business_name.clone().or_else(|| contact.full_name.clone());
    vec![
        Cell::new(contact.id.to_string(), Token::Muted),
        Cell::new(contact.phone_e164.clone(), Token::Text),
        Cell::new(contact.status.clone(), marks::contact(&contact.status)),
        Cell::new(text(&contact.line_type), Token::Text),
        Cell::new(text(&contact.carrier_name), Token::Text),
        Cell::new(words::or_none(name), Token::Text),
        Cell::new(contact.quality_score.to_string(), Token::Muted),
        Cell::new(text(&contact.error_kind), if contact.error_kind.is_some() { Token::Warn } else { Token::Muted }),
        Cell::new(words::when(contact.created_at, model.clock, model.ages), Token::Muted),
    ]
}

/// The field, and below it what is wrong or what could follow.
fn filter_line(editing: &Editing, sheet: &mut Sheet<'_>, area: Rect) {
    let mut line: Vec<Piece<'_>> = vec![("/ ".into(), Token::Accent)];
    line.extend(text_field(editing.input.value(), editing.input.cursor(), true));
    sheet.line(Rect { height: 1, ..area }, &line);
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if below.height == 0 {
        return;
    }
    match (&editing.error, &editing.offers) {
        (Some((at, message)), _) if editing.input.cursor() > *at + 1 || editing.offers.is_none() => {
            let found: String = editing.input.value().chars().skip(*at).take(20).collect();
            sheet.wrapped(below, &format!("at {:?}: {message}", found.trim()), Token::Warn);
        }
        (_, Some(offers)) => {
            let mut offered: Vec<Piece<'_>> = vec![("Tab ".into(), Token::Accent)];
            for candidate in offers.candidates.iter().take(12) {
                offered.push((format!("{}  ", candidate.insert).into(), Token::Muted));
            }
            sheet.line(below, &offered);
        }
        _ => {
            sheet.put(
                (below.x, below.y, below.width),
                "for example: status:failed line:mobile quality<60 created>7d",
                Token::Muted,
            );
        }
    }
}

/// The selected contact in short.
fn selected(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let Some(contact) = contact_rows(model).get(model.contacts.list.at) else { return };
    let inner = padded(sheet.pane(area, &format!("{}  {}", contact.id, contact.phone_e164), false));
    let or = |v: &Option<String>| words::or_none(v.clone());
    let error = contact.error_kind.as_ref().map_or_else(String::new, |e| format!(": {}", e.replace('_', " ")));
    let lines: Vec<Vec<Piece<'_>>> = vec![
        vec![
            ("lookup  ".into(), Token::Muted),
            (contact.status.clone().into(), marks::contact(&contact.status)),
            (error.into(), Token::Warn),
        ],
        vec![
            ("line    ".into(), Token::Muted),
            (
                format!("{}, {}, {}", or(&contact.line_type), or(&contact.carrier_name), or(&contact.country)).into(),
                Token::Text,
            ),
        ],
        vec![
            ("who     ".into(), Token::Muted),
            (
                format!("{}, {}, {}", or(&contact.business_name), or(&contact.full_name), or(&contact.email)).into(),
                Token::Text,
            ),
        ],
    ];
    let beside = Rect { x: inner.x + 8, y: inner.y + 2, width: inner.width.saturating_sub(8), height: 1 };
    sheet.private(beside);
    sheet.lines(inner, &lines);
}

fn detail(model: &Model, sheet: &mut Sheet<'_>, area: Rect, (id, scrolled): (i64, u16)) {
    let inner = padded(sheet.pane(area, &format!("Contacts > {id}"), true));
    let text = match model.answer() {
        Some(Answer::Contact(Some(contact))) => {
            let lines = detail_lines(contact);
            let most = lines.len().saturating_sub(usize::from(inner.height));
            let shown = &lines[usize::from(scrolled).min(most)..];
            let fields = lines.iter().rposition(|line| matches!(line.as_slice(), [(_, Token::Title)])).unwrap_or(0);
            let above = u16::try_from((fields + 1).saturating_sub(lines.len() - shown.len())).unwrap_or(u16::MAX);
            let values = Rect {
                x: inner.x + FIELD_NAME,
                y: inner.y.saturating_add(above),
                width: inner.width.saturating_sub(FIELD_NAME),
                height: inner.height.saturating_sub(above),
            };
            sheet.private(values);
            return sheet.lines(inner, shown);
        }
        Some(Answer::Contact(None)) => "there is no such contact any more",
        _ => model.reading(),
    };
    sheet.put((inner.x, inner.y, inner.width), text, Token::Muted);
}

/// What is known, the steps with their reasons, and where the answers came from.
fn detail_lines(contact: &ContactDetail) -> Vec<Vec<Piece<'static>>> {
    let mut lines = vec![vec![("Steps".into(), Token::Title)]];
    lines.extend(contact.steps.iter().map(step_line));
    lines.push(vec![("Answers".into(), Token::Title)]);
    lines.extend(contact.provider_results.iter().map(answer_line));
    lines.push(vec![("Fields".into(), Token::Title)]);
    let known = contact.fields.iter().filter(|(_, value)| !is_nothing(value));
    lines.extend(known.map(|(name, value)| field_line(name, value)));
    if let Value::Object(extra) = &contact.extra {
        lines.extend(extra.iter().map(|(name, value)| field_line(&format!("extra {name}"), value)));
    }
    lines
}

fn is_nothing(value: &Value) -> bool {
    value.is_null()
        || value.as_array().is_some_and(Vec::is_empty)
        || value.as_object().is_some_and(serde_json::Map::is_empty)
}

fn plain(value: &Value) -> String {
    match value.as_str() {
        Some(text) => match chrono::DateTime::parse_from_rfc3339(text) {
            Ok(at) => at.to_utc().format("%Y-%m-%d %H:%M:%SZ").to_string(),
            Err(_) => text.to_owned(),
        },
        None => value.to_string(),
    }
}

fn text_of(row: &Value, key: &str) -> Option<String> {
    row.get(key).filter(|v| !v.is_null()).map(plain)
}

/// Cells before the value of a field.
const FIELD_NAME: u16 = 28;

fn field_line(name: &str, value: &Value) -> Vec<Piece<'static>> {
    vec![(format!("  {name:<26}").into(), Token::Muted), (plain(value).into(), Token::Text)]
}

fn step_line(step: &Value) -> Vec<Piece<'static>> {
    let state = text_of(step, "state").unwrap_or_default();
    let token = match state.as_str() {
        "done" => Token::Ok,
        "failed" | "dead" => Token::Critical,
        "running" => Token::Half,
        _ => Token::Muted,
    };
    let why: Vec<String> =
        ["reason", "provider", "error_kind", "error_message"].iter().filter_map(|key| text_of(step, key)).collect();
    vec![
        (format!("  {:<16}", text_of(step, "step").unwrap_or_default()).into(), Token::Text),
        (format!("{state:<10}").into(), token),
        (why.join(", ").into(), Token::Text),
    ]
}

fn answer_line(answer: &Value) -> Vec<Piece<'static>> {
    let part = |key: &str| text_of(answer, key).unwrap_or_default();
    let at = part("fetched_at");
    vec![
        (format!("  {:<16}", part("provider")).into(), Token::Text),
        (format!("{at}  ").into(), Token::Muted),
        (
            format!("{}, HTTP {}, {} ms, ${}", part("endpoint"), part("http_status"), part("took_ms"), part("cost"))
                .into(),
            Token::Text,
        ),
    ]
}
