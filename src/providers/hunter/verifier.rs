//! `GET /v2/email-verifier`: whether an address exists. Half a credit; 202 while the check runs.

use reqwest::{Client, RequestBuilder};
use serde_json::Value;

use crate::providers::call::{CallError, Exchange};
use crate::providers::columns::Columns;
use crate::providers::finding::{Answer, Fact, Finding};
use crate::providers::input::Input;
use crate::providers::registry::Endpoint;
use crate::providers::{Line, lenient, refusal};
use crate::vault::Credential;

/// The endpoint.
pub static ENDPOINT: Endpoint =
    Endpoint { provider: "hunter", name: "email-verifier", version: 1, subject, build, read };

fn subject(_: &Line, input: &Input) -> Option<String> {
    input.email()
}

fn build(client: &Client, line: &Line, credential: &Credential, input: &Input) -> RequestBuilder {
    super::get(client, line, credential, "/email-verifier").query(&[("email", input.email().unwrap_or_default())])
}

fn read(exchange: &Exchange, input: &Input) -> Result<Finding, CallError> {
    let body = refusal::json(exchange).unwrap_or_default();
    let Answer::Data(data) = super::judge(exchange)? else { return Ok(Finding::nothing(body)) };
    let Some(status) = lenient::text(&data["status"]) else { return Err(refusal::unreadable(exchange)) };
    // A server that refused the test says nothing about the address.
    let unjudged = status == "unknown" || lenient::truth(&data["block"]) == Some(true);
    let fact = if unjudged { Fact::Unverified } else { Fact::Verified };
    Ok(Finding::new(fact, patch(&status, &data, input), body).billed("verification"))
}

fn patch(status: &str, data: &Value, input: &Input) -> serde_json::Map<String, Value> {
    let mut set = Columns::new(input);
    let verified = status == "valid";
    set.set("email_status", Some(status));
    set.set("email_sub_status", Some(Value::Null));
    set.set("email_verified", Some(verified));
    set.set("email_score", lenient::score(&data["score"]));
    if verified {
        // Only now is a guess more than that.
        set.confirmed("email", "hunter");
    }
    set.done()
}
