//! ZeroBounce: whether an address exists. A credit an address; numbers and booleans come as text.
//!
//! Errors are a text, with HTTP 200 or 4xx; 403 is their shield against an address of ours, not the key.
//! Source: <https://www.zerobounce.net/docs/email-validation-api-quickstart>.

pub mod batch;

use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use super::call::{CallError, Exchange};
use super::columns::Columns;
use super::finding::{Answer, Fact, Finding};
use super::input::Input;
use super::refusal::{self, kind_of_status, refusal};
use super::registry::Endpoint;
use super::verify::Check;
use super::{Line, domain, lenient};
use crate::outcome::ErrorKind;
use crate::vault::Credential;

/// The endpoint.
pub static ENDPOINT: Endpoint = Endpoint { provider: "zerobounce", name: "validate", version: 1, subject, build, read };

/// Whether a key is taken: what credits are left, below zero for a wrong key.
pub static CHECK: Check = Check {
    slot: "zerobounce",
    provider: "zerobounce",
    build: |client, line, credential| get(client, line, credential, "/getcredits"),
    judge: judge_credits,
};

/// The shield lifts after a while and gives no time; their batches rest ten minutes.
const SHIELD_PAUSE: Duration = Duration::from_secs(600);

fn subject(_: &Line, input: &Input) -> Option<String> {
    input.email()
}

fn build(client: &Client, line: &Line, credential: &Credential, input: &Input) -> RequestBuilder {
    let email = input.email().unwrap_or_default();
    get(client, line, credential, "/validate").query(&[("email", email.as_str()), ("ip_address", "")])
}

/// A GET with the key in the query, which is the only place for it.
fn get(client: &Client, line: &Line, credential: &Credential, path: &str) -> RequestBuilder {
    let request = client.get(format!("{}{path}", line.base_url));
    match credential.field("api_key") {
        Some(key) => request.query(&[("api_key", key.expose_secret())]),
        None => request,
    }
}

/// Reads an answer: a success has a `status`.
pub fn judge(exchange: &Exchange) -> Result<Answer, CallError> {
    let body = refusal::json(exchange);
    if exchange.status != 200 {
        return Err(error(exchange, body.as_ref()));
    }
    let body = body.filter(Value::is_object).ok_or_else(|| refusal::unreadable(exchange))?;
    if !body["error"].is_null() {
        return Err(error(exchange, Some(&body)));
    }
    // A blank result is no answer: taken for "no data" it would be paid for a second time elsewhere.
    if lenient::text(&body["status"]).is_none() {
        return Err(refusal::unreadable(exchange));
    }
    Ok(Answer::Data(body))
}

/// `{"Credits":"1234"}`; −1 says that the key is wrong.
fn judge_credits(exchange: &Exchange) -> Result<(), CallError> {
    let body = refusal::json(exchange);
    let credits = body.as_ref().and_then(|body| lenient::whole(&body["Credits"]));
    match (exchange.status, credits) {
        (200, Some(0..)) => Ok(()),
        (200, Some(_)) => Err(refusal(exchange, ErrorKind::Auth, None, Some("the key is wrong"))),
        (200, None) if body.as_ref().is_none_or(|body| body["error"].is_null()) => Err(refusal::unreadable(exchange)),
        _ => Err(error(exchange, body.as_ref())),
    }
}

/// By the words first: the same sentence comes with 200 and with 400.
fn error(exchange: &Exchange, body: Option<&Value>) -> CallError {
    let words = body.and_then(|body| lenient::any_text(body, &["error", "Error", "message"]));
    let lower = words.as_deref().unwrap_or_default().to_lowercase();
    let says = |any: &[&str]| any.iter().any(|word| lower.contains(word));
    let kind = match exchange.status {
        403 => ErrorKind::RateLimited,
        500.. => ErrorKind::UpstreamError,
        // Their commonest sentence names both; a wrong key is the one that gets an address blocked.
        _ if says(&["api key", "api_key", "apikey", "unauthorized"]) => ErrorKind::Auth,
        _ if says(&["credit"]) => ErrorKind::Quota,
        _ if says(&["rate limit", "too many", "limit exceeded"]) => ErrorKind::RateLimited,
        200 if says(&["email", "parameter", "missing"]) => ErrorKind::InvalidInput,
        200 => ErrorKind::InvalidResponse,
        status => kind_of_status(status),
    };
    let error = refusal(exchange, kind, None, words.as_deref());
    match exchange.status {
        403 => CallError { retry_after: error.retry_after.or(Some(SHIELD_PAUSE)), ..error },
        _ => error,
    }
}

