//! `GET /v2/email-finder`: the address of a person at a domain or company. A credit if one is found, free if not.

use reqwest::{Client, RequestBuilder};
use serde_json::{Map, Value};

use crate::contacts::phone;
use crate::providers::call::{CallError, Exchange};
use crate::providers::columns::{Columns, profile};
use crate::providers::finding::{Answer, Fact, Finding};
use crate::providers::input::Input;
use crate::providers::registry::Endpoint;
use crate::providers::{Line, domain, lenient, refusal};
use crate::vault::Credential;

/// The endpoint.
pub static ENDPOINT: Endpoint = Endpoint { provider: "hunter", name: "email-finder", version: 1, subject, build, read };

/// What the answer may take on its way, in seconds.
const MARGIN_S: u64 = 2;

fn subject(_: &Line, input: &Input) -> Option<String> {
    let query = query(input)?;
    Some(query.iter().map(|(_, value)| value.to_lowercase()).collect::<Vec<_>>().join("|"))
}

/// Where the person works, and who it is; none if either is unknown.
fn query(input: &Input) -> Option<Vec<(&'static str, String)>> {
    let place = input.domain().map(|domain| ("domain", domain));
    let mut query = vec![place.or_else(|| Some(("company", input.text("business_name")?)))?];
    let name = input.name();
    match (name.first, name.last, name.full) {
        (Some(first), Some(last), _) => query.extend([("first_name", first), ("last_name", last)]),
        (_, _, Some(full)) => query.push(("full_name", full)),
        _ => return None,
    }
    Some(query)
}

fn build(client: &Client, line: &Line, credential: &Credential, input: &Input) -> RequestBuilder {
    let mut query = query(input).unwrap_or_default();
    // Hunter looks for as long as it is let: it must end before our own time-out does.
    let seconds = line.timeout.as_secs().saturating_sub(MARGIN_S).clamp(3, 20);
    query.push(("max_duration", seconds.to_string()));
    super::get(client, line, credential, "/email-finder").query(&query)
}

fn read(exchange: &Exchange, input: &Input) -> Result<Finding, CallError> {
    let body = refusal::json(exchange).unwrap_or_default();
    let Answer::Data(data) = super::judge(exchange)? else { return Ok(Finding::nothing(body)) };
    let patch = patch(&data, input);
    Ok(match patch.is_empty() {
        true => Finding::nothing(body),
        false => Finding::new(Fact::Address, patch, body).billed("search"),
    })
}

/// The columns; empty if no address was found.
fn patch(data: &Value, input: &Input) -> Map<String, Value> {
    let mut set = Columns::new(input);
    let Some(email) = lenient::text(&data["email"]).and_then(|email| domain::email(&email)) else { return set.done() };
    let status = lenient::text(&data["verification"]["status"]);
    set.set("email_verified", Some(status.as_deref() == Some("valid")));
    set.set("email", Some(email));
    set.set("email_status", status);
    set.set("email_score", lenient::score(&data["score"]));
    set.set("email_source", Some("hunter"));
    set.enriched("email", "hunter");
    set.name(lenient::text(&data["first_name"]), lenient::text(&data["last_name"]), None);
    set.fill("position", lenient::text(&data["position"]));
    set.fill("linkedin_url", profile("linkedin.com", "in", lenient::text(&data["linkedin_url"])));
    set.fill("twitter_url", profile("twitter.com", "", lenient::text(&data["twitter"])));
    let domain = lenient::text(&data["domain"]).and_then(|text| domain::normalise(&text));
    if input.domain().is_none() {
        // Asked by the company's name: now its domain is known, too.
        set.fill("business_email_domain", domain.filter(|domain| !domain::is_free_mail(domain)));
    }
    note(&mut set, data, input);
    set.done()
}

/// Another number for the person is written down, and ours stays.
fn note(set: &mut Columns<'_>, data: &Value, input: &Input) {
    let theirs = lenient::text(&data["phone_number"]);
    let other = theirs.filter(|theirs| !phone::is_same(theirs, &input.phone(), input.country().as_deref()));
    set.fill("lookup_note", other.map(|other| format!("Hunter knows another number of this person: {other}")));
}
