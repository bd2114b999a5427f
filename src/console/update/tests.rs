use proptest::prelude::*;

use super::*;
use crate::console::effect::{Job, Query};
use crate::console::fixture::{answer, model, now, plan, pulse};
use crate::console::keys::{Code, Key, REGISTRY};
use crate::console::model::{Focus, SCREENS};
use crate::operations::actions::JobTarget;

/// Brings up a question, on the screen.
fn ask(model: &mut Model, plan: Plan) {
    update(model, Msg::Planned(Ok(Box::new(plan))), now());
    update(model, Msg::Shown, now());
}

fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    let key = |c| if c == '\n' { Key::plain(Code::Enter) } else { Key::char(c) };
    keys.chars().flat_map(|c| update(model, Msg::Key(key(c)), now())).collect()
}

fn planned(effects: &[Effect]) -> Option<&Action> {
    effects.iter().find_map(|e| if let Effect::Plan(action) = e { Some(action) } else { None })
}

#[test]
fn the_worst_lane_is_first_and_selected() {
    let model = model((120, 36), true);
    let order: Vec<&str> = model.lane_rows().iter().map(|l| l.lane.as_str()).take(3).collect();
    assert_eq!(order, ["twilio", "numverify", "zerobounce"]);
    assert_eq!(model.lanes.list.id.as_deref(), Some("twilio"));
}

#[test]
fn pause_and_resume_are_wishes_for_the_selected_lane() {
    let mut model = model((120, 36), true);
    let effects = press(&mut model, "p");
    assert_eq!(planned(&effects), Some(&Action::PauseLane { lane: "twilio".into(), reason: None }));
    let effects = press(&mut model, "jp");
    assert_eq!(planned(&effects), Some(&Action::ResumeLane { lane: "numverify".into() }));
}

#[test]
fn a_light_action_runs_at_once_and_can_be_taken_back() {
    let mut model = model((120, 36), true);
    let light = Plan { action: Action::ResumeLane { lane: "twilio".into() }, undoable: true, ..plan(Tier::Light) };
    let effects = update(&mut model, Msg::Planned(Ok(Box::new(light))), now());
    assert!(matches!(effects.as_slice(), [Effect::Run(_)]));
    let receipt = Receipt { audit_id: 4812, changed: 1, summary: "resumed".into(), undoable: true, twin: "t".into() };
    update(&mut model, Msg::Done(Ok(receipt)), now());
    assert_eq!(press(&mut model, "u"), vec![Effect::Undo(4812)]);
    assert!(press(&mut model, "u").is_empty(), "it is taken back once");
}

#[test]
fn a_wide_action_rests_on_cancel_and_runs_on_y() {
    let mut model = model((80, 24), true);
    ask(&mut model, plan(Tier::Wide));
    assert!(press(&mut model, "\n").is_empty(), "Enter on Cancel does nothing");
    assert!(model.overlay.is_none());
    ask(&mut model, plan(Tier::Wide));
    assert!(matches!(press(&mut model, "y").as_slice(), [Effect::Run(_)]));
}

#[test]
fn a_heavy_action_runs_only_when_its_number_was_typed() {
    let mut model = model((80, 24), true);
    ask(&mut model, plan(Tier::Heavy));
    assert!(press(&mut model, "y\n").is_empty(), "the reason is a field");
    assert!(press(&mut model, "841\n").is_empty());
    assert!(matches!(&model.overlay, Some(Overlay::Confirm(d)) if d.wrong.is_some() && d.focus == Focus::Field(1)));
    assert!(matches!(press(&mut model, "2\n").as_slice(), [Effect::RunLong(_, _)]));
}

#[test]
fn what_is_pasted_fills_fields_and_never_presses_keys() {
    let mut model = model((80, 24), true);
    assert!(update(&mut model, Msg::Paste("qy".into()), now()).is_empty());
    assert!(model.overlay.is_none() && model.toast.is_some());
    ask(&mut model, plan(Tier::Heavy));
    update(&mut model, Msg::Paste("vendor\nsaid so".into()), now());
    assert!(matches!(&model.overlay, Some(Overlay::Confirm(d)) if d.said().reason == "vendor said so"));
}

#[test]
fn a_read_only_console_says_so_and_wishes_nothing() {
    for binding in REGISTRY.iter().filter(|b| b.writes) {
        for (_, digit, _) in SCREENS {
            let mut model = model((120, 36), true);
            model.facts.read_only = true;
            let mut effects = press(&mut model, &digit.to_string());
            effects.clear();
            for key in binding.keys {
                effects.extend(update(&mut model, Msg::Key(*key), now()));
            }
            assert!(effects.iter().all(|e| matches!(e, Effect::Watch { .. })), "{effects:?}");
        }
    }
}

