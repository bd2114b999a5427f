//! `clearbit-phone`: `GET https://prospector.clearbit.com/v1/people/search?phone=%2B…`.
//!
//! The documented filters are others; `phone` may be ignored, and then the answer is about anybody. A person is taken only
//! if the answer itself gives our number for them.

use reqwest::{Client, RequestBuilder};
use serde_json::{Map, Value};

use super::CONFIDENCE;
use crate::contacts::phone;
use crate::providers::call::{CallError, Exchange};
use crate::providers::columns::Columns;
use crate::providers::finding::{Answer, Fact, Finding};
use crate::providers::input::Input;
use crate::providers::registry::Endpoint;
use crate::providers::{Line, domain, lenient, refusal};
use crate::vault::Credential;

/// The endpoint.
pub static ENDPOINT: Endpoint =
    Endpoint { provider: "clearbit-phone", name: "people/search", version: 1, subject, build, read };

fn subject(_: &Line, input: &Input) -> Option<String> {
    Some(input.phone()).filter(|phone| !phone.is_empty())
}

fn build(client: &Client, line: &Line, credential: &Credential, input: &Input) -> RequestBuilder {
    super::get(client, line, credential, "/v1/people/search").query(&[("phone", input.phone())])
}

fn read(exchange: &Exchange, input: &Input) -> Result<Finding, CallError> {
    let body = refusal::json(exchange).unwrap_or_default();
    let Answer::Data(page) = super::judge(exchange)? else { return Ok(Finding::nothing(body)) };
    if !page["results"].is_array() && !page["results"].is_null() {
        return Err(refusal::unreadable(exchange));
    }
    Ok(match ours(&page, input) {
        Some(person) => Finding::new(Fact::Owner, patch(person, input), body).billed("search"),
        // A page of strangers was searched for all the same.
        None if !lenient::items(&page["results"]).is_empty() => Finding::nothing(body).billed("search"),
        None => Finding::nothing(body),
    })
}

/// The first person whose number is ours.
fn ours<'a>(page: &'a Value, input: &Input) -> Option<&'a Value> {
    let same = |person: &&Value| {
        let theirs = lenient::text(&person["phone"]);
        theirs.is_some_and(|theirs| phone::is_same(&theirs, &input.phone(), input.country().as_deref()))
    };
    lenient::items(&page["results"]).iter().find(same)
}

/// The columns of a person whose number is confirmed.
fn patch(person: &Value, input: &Input) -> Map<String, Value> {
    let mut set = Columns::new(input);
    let name = &person["name"];
    let full = lenient::text(name).or_else(|| lenient::text(&name["fullName"]));
    set.name(lenient::text(&name["givenName"]), lenient::text(&name["familyName"]), full);
    set.fill("position", lenient::text(&person["title"]));
    set.fill("department", lenient::text(&person["role"]));
    set.fill("seniority", lenient::text(&person["seniority"]));
    company(&mut set, &person["company"]);
    if let Some(email) = lenient::text(&person["email"]).and_then(|email| domain::email(&email))
        && !input.is("email_verified")
    {
        let verified = lenient::truth(&person["verified"]) == Some(true);
        set.set("email", Some(email));
        set.set("email_source", Some("clearbit"));
        set.set("email_verified", Some(verified));
        set.set("email_status", Some(if verified { "valid" } else { "unverified" }));
        set.enriched("email", "clearbit-phone");
    }
    set.done()
}

fn company(set: &mut Columns<'_>, company: &Value) {
    let Some(name) = lenient::text(&company["name"]) else { return };
    // Whose number it is, the lookup knows better.
    set.fill("is_business", Some(true));
    set.set("business_name", Some(name));
    let domain = lenient::text(&company["domain"]).and_then(|text| domain::normalise(&text));
    set.set("business_email_domain", domain.filter(|domain| !domain::is_free_mail(domain)));
    set.set("business_confidence", Some(CONFIDENCE));
    set.enriched("business", "clearbit-phone");
}
