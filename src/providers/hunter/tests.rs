use serde_json::{Value, json};

use super::*;
use crate::providers::fixture::{has, input, kind, line, patch, read};
use crate::providers::{Fact, Outcome};

fn finder() -> Value {
    json!({"data":{"first_name":"Jane","last_name":"Doe","email":"jane.doe@northwind-harbor.example","score":94,"domain":"northwind-harbor.example","accept_all":false,"position":"Head of Sales","twitter":null,
     "linkedin_url":"https://www.linkedin.com/in/janedoe","phone_number":null,"company":"Northwind Harbor","sources":[{"domain":"northwind-harbor.example","uri":"https://northwind-harbor.example/team","extracted_on":"2024-05-01","last_seen_on":"2025-01-10","still_on_page":true}],
     "verification":{"date":"2025-05-02","status":"valid"}},"meta":{"params":{}}})
}

fn verifier() -> Value {
    json!({"data":{"status":"accept_all","result":"risky","score":72,"email":"jane.doe@northwind-harbor.example","regexp":true,"gibberish":false,"disposable":false,"webmail":false,"mx_records":true,"smtp_server":true,"smtp_check":true,"accept_all":true,"block":false,"sources":[]}})
}

fn domain() -> Value {
    json!({"data":{"domain":"northwind-harbor.example","disposable":false,"webmail":false,"accept_all":false,"pattern":"{f}{last}","organization":"Northwind Harbor","industry":"Marine","headcount":"201-500","country":"US","technologies":["nginx"],
     "emails":[{"value":"info@northwind-harbor.example","type":"generic","confidence":90,"first_name":null,"last_name":null,"position":null,"seniority":null,"department":null,"linkedin":null,"twitter":null,"phone_number":null,"verification":{"date":null,"status":null},"sources":[]},
      {"value":"jroe@northwind-harbor.example","type":"personal","confidence":88,"first_name":"Jim","last_name":"Roe","position":"Mate","seniority":"junior","department":"it","linkedin":null,"twitter":null,"phone_number":null,"verification":{"date":"2025-05-02","status":"valid"},"sources":[]}]},
     "meta":{"results":2,"limit":10,"offset":0}})
}

#[test]
fn the_documented_find_fills_the_address_and_the_person() {
    let finding = read(&finder::ENDPOINT, 200, &finder().to_string(), &input(json!({}))).unwrap();
    assert_eq!(
        (finding.outcome, finding.fact, finding.billed.as_slice()),
        (Outcome::Data, Fact::Address, &[("search", 1)][..])
    );
    has(
        &finding.patch,
        &json!({
            "email": "jane.doe@northwind-harbor.example", "email_score": 94, "email_status": "valid", "email_verified": true, "email_source": "hunter",
            "email_provider": "hunter", "email_enriched": true, "position": "Head of Sales", "linkedin_url": "https://www.linkedin.com/in/janedoe",
            "first_name": "Jane", "last_name": "Doe", "full_name": "Jane Doe", "department": null, "seniority": null, "lookup_note": null,
        }),
    );
}

