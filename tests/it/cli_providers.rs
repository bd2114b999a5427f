//! What the program says of its providers, and a drill against all of their stand-ins.

use serde_json::Value;
use switchboard::sandbox::Sandbox;

use crate::support::{Program, TestDb};

async fn doctor(program: &Program) -> (i32, Vec<Value>) {
    let ran = program.run(&["doctor", "--json"]).await;
    let value = ran.json();
    // The list itself, or an object that holds it.
    let checks = value.as_array().or_else(|| value["checks"].as_array()).unwrap().clone();
    (ran.code, checks)
}

fn detail<'a>(checks: &'a [Value], what: &str) -> (bool, &'a str) {
    let check = checks.iter().find(|check| check["what"] == what).unwrap_or_else(|| panic!("{what} in {checks:#?}"));
    (check["ok"].as_bool().unwrap(), check["detail"].as_str().unwrap())
}

#[tokio::test]
async fn doctor_says_of_each_provider_whether_it_is_on_where_with_a_key_and_what_became_of_it() {
    let test = TestDb::new().await;
    let program = Program::on(&test)
        .with("SWITCHBOARD_PROVIDERS__HUNTER__API_KEY", "0123456789abcdef0123456789abcdef01234567")
        .with("SWITCHBOARD_PROVIDERS__NUMVERIFY__DIALECT", "marketplace")
        .with("SWITCHBOARD_PROVIDERS__TRUECALLER__ENABLED", "true");
    let (code, checks) = doctor(&program).await;
    for (provider, ok, words) in [
        ("twilio", false, vec!["on at https://lookups.twilio.com", "without a credential"]),
        ("hunter", true, vec!["on at https://api.hunter.io/v2", "with a credential"]),
        ("clearbit-company", false, vec!["HubSpot", "dialect `hunter`", "https://company.clearbit.com"]),
        ("clearbit-phone", false, vec!["HubSpot"]),
        ("numverify", false, vec!["https://api.apilayer.com/number_verification", "marketplace", "moved"]),
        ("whitepages", false, vec!["off", "Ekata"]),
        ("truecaller", false, vec!["has no address: set SWITCHBOARD_PROVIDERS__TRUECALLER__BASE_URL", "never had"]),
        ("zerobounce", false, vec!["https://api.zerobounce.net/v2"]),
    ] {
        let (found, said) = detail(&checks, &format!("provider {provider}"));
        assert_eq!(found, ok, "{provider}: {said}");
        assert!(words.iter().all(|word| said.contains(word)), "{provider}: {said}");
    }
    assert_eq!(code, 0, "a provider without a key is a choice");
}

#[tokio::test]
async fn a_wrong_dialect_is_answered_with_those_that_there_are() {
    let test = TestDb::new().await;
    let program = Program::on(&test).with("SWITCHBOARD_PROVIDERS__NUMVERIFY__DIALECT", "modern");
    let refusal = program.run(&["status"]).await.refusal(1);
    assert!(refusal.contains("legacy, gateway or marketplace"), "{refusal}");
}

#[tokio::test]
async fn the_sandbox_as_a_program_prints_variables_with_which_every_provider_has_address_and_key() {
    let test = TestDb::new().await;
    let program = Program::on(&test);
    let running = program.start(&["sandbox", "--listen", "127.0.0.1:0", "--json"]);
    let mut printed = String::new();
    crate::support::eventually(std::time::Duration::from_secs(20), || {
        printed = running.output();
        std::future::ready(printed.ends_with('\n'))
    })
    .await;
    let value: Value = serde_json::from_str(&printed).unwrap();
    let mut told = Program::on(&test);
    for (name, variable) in value["environment"].as_object().unwrap() {
        told = told.with(name, variable.as_str().unwrap());
    }
    let (_, checks) = doctor(&told).await;
    for provider in Sandbox::providers() {
        let (ok, said) = detail(&checks, &format!("provider {provider}"));
        assert!(ok && said.contains("http://127.0.0.1"), "{provider}: {said}");
    }
}
