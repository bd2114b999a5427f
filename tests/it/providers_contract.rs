//! Every endpoint against its stand-in, over real HTTP: requests as the vendors want them, answers and refusals as they
//! give them.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use switchboard::contacts::synthetic;
use switchboard::outcome::ErrorKind;
use switchboard::providers::batching::is_unavailable;
use switchboard::providers::gateway::budget::{Allowance, Budget, Room, Spent};
use switchboard::providers::twilio::batch;
use switchboard::providers::{ENDPOINTS, Finding, Gateway, Input, Outcome, Pass, endpoint};
use switchboard::sandbox::{Options, Sandbox};

use crate::support::providers::{Wiring, columns, known};

const PHONE: &str = "+14155550123";

async fn sandbox() -> Sandbox {
    Sandbox::start(Options { latency_scale: 0.0, ..Options::default() }).await.unwrap()
}

async fn ask(gateway: &Gateway, provider: &str, name: &str, input: &Input) -> Result<Finding, ErrorKind> {
    let endpoint = endpoint(provider, name).unwrap();
    let called = endpoint.call(gateway, Pass::Ordinary, input).await;
    called.map(|answered| answered.value).map_err(|unanswered| unanswered.error.kind)
}

fn american(n: usize) -> Vec<String> {
    synthetic::generate(n * 3, 1).filter(|number| number.starts_with("+1")).take(n).collect()
}

fn without_address(phone: &str) -> Input {
    Input::new(columns(phone, json!({"business_email_domain": "cedar-dental-417.example", "full_name": "Jane Doe"})))
}

#[tokio::test]
async fn every_endpoint_is_answered_and_a_contact_of_whom_nothing_is_known_too() {
    let sandbox = sandbox().await;
    let gateway = Wiring::to(&sandbox).gateway();
    for endpoint in ENDPOINTS {
        let mut data = 0;
        for phone in american(40) {
            // A pattern gives an address only to whoever has none.
            let input = if endpoint.name == "domain-search" { without_address(&phone) } else { known(&phone) };
            let called = endpoint.call(&gateway, Pass::Ordinary, &input).await;
            let finding =
                called.unwrap_or_else(|e| panic!("{} {}: {:?}", endpoint.provider, endpoint.name, e.error)).value;
            data += usize::from(finding.outcome == Outcome::Data);
        }
        assert!(data > 0, "{} {} knows nothing of anybody", endpoint.provider, endpoint.name);
    }
    let mut counters = sandbox.counters();
    counters.retain(|id, _| Sandbox::providers().any(|provider| provider == *id));
    let refused = |counter: &switchboard::sandbox::Counters| {
        counter.by_status.keys().any(|status| status.starts_with(['4', '5']) && status != "404")
    };
    assert!(counters.values().all(|counter| counter.total >= 40 && !refused(counter)), "{counters:?}");
}

#[tokio::test]
async fn a_wrong_key_is_refused_by_each_in_its_own_way_and_never_sent_again() {
    let sandbox = sandbox().await;
    for endpoint in ENDPOINTS {
        let gateway = Wiring::to(&sandbox).with_wrong_keys().gateway();
        let input = known(PHONE);
        // The confirming call may go to another provider of the same key.
        let arrived = || sandbox.counters().values().map(|counter| counter.total).sum::<u64>();
        let before = arrived();
        // Confirmed by the provider's cheap call, or by three refusals where it has none.
        let mut kinds = Vec::new();
        while kinds.last() != Some(&ErrorKind::NoCredential) && kinds.len() < 5 {
            let error = endpoint.call(&gateway, Pass::Ordinary, &input).await.unwrap_err().error;
            assert!(!error.message.contains("0123456789abcdef"), "{}", error.message);
            kinds.push(error.kind);
        }
        assert!(kinds.ends_with(&[ErrorKind::Auth, ErrorKind::NoCredential]), "{} {kinds:?}", endpoint.name);
        let denied = &kinds[..kinds.len() - 2];
        assert!(denied.iter().all(|kind| *kind == ErrorKind::Denied), "{} {kinds:?}", endpoint.name);
        let calls = arrived() - before;
        assert!((2..=3).contains(&calls), "{}: {calls} calls", endpoint.name);
    }
}

