//! A command that was understood: where it leads, or what it wishes for.

use super::press::{self, Press};
use super::{allowed, ask, credentials, papers, prompt, travel};
use crate::console::command::{self, Command, Turn};
use crate::console::effect::{Effect, Import, Job, Outside};
use crate::console::keys::Do;
use crate::console::model::{Level, Model, Screen, Search, Step, WORKS_MAX, Work};
use crate::operations::actions::{Action, Chore, Confirmed, Limits, LookUp, Schedule, Tier};
use crate::operations::imports::Seen;

/// Runs a line, or says what is wrong with it.
pub(super) fn line(model: &mut Model, line: &str, press: &mut Press<'_>) {
    match command::parse(line, press.now) {
        Ok(command) => run(model, command, press),
        Err(wrong) => model.say(wrong, true, press.now),
    }
}

fn run(model: &mut Model, command: Command, press: &mut Press<'_>) {
    match command {
        Command::Do(id) => by_id(model, id, press),
        Command::Act(action) => press::wish_if_allowed(model, action, press),
        Command::LookUp { filter, again } => press::wish_if_allowed(model, look_up(model, filter, again), press),
        Command::Ask(question) => ask::question(model, question, press),
        Command::Credential(slot, turn) => credential(model, slot, turn, press),
        Command::Undo(id) => match allowed::writes(model) {
            Some(why) => model.say(why, true, press.now),
            None => press.effects.push(Effect::Undo(id)),
        },
        Command::Import { file, agreed } => prompt::import_file(model, file, agreed, press),
        Command::Schedule { name, every, filter, again } => {
            let Action::LookUp(work) = look_up(model, filter, again) else { return };
            let schedule = Schedule { name, every, work: Chore::LookUp(work), paused: false, zone: Default::default() };
            press::wish_if_allowed(model, Action::AddSchedule(schedule), press);
        }
        Command::Read(reading) => papers::open(model, reading, press),
        Command::Rehearse(words) => press.effects.push(Effect::Outside(Outside::Ourselves(words))),
        Command::Export { path, filter } => prompt::begin_export(model, path, filter, press),
        Command::Theme(name) => press.effects.push(Effect::Theme(name)),
        Command::Link(Some(slow)) => {
            model.facts.slow = slow;
            press.effects.push(Effect::Link);
        }
        Command::Link(None) => {
            model.facts.slow = false;
            press.effects.extend([Effect::Link, Effect::Measure]);
        }
        Command::Record(file) => {
            let words = file
                .as_ref()
                .map_or("the recording ends".to_owned(), |file| format!("recording to {file}; `record stop` ends it"));
            model.say(words, false, press.now);
            press.effects.push(Effect::Record(file));
        }
        Command::At(at) => travel::to(model, at, press),
        leads => lead(model, leads),
    }
}

/// Leads to a slot and does what was said with it, where this login may.
fn credential(model: &mut Model, slot: Option<&'static str>, turn: Turn, press: &mut Press<'_>) {
    credentials::to_slot(model, slot);
    let Some(slot) = slot.filter(|_| turn != Turn::Show) else { return };
    if let Some(why) = allowed::writes(model).or_else(|| allowed::admins(model)) {
        return model.say(why, true, press.now);
    }
    match turn {
        Turn::Show => {}
        Turn::Enter => credentials::rotate(model, slot, press),
        Turn::Verify(version) => credentials::verify(model, slot, version, press),
        Turn::Finish { unverified } => credentials::finish(model, slot, unverified, press),
    }
}

/// What only leads somewhere.
fn lead(model: &mut Model, command: Command) {
    match command {
        Command::Show(screen) => press::show(model, screen),
        Command::Usage(days) => {
            model.usage_days = days;
            press::show(model, Screen::Usage);
        }
        Command::Lane(lane) => press::to_lane(model, lane),
        Command::Jobs(lane, tab) => {
            press::to_lane(model, lane);
            model.lanes.tab = tab.unwrap_or(model.lanes.tab);
            model.lanes.level = Level::Jobs;
        }
        Command::Job(id) => {
            model.lanes.level = Level::Job(id);
            press::show(model, Screen::Lanes);
            model.lanes.level = Level::Job(id);
        }
        Command::Breaker(name) => press::to_breaker(model, name),
        Command::Contacts(filter) => {
            model.contacts.open = None;
            model.contacts.apply(filter);
            press::show(model, Screen::Contacts);
        }
        Command::Contact(id) => {
            model.contacts.open = Some((id, 0));
            press::show(model, Screen::Contacts);
        }
        Command::Records(tab, words) => {
            model.timeline.tab = tab;
            model.timeline.search = Search::of(words);
            press::show(model, Screen::Timeline);
        }
        _ => {}
    }
}

/// Does what a key does, where it works here.
pub(super) fn by_id(model: &mut Model, id: &str, press: &mut Press<'_>) {
    let Some(binding) = command::by_id(id) else { return };
    // These two need no row: a name is enough to begin them from anywhere.
    let anywhere = matches!(binding.does, Do::Demo | Do::Import);
    if anywhere || crate::console::keys::in_place(binding, model.place()) {
        press::act(model, binding, press);
    } else {
        model.say(format!("{id} works on another screen: {}", binding.words), true, press.now);
    }
}

