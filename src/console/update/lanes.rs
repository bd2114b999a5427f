//! Keys of the Overview's lanes, the Lanes screen, and the jobs of a lane.

use super::press::Press;
use super::{jobs, menus, search, wish};
use crate::console::effect::Answer;
use crate::console::keys::Do;
use crate::console::model::{JOB_TABS, Level, Model, Move, Page, Screen};
use crate::operations::actions::Action;
use crate::operations::views::{JobGroup, JobRow};

/// The jobs that are shown: those of the answer, and of one group where one is open.
pub fn job_rows(model: &Model) -> Vec<&JobRow> {
    let Some(Answer::Jobs(page)) = model.answer() else { return Vec::new() };
    let group = model.lanes.group.as_deref();
    let takes = |j: &&JobRow| group.is_none_or(|g| jobs::is_of(j.last_error.as_deref().unwrap_or("unknown"), g));
    page.rows.iter().filter(takes).collect()
}

/// The groups that are shown.
pub fn group_rows(model: &Model) -> &[JobGroup] {
    match model.answer() {
        Some(Answer::Groups(groups)) => groups,
        _ => &[],
    }
}

fn in_jobs(model: &Model) -> bool {
    model.screen == Screen::Lanes && model.lanes.level != Level::Lanes
}

pub(super) fn settle(model: &mut Model) {
    let jobs: Vec<i64> = job_rows(model).iter().map(|j| j.id).collect();
    let groups: Vec<String> = group_rows(model).iter().map(|g| g.error.clone()).collect();
    match model.answer() {
        Some(Answer::Jobs(_)) => model.lanes.jobs.settle(&jobs),
        Some(Answer::Groups(_)) => model.lanes.groups.settle(&groups),
        _ => {}
    }
}

pub(super) fn step(model: &mut Model, step: Move) {
    if !in_jobs(model) {
        let ids: Vec<String> = model.lane_rows().iter().map(|l| l.lane.clone()).collect();
        let before = model.lanes.list.id.clone();
        model.lanes.list.step(&ids, step);
        if model.lanes.list.id != before {
            model.lanes.reset_jobs();
        }
        return;
    }
    if model.lanes.grouped() {
        let ids: Vec<String> = group_rows(model).iter().map(|g| g.error.clone()).collect();
        return model.lanes.groups.step(&ids, step);
    }
    let ids: Vec<i64> = job_rows(model).iter().map(|j| j.id).collect();
    let at = model.lanes.jobs.at;
    let next = match model.answer() {
        Some(Answer::Jobs(page)) => page.next,
        _ => None,
    };
    match (step, next) {
        (Move::By(n), Some(next)) if n > 0 && at + 1 >= ids.len() && !ids.is_empty() => {
            model.lanes.page.on(next);
            model.lanes.jobs = Default::default();
        }
        (Move::By(n), _) if n < 0 && at == 0 && model.lanes.page.back() => model.lanes.jobs = Default::default(),
        _ => model.lanes.jobs.step(&ids, step),
    }
}

/// One level back; false at the list of lanes. `clears`: marks and filter first.
pub(super) fn back(model: &mut Model, clears: bool) -> bool {
    if clears && model.lanes.level == Level::Jobs {
        if search::clear(model) {
            return true;
        }
        if !model.lanes.marks.is_empty() || model.lanes.marks.from.is_some() {
            model.lanes.marks = Default::default();
            return true;
        }
    }
    let lanes = &mut model.lanes;
    match lanes.level {
        Level::Lanes => return false,
        Level::Job(_) => lanes.level = Level::Jobs,
        Level::Jobs if lanes.group.is_some() => (lanes.group, lanes.marks) = Default::default(),
        Level::Jobs => lanes.level = Level::Lanes,
    }
    true
}

pub(super) fn verb(model: &mut Model, does: Do, press: &mut Press<'_>) {
    match does {
        Do::Open => open(model),
        Do::Next => tab(model, 1),
        Do::Previous => tab(model, JOB_TABS.len() - 1),
        Do::Mend | Do::TakeOut | Do::Priority => jobs::verb(model, does, press),
        Do::Filter => search::begin(model),
        Do::Mark | Do::Range | Do::MarkAll => menus::mark(model, does, press),
        Do::Pause | Do::More | Do::Less => lane_verb(model, does, press),
        _ => {}
    }
}

fn open(model: &mut Model) {
    if !in_jobs(model) {
        if model.lanes.list.id.is_some() {
            model.lanes.level = Level::Jobs;
            if model.screen == Screen::Overview {
                (model.last_screen, model.screen) = (Screen::Overview, Screen::Lanes);
            }
        }
    } else if model.lanes.grouped() {
        let at = model.lanes.groups.at;
        model.lanes.group = group_rows(model).get(at).map(|g| g.error.clone());
        (model.lanes.jobs, model.lanes.page) = Default::default();
    } else if let Some(job) = job_rows(model).get(model.lanes.jobs.at) {
        model.lanes.level = Level::Job(job.id);
    }
}

fn tab(model: &mut Model, by: usize) {
    let lanes = &mut model.lanes;
    lanes.tab = (lanes.tab + by) % JOB_TABS.len();
    (lanes.group, lanes.marks, lanes.search) = Default::default();
    (lanes.filter, lanes.wrong) = Default::default();
    (lanes.jobs, lanes.page) = (Default::default(), Page::default());
}

fn lane_verb(model: &mut Model, does: Do, press: &mut Press<'_>) {
    let Some(lane) = model.lane().cloned() else {
        return model.say("no lane is selected", true, press.now);
    };
    let limit = lane.concurrency.unwrap_or(lane.rate_limit);
    let action = match does {
        Do::More => Action::ScaleLane { lane: lane.lane, concurrency: Some((limit + 1).min(10_000)), per_node: false },
        Do::Less => Action::ScaleLane { lane: lane.lane, concurrency: Some((limit - 1).max(0)), per_node: false },
        _ if lane.state == "paused" => Action::ResumeLane { lane: lane.lane },
        _ => Action::PauseLane { lane: lane.lane, reason: None },
    };
    wish(model, action, press.effects);
}
