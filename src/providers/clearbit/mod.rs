//! Clearbit's three APIs, one credential: who is behind a number, a company by its domain, a person by an address.
//!
//! Sold to HubSpot in 2023; no keys are given out any more. The drop-in of Hunter (`clearbit_format=true`) speaks the same
//! bodies, wrapped in `data`: <https://hunter.io/api-documentation/v2>. Original: <https://dashboard.clearbit.com/docs>.

pub mod company;
pub mod email;
pub mod phone;

use reqwest::{Client, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::call::{CallError, Exchange};
use super::finding::Answer;
use super::refusal::{self, kind_of, refusal};
use super::verify::Check;
use super::{Line, hunter, lenient};
use crate::outcome::ErrorKind;
use crate::vault::Credential;

/// Confidence in what Clearbit says.
pub const CONFIDENCE: i64 = 85;

/// A domain that every directory of companies knows: the check bills at most one call.
const WELL_KNOWN: &str = "wikipedia.org";

/// Whether a key is taken. A record that is unknown, or not there yet, proves it as well.
pub static CHECK: Check = Check {
    slot: "clearbit",
    provider: "clearbit-company",
    build: |client, line, credential| {
        get(client, line, credential, "/v2/companies/find").query(&[("domain", WELL_KNOWN)])
    },
    judge: |exchange| match judge(exchange) {
        Err(error) if matches!(error.kind, ErrorKind::Pending | ErrorKind::InvalidInput) => Ok(()),
        judged => judged.map(|_| ()),
    },
};

/// A GET with the key as the dialect wants it.
fn get(client: &Client, line: &Line, credential: &Credential, path: &str) -> RequestBuilder {
    let request = client.get(format!("{}{path}", line.base_url));
    let Some(key) = credential.field("api_key") else { return request };
    match line.dialect {
        "basic" => request.basic_auth(key.expose_secret(), Some("")),
        "hunter" => hunter::keyed(request, key).query(&[("clearbit_format", "true")]),
        _ => request.bearer_auth(key.expose_secret()),
    }
}

/// Reads an answer. A record that is still being looked up (202) is neither a success nor a failure.
pub fn judge(exchange: &Exchange) -> Result<Answer, CallError> {
    let body = refusal::json(exchange);
    match exchange.status {
        202 => Err(refusal(exchange, ErrorKind::Pending, Some("queued".into()), Some("the record is being looked up"))),
        200 => match body {
            Some(body) if is_refusal(&body) => Err(error(exchange, Some(&body))),
            // Hunter's drop-in wraps the same record.
            Some(Value::Object(mut map)) => match map.remove("data") {
                Some(Value::Null) => Ok(Answer::NoData),
                Some(data @ Value::Object(_)) => Ok(Answer::Data(data)),
                Some(_) => Err(refusal::unreadable(exchange)),
                None => Ok(Answer::Data(Value::Object(map))),
            },
            Some(Value::Null) => Ok(Answer::NoData),
            _ => Err(refusal::unreadable(exchange)),
        },
        404 if is_unknown_record(exchange, body.as_ref()) => Ok(Answer::NoData),
        _ => Err(error(exchange, body.as_ref())),
    }
}

/// 404 says "no such record" unless it says "no such route"; a page that is no JSON comes from another server.
fn is_unknown_record(exchange: &Exchange, body: Option<&Value>) -> bool {
    match body {
        Some(body) => told(body).0.as_deref() != Some("unknown_route"),
        None => exchange.body.iter().all(u8::is_ascii_whitespace),
    }
}

/// Whether the body is an error object, or the bare array of them that comes sometimes.
fn is_refusal(body: &Value) -> bool {
    let first = lenient::first(body);
    !first["error"].is_null()
        || (body.is_array() && !first["type"].is_null() && !first["message"].is_null())
        || lenient::first(&first["errors"])["details"].is_string()
}

/// Type and words of an error: `{"error":{"type","message"}}`, a bare array of either, or Hunter's `{"errors":[…]}`.
fn told(body: &Value) -> (Option<String>, Option<String>) {
    let first = lenient::first(body);
    let error = if first["error"].is_null() { first } else { &first["error"] };
    let error = if first["errors"].is_array() { lenient::first(&first["errors"]) } else { lenient::first(error) };
    let kind = lenient::any_text(error, &["type", "id"]);
    (kind, lenient::any_text(error, &["message", "details"]).or_else(|| lenient::text(error)))
}

fn error(exchange: &Exchange, body: Option<&Value>) -> CallError {
    let (kind_told, words) = body.map(told).unwrap_or_default();
    if exchange.status >= 400 && body.is_some_and(|body| body["errors"].is_array()) {
        return hunter::error(exchange);
    }
    let kind = match (exchange.status, kind_told.as_deref()) {
        (_, Some("queued")) => ErrorKind::Pending,
        (_, Some("auth_required" | "invalid_api_key" | "api_key_required" | "auth_invalid")) => ErrorKind::Auth,
        (_, Some("rate_limit" | "rate_limited" | "rate_limit_exceeded")) => ErrorKind::RateLimited,
        (_, Some("over_plan_limit" | "quota_exceeded" | "account_over_quota")) => ErrorKind::Quota,
        (_, Some("unknown_route")) => ErrorKind::Configuration,
        (_, Some("params_invalid" | "email_invalid" | "domain_invalid" | "phone_invalid")) => ErrorKind::InvalidInput,
        (200, _) => ErrorKind::InvalidResponse,
        _ => kind_of(exchange),
    };
    let code = if exchange.status == 451 { Some(refusal::OPTED_OUT.to_owned()) } else { kind_told };
    refusal(exchange, kind, code, words.as_deref())
}

#[cfg(test)]
mod tests;