/// The wish to look up what matches, with the packages and attempts of the settings.
pub(super) fn look_up(model: &Model, filter: String, again: bool) -> Action {
    let (packages, Limits { attempts, lane_limit }) = model.facts.lookup.clone();
    Action::LookUp(LookUp { filter, again, packages, attempts, lane_limit })
}

/// Carries out what was agreed to; what changes many rows is a work that can be watched and ended.
pub(super) fn act(model: &mut Model, confirmed: Confirmed, press: &mut Press<'_>) {
    let plan = confirmed.plan();
    if plan.tier < Tier::Heavy {
        return press.effects.push(Effect::Run(Box::new(confirmed)));
    }
    let id = note(model, format!("{} {}", plan.action.verb(), plan.action.target()), None, press.now);
    press.effects.push(Effect::RunLong(id, Box::new(confirmed)));
}

/// Writes a work down; its number.
fn note(model: &mut Model, name: String, again: Option<Import>, now: chrono::DateTime<chrono::Utc>) -> u64 {
    let id = model.works.last().map_or(1, |w| w.id + 1);
    model.works.push(Work { id, name, begun: now, step: (Step::default(), now), ended: None, again, other: None });
    if model.works.len() > WORKS_MAX {
        let oldest = model.works.iter().position(|w| w.ended.is_some());
        oldest.map(|at| model.works.remove(at));
    }
    id
}

/// Begins work in the background.
pub(super) fn begin(model: &mut Model, name: String, job: Job, press: &mut Press<'_>) {
    if model.works.iter().filter(|w| w.ended.is_none()).count() >= 4 {
        return model.say("four works are under way: let one end first", true, press.now);
    }
    model.say(format!("{name} has begun: J shows how far it is"), false, press.now);
    let again = if let Job::Import(file, _) = &job { Some(file.clone()) } else { None };
    let id = note(model, name, again, press.now);
    press.effects.push(Effect::Work(id, job));
}

/// Goes on with an import that ended early: rows that are in already are passed over.
pub(super) fn resume(model: &mut Model, id: u64, press: &mut Press<'_>) {
    let ended = model.works.iter().find(|work| work.id == id && work.ended.is_some());
    let Some(mut file) = ended.and_then(|work| work.again.clone()) else { return };
    if let Some(why) = allowed::writes(model) {
        return model.say(why, true, press.now);
    }
    // What was rejected before stays in its file.
    file.rejects = file.rejects.map(|rejects| format!("{rejects}.{id}"));
    let limits = model.facts.lookup.1;
    begin(model, format!("rest of {}", file.path), Job::Import(file, limits), press);
}

/// Takes what other processes import: what is new is written down, what ended while somebody looked is said.
pub(super) fn others(model: &mut Model, seen: Vec<Seen>, now: chrono::DateTime<chrono::Utc>) {
    for Seen { id: other, note } in seen {
        let at = model.works.iter().position(|work| work.other.as_ref() == Some(&other)).unwrap_or_else(|| {
            let file = Import {
                path: note.file.clone(),
                lookup: note.lookup,
                region: note.region.clone(),
                map: note.map.clone(),
                rejects: note.rejects.clone(),
                packages: model.facts.lookup.0.clone(),
            };
            let name = file.path.rsplit('/').next().unwrap_or_default();
            self::note(model, format!("import of {name} (process {})", note.pid), Some(file), note.begun);
            model.works.len() - 1
        });
        let work = &mut model.works[at];
        let step = Step { rows: note.at.rows, part: note.at.part };
        let told = work.other.is_some() && work.ended.is_none() && note.ended.is_some();
        (work.other, work.step, work.ended) = (Some(other), (step, note.at.when), note.ended.clone());
        if let Some((how, good)) = note.ended.filter(|_| told) {
            let line = format!("{}: {how}", work.name);
            model.say(line, !good, now);
        }
    }
    super::menus::renew_works(model);
}

/// Ends a work, of this console or of another process.
pub(super) fn end(model: &Model, id: u64, press: &mut Press<'_>) {
    let work = model.works.iter().find(|work| work.id == id);
    press.effects.push(match work.and_then(|work| work.other.clone()) {
        Some(other) => Effect::EndOther(other),
        None => Effect::EndWork(id),
    });
}

/// Takes how a work ended.
pub(super) fn ended(model: &mut Model, id: u64, result: Result<String, String>, now: chrono::DateTime<chrono::Utc>) {
    let Some(work) = model.works.iter_mut().find(|w| w.id == id) else { return };
    let (text, good) = match result {
        Ok(text) => (text, true),
        Err(text) => (text, false),
    };
    work.ended = Some((text.clone(), good));
    work.step.1 = now;
    let line = format!("{}: {text}", work.name);
    model.say(line, !good, now);
    super::menus::renew_works(model);
}
