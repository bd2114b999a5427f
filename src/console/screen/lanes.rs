//! The Lanes screen: lanes, the jobs of one, one job. At full size they stand side by side.

use ratatui::layout::{Constraint, Layout, Rect};

use super::{Size, events, marks};
use crate::console::effect::Answer;
use crate::console::message::Spot;
use crate::console::model::{JOB_TABS, Level, Model};
use crate::console::theme::Token;
use crate::console::update::lanes::{group_rows, job_rows};
use crate::console::widget::{Cell, Column, Piece, Row, Sheet, Width, marked_table, table, words};
use crate::fleet::alerts::Thresholds;
use crate::operations::views::{FailureView, JobDetail, JobGroup, JobRow, LaneView};

pub(super) fn draw(model: &Model, sheet: &mut Sheet<'_>, area: Rect, size: Size) {
    if size == Size::Full {
        let parts = Layout::horizontal([Constraint::Length(51), Constraint::Min(40)]).split(area);
        let left = Layout::vertical([Constraint::Min(6), Constraint::Length(9)]).split(parts[0]);
        lanes(model, sheet, left[0], size);
        lane_facts(model, sheet, left[1]);
        if model.lanes.level != Level::Lanes {
            // The mouse means the list in focus.
            sheet.spots.retain(|(_, spot)| !matches!(spot, Spot::Row(_)));
        }
        return inside(model, sheet, parts[1]);
    }
    match model.lanes.level {
        Level::Lanes => {
            let facts = if size == Size::Medium { 6 } else { 0 };
            let rows = Layout::vertical([Constraint::Min(4), Constraint::Length(facts)]).split(area);
            lanes(model, sheet, rows[0], size);
            if facts > 0 {
                lane_facts(model, sheet, rows[1]);
            }
        }
        _ => inside(model, sheet, area),
    }
}

fn inside(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    match model.lanes.level {
        Level::Job(id) => job(model, sheet, area, id),
        _ => jobs(model, sheet, area),
    }
}

fn padded(area: Rect) -> Rect {
    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
}

const LANE_COLUMNS: [Column; 9] = [
    Column::left("lane", Width::Fill(16), 0),
    Column::left("state", Width::Fixed(9), 0),
    Column::right("depth  ", 9, 0),
    Column::right("run", 5, 1),
    Column::right("later", 6, 3),
    Column::right("dead", 5, 2),
    Column::right("out/s", 7, 4),
    Column::right("p95", 6, 5),
    Column::right("limit", 6, 6),
];

fn lanes(model: &Model, sheet: &mut Sheet<'_>, area: Rect, size: Size) {
    let focus = model.lanes.level == Level::Lanes;
    let inner = match size {
        Size::Small => padded(area),
        _ => padded(sheet.pane(area, "Lanes", focus)),
    };
    let rows = model.lane_rows();
    let row = |i: usize| -> Row { lane_row(rows[i], &model.facts.thresholds) };
    table(sheet, inner, &LANE_COLUMNS, (rows.len(), Some(model.lanes.list.at).filter(|_| !rows.is_empty())), row);
}

fn lane_row(lane: &LaneView, alerts: &Thresholds) -> Row {
    let idle = lane.depth + lane.running + lane.scheduled == 0;
    let dead = marks::number(lane.dead);
    let limit = lane.concurrency.map_or_else(|| format!("~{}", lane.rate_limit), i64_text);
    vec![
        Cell::new(lane.lane.clone(), if idle { Token::Muted } else { Token::Text }),
        marks::lane(lane),
        marks::depth(lane.depth, alerts),
        marks::number(lane.running),
        marks::number(lane.scheduled),
        Cell { token: if lane.dead > 0 { Token::Warn } else { Token::Muted }, ..dead },
        marks::rate(lane.done_per_s),
        marks::millis(lane.p95_ms),
        Cell::new(limit, if lane.concurrency.is_some() { Token::Held } else { Token::Muted }),
    ]
}

fn i64_text(n: i32) -> String {
    words::count(i64::from(n))
}

/// What there is to know of the selected lane, beside its row.
fn lane_facts(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let Some(lane) = model.lane() else { return };
    let inner = padded(sheet.pane(area, &lane.lane, false));
    let since = lane.since.map_or_else(String::new, |s| format!(" for {}", words::since(s, model.clock)));
    let why = match &lane.reason {
        Some(reason) => format!("{}{since}: {reason}", lane.state),
        None => "claims as fast as its limit allows".into(),
    };
    let used = sheet.wrapped(Rect { height: inner.height.min(2), ..inner }, &why, marks::lane(lane).token);
    let limit = match lane.concurrency {
        Some(n) => {
            format!("{} claimed; limit {n} at once, set by a person; adaptive {}", lane.running, lane.rate_limit)
        }
        None => format!("{} claimed; limit {} at once, adaptive", lane.running, lane.rate_limit),
    };
    let here = lane.node_concurrency.map_or_else(String::new, |n| format!("; {n} a node"));
    let oldest = lane.oldest_s.map_or_else(|| "nothing waits".into(), |s| format!("oldest waits {}", words::span(s)));
    let lines: Vec<Vec<Piece<'_>>> = vec![
        vec![(format!("{limit}{here}").into(), Token::Text)],
        money(lane),
        vec![(format!("{oldest}, {} done so far", words::count(lane.done_total)).into(), Token::Muted)],
        vec![(
            format!(
                "p50 {}  p95 {}  p99 {}  failed {}",
                or_none(lane.p50_ms),
                or_none(lane.p95_ms),
                or_none(lane.p99_ms),
                marks::rate(lane.failed_per_s).text
            )
            .into(),
            Token::Muted,
        )],
    ];
    sheet.lines(Rect { y: inner.y + used, height: inner.height.saturating_sub(used), ..inner }, &lines);
}

