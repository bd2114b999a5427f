//! `POST /v2/batch/query`: many numbers in one request, each answered for itself.
//!
//! It is in Twilio's description, but not every account has it, and the largest batch is not documented: a setting, off
//! unless it is switched on, and the single GET where it is refused (403, 404).

use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use super::answer::{self, Answer};
use super::{Ask, found};
use crate::outcome::ErrorKind;
use crate::providers::batching::{Batch, NO_BATCH, Waiting, is_unavailable, parts, spread};
use crate::providers::call::{CallError, Exchange, Pass};
use crate::providers::finding::Finding;
use crate::providers::gateway::{Called, Gateway, Line};
use crate::providers::input::Input;
use crate::providers::{lenient, refusal};
use crate::vault::Credential;

/// How long single requests are made after the account turned out to have no batches.
const REFUSED_FOR: Duration = Duration::from_secs(3600);

/// Packages that a batch takes, by Twilio's published description; the others are asked for by single requests.
const TAKEN: [&str; 8] = [
    "caller_name",
    "sim_swap",
    "call_forwarding",
    "line_status",
    "line_type_intelligence",
    "identity_match",
    "reassigned_number",
    "sms_pumping_risk",
];

/// Asks for all these contacts' numbers at once. The call fails as a whole, or each number is answered or refused.
pub async fn query(gateway: &Gateway, pass: Pass, inputs: &[Input]) -> Called<Batch> {
    let build = |client: &Client, line: &Line, credential: &Credential| request(client, line, credential, inputs);
    gateway.call("twilio", pass, build, |exchange| read(exchange, inputs)).await
}

/// Asks together with others, as many as `size`; none: this one has to be asked for by itself.
pub async fn join(gateway: &Gateway, input: &Input, size: usize) -> Option<Called<Finding>> {
    let line = gateway.line("twilio")?;
    if !Ask::of(line, input).packages.iter().all(|package| TAKEN.contains(package)) {
        return None;
    }
    let (answer, answered) = oneshot::channel();
    let batch = line.lookup.batching.join(Waiting { input: input.clone(), answer }, size).await;
    let Some(others) = batch.len().checked_sub(1) else { return answered.await.ok() };
    // Where the day's budget has no room for all, each is asked for by itself.
    match line.hold(others) {
        Some(_held) => ask(gateway, line, batch).await,
        None => drop(batch),
    }
    answered.await.ok()
}

/// Asks for all of them and tells each its own answer; one that is told nothing asks for itself.
async fn ask(gateway: &Gateway, line: &Line, batch: Vec<Waiting>) {
    let (inputs, listeners) = parts(batch);
    if !spread(listeners, query(gateway, Pass::Ordinary, &inputs).await) {
        tracing::warn!("this account has no batch/query: its numbers are asked for one by one");
        line.lookup.batching.refused(REFUSED_FOR);
    }
}

/// Whether the account has batches, by one of this number without any package, which is free.
pub async fn probe(gateway: &Gateway, phone: &str) -> Called<bool> {
    let inputs = [Input::new(Map::from_iter([("phone_e164".to_owned(), Value::from(phone))]))];
    let build = |client: &Client, line: &Line, credential: &Credential| {
        post(client, line, credential, &body(&inputs, |_| Ask::default()))
    };
    let judge = |exchange: &Exchange| match read(exchange, &inputs) {
        Err(error) if is_unavailable(&error) => Ok(false),
        read => read.map(|_| true),
    };
    gateway.call("twilio", Pass::Ordinary, build, judge).await
}

fn request(client: &Client, line: &Line, credential: &Credential, inputs: &[Input]) -> RequestBuilder {
    post(client, line, credential, &body(inputs, |input| Ask::of(line, input)))
}

fn post(client: &Client, line: &Line, credential: &Credential, body: &Value) -> RequestBuilder {
    let request = client.post(format!("{}/v2/batch/query", line.base_url)).header("content-type", "application/json");
    let request = match credential.basic() {
        Some((user, password)) => request.basic_auth(user.expose_secret(), Some(password.expose_secret())),
        None => request,
    };
    request.body(body.to_string())
}

/// The place in the batch is the correlation id.
fn body(inputs: &[Input], ask: impl Fn(&Input) -> Ask) -> Value {
    let number = |(place, input): (usize, &Input)| {
        let mut number = ask(input).body();
        number.insert("correlation_id".into(), place.to_string().into());
        number.insert("phone_number".into(), input.phone().into());
        Value::from(number)
    };
    json!({"phone_numbers": inputs.iter().enumerate().map(number).collect::<Vec<_>>()})
}

