//! Keys of the Timeline screen: events, the log, and what people did.

use std::sync::Arc;

use super::press::{self, Press};
use super::{menus, search};
use crate::console::effect::Answer;
use crate::console::keys::Do;
use crate::console::model::{LEVELS, List, Model, Move, TimelineTab};
use crate::operations::views::{AuditRow, TimelineRow};
use crate::telemetry::LogLine;

/// The events that are shown.
pub fn event_rows(model: &Model) -> Vec<&TimelineRow> {
    let Some(Answer::Timeline(rows)) = model.answer() else { return Vec::new() };
    let search = &model.timeline.search;
    let takes = |r: &&TimelineRow| {
        search.takes(&[
            ("kind", &r.kind),
            ("severity", &r.severity),
            ("about", &r.subject),
            ("lane", &r.subject),
            ("who", &r.actor),
            ("text", &r.summary),
        ])
    };
    rows.iter().filter(takes).collect()
}

/// The log lines that are shown.
pub fn log_rows(model: &Model) -> Vec<&LogLine> {
    let search = &model.timeline.search;
    let least = LEVELS[model.timeline.level.min(LEVELS.len() - 1)].1;
    let takes = |l: &&Arc<LogLine>| {
        l.level <= least && search.takes(&[("level", l.level.as_str()), ("from", &l.target), ("text", &l.text)])
    };
    model.timeline.lines.iter().filter(takes).map(AsRef::as_ref).collect()
}

/// The audit rows that are shown.
pub fn audit_rows(model: &Model) -> Vec<&AuditRow> {
    let Some(Answer::Audit(rows)) = model.answer() else { return Vec::new() };
    let search = &model.timeline.search;
    let takes = |r: &&AuditRow| {
        let claimed = r.claimed["user"].as_str().unwrap_or("");
        let reason = r.reason.as_deref().unwrap_or("");
        search.takes(&[
            ("who", &r.login),
            ("who", claimed),
            ("verb", &r.verb),
            ("target", &r.target),
            ("reason", reason),
            ("result", &r.result),
        ])
    };
    rows.iter().filter(takes).collect()
}

/// How many rows the tab shows, and which one is chosen.
pub fn shown(model: &Model) -> (usize, usize) {
    match model.timeline.tab {
        TimelineTab::Events => (event_rows(model).len(), model.timeline.list.at),
        TimelineTab::Logs => (log_rows(model).len(), model.timeline.line.at),
        TimelineTab::Audit => (audit_rows(model).len(), model.timeline.audit.at),
    }
}

/// Finds the chosen rows again; the newest stays chosen while it is followed.
pub(super) fn settle(model: &mut Model) {
    let follows = model.timeline.follows();
    match model.timeline.tab {
        TimelineTab::Events => {
            let ids: Vec<i64> = event_rows(model).iter().map(|r| r.id).collect();
            again(&mut model.timeline.list, &ids, follows);
        }
        TimelineTab::Logs => {
            let ids: Vec<u64> = log_rows(model).iter().map(|l| l.seq).collect();
            again(&mut model.timeline.line, &ids, follows);
        }
        TimelineTab::Audit => {
            let ids: Vec<i64> = audit_rows(model).iter().map(|r| r.id).collect();
            again(&mut model.timeline.audit, &ids, follows);
        }
    }
}

fn again<I: Clone + PartialEq>(list: &mut List<I>, ids: &[I], follows: bool) {
    if follows {
        *list = List { id: ids.first().cloned(), at: 0 };
    } else if !ids.is_empty() {
        list.settle(ids);
    }
}

/// Takes log lines.
pub(super) fn on_logs(model: &mut Model, lines: Vec<Arc<LogLine>>) {
    let follows = model.timeline.follows();
    model.timeline.lines = lines;
    let ids: Vec<u64> = log_rows(model).iter().map(|l| l.seq).collect();
    again(&mut model.timeline.line, &ids, follows);
}

