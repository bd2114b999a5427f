//! Keys of what was read aside: arrows move, Enter does what a line offers, `y` copies all of it, Ctrl-S keeps it.

use super::press::Press;
use super::{allowed, copy, palette, prompt};
use crate::console::effect::Effect;
use crate::console::keys::{Code, Key};
use crate::console::model::{Item, Level, Menu, Model, Overlay, Paper, PaperLine, Pick, Reading, Screen};
use crate::operations::why::Subject;

/// Begins to read; the paper lies there until it is closed.
pub(super) fn open(model: &mut Model, reading: Reading, press: &mut Press<'_>) {
    model.overlay = Some(Overlay::Paper(Box::new(Paper::new(reading.clone()))));
    press.effects.push(Effect::Read(reading));
}

/// Takes what was read, if it is still wanted; the chosen line stays.
pub(super) fn arrived(model: &mut Model, reading: &Reading, lines: Result<Vec<PaperLine>, String>) {
    let Some(Overlay::Paper(open)) = &mut model.overlay else { return };
    if open.reading == *reading {
        open.at = open.at.min(lines.as_ref().map_or(0, Vec::len).saturating_sub(1));
        open.lines = Some(lines);
    }
}

/// Why the thing in focus waits.
pub(super) fn why(model: &mut Model, press: &mut Press<'_>) {
    let lane = |name: Option<String>| name.map(Subject::Lane);
    let subject = match (model.screen, &model.lanes.level) {
        (Screen::Contacts, _) => super::contacts::chosen(model).map(|id| Subject::Contact(id.to_string())),
        (Screen::Lanes, Level::Job(id)) => Some(Subject::Job(*id)),
        (Screen::Lanes, Level::Jobs) if model.lanes.grouped() => {
            super::lanes::group_rows(model).get(model.lanes.groups.at).map(|group| Subject::Job(group.example))
        }
        (Screen::Lanes, Level::Jobs) => {
            super::lanes::job_rows(model).get(model.lanes.jobs.at).map(|job| Subject::Job(job.id))
        }
        (Screen::Breakers, _) => lane(model.breaker().and_then(|breaker| breaker.lane.clone())),
        _ => lane(model.lanes.list.id.clone()),
    };
    match subject {
        Some(subject) => open(model, Reading::Why(subject), press),
        None => model.say("nothing is selected here that could wait", true, press.now),
    }
}

pub(super) fn key(model: &mut Model, mut paper: Box<Paper>, key: Key, press: &mut Press<'_>) {
    let last = paper.lines().len().saturating_sub(1);
    let half = usize::from((model.size.1 / 2).max(1));
    match (key.ctrl, key.code) {
        (_, Code::Esc) | (false, Code::Char('q')) => return,
        (false, Code::Enter) => return enter(model, paper, press),
        (false, Code::Char('y')) => return copy::send(model, paper.text(), press),
        (true, Code::Char('s')) => return prompt::keep(model, paper.text()),
        (true, Code::Char('r')) => press.effects.push(Effect::Read(paper.reading.clone())),
        (false, Code::Down | Code::Char('j')) => paper.at = (paper.at + 1).min(last),
        (false, Code::Up | Code::Char('k')) => paper.at = paper.at.saturating_sub(1),
        (false, Code::PageDown) | (true, Code::Char('d')) => paper.at = (paper.at + half).min(last),
        (false, Code::PageUp) | (true, Code::Char('u')) => paper.at = paper.at.saturating_sub(half),
        (false, Code::Home | Code::Char('g')) => paper.at = 0,
        (false, Code::End | Code::Char('G')) => paper.at = last,
        _ => {}
    }
    model.overlay = Some(Overlay::Paper(paper));
}

/// Does the one thing that the line offers, or lays its choice over it.
fn enter(model: &mut Model, paper: Box<Paper>, press: &mut Press<'_>) {
    let Some(line) = paper.lines().get(paper.at).cloned() else {
        model.overlay = Some(Overlay::Paper(paper));
        return;
    };
    match line.verbs.as_slice() {
        [] => model.overlay = Some(Overlay::Paper(paper)),
        [(_, only)] => palette::go(model, only.clone(), press),
        verbs => {
            let items = verbs.iter().map(|(label, line)| item(model, label, line)).collect();
            let title = line.text.split_whitespace().collect::<Vec<_>>().join(" ");
            model.overlay = Some(Overlay::Menu(Menu::new(title, items)));
        }
    }
}

/// An item for a line of the palette, greyed where it may not be run.
pub(super) fn item(model: &Model, label: &str, line: &str) -> Item {
    let looks = [
        "show",
        "list",
        "--preview",
        "--verify",
        "handover",
        "runbook",
        "drill",
        "demo",
        "doctor",
        "dead",
        "throughput",
        "logs",
        "usage",
    ];
    let only_looks = looks.iter().any(|word| line.split_whitespace().any(|w| w == *word));
    let why_not = if only_looks { None } else { allowed::writes(model) };
    Item { why_not, ..Item::new(label, "", Pick::Line(line.to_owned())) }
}
