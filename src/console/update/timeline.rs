//! Keys of the Timeline screen.

use crate::console::effect::Answer;
use crate::console::keys::Do;
use std::sync::Arc;

use crate::console::model::{Level, List, Model, Move, Screen, TimelineTab};
use crate::operations::views::TimelineRow;
use crate::telemetry::LogLine;

/// The events that are shown.
pub fn event_rows(model: &Model) -> &[TimelineRow] {
    match model.answer() {
        Some(Answer::Timeline(rows)) => rows,
        _ => &[],
    }
}

pub(super) fn settle(model: &mut Model) {
    let ids: Vec<i64> = event_rows(model).iter().map(|r| r.id).collect();
    if ids.is_empty() {
        return;
    }
    if model.timeline.follows() {
        model.timeline.list = List { id: ids.first().copied(), at: 0 };
    } else {
        model.timeline.list.settle(&ids);
    }
}

/// Takes log lines; the selection stays on its line unless it follows the newest.
pub(super) fn on_logs(model: &mut Model, lines: Vec<Arc<LogLine>>) {
    let seqs: Vec<u64> = lines.iter().map(|l| l.seq).collect();
    model.timeline.lines = lines;
    if model.timeline.line.at == 0 {
        model.timeline.line = List { id: seqs.first().copied(), at: 0 };
    } else {
        model.timeline.line.settle(&seqs);
    }
}

pub(super) fn step(model: &mut Model, step: Move) {
    if model.timeline.tab == TimelineTab::Logs {
        let seqs: Vec<u64> = model.timeline.lines.iter().map(|l| l.seq).collect();
        return model.timeline.line.step(&seqs, step);
    }
    let ids: Vec<i64> = event_rows(model).iter().map(|r| r.id).collect();
    let at = model.timeline.list.at;
    match (step, ids.last()) {
        (Move::By(n), Some(last)) if n > 0 && at + 1 >= ids.len() => {
            model.timeline.page.on(*last);
            model.timeline.list = List::default();
        }
        (Move::By(n), _) if n < 0 && at == 0 && model.timeline.page.back() => model.timeline.list = List::default(),
        _ => model.timeline.list.step(&ids, step),
    }
}

/// Back to the newest events; false when they are shown already.
pub(super) fn back(model: &mut Model) -> bool {
    let older = model.timeline.page.at.is_some();
    (model.timeline.page, model.timeline.list, model.timeline.line) = Default::default();
    older
}

pub(super) fn verb(model: &mut Model, does: Do) {
    match does {
        Do::Follow => {
            back(model);
        }
        Do::Open if model.timeline.tab == TimelineTab::Events => open(model),
        Do::Next | Do::Previous => {
            let logs = model.timeline.tab == TimelineTab::Logs;
            model.timeline.tab = if logs { TimelineTab::Events } else { TimelineTab::Logs };
        }
        _ => {}
    }
}

/// Leads to the thing that an event is about.
fn open(model: &mut Model) {
    let Some(row) = event_rows(model).get(model.timeline.list.at).cloned() else { return };
    if model.breaker_rows().iter().any(|b| b.name == row.subject) && row.kind != "lane" {
        (model.breakers.list.id, model.breakers.chosen) = (Some(row.subject), true);
        super::show(model, Screen::Breakers);
    } else if model.pulse.iter().flat_map(|p| &p.status.lanes).any(|l| l.lane == row.subject) {
        model.lanes.list.id = Some(row.subject);
        model.lanes.level = Level::Lanes;
        super::show(model, Screen::Lanes);
    }
    super::settle(model);
}
