//! The Breakers screen: all breakers, the history of the selected one, and what each verb would do now.

use ratatui::layout::{Constraint, Layout, Rect};

use super::{Size, incident, marks};
use crate::console::effect::Answer;
use crate::console::model::{Model, trend};
use crate::console::theme::Token;
use crate::console::widget::{Cell, Column, Piece, Row, Sheet, Width, table, words};
use crate::operations::views::{BreakerEvent, BreakerView, LaneView};

const STRIP_CELLS: usize = 15;

pub(super) fn draw(model: &Model, sheet: &mut Sheet<'_>, area: Rect, size: Size) {
    match size {
        Size::Full => {
            let most = (model.breaker_rows().len() as u16 + 4).clamp(7, 18);
            let rows = Layout::vertical([Constraint::Length(most), Constraint::Min(6)]).split(area);
            list(model, sheet, rows[0]);
            let below = Layout::horizontal([Constraint::Min(60), Constraint::Length(52)]).split(rows[1]);
            history(model, sheet, below[0]);
            act_now(model, sheet, below[1]);
        }
        Size::Medium => {
            let rows = Layout::vertical([Constraint::Min(8), Constraint::Length(8)]).split(area);
            list(model, sheet, rows[0]);
            history(model, sheet, rows[1]);
        }
        Size::Small | Size::Tiny => list(model, sheet, area),
    }
}

const COLUMNS: [Column; 13] = [
    Column::left("breaker", Width::Fixed(16), 0),
    Column::left("state", Width::Fixed(13), 0),
    Column::right("for", 7, 4),
    Column::right("fails", 5, 0),
    Column::right("next", 6, 1),
    Column::right("waiting", 8, 0),
    Column::right("done/s", 7, 7),
    Column::right("err/s", 6, 2),
    Column::right("p50", 6, 6),
    Column::right("p95", 6, 3),
    Column::right("p99", 6, 5),
    Column::left("lately", Width::Fixed(STRIP_CELLS as u16), 8),
    Column::left("why", Width::Fill(10), 9),
];
/// Cells of a list in which every column has its place; in a narrower one the last line says why.
const ALL_COLUMNS: u16 = 125;

fn list(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let rows = model.breaker_rows();
    let inner = sheet.pane(area, &format!("Breakers ({})", rows.len()), true);
    let mut inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let told = rows.get(model.breakers.list.at).into_iter().chain(&rows).find(|b| !why(model, b).is_empty());
    if let Some(breaker) = told.filter(|_| inner.width < ALL_COLUMNS && inner.height > 4) {
        inner.height -= 1;
        let line = format!("{}: {}", breaker.name, why(model, breaker));
        sheet.put((inner.x + 2, inner.bottom(), inner.width.saturating_sub(2)), &line, Token::Muted);
    }
    let row = |i: usize| -> Row { breaker_row(model, rows[i]) };
    table(sheet, inner, &COLUMNS, (rows.len(), Some(model.breakers.list.at).filter(|_| !rows.is_empty())), row);
}

/// Rates and times are those of its lane; the calls of a breaker that guards none are not sampled.
fn breaker_row(model: &Model, breaker: &BreakerView) -> Row {
    let closed = breaker.state == "closed";
    let strip = match (&model.pulse, &breaker.lane) {
        (Some(pulse), Some(lane)) => trend::strip(&pulse.trend, lane, model.clock, STRIP_CELLS),
        _ => String::new(),
    };
    let since =
        if closed { "-".into() } else { words::since(breaker.opened_at.unwrap_or(breaker.changed_at), model.clock) };
    let lane = lane(model, breaker);
    let failed = marks::rate(lane.and_then(|l| l.failed_per_s));
    let failing = lane.and_then(|l| l.failed_per_s).is_some_and(|rate| rate > 0.0);
    vec![
        Cell::new(breaker.name.clone(), if closed { Token::Muted } else { Token::Title }),
        marks::breaker(breaker),
        Cell::new(since, if closed { Token::Muted } else { Token::Text }),
        fails(model, breaker),
        Cell::new(next(model, breaker), Token::Half),
        marks::number(breaker.waiting),
        marks::rate(lane.and_then(|l| l.done_per_s)),
        Cell { token: if failing { Token::Warn } else { Token::Muted }, ..failed },
        marks::millis(lane.and_then(|l| l.p50_ms)),
        marks::millis(lane.and_then(|l| l.p95_ms)),
        marks::millis(lane.and_then(|l| l.p99_ms)),
        Cell::new(strip, Token::Muted),
        Cell::new(why(model, breaker), Token::Muted),
    ]
}

fn lane<'m>(model: &'m Model, breaker: &BreakerView) -> Option<&'m LaneView> {
    model.pulse.iter().flat_map(|p| &p.status.lanes).find(|l| Some(&l.lane) == breaker.lane.as_ref())
}