fn read(exchange: &Exchange, input: &Input) -> Result<Finding, CallError> {
    Ok(match judge(exchange)? {
        Answer::Data(body) => finding(body, input),
        Answer::NoData => Finding::nothing(Value::Null),
    })
}

/// What is said of one address.
fn finding(body: Value, input: &Input) -> Finding {
    let status = lenient::text(&body["status"]).unwrap_or_default().to_lowercase();
    let fact = if status == "unknown" { Fact::Unverified } else { Fact::Verified };
    Finding::new(fact, patch(&status, &body, input), body).billed("validate")
}

fn patch(status: &str, body: &Value, input: &Input) -> Map<String, Value> {
    let mut set = Columns::new(input);
    set.set("email_status", Some(status));
    set.set("email_sub_status", Some(lenient::text(&body["sub_status"]).map_or(Value::Null, Value::from)));
    set.set("email_verified", Some(status == "valid"));
    set.set("email_score", score(status));
    if status == "valid" {
        // Only now is a guess more than that.
        set.confirmed("email", "zerobounce");
    }
    let suggestion = lenient::text(&body["did_you_mean"]).and_then(|text| domain::email(&text));
    set.set("email_suggestion", suggestion);
    set.name(lenient::text(&body["firstname"]), lenient::text(&body["lastname"]), None);
    set.done()
}

