//! Truecaller: a name and a city behind a number. It never had a public server API for this, so it is off and has no
//! address of its own; whoever has a contract sets both.
//!
//! There is no street in its answers: it can never give a full address, and never a verified one.

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
use crate::vault::Credential;

/// The endpoint.
pub static ENDPOINT: Endpoint = Endpoint { provider: "truecaller", name: "search", version: 1, subject, build, read };

/// The most that a place without a street is worth, and what each of its parts is.
const CONFIDENCE_MAX: i64 = 40;
const PART: i64 = 20;

fn subject(_: &Line, input: &Input) -> Option<String> {
    Some(input.phone()).filter(|phone| !phone.is_empty())
}

fn build(client: &Client, line: &Line, credential: &Credential, input: &Input) -> RequestBuilder {
    let number = phone::national_digits(&input.phone()).unwrap_or_default();
    let country = input.country().unwrap_or_else(|| "US".to_owned());
    let request = client.get(format!("{}/v1/search", line.base_url));
    let request = request.query(&[("q", number.as_str()), ("countryCode", country.as_str()), ("type", "phone")]);
    match credential.field("token") {
        Some(token) => request.bearer_auth(token.expose_secret()),
        None => request,
    }
}

/// Reads an answer: the entries of `data`.
pub fn judge(exchange: &Exchange) -> Result<Answer, CallError> {
    let body = refusal::json(exchange);
    match (exchange.status, body) {
        (200, Some(Value::Object(mut map))) => match map.remove("data") {
            Some(data @ (Value::Array(_) | Value::Object(_))) if !lenient::first(&data).is_null() => {
                Ok(Answer::Data(data))
            }
            Some(Value::Array(_) | Value::Null) => Ok(Answer::NoData),
            _ => Err(refusal::unreadable(exchange)),
        },
        (200, _) => Err(refusal::unreadable(exchange)),
        (404, body) if body.is_some() || exchange.body.iter().all(u8::is_ascii_whitespace) => Ok(Answer::NoData),
        (_, body) => {
            let body = body.unwrap_or_default();
            let words =
                lenient::any_text(&body, &["message", "error"]).or_else(|| lenient::text(&body["error"]["message"]));
            Err(refusal(exchange, kind_of(exchange), None, words.as_deref()))
        }
    }
}

fn read(exchange: &Exchange, input: &Input) -> Result<Finding, CallError> {
    let body = refusal::json(exchange).unwrap_or_default();
    let Answer::Data(data) = judge(exchange)? else { return Ok(Finding::nothing(body)) };
    let entries = if data.is_array() { lenient::items(&data) } else { std::slice::from_ref(&data) };
    Ok(match entries.iter().find(|entry| is_ours(entry, input)) {
        Some(entry) => Finding::new(Fact::Owner, patch(entry, input), body).billed("search"),
        None => Finding::nothing(body).billed("search"),
    })
}

/// An entry without numbers is taken at its word; one with others only is somebody else.
fn is_ours(entry: &Value, input: &Input) -> bool {
    let numbers: Vec<String> =
        lenient::items(&entry["phones"]).iter().filter_map(|phone| lenient::text(&phone["e164Format"])).collect();
    let country = input.country();
    numbers.is_empty() || numbers.iter().any(|theirs| phone::is_same(theirs, &input.phone(), country.as_deref()))
}

fn patch(entry: &Value, input: &Input) -> Map<String, Value> {
    let mut set = Columns::new(input);
    let name = &entry["name"];
    set.name(lenient::text(&name["first"]), lenient::text(&name["last"]), lenient::text(name));
    let address = lenient::first(&entry["addresses"]);
    let (city, country) = (lenient::text(&address["city"]), lenient::text(&address["countryCode"]));
    let parts = i64::from(city.is_some()) + i64::from(country.is_some());
    let confidence = (PART * parts).min(CONFIDENCE_MAX);
    set.place(&columns::Place { city, country, confidence, ..columns::Place::default() }, "truecaller");
    set.done()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::outcome::ErrorKind;
    use crate::providers::Outcome;
    use crate::providers::fixture::{has, input, kind, patch, read};

    fn documented() -> Value {
        json!({"data":[{"id":"t1","name":"Jane Doe","altName":null,"score":0.9,"access":"PUBLIC","phones":[{"e164Format":"+14155550123","numberType":"MOBILE","carrier":"Harbor Wireless","countryCode":"US","type":"openPhone"}],
               "addresses":[{"city":"Oakland","countryCode":"US","timeZone":"-08:00","type":"address"}],"internetAddresses":[{"id":"jane@northwind-harbor.example","service":"email","caption":"Jane Doe","type":"internetAddress"}]}]})
    }

    #[test]
    fn defect_21_a_place_without_a_street_is_worth_little_and_never_verified() {
        has(
            &patch(&ENDPOINT, &documented(), json!({})),
            &json!({
                "full_name": "Jane Doe", "consumer_city": "Oakland", "consumer_country": "US", "address_confidence": 40, "address_verified": false,
                "address_enriched": null, "consumer_address": null, "email": null,
            }),
        );
    }

    #[test]
    fn the_name_is_text_or_an_object_and_another_number_is_another_person() {
        let mut body = documented();
        body["data"][0]["name"] = json!({"first": "Jane", "last": "Doe"});
        has(
            &patch(&ENDPOINT, &body, json!({})),
            &json!({"first_name": "Jane", "last_name": "Doe", "full_name": "Jane Doe"}),
        );
        body["data"][0]["phones"][0]["e164Format"] = json!("+14155550199");
        let finding = read(&ENDPOINT, 200, &body.to_string(), &input(json!({}))).unwrap();
        assert_eq!((finding.outcome, finding.patch.len()), (Outcome::NoData, 0));
    }

    #[test]
    fn every_refusal_has_its_kind() {
        for (status, expected) in [
            (401, ErrorKind::Auth),
            (403, ErrorKind::Auth),
            (429, ErrorKind::RateLimited),
            (400, ErrorKind::InvalidInput),
            (500, ErrorKind::UpstreamError),
        ] {
            assert_eq!(kind(&ENDPOINT, status, r#"{"message":"no"}"#), expected, "{status}");
        }
        for (status, body) in [(404, ""), (404, "{}"), (200, r#"{"data":[]}"#), (200, r#"{"data":null}"#)] {
            assert_eq!(
                read(&ENDPOINT, status, body, &input(json!({}))).unwrap().outcome,
                Outcome::NoData,
                "{status} {body}"
            );
        }
        assert_eq!(kind(&ENDPOINT, 200, "{}"), ErrorKind::InvalidResponse);
        assert_eq!(kind(&ENDPOINT, 404, "<html>"), ErrorKind::InvalidResponse);
    }
}