#[test]
fn an_answer_to_an_older_question_is_dropped() {
    let mut model = model((120, 36), true);
    press(&mut model, "3");
    let old = model.asked.0;
    press(&mut model, "7");
    let answer = Arc::new(super::super::effect::Answer::Timeline(Vec::new()));
    update(&mut model, Msg::Answer { id: old, at: now(), result: Ok(answer) }, now());
    assert!(model.answer().is_none());
}

#[test]
fn paging_goes_on_by_key_and_comes_back() {
    let mut model = model((120, 36), true);
    press(&mut model, "2\n");
    answer(&mut model);
    press(&mut model, "G");
    let effects = press(&mut model, "j");
    let next =
        matches!(effects.as_slice(), [Effect::Watch { query: Some(Query::Jobs { before: Some(88_141), .. }), .. }]);
    assert!(next, "{effects:?}");
    answer(&mut model);
    let effects = press(&mut model, "k");
    assert!(matches!(effects.as_slice(), [Effect::Watch { query: Some(Query::Jobs { before: None, .. }), .. }]));
}

#[test]
fn dead_jobs_are_retried_one_by_one_or_all_of_the_lane() {
    let mut model = model((120, 36), true);
    press(&mut model, "2\n");
    answer(&mut model);
    assert_eq!(planned(&press(&mut model, "r")), None, "waiting jobs run by themselves");
    press(&mut model, "lll");
    answer(&mut model);
    let one = JobTarget::Filter("lane:twilio state:dead error=\"503 upstream overloaded\"".into());
    assert_eq!(planned(&press(&mut model, "r")), Some(&Action::RetryJobs { target: one.clone() }));
    assert_eq!(planned(&press(&mut model, "x")), Some(&Action::DiscardJobs { target: one }));
    model.lanes.marks.toggle_all();
    let all = Action::RetryJobs { target: JobTarget::Dead { lane: Some("twilio".into()) } };
    assert_eq!(planned(&press(&mut model, "r")), Some(&all));
}

#[test]
fn waiting_jobs_are_taken_out_or_given_another_turn() {
    let mut model = model((120, 36), true);
    press(&mut model, "2\n");
    answer(&mut model);
    let cancel = Action::CancelJobs { target: JobTarget::Ids(vec![88_200]) };
    assert_eq!(planned(&press(&mut model, "x")), Some(&cancel));
    let effects = press(&mut model, "#50\n");
    let sooner = Action::ReprioritiseJobs { target: JobTarget::Ids(vec![88_200]), priority: 50 };
    assert_eq!(planned(&effects), Some(&sooner));
    assert_eq!(planned(&press(&mut model, "#soon\n")), None);
}

#[test]
fn a_filter_applies_piece_by_piece_and_a_wrong_one_is_not_applied() {
    let mut model = model((120, 36), true);
    press(&mut model, "4/status:failed qual");
    assert_eq!(model.contacts.filter, "status:failed");
    press(&mut model, "ity:nonsense");
    assert!(model.contacts.editing.as_ref().is_some_and(|e| e.error.is_some()));
    assert_eq!(model.contacts.filter, "status:failed");
    press(&mut model, "\n");
    assert!(model.contacts.editing.is_some(), "Enter keeps a line that is not understood open");
    update(&mut model, Msg::Key(Key::plain(Code::Esc)), now());
    assert_eq!((model.contacts.filter.as_str(), model.contacts.editing.is_none()), ("", true));
    press(&mut model, "/acme\n");
    assert_eq!(model.contacts.filter, "acme");
}

#[test]
fn quitting_asks_then_drains_then_leaves() {
    let mut model = model((80, 24), true);
    assert!(press(&mut model, "q").is_empty());
    assert_eq!(press(&mut model, "y"), vec![Effect::Drain]);
    assert_eq!(update(&mut model, Msg::Drained, now()), vec![Effect::Leave]);
    assert_eq!(update(&mut model, Msg::Key(Key::ctrl('c')), now()), vec![Effect::Leave]);
}

#[test]
fn an_idle_clock_moves_once_a_minute() {
    let mut model = Model::new(Default::default(), (80, 24), now());
    let mut idle = pulse(false);
    idle.status.lanes.retain(|l| l.depth == 0);
    let beat = |seconds: i64| Msg::Pulse(Arc::new(Pulse { at: now() + TimeDelta::seconds(seconds), ..idle.clone() }));
    for seconds in [0, 5, 55] {
        update(&mut model, beat(seconds), now());
        assert_eq!(model.clock, now());
    }
    update(&mut model, beat(60), now());
    assert_eq!(model.clock, now() + TimeDelta::seconds(60));
}

fn any_key() -> impl Strategy<Value = Key> {
    let bound = prop::sample::select(REGISTRY.iter().flat_map(|b| b.keys).copied().collect::<Vec<_>>());
    prop_oneof![8 => bound, 1 => any::<char>().prop_map(Key::char), 1 => Just(Key::char('y')), 1 => Just(Key::plain(Code::Tab))]
}