#[test]
fn nothing_found_is_an_answer_and_free() {
    for body in [json!({"data": {"email": null, "score": null}}), json!({"data": null}), json!({"data": {}})] {
        let finding = read(&finder::ENDPOINT, 200, &body.to_string(), &input(json!({}))).unwrap();
        assert_eq!(
            (finding.outcome, finding.fact, finding.billed.len()),
            (Outcome::NoData, Fact::Nothing, 0),
            "{body}"
        );
    }
    let missing =
        read(&finder::ENDPOINT, 404, r#"{"errors":[{"id":"not_found","code":404}]}"#, &input(json!({}))).unwrap();
    assert_eq!(missing.outcome, Outcome::NoData);
}

#[test]
fn an_address_that_was_not_verified_has_no_status_and_another_number_is_only_noted() {
    let mut body = finder();
    body["data"]["verification"] = json!({"date": null, "status": null});
    body["data"]["phone_number"] = json!("+1 415 555 0199");
    has(
        &patch(&finder::ENDPOINT, &body, json!({"full_name": "Jane Doe"})),
        &json!({
            "email_status": null, "email_verified": false, "full_name": null, "phone_e164": null,
            "lookup_note": "Hunter knows another number of this person: +1 415 555 0199",
        }),
    );
}

#[test]
fn defect_18_the_finder_asks_with_what_is_known_and_not_by_phone() {
    let line = line("hunter", "v2");
    let subject = |columns: Value| (finder::ENDPOINT.subject)(&line, &input(columns));
    assert_eq!(
        subject(json!({"business_email_domain": "x.example", "first_name": "Jane", "last_name": "Doe"})).as_deref(),
        Some("x.example|jane|doe")
    );
    assert_eq!(
        subject(json!({"business_website": "https://x.example", "full_name": "Jane Doe"})).as_deref(),
        Some("x.example|jane|doe")
    );
    assert_eq!(
        subject(json!({"business_name": "Northwind", "full_name": "Plato"})).as_deref(),
        Some("northwind|plato")
    );
    assert_eq!(subject(json!({"business_email_domain": "x.example"})), None);
    assert_eq!(subject(json!({"full_name": "Jane Doe", "email": "jane@gmail.com"})), None);
}

#[test]
fn the_finder_is_told_to_end_before_we_stop_waiting() {
    // A second installation is refused, which is what we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().no_proxy().build().unwrap();
    let given =
        |slot: &str| (slot == "hunter").then(|| std::collections::BTreeMap::from([("api_key".to_owned(), "k".into())]));
    let credential = crate::vault::Credentials::from_environment(given).take("hunter").unwrap();
    let known = input(json!({"business_email_domain": "x.example", "full_name": "Jane Doe"}));
    let request = (finder::ENDPOINT.build)(&client, &line("hunter", "v2"), &credential, &known).build().unwrap();
    let expected = "http://127.0.0.1:9/email-finder?domain=x.example&first_name=Jane&last_name=Doe&max_duration=3";
    assert_eq!((request.url().as_str(), request.headers()["x-api-key"].to_str().unwrap()), (expected, "k"));
}

#[test]
fn defect_18_rate_and_credits_are_told_apart() {
    let told = |id: &str, code: i64| json!({"errors": [{"id": id, "code": code, "details": "no"}]}).to_string();
    for (status, expected) in [
        (202, ErrorKind::Pending),
        (400, ErrorKind::InvalidInput),
        (422, ErrorKind::InvalidInput),
        (401, ErrorKind::Auth),
        (403, ErrorKind::RateLimited),
        (409, ErrorKind::RateLimited),
        (429, ErrorKind::Quota),
        (451, ErrorKind::NotSupported),
        (500, ErrorKind::UpstreamError),
        (502, ErrorKind::UpstreamError),
    ] {
        for endpoint in [&finder::ENDPOINT, &domain_search::ENDPOINT, &verifier::ENDPOINT] {
            assert_eq!(kind(endpoint, status, &told("x", i64::from(status))), expected, "{} {status}", endpoint.name);
            assert_eq!(kind(endpoint, status, ""), expected, "{} {status} without a body", endpoint.name);
        }
        if status >= 400 {
            assert_eq!(kind(&finder::ENDPOINT, 200, &told("x", i64::from(status))), expected, "200 that says {status}");
        }
    }
    assert_eq!(kind(&finder::ENDPOINT, 404, "<html>"), ErrorKind::InvalidResponse);
    for body in ["", "[]", "{}", "<html>", r#"{"data":[]}"#, r#"{"data":7}"#] {
        assert_eq!(kind(&finder::ENDPOINT, 200, body), ErrorKind::InvalidResponse, "{body}");
    }
    let gone = read(&verifier::ENDPOINT, 451, &told("claimed_email", 451), &input(json!({}))).unwrap_err();
    assert_eq!(gone.code.as_deref(), Some(refusal::OPTED_OUT));
}

#[test]
fn the_documented_verification_sets_status_and_score_and_confirms_nothing_less_than_valid() {
    let guess = json!({"email": "jane.doe@northwind-harbor.example", "email_source": "pattern_guess"});
    has(
        &patch(&verifier::ENDPOINT, &verifier(), guess.clone()),
        &json!({
            "email_status": "accept_all", "email_score": 72, "email_verified": false, "email_enriched": null, "email": null, "email_source": null,
        }),
    );
    for status in ["invalid", "webmail", "disposable", "unknown", "brand-new"] {
        let mut body = verifier();
        body["data"]["status"] = json!(status);
        has(
            &patch(&verifier::ENDPOINT, &body, guess.clone()),
            &json!({"email_status": status, "email_verified": false, "email_enriched": null}),
        );
    }
    let mut body = verifier();
    body["data"]["status"] = json!("valid");
    has(
        &patch(&verifier::ENDPOINT, &body, guess),
        &json!({"email_verified": true, "email_enriched": true, "email_provider": "hunter"}),
    );
    body["data"]["block"] = json!(true);
    assert_eq!(read(&verifier::ENDPOINT, 200, &body.to_string(), &input(json!({}))).unwrap().fact, Fact::Unverified);
    assert_eq!(kind(&verifier::ENDPOINT, 200, r#"{"data":{}}"#), ErrorKind::InvalidResponse);
}

#[test]
fn defect_17_a_pattern_gives_a_guess_that_says_so() {
    let known = json!({"business_email_domain": "northwind-harbor.example", "first_name": "Jane", "last_name": "Doe"});
    has(
        &patch(&domain_search::ENDPOINT, &domain(), known),
        &json!({
            "email": "jdoe@northwind-harbor.example", "email_source": "pattern_guess", "email_verified": false, "email_score": 50,
            "email_enriched": null, "email_provider": null,
        }),
    );
}

#[test]
fn a_person_whom_the_domain_lists_was_found_and_not_guessed() {
    let known = json!({"business_email_domain": "northwind-harbor.example", "full_name": "Jim Roe"});
    has(
        &patch(&domain_search::ENDPOINT, &domain(), known),
        &json!({
            "email": "jroe@northwind-harbor.example", "email_source": "hunter", "email_verified": true, "email_score": 88, "email_enriched": true,
            "position": "Mate", "seniority": "junior", "department": "it",
        }),
    );
    let mut webmail = domain();
    webmail["data"]["webmail"] = json!(true);
    let stranger = json!({"business_email_domain": "northwind-harbor.example", "full_name": "Jane Doe"});
    assert!(patch(&domain_search::ENDPOINT, &webmail, stranger).is_empty());
}
