use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::outcome::ErrorKind;
use crate::providers::Fact;
use crate::providers::fixture::{input, line};

fn known() -> Input {
    input(json!({"business_email_domain": "northwind-harbor.example", "first_name": "Jane", "last_name": "Doe",
                 "email": "jane@northwind-harbor.example"}))
}

#[test]
fn every_endpoint_stands_in_a_lane_that_exists_under_a_name_of_its_own() {
    let names: std::collections::BTreeSet<_> = ENDPOINTS.iter().map(|e| (e.provider, e.name)).collect();
    assert_eq!(names.len(), ENDPOINTS.len());
    for endpoint in ENDPOINTS {
        assert!(catalogue::provider(endpoint.provider).is_some_and(|p| p.has_lane), "{}", endpoint.provider);
    }
    let served: std::collections::BTreeSet<_> = ENDPOINTS.iter().map(|e| e.provider).collect();
    assert!(catalogue::PROVIDERS.iter().filter(|p| p.has_lane && p.slot.is_some()).all(|p| served.contains(p.id)));
}

#[test]
fn a_key_names_endpoint_subject_and_version_and_never_the_credential() {
    for endpoint in ENDPOINTS {
        let line = line(endpoint.provider, "");
        let key = endpoint.key(&line, &known()).unwrap();
        assert!(key.starts_with(endpoint.name) && key.ends_with("|1"), "{key}");
    }
}

/// A whole credential of the slot whose values can't be mistaken.
fn planted(slot: &'static crate::catalogue::Slot) -> (crate::vault::Credential, Vec<String>) {
    let values: Vec<(String, String)> =
        slot.fields.iter().map(|f| (f.name.to_owned(), format!("planted-{}-0123456789", f.name))).collect();
    let given = values.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    (crate::vault::Credential::new(slot.name, "v1".into(), None, given), values.into_iter().map(|(_, v)| v).collect())
}

#[test]
fn no_header_shows_a_credential_in_debug_output() {
    use base64::Engine;
    let client = crate::providers::gateway::bare_client();
    let mut requests = Vec::new();
    let dialects = |id| catalogue::dialects(id).iter().map(|d| d.name).chain([""]);
    for endpoint in ENDPOINTS {
        for dialect in dialects(endpoint.provider) {
            let slot = catalogue::provider(endpoint.provider).unwrap().slot.unwrap();
            requests
                .push((slot, (endpoint.build)(&client, &line(endpoint.provider, dialect), &planted(slot).0, &known())));
        }
    }
    for check in crate::providers::verify::CHECKS {
        for dialect in dialects(check.provider) {
            let slot = catalogue::provider(check.provider).unwrap().slot.unwrap();
            requests.push((slot, (check.build)(&client, &line(check.provider, dialect), &planted(slot).0)));
        }
    }
    for (slot, request) in requests {
        let request = request.build().unwrap();
        let (_, values) = planted(slot);
        for (name, value) in request.headers() {
            let text = value.to_str().unwrap();
            let coded =
                text.split(' ').next_back().and_then(|t| base64::engine::general_purpose::STANDARD.decode(t).ok());
            let plain = format!("{text}{}", String::from_utf8_lossy(&coded.unwrap_or_default()));
            let holds = values.iter().any(|value| plain.contains(value.as_str()));
            assert_eq!(holds, value.is_sensitive(), "{} {name}", slot.name);
        }
        assert!(!format!("{:?}", request.headers()).contains("planted"), "{}", slot.name);
    }
}

#[test]
fn a_kept_answer_is_read_again_for_whoever_asks() {
    let body = json!({"name": "Northwind Harbor", "domain": "northwind-harbor.example"});
    let finding = clearbit::company::ENDPOINT.reread(200, &body, &known()).unwrap();
    assert_eq!(finding.patch["business_name"], "Northwind Harbor");
    assert!(clearbit::company::ENDPOINT.reread(404, &json!({}), &known()).unwrap().patch.is_empty());
    assert!(clearbit::company::ENDPOINT.reread(500, &json!({}), &known()).is_none());
}

