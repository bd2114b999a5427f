//! `GET /v2/domain-search`: a domain's known addresses and their pattern. One call serves everybody of a company.

use reqwest::{Client, RequestBuilder};
use serde_json::{Map, Value};

use super::pattern;
use crate::providers::call::{CallError, Exchange};
use crate::providers::columns::{Columns, profile};
use crate::providers::finding::{Answer, Fact, Finding};
use crate::providers::input::Input;
use crate::providers::registry::Endpoint;
use crate::providers::{Line, domain, lenient, refusal};
use crate::vault::Credential;

/// The endpoint.
pub static ENDPOINT: Endpoint =
    Endpoint { provider: "hunter", name: "domain-search", version: 1, subject, build, read };

/// Ten addresses are one credit.
const ADDRESSES: &str = "10";

fn subject(_: &Line, input: &Input) -> Option<String> {
    input.domain()
}

fn build(client: &Client, line: &Line, credential: &Credential, input: &Input) -> RequestBuilder {
    let query = [("domain", input.domain().unwrap_or_default()), ("limit", ADDRESSES.to_owned())];
    super::get(client, line, credential, "/domain-search").query(&query)
}

fn read(exchange: &Exchange, input: &Input) -> Result<Finding, CallError> {
    let body = refusal::json(exchange).unwrap_or_default();
    let Answer::Data(data) = super::judge(exchange)? else { return Ok(Finding::nothing(body)) };
    let pattern = lenient::text(&data["pattern"]);
    let found = lenient::items(&data["emails"]);
    let person = found.iter().find(|entry| is_ours(entry, input));
    let patch = match person {
        Some(entry) => found_patch(entry, input),
        // Without a pattern the commonest one is all that is left.
        None if belongs(&data) => pattern::guess(pattern.as_deref(), input),
        None => Map::new(),
    };
    let finding = Finding::new(Fact::Pattern, patch, body);
    Ok(if found.is_empty() { finding } else { finding.billed("search") })
}

/// Whether addresses there belong to one employer.
fn belongs(data: &Value) -> bool {
    let yes = |key: &str| lenient::truth(&data[key]) == Some(true);
    !yes("webmail") && !yes("disposable")
}

/// A personal address with the first and last name that we know.
fn is_ours(entry: &Value, input: &Input) -> bool {
    let name = input.name();
    let same = |ours: Option<&str>, theirs: &Value| {
        let theirs = lenient::text(theirs);
        ours.zip(theirs).is_some_and(|(ours, theirs)| ours.to_lowercase() == theirs.to_lowercase())
    };
    same(name.first.as_deref(), &entry["first_name"]) && same(name.last.as_deref(), &entry["last_name"])
}

fn found_patch(entry: &Value, input: &Input) -> Map<String, Value> {
    let mut set = Columns::new(input);
    let Some(email) = lenient::text(&entry["value"]).and_then(|email| domain::email(&email)) else { return set.done() };
    let status = lenient::text(&entry["verification"]["status"]);
    set.set("email_verified", Some(status.as_deref() == Some("valid")));
    set.set("email", Some(email));
    set.set("email_status", status);
    set.set("email_score", lenient::score(&entry["confidence"]));
    set.set("email_source", Some("hunter"));
    set.enriched("email", "hunter");
    set.name(lenient::text(&entry["first_name"]), lenient::text(&entry["last_name"]), None);
    for column in ["position", "seniority", "department"] {
        set.fill(column, lenient::text(&entry[column]));
    }
    set.fill("linkedin_url", profile("linkedin.com", "in", lenient::text(&entry["linkedin"])));
    set.fill("twitter_url", profile("twitter.com", "", lenient::text(&entry["twitter"])));
    set.done()
}
