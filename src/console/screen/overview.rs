//! The Overview: what is wrong, since when, who waits, and how the work goes. Readable within five seconds.

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::layout::{Constraint, Layout, Rect};

use super::{Size, done, incident, marks, today};
use crate::console::model::{Model, trend};
use crate::console::theme::Token;
use crate::console::widget::{Cell, Column, Piece, Row, Sheet, Width, bar, sparkline, table, words};
use crate::fleet::alerts::Thresholds;
use crate::operations::views::{BreakerView, LaneView, SamplePoint, Status, TimelineRow};

const TREND_CELLS: usize = 11;

pub(super) fn draw(model: &Model, sheet: &mut Sheet<'_>, area: Rect, size: Size) {
    let Some(pulse) = &model.pulse else { return };
    match size {
        Size::Full => {
            let rows =
                Layout::vertical([Constraint::Length(14), Constraint::Length(4), Constraint::Min(4)]).split(area);
            let top = Layout::horizontal([Constraint::Min(82), Constraint::Length(36)]).split(rows[0]);
            lanes(model, sheet, top[0], true);
            card(model, sheet, top[1]);
            contacts(model, &pulse.status, sheet, rows[1]);
            let below = Layout::horizontal([Constraint::Percentage(40), Constraint::Percentage(60)]).split(rows[2]);
            done::draw(model, &pulse.trend, sheet, below[0]);
            recent(model, &pulse.recent, sheet, below[1]);
        }
        Size::Medium => {
            let rows = Layout::vertical([Constraint::Length(4), Constraint::Min(5), Constraint::Length(4)]).split(area);
            card(model, sheet, rows[0]);
            lanes(model, sheet, rows[1], false);
            contacts(model, &pulse.status, sheet, rows[2]);
        }
        Size::Small | Size::Tiny => {
            let rows = Layout::vertical([Constraint::Length(1), Constraint::Min(3), Constraint::Length(1)]).split(area);
            let line = model
                .incidents()
                .first()
                .map_or_else(|| today::lines(model, &pulse.status)[0].clone(), |b| incident::headline(model, b, true));
            sheet.line(Rect { x: area.x + 1, width: area.width - 2, ..rows[0] }, &line);
            lane_table(model, sheet, Rect { x: area.x + 1, width: area.width - 2, ..rows[1] }, false);
            sheet.line(Rect { x: area.x + 1, width: area.width - 2, ..rows[2] }, &counts(&pulse.status));
        }
    }
}

fn lanes(model: &Model, sheet: &mut Sheet<'_>, area: Rect, trends: bool) {
    let inner = sheet.pane(area, "Lanes", false);
    lane_table(model, sheet, Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }, trends);
}

const COLUMNS: [Column; 9] = [
    Column::left("lane", Width::Fill(16), 0),
    Column::left("state", Width::Fixed(9), 0),
    Column::right("depth  ", 9, 0),
    Column::right("in/min", 7, 5),
    Column::right("oldest", 6, 1),
    Column::right("out/s", 6, 1),
    Column::right("p95", 6, 3),
    Column::right("empty in", 8, 2),
    Column::left("depth trend", Width::Fixed(TREND_CELLS as u16), 4),
];

fn lane_table(model: &Model, sheet: &mut Sheet<'_>, area: Rect, trends: bool) {
    let Some(pulse) = &model.pulse else { return };
    let rows = model.lane_rows();
    let glyphs = sheet.theme.glyphs;
    let row = |i: usize| -> Row {
        let lane = rows[i];
        let trend = if trends && !model.facts.slow {
            let points = trend::depths(&pulse.trend, &lane.lane);
            sparkline(&done::held(&points, model.clock, trend::window(&pulse.trend, model.clock), TREND_CELLS), &glyphs)
        } else {
            String::new()
        };
        lane_row((lane, &model.facts.thresholds), arrivals(&pulse.trend, &lane.lane, model.clock), trend)
    };
    let columns = if trends && !model.facts.slow { &COLUMNS[..] } else { &COLUMNS[..8] };
    let body = Rect { height: area.height.saturating_sub(1), ..area };
    let selected = Some(model.lanes.list.at).filter(|_| !rows.is_empty());
    let shown = table(sheet, body, columns, (rows.len(), selected), row);
    let total_at = Rect { y: area.y + 1 + shown, height: 1, ..area };
    if total_at.y < area.bottom() {
        let total = total_row(&pulse.status.lanes, &model.facts.thresholds);
        table(
            sheet,
            Rect { x: area.x + 2, width: area.width - 2, y: total_at.y - 1, height: 2 },
            &headless(columns),
            (1, None),
            |_| total.clone(),
        );
    }
}

