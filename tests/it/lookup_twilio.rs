//! Twilio Lookup v2 as the far end sees it, and its published answers as the contacts show them.

use base64::Engine as _;
use serde_json::{Value, json};
use switchboard::database::Db;

use crate::support::twilio::Twilio;
use crate::support::work::{count, events, queued, statuses};
use crate::support::{Program, TestDb};

const EXAMPLES: &str = include_str!("fixtures/twilio_lookups_v2.jsonl");

/// Looks as many contacts up as there are answers, one after the other.
async fn looked_up(test: &TestDb, answers: Vec<(u16, Value)>) -> (Twilio, Vec<Value>) {
    queued(&test.db, answers.len()).await;
    let answers = answers.into_iter().map(|(status, body)| (status, body.to_string())).collect();
    let twilio = Twilio::answering(answers).await;
    let program =
        Program::quick(test, &twilio.url, "AC1", "t").twilio("CONCURRENCY_START", "1").twilio("CONCURRENCY_CAP", "1");
    let ran = program.run(&["worker", "--until-empty"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    (twilio, rows(&test.db).await)
}

async fn rows(db: &Db) -> Vec<Value> {
    sqlx::query_scalar("SELECT to_jsonb(c) FROM contacts c ORDER BY id").fetch_all(db.pool()).await.unwrap()
}

/// Wants every key of `expected` in `row`.
#[track_caller]
fn has(row: &Value, expected: &Value) {
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&row[key], value, "{key} of {row}");
    }
}

/// What an example must leave in the contact, read from the example by the names of the description.
fn expected(body: &Value) -> Value {
    let lti = &body["line_type_intelligence"];
    let (swap, caller) = (&body["sim_swap"], &body["caller_name"]);
    let date = &swap["last_sim_swap"]["last_sim_swap_date"];
    let carrier = if lti.is_object() { lti } else { swap };
    json!({
        "status": "completed", "phone_valid": body["valid"], "validation_errors": body["validation_errors"],
        "country_code": body["country_code"], "calling_country_code": body["calling_country_code"], "national_format": body["national_format"],
        "line_type": lti["type"], "carrier_name": carrier["carrier_name"], "mobile_country_code": carrier["mobile_country_code"],
        "mobile_network_code": carrier["mobile_network_code"], "caller_name": caller["caller_name"], "caller_type": caller["caller_type"],
        "is_business": caller.is_object().then_some(false), "sim_swap_last_date": date.as_str().map(|d| d.replace('Z', "+00:00")),
        "sim_swap_period": swap["last_sim_swap"]["swapped_period"], "sim_swap_in_period": swap["last_sim_swap"]["swapped_in_period"],
        "call_forwarding_enabled": body["call_forwarding"]["call_forwarding_enabled"], "line_status": body["line_status"]["status"],
        "identity_match": body["identity_match"], "phone_quality": body["phone_number_quality_score"], "pre_fill": body["pre_fill"],
        "sms_pumping_risk_score": body["sms_pumping_risk"]["sms_pumping_risk_score"], "sms_pumping_carrier_risk": body["sms_pumping_risk"]["carrier_risk_category"],
        "sms_pumping_number_blocked": body["sms_pumping_risk"]["number_blocked"], "reassigned": body["reassigned_number"]["is_number_reassigned"],
        "reassigned_last_verified": body["reassigned_number"]["last_verified_date"], "error_kind": null, "package_codes": null,
    })
}

#[tokio::test]
async fn every_published_example_completes_its_contact_with_its_fields_and_leaves_the_number_alone() {
    let test = TestDb::new().await;
    let examples: Vec<Value> = EXAMPLES.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(examples.len(), 19);
    let (_, rows) = looked_up(&test, examples.iter().map(|e| (200, e["body"].clone())).collect()).await;
    for (example, row) in examples.iter().zip(&rows) {
        has(row, &expected(&example["body"]));
        assert_eq!(row["phone_e164"], row["raw_phone_number"], "{}", example["name"]);
        let note = format!("the answer named another number: {}", example["body"]["phone_number"].as_str().unwrap());
        assert_eq!(row["lookup_note"], note);
    }
    let kept = "SELECT jsonb_agg(body ORDER BY contact_id) FROM provider_results";
    let kept: Value = sqlx::query_scalar(kept).fetch_one(test.db.pool()).await.unwrap();
    assert_eq!(kept, examples.iter().map(|e| e["body"].clone()).collect::<Value>());
}

