use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::enrichment::graph::{self, Need};
use crate::enrichment::world::{Offer, Policy, StepRules};
use crate::providers::Input;

const OFFER: Offer = Offer { on: true, credential: true, spent: false, open: false, price: 1000, hit_rate: None };

fn everything_on() -> World {
    let offers = graph::sources().map(|(_, source)| (source.name, OFFER)).collect();
    World { offers, ..World::default() }
}

fn contact(card: Value) -> Facts {
    let mut facts = Facts { card: Input::new(card.as_object().unwrap().clone()), ..Facts::default() };
    facts.card.learn(json!({"status": "completed"}).as_object().unwrap());
    facts.steps.insert(Step::Lookup, Standing::Done);
    facts
}

fn business() -> Facts {
    contact(
        json!({"phone_valid": true, "line_type": "landline", "caller_type": "BUSINESS", "caller_name": "HARBOR", "country_code": "US"}),
    )
}

fn moved(moves: &[(Step, Move)], step: Step) -> Option<&Move> {
    moves.iter().find(|(s, _)| *s == step).map(|(_, m)| m)
}

fn queued(moves: &[(Step, Move)]) -> Vec<&'static str> {
    moves.iter().filter(|(_, m)| matches!(m, Move::Queue(_))).map(|(s, _)| s.name()).collect()
}

#[test]
fn nothing_is_planned_before_the_lookup_was_answered() {
    let mut facts = Facts::default();
    assert!(advance(&mut facts, &everything_on()).is_empty());
}

#[test]
fn an_invalid_number_gets_nothing_paid() {
    let mut facts = contact(json!({"phone_valid": false, "caller_name": "X", "email": "jane@harbor.example"}));
    let moves = advance(&mut facts, &everything_on());
    assert_eq!(moves.len(), 8);
    assert!(moves.iter().all(|(_, m)| *m == Move::Skip(Reason::InvalidNumber)));
}

#[test]
fn independent_steps_start_side_by_side_and_the_rest_waits_for_facts() {
    let mut facts = contact(
        json!({"phone_valid": true, "caller_name": "DOE JANE", "email": "jane@gmail.com", "country_code": "US"}),
    );
    let world = World { address_for_unknown: true, ..everything_on() };
    let moves = advance(&mut facts, &world);
    assert_eq!(queued(&moves), ["carrier_check", "business", "address"]);
    // Whoever owns the number may have another employer and another address than the file says.
    for waits in [Step::Company, Step::EmailVerify, Step::Person] {
        assert_eq!(moved(&moves, waits), Some(&Move::Block("business")));
    }
    assert_eq!(moved(&moves, Step::EmailFind), Some(&Move::Skip(Reason::AlreadyDone)));
}

#[test]
fn the_chain_goes_on_by_facts_one_link_after_another() {
    let (mut facts, world) = (business(), everything_on());
    assert_eq!(queued(&advance(&mut facts, &world)), ["business"]);
    facts.card.learn(json!({"business_email_domain": "harbor.example", "full_name": "Jane Doe"}).as_object().unwrap());
    facts.steps.insert(Step::Business, Standing::Done);
    let moves = advance(&mut facts, &world);
    assert_eq!(queued(&moves), ["company"]);
    assert_eq!(moved(&moves, Step::EmailFind), None, "still waits for the company");
    facts.steps.insert(Step::Company, Standing::Without);
    assert_eq!(queued(&advance(&mut facts, &world)), ["email_find"]);
    facts.card.learn(json!({"email": "jane@harbor.example"}).as_object().unwrap());
    facts.steps.insert(Step::EmailFind, Standing::Done);
    assert_eq!(queued(&advance(&mut facts, &world)), ["email_verify", "person"]);
    facts.steps.insert(Step::Person, Standing::Without);
    facts.steps.insert(Step::EmailVerify, Standing::Done);
    assert_eq!(queued(&advance(&mut facts, &world)), ["duplicates"]);
}

#[test]
fn when_the_last_giver_ends_without_the_fact_what_waited_for_it_is_skipped_at_once() {
    let (mut facts, world) = (business(), everything_on());
    advance(&mut facts, &world);
    facts.steps.insert(Step::Business, Standing::Without);
    let moves = advance(&mut facts, &world);
    for step in [Step::Company, Step::EmailFind] {
        assert_eq!(moved(&moves, step), Some(&Move::Skip(Reason::MissingInput("domain"))));
    }
    assert_eq!(moved(&moves, Step::EmailVerify), Some(&Move::Skip(Reason::MissingInput("email"))));
    assert_eq!(moved(&moves, Step::Duplicates), Some(&Move::Skip(Reason::MissingInput("name"))));
}

#[test]
fn without_keys_a_business_is_still_known_by_the_carriers_name_and_the_rest_says_why_not() {
    let mut facts = business();
    let mut world = everything_on();
    for offer in world.offers.values_mut() {
        offer.credential = false;
    }
    let moves = advance(&mut facts, &world);
    assert!(matches!(moved(&moves, Step::Business), Some(Move::Answer(free)) if free.source == "cnam"));
    assert_eq!(moved(&moves, Step::Company), Some(&Move::Skip(Reason::MissingInput("domain"))));
    assert_eq!(moved(&moves, Step::Address), Some(&Move::Skip(Reason::NotApplicable)));
}