/// The same columns without heads: the total stands below the rows, and the row above it stays as it is.
fn headless(columns: &[Column]) -> Vec<Column> {
    columns.iter().map(|c| Column { title: "", ..*c }).collect()
}

fn lane_row((lane, alerts): (&LaneView, &Thresholds), arrivals: Option<i64>, trend: String) -> Row {
    let idle = lane.depth + lane.running + lane.scheduled == 0;
    vec![
        Cell::new(lane.lane.clone(), if idle { Token::Muted } else { Token::Text }),
        marks::lane(lane),
        marks::depth(lane.depth, alerts),
        Cell::new(words::or_none(arrivals.map(words::count)), Token::Muted),
        marks::oldest(lane.oldest_s, alerts),
        marks::rate(lane.done_per_s),
        marks::millis(lane.p95_ms),
        marks::empty_in(lane),
        Cell::new(trend, Token::Bar),
    ]
}

/// Jobs that came in during the last minute: what was done, and what waits more than before. None without two samples.
fn arrivals(samples: &[SamplePoint], lane: &str, now: DateTime<Utc>) -> Option<i64> {
    let since = now - TimeDelta::seconds(65);
    let mut of_lane = samples.iter().filter(|s| s.lane == lane && s.at >= since && s.at <= now);
    let (first, last) = (of_lane.next()?, of_lane.next_back()?);
    let seconds = (last.at - first.at).num_seconds().max(1);
    let came = (last.depth - first.depth) + (last.done_total - first.done_total);
    Some(came.max(0) * 60 / seconds)
}

fn total_row(lanes: &[LaneView], alerts: &Thresholds) -> Row {
    let depth: i64 = lanes.iter().map(|l| l.depth).sum();
    let rate: f64 = lanes.iter().filter_map(|l| l.done_per_s).sum();
    let critical = depth > alerts.total_critical;
    let token = if critical { Token::Critical } else { Token::Title };
    let mark = if critical { "C" } else { " " };
    vec![
        Cell::new("TOTAL", Token::Title),
        Cell::new(if critical { "CRIT" } else { "" }, token),
        Cell::new(format!("{} {mark}", words::count(depth)), token),
        Cell::new("", Token::Text),
        Cell::new("", Token::Text),
        Cell::new(words::rate(rate), Token::Title),
        Cell::new("", Token::Text),
        Cell::new("", Token::Text),
        Cell::new("", Token::Text),
    ]
}

fn card(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    if let Some(breaker) = model.incident_shown() {
        return incident_card(model, breaker, sheet, area);
    }
    let Some(pulse) = &model.pulse else { return };
    let lines = today::lines(model, &pulse.status);
    let inner = sheet.pane(area, "Today", false);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    if inner.height > 2 {
        tall_card(sheet, inner, &lines);
        return;
    }
    let dot: Piece<'_> = (format!(" {} ", sheet.theme.glyphs.dot).into(), Token::Muted);
    let mut joined: [Vec<Piece<'_>>; 2] = Default::default();
    for (i, line) in lines.into_iter().enumerate() {
        let row = &mut joined[usize::from(i >= 4)];
        if !row.is_empty() {
            row.push(dot.clone());
        }
        row.extend(line);
    }
    sheet.lines(inner, &joined);
}

fn incident_card(model: &Model, breaker: &BreakerView, sheet: &mut Sheet<'_>, area: Rect) {
    let all = model.incidents();
    let mut title = format!("Incident {} of {}", model.incident % all.len().max(1) + 1, all.len());
    let beside = area.height > 4;
    if !beside {
        title = format!("{title}: {}", incident::title(model, breaker));
    }
    let inner = sheet.pane(area, &title, true);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let mut verbs = incident::verbs(model, breaker);
    if !beside {
        verbs.push((incident::cause(model, breaker).into(), Token::Muted));
        sheet.lines(inner, &[incident::short(model, breaker), verbs]);
        return;
    }
    let above = Rect { height: inner.height.saturating_sub(1), ..inner };
    let y = tall_card(sheet, above, &incident::lines(model, breaker));
    let others: Vec<String> = all
        .iter()
        .filter(|b| b.name != breaker.name)
        .map(|b| format!("{} {}", b.name, marks::breaker_word(b)))
        .collect();
    if !others.is_empty() && y < above.bottom() {
        let rest = Rect { y, height: above.bottom() - y, ..above };
        sheet.wrapped(rest, &format!("also {}", others.join(", ")), Token::Warn);
    }
    sheet.line(Rect { y: above.bottom(), height: 1, ..inner }, &verbs);
}

/// Line below line, those of one piece wrapped; returns the first free row.
fn tall_card(sheet: &mut Sheet<'_>, area: Rect, lines: &[Vec<Piece<'_>>]) -> u16 {
    let mut y = area.y;
    for line in lines {
        if y >= area.bottom() {
            return y;
        }
        let rest = Rect { y, height: area.bottom() - y, ..area };
        match line.as_slice() {
            [(text, token)] => y += sheet.wrapped(rest, text, *token).max(1),
            pieces => {
                sheet.line(Rect { height: 1, ..rest }, pieces);
                y += 1;
            }
        }
    }
    y
}