#[tokio::test]
async fn each_kind_of_trouble_is_known_in_each_providers_own_shape() {
    let sandbox = sandbox().await;
    for (script, expected) in [
        ("500", ErrorKind::UpstreamError),
        ("502", ErrorKind::UpstreamError),
        ("503", ErrorKind::UpstreamError),
        ("504", ErrorKind::UpstreamError),
        ("429=7", ErrorKind::RateLimited),
        ("402", ErrorKind::Quota),
        ("garbage", ErrorKind::InvalidResponse),
        ("reset", ErrorKind::Network),
        ("hang", ErrorKind::Timeout),
    ] {
        let wiring = Wiring::to(&sandbox);
        let gateway = if script == "hang" { wiring.hurried() } else { wiring }.gateway();
        for endpoint in ENDPOINTS {
            sandbox.set_script(endpoint.provider, script.parse().unwrap()).unwrap();
            let error = endpoint.call(&gateway, Pass::Ordinary, &known(PHONE)).await.unwrap_err().error;
            assert_eq!(error.kind, expected, "{} {script}: {error:?}", endpoint.provider);
            if script == "429=7" && endpoint.provider.starts_with("clearbit") {
                // Until the reset that its header names.
                let wait = error.retry_after.unwrap();
                assert!(wait > Duration::from_secs(4) && wait <= Duration::from_secs(7), "{wait:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_record_that_is_not_there_yet_waits_and_one_that_is_unknown_is_no_data() {
    let sandbox = sandbox().await;
    let gateway = Wiring::to(&sandbox).gateway();
    for (provider, name) in [
        ("clearbit-phone", "people/search"),
        ("clearbit-company", "companies/find"),
        ("clearbit-email", "combined/find"),
        ("hunter", "email-finder"),
        ("hunter", "email-verifier"),
        ("truecaller", "search"),
    ] {
        sandbox.set_script(provider, "404:1c 202:1c".parse().unwrap()).unwrap();
        let finding = ask(&gateway, provider, name, &known(PHONE)).await.unwrap();
        assert_eq!((finding.outcome, finding.billed.len()), (Outcome::NoData, 0), "{provider}");
        if provider != "truecaller" {
            assert_eq!(ask(&gateway, provider, name, &known(PHONE)).await, Err(ErrorKind::Pending), "{provider}");
        }
    }
    sandbox.set_script("hunter", "451:1c".parse().unwrap()).unwrap();
    let finder = endpoint("hunter", "email-finder").unwrap();
    let error = finder.call(&gateway, Pass::Ordinary, &known(PHONE)).await.unwrap_err().error;
    assert!(error.is_opt_out() && error.kind == ErrorKind::NotSupported, "{error:?}");
}

#[tokio::test]
async fn a_wrong_address_parks_and_is_not_taken_for_no_data() {
    let sandbox = sandbox().await;
    for provider in ["clearbit-company", "numverify", "hunter", "zerobounce", "whitepages"] {
        let endpoint = ENDPOINTS.iter().find(|e| e.provider == provider).unwrap();
        let wiring = Wiring::to(&sandbox);
        let elsewhere = format!("{}/old", sandbox.base_url(provider).unwrap());
        let dialect = switchboard::catalogue::dialects(provider)[0].name;
        let gateway = wiring.speaking(provider, dialect, elsewhere).gateway();
        let called = endpoint.call(&gateway, Pass::Ordinary, &known(PHONE)).await;
        match provider {
            // Hunter says the same of a wrong path and of a person whom it does not know.
            "hunter" => assert_eq!(called.unwrap().value.outcome, Outcome::NoData),
            // A page instead of JSON may come from anything in between, and pass.
            "whitepages" => assert_eq!(called.unwrap_err().error.kind, ErrorKind::InvalidResponse),
            _ => assert_eq!(called.unwrap_err().error.kind, ErrorKind::Configuration, "{provider}"),
        }
    }
}

#[tokio::test]
async fn each_dialect_is_spoken() {
    let sandbox = sandbox().await;
    let url = sandbox.url();
    for (dialect, base) in [("legacy", "api"), ("gateway", "numverify"), ("marketplace", "number_verification")] {
        let gateway = Wiring::to(&sandbox).speaking("numverify", dialect, format!("{url}/numverify/{base}")).gateway();
        let finding = ask(&gateway, "numverify", "validate", &known(PHONE)).await;
        assert!(finding.is_ok(), "{dialect}: {finding:?}");
    }
    let basic = Wiring::to(&sandbox).speaking("clearbit-company", "basic", format!("{url}/clearbit-company")).gateway();
    let bearer = Wiring::to(&sandbox).gateway();
    let hunter = format!("{url}/hunter");
    let drop_in =
        Wiring::to(&sandbox).key_of("clearbit", "hunter").speaking("clearbit-company", "hunter", hunter.clone());
    let drop_in = drop_in.speaking("clearbit-email", "hunter", hunter).gateway();
    let company = ask(&bearer, "clearbit-company", "companies/find", &known(PHONE)).await.unwrap();
    for gateway in [&basic, &drop_in] {
        let same = ask(gateway, "clearbit-company", "companies/find", &known(PHONE)).await.unwrap();
        assert_eq!(same.patch, company.patch);
    }
    assert!(ask(&drop_in, "clearbit-email", "combined/find", &known(PHONE)).await.is_ok());
    let caller_id = format!("{url}/whitepages");
    let caller_id = Wiring::to(&sandbox).speaking("whitepages", "caller_id", caller_id).gateway();
    let abroad = Input::new(columns("+447700900123", json!({"country_code": "GB"})));
    assert!(ask(&caller_id, "whitepages", "phone", &known(PHONE)).await.is_ok());
    assert_eq!(ask(&caller_id, "whitepages", "phone", &abroad).await, Err(ErrorKind::NotSupported));
}

/// Lays what was found over what was known.
fn learn(contact: &mut Map<String, Value>, finding: Finding) {
    contact.extend(finding.patch);
}

#[tokio::test]
async fn a_business_number_leads_to_its_company_a_person_and_a_verified_address() {
    let sandbox = sandbox().await;
    let gateway = Wiring::to(&sandbox).gateway();
    let mut whole = 0;
    for phone in american(60) {
        let mut contact = columns(&phone, json!({}));
        for (provider, name) in [
            ("twilio", "lookups/v2"),
            ("clearbit-phone", "people/search"),
            ("clearbit-company", "companies/find"),
            ("hunter", "email-finder"),
            ("hunter", "domain-search"),
            ("zerobounce", "validate"),
        ] {
            let input = Input::new(contact.clone());
            let line = gateway.line(provider).unwrap();
            if endpoint(provider, name).unwrap().key(line, &input).is_some() {
                learn(&mut contact, ask(&gateway, provider, name, &input).await.unwrap());
            }
        }
        let text = |column: &str| contact.get(column).and_then(Value::as_str).unwrap_or_default();
        if contact.get("email_verified") == Some(&json!(true)) {
            whole += 1;
            assert!(text("email").ends_with(&format!("@{}", text("business_email_domain"))), "{contact:?}");
            let website = text("business_website");
            assert!(
                website.is_empty() || website == format!("https://{}", text("business_email_domain")),
                "{contact:?}"
            );
            // The networks cut the same company's name.
            let cut = text("caller_name").to_lowercase();
            assert!(
                cut.is_empty() || text("business_name").to_lowercase().starts_with(cut.split(" ltd").next().unwrap()),
                "{contact:?}"
            );
        }
    }
    assert!(whole >= 5, "only {whole} of 60 went all the way");
}

#[tokio::test]
async fn a_batch_says_of_each_number_what_a_single_request_says() {
    let sandbox = sandbox().await;
    let gateway = Wiring::to(&sandbox).gateway();
    let inputs: Vec<Input> = synthetic::generate(20, 1).map(|phone| Input::new(columns(&phone, json!({})))).collect();
    let found = batch::query(&gateway, Pass::Ordinary, &inputs).await.unwrap().value;
    assert_eq!(sandbox.counters()["twilio"].total, 1);
    for (input, of_batch) in inputs.iter().zip(found) {
        let single = ask(&gateway, "twilio", "lookups/v2", input).await.unwrap();
        assert_eq!(of_batch.unwrap(), single);
    }
    assert!(batch::probe(&gateway, PHONE).await.unwrap().value);
    for script in ["403:2c", "404:2c"] {
        sandbox.set_script("twilio", script.parse().unwrap()).unwrap();
        assert!(!batch::probe(&gateway, PHONE).await.unwrap().value);
        let error = batch::query(&gateway, Pass::Ordinary, &inputs).await.unwrap_err().error;
        assert!(is_unavailable(&error), "{error:?}");
        assert!(
            ask(&gateway, "twilio", "lookups/v2", &inputs[0]).await.is_ok(),
            "the credential is not refused for it"
        );
    }
}

#[tokio::test]
async fn defect_24_statuses_count_for_the_breaker_and_refusals_of_our_input_do_not() {
    let sandbox = sandbox().await;
    let gateway = Wiring::to(&sandbox).gateway();
    let name = "companies/find";
    sandbox.set_script("clearbit-company", "404:9c 500:5c ok".parse().unwrap()).unwrap();
    for _ in 0..9 {
        assert_eq!(ask(&gateway, "clearbit-company", name, &known(PHONE)).await.unwrap().outcome, Outcome::NoData);
    }
    for _ in 0..5 {
        assert_eq!(ask(&gateway, "clearbit-company", name, &known(PHONE)).await, Err(ErrorKind::UpstreamError));
    }
    assert_eq!(ask(&gateway, "clearbit-company", name, &known(PHONE)).await, Err(ErrorKind::CircuitOpen));
    assert_eq!(sandbox.counters()["clearbit-company"].total, 14, "an open breaker lets no call through");
    assert!(ask(&gateway, "clearbit-email", "combined/find", &known(PHONE)).await.is_ok(), "the others have their own");
}

#[tokio::test]
async fn defect_28_who_has_no_line_is_not_called_without_protection() {
    let gateway = Gateway::new(Vec::new(), Default::default(), Default::default()).unwrap();
    assert_eq!(ask(&gateway, "hunter", "email-finder", &known(PHONE)).await, Err(ErrorKind::Internal));
}

#[tokio::test]
async fn defect_26_no_error_and_no_log_line_of_a_failed_call_names_the_key_in_its_address() {
    let sandbox = sandbox().await;
    let key = |slot: &str| sandbox.accepted().find(|(name, _, _)| *name == slot).unwrap().2.to_owned();
    let gateway = Wiring::to(&sandbox).hurried().gateway();
    for (provider, name) in [("numverify", "validate"), ("zerobounce", "validate"), ("whitepages", "phone")] {
        for script in ["reset", "hang", "garbage", "500"] {
            sandbox.set_script(provider, script.parse().unwrap()).unwrap();
            let endpoint = endpoint(provider, name).unwrap();
            let error = endpoint.call(&gateway, Pass::Ordinary, &known(PHONE)).await.unwrap_err().error;
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains(&key(provider)) && !shown.contains("http://"), "{shown}");
        }
    }
}

#[tokio::test]
async fn the_sandbox_prints_everything_that_a_switchboard_needs_to_work_against_it() {
    let sandbox = sandbox().await;
    let environment = sandbox.environment();
    let settings = switchboard::settings::Settings::resolve(None, environment.into_iter(), &[]).unwrap();
    for provider in Sandbox::providers() {
        let own = settings.provider(provider);
        assert!(own.enabled, "{provider}");
        let url = switchboard::providers::registry::base_url(provider, own).unwrap();
        assert_eq!(url, sandbox.base_url(provider).unwrap());
        let slot = switchboard::catalogue::provider(provider).unwrap().slot.unwrap().name;
        assert!(settings.credential_fields(slot).is_some(), "{slot}");
    }
}

#[tokio::test]
async fn a_call_that_is_broken_off_lets_go_of_what_the_budget_held_for_it() {
    let sandbox = sandbox().await;
    sandbox.set_script("hunter", "hang".parse().unwrap()).unwrap();
    let gateway = Wiring::to(&sandbox).gateway();
    let line = gateway.line("hunter").unwrap();
    *line.budget.lock().unwrap() = Budget::new(Allowance { money: None, calls: Some(1) });
    let endpoint = endpoint("hunter", "email-finder").unwrap();
    let input = known(PHONE);
    let mut call = Box::pin(endpoint.call(&gateway, Pass::Ordinary, &input));
    let arrived = || sandbox.counters().get("hunter").is_some_and(|counter| counter.total > 0);
    while !arrived() {
        assert!(tokio::time::timeout(Duration::from_millis(20), &mut call).await.is_err(), "it hangs");
    }
    assert_eq!(line.room(), Room::Later, "the day's one call is in flight");
    drop(call);
    let later = Instant::now() + Duration::from_secs(60);
    line.read_spent((Spent::default(), later), 0);
    assert_eq!(line.room(), Room::Enough, "nobody was charged, and nothing is in flight");
}
