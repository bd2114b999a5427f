//! `clearbit-email`: `GET https://person.clearbit.com/v2/combined/find?email=…`: who is behind a *known* address.
//!
//! It finds no address. The answer has a `person` and a `company`, either of which may be null.

use reqwest::{Client, RequestBuilder};
use serde_json::{Map, Value};

use super::{CONFIDENCE, company};
use crate::providers::call::{CallError, Exchange};
use crate::providers::columns::{Columns, profile};
use crate::providers::finding::{Answer, Fact, Finding};
use crate::providers::input::Input;
use crate::providers::registry::Endpoint;
use crate::providers::{Line, domain, lenient, refusal};
use crate::vault::Credential;

/// The endpoint.
pub static ENDPOINT: Endpoint =
    Endpoint { provider: "clearbit-email", name: "combined/find", version: 1, subject, build, read };

/// A person who was matched by weak evidence overwrites nothing, and the company beside them counts for less.
const FUZZY_CONFIDENCE: i64 = 50;

fn subject(_: &Line, input: &Input) -> Option<String> {
    // An address that we put together ourselves proves nothing about whoever answers to it.
    input
        .email()
        .filter(|_| input.text("email_source").as_deref() != Some("pattern_guess") || input.is("email_verified"))
}

fn build(client: &Client, line: &Line, credential: &Credential, input: &Input) -> RequestBuilder {
    let name = input.name();
    let mut query = vec![("email", input.email().unwrap_or_default())];
    if line.dialect != "hunter" {
        query.extend(name.first.map(|first| ("given_name", first)));
        query.extend(name.last.map(|last| ("family_name", last)));
    }
    super::get(client, line, credential, "/v2/combined/find").query(&query)
}

fn read(exchange: &Exchange, input: &Input) -> Result<Finding, CallError> {
    let body = refusal::json(exchange).unwrap_or_default();
    let Answer::Data(answer) = super::judge(exchange)? else { return Ok(Finding::nothing(body)) };
    // A person alone (`people/find`) stands at the top.
    let person =
        if answer.get("person").is_some() || answer.get("company").is_some() { &answer["person"] } else { &answer };
    let mut patch = person_patch(person, input);
    let fuzzy = lenient::truth(&person["fuzzy"]) == Some(true);
    if !input.is("business_enriched") && answer["company"].is_object() {
        let mut company = company::patch(&answer["company"], input);
        if company.contains_key("business_name") {
            company.insert("business_provider".into(), "clearbit-email".into());
        }
        if fuzzy && company.contains_key("business_confidence") {
            company.insert("business_confidence".into(), FUZZY_CONFIDENCE.into());
        }
        company.extend(patch);
        patch = company;
    }
    let known = person.is_object() || answer["company"].is_object();
    let fact = if patch.is_empty() { Fact::Nothing } else { Fact::Person };
    let finding = Finding::new(fact, patch, body);
    Ok(if known { finding.billed("enrichment") } else { finding })
}

fn person_patch(person: &Value, input: &Input) -> Map<String, Value> {
    let mut set = Columns::new(input);
    if !person.is_object() || !is_ours(person, input) {
        return set.done();
    }
    let name = &person["name"];
    set.name(lenient::text(&name["givenName"]), lenient::text(&name["familyName"]), lenient::text(&name["fullName"]));
    let work = &person["employment"];
    set.fill("position", lenient::text(&work["title"]));
    set.fill("department", lenient::text(&work["role"]));
    set.fill("seniority", lenient::text(&work["seniority"]));
    set.fill("linkedin_url", profile("linkedin.com", "in", lenient::text(&person["linkedin"]["handle"])));
    set.fill("twitter_url", profile("twitter.com", "", lenient::text(&person["twitter"]["handle"])));
    set.fill("facebook_url", profile("facebook.com", "", lenient::text(&person["facebook"]["handle"])));
    employer(&mut set, work, person, input);
    set.done()
}

/// The employer, where nothing better is known; a weak match names none.
fn employer(set: &mut Columns<'_>, work: &Value, person: &Value, input: &Input) {
    if input.is("business_enriched") || lenient::truth(&person["fuzzy"]) == Some(true) {
        return;
    }
    set.fill("business_name", lenient::text(&work["name"]));
    let domain = lenient::text(&work["domain"]).and_then(|text| domain::normalise(&text));
    let service = lenient::truth(&person["emailProvider"]) == Some(true);
    set.fill("business_email_domain", domain.filter(|domain| !service && !domain::is_free_mail(domain)));
    if set.has("business_name") {
        set.fill("business_confidence", Some(CONFIDENCE));
    }
}

/// Whether the person is the one asked about: an answer that names another address is about another person.
fn is_ours(person: &Value, input: &Input) -> bool {
    match (lenient::text(&person["email"]).and_then(|email| domain::email(&email)), input.email()) {
        (Some(theirs), Some(ours)) => theirs == ours,
        _ => true,
    }
}
