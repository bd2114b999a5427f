//! The fleet: every process on this database, what it does, and who leads.

use ratatui::layout::{Constraint, Layout, Rect};

use super::{Size, deck};
use crate::console::model::Model;
use crate::console::theme::Token;
use crate::console::widget::{Cell, Column, Piece, Row, Sheet, Width, table, words};
use crate::operations::views::{NodeView, TimelineRow};

const COLUMNS: [Column; 8] = [
    Column::left("node", Width::Fill(18), 0),
    Column::left("state", Width::Fixed(11), 0),
    Column::left("kind", Width::Fixed(8), 1),
    Column::right("in flight", 9, 0),
    Column::right("room", 6, 2),
    Column::right("heartbeat", 9, 0),
    Column::left("up", Width::Fixed(8), 3),
    Column::left("version", Width::Fixed(8), 4),
];

pub(super) fn draw(model: &Model, sheet: &mut Sheet<'_>, area: Rect, size: Size) {
    let (others, below) = match size {
        Size::Small | Size::Tiny => (0, 0),
        Size::Medium => (deck::height(model).min(5), 6),
        Size::Full => (deck::height(model), 8),
    };
    let parts =
        Layout::vertical([Constraint::Min(5), Constraint::Length(others), Constraint::Length(below)]).split(area);
    let nodes = model.node_rows();
    let live = nodes.iter().filter(|n| n.state == "live").count();
    let inner = sheet.pane(
        parts[0],
        &format!("Fleet: {} of the last hour, {live} live", words::of(nodes.len() as i64, "node", "nodes")),
        true,
    );
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    sheet.line(Rect { height: 1, ..inner }, &leader(model));
    let body = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    let row = |i: usize| node_row(model, &nodes[i]);
    table(sheet, body, &COLUMNS, (nodes.len(), Some(model.fleet.at).filter(|_| !nodes.is_empty())), row);
    if below > 0 {
        deck::pane(model, sheet, parts[1]);
        history(model, sheet, parts[2]);
    }
}

fn leader(model: &Model) -> Vec<Piece<'static>> {
    let leader = model.pulse.as_ref().and_then(|p| p.status.leader.as_ref());
    match leader {
        _ if model.past.is_some() => vec![("who led then is not kept".into(), Token::Muted)],
        Some(l) if l.present => vec![
            ("leader  ".into(), Token::Muted),
            (l.node.clone().into(), Token::Ok),
            ("  folds depths, samples, reaps dead nodes, raises alerts".into(), Token::Muted),
        ],
        Some(l) => {
            vec![(
                format!(
                    "no leader since {}Z: depths stay exact, charts and alerts stand still",
                    words::clock(l.until, model.clock)
                )
                .into(),
                Token::Warn,
            )]
        }
        None => vec![(
            "no process has led yet: `switchboard worker` or a console that is not read-only does".into(),
            Token::Warn,
        )],
    }
}

fn node_row(model: &Model, node: &NodeView) -> Row {
    let (word, token) = match node.state.as_str() {
        "live" if node.wish.as_deref() == Some("quiet") => ("= quiet", Token::Held),
        "live" if node.wish.is_some() => ("/ draining", Token::Half),
        "live" => ("o live", Token::Ok),
        "draining" => ("/ draining", Token::Half),
        "lost" => ("x LOST", Token::Critical),
        _ => ("- left", Token::Muted),
    };
    let here = matches!(node.state.as_str(), "live" | "draining");
    let age = node.heartbeat_age_s.max(0.0) as i64;
    let beat = if here && age > 10 { Token::Warn } else { Token::Muted };
    let beaten = if here && age <= 10 { "fresh".to_owned() } else { words::span(age) };
    let room = if node.runs_jobs { words::count(i64::from(node.capacity)) } else { "-".into() };
    vec![
        Cell::new(node.node.clone(), if here { Token::Text } else { Token::Muted }),
        Cell::new(word, token),
        Cell::new(node.kind.clone(), Token::Muted),
        Cell::new(words::count(i64::from(node.in_flight)), Token::Text),
        Cell::new(room, Token::Muted),
        Cell::new(beaten, beat),
        Cell::new(words::since(node.started_at, model.clock), Token::Muted),
        Cell::new(node.version.clone(), Token::Muted),
    ]
}

/// Arrivals, ends, and who took over whose jobs.
fn history(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let inner = sheet.pane(area, "Arrivals, ends and takeovers", false);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let rows: Vec<&TimelineRow> =
        model.pulse.iter().flat_map(|p| &p.recent).filter(|r| r.kind == "node" || r.kind == "leader").collect();
    if rows.is_empty() {
        sheet.put((inner.x, inner.y, inner.width), "none among the newest events", Token::Muted);
    }
    for (line, row) in inner.rows().zip(rows) {
        let token = if row.severity == "info" { Token::Text } else { Token::Warn };
        let time = words::when(row.at, model.clock, model.ages);
        sheet.line(
            line,
            &[
                (format!("{time:<13}").into(), Token::Muted),
                (format!("{}  {}", row.subject, row.summary).into(), token),
            ],
        );
    }
}
