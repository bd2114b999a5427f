//! Hunter: a person's address (finder), a domain's addresses and their pattern, and whether an address exists (verifier).
//!
//! Source: <https://hunter.io/api-documentation/v2>. Its statuses are its own: 403 is the rate, 429 the month's credits,
//! 451 a person who asked not to be processed. There is no search by phone.

pub mod domain_search;
pub mod finder;
pub mod pattern;
pub mod verifier;

use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::call::{CallError, Exchange};
use super::finding::Answer;
use super::refusal::{self, kind_of, kind_of_status, refusal};
use super::verify::{Check, hidden};
use super::{Line, lenient};
use crate::outcome::ErrorKind;
use crate::vault::Credential;

/// Whether a key is taken: the account, which costs nothing.
pub static CHECK: Check = Check {
    slot: "hunter",
    provider: "hunter",
    build: |client, line, credential| get(client, line, credential, "/account"),
    judge: |exchange| judge(exchange).map(|_| ()),
};

/// The key in its header: it never stands in an address.
pub(super) fn keyed(request: RequestBuilder, key: &SecretString) -> RequestBuilder {
    request.header("X-API-KEY", hidden(key.expose_secret()))
}

fn get(client: &Client, line: &Line, credential: &Credential, path: &str) -> RequestBuilder {
    let request = client.get(format!("{}{path}", line.base_url));
    match credential.field("api_key") {
        Some(key) => keyed(request, key),
        None => request,
    }
}

/// Reads an answer: what is in `data`.
pub fn judge(exchange: &Exchange) -> Result<Answer, CallError> {
    let body = refusal::json(exchange);
    match exchange.status {
        202 => {
            Err(refusal(exchange, ErrorKind::Pending, Some("202".into()), Some("the verification is still running")))
        }
        200 | 201 => match body {
            Some(body) if body["errors"].is_array() => Err(error(exchange)),
            Some(Value::Object(mut map)) => match map.remove("data") {
                Some(data @ Value::Object(_)) => Ok(Answer::Data(data)),
                Some(Value::Null) => Ok(Answer::NoData),
                _ => Err(refusal::unreadable(exchange)),
            },
            _ => Err(refusal::unreadable(exchange)),
        },
        404 if is_not_found(exchange, body.as_ref()) => Ok(Answer::NoData),
        _ => Err(error(exchange)),
    }
}

/// 404 on these paths means that nobody was found; a page that is no JSON comes from another server.
fn is_not_found(exchange: &Exchange, body: Option<&Value>) -> bool {
    body.is_some() || exchange.body.iter().all(u8::is_ascii_whitespace)
}

/// The error of `{"errors":[{"id","code","details"}]}`.
pub(super) fn error(exchange: &Exchange) -> CallError {
    let body = refusal::json(exchange).unwrap_or_default();
    let first = lenient::first(&body["errors"]);
    let (id, words) = (lenient::text(&first["id"]), lenient::text(&first["details"]));
    let status = match lenient::whole(&first["code"]) {
        // An error in a body that is called a success: its own code says what it is.
        Some(code) if exchange.status < 400 => u16::try_from(code).unwrap_or(0),
        _ => exchange.status,
    };
    let kind = match status {
        403 => ErrorKind::RateLimited,
        429 => ErrorKind::Quota,
        status if status == exchange.status => kind_of(exchange),
        status => kind_of_status(status),
    };
    let code = if status == 451 { Some(refusal::OPTED_OUT.to_owned()) } else { id };
    refusal(exchange, kind, code, words.as_deref())
}

#[cfg(test)]
mod tests;
