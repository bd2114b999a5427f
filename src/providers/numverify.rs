//! NumVerify: carrier and location of a number, where Twilio's line type is off or failed.
//!
//! Three generations: `legacy` and `gateway` take the key in the query and answer errors with HTTP 200, `marketplace` takes
//! it in a header. It knows nothing about businesses. Source: <https://numverify.com/documentation>.

use reqwest::{Client, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use super::call::{CallError, Exchange};
use super::columns::Columns;
use super::finding::{Answer, Fact, Finding};
use super::input::Input;
use super::refusal::{self, kind_of_status, refusal};
use super::registry::Endpoint;
use super::verify::{Check, hidden};
use super::{Line, lenient};
use crate::outcome::ErrorKind;
use crate::vault::Credential;

/// The endpoint.
pub static ENDPOINT: Endpoint = Endpoint { provider: "numverify", name: "validate", version: 1, subject, build, read };

/// Whether a key is taken: there is no free call, so one number of our own is validated once.
pub static CHECK: Check = Check {
    slot: "numverify",
    provider: "numverify",
    build: |client, line, credential| request(client, line, credential, &line.lookup.verify_number),
    judge: |exchange| match judge(exchange) {
        Err(error) if error.kind == ErrorKind::InvalidInput => Ok(()),
        judged => judged.map(|_| ()),
    },
};

fn subject(_: &Line, input: &Input) -> Option<String> {
    Some(input.phone()).filter(|phone| !phone.is_empty())
}

fn build(client: &Client, line: &Line, credential: &Credential, input: &Input) -> RequestBuilder {
    request(client, line, credential, &input.phone())
}

/// A request about this number (E.164), which is sent with its country code and without `+`.
fn request(client: &Client, line: &Line, credential: &Credential, phone: &str) -> RequestBuilder {
    let request = client.get(format!("{}/validate", line.base_url));
    let request = request.query(&[("number", phone.trim_start_matches('+'))]);
    let Some(key) = credential.field("access_key").map(ExposeSecret::expose_secret) else { return request };
    match line.dialect {
        "marketplace" => request.header("apikey", hidden(key)),
        _ => request.query(&[("access_key", key)]),
    }
}

/// Reads an answer: a success has `valid` and no `success`.
pub fn judge(exchange: &Exchange) -> Result<Answer, CallError> {
    let body = refusal::json(exchange);
    if exchange.status != 200 {
        return Err(error(exchange, body.as_ref()));
    }
    let body = body.filter(Value::is_object).ok_or_else(|| refusal::unreadable(exchange))?;
    if lenient::truth(&body["success"]) == Some(false) || !body["error"].is_null() {
        return Err(error(exchange, Some(&body)));
    }
    match lenient::truth(&body["valid"]) {
        Some(true) => Ok(Answer::Data(body)),
        Some(false) => Ok(Answer::NoData),
        None => Err(refusal::unreadable(exchange)),
    }
}

fn error(exchange: &Exchange, body: Option<&Value>) -> CallError {
    let error = body.map_or(&Value::Null, |body| &body["error"]);
    let code = lenient::whole(&error["code"]);
    let words = lenient::any_text(error, &["info", "type", "message"])
        .or_else(|| body.and_then(|body| lenient::any_text(body, &["message"])));
    let kind = match code {
        Some(101 | 102) => ErrorKind::Auth,
        Some(103 | 105 | 404) => ErrorKind::Configuration,
        Some(104) => ErrorKind::Quota,
        Some(106) => ErrorKind::RateLimited,
        Some(200..=399) => ErrorKind::InvalidInput,
        _ if exchange.status == 429 && is_used_up(exchange, words.as_deref()) => ErrorKind::Quota,
        _ if exchange.status == 200 => ErrorKind::InvalidResponse,
        _ => kind_of_status(exchange.status),
    };
    refusal(exchange, kind, code.map(|code| code.to_string()), words.as_deref())
}

/// The marketplace answers 429 to both: a used-up month or day says so in a header or in words.
fn is_used_up(exchange: &Exchange, words: Option<&str>) -> bool {
    let words = words.unwrap_or_default().to_lowercase();
    exchange.quota_left.is_some_and(|left| left <= 0)
        || ["month", "quota", "daily"].iter().any(|word| words.contains(word))
}

fn read(exchange: &Exchange, input: &Input) -> Result<Finding, CallError> {
    let body = refusal::json(exchange).unwrap_or_default();
    Ok(match judge(exchange)? {
        Answer::Data(data) => Finding::new(Fact::Line, patch(&data, input), body).billed("validate"),
        Answer::NoData => Finding::nothing(body).billed("validate"),
    })
}

/// A carrier is a carrier, not a business, and a landline proves nothing: both only fill what Twilio left open.
fn patch(data: &Value, input: &Input) -> Map<String, Value> {
    let mut set = Columns::new(input);
    set.fill("carrier_name", lenient::text(&data["carrier"]));
    set.fill("line_type", lenient::text(&data["line_type"]).and_then(|kind| line_type(&kind)));
    set.fill("country_code", lenient::text(&data["country_code"]).filter(|code| code.len() == 2));
    set.set("business_phone_location", lenient::text(&data["location"]));
    set.done()
}

/// In the words that are used for line types everywhere.
fn line_type(theirs: &str) -> Option<&'static str> {
    Some(match theirs {
        "mobile" => "mobile",
        "landline" => "landline",
        "toll_free" => "tollFree",
        "premium_rate" => "premium",
        "paging" => "pager",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::providers::Outcome;
    use crate::providers::fixture::{has, input, kind, patch, read};

    fn documented() -> Value {
        json!({"valid":true,"number":"14155550123","local_format":"4155550123","international_format":"+14155550123","country_prefix":"+1","country_code":"US",
               "country_name":"United States of America","location":"San Francisco","carrier":"Harbor Wireless","line_type":"mobile"})
    }

    #[test]
    fn the_documented_answer_fills_what_twilio_left_open() {
        has(
            &patch(&ENDPOINT, &documented(), json!({})),
            &json!({"carrier_name": "Harbor Wireless", "line_type": "mobile", "business_phone_location": "San Francisco"}),
        );
        let known = json!({"carrier_name": "Northlight", "line_type": "landline"});
        has(&patch(&ENDPOINT, &documented(), known), &json!({"carrier_name": null, "line_type": null}));
        let mut empty = documented();
        (empty["carrier"], empty["location"], empty["line_type"]) = (json!(""), json!(""), Value::Null);
        assert!(patch(&ENDPOINT, &empty, json!({})).is_empty());
    }

    #[test]
    fn defect_19_a_carrier_is_no_business_and_a_landline_proves_nothing() {
        let mut landline = documented();
        landline["line_type"] = json!("landline");
        let found = patch(&ENDPOINT, &landline, json!({}));
        assert!(
            ["is_business", "business_name", "business_enriched", "business_confidence"]
                .iter()
                .all(|c| !found.contains_key(*c))
        );
    }

    #[test]
    fn defect_19_errors_in_a_200_are_errors_and_not_invalid_numbers() {
        for (code, expected) in [
            (101, ErrorKind::Auth),
            (102, ErrorKind::Auth),
            (103, ErrorKind::Configuration),
            (104, ErrorKind::Quota),
            (105, ErrorKind::Configuration),
            (106, ErrorKind::RateLimited),
            (210, ErrorKind::InvalidInput),
            (211, ErrorKind::InvalidInput),
            (310, ErrorKind::InvalidInput),
            (404, ErrorKind::Configuration),
            (999, ErrorKind::InvalidResponse),
        ] {
            for code in [json!(code), json!(code.to_string())] {
                let body = json!({"success": false, "error": {"code": code, "type": "x", "info": "why"}}).to_string();
                assert_eq!(kind(&ENDPOINT, 200, &body), expected, "{body}");
            }
        }
        for body in ["", "<html>", "[]", "{}", r#"{"valid":"perhaps"}"#] {
            assert_eq!(kind(&ENDPOINT, 200, body), ErrorKind::InvalidResponse, "{body}");
        }
        let invalid = read(&ENDPOINT, 200, r#"{"valid":false,"number":"1"}"#, &input(json!({}))).unwrap();
        assert_eq!((invalid.outcome, invalid.billed.as_slice()), (Outcome::NoData, &[("validate", 1)][..]));
    }

    #[test]
    fn the_marketplace_uses_statuses() {
        assert_eq!(kind(&ENDPOINT, 401, r#"{"message":"No API key found in request"}"#), ErrorKind::Auth);
        assert_eq!(kind(&ENDPOINT, 429, r#"{"message":"API rate limit exceeded"}"#), ErrorKind::RateLimited);
        assert_eq!(
            kind(&ENDPOINT, 429, r#"{"message":"You have exceeded your monthly API request volume"}"#),
            ErrorKind::Quota
        );
        let used_up = Exchange { quota_left: Some(0), ..Exchange::new(429, br#"{"message":"no"}"#) };
        assert_eq!(judge(&used_up).unwrap_err().kind, ErrorKind::Quota);
        assert_eq!(kind(&ENDPOINT, 503, ""), ErrorKind::UpstreamError);
    }
}
