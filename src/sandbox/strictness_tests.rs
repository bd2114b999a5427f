//! Each stand-in refuses what its original refuses, in the original's own words.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;

use super::{
    keys::Keys,
    provider::{Answer, Asked, PROVIDERS, index},
};

fn ask(provider: &str, method: &Method, target: &str, header: Option<(&str, String)>) -> (Answer, Value) {
    send(provider, (method, b""), target, header)
}

fn send(
    provider: &str,
    (method, body): (&Method, &[u8]),
    target: &str,
    header: Option<(&str, String)>,
) -> (Answer, Value) {
    let keys = Keys::new(1, None);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = HeaderMap::new();
    if let Some((name, value)) = header {
        headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::from_str(&value).unwrap());
    }
    let asked = Asked { method, path, query, headers: &headers, body, keys: &keys };
    let answer = (PROVIDERS[index(provider).unwrap()].answer)(&asked);
    let body = serde_json::from_str(&answer.body).unwrap_or_default();
    (answer, body)
}

fn key(slot: &str) -> String {
    Keys::new(1, None).of(slot).to_owned()
}

fn get(provider: &str, target: &str) -> (u16, Value) {
    let (slot, name, begin) = match provider {
        "hunter" => ("hunter", "x-api-key", ""),
        "truecaller" => ("truecaller", "authorization", "Bearer "),
        _ => ("clearbit", "authorization", "Bearer "),
    };
    let (answer, body) = ask(provider, &Method::GET, target, Some((name, format!("{begin}{}", key(slot)))));
    (answer.status, body)
}

#[test]
fn clearbit_wants_its_key_its_routes_and_its_parameters() {
    let company = "/v2/companies/find?domain=cedar-dental-417.example";
    for header in [None, Some(("authorization", "Bearer sk_wrong".to_owned())), Some(("x-api-key", key("clearbit")))] {
        let (answer, body) = ask("clearbit-company", &Method::GET, company, header);
        assert_eq!(answer.status, 401);
        assert!(["auth_required", "invalid_api_key"].contains(&body["error"]["type"].as_str().unwrap()), "{body}");
    }
    for (target, status, kind) in [
        ("/v2/companies/find", 422, "params_invalid"),
        ("/v2/companies/find?domain=", 422, "params_invalid"),
        ("/v2/companies/find?domain=no domain", 422, "params_invalid"),
        ("/v2/companies/find?domain=a.example&odd=1", 422, "params_invalid"),
        ("/v1/companies/find?domain=a.example", 404, "unknown_route"),
    ] {
        let (found, body) = get("clearbit-company", target);
        assert_eq!((found, body["error"]["type"].as_str()), (status, Some(kind)), "{target}");
    }
    assert_eq!(get("clearbit-phone", "/v1/people/search?phone=4155550123").0, 422);
    assert_eq!(get("clearbit-email", "/v2/combined/find?email=nobody").1["error"]["type"], "email_invalid");
    let posted =
        ask("clearbit-company", &Method::POST, company, Some(("authorization", format!("Bearer {}", key("clearbit")))));
    assert_eq!(posted.0.status, 404);
    assert!(posted.0.headers.iter().any(|(name, _)| *name == "x-ratelimit-reset"));
}

#[test]
fn numverify_answers_errors_with_200_and_its_codes() {
    let code = |target: String| {
        let (answer, body) = ask("numverify", &Method::GET, &target, None);
        (answer.status, body["error"]["code"].as_u64())
    };
    let key = key("numverify");
    assert_eq!(code("/api/validate?number=14155550123".into()), (200, Some(101)));
    assert_eq!(code(format!("/api/validate?access_key={key}")), (200, Some(210)));
    assert_eq!(code(format!("/api/validate?access_key={key}&number=%2B14155550123")), (200, Some(211)));
    assert_eq!(code(format!("/api/validate?access_key={key}&number=1&country_code=Narnia")), (200, Some(310)));
    assert_eq!(code(format!("/api/check?access_key={key}")), (200, Some(404)));
    assert_eq!(code(format!("/api/validate?access_key={key}&number=14155550123")), (200, None));
    let (answer, body) = ask("numverify", &Method::GET, "/number_verification/validate?number=1", None);
    assert!(answer.status == 401 && body["message"].is_string());
}

#[test]
fn hunter_has_no_search_by_phone_and_wants_a_place_and_a_name() {
    assert_eq!(ask("hunter", &Method::GET, "/v2/account", None).0.status, 401);
    for (target, status) in [
        ("/v2/phone-search?phone=14155550123", 404),
        ("/v2/email-finder?first_name=Jane&last_name=Doe", 400),
        ("/v2/email-finder?domain=a.example", 400),
        ("/v2/email-finder?domain=a.example&phone=1", 400),
        ("/v2/email-finder?domain=odd&full_name=Jane%20Doe", 422),
        ("/v2/email-finder?domain=a.example&full_name=Jane%20Doe&max_duration=2", 400),
        ("/v2/domain-search?domain=a.example&limit=101", 400),
        ("/v2/email-verifier?email=jane", 400),
        ("/v2/email-verifier?email=jane@a.example", 200),
        ("/v2/account", 200),
    ] {
        let (found, body) = get("hunter", target);
        assert_eq!(found, status, "{target}: {body}");
        assert!(status == 200 || body["errors"][0]["code"] == status, "{body}");
    }
}

