use super::*;
use crate::console::effect::{Job, Query};
use crate::console::fixture::{answer, model, now, plan, pulse};
use crate::console::keys::{Code, Key, Keymap};
use crate::console::message::{Gesture, Spot};
use crate::console::model::{Step, TimelineTab};
use crate::contacts::page::Sort;
use crate::operations::actions::JobTarget;

fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    let key = |c| match c {
        '\n' => Key::plain(Code::Enter),
        '\t' => Key::plain(Code::Tab),
        '^' => Key::plain(Code::Up),
        '_' => Key::plain(Code::Down),
        '$' => Key::ctrl('s'),
        c => Key::char(c),
    };
    let mut effects = Vec::new();
    for c in keys.chars() {
        effects.extend(update(model, Msg::Key(key(c)), now()));
        answer(model);
    }
    effects
}

fn wished(effects: &[Effect]) -> Option<&Action> {
    effects.iter().find_map(|e| if let Effect::Plan(action) = e { Some(action) } else { None })
}

fn said(model: &Model) -> &str {
    model.toast.as_ref().map_or("", |toast| &toast.text)
}

#[test]
fn the_palette_runs_what_was_typed_or_chosen_and_remembers_it() {
    let mut model = model((120, 36), true);
    let effects = press(&mut model, ":rsthun\n");
    assert_eq!(wished(&effects), Some(&Action::ResetBreaker { name: "hunter-api".into(), reason: None }));
    assert_eq!(model.history, ["breakers reset hunter-api"]);
    assert!(model.overlay.is_none());
    let effects = press(&mut model, ":^\n");
    assert!(wished(&effects).is_some(), "Up recalls the line");
    press(&mut model, ":contacts status:failed\n");
    assert_eq!((model.screen, model.contacts.filter.as_str()), (Screen::Contacts, "status:failed"));
    press(&mut model, ":lanes paws hunter\n");
    assert!(
        matches!(&model.overlay, Some(Overlay::Palette(p)) if p.wrong.is_some()),
        "a wrong line stays, with the reason"
    );
}

#[test]
fn an_offer_that_needs_more_is_completed_and_not_run() {
    let mut model = model((120, 36), true);
    let effects = press(&mut model, ":lanes scale hunt\n");
    assert!(wished(&effects).is_none());
    let effects = press(&mut model, "12\n");
    assert_eq!(
        wished(&effects),
        Some(&Action::ScaleLane { lane: "hunter".into(), concurrency: Some(12), per_node: false })
    );
}

#[test]
fn a_question_that_has_just_come_up_is_not_answered_by_what_was_typed_before() {
    let mut model = model((80, 24), true);
    update(&mut model, Msg::Planned(Ok(Box::new(plan(Tier::Wide)))), now());
    assert!(press(&mut model, "y").is_empty());
    assert!(matches!(&model.overlay, Some(Overlay::Confirm(open)) if open.wrong.is_some()));
    update(&mut model, Msg::Shown, now());
    model.facts.slow = true;
    assert!(press(&mut model, "y").is_empty(), "on a slow link it takes a while to be seen");
    let later = update(&mut model, Msg::Key(Key::char('y')), now() + TimeDelta::seconds(1));
    assert!(matches!(later.as_slice(), [Effect::Run(_)]));
}

#[test]
fn a_question_never_takes_the_place_of_what_is_open() {
    let mut model = model((80, 24), true);
    press(&mut model, ":");
    update(&mut model, Msg::Planned(Ok(Box::new(plan(Tier::Wide)))), now());
    assert!(matches!(model.overlay, Some(Overlay::Palette(_))));
    assert!(said(&model).contains("repeat it"));
}

#[test]
fn marks_decide_whom_a_verb_means() {
    let mut model = model((120, 36), true);
    press(&mut model, "2\nlll\n jj ");
    assert_eq!(model.lanes.marks.len(), 2);
    let effects = press(&mut model, "r");
    assert!(matches!(wished(&effects), Some(Action::RetryJobs { target: JobTarget::Ids(ids) }) if ids.len() == 2));
    let mut model = super::super::fixture::model((120, 36), true);
    press(&mut model, "4*");
    let effects = press(&mut model, "r");
    assert!(matches!(wished(&effects), Some(Action::LookUp(wish)) if wish.filter.is_empty() && !wish.again));
    press(&mut model, "*VjjV");
    let effects = press(&mut model, "r");
    assert!(matches!(wished(&effects), Some(Action::LookUp(wish)) if wish.filter.matches(" or ").count() == 2));
}

#[test]
fn another_order_begins_at_the_first_page() {
    let mut model = model((120, 36), true);
    press(&mut model, "4s_\n");
    assert_eq!(model.contacts.sort, Sort::Created);
    assert!(matches!(model.wanted(), Some(Query::Contacts { sort: Sort::Created, .. })));
    press(&mut model, "sG\n");
    assert!(said(&model).contains("no index"), "greyed with the reason");
    assert!(matches!(model.overlay, Some(Overlay::Menu(_))));
}