fn read(exchange: &Exchange, inputs: &[Input]) -> Result<Batch, CallError> {
    if matches!(exchange.status, 403 | 404) {
        let words = "this account has no batch/query";
        return Err(refusal::refusal(exchange, ErrorKind::NotSupported, Some(NO_BATCH.to_owned()), Some(words)));
    }
    if exchange.status != 200 {
        return Err(answer::error(exchange));
    }
    let body = refusal::json(exchange).ok_or_else(|| refusal::unreadable(exchange))?;
    let listed = if body.is_array() { &body } else { &body["phone_numbers"] };
    if !listed.is_array() {
        return Err(refusal::unreadable(exchange));
    }
    let of = |place: usize| {
        let place = place.to_string();
        lenient::items(listed).iter().find(|item| lenient::text(&item["correlation_id"]).as_ref() == Some(&place))
    };
    Ok(inputs.iter().enumerate().map(|(place, input)| one(exchange, of(place), input)).collect())
}

/// One number's answer: its own error code, or what a single request would have brought.
fn one(exchange: &Exchange, item: Option<&Value>, input: &Input) -> Result<Finding, CallError> {
    let missing =
        || refusal::refusal(exchange, ErrorKind::InvalidResponse, None, Some("the batch's answer lacks this number"));
    let item = item.ok_or_else(missing)?;
    if let Some(code) = lenient::whole(&item["twilio_error_code"]).filter(|code| *code != 0) {
        let words = lenient::any_text(item, &["message", "error_message"]);
        let words = words.unwrap_or_else(|| format!("Twilio's code {code} for this number"));
        return Err(refusal::refusal(exchange, answer::kind_of_number(code), Some(code.to_string()), Some(&words)));
    }
    let answer: Answer = serde_json::from_value(item.clone()).map_err(|_| refusal::unreadable(exchange))?;
    let mut body = item.clone();
    if let Some(map) = body.as_object_mut() {
        map.remove("correlation_id");
        map.remove("twilio_error_code");
    }
    Ok(found(&answer, body, input))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::fixture::input;

    fn inputs() -> Vec<Input> {
        ["+14155550123", "+14155550124", "+14155550125"].map(|phone| input(json!({"phone_e164": phone}))).into()
    }

    fn batch(status: u16, body: &Value) -> Result<Batch, CallError> {
        read(&Exchange::new(status, body.to_string().as_bytes()), &inputs())
    }

    #[test]
    fn each_number_is_asked_for_with_the_packages_and_its_place() {
        let asked = body(&inputs(), |_| Ask::parse("line_type_intelligence").unwrap());
        assert_eq!(
            asked["phone_numbers"][2],
            json!({"correlation_id": "2", "phone_number": "+14155550125", "fields": ["line_type_intelligence"]})
        );
    }

    #[test]
    fn answers_find_their_numbers_in_any_order_and_errors_stay_with_theirs() {
        let body = json!([
            {"correlation_id": "1", "twilio_error_code": 60600, "phone_number": "+14155550124"},
            {"correlation_id": 0, "twilio_error_code": null, "phone_number": "+14155550123", "valid": true, "country_code": "US"},
        ]);
        for body in [json!({"phone_numbers": body}), body] {
            let found = batch(200, &body).unwrap();
            let first = found[0].as_ref().unwrap();
            assert_eq!((&first.patch["phone_valid"], &first.patch["lookup_note"]), (&json!(true), &Value::Null));
            assert!(first.body.get("correlation_id").is_none());
            let kinds: Vec<_> = found[1..].iter().map(|f| f.as_ref().unwrap_err().kind).collect();
            assert_eq!(kinds, [ErrorKind::NotSupported, ErrorKind::InvalidResponse]);
        }
    }

    #[test]
    fn an_account_without_batches_is_told_apart_from_a_wrong_credential() {
        for status in [403, 404] {
            let refused = batch(status, &json!({"code": 20003, "status": status})).unwrap_err();
            assert!(is_unavailable(&refused) && refused.kind == ErrorKind::NotSupported);
        }
        let refused = batch(401, &json!({"code": 20003, "status": 401})).unwrap_err();
        assert!(!is_unavailable(&refused) && refused.kind == ErrorKind::Auth);
        assert_eq!(batch(429, &json!({"code": 20429})).unwrap_err().kind, ErrorKind::RateLimited);
        assert_eq!(batch(200, &json!({"odd": 1})).unwrap_err().kind, ErrorKind::InvalidResponse);
    }
}
