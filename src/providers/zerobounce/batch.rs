//! `POST /validatebatch`: up to a hundred addresses in one request, each a credit as if it were asked for alone: it saves requests
//! and no money. Thirty a minute are allowed, and one more costs a pause of ten minutes: beyond them, each asks for itself.
//!
//! Source: <https://www.zerobounce.net/docs/email-validation-api-quickstart/v2-batch-validate-emails>.

use std::time::Instant;

use reqwest::{Client, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{SHIELD_PAUSE, error, finding};
use crate::outcome::ErrorKind;
use crate::providers::batching::{Batch, NO_BATCH, Waiting, parts, spread};
use crate::providers::call::{CallError, Exchange, Pass};
use crate::providers::finding::Finding;
use crate::providers::gateway::{Called, Gateway, Line};
use crate::providers::input::Input;
use crate::providers::{lenient, refusal};
use crate::vault::Credential;

/// Addresses in one request.
const ADDRESSES_MAX: usize = 100;
/// Requests of the whole fleet in a minute.
const IN_A_MINUTE: u32 = 30;
/// Their own clients wait seven times as long for a batch as we do for one address.
const LONGER: u32 = 7;

/// Asks together with others, as many as `size`; none: this one has to be asked for by itself.
pub async fn join(gateway: &Gateway, input: &Input, size: usize) -> Option<Called<Finding>> {
    let line = gateway.line("zerobounce")?;
    let (answer, answered) = oneshot::channel();
    let waiting = Waiting { input: input.clone(), answer };
    let batch = line.lookup.batching.join(waiting, size.min(ADDRESSES_MAX)).await;
    let Some(others) = batch.len().checked_sub(1) else { return answered.await.ok() };
    // One alone is asked for by a single request, and each is when the day's budget has no room for all.
    if others > 0
        && let Some(_held) = line.hold(others)
        && line.lookup.batching.take_one(IN_A_MINUTE, Instant::now())
    {
        ask(gateway, line, batch).await;
    } else {
        drop(batch);
    }
    answered.await.ok()
}

async fn ask(gateway: &Gateway, line: &Line, batch: Vec<Waiting>) {
    let (inputs, listeners) = parts(batch);
    let build = |client: &Client, line: &Line, credential: &Credential| request(client, line, credential, &inputs);
    let called = gateway.call("zerobounce", Pass::Ordinary, build, |exchange| read(exchange, &inputs)).await;
    if !spread(listeners, called) {
        tracing::warn!("ZeroBounce takes no batches now: its addresses are asked for one by one");
        line.lookup.batching.refused(SHIELD_PAUSE);
    }
}

fn request(client: &Client, line: &Line, credential: &Credential, inputs: &[Input]) -> RequestBuilder {
    let key = credential.field("api_key").map(|key| key.expose_secret().to_owned()).unwrap_or_default();
    let address = |input: &Input| json!({"email_address": input.email(), "ip_address": null});
    let body = json!({"api_key": key, "email_batch": inputs.iter().map(address).collect::<Vec<_>>()});
    let request = client.post(format!("{}/validatebatch", line.base_url)).header("content-type", "application/json");
    request.timeout(line.timeout.saturating_mul(LONGER)).body(body.to_string())
}

/// `{"email_batch":[…],"errors":[{"error":"…","email_address":"…"}]}`, where the address may be `all`.
fn read(exchange: &Exchange, inputs: &[Input]) -> Result<Batch, CallError> {
    let body = refusal::json(exchange);
    if exchange.status == 429 {
        let words = "too many batches in a minute";
        return Err(refusal::refusal(exchange, ErrorKind::NotSupported, Some(NO_BATCH.to_owned()), Some(words)));
    }
    if exchange.status != 200 {
        return Err(error(exchange, body.as_ref()));
    }
    let body = body.filter(Value::is_object).ok_or_else(|| refusal::unreadable(exchange))?;
    let refused = |address: &str| {
        lenient::items(&body["errors"])
            .iter()
            .find(|item| lenient::text(&item["email_address"]).as_deref() == Some(address))
    };
    if let Some(refused) = refused("all").or((!body["error"].is_null()).then_some(&body)) {
        return Err(error(exchange, Some(refused)));
    }
    let answers = lenient::items(&body["email_batch"]);
    let one = |input: &Input| {
        let email = input.email().unwrap_or_default();
        let is_ours = |item: &&Value| lenient::text(&item["address"]).is_some_and(|text| text.to_lowercase() == email);
        match answers.iter().find(is_ours) {
            Some(item) if lenient::text(&item["status"]).is_some() => Ok(finding(item.clone(), input)),
            _ => {
                Err(refused(&email).map_or_else(|| refusal::unreadable(exchange), |words| error(exchange, Some(words))))
            }
        }
    };
    Ok(inputs.iter().map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::fixture::input;

    fn inputs() -> Vec<Input> {
        ["Jane@harbor.example", "joe@harbor.example", "jim@harbor.example"]
            .map(|email| input(json!({"email": email})))
            .into()
    }

    fn batch(status: u16, body: &Value) -> Result<Batch, CallError> {
        read(&Exchange::new(status, body.to_string().as_bytes()), &inputs())
    }

    #[test]
    fn answers_find_their_addresses_in_any_order_and_errors_stay_with_theirs() {
        let answer =
            |address: &str| json!({"address": address, "status": "valid", "sub_status": "", "firstname": null});
        let found = batch(
            200,
            &json!({"email_batch": [answer("jim@harbor.example"), answer("Jane@Harbor.example")],
                    "errors": [{"error": "Invalid email", "email_address": "joe@harbor.example"}]}),
        )
        .unwrap();
        for place in [0, 2] {
            let found = found[place].as_ref().unwrap();
            assert_eq!((&found.patch["email_verified"], found.billed.len()), (&json!(true), 1));
        }
        assert_eq!(found[1].as_ref().unwrap_err().kind, ErrorKind::InvalidInput);
        let found =
            batch(200, &json!({"email_batch": [{"address": "jane@harbor.example", "status": ""}], "errors": []}));
        assert!(found.unwrap().iter().all(|found| found.as_ref().unwrap_err().kind == ErrorKind::InvalidResponse));
    }

    #[test]
    fn what_is_wrong_with_all_of_them_is_wrong_with_the_call() {
        let all = |words: &str| json!({"email_batch": [], "errors": [{"error": words, "email_address": "all"}]});
        let kind = |status: u16, body: &Value| batch(status, body).unwrap_err().kind;
        assert_eq!(kind(200, &all("Invalid API Key or your account ran out of credits")), ErrorKind::Auth);
        assert_eq!(kind(200, &all("You have run out of credits")), ErrorKind::Quota);
        assert_eq!(kind(200, &json!({"error": "Invalid API Key"})), ErrorKind::Auth);
        assert_eq!(kind(200, &json!([])), ErrorKind::InvalidResponse);
        assert_eq!(kind(503, &json!({})), ErrorKind::UpstreamError);
        let throttled = batch(429, &json!({"error": "Too many requests"})).unwrap_err();
        assert!(crate::providers::batching::is_unavailable(&throttled));
    }
}