#[derive(Debug, Clone)]
enum Step {
    Key(Key),
    Pulse(bool),
    Nothing,
    Answer,
    Plan(Tier),
    Size(u16, u16),
    Fail,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => any_key().prop_map(Step::Key),
        2 => any::<bool>().prop_map(Step::Pulse),
        1 => Just(Step::Nothing),
        4 => Just(Step::Answer),
        1 => prop::sample::select(vec![Tier::Light, Tier::Wide, Tier::Heavy]).prop_map(Step::Plan),
        1 => (1u16..200, 1u16..80).prop_map(|(w, h)| Step::Size(w, h)),
        1 => Just(Step::Fail),
    ]
}

fn walk(model: &mut Model, step: Step) {
    let msg = match step {
        Step::Key(key) => Msg::Key(key),
        Step::Pulse(outage) => Msg::Pulse(Arc::new(pulse(outage))),
        Step::Nothing => {
            let mut empty = pulse(false);
            empty.status.lanes.clear();
            empty.status.breakers.clear();
            Msg::Pulse(Arc::new(empty))
        }
        Step::Answer => return answer(model),
        Step::Plan(tier) => Msg::Planned(Ok(Box::new(plan(tier)))),
        Step::Size(columns, rows) => Msg::Resize(columns, rows),
        Step::Fail => Msg::PulseFailed { at: now(), error: "gone".into() },
    };
    update(model, msg, now());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_sequence_keeps_selections_in_range_and_asks_what_is_shown(steps in prop::collection::vec(any_step(), 0..60)) {
        let mut model = model((80, 24), true);
        for step in steps {
            walk(&mut model, step);
            prop_assert!(model.lanes.list.at < model.lane_rows().len().max(1));
            prop_assert!(model.breakers.list.at < model.breaker_rows().len().max(1));
            let jobs = matches!(model.answer(), Some(super::super::effect::Answer::Jobs(_)));
            prop_assert!(!jobs || model.lanes.jobs.at < lanes::job_rows(&model).len().max(1));
            let asked = model.asked.1.as_ref().map(|l| l.query.clone());
            prop_assert_eq!(model.wanted(), asked);
        }
    }
}

#[test]
fn what_was_read_stays_while_the_database_is_gone_on_every_screen() {
    let mut model = model((120, 36), true);
    for key in ['4', '7'] {
        update(&mut model, Msg::Key(Key::char(key)), now());
        answer(&mut model);
    }
    let gone = Msg::PulseFailed { at: now(), error: "connection refused".into() };
    update(&mut model, gone, now());
    update(&mut model, Msg::Key(Key::char('4')), now());
    assert_eq!(contacts::contact_rows(&model).len(), 60, "the contacts that were read before");
    update(&mut model, Msg::Key(Key::char('9')), now());
    assert!(model.answer().is_none() && model.reading().contains("does not answer"), "usage was never read");
    let back = Msg::Pulse(model.pulse.clone().unwrap());
    update(&mut model, back, now());
    update(&mut model, Msg::Key(Key::char('4')), now());
    assert!(model.answer().is_none(), "once it answers, it is asked anew");
}

#[test]
fn an_import_of_another_process_is_followed_ended_and_resumed() {
    let mut model = model((120, 36), true);
    let at = crate::operations::imports::Reached { rows: 500, part: Some(0.5), when: now() };
    let mut note = crate::operations::imports::Note {
        file: "/data/spring.csv".into(),
        lookup: true,
        region: None,
        map: Vec::new(),
        rejects: None,
        place: "here".into(),
        pid: 77,
        begun: now() - chrono::TimeDelta::seconds(10),
        at,
        ended: None,
    };
    let seen = |note: &crate::operations::imports::Note| {
        Msg::Others(vec![crate::operations::imports::Seen { id: "one".into(), note: note.clone() }])
    };
    update(&mut model, seen(&note), now());
    assert_eq!((model.works[0].name.as_str(), model.works[0].rate()), ("import of spring.csv (process 77)", 50.0));
    update(&mut model, Msg::Key(Key::char('J')), now());
    let effects = update(&mut model, Msg::Key(Key::plain(Code::Enter)), now());
    assert!(effects.contains(&Effect::EndOther("one".into())), "{effects:?}");
    note.ended = Some(("stopped".into(), false));
    update(&mut model, seen(&note), now());
    assert!(model.toast.as_ref().is_some_and(|toast| toast.bad && toast.text.contains("stopped")));
    update(&mut model, Msg::Key(Key::char('J')), now());
    let effects = update(&mut model, Msg::Key(Key::plain(Code::Enter)), now());
    let goes_on =
        |effect: &Effect| matches!(effect, Effect::Work(_, Job::Import(file, _)) if file.path == "/data/spring.csv");
    assert!(effects.iter().any(goes_on), "{effects:?}");
}