#[tokio::test]
async fn a_request_is_the_number_the_packages_and_the_credential_and_nothing_else() {
    let test = TestDb::new().await;
    let (twilio, _) = looked_up(&test, vec![(200, json!({"valid": true}))]).await;
    let asked = &twilio.asked()[0];
    let number: String = sqlx::query_scalar("SELECT phone_e164 FROM contacts").fetch_one(test.db.pool()).await.unwrap();
    assert_eq!((asked.method.as_str(), twilio.asked().len()), ("GET", 1));
    assert_eq!(asked.path, format!("/v2/PhoneNumbers/{}", number.replace('+', "%2B")));
    assert_eq!(asked.query, "Fields=caller_name%2Cline_type_intelligence");
    let basic = base64::engine::general_purpose::STANDARD.encode("AC1:t");
    assert_eq!(asked.headers["authorization"], format!("Basic {basic}"));
    assert_eq!(asked.headers["user-agent"], format!("switchboard/{}", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn packages_and_api_keys_are_settings() {
    let test = TestDb::new().await;
    queued(&test.db, 1).await;
    let twilio = Twilio::answering(vec![(200, json!({"valid": true}).to_string())]).await;
    let program =
        Program::quick(&test, &twilio.url, "AC1", "t").twilio("API_KEY_SID", "SK1").twilio("API_KEY_SECRET", "s");
    assert_eq!(program.twilio("PACKAGES", "none").run(&["worker", "--until-empty"]).await.code, 0);
    let asked = &twilio.asked()[0];
    assert_eq!(asked.query, "");
    let basic = base64::engine::general_purpose::STANDARD.encode("SK1:s");
    assert_eq!(asked.headers["authorization"], format!("Basic {basic}"));
}

#[tokio::test]
async fn odd_answers_are_stored_as_far_as_they_can_be_and_spoil_nothing() {
    let test = TestDb::new().await;
    let odd = [
        json!({"valid": true, "national_format": "a\u{0}b", "line_type_intelligence": {"type": 7, "carrier_name": {"x": "\u{0}"}}}),
        json!({"valid": true, "caller_name": "text", "sms_pumping_risk": {"sms_pumping_risk_score": "31", "number_blocked": "true", "number_blocked_date": "99999999"}}),
        json!({"valid": false, "validation_errors": ["TOO\u{0}_SHORT"], "phone_number": "", "unknown": {"\u{0}": [1e300]}}),
        json!({"valid": true, "sim_swap": {"last_sim_swap": {"last_sim_swap_date": "0000-01-01T00:00:00Z", "swapped_in_period": "yes"}}}),
        json!({"valid": true, "sim_swap": {"last_sim_swap": {"last_sim_swap_date": "2020-01-01T00:00:00+23:59"}}}),
        json!({"valid": true, "national_format": "\u{1b}[2J\u{7}", "caller_name": {"caller_name": "DROP TABLE contacts; --'\"\\"}}),
        json!({"valid": true, "line_type_intelligence": {"error_code": 60600}, "caller_name": {"caller_name": "A B", "caller_type": "business"}}),
    ];
    let (_, rows) = looked_up(&test, odd.iter().map(|body| (200, body.clone())).collect()).await;
    assert!(rows.iter().all(|row| row["status"] == "completed"), "{rows:?}");
    has(&rows[0], &json!({"national_format": "ab", "line_type": "7", "carrier_name": null}));
    has(&rows[1], &json!({"caller_name": null, "sms_pumping_risk_score": 31, "sms_pumping_number_blocked": true}));
    has(&rows[2], &json!({"phone_valid": false, "validation_errors": ["TOO_SHORT"], "lookup_note": null}));
    has(&rows[3], &json!({"sim_swap_last_date": null, "sim_swap_in_period": null}));
    has(&rows[4], &json!({"sim_swap_last_date": "2019-12-31T00:01:00+00:00"}));
    has(&rows[5], &json!({"caller_name": "DROP TABLE contacts; --'\"\\"}));
    has(
        &rows[6],
        &json!({"package_codes": {"line_type_intelligence": 60600}, "caller_type": "BUSINESS", "is_business": true}),
    );
    assert_eq!(count(&test.db, "SELECT count(*) FROM provider_results").await, 7);
    let charged = "SELECT coalesce(sum(calls), 0)::bigint FROM usage WHERE operation = 'line_type_intelligence'";
    assert_eq!(count(&test.db, charged).await, 1, "a package that answers with a code of its own is not charged");
}

#[tokio::test]
async fn what_twilio_does_not_cover_fails_with_its_reason_and_is_not_asked_again() {
    let test = TestDb::new().await;
    let refusal =
        |status: u16, code: i64| (status, json!({"code": code, "message": "no \u{1b}[31mway", "status": status}));
    let codes = [(400, 60600), (403, 60606), (404, 20404), (400, 20001), (422, 1)];
    let (twilio, rows) = looked_up(&test, codes.map(|(status, code)| refusal(status, code)).into()).await;
    let kinds: Vec<&str> = rows.iter().map(|row| row["error_kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["not_supported", "not_supported", "invalid_input", "invalid_input", "invalid_input"]);
    for (row, (status, code)) in rows.iter().zip(codes) {
        has(
            row,
            &json!({"status": "failed", "error_code": code.to_string(), "error_http_status": status, "error_provider": "twilio"}),
        );
        assert!(!row["error_message"].as_str().unwrap().contains('\u{1b}'));
    }
    assert_eq!((twilio.asked().len(), events(&test.db).await), (5, Vec::new()));
    assert_eq!(statuses(&test.db).await, (0, 0, 0, 5));
}

#[tokio::test]
async fn each_answered_package_is_charged_at_the_price_book_of_the_database() {
    let test = TestDb::new().await;
    let price = "INSERT INTO prices (provider, operation, unit, usd, valid_from) VALUES ('twilio', 'caller_name', 'call', 0.5, now())";
    sqlx::query(price).execute(test.db.pool()).await.unwrap();
    let body =
        json!({"valid": true, "line_type_intelligence": {"type": "mobile"}, "caller_name": {"caller_name": "A B"}});
    looked_up(&test, vec![(200, body.clone()), (200, body)]).await;
    let status = Program::on(&test).json(&["status"]).await;
    assert!((status["cost_today"].as_f64().unwrap() - 1.016).abs() < 1e-9, "{status}");
    assert_eq!(count(&test.db, "SELECT count(*) FROM contacts WHERE api_cost = 0.508").await, 2);
}
