use serde_json::json;

use super::*;
use crate::providers::Outcome;
use crate::providers::fixture::{has, input, kind, line, patch, read};

fn documented() -> Value {
    json!({"id":"Phone.1","phone_number":"4155550123","is_valid":true,"country_calling_code":"1","line_type":"Mobile","carrier":"Harbor Wireless","is_prepaid":false,"is_commercial":false,
     "belongs_to":{"id":"Person.1","name":"Jane Doe","firstname":"Jane","middlename":null,"lastname":"Doe","age_range":"35-39","gender":"Female","type":"Person","link_to_phone_start_date":"2019-04-01"},
     "current_addresses":[{"id":"Location.1","location_type":"Address","street_line_1":"1 Pier St","street_line_2":null,"city":"Oakland","postal_code":"94607","zip4":"1234","state_code":"CA","country_code":"US",
       "lat_long":{"latitude":37.8,"longitude":-122.3,"accuracy":"RoofTop"},"is_active":true,"delivery_point":"SingleUnit","link_to_person_start_date":"2020-01-01"}],
     "error":null,"warnings":[]})
}

#[test]
fn defect_21_the_documented_owner_is_an_object_and_the_address_is_verified() {
    has(
        &patch(&ENDPOINT, &documented(), json!({})),
        &json!({
            "first_name": "Jane", "last_name": "Doe", "full_name": "Jane Doe", "is_business": false, "consumer_address": "1 Pier St",
            "consumer_city": "Oakland", "consumer_state": "CA", "consumer_postal_code": "94607", "consumer_country": "US",
            "address_type": "Address", "address_verified": true, "address_confidence": 100, "address_provider": "whitepages",
            "address_enriched": true, "latitude": 37.8, "longitude": -122.3, "geocoding_accuracy": "RoofTop",
        }),
    );
}

#[test]
fn defect_21_the_older_shape_in_arrays_says_the_same() {
    let mut old = documented();
    let addresses = old["current_addresses"].take();
    old["belongs_to"] = json!([{"names": [{"first_name": "Jane", "last_name": "Doe"}], "name": "Jane Doe", "type": "Person", "current_addresses": addresses}]);
    assert_eq!(patch(&ENDPOINT, &old, json!({})), patch(&ENDPOINT, &documented(), json!({})));
}

#[test]
fn defect_21_the_number_is_ours_in_e164_and_its_country_is_not_always_america() {
    let asked = |dialect: &'static str, phone: &str, country: &str| {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let given = |slot: &str| {
            (slot == "whitepages").then(|| std::collections::BTreeMap::from([("api_key".to_owned(), "k".into())]))
        };
        let credential = crate::vault::Credentials::from_environment(given).take("whitepages").unwrap();
        let input = input(json!({"phone_e164": phone, "country_code": country}));
        (ENDPOINT.build)(&client, &line("whitepages", dialect), &credential, &input).build().unwrap().url().to_string()
    };
    // A second installation is refused, which is what we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
    assert_eq!(asked("phone", "+14155550123", "US"), "http://127.0.0.1:9/3.0/phone?phone=4155550123&api_key=k");
    assert_eq!(
        asked("caller_id", "+447700900123", "GB"),
        "http://127.0.0.1:9/3.0/caller_id?phone.country_hint=GB&phone=447700900123&api_key=k"
    );
}

#[test]
fn defect_14_a_country_alone_is_no_address() {
    let mut body = documented();
    body["current_addresses"] = json!([{"location_type": "Country", "country_code": "USA", "is_active": true}]);
    has(
        &patch(&ENDPOINT, &body, json!({})),
        &json!({"consumer_country": "US", "address_enriched": null, "address_verified": false, "address_confidence": 20}),
    );
    let known = json!({"consumer_city": "Oakland", "address_confidence": 60});
    has(&patch(&ENDPOINT, &body, known), &json!({"consumer_country": null, "address_confidence": null}));
}

#[test]
fn precision_is_not_verification_and_each_part_counts() {
    let mut body = documented();
    body["is_valid"] = Value::Null;
    body["current_addresses"][0]["street_line_1"] = Value::Null;
    body["current_addresses"][0]["location_type"] = json!("CityPostalCode");
    has(
        &patch(&ENDPOINT, &body, json!({})),
        &json!({"address_confidence": 60, "address_verified": false, "address_enriched": true, "address_type": "CityPostalCode"}),
    );
    body["current_addresses"][0]["is_active"] = Value::Null;
    body["current_addresses"][0]["location_type"] = json!("Address");
    has(&patch(&ENDPOINT, &body, json!({})), &json!({"address_verified": false}));
}

#[test]
fn a_business_is_no_consumer_and_its_owner_no_person() {
    let mut body = documented();
    body["belongs_to"] = json!({"name": "Northwind Harbor", "firstname": null, "lastname": null, "type": "Business"});
    has(
        &patch(&ENDPOINT, &body, json!({})),
        &json!({"is_business": true, "business_name": "Northwind Harbor", "full_name": null, "consumer_address": null, "address_enriched": null}),
    );
}

#[test]
fn every_documented_error_has_its_kind() {
    let told = |name: &str, message: &str| {
        json!({"error": {"name": name, "message": message}, "belongs_to": null, "warnings": []}).to_string()
    };
    for status in [200, 403] {
        assert_eq!(
            kind(&ENDPOINT, status, &told("AuthError", "You don't have access to international numbers")),
            ErrorKind::NotSupported
        );
        assert_eq!(kind(&ENDPOINT, status, &told("AuthError", "The API key is invalid")), ErrorKind::Auth);
    }
    assert_eq!(
        kind(&ENDPOINT, 403, r#"{"error":{"message":"Account over queries per second limit"}}"#),
        ErrorKind::RateLimited
    );
    assert_eq!(kind(&ENDPOINT, 403, r#"{"error":"Quota exceeded"}"#), ErrorKind::Quota);
    assert_eq!(kind(&ENDPOINT, 403, ""), ErrorKind::Auth);
    assert_eq!(kind(&ENDPOINT, 429, ""), ErrorKind::RateLimited);
    assert_eq!(kind(&ENDPOINT, 500, ""), ErrorKind::UpstreamError);
    assert_eq!(kind(&ENDPOINT, 404, "<html>"), ErrorKind::InvalidResponse);
    assert_eq!(kind(&ENDPOINT, 200, &told("InternalError", "hm")), ErrorKind::InvalidResponse);
    let warned = json!({"phone_number": null, "belongs_to": null, "current_addresses": [], "error": null, "warnings": ["Invalid Input"]});
    assert_eq!(kind(&ENDPOINT, 200, &warned.to_string()), ErrorKind::InvalidInput);
    for body in ["", "[]", "{}", "<html>"] {
        assert_eq!(kind(&ENDPOINT, 200, body), ErrorKind::InvalidResponse, "{body}");
    }
}

#[test]
fn a_partial_error_is_a_success_with_less_in_it_and_an_empty_answer_is_no_data() {
    let mut partial = documented();
    partial["error"] = json!({"name": "PartialError", "message": "Could not retrieve entire response"});
    has(&patch(&ENDPOINT, &partial, json!({})), &json!({"full_name": "Jane Doe"}));
    let empty = json!({"phone_number": "4155550123", "is_valid": true, "belongs_to": null, "current_addresses": [], "error": null, "warnings": []});
    let finding = read(&ENDPOINT, 200, &empty.to_string(), &input(json!({}))).unwrap();
    assert_eq!((finding.outcome, finding.body), (Outcome::NoData, empty));
}