/// None for a status that is new to us.
fn score(status: &str) -> Option<i64> {
    Some(match status {
        "valid" => 100,
        "catch-all" => 70,
        "unknown" => 50,
        "spamtrap" => 10,
        "abuse" => 5,
        "do_not_mail" | "invalid" => 0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::providers::fixture::{has, input, kind, patch, read};

    fn documented(status: &str, sub_status: &str) -> Value {
        json!({"address":"jane.doe@northwind-harbor.example","status":status,"sub_status":sub_status,"free_email":false,"did_you_mean":null,"account":"jane.doe","domain":"northwind-harbor.example",
               "domain_age_days":"4021","smtp_provider":"google","mx_found":"true","mx_record":"mx.northwind-harbor.example","catchall_domain":null,"firstname":"Jane","lastname":"Doe","gender":"female",
               "country":null,"region":null,"city":null,"zipcode":null,"processed_at":"2025-06-01 10:11:12.131"})
    }

    #[test]
    fn defect_20_every_status_has_its_score_and_the_sub_status_its_own_column() {
        for (status, sub, score, verified) in [
            ("valid", "", 100, true),
            ("catch-all", "accept_all", 70, false),
            ("unknown", "greylisted", 50, false),
            ("spamtrap", "", 10, false),
            ("abuse", "", 5, false),
            ("do_not_mail", "role_based", 0, false),
            ("invalid", "mailbox_not_found", 0, false),
        ] {
            let sub_status = if sub.is_empty() { Value::Null } else { json!(sub) };
            has(
                &patch(&ENDPOINT, &documented(status, sub), json!({})),
                &json!({
                    "email_status": status, "email_sub_status": sub_status, "email_score": score, "email_verified": verified,
                    "email_enriched": if verified { json!(true) } else { Value::Null },
                }),
            );
        }
        has(
            &patch(&ENDPOINT, &documented("brand_new", "odd"), json!({})),
            &json!({"email_status": "brand_new", "email_score": null, "email_verified": false}),
        );
    }

    #[test]
    fn whoever_found_the_address_stays_its_provider_and_a_name_that_is_there_stays() {
        let known =
            json!({"email_provider": "hunter", "email_enriched": true, "full_name": "J. Doe", "first_name": "J."});
        has(
            &patch(&ENDPOINT, &documented("valid", ""), known),
            &json!({"email_provider": null, "email_enriched_at": null, "first_name": null, "last_name": null}),
        );
        has(
            &patch(&ENDPOINT, &documented("valid", ""), json!({})),
            &json!({"email_provider": "zerobounce", "first_name": "Jane", "full_name": "Jane Doe"}),
        );
        let mut typo = documented("invalid", "possible_typo");
        typo["did_you_mean"] = json!("jane@northwind-harbor.example");
        has(
            &patch(&ENDPOINT, &typo, json!({})),
            &json!({"email_suggestion": "jane@northwind-harbor.example", "email": null}),
        );
    }

    #[test]
    fn an_address_that_could_not_be_judged_is_asked_again_sooner() {
        let fact =
            |status: &str| read(&ENDPOINT, 200, &documented(status, "").to_string(), &input(json!({}))).unwrap().fact;
        assert_eq!(
            (fact("unknown"), fact("valid"), fact("invalid")),
            (Fact::Unverified, Fact::Verified, Fact::Verified)
        );
    }

    #[test]
    fn defect_20_a_blank_result_is_no_answer_and_no_reason_to_pay_elsewhere() {
        for body in [r#"{"status":""}"#, "{}", "[]", "", "<html>", r#"{"status":null}"#] {
            assert_eq!(kind(&ENDPOINT, 200, body), ErrorKind::InvalidResponse, "{body}");
        }
    }

    #[test]
    fn credits_below_zero_mean_a_wrong_key() {
        let judged = |body: &str| judge_credits(&Exchange::new(200, body.as_bytes())).map_err(|error| error.kind);
        assert_eq!((judged(r#"{"Credits":"1234"}"#), judged(r#"{"Credits":0}"#)), (Ok(()), Ok(())));
        assert_eq!(judged(r#"{"Credits":"-1"}"#), Err(ErrorKind::Auth));
        assert_eq!(judged(r#"{"error":"Invalid API key"}"#), Err(ErrorKind::Auth));
        assert_eq!(judged("<html>"), Err(ErrorKind::InvalidResponse));
    }

    #[test]
    fn errors_are_told_by_their_words_and_403_is_not_the_key() {
        let said = |words: &str| json!({"error": words}).to_string();
        for status in [200, 400, 401] {
            assert_eq!(
                kind(&ENDPOINT, status, &said("Invalid API key or your account ran out of credits")),
                ErrorKind::Auth
            );
            assert_eq!(kind(&ENDPOINT, status, &said("Invalid API Key")), ErrorKind::Auth);
        }
        assert_eq!(kind(&ENDPOINT, 200, &said("You have run out of credits")), ErrorKind::Quota);
        assert_eq!(kind(&ENDPOINT, 200, &said("Missing parameter: email")), ErrorKind::InvalidInput);
        assert_eq!(kind(&ENDPOINT, 200, &said("hm")), ErrorKind::InvalidResponse);
        assert_eq!(kind(&ENDPOINT, 400, &said("bad request")), ErrorKind::InvalidInput);
        assert_eq!(kind(&ENDPOINT, 404, ""), ErrorKind::Configuration);
        assert_eq!(kind(&ENDPOINT, 429, ""), ErrorKind::RateLimited);
        for status in [500, 520, 524] {
            assert_eq!(kind(&ENDPOINT, status, ""), ErrorKind::UpstreamError);
        }
        let shield = read(&ENDPOINT, 403, &said("api key blocked"), &input(json!({}))).unwrap_err();
        assert_eq!((shield.kind, shield.retry_after), (ErrorKind::RateLimited, Some(SHIELD_PAUSE)));
    }
}