/// What its provider has cost today, and what it may cost.
fn money(lane: &LaneView) -> Vec<Piece<'static>> {
    let spent = words::dollars(lane.spent_today);
    match lane.budget_usd {
        Some(usd) => {
            let left = (usd - lane.spent_today).max(0.0);
            let token = if left <= 0.0 { Token::Warn } else { Token::Text };
            vec![(
                format!("spent {spent} of {} today, left {}", words::dollars(usd), words::dollars(left)).into(),
                token,
            )]
        }
        None => vec![(format!("spent {spent} today; no budget set here").into(), Token::Muted)],
    }
}

fn or_none(ms: Option<i32>) -> String {
    words::or_none(ms.map(|ms| words::millis(i64::from(ms))))
}

fn jobs(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let name = model.lanes.list.id.as_deref().unwrap_or("no lane");
    let page =
        if model.lanes.page.number() > 1 { format!(", page {}", model.lanes.page.number()) } else { String::new() };
    let title = match &model.lanes.group {
        Some(_) => format!("Lanes > {name} > dead of one error, among the newest 1,000"),
        None => format!("Lanes > {name} > {}{page}", model.lanes.state()),
    };
    let marked = model.lanes.marks.words();
    let title = if marked.is_empty() { title } else { format!("{title}, {marked}") };
    let filter = &model.lanes.filter;
    let title = if filter.is_empty() { title } else { format!("{title}  / {filter}") };
    let inner = padded(sheet.pane(area, &title, model.lanes.level == Level::Jobs));
    sheet.line(Rect { height: 1, ..inner }, &tabs(model));
    let below = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    let words = model
        .lanes
        .wrong
        .as_deref()
        .unwrap_or("kind, error, contact, phone, attempt, priority, age: error:timeout age>2h");
    let below = events::search_line((&model.lanes.search, words, model.lanes.wrong.is_some()), sheet, below);
    if let Some(error) = model.asked.1.as_ref().and_then(|a| a.error.as_deref()) {
        sheet.put((below.x, below.y, below.width), error, Token::Warn);
    } else if model.answer().is_none() {
        sheet.put((below.x, below.y + 1, below.width), model.reading(), Token::Muted);
    } else if model.lanes.grouped() {
        groups(model, sheet, below);
    } else {
        job_table(model, sheet, below);
    }
}

fn tabs(model: &Model) -> Vec<Piece<'static>> {
    let counts = model.lane().map_or([0; 4], |l| [l.depth, l.scheduled, l.running, l.dead]);
    let mut line = Vec::new();
    for (i, (name, count)) in JOB_TABS.iter().zip(counts).enumerate() {
        let here = i == model.lanes.tab;
        let text = if here {
            format!("[{name} {}]", words::count(count))
        } else {
            format!(" {name} {} ", words::count(count))
        };
        line.push((text.into(), if here { Token::Title } else { Token::Muted }));
        line.push((" ".into(), Token::Text));
    }
    line
}

const GROUP_COLUMNS: [Column; 5] = [
    Column::right("count", 7, 0),
    Column::left("error", Width::Fill(20), 0),
    Column::left("first", Width::Fixed(12), 3),
    Column::left("last", Width::Fixed(12), 2),
    Column::left("example", Width::Fixed(12), 1),
];

fn groups(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let rows: &[JobGroup] = group_rows(model);
    if rows.is_empty() {
        sheet.put((area.x, area.y + 1, area.width), "no dead jobs", Token::Muted);
        return;
    }
    let row = |i: usize| -> Row {
        let group = &rows[i];
        vec![
            Cell::new(words::count(group.count), Token::Warn),
            Cell::new(group.error.clone(), Token::Text),
            Cell::new(words::when(group.first_at, model.clock, model.ages), Token::Muted),
            Cell::new(words::when(group.last_at, model.clock, model.ages), Token::Muted),
            Cell::new(format!("job {}", group.example), Token::Muted),
        ]
    };
    table(sheet, area, &GROUP_COLUMNS, (rows.len(), Some(model.lanes.groups.at)), row);
}