#[test]
fn who_opted_out_at_a_provider_keeps_nothing_of_it_and_all_of_the_others() {
    let refused = Exchange::new(451, br#"{"errors":[{"id":"claimed_email","code":451}]}"#);
    assert!((hunter::finder::ENDPOINT.read)(&refused, &known()).unwrap_err().is_opt_out());
    let of = |provider: &str| forget("hunter", &input(json!({"email": "a@b.example", "email_provider": provider})));
    assert_eq!((&of("hunter")["email"], &of("hunter")["email_enriched"]), (&Value::Null, &json!(false)));
    assert!(of("clearbit-phone").is_empty());
}

#[test]
fn defect_25_no_failure_is_taken_for_an_answer() {
    for endpoint in ENDPOINTS {
        for status in [500, 502, 503, 504, 520, 524, 529] {
            let error = (endpoint.read)(&Exchange::new(status, b"<html>"), &known()).unwrap_err();
            assert_eq!(error.kind, ErrorKind::UpstreamError, "{} {status}", endpoint.name);
        }
        for garbage in ["", "<html>\u{0}\u{1b}[2J not json", "{\"valid\":", "null"] {
            let read = (endpoint.read)(&Exchange::new(200, garbage.as_bytes()), &known());
            let kind = read.map(|finding| finding.patch.len()).map_err(|error| error.kind);
            // `null` is how one of them says that it knows nothing.
            assert!(
                kind == Err(ErrorKind::InvalidResponse) || (garbage == "null" && kind == Ok(0)),
                "{} {garbage}",
                endpoint.name
            );
        }
    }
}

#[test]
fn defect_14_that_nothing_is_known_is_remembered_for_its_own_time() {
    let unknown = Exchange::new(404, br#"{"error":{"type":"unknown_record","message":"x"}}"#);
    let finding = (clearbit::company::ENDPOINT.read)(&unknown, &known()).unwrap();
    let settings = crate::settings::CacheSettings::default();
    assert_eq!((finding.fact, finding.fact.keep(&settings)), (Fact::Nothing, Some(settings.nothing)));
    assert_eq!(finding.body["error"]["type"], "unknown_record");
    assert_eq!(settings.nothing.as_secs(), 7 * 86_400);
}

#[test]
fn facts_of_a_moment_are_never_kept() {
    let settings = crate::settings::CacheSettings::default();
    let fact =
        |body: Value| (twilio::ENDPOINT.read)(&Exchange::new(200, body.to_string().as_bytes()), &known()).unwrap().fact;
    let swap = json!({"valid": true, "caller_name": {}, "sim_swap": {"last_sim_swap": null}});
    assert_eq!(fact(swap).keep(&settings), None);
    assert_eq!(fact(json!({"valid": true, "sms_pumping_risk": {}})), Fact::Risk);
    assert_eq!(fact(json!({"valid": true, "caller_name": {}})), Fact::Line);
}

#[test]
fn what_is_found_never_touches_the_number_or_the_bookkeeping() {
    let odd = json!({"phone_e164": "+1", "id": 7, "status": "failed", "name": "x", "data": {"email": "a@b.example", "status": "valid"}, "valid": true});
    for endpoint in ENDPOINTS {
        let Ok(finding) = (endpoint.read)(&Exchange::new(200, odd.to_string().as_bytes()), &known()) else { continue };
        for column in ["phone_e164", "raw_phone_number", "id", "status", "created_at", "extra"] {
            assert!(!finding.patch.contains_key(column), "{} sets {column}", endpoint.name);
        }
    }
}

/// JSON with the keys that rooms look for, in places where they don't expect them.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}|[0-9.$KMB+-]{1,8}|[a-z]{1,5}@[a-z]{1,5}\\.example|\\+1415555012[0-9]".prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "data",
        "error",
        "errors",
        "results",
        "person",
        "company",
        "name",
        "domain",
        "geo",
        "metrics",
        "employees",
        "employeesRange",
        "estimatedAnnualRevenue",
        "linkedin",
        "handle",
        "phone",
        "email",
        "status",
        "verification",
        "valid",
        "success",
        "code",
        "type",
        "belongs_to",
        "current_addresses",
        "lat_long",
        "latitude",
        "names",
        "phones",
        "e164Format",
        "addresses",
        "pattern",
        "emails",
        "first_name",
        "last_name",
        "value",
        "score",
        "category",
        "warnings",
        "tags",
        "street_line_1",
        "city",
        "is_active",
        "fuzzy",
    ]);
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_can_make_a_room_panic(body in any_json(), status in prop::sample::select(vec![200_u16, 202, 400, 401, 403, 404, 422, 429, 451, 500])) {
        let exchange = Exchange::new(status, body.to_string().as_bytes());
        for endpoint in ENDPOINTS {
            for input in [known(), input(json!({}))] {
                if let Ok(finding) = (endpoint.read)(&exchange, &input) {
                    prop_assert!(status == 200 || finding.patch.is_empty());
                }
            }
        }
    }

    #[test]
    fn no_bytes_can_make_a_room_panic(body in prop::collection::vec(any::<u8>(), 0..200), status in 100_u16..600) {
        for endpoint in ENDPOINTS {
            let _ = (endpoint.read)(&Exchange::new(status, &body), &known());
        }
    }
}