#[test]
fn the_past_is_shown_in_place_of_the_present_and_changes_nothing() {
    let mut model = model((120, 36), true);
    let effects = press(&mut model, ",");
    let Some(Effect::Past(at)) = effects.first() else { panic!("{effects:?}") };
    let at = *at;
    assert_eq!(at, now() - TimeDelta::seconds(10));
    let then = Pulse { at, ..pulse(false) };
    update(&mut model, Msg::Past(at, Ok(Arc::new(then))), now());
    assert!(model.incidents().is_empty(), "nothing was wrong then");
    assert!(press(&mut model, "p").is_empty());
    assert!(said(&model).contains("this is the past"));
    update(&mut model, Msg::Pulse(Arc::new(pulse(true))), now());
    assert!(model.incidents().is_empty(), "the present goes on behind the past");
    press(&mut model, "0");
    assert!(model.past.is_none() && !model.incidents().is_empty());
    update(&mut model, Msg::Past(at, Ok(Arc::new(pulse(false)))), now());
    assert!(!model.incidents().is_empty(), "a late answer about the past is dropped");
}

#[test]
fn works_tell_how_far_they_are_and_can_be_ended() {
    let mut model = model((120, 36), true);
    let effects = press(&mut model, "4$\n");
    let begun =
        effects.iter().find_map(|e| if let Effect::Work(id, job) = e { Some((*id, job.clone())) } else { None });
    let Some((id, Job::Export { path, .. })) = begun else { panic!("{effects:?}") };
    assert!(path.ends_with(".csv"));
    update(&mut model, Msg::Step(id, Step { rows: 500, part: Some(0.5) }), now() + TimeDelta::seconds(10));
    assert!(crate::console::screen::work_line(&model.works[0]).contains("50 %: 500 rows, 50/s, 10s left"));
    let effects = press(&mut model, "J\n");
    assert_eq!(effects, vec![Effect::EndWork(id)]);
    update(&mut model, Msg::Ended(id, Err("ended by hand".into())), now());
    assert!(said(&model).contains("ended by hand"));
}

#[test]
fn the_mouse_does_nothing_until_it_is_turned_on() {
    let mut model = model((120, 36), true);
    let click = |model: &mut Model, row| update(model, Msg::Mouse(Gesture::Click, Some(Spot::Row(row))), now());
    click(&mut model, 2);
    assert_eq!(model.lanes.list.at, 0);
    assert_eq!(press(&mut model, "m"), vec![Effect::Mouse(true)]);
    click(&mut model, 2);
    assert_eq!(model.lanes.list.at, 2);
    update(&mut model, Msg::Mouse(Gesture::Click, Some(Spot::Screen(Screen::Fleet))), now());
    assert_eq!(model.screen, Screen::Fleet);
}

#[test]
fn audit_rows_are_taken_back_by_their_own_key() {
    let mut model = model((120, 36), true);
    assert_eq!(
        press(&mut model, "7lljju"),
        vec![
            Effect::Watch { id: 1, query: Some(Query::Timeline(None)) },
            Effect::Watch { id: 2, query: None },
            Effect::Watch { id: 3, query: Some(Query::Audit(None)) },
            Effect::Undo(4811),
        ]
    );
}

#[test]
fn records_are_filtered_as_one_types_and_the_filter_goes_with_esc() {
    let mut model = model((120, 36), true);
    press(&mut model, "7/who:bo reset\n");
    assert_eq!(records::event_rows(&model).len(), 1);
    update(&mut model, Msg::Key(Key::plain(Code::Esc)), now());
    assert_eq!(records::event_rows(&model).len(), 6);
    press(&mut model, "n");
    assert_eq!(model.timeline.list.at, 1, "n leads to the next line that is no mere remark");
    press(&mut model, ":logs level:warn\n");
    assert_eq!((model.timeline.tab, model.timeline.search.text.as_str()), (TimelineTab::Logs, "level:warn"));
}

#[test]
fn changed_keys_hold_at_once_and_a_wrong_file_leaves_the_old_ones() {
    let mut model = model((120, 36), true);
    let keymap = Arc::new(Keymap::read("pause = \"v\"").unwrap());
    update(&mut model, Msg::Keys(Ok(keymap)), now());
    assert!(press(&mut model, "p").is_empty());
    assert!(wished(&press(&mut model, "v")).is_some());
    update(&mut model, Msg::Keys(Err("there is no action paws".into())), now());
    assert!(said(&model).contains("paws"));
    assert!(wished(&press(&mut model, "v")).is_some());
}

#[test]
fn an_import_that_was_ended_goes_on_from_the_list_of_works() {
    let mut model = model((120, 36), true);
    let effects = press(&mut model, ":import /tmp/a.csv --yes --rejects /tmp/no.csv\n");
    assert!(matches!(effects.as_slice(), [.., Effect::Work(1, Job::Import(..))]), "{effects:?}");
    let ended = Msg::Ended(1, Err("ended by hand: what was done stays".into()));
    update(&mut model, ended, now());
    let effects = press(&mut model, "J\n");
    let [.., Effect::Work(2, Job::Import(file, _))] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((file.path.as_str(), file.rejects.as_deref()), ("/tmp/a.csv", Some("/tmp/no.csv.1")));
    update(&mut model, Msg::Ended(2, Ok("9 rows read".into())), now());
    assert!(press(&mut model, "J\n").iter().all(|e| !matches!(e, Effect::Work(..))), "what ended well is over");
}

#[test]
fn a_recording_is_begun_and_ended_by_a_line() {
    let mut model = model((120, 36), true);
    let effects = press(&mut model, ":record /tmp/night.cast\n");
    assert!(effects.contains(&Effect::Record(Some("/tmp/night.cast".into()))), "{effects:?}");
    assert!(press(&mut model, ":record stop\n").contains(&Effect::Record(None)));
}
