//! `clearbit-company`: `GET https://company.clearbit.com/v2/companies/find?domain=…`.
//!
//! `location` is one line of text and the parts are in `geo`; the handle of LinkedIn begins with `company/` already.

use reqwest::{Client, RequestBuilder};
use serde_json::{Map, Value};

use super::CONFIDENCE;
use crate::providers::call::{CallError, Exchange};
use crate::providers::columns::{Columns, profile};
use crate::providers::finding::{Answer, Fact, Finding};
use crate::providers::input::Input;
use crate::providers::registry::Endpoint;
use crate::providers::{Line, domain, lenient, refusal, sizes};
use crate::vault::Credential;

/// The endpoint.
pub static ENDPOINT: Endpoint =
    Endpoint { provider: "clearbit-company", name: "companies/find", version: 1, subject, build, read };

fn subject(_: &Line, input: &Input) -> Option<String> {
    input.domain()
}

fn build(client: &Client, line: &Line, credential: &Credential, input: &Input) -> RequestBuilder {
    let request = super::get(client, line, credential, "/v2/companies/find");
    request.query(&[("domain", input.domain().unwrap_or_default())])
}

fn read(exchange: &Exchange, input: &Input) -> Result<Finding, CallError> {
    let body = refusal::json(exchange).unwrap_or_default();
    Ok(match super::judge(exchange)? {
        Answer::Data(company) => {
            let patch = patch(&company, input);
            let fact = if patch.is_empty() { Fact::Nothing } else { Fact::Company };
            Finding::new(fact, patch, body).billed("enrichment")
        }
        Answer::NoData => Finding::nothing(body),
    })
}

/// The company's columns; empty without a name, which every record has.
pub fn patch(company: &Value, input: &Input) -> Map<String, Value> {
    let mut set = Columns::new(input);
    let Some(name) = lenient::text(&company["name"]) else { return set.done() };
    // Whose number it is, the lookup knows better.
    set.fill("is_business", Some(true));
    set.set("business_name", Some(name));
    set.set("business_legal_name", lenient::text(&company["legalName"]));
    set.set("business_type", lenient::text(&company["type"]));
    set.set("business_category", lenient::text(&company["category"]["industry"]));
    set.set("business_industry", lenient::text(&company["category"]["sector"]));
    set.set("business_founded_year", lenient::whole(&company["foundedYear"]).filter(|y| (1000..=2999).contains(y)));
    set.set("business_description", lenient::text(&company["description"]));
    set.set("business_tags", lenient::texts(&company["tags"]));
    set.set("business_tech_stack", lenient::texts(&company["tech"]));
    sizes_of(&mut set, &company["metrics"]);
    place(&mut set, &company["geo"]);
    reach(&mut set, company);
    set.set("business_confidence", Some(CONFIDENCE));
    set.enriched("business", "clearbit-company");
    set.done()
}

/// Exact numbers first; Clearbit's own bands, which differ from ours, only where it has no number.
fn sizes_of(set: &mut Columns<'_>, metrics: &Value) {
    let employees = lenient::whole(&metrics["employees"]).filter(|n| (0..=i64::from(i32::MAX)).contains(n));
    set.set("business_employee_count", employees);
    let range = employees.map(|n| sizes::employees(n).to_owned());
    set.set("business_employee_range", range.or_else(|| sizes::employees_of(&metrics["employeesRange"])));
    let revenue = lenient::whole(&metrics["annualRevenue"]).filter(|n| *n >= 0);
    set.set("business_annual_revenue", revenue);
    let range = revenue.map(|n| sizes::revenue(n).to_owned());
    set.set("business_revenue_range", range.or_else(|| sizes::revenue_of(&metrics["estimatedAnnualRevenue"])));
}

fn place(set: &mut Columns<'_>, geo: &Value) {
    let street = [&geo["streetNumber"], &geo["streetName"]].map(lenient::text);
    let street: Vec<String> = street.into_iter().flatten().collect();
    set.set("business_address", Some(street.join(" ")).filter(|street| !street.is_empty()));
    set.set("business_city", lenient::text(&geo["city"]));
    set.set("business_state", lenient::any_text(geo, &["stateCode", "state"]));
    set.set("business_postal_code", lenient::text(&geo["postalCode"]));
    set.set("business_country", lenient::any_text(geo, &["countryCode", "country"]));
}

fn reach(set: &mut Columns<'_>, company: &Value) {
    if let Some(domain) = lenient::text(&company["domain"]).and_then(|text| domain::normalise(&text)) {
        set.set("business_website", Some(format!("https://{domain}")));
        // The domain of a mail service is nobody's employer.
        let service = lenient::truth(&company["emailProvider"]) == Some(true) || domain::is_free_mail(&domain);
        set.set("business_email_domain", (!service).then_some(domain));
    }
    let handle = lenient::text(&company["linkedin"]["handle"]);
    set.set("business_linkedin_url", profile("linkedin.com", "company", handle));
    set.set("business_twitter_handle", lenient::text(&company["twitter"]["handle"]));
}
