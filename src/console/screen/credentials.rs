//! The Credentials screen: every slot with what calls are made with, its versions, and how far a rotation has come.

use chrono::{DateTime, Utc};
use ratatui::layout::{Constraint, Layout, Rect};

use super::Size;
use crate::console::model::Model;
use crate::console::theme::Token;
use crate::console::update::allowed::admins;
use crate::console::update::credentials::{chosen, slots};
use crate::console::widget::{Cell, Column, Piece, Row, Sheet, Width, fold, table, words};
use crate::operations::views::{SlotView, VersionView};
use crate::vault::State;

/// Whoever is to be told of an end tells it this many days before.
const EXPIRES_SOON_DAYS: i64 = 14;

pub(super) fn draw(model: &Model, sheet: &mut Sheet<'_>, area: Rect, size: Size) {
    let all = slots(model);
    let Some(slot) = chosen(model) else {
        let inner = padded(sheet.pane(area, "Credentials", true));
        let error = model.asked.1.as_ref().and_then(|a| a.error.as_deref());
        sheet.put((inner.x, inner.y, inner.width), error.unwrap_or(model.reading()), Token::Muted);
        return;
    };
    if model.credentials.open {
        let rows = Layout::vertical([Constraint::Min(6), Constraint::Length(9)]).split(area);
        versions(model, &slot, sheet, (rows[0], true));
        return steps(model, &slot, sheet, rows[1]);
    }
    match size {
        Size::Full => {
            let most = all.len() as u16 + 3;
            let rows = Layout::vertical([Constraint::Length(most), Constraint::Min(6)]).split(area);
            list(model, &all, sheet, rows[0]);
            let below = Layout::horizontal([Constraint::Percentage(56), Constraint::Percentage(44)]).split(rows[1]);
            versions(model, &slot, sheet, (below[0], false));
            steps(model, &slot, sheet, below[1]);
        }
        Size::Medium => {
            let rows = Layout::vertical([Constraint::Min(8), Constraint::Length(8)]).split(area);
            list(model, &all, sheet, rows[0]);
            steps(model, &slot, sheet, rows[1]);
        }
        Size::Small | Size::Tiny => list(model, &all, sheet, area),
    }
}

fn padded(area: Rect) -> Rect {
    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
}

/// The time of what is shown: that of the answer, so that a countdown moves with the data.
fn now(model: &Model) -> DateTime<Utc> {
    match (&model.past, &model.asked.1) {
        (Some(past), _) => past.at,
        (None, Some(loaded)) => loaded.at,
        (None, None) => model.clock,
    }
}

const COLUMNS: [Column; 8] = [
    Column::left("slot", Width::Fixed(11), 0),
    Column::left("state", Width::Fixed(15), 0),
    Column::left("version", Width::Fixed(10), 0),
    Column::left("since", Width::Fixed(12), 2),
    Column::left("by", Width::Fixed(9), 4),
    Column::left("verified", Width::Fixed(20), 1),
    Column::left("last used", Width::Fixed(12), 3),
    Column::left("note", Width::Fill(30), 5),
];

fn list(model: &Model, all: &[SlotView], sheet: &mut Sheet<'_>, area: Rect) {
    let title = match admins(model) {
        Some(why) => format!("Credentials: only to look at, {why}"),
        None => "Credentials".to_owned(),
    };
    let inner = padded(sheet.pane(area, &title, true));
    let row = |i: usize| slot_row(model, &all[i]);
    table(sheet, inner, &COLUMNS, (all.len(), Some(model.credentials.list.at.min(all.len().saturating_sub(1)))), row);
}

fn slot_row(model: &Model, slot: &SlotView) -> Row {
    let now = now(model);
    let view = slot.in_state(State::Current).or_else(|| slot.in_state(State::Pending));
    let time = |at: Option<DateTime<Utc>>| at.map_or_else(|| "-".into(), |at| words::when(at, model.clock, model.ages));
    let label = match (slot.source, view) {
        ("env", _) | (_, None) => words::or_none(slot.version.clone()),
        (_, Some(v)) => format!("{} ..{}", v.version.label(), v.fingerprint_end),
    };
    let view = view.filter(|_| slot.source != "env").map(|v| &v.version);
    let (verdict, token) = verdict(model, view.map(|v| &v.seen));
    vec![
        Cell::new(slot.slot, Token::Title),
        state(slot, now),
        Cell::new(label, Token::Text),
        Cell::new(time(view.map(|v| v.life.activated_at.unwrap_or(v.entered.set_at))), Token::Muted),
        Cell::new(words::or_none(view.map(|v| v.entered.set_by.clone())), Token::Muted),
        Cell::new(verdict, token),
        Cell::new(time(view.and_then(|v| v.seen.last_used_at)), Token::Muted),
        Cell::new(note(slot), Token::Muted),
    ]
}