#[test]
fn a_source_without_data_hands_over_to_the_next_and_the_last_to_a_guess_that_can_be_judged() {
    let facts = contact(json!({"business_email_domain": "harbor.example", "first_name": "Jane", "last_name": "Doe"}));
    let world = everything_on();
    let next = fall_back(Step::EmailFind, &["hunter-finder"], &facts, &world);
    assert!(matches!(next, Some(Move::Queue(source)) if source.name == "hunter-domain"));
    let last = fall_back(Step::EmailFind, &["hunter-finder", "hunter-domain"], &facts, &world);
    assert!(matches!(last, Some(Move::Answer(free)) if free.source == "guess"));
    assert_eq!(fall_back(Step::Company, &["clearbit-company"], &facts, &world), None);
}

/// A card with any of the facts that plans look at.
fn cards() -> impl Strategy<Value = Map<String, Value>> {
    let text = |values: &'static [&'static str]| prop::option::of(prop::sample::select(values));
    let flag = || prop::option::of(any::<bool>());
    (
        (flag(), flag(), flag(), flag()),
        text(&["BUSINESS", "CONSUMER", "UNDETERMINED"]),
        text(&["HARBOR WIRELESS", "DOE JANE"]),
        text(&["harbor.example", "gmail.com"]),
        text(&["Jane Doe", "Jane"]),
        text(&["jane@harbor.example", "jane@gmail.com"]),
        text(&["mobile"]),
    )
        .prop_map(|(flags, caller, name, domain, person, email, line)| {
            json!({"status": "completed", "country_code": "US", "phone_valid": flags.0, "is_business": flags.1,
                   "business_enriched": flags.2, "email_verified": flags.3, "caller_type": caller, "caller_name": name,
                   "business_email_domain": domain, "full_name": person, "email": email, "line_type": line})
            .as_object()
            .cloned()
            .unwrap_or_default()
        })
}

fn worlds() -> impl Strategy<Value = World> {
    let offer = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), 0i64..100_000)
        .prop_map(|(on, credential, spent, open, price)| Offer { on, credential, spent, open, price, hit_rate: None });
    let names: Vec<&'static str> = graph::sources().map(|(_, source)| source.name).collect();
    let count = names.len();
    let rules = (prop::collection::vec(any::<(bool, bool)>(), 9)).prop_map(|list| {
        let rule = |(enabled, speed): (bool, bool)| StepRules {
            enabled,
            policy: if speed { Policy::PreferSpeed } else { Policy::Wait },
            threshold: 50,
        };
        Step::ALL.into_iter().zip(list.into_iter().map(rule)).collect::<BTreeMap<_, _>>()
    });
    (prop::collection::vec(offer, count), rules, any::<bool>()).prop_map(move |(offers, rules, unknown)| World {
        rules,
        offers: names.iter().copied().zip(offers).collect(),
        address_for_unknown: unknown,
        ..World::default()
    })
}

/// Runs the pipeline with answers by chance until nothing is live; every call that was made, with the facts at its start.
fn run(mut facts: Facts, world: &World, mut answers: impl Iterator<Item = u8>) -> (Facts, Vec<(Step, Facts)>) {
    let mut calls = Vec::new();
    let mut live: Vec<(Step, Vec<&'static str>)> = Vec::new();
    for _ in 0..200 {
        for (step, m) in advance(&mut facts, world) {
            if let Move::Queue(source) = m {
                live.push((step, vec![source.name]));
            }
        }
        let Some((step, mut tried)) = live.pop() else { break };
        calls.push((step, facts.clone()));
        match answers.next().unwrap_or(0) % 4 {
            0 => {
                if let Some(next) = fall_back(step, &tried, &facts, world) {
                    enter(&mut facts, step, &next);
                    if let Move::Queue(source) = next {
                        tried.push(source.name);
                        live.push((step, tried));
                    }
                } else {
                    facts.steps.insert(step, Standing::Without);
                }
            }
            1 => _ = facts.steps.insert(step, Standing::Without),
            2 => _ = facts.steps.insert(step, Standing::Done),
            _ => {
                let found = json!({"business_email_domain": "found.example", "full_name": "Found Name", "email": "a@found.example"});
                facts.card.learn(found.as_object().unwrap());
                facts.steps.insert(step, Standing::Done);
            }
        }
    }
    assert!(live.is_empty(), "the plan does not end");
    (facts, calls)
}

proptest! {
    #[test]
    fn every_plan_ends_with_every_step_over(card in cards(), world in worlds(), answers in prop::collection::vec(any::<u8>(), 40)) {
        let (facts, calls) = run(contact(Value::Object(card)), &world, answers.into_iter());
        for step in Step::ALL {
            prop_assert!(matches!(facts.standing(step), Some(Standing::Done | Standing::Without)), "{}", step.name());
        }
        let sources: usize = Step::ALL.iter().map(|step| step.sources().len()).sum();
        prop_assert!(calls.len() <= sources);
    }

    #[test]
    fn no_step_runs_without_what_it_needs_and_none_for_whom_it_is_not(
        card in cards(), world in worlds(), answers in prop::collection::vec(any::<u8>(), 40),
    ) {
        let start = contact(Value::Object(card));
        let (_, calls) = run(start.clone(), &world, answers.into_iter());
        for (step, facts) in calls {
            let missing: Vec<Need> = step.needs().iter().copied().filter(|need| !facts.has(*need)).collect();
            prop_assert!(missing.is_empty(), "{} without {missing:?}", step.name());
            prop_assert!(facts.card.flag("phone_valid") != Some(false), "{} for an invalid number", step.name());
            let consumer = facts.is_business() == Some(false);
            prop_assert!(!(consumer && matches!(step, Step::Business | Step::Company)), "{} for a consumer", step.name());
        }
    }
}
