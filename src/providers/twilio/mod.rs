//! Twilio Lookup v2: one request for a number with all the packages that are wanted; several packages are one round trip.
//!
//! Source: <https://www.twilio.com/docs/lookup/v2-api> and Twilio's published OpenAPI description of Lookups.

mod answer;
pub mod batch;
mod patch;

use chrono::NaiveDate;
use reqwest::{Client, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use super::call::{CallError, Exchange, Pass};
use super::finding::{Fact, Finding};
use super::gateway::{Called, Gateway, Line};
use super::input::Input;
use super::prices::{MicroUsd, PriceBook};
use super::registry::Endpoint;
use super::verify::Check;
use crate::catalogue::LOOKUP_PACKAGES as PACKAGES;
use crate::outcome::ErrorKind;
use crate::vault::Credential;

pub use answer::{Answer, judge};
pub use patch::patch;

/// What to ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask {
    /// Packages; none = the free validation alone.
    pub packages: Vec<&'static str>,
    /// The day on which the owner was last known: required by `reassigned_number`, which is left out without it.
    pub last_verified: Option<NaiveDate>,
}

impl Ask {
    /// Reads a comma list of package names. Fails with the nearest known name.
    pub fn parse(text: &str) -> Result<Ask, String> {
        let mut ask = Ask::default();
        for name in text.split(',').map(str::trim).filter(|n| !n.is_empty()) {
            let Some(known) = PACKAGES.iter().find(|p| **p == name) else {
                let near = crate::catalogue::nearest(name, PACKAGES).unwrap_or("line_type_intelligence");
                return Err(format!("Twilio has no package {name}: did you mean {near}?"));
            };
            if !ask.packages.contains(known) {
                ask.packages.push(known);
            }
        }
        Ok(ask)
    }

    /// What goes into `Fields`.
    fn fields(&self) -> String {
        let asked = self.packages.iter().filter(|p| **p != "reassigned_number" || self.last_verified.is_some());
        asked.copied().collect::<Vec<_>>().join(",")
    }

    /// A name of the options, for the result cache's key.
    pub fn key(&self) -> String {
        let mut sorted = self.packages.clone();
        sorted.sort_unstable();
        sorted.join(",")
    }
}

/// The lookup as an endpoint: what is asked for are the line's packages.
pub static ENDPOINT: Endpoint = Endpoint {
    provider: "twilio",
    name: "lookups/v2",
    version: 1,
    subject: |line, input| Some(format!("{}|{}", input.phone(), asked(line).key())),
    build: |client, line, credential, input| request(client, line, credential, (&input.phone(), &asked(line))),
    read,
};

/// A free lookup (no `Fields`): the same host and right as the real work, also with a restricted key.
pub static CHECK: Check = Check {
    slot: "twilio",
    provider: "twilio",
    build: |client, line, credential| request(client, line, credential, (&line.verify_number, &Ask::default())),
    judge: |exchange| match judge(exchange) {
        // A number that Twilio does not like proves the credential as well.
        Err(error) if error.kind == ErrorKind::InvalidInput => Ok(()),
        judged => judged.map(|_| ()),
    },
};

fn asked(line: &Line) -> Ask {
    let known = PACKAGES.iter().copied().filter(|name| line.packages.iter().any(|p| p == name));
    Ask { packages: known.collect(), last_verified: None }
}

fn read(exchange: &Exchange, input: &Input) -> Result<Finding, CallError> {
    Ok(found(&judge(exchange)?, body(exchange), input))
}

fn found(answer: &Answer, body: Value, input: &Input) -> Finding {
    let mut finding = Finding::new(fact(answer), patch(answer, &input.phone()), body).billed("basic");
    finding.billed.extend(answer.answered().map(|package| (package, 1)));
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
    if let Some(day) = ask.last_verified {
        request = request.query(&[("LastVerifiedDate", day.format("%Y%m%d").to_string())]);
    }
    request
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_package_names_its_neighbour() {
        assert_eq!(Ask::parse("caller_nam"), Err("Twilio has no package caller_nam: did you mean caller_name?".into()));
        assert_eq!(Ask::parse("").unwrap().packages, Vec::<&str>::new());
    }

    #[test]
    fn reassigned_is_only_asked_with_the_date_that_it_needs() {
        let mut ask = Ask::parse("reassigned_number,caller_name").unwrap();
        assert_eq!(ask.fields(), "caller_name");
        ask.last_verified = NaiveDate::from_ymd_opt(2025, 1, 1);
        assert_eq!(ask.fields(), "reassigned_number,caller_name");
    }
}
