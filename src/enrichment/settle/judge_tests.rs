use std::sync::Arc;

use chrono::DateTime;

use super::*;
use crate::enrichment::graph;
use crate::enrichment::step::Findings;
use crate::enrichment::world::Offer;
use crate::providers::Input;
use crate::queue::{Claimed, Failure};

const OFFER: Offer = Offer { on: true, credential: true, spent: false, open: false, price: 1000, hit_rate: None };

fn world() -> World {
    World { offers: graph::sources().map(|(_, source)| (source.name, OFFER)).collect(), ..World::default() }
}

fn job(kind: &str) -> Claimed {
    let at = DateTime::UNIX_EPOCH;
    Claimed {
        id: 7,
        kind: kind.into(),
        contact_id: 1,
        priority: 50,
        attempt: 1,
        max_attempts: 3,
        returns: 0,
        probes: 0,
        claimed_at: at,
        run_at: at,
        place: Default::default(),
    }
}

fn ended(step: Step, source: &str, outcome: Outcome, patch: Value) -> Settlement {
    let found = Found {
        outcome,
        patch: patch.as_object().cloned().unwrap(),
        body: Arc::new(Value::Null),
        cached: false,
        status: 200,
        request_key: "key".into(),
        keep: None,
        cost: (5, Vec::new()),
        as_of: Some("now".into()),
    };
    let source = step.sources().iter().find(|s| s.name == source);
    let result = Findings { source, found: Some(found), ..Findings::default() };
    Settlement { result, ..Settlement::bare(job(step.name()), source.map_or("local", |s| s.lane), 1, End::Done) }
}

fn facts(card: Value, steps: &[(Step, Standing)]) -> BTreeMap<i64, Facts> {
    let mut card = card.as_object().cloned().unwrap();
    card.insert("updated_at".into(), json!("now"));
    let steps = steps.iter().copied().collect();
    [(1, Facts { contact: 1, card: Input::new(card), steps, ..Facts::default() })].into()
}

fn states(sheet: &Sheet) -> Vec<(&'static str, &'static str, Option<&str>)> {
    sheet.steps.iter().map(|((_, step), row)| (step.name(), row.state, row.reason.as_deref())).collect()
}

#[test]
fn an_answered_lookup_plans_the_rest_and_is_the_contacts_end_of_waiting() {
    let patch = json!({"phone_valid": true, "line_type": "mobile", "caller_type": "BUSINESS", "caller_name": "HARBOR", "country_code": "US"});
    let mut batch = [ended(Step::Lookup, "twilio", Outcome::Data, patch)];
    let sheet =
        judge(&mut batch, &mut facts(json!({"status": "processing"}), &[(Step::Lookup, Standing::Live)]), &world());
    assert_eq!(sheet.changes[&1].looked_up_in, Some(0));
    assert_eq!(
        sheet.jobs.iter().map(|j| (j.step, j.source.lane, j.priority)).collect::<Vec<_>>(),
        [(Step::Business, "clearbit-phone", 50)]
    );
    let expected = [
        ("lookup", "done", None),
        ("carrier_check", "skipped", Some("already_done")),
        ("company", "blocked", Some("business")),
        ("address", "skipped", Some("not_applicable")),
        ("email_find", "blocked", Some("company")),
        ("email_verify", "blocked", Some("business")),
        ("person", "blocked", Some("business")),
        ("duplicates", "blocked", Some("business")),
    ];
    assert_eq!(states(&sheet), expected);
}

#[test]
fn a_source_without_data_moves_its_job_to_the_next_one_and_keeps_what_it_paid() {
    let card = json!({"status": "completed", "phone_valid": true, "email": "jane@harbor.example"});
    let mut batch = [ended(Step::EmailVerify, "zerobounce", Outcome::NoData, json!({}))];
    batch[0].result.found.as_mut().unwrap().request_key = "validate|jane@harbor.example|1".into();
    let mut facts = facts(card, &[(Step::EmailVerify, Standing::Live)]);
    let sheet = judge(&mut batch, &mut facts, &world());
    assert_eq!(batch[0].end, End::Moved { lane: "hunter" });
    let args = Args { source: "hunter-verifier".into(), tried: vec!["zerobounce".into()], fresh: false };
    assert_eq!(sheet.moved, [(7, args)]);
    assert_eq!(sheet.changes[&1].cost, 5);
    assert!(!sheet.steps.contains_key(&(1, Step::EmailVerify)));
}