fn counts(status: &Status) -> Vec<Piece<'static>> {
    let c = status.contacts;
    let failed = if c.failed > 0 { Token::Warn } else { Token::Muted };
    vec![
        (format!("{} contacts", words::count(c.total())).into(), Token::Text),
        (format!("  {} done", words::count(c.completed)).into(), Token::Ok),
        (format!("  {} failed", words::count(c.failed)).into(), failed),
        (format!("  {} pending", words::count(c.pending)).into(), Token::Muted),
    ]
}

fn contacts(model: &Model, status: &Status, sheet: &mut Sheet<'_>, area: Rect) {
    let inner = sheet.pane(area, "Contacts", false);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    if model.past.is_some() {
        sheet.put(
            (inner.x, inner.y, inner.width),
            "contacts keep no past: how they stood then is not known",
            Token::Muted,
        );
        return;
    }
    let c = status.contacts;
    let total = c.total();
    let ended = c.completed + c.failed;
    let percent = if total > 0 { ended * 100 / total } else { 0 };
    let label = format!("{:>9} of {}  {percent:>3} %", words::count(ended), words::count(total));
    let width = inner.width.saturating_sub(label.chars().count() as u16 + 2);
    let [full, rest] = sheet.theme.glyphs.bar;
    let done = bar(ended, total, width);
    let pieces: [Piece<'_>; 3] = [
        (full.repeat(usize::from(done)).into(), Token::Bar),
        (rest.repeat(usize::from(width - done)).into(), Token::Rest),
        (format!("  {label}").into(), Token::Text),
    ];
    sheet.line(Rect { height: 1, ..inner }, &pieces);
    if inner.height > 1 {
        let failed = if c.failed > 0 { Token::Warn } else { Token::Muted };
        let line: [Piece<'_>; 8] = [
            ("completed ".into(), Token::Muted),
            (format!("{:<11}", words::count(c.completed)).into(), Token::Ok),
            ("failed ".into(), Token::Muted),
            (format!("{:<11}", words::count(c.failed)).into(), failed),
            ("pending ".into(), Token::Muted),
            (format!("{:<11}", words::count(c.pending)).into(), Token::Text),
            ("processing ".into(), Token::Muted),
            (words::count(c.processing).into(), Token::Text),
        ];
        sheet.line(Rect { y: inner.y + 1, height: 1, ..inner }, &line);
    }
}

fn recent(model: &Model, rows: &[TimelineRow], sheet: &mut Sheet<'_>, area: Rect) {
    let inner = sheet.pane(area, "Timeline", false);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let mut y = inner.y;
    for row in rows {
        if y >= inner.bottom() {
            return;
        }
        let token = marks::severity(&row.severity, &row.kind);
        let time = words::clock(row.at, model.clock);
        sheet.put((inner.x, y, 12), &time, Token::Muted);
        let told = row.summary.contains(&row.subject);
        let text = if told { row.summary.clone() } else { format!("{}: {}", row.subject, row.summary) };
        let x = inner.x + time.chars().count() as u16 + 2;
        let rest = Rect { x, y, width: inner.right().saturating_sub(x), height: inner.bottom() - y };
        y += sheet.wrapped(rest, &text, token).max(1);
    }
    if rows.is_empty() {
        sheet.put((inner.x, inner.y, inner.width), "nothing has happened yet", Token::Muted);
    }
}
