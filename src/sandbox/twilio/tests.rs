use axum::http::{HeaderMap, HeaderValue, Method};
use serde_json::Value;

use super::*;
use crate::sandbox::keys::Keys;

fn credential() -> Credential {
    Credential { account_sid: "AC0123".to_owned(), auth_token: "token".to_owned() }
}

fn ask_with(method: &Method, path: &str, query: &str, authorization: Option<&str>) -> (Answer, Value) {
    let keys = Keys::new(1, Some(credential()));
    let mut headers = HeaderMap::new();
    if let Some(value) = authorization {
        headers.insert("authorization", HeaderValue::from_str(value).unwrap());
    }
    let asked = Asked { method, path, query, headers: &headers, body: b"", keys: &keys };
    let answer = answer(&asked);
    let body = serde_json::from_str(&answer.body).unwrap();
    (answer, body)
}

fn ask(path: &str, query: &str) -> (u16, Value) {
    let (answer, body) = ask_with(&Method::GET, path, query, Some(&super::authorization(&credential())));
    (answer.status, body)
}

fn number(text: &str, query: &str) -> Value {
    let (status, body) = ask(&format!("/v2/PhoneNumbers/{text}"), query);
    assert_eq!(status, 200, "{body}");
    body
}

/// Valid numbers of a country, in a range reserved for fiction.
fn some_numbers(prefix: &str) -> Vec<String> {
    (100..200).map(|n| format!("%2B{prefix}{n}")).collect()
}

fn a_thousand_numbers() -> impl Iterator<Item = String> {
    let areas = [212, 213, 303, 305, 312, 404, 415, 512, 617, 702];
    areas.into_iter().flat_map(|area| some_numbers(&format!("1{area}5550")))
}

fn all_fields() -> String {
    format!("Fields={}&LastVerifiedDate=20250101", packages::NAMES.join(","))
}

#[test]
fn base64_is_the_standards() {
    for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
        assert_eq!(base64(plain.as_bytes()), coded);
    }
}

#[test]
fn a_wrong_or_missing_credential_is_refused_as_twilio_refuses_it() {
    for authorization in [None, Some("Basic QUMwMTIzOnRva2Vu="), Some("Bearer token")] {
        let (answer, body) = ask_with(&Method::GET, "/v2/PhoneNumbers/%2B14155550123", "", authorization);
        assert_eq!((answer.status, &body["code"], &body["status"]), (401, &Value::from(20003), &Value::from(401)));
        assert!(body["message"].is_string() && body["more_info"].is_string());
    }
}

#[test]
fn wrong_paths_and_methods_have_their_own_codes() {
    for path in ["/", "/v1/PhoneNumbers/1", "/v2/PhoneNumbers/", "/v2/PhoneNumbers/1/2", "/v2/PhoneNumbers/%zz"] {
        let (status, body) = ask(path, "");
        assert_eq!((status, &body["code"]), (404, &Value::from(20404)), "{path}");
    }
    let authorization = super::authorization(&credential());
    let (answer, body) = ask_with(&Method::POST, "/v2/PhoneNumbers/1", "", Some(&authorization));
    assert_eq!((answer.status, &body["code"]), (405, &Value::from(20004)));
}

#[test]
fn every_wrong_parameter_is_refused() {
    let long = format!("PartnerSubId={}", "x".repeat(65));
    for query in [
        "fields=caller_name",
        "Nonsense=1",
        "Fields=caller_name,nonsense",
        "Fields=caller_name,%20sim_swap",
        "Fields=",
        "CountryCode=us",
        "CountryCode=USA",
        "CountryCode=ZZ",
        "LastVerifiedDate=2025-01-01",
        "LastVerifiedDate=20250230",
        "DateOfBirth=1",
        "AddressCountryCode=Narnia",
        "Fields=reassigned_number",
        &long,
    ] {
        let (status, body) = ask("/v2/PhoneNumbers/%2B14155550123", query);
        assert_eq!((status, &body["code"], &body["status"]), (400, &Value::from(20001), &Value::from(400)), "{query}");
    }
}

#[test]
fn packages_that_were_not_asked_for_are_null_and_all_keys_are_there() {
    let body = number("%2B14155550123", "");
    let keys: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    let mut official = vec!["calling_country_code", "country_code", "phone_number", "national_format", "valid", "url"];
    official.push("validation_errors");
    official.extend(packages::NAMES.iter().filter(|name| **name != "validation"));
    official.sort_unstable();
    assert_eq!(keys, official);
    assert!(packages::NAMES.iter().all(|name| body[name].is_null()));
    assert_eq!(body["phone_number"], "+14155550123");
    assert_eq!(body["national_format"], "(415) 555-0123");
    assert_eq!((&body["country_code"], &body["calling_country_code"]), (&"US".into(), &"1".into()));
    assert_eq!(number("%2B14155550123", ""), body);
}