/// Where a slot stands, as glyph and word.
fn state(slot: &SlotView, now: DateTime<Utc>) -> Cell {
    let current = slot.in_state(State::Current).map(|v| &v.version);
    let watched = current.and_then(|v| watch_left(v.life.watch_until, v.life.watched_at, now));
    let expires = current.and_then(|v| v.entered.expires_at).map(|at| (at - now).num_days());
    match (slot.source, watched, expires) {
        ("env", ..) => Cell::new("= environment", Token::Held),
        _ if slot.in_state(State::Pending).is_some() => Cell::new("~ pending", Token::Half),
        (_, Some(left), _) => Cell::new(format!("/ watched {}", words::span(left)), Token::Half),
        ("vault", _, Some(days)) if days < 0 => Cell::new("x expired", Token::Critical),
        ("vault", _, Some(days)) if days < EXPIRES_SOON_DAYS => Cell::new(format!("! ends in {days}d"), Token::Warn),
        ("vault", ..) => Cell::new("o in use", Token::Ok),
        _ if slot.in_state(State::Refused).is_some() => Cell::new("x refused", Token::Critical),
        _ => Cell::new("- missing", Token::Muted),
    }
}

/// Seconds for which a confirmed refusal still rolls it back.
fn watch_left(until: Option<DateTime<Utc>>, ended: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<i64> {
    let left = (until? - now).num_seconds();
    (ended.is_none() && left > 0).then_some(left)
}

fn verdict(model: &Model, seen: Option<&crate::vault::version::Seen>) -> (String, Token) {
    let Some(seen) = seen else { return ("-".into(), Token::Muted) };
    let at = seen.verified_at.map_or_else(String::new, |at| format!(" {}", words::when(at, model.clock, model.ages)));
    match seen.verdict.as_deref() {
        Some("accepted") => (format!("ok{at}"), Token::Ok),
        Some("refused") => (format!("refused{at}"), Token::Critical),
        Some("no_call") => ("no call tells".into(), Token::Muted),
        Some(other) => (format!("{other}{at}"), Token::Warn),
        None => ("not asked".into(), Token::Muted),
    }
}

/// Who waits for it, else what a person should know.
fn note(slot: &SlotView) -> String {
    let lanes = slot.lanes.join(", ");
    match (slot.source, lanes.is_empty()) {
        ("none", false) if slot.in_state(State::Pending).is_none() => format!("r sets it; {lanes} waits"),
        ("none", true) => "r sets it: Ask asks this model then".into(),
        ("env", _) => slot.note.clone().unwrap_or_default(),
        _ => {
            let expires = slot.in_state(State::Current).and_then(|v| v.version.entered.expires_at);
            let ends = expires.map_or_else(String::new, |at| format!("until {}; ", at.format("%Y-%m-%d")));
            let nodes = words::of(slot.nodes.len() as i64, "node", "nodes");
            format!("{ends}{nodes}; {lanes}")
        }
    }
}

const VERSIONS: [Column; 7] = [
    Column::left("version", Width::Fixed(10), 0),
    Column::left("state", Width::Fixed(9), 0),
    Column::left("set by", Width::Fixed(10), 2),
    Column::left("set at", Width::Fixed(12), 3),
    Column::left("verified", Width::Fixed(20), 1),
    Column::left("last used", Width::Fixed(12), 4),
    Column::left("ended", Width::Fill(8), 5),
];

fn versions(model: &Model, slot: &SlotView, sheet: &mut Sheet<'_>, (area, focus): (Rect, bool)) {
    let inner = padded(sheet.pane(area, &format!("{}: versions", slot.slot), focus));
    if slot.versions.is_empty() {
        let words = if slot.source == "env" { "none in the vault" } else { "none yet: r enters the first" };
        sheet.put((inner.x, inner.y, inner.width), words, Token::Muted);
        return;
    }
    let chosen = focus.then_some(model.credentials.versions.at.min(slot.versions.len() - 1));
    table(sheet, inner, &VERSIONS, (slot.versions.len(), chosen), |i| version_row(model, &slot.versions[i]));
}

fn version_row(model: &Model, view: &VersionView) -> Row {
    let version = &view.version;
    let time = |at: Option<DateTime<Utc>>| at.map_or_else(|| "-".into(), |at| words::when(at, model.clock, model.ages));
    let (word, token) = match version.state {
        State::Pending => ("pending", Token::Half),
        State::Current => ("current", Token::Ok),
        State::Previous => ("previous", Token::Text),
        State::Retired => ("retired", Token::Muted),
        State::Refused => ("refused", Token::Critical),
    };
    let (said, verdict_token) = verdict(model, Some(&version.seen));
    let why = version.life.ended_why.clone().map_or_else(String::new, |why| format!(" {why}"));
    let ended = version
        .life
        .ended_at
        .map_or_else(|| "-".into(), |at| format!("{}{why}", words::when(at, model.clock, model.ages)));
    vec![
        Cell::new(format!("{} ..{}", version.label(), view.fingerprint_end), Token::Text),
        Cell::new(word, token),
        Cell::new(version.entered.set_by.clone(), Token::Muted),
        Cell::new(time(Some(version.entered.set_at)), Token::Muted),
        Cell::new(said, verdict_token),
        Cell::new(time(version.seen.last_used_at), Token::Muted),
        Cell::new(ended, Token::Muted),
    ]
}

/// How far the newest rotation has come: every step is a row of the database, so it is found again from anywhere.
fn steps(model: &Model, slot: &SlotView, sheet: &mut Sheet<'_>, area: Rect) {
    let now = now(model);
    let newest = slot.in_state(State::Pending).or_else(|| slot.in_state(State::Current));
    let title = newest.map_or_else(|| slot.slot.to_owned(), |v| format!("{} {}", slot.slot, v.version.label()));
    let inner = padded(sheet.pane(area, &title, false));
    let mut lines: Vec<Vec<Piece<'_>>> = Vec::new();
    if let Some(doing) = model.credentials.doing.as_ref().filter(|doing| doing.slot == slot.slot) {
        lines.push(vec![(format!("{} ({}s)", doing.what, doing.age_s).into(), Token::Half)]);
    }
    let Some(view) = newest.filter(|_| slot.source != "env") else {
        let words =
            slot.note.clone().unwrap_or_else(|| "no credential: r enters one; it is verified before it is used".into());
        sheet.lines(inner, &lines);
        let below =
            Rect { y: inner.y + lines.len() as u16, height: inner.height.saturating_sub(lines.len() as u16), ..inner };
        sheet.wrapped(below, &words, Token::Text);
        return;
    };
    lines.extend(rotation(model, slot, view, (now, inner.width)));
    sheet.lines(inner, &lines);
}

type Lines = Vec<Vec<Piece<'static>>>;

/// A step with its name, over as many lines as it needs.
fn step(lines: &mut Lines, (name, width): (&'static str, u16), text: &str, token: Token) {
    for (at, part) in fold(text, width.saturating_sub(9), 4).into_iter().enumerate() {
        let name = if at == 0 { name } else { "" };
        lines.push(vec![(format!("{name:<9}").into(), Token::Muted), (part.into(), token)]);
    }
}

fn rotation(model: &Model, slot: &SlotView, view: &VersionView, (now, width): (DateTime<Utc>, u16)) -> Lines {
    let version = &view.version;
    let time = |at: DateTime<Utc>| words::when(at, model.clock, model.ages);
    let mut lines = Lines::new();
    let entered = &version.entered;
    let login =
        if entered.set_login == entered.set_by { String::new() } else { format!(" (login {})", entered.set_login) };
    let fields = version.fields.join(" + ");
    let text = format!("{} by {}{login}, {fields}", time(entered.set_at), entered.set_by);
    step(&mut lines, ("entered", width), &text, Token::Text);
    let (said, token) = verdict(model, Some(&version.seen));
    let detail = version.seen.verdict_detail.as_ref().filter(|_| version.seen.verdict.is_some());
    let detail = detail.map_or_else(String::new, |detail| format!(": {detail}"));
    step(&mut lines, ("verify", width), &format!("{said}{detail}"), token);
    if version.state == State::Pending {
        let text = "f makes it current, v asks the provider anew, r enters another";
        step(&mut lines, ("next", width), text, Token::Accent);
        return lines;
    }
    let (text, token) = switched(slot, &version.label());
    step(&mut lines, ("switch", width), &text, token);
    let previous = slot.in_state(State::Previous).map(|v| &v.version);
    if let Some(previous) = previous {
        let used =
            previous.seen.last_used_at.map_or_else(|| "never used".into(), |at| format!("last used {}", time(at)));
        step(&mut lines, ("drain", width), &format!("{} {used}", previous.label()), Token::Text);
    }
    let watch = watch_left(version.life.watch_until, version.life.watched_at, now);
    let (text, token) = match (watch, version.life.watched_at, previous) {
        (Some(left), _, Some(p)) => {
            (format!("{} left: a refusal goes back to {} by itself", words::span(left), p.label()), Token::Half)
        }
        (Some(left), _, None) => (format!("{} left", words::span(left)), Token::Half),
        (None, Some(at), _) => (format!("ended well {}", time(at)), Token::Ok),
        (None, None, _) => ("over".into(), Token::Muted),
    };
    step(&mut lines, ("watch", width), &text, token);
    if let Some(previous) = previous {
        let text = format!("b goes back to {}, x ends it for good", previous.label());
        step(&mut lines, ("back", width), &text, Token::Accent);
    }
    lines
}

/// Which of the live nodes use the version.
fn switched(slot: &SlotView, label: &str) -> (String, Token) {
    let on = slot.nodes.iter().filter(|n| n.version == label).count();
    let nodes: Vec<String> = slot.nodes.iter().map(|n| format!("{} {}", n.node, n.version)).collect();
    match slot.nodes.len() {
        0 => ("no live node has said what it uses".to_owned(), Token::Muted),
        all => {
            let token = if on == all { Token::Ok } else { Token::Half };
            (format!("{on} of {all} nodes use it: {}", nodes.join(", ")), token)
        }
    }
}
