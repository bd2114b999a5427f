//! Twilio Lookup v2: one request for a number with all the packages that are wanted; several packages are one round trip.
//!
//! Source: <https://www.twilio.com/docs/lookup/v2-api> and Twilio's published OpenAPI description of Lookups.

mod answer;
mod ask;
pub mod batch;
mod patch;

use reqwest::{Client, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use super::call::{CallError, Exchange, Pass};
use super::finding::{Fact, Finding};
use super::gateway::{Called, Gateway, Line};
use super::input::Input;
use super::packages::NOT_ENABLED;
use super::prices::{MicroUsd, PriceBook};
use super::registry::Endpoint;
use super::verify::Check;
use crate::outcome::ErrorKind;
use crate::vault::Credential;

pub use answer::{Answer, judge};
pub use ask::Ask;
pub use patch::patch;

/// The lookup as an endpoint: what is asked for are the line's packages.
pub static ENDPOINT: Endpoint = Endpoint {
    provider: "twilio",
    name: "lookups/v2",
    version: 1,
    subject: |line, input| Some(format!("{}|{}", input.phone(), Ask::of(line, input).key())),
    build: |client, line, credential, input| request(client, line, credential, (&input.phone(), &Ask::of(line, input))),
    read,
};

/// A free lookup (no `Fields`): the same host and right as the real work, also with a restricted key.
pub static CHECK: Check = Check {
    slot: "twilio",
    provider: "twilio",
    build: |client, line, credential| request(client, line, credential, (&line.lookup.verify_number, &Ask::default())),
    judge: |exchange| match judge(exchange) {
        // A number that Twilio does not like proves the credential as well.
        Err(error) if error.kind == ErrorKind::InvalidInput => Ok(()),
        judged => judged.map(|_| ()),
    },
};

fn read(exchange: &Exchange, input: &Input) -> Result<Finding, CallError> {
    Ok(found(&judge(exchange)?, body(exchange), input))
}

fn found(answer: &Answer, body: Value, input: &Input) -> Finding {
    let mut finding = Finding::new(fact(answer), patch(answer, &input.phone()), body).billed("basic");
    finding.billed.extend(answer.answered().map(|package| (package, 1)));
    finding.lacking = answer.codes().filter(|(_, code)| *code == NOT_ENABLED).map(|(package, _)| package).collect();
    finding
}

/// What spoils first decides: a SIM swap is true at its moment only, a risk for a day.
fn fact(answer: &Answer) -> Fact {
    if answer.sim_swap.is_some() || answer.reassigned_number.is_some() {
        Fact::Moment
    } else if answer.sms_pumping_risk.is_some() || answer.phone_number_quality_score.is_some() {
        Fact::Risk
    } else {
        Fact::Line
    }
}

fn request(client: &Client, line: &Line, credential: &Credential, (phone, ask): (&str, &Ask)) -> RequestBuilder {
    // `+` is the only character of E.164 that a path segment has to escape.
    let url = format!("{}/v2/PhoneNumbers/{}", line.base_url, phone.replace('+', "%2B"));
    let mut request = client.get(url);
    if let Some((user, password)) = credential.basic() {
        request = request.basic_auth(user.expose_secret(), Some(password.expose_secret()));
    }
    let fields = ask.fields();
    if !fields.is_empty() {
        request = request.query(&[("Fields", fields)]);
    }
    let parameters = ask.parameters();
    if parameters.is_empty() { request } else { request.query(&parameters) }
}

/// Looks `phone` (E.164) up.
pub async fn lookup(gateway: &Gateway, pass: Pass, phone: &str, ask: &Ask) -> Called<Answer> {
    let build = |client: &Client, line: &Line, credential: &Credential| request(client, line, credential, (phone, ask));
    gateway.call("twilio", pass, build, judge).await
}

/// What the answer costs by the price book, and each package with its price: only what was really answered is charged.
pub fn cost(answer: &Answer, prices: &PriceBook) -> (MicroUsd, Vec<(&'static str, MicroUsd)>) {
    let mut parts = vec![("basic", prices.price("twilio", "basic"))];
    for package in answer.answered() {
        parts.push((package, prices.price("twilio", package)));
    }
    (parts.iter().map(|(_, price)| price).sum(), parts)
}

/// The body as it is kept: parsed JSON.
pub fn body(exchange: &Exchange) -> Value {
    serde_json::from_slice(&exchange.body).unwrap_or(Value::Object(Map::new()))
}

/// The error that a body of Twilio's describes.
pub fn error(exchange: &Exchange) -> CallError {
    answer::error(exchange)
}