#[test]
fn zerobounce_says_a_wrong_key_with_200_and_counts_its_credits_below_zero() {
    let ask = |target: &str| ask("zerobounce", &Method::GET, target, None);
    let (answer, body) = ask("/v2/validate?api_key=wrong&email=a@b.example&ip_address=");
    assert!(answer.status == 200 && body["error"].as_str().unwrap().contains("Invalid API key"));
    assert_eq!(ask("/v2/getcredits?api_key=wrong").1["Credits"], "-1");
    let key = key("zerobounce");
    assert_eq!(ask(&format!("/v2/getcredits?api_key={key}")).1["Credits"], "1234");
    assert_eq!(ask(&format!("/v2/validate?api_key={key}&email=a@b.example")).0.status, 400);
    assert_eq!(ask(&format!("/v2/validate?api_key={key}&ip_address=")).0.status, 400);
    assert!(ask(&format!("/v2/validate?api_key={key}&email=a@b.example&ip_address=")).1["status"].is_string());
}

#[test]
fn a_batch_of_zerobounce_is_json_of_at_most_a_hundred_with_the_key_in_it() {
    let wish = |email: &str| serde_json::json!({"email_address": email, "ip_address": null});
    let post = |key: &str, wishes: Vec<Value>, kind: &str| {
        let body = serde_json::json!({"api_key": key, "email_batch": wishes}).to_string();
        let header = Some(("content-type", kind.to_owned()));
        let (answer, body) = send("zerobounce", (&Method::POST, body.as_bytes()), "/v2/validatebatch", header);
        (answer.status, body)
    };
    let (key, json) = (key("zerobounce"), "application/json");
    let (status, body) = post(&key, vec![wish("A@b.example"), wish("c@b.example")], json);
    assert!(status == 200 && body["email_batch"][0]["address"] == "a@b.example", "{body}");
    assert_eq!(
        (body["email_batch"].as_array().map(Vec::len), body["errors"].as_array().map(Vec::len)),
        (Some(2), Some(0))
    );
    assert_eq!(post("wrong", vec![wish("a@b.example")], json).1["errors"][0]["email_address"], "all");
    assert_eq!(post(&key, vec![wish("a@b.example"); 101], json).0, 400);
    assert_eq!(post(&key, Vec::new(), json).0, 400);
    assert_eq!(post(&key, vec![wish("a@b.example")], "text/plain").0, 400);
    let bare = post(&key, vec![serde_json::json!({"email_address": "a@b.example"})], json).1;
    assert_eq!(bare["errors"][0]["email_address"], "a@b.example");
    assert_eq!(ask("zerobounce", &Method::GET, "/v2/validatebatch", None).0.status, 404);
}

#[test]
fn whitepages_and_truecaller_refuse_in_their_own_shapes() {
    let (answer, body) = ask("whitepages", &Method::GET, "/3.0/phone?phone=4155550123&api_key=wrong", None);
    assert_eq!((answer.status, body["error"]["name"].as_str()), (403, Some("AuthError")));
    let key = key("whitepages");
    let asked = |phone: &str| ask("whitepages", &Method::GET, &format!("/3.0/phone?phone={phone}&api_key={key}"), None);
    assert_eq!(asked("12").1["warnings"][0], "Invalid Input");
    assert_eq!(asked("447700900123").0.status, 403);
    assert!(asked("4155550123").1["belongs_to"].is_object() || asked("4155550123").1["belongs_to"].is_null());
    assert_eq!(
        ask("truecaller", &Method::GET, "/v1/search?q=4155550123&countryCode=US&type=phone", None).0.status,
        401
    );
    assert_eq!(get("truecaller", "/v1/search?q=4155550123&countryCode=US").0, 400);
    assert_eq!(get("truecaller", "/v1/search?q=4155550123&countryCode=US&type=phone").0, 200);
}

proptest::proptest! {
    #[test]
    fn no_request_can_make_a_stand_in_panic(path in "(/v[123]|/3.0|/api)?/[a-z/-]{0,24}|\\PC{0,24}", query in "[A-Za-z_=&%0-9,+@.]{0,60}") {
        let target = format!("{path}?{query}");
        for provider in PROVIDERS {
            for header in [("authorization", format!("Bearer {}", key("clearbit"))), ("x-api-key", key("hunter"))] {
                let (answer, _) = ask(provider.id, &Method::GET, &target, Some(header));
                proptest::prop_assert!((100..600).contains(&answer.status));
            }
        }
    }
}