pub(super) fn step(model: &mut Model, step: Move) {
    match model.timeline.tab {
        TimelineTab::Events => {
            let ids: Vec<i64> = event_rows(model).iter().map(|r| r.id).collect();
            let last = match model.answer() {
                Some(Answer::Timeline(rows)) => rows.last().map(|r| r.id),
                _ => None,
            };
            let timeline = &mut model.timeline;
            paged(&mut timeline.list, &mut timeline.page, (&ids, last), step);
        }
        TimelineTab::Logs => {
            let ids: Vec<u64> = log_rows(model).iter().map(|l| l.seq).collect();
            model.timeline.line.step(&ids, step);
        }
        TimelineTab::Audit => {
            let ids: Vec<i64> = audit_rows(model).iter().map(|r| r.id).collect();
            let last = match model.answer() {
                Some(Answer::Audit(rows)) => rows.last().map(|r| r.id),
                _ => None,
            };
            let timeline = &mut model.timeline;
            paged(&mut timeline.audit, &mut timeline.audit_page, (&ids, last), step);
        }
    }
}

/// A step within the page, or on to the next one at its end; `last`: the number below which the next page begins.
fn paged(list: &mut List<i64>, page: &mut crate::console::model::Page, (ids, last): (&[i64], Option<i64>), step: Move) {
    match (step, last) {
        (Move::By(n), Some(last)) if n > 0 && list.at + 1 >= ids.len() => {
            page.on(last);
            *list = List::default();
        }
        (Move::By(n), _) if n < 0 && list.at == 0 && page.back() => *list = List::default(),
        _ => list.step(ids, step),
    }
}

/// Back to the newest; false when they are shown already. `clears`: first takes marks and the filter away.
pub(super) fn back(model: &mut Model, clears: bool) -> bool {
    let marks = &model.timeline.marks;
    if clears && (!marks.is_empty() || marks.from.is_some()) {
        model.timeline.marks = Default::default();
        return true;
    }
    if clears && search::clear(model) {
        return true;
    }
    let timeline = &mut model.timeline;
    let older = timeline.page.at.is_some() || timeline.audit_page.at.is_some();
    (timeline.page, timeline.list, timeline.line) = Default::default();
    (timeline.audit_page, timeline.audit) = Default::default();
    settle(model);
    older
}

pub(super) fn verb(model: &mut Model, does: Do, press: &mut Press<'_>) {
    match does {
        Do::Mark | Do::Range => menus::mark(model, does, press),
        Do::Follow => {
            back(model, false);
        }
        Do::Filter => search::begin(model),
        Do::Open if model.timeline.tab == TimelineTab::Events => open(model),
        Do::Open => model.timeline.wrap = !model.timeline.wrap,
        Do::Next => tab(model, 1),
        Do::Previous => tab(model, 2),
        Do::Level => {
            model.timeline.level = (model.timeline.level + 1) % LEVELS.len();
            settle(model);
        }
        Do::Wrap => model.timeline.wrap = !model.timeline.wrap,
        Do::NextMatch => grave(model, true),
        Do::PreviousMatch => grave(model, false),
        _ => {}
    }
}

const TABS: [TimelineTab; 3] = [TimelineTab::Events, TimelineTab::Logs, TimelineTab::Audit];

fn tab(model: &mut Model, by: usize) {
    let at = TABS.iter().position(|tab| *tab == model.timeline.tab).unwrap_or(0);
    model.timeline.tab = TABS[(at + by) % TABS.len()];
    model.timeline.search = Default::default();
}

/// To the next line that is a warning or worse, or tells of a refusal.
fn grave(model: &mut Model, on: bool) {
    let marked: Vec<bool> = match model.timeline.tab {
        TimelineTab::Events => event_rows(model).iter().map(|r| r.severity != "info").collect(),
        TimelineTab::Logs => log_rows(model).iter().map(|l| l.level <= tracing::Level::WARN).collect(),
        TimelineTab::Audit => audit_rows(model).iter().map(|r| r.result != "done" && r.result != "accepted").collect(),
    };
    let at = shown(model).1;
    let next = match on {
        true => marked.iter().enumerate().skip(at + 1).find(|(_, m)| **m),
        false => marked.iter().enumerate().take(at).rev().find(|(_, m)| **m),
    };
    if let Some((to, _)) = next {
        step(model, Move::By(to as i32 - at as i32));
    }
}

/// Leads to the thing that an event is about.
fn open(model: &mut Model) {
    let Some(row) = event_rows(model).get(model.timeline.list.at).map(|r| (*r).clone()) else { return };
    if model.breaker_rows().iter().any(|b| b.name == row.subject) && row.kind != "lane" {
        press::to_breaker(model, row.subject);
    } else if model.pulse.iter().flat_map(|p| &p.status.lanes).any(|l| l.lane == row.subject) {
        press::to_lane(model, row.subject);
    } else if row.kind == "node" {
        press::show(model, crate::console::model::Screen::Fleet);
    }
}
