use std::sync::Arc;

use chrono::TimeDelta;

use crate::console::effect::Effect;
use crate::console::fixture::{model, now, plan, pulse};
use crate::console::keys::{Code, Key};
use crate::console::message::Msg;
use crate::console::model::{Beside, Model, Overlay, standing};
use crate::console::update::update;
use crate::operations::actions::{Action, Plan, Second, Tier};
use crate::operations::views::{AskView, Deck};

fn press(model: &mut Model, keys: &[Key]) -> Vec<Effect> {
    keys.iter().flat_map(|key| update(model, Msg::Key(*key), now())).collect()
}

fn typed(text: &str) -> Vec<Key> {
    text.chars().map(Key::char).collect()
}

/// An ask of `name` with this state.
fn ask(name: &str, state: &str) -> AskView {
    AskView {
        id: 4,
        asked_at: now(),
        expires_at: now() + TimeDelta::minutes(5),
        login: "team".into(),
        name: name.into(),
        verb: "jobs discard".into(),
        target: "lane:twilio".into(),
        things: 8412,
        cost_usd: 0.0,
        sentence: "Discard 8412 dead jobs.".into(),
        reason: Some("asked by sales".into()),
        state: state.into(),
        answered_by: (state != "open").then(|| "bo".into()),
        answered_login: None,
        answered_at: None,
    }
}

fn hears(model: &mut Model, ask: AskView) {
    let deck = Deck { asks: vec![ask], ..Deck::default() };
    let pulse = crate::console::message::Pulse { deck, ..pulse(false) };
    update(model, Msg::Pulse(Arc::new(pulse)), now());
}

/// A heavy question of an environment that asks for a second person.
fn heavy() -> Model {
    let mut model = model((120, 36), false);
    let plan = Plan { second: Second { required: true, ask: None }, ..plan(Tier::Heavy) };
    update(&mut model, Msg::Planned(Ok(Box::new(plan))), now());
    update(&mut model, Msg::Shown, now());
    model
}

fn wrong(model: &Model) -> String {
    match &model.overlay {
        Some(Overlay::Confirm(open)) => open.wrong.clone().unwrap_or_default(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_heavy_waits_for_the_yes_of_another() {
    let mut model = heavy();
    press(&mut model, &[Key::ctrl('t')]);
    assert!(wrong(&model).contains("say why first"), "{}", wrong(&model));
    press(&mut model, &typed("asked by sales"));
    press(&mut model, &[Key::plain(Code::Enter)]);
    press(&mut model, &typed("8412"));
    assert_eq!(press(&mut model, &[Key::plain(Code::Enter)]), []);
    assert!(wrong(&model).contains("Ctrl-T asks"), "{}", wrong(&model));
    let effects = press(&mut model, &[Key::ctrl('t')]);
    let [Effect::AskSecond(asked)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(asked.reason.as_deref(), Some("asked by sales"));
    update(&mut model, Msg::SecondAsked(Ok((4, now() + TimeDelta::minutes(5)))), now());
    hears(&mut model, ask("ada", "open"));
    assert_eq!(press(&mut model, &[Key::plain(Code::Enter)]), []);
    assert!(wrong(&model).contains("nobody has answered"), "{}", wrong(&model));
    hears(&mut model, ask("ada", "agreed"));
    let effects = press(&mut model, &[Key::plain(Code::Enter)]);
    let Some(Effect::RunLong(_, confirmed)) = effects.into_iter().next() else { panic!("it did not run") };
    assert_eq!(confirmed.plan().second.ask, Some(4));
}

#[test]
fn a_refusal_is_shown_and_lets_nothing_run() {
    let mut model = heavy();
    press(&mut model, &typed("why"));
    press(&mut model, &[Key::ctrl('t')]);
    update(&mut model, Msg::SecondAsked(Ok((4, now()))), now());
    hears(&mut model, ask("ada", "refused"));
    let Some(Overlay::Confirm(open)) = &model.overlay else { panic!("{:?}", model.overlay) };
    assert_eq!((&open.beside, open.plan.second.ask), (&Beside::Refused("bo".into()), None));
}

#[test]
fn the_other_is_asked_quietly_and_answers_with_y_or_n() {
    let answer = |key: char| {
        let mut model = model((120, 36), false);
        hears(&mut model, ask("bo", "open"));
        let wished = press(&mut model, &[Key::char('@')]);
        let action = Action::AnswerSecond { ask: 4, yes: true };
        assert!(wished.contains(&Effect::Plan(action.clone())), "{wished:?}");
        let plan = Plan { action, second: Second::default(), ..plan(Tier::Wide) };
        update(&mut model, Msg::Planned(Ok(Box::new(plan))), now());
        assert_eq!(press(&mut model, &[Key::char(key)]), [], "it was not on the screen yet");
        update(&mut model, Msg::Shown, now());
        let effects = press(&mut model, &[Key::char(key)]);
        let Some(Effect::Run(confirmed)) = effects.into_iter().next() else { panic!("{key} did not answer") };
        confirmed.plan().action.clone()
    };
    assert_eq!(answer('y'), Action::AnswerSecond { ask: 4, yes: true });
    assert_eq!(answer('n'), Action::AnswerSecond { ask: 4, yes: false });
}

#[test]
fn nobody_is_asked_what_they_ask_themselves() {
    let mut model = model((120, 36), false);
    hears(&mut model, ask("ada", "open"));
    assert_eq!(model.asked_of_me(), None);
    let effects = press(&mut model, &[Key::char('@')]);
    assert!(matches!(effects.as_slice(), [Effect::Read(_)]), "{effects:?}");
}

#[test]
fn the_others_are_told_the_screen_and_the_question_and_nothing_of_a_contact() {
    let mut model = heavy();
    let told = standing(&model);
    assert_eq!((told.screen, told.question), ("Overview", Some(("breakers reset", "twilio".into()))));
    model.overlay = None;
    model.screen = crate::console::model::Screen::Contacts;
    model.contacts.open = Some((7, 0));
    assert_eq!(standing(&model).chosen.as_deref(), Some("contact 7"));
}