#[test]
fn every_package_has_exactly_the_keys_of_the_specification() {
    let mut bodies = some_numbers("14155550").into_iter().map(|text| number(&text, &all_fields()));
    let body = bodies.find(|body| body["valid"] == true).unwrap();
    for (name, keys) in [
        ("caller_name", "caller_name caller_type error_code"),
        ("sim_swap", "carrier_name error_code last_sim_swap mobile_country_code mobile_network_code"),
        ("call_forwarding", "call_forwarding_enabled error_code"),
        ("line_status", "error_code status"),
        ("line_type_intelligence", "carrier_name error_code mobile_country_code mobile_network_code type"),
        ("reassigned_number", "error_code is_number_reassigned last_verified_date"),
        (
            "sms_pumping_risk",
            "carrier_risk_category error_code number_blocked number_blocked_date number_blocked_last_3_months sms_pumping_risk_score",
        ),
        ("pre_fill", "address_line country_code error_code first_name last_name postal_code state"),
        (
            "identity_match",
            "address_country_match address_lines_match city_match date_of_birth_match error_code error_message first_name_match \
             last_name_match national_id_match postal_code_match state_match summary_score",
        ),
        (
            "phone_number_quality_score",
            "carrier_risk_category carrier_risk_score disposable_phone_risk_category disposable_phone_risk_score error_code \
             quality_category quality_score velocity_risk_category velocity_risk_score",
        ),
    ] {
        let found: Vec<&str> = body[name].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(found.join(" "), keys.split_whitespace().collect::<Vec<_>>().join(" "), "{name}");
    }
    assert_eq!(body["reassigned_number"]["last_verified_date"], "2025-01-01");
}

#[test]
fn caller_names_are_american_upper_case_and_short() {
    let bodies: Vec<Value> = some_numbers("14155550").iter().map(|text| number(text, "Fields=caller_name")).collect();
    let names: Vec<&str> = bodies.iter().filter_map(|body| body["caller_name"]["caller_name"].as_str()).collect();
    assert!(names.len() > 80 && names.iter().all(|name| name.len() <= 15 && *name == name.to_uppercase()));
    for kind in ["BUSINESS", "CONSUMER"] {
        assert!(bodies.iter().any(|body| body["caller_name"]["caller_type"] == kind));
    }
    let british = some_numbers("447700900").into_iter().map(|text| number(&text, "Fields=caller_name"));
    assert!(british.into_iter().all(|body| body["valid"] == false || body["caller_name"]["error_code"] == 60600));
}

#[test]
fn lines_are_mixed_and_a_tollfree_one_names_no_carrier() {
    let mut kinds = std::collections::BTreeSet::new();
    for text in a_thousand_numbers() {
        let body = number(&text, "Fields=line_type_intelligence");
        let line = &body["line_type_intelligence"];
        assert_eq!(line["carrier_name"].is_null(), line["type"] == "tollFree" || body["valid"] == false);
        kinds.extend(line["type"].as_str().map(str::to_owned));
    }
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["fixedVoip", "landline", "mobile", "nonFixedVoip", "tollFree"]);
}

#[test]
fn invalid_numbers_say_why_and_have_no_packages() {
    for (text, error) in [
        ("%2B1415555", "TOO_SHORT"),
        ("%2B141555501230", "TOO_LONG"),
        ("%2B999123456789", "INVALID_COUNTRY_CODE"),
        ("nonsense", "NOT_A_NUMBER"),
    ] {
        let body = number(text, &all_fields());
        assert_eq!((&body["valid"], &body["validation_errors"][0]), (&false.into(), &error.into()), "{text}");
        assert!(body["caller_name"].is_null() && body["country_code"].is_null());
    }
    let unassigned = a_thousand_numbers().filter(|text| number(text, "")["valid"] == false).count();
    assert!((8..35).contains(&unassigned), "{unassigned} of 1000");
}

#[test]
fn national_numbers_are_american_unless_a_country_is_named() {
    assert_eq!(number("(415)%20555-0123", "")["phone_number"], "+14155550123");
    assert_eq!(number("07700900123", "CountryCode=GB")["phone_number"], "+447700900123");
    let forwarded = some_numbers("447700900").into_iter().map(|text| number(&text, "Fields=call_forwarding"));
    assert!(forwarded.into_iter().any(|body| body["call_forwarding"]["call_forwarding_enabled"] == true));
}

proptest::proptest! {
    #[test]
    fn no_request_can_make_the_stand_in_panic(path in "/v2/PhoneNumbers/\\PC{0,30}|\\PC{0,30}", query in "[A-Za-z=&%0-9,+]{0,40}") {
        let (status, body) = ask(&path, &query);
        proptest::prop_assert!(status == 200 && body["valid"].is_boolean() || body["code"].is_number());
    }
}