const JOB_COLUMNS: [Column; 6] = [
    Column::right("job", 9, 0),
    Column::left("step", Width::Fixed(8), 3),
    Column::left("phone", Width::Fixed(16), 0).private(),
    Column::left("attempt", Width::Fixed(7), 1),
    Column::left("runs at", Width::Fixed(12), 2),
    Column::left("last error", Width::Fill(12), 4),
];

fn job_table(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let rows = job_rows(model);
    if rows.is_empty() {
        sheet.put((area.x, area.y + 1, area.width), &format!("no {} jobs", model.lanes.state()), Token::Muted);
        return;
    }
    let row = |i: usize| -> Row {
        let job: &JobRow = rows[i];
        vec![
            Cell::new(job.id.to_string(), Token::Text),
            Cell::new(job.kind.clone(), Token::Muted),
            Cell::new(words::or_none(job.phone.clone()), Token::Text),
            Cell::new(format!("{} of {}", job.attempt, job.max_attempts), Token::Muted),
            Cell::new(words::when(job.run_at, model.clock, model.ages), Token::Muted),
            Cell::new(
                words::or_none(job.last_error.clone()),
                if job.last_error.is_some() { Token::Warn } else { Token::Muted },
            ),
        ]
    };
    let marked = |i: usize| model.lanes.marks.has(rows[i].id);
    marked_table(sheet, area, &JOB_COLUMNS, (rows.len(), Some(model.lanes.jobs.at), &marked), row);
}

fn job(model: &Model, sheet: &mut Sheet<'_>, area: Rect, id: i64) {
    let inner = padded(sheet.pane(area, &format!("Job {id}"), true));
    match model.answer() {
        Some(Answer::Job(Some(detail))) => job_facts(model, detail, sheet, inner),
        Some(Answer::Job(None)) => {
            sheet.put((inner.x, inner.y, inner.width), "finished: it is no longer in the queue", Token::Muted);
        }
        _ => {
            sheet.put((inner.x, inner.y, inner.width), model.reading(), Token::Muted);
        }
    }
}

const FAILURE_COLUMNS: [Column; 6] = [
    Column::left("attempt", Width::Fixed(7), 0),
    Column::left("began", Width::Fixed(12), 2),
    Column::right("took", 6, 3),
    Column::left("error", Width::Fixed(16), 0),
    Column::left("message", Width::Fill(16), 1),
    Column::left("node", Width::Fixed(14), 4),
];

fn job_facts(model: &Model, detail: &JobDetail, sheet: &mut Sheet<'_>, area: Rect) {
    let job = &detail.job;
    let token = if job.state == "dead" { Token::Critical } else { Token::Text };
    let at = |t| words::when(t, model.clock, model.ages);
    let pair = |name: &'static str, value: String, token: Token| -> Vec<Piece<'static>> {
        vec![(format!("{name:<10}").into(), Token::Muted), (value.into(), token)]
    };
    let mut lines = vec![
        pair("state", format!("{}, attempt {} of {}", job.state, job.attempt, job.max_attempts), token),
        pair("step", format!("{} in lane {}, priority {}", job.kind, job.lane, job.priority), Token::Text),
        pair("contact", format!("{}  {}", job.contact_id, words::or_none(job.phone.clone())), Token::Text),
        pair("made", format!("{}, runs at {}", at(job.created_at), at(job.run_at)), Token::Text),
        pair(
            "error",
            words::or_none(job.last_error.clone()),
            if job.last_error.is_some() { Token::Warn } else { Token::Muted },
        ),
    ];
    if !detail.asks().is_empty() {
        lines.insert(2, pair("call", detail.asks(), Token::Text));
    }
    let used = lines.len() as u16 + 1;
    sheet.lines(area, &lines);
    let below = Rect { y: area.y + used, height: area.height.saturating_sub(used), ..area };
    if detail.failures.is_empty() {
        sheet.put(
            (below.x, below.y, if below.height > 0 { below.width } else { 0 }),
            "no attempt has failed",
            Token::Muted,
        );
        return;
    }
    let row = |i: usize| failure_row(&detail.failures[i], &at);
    table(sheet, below, &FAILURE_COLUMNS, (detail.failures.len(), None), row);
}

fn failure_row(failure: &FailureView, at: &impl Fn(chrono::DateTime<chrono::Utc>) -> String) -> Row {
    let kind = if failure.probe {
        "probe"
    } else if failure.burnt {
        "burnt"
    } else {
        "given back"
    };
    let status = failure.http_status.map_or_else(String::new, |s| format!(" {s}"));
    vec![
        Cell::new(format!("{}", failure.attempt), Token::Text),
        Cell::new(at(failure.started_at), Token::Muted),
        Cell::new(words::millis(i64::from(failure.took_ms)), Token::Text),
        Cell::new(format!("{}{status}", failure.error_kind), Token::Warn),
        Cell::new(format!("{} ({kind})", failure.message), Token::Text),
        Cell::new(words::or_none(failure.node.clone()), Token::Muted),
    ]
}