#[test]
fn when_the_last_giver_ends_without_data_what_waited_is_skipped_in_the_same_settle() {
    let card = json!({"status": "completed", "phone_valid": true, "caller_type": "BUSINESS", "full_name": "Jane"});
    let blocked = [Step::Company, Step::EmailFind, Step::EmailVerify, Step::Person, Step::Duplicates];
    let mut steps: Vec<_> = blocked.map(|step| (step, Standing::Blocked)).to_vec();
    steps.extend([
        (Step::Business, Standing::Live),
        (Step::CarrierCheck, Standing::Done),
        (Step::Address, Standing::Without),
    ]);
    let mut batch = [ended(Step::Business, "clearbit-phone", Outcome::NoData, json!({}))];
    let sheet = judge(&mut batch, &mut facts(card, &steps), &world());
    let expected = [
        ("business", "no_data", None),
        ("company", "skipped", Some("missing_input (domain)")),
        ("email_find", "skipped", Some("missing_input (domain)")),
        ("email_verify", "skipped", Some("missing_input (email)")),
        ("person", "skipped", Some("missing_input (known_email)")),
    ];
    assert_eq!(states(&sheet), expected);
    assert_eq!(sheet.jobs.iter().map(|j| j.step).collect::<Vec<_>>(), [Step::Duplicates]);
}

#[test]
fn a_later_failure_takes_nothing_back() {
    let card = json!({"status": "completed", "phone_valid": true, "business_name": "Harbor"});
    let mut batch = [ended(Step::Company, "clearbit-company", Outcome::Data, json!({}))];
    batch[0].result.found = None;
    batch[0].end = End::Dead;
    batch[0].failure = Some(Failure {
        contact_id: 1,
        kind: ErrorKind::UpstreamError,
        http_status: Some(503),
        provider_code: None,
        message: "HTTP 503".into(),
        probe: false,
        started_at: DateTime::UNIX_EPOCH,
        took_ms: 1,
    });
    let sheet = judge(&mut batch, &mut facts(card, &[(Step::Company, Standing::Live)]), &world());
    assert_eq!(sheet.steps[&(1, Step::Company)].state, "dead");
    assert!(sheet.changes.get(&1).is_none_or(|change| !change.patch.contains_key("business_name")));
}

#[test]
fn a_guess_that_takes_no_mail_is_dropped() {
    let card = json!({"status": "completed", "phone_valid": true, "email": "a.b@harbor.example", "email_source": "pattern_guess"});
    let mut batch = [ended(
        Step::EmailVerify,
        "zerobounce",
        Outcome::Data,
        json!({"email_status": "invalid", "email_verified": false}),
    )];
    batch[0].result.found.as_mut().unwrap().request_key = "validate|a.b@harbor.example|1".into();
    let sheet = judge(&mut batch, &mut facts(card, &[(Step::EmailVerify, Standing::Live)]), &world());
    assert_eq!(sheet.changes[&1].patch["email"], Value::Null);
}

#[test]
fn an_address_from_a_file_that_takes_no_mail_is_looked_for_once_and_judged_in_its_turn() {
    let card = json!({"status": "completed", "phone_valid": true, "line_type": "mobile", "email": "old@harbor.example", "email_status": "unverified",
                      "full_name": "Jane Doe", "business_email_domain": "harbor.example"});
    let over = [
        (Step::EmailVerify, Standing::Live),
        (Step::Business, Standing::Done),
        (Step::Company, Standing::Done),
        (Step::EmailFind, Standing::Without),
        (Step::Person, Standing::Without),
    ];
    let mut facts = facts(card, &over);
    facts.get_mut(&1).unwrap().had.insert(Step::EmailFind);
    let invalid = json!({"email_status": "invalid", "email_verified": false});
    let mut batch = [ended(Step::EmailVerify, "zerobounce", Outcome::Data, invalid)];
    batch[0].result.found.as_mut().unwrap().request_key = "validate|old@harbor.example|1".into();
    let sheet = judge(&mut batch, &mut facts, &world());
    assert_eq!(sheet.jobs.iter().map(|job| job.step).collect::<Vec<_>>(), [Step::EmailFind]);
    let found = json!({"email": "jane@harbor.example", "email_status": "unverified"});
    let mut batch = [ended(Step::EmailFind, "hunter-finder", Outcome::Data, found)];
    let sheet = judge(&mut batch, &mut facts, &world());
    assert!(sheet.jobs.iter().any(|job| job.step == Step::EmailVerify), "{:?}", sheet.jobs);
    let invalid = json!({"email_status": "invalid", "email_verified": false});
    let mut batch = [ended(Step::EmailVerify, "zerobounce", Outcome::Data, invalid)];
    batch[0].result.found.as_mut().unwrap().request_key = "validate|jane@harbor.example|1".into();
    let sheet = judge(&mut batch, &mut facts, &world());
    assert!(sheet.jobs.iter().all(|job| job.step != Step::EmailFind), "{:?}", sheet.jobs);
}