/// Failures in a row of those that open it; a held one does not count, and the past kept none.
fn fails(model: &Model, breaker: &BreakerView) -> Cell {
    if breaker.state.starts_with("forced") || model.past.is_some() {
        return Cell::new("-", Token::Muted);
    }
    let threshold = model.facts.rules.get(&breaker.name).copied().unwrap_or_default().threshold;
    let failures = breaker.consecutive_failures;
    Cell::new(format!("{failures}/{threshold}"), if failures > 0 { Token::Warn } else { Token::Muted })
}

/// When something changes next of itself: the next probe, or the end of a hold.
fn next(model: &Model, breaker: &BreakerView) -> String {
    match breaker.held_until.filter(|_| breaker.state.starts_with("forced")) {
        Some(until) if until.date_naive() == model.clock.date_naive() => until.format("%H:%MZ").to_string(),
        Some(until) => until.format("%m-%d").to_string(),
        None => marks::next_probe(breaker),
    }
}

fn why(model: &Model, breaker: &BreakerView) -> String {
    if breaker.state.starts_with("forced") {
        let by = breaker.held_by.as_deref().unwrap_or("?");
        let until = breaker
            .held_until
            .map_or_else(|| "until released".into(), |u| format!("until {}Z", words::clock(u, model.clock)));
        return format!("{by}, {until}: {}", breaker.held_reason.as_deref().unwrap_or("-"));
    }
    if breaker.state == "closed" && breaker.consecutive_failures == 0 {
        return String::new();
    }
    breaker.last_failure.clone().unwrap_or_default()
}

fn history(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let name = model.breakers.list.id.as_deref().unwrap_or("no breaker");
    let inner = sheet.pane(area, &format!("{name}: history"), false);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let events: &[BreakerEvent] = match model.answer() {
        Some(Answer::History(events)) => events,
        Some(_) => &[],
        None => {
            sheet.put((inner.x, inner.y, inner.width), model.reading(), Token::Muted);
            return;
        }
    };
    if events.is_empty() {
        sheet.put((inner.x, inner.y, inner.width), "it has always been closed", Token::Muted);
    }
    for (line, event) in inner.rows().zip(events) {
        let token = match event.to_state.as_str() {
            "open" => Token::Critical,
            "half_open" => Token::Half,
            "closed" => Token::Ok,
            _ => Token::Held,
        };
        let actor = if event.actor == "switchboard" { String::new() } else { format!("{}: ", event.actor) };
        let pieces: [Piece<'_>; 3] = [
            (format!("{:<13}", words::when(event.at, model.clock, model.ages)).into(), Token::Muted),
            (format!("{:<17}", event.event.replace('_', " ")).into(), token),
            (format!("{actor}{}", event.cause).into(), Token::Text),
        ];
        sheet.line(line, &pieces);
    }
}

/// What each verb would do, as the breaker's own machine says with the lane's measured times.
fn act_now(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let Some(breaker) = model.breaker() else { return };
    let inner = sheet.pane(area, &format!("{}: if you act now", breaker.name), false);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let verbs: [(&str, String); 4] = [
        ("r reset", foreseen(model, breaker)),
        ("o hold open", "no call passes until the end you give; jobs wait, none is spent".into()),
        ("c hold closed", "every call passes at once, without a ramp; failures burn attempts: seldom wise".into()),
        ("b automatic", "ends a hold; the breaker decides by itself again".into()),
    ];
    let mut y = inner.y;
    for (verb, text) in verbs {
        if y >= inner.bottom() {
            return;
        }
        sheet.put((inner.x, y, 13), verb, Token::Accent);
        let rest = Rect { x: inner.x + 14, width: inner.width.saturating_sub(14), y, height: inner.bottom() - y };
        y += sheet.wrapped(rest, &text, Token::Text).max(1);
    }
}

fn foreseen(model: &Model, breaker: &BreakerView) -> String {
    if breaker.state == "closed" {
        return "nothing to reset: calls pass".into();
    }
    let seen = incident::foresee(model, breaker);
    let ramp: Vec<String> = seen.ramp.iter().map(u32::to_string).collect();
    let empty = seen.empty_in_s.map_or_else(String::new, |s| {
        format!("; {} done in ~{}", words::of(breaker.waiting, "job", "jobs"), words::span(s.ceil() as i64))
    });
    let cost = seen.cost_usd.filter(|_| breaker.waiting > 0);
    let cost = cost.map_or_else(String::new, |usd| format!(", ~{}", words::dollars(usd)));
    format!(
        "1 probe, then {} at once, full in ~{}{empty}{cost}. If the probe fails: no attempt spent, next one in {}",
        ramp.join(" "),
        words::span(seen.full_in_s.ceil() as i64),
        words::span(seen.next_probe_s)
    )
}
