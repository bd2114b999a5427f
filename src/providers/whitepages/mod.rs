//! Whitepages Pro: who lives behind a number, and where. Off by default: the company became Ekata, then Mastercard's.
//!
//! The owner is an object and the addresses stand at the top; an older shape had both in arrays, and either is read.
//! Source: the last public documentation of `/3.0/caller_id` and `/3.0/phone` (2018).

use reqwest::{Client, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use super::call::{CallError, Exchange};
use super::columns::{self, Columns};
use super::finding::{Answer, Fact, Finding};
use super::input::Input;
use super::refusal::{self, kind_of, refusal};
use super::registry::Endpoint;
use super::{Line, lenient};
use crate::contacts::phone;
use crate::outcome::ErrorKind;
use crate::vault::Credential;

/// The endpoint.
pub static ENDPOINT: Endpoint = Endpoint { provider: "whitepages", name: "phone", version: 1, subject, build, read };

/// Points of confidence for each part of an address, and for a number that is valid.
const PART: i64 = 20;

fn subject(_: &Line, input: &Input) -> Option<String> {
    Some(input.phone()).filter(|phone| !phone.is_empty())
}

fn build(client: &Client, line: &Line, credential: &Credential, input: &Input) -> RequestBuilder {
    let country = input.country().unwrap_or_else(|| "US".to_owned());
    let ours = input.phone();
    // American numbers by their ten digits, as documented; others whole, since a hint alone can't tell their country.
    let number = match phone::national_digits(&ours) {
        Some(national) if ours.starts_with("+1") => national,
        _ => ours.trim_start_matches('+').to_owned(),
    };
    let request = match line.dialect {
        "caller_id" => client.get(format!("{}/3.0/caller_id", line.base_url)).query(&[("phone.country_hint", country)]),
        _ => client.get(format!("{}/3.0/phone", line.base_url)),
    };
    let request = request.query(&[("phone", number)]);
    match credential.field("api_key") {
        Some(key) => request.query(&[("api_key", key.expose_secret())]),
        None => request,
    }
}

/// Reads an answer. `PartialError` is a success with less in it.
pub fn judge(exchange: &Exchange) -> Result<Answer, CallError> {
    let body = refusal::json(exchange);
    if exchange.status == 404 && body.is_some() {
        return Ok(Answer::NoData);
    }
    if exchange.status != 200 {
        return Err(error(exchange, body.as_ref()));
    }
    let body = body.filter(Value::is_object).ok_or_else(|| refusal::unreadable(exchange))?;
    let named = lenient::text(&body["error"]["name"]);
    if !body["error"].is_null() && named.as_deref() != Some("PartialError") {
        return Err(error(exchange, Some(&body)));
    }
    let knows = !lenient::first(&body["belongs_to"]).is_null() || !addresses(&body).is_empty();
    let warned =
        lenient::items(&body["warnings"]).iter().filter_map(lenient::text).find(|warning| is_wrong_input(warning));
    match (knows, warned) {
        (true, _) => Ok(Answer::Data(body)),
        (false, Some(words)) => Err(refusal(exchange, ErrorKind::InvalidInput, None, Some(&words))),
        (false, None) if is_about_a_number(&body) => Ok(Answer::NoData),
        (false, None) => Err(refusal::unreadable(exchange)),
    }
}

fn is_wrong_input(warning: &str) -> bool {
    let warning = warning.to_lowercase();
    warning.contains("invalid input") || warning.contains("missing input")
}

/// Whether this is their answer at all, and not somebody else's empty object.
fn is_about_a_number(body: &Value) -> bool {
    ["phone_number", "is_valid", "belongs_to", "current_addresses", "id", "error", "warnings"]
        .iter()
        .any(|key| body.get(*key).is_some())
}

/// 403 stands for a wrong key, for a used-up quota and for too many a second: the words tell.
fn error(exchange: &Exchange, body: Option<&Value>) -> CallError {
    let error = body.map_or(&Value::Null, |body| &body["error"]);
    let name = lenient::text(&error["name"]);
    let words = lenient::text(&error["message"]).or_else(|| lenient::text(error));
    let words = words.or_else(|| body.and_then(|body| lenient::text(&body["message"])));
    let lower = words.as_deref().unwrap_or_default().to_lowercase();
    let says = |any: &[&str]| any.iter().any(|word| lower.contains(word));
    let is_refused = matches!(exchange.status, 401 | 403) || name.as_deref() == Some("AuthError");
    let kind = match (exchange.status, name.as_deref()) {
        (500.., _) => ErrorKind::UpstreamError,
        _ if is_refused && says(&["international", "country"]) => ErrorKind::NotSupported,
        _ if is_refused && says(&["per second", "qps", "rate", "too many"]) => ErrorKind::RateLimited,
        _ if is_refused && says(&["quota", "exceeded", "credit", "balance", "queries"]) => ErrorKind::Quota,
        _ if is_refused => ErrorKind::Auth,
        (_, Some("InputError" | "InvalidInputError" | "BadRequest")) => ErrorKind::InvalidInput,
        (200, _) if says(&["invalid input", "missing input", "invalid phone"]) => ErrorKind::InvalidInput,
        (200, _) => ErrorKind::InvalidResponse,
        _ => kind_of(exchange),
    };
    refusal(exchange, kind, name, words.as_deref())
}

fn read(exchange: &Exchange, input: &Input) -> Result<Finding, CallError> {
    let body = refusal::json(exchange).unwrap_or_default();
    Ok(match judge(exchange)? {
        Answer::Data(data) => Finding::new(Fact::Owner, patch(&data, input), body).billed("phone"),
        Answer::NoData => Finding::nothing(body).billed("phone"),
    })
}

/// At the top, or inside the owner.
fn addresses(body: &Value) -> &[Value] {
    let top = lenient::items(&body["current_addresses"]);
    if top.is_empty() { lenient::items(&lenient::first(&body["belongs_to"])["current_addresses"]) } else { top }
}

fn patch(body: &Value, input: &Input) -> Map<String, Value> {
    let mut set = Columns::new(input);
    let owner = lenient::first(&body["belongs_to"]);
    let business = match lenient::text(&owner["type"]).as_deref() {
        Some("Business") => Some(true),
        Some("Person") => Some(false),
        _ => lenient::truth(&body["is_commercial"]),
    };
    set.fill("is_business", business);
    if business == Some(true) {
        set.fill("business_name", lenient::text(&owner["name"]));
        return set.done();
    }
    let names = lenient::first(&owner["names"]);
    let part = |key: &str, old: &str| lenient::text(&owner[key]).or_else(|| lenient::text(&names[old]));
    set.name(part("firstname", "first_name"), part("lastname", "last_name"), lenient::text(&owner["name"]));
    if let Some(address) = best(addresses(body)) {
        place(&mut set, address, lenient::truth(&body["is_valid"]) == Some(true));
    }
    set.done()
}

/// The address with the most parts; of equals the one where somebody still lives, then the first.
fn best(addresses: &[Value]) -> Option<&Value> {
    let worth = |address: &&Value| (parts(address), lenient::truth(&address["is_active"]) == Some(true));
    addresses.iter().rev().max_by_key(worth)
}

fn parts(address: &Value) -> i64 {
    let keys = ["street_line_1", "city", "state_code", "postal_code"];
    keys.into_iter().filter(|key| lenient::text(&address[*key]).is_some()).count() as i64
}

/// The parts of an address travel together: never a street of one beside the city of another.
fn place(set: &mut Columns<'_>, address: &Value, number_is_valid: bool) {
    let precision = lenient::text(&address["location_type"]);
    let active = lenient::truth(&address["is_active"]) == Some(true);
    let found = columns::Place {
        street: lenient::text(&address["street_line_1"]),
        city: lenient::text(&address["city"]),
        state: lenient::text(&address["state_code"]),
        postal_code: lenient::text(&address["postal_code"]),
        country: lenient::text(&address["country_code"]),
        verified: precision.as_deref() == Some("Address") && active,
        confidence: PART * (parts(address) + i64::from(number_is_valid)),
    };
    let spot = &address["lat_long"];
    if set.place(&found, "whitepages") {
        set.set("address_type", precision);
        set.spot(&spot["latitude"], &spot["longitude"], lenient::text(&spot["accuracy"]));
    }
}

#[cfg(test)]
mod tests;
