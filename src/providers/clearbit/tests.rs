use serde_json::{Value, json};

use super::*;
use crate::providers::Outcome;
use crate::providers::fixture::{has, input, kind, patch, read};

fn company() -> Value {
    json!({"id":"c_1","name":"Northwind Harbor","legalName":"Northwind Harbor Ltd","domain":"northwind-harbor.example","domainAliases":[],"site":{"phoneNumbers":["+1 415-555-0100"],"emailAddresses":[]},
     "category":{"sector":"Industrials","industryGroup":"Transportation","industry":"Marine","subIndustry":"Marine Ports","sicCode":"44","naicsCode":"48"},
     "tags":["Logistics"],"description":"Harbour logistics.","foundedYear":1998,"location":"1 Pier St, Oakland, CA 94607, USA","timeZone":"America/Los_Angeles","utcOffset":-8,
     "geo":{"streetNumber":"1","streetName":"Pier St","subPremise":null,"city":"Oakland","postalCode":"94607","state":"California","stateCode":"CA","country":"United States","countryCode":"US","lat":37.8,"lng":-122.3},
     "linkedin":{"handle":"company/northwind-harbor"},"twitter":{"handle":"nwharbor"},"facebook":{"handle":"nwharbor"},"emailProvider":false,"type":"private","ticker":null,"phone":null,
     "metrics":{"employees":320,"employeesRange":"251-1K","annualRevenue":null,"estimatedAnnualRevenue":"$50M-$100M","marketCap":null,"raised":null},
     "tech":["postgresql","nginx"],"parent":{"domain":null},"indexedAt":"2025-02-01T00:00:00Z"})
}

fn people(phone: Value) -> Value {
    json!({"page":1,"page_size":5,"total":1,"results":[{"id":"p_1","name":{"fullName":"Jane Doe","givenName":"Jane","familyName":"Doe"},"title":"Head of Sales","role":"sales","seniority":"manager",
     "company":{"name":"Northwind Harbor"},"email":"jane@northwind-harbor.example","location":"Oakland, CA, US","phone":phone,"verified":true}]})
}

fn combined() -> Value {
    json!({"person":{"id":"x","name":{"fullName":"Jane Doe","givenName":"Jane","familyName":"Doe"},"email":"jane@northwind-harbor.example","location":"Oakland","timeZone":"America/Los_Angeles",
     "geo":{"city":"Oakland","state":"California","stateCode":"CA","country":"United States","countryCode":"US","lat":37.8,"lng":-122.3},
     "employment":{"domain":"northwind-harbor.example","name":"Northwind Harbor","title":"Head of Sales","role":"sales","subRole":null,"seniority":"manager"},
     "linkedin":{"handle":"in/janedoe"},"twitter":{"handle":"janedoe"},"facebook":{"handle":null},"fuzzy":false,"emailProvider":false},"company":null})
}

#[test]
fn the_documented_company_fills_every_business_column_that_it_names() {
    has(
        &patch(&company::ENDPOINT, &company(), json!({})),
        &json!({
            "business_name": "Northwind Harbor", "business_legal_name": "Northwind Harbor Ltd", "business_type": "private",
            "business_category": "Marine", "business_industry": "Industrials", "business_employee_count": 320,
            "business_employee_range": "201-500", "business_annual_revenue": null, "business_revenue_range": "$50M-$100M",
            "business_founded_year": 1998, "business_address": "1 Pier St", "business_city": "Oakland", "business_state": "CA",
            "business_postal_code": "94607", "business_country": "US", "business_website": "https://northwind-harbor.example",
            "business_email_domain": "northwind-harbor.example", "business_twitter_handle": "nwharbor",
            "business_linkedin_url": "https://www.linkedin.com/company/northwind-harbor", "business_description": "Harbour logistics.",
            "business_tags": ["Logistics"], "business_tech_stack": ["postgresql", "nginx"], "business_provider": "clearbit-company",
            "business_confidence": 85, "business_enriched": true, "business_enriched_at": true, "is_business": true,
        }),
    );
}

#[test]
fn defect_15_a_location_that_is_text_or_an_object_crashes_nothing_and_the_handle_is_joined_once() {
    for location in [json!("1 Pier St"), json!({"city": "Nowhere"}), json!(7), Value::Null] {
        let mut body = company();
        body["location"] = location;
        has(&patch(&company::ENDPOINT, &body, json!({})), &json!({"business_city": "Oakland"}));
    }
    let linkedin = &patch(&company::ENDPOINT, &company(), json!({}))["business_linkedin_url"];
    assert_eq!(linkedin.as_str().unwrap().matches("company/").count(), 1);
}

#[test]
fn the_domain_of_a_mail_service_is_nobodys_employer() {
    let mut body = company();
    body["emailProvider"] = json!(true);
    has(&patch(&company::ENDPOINT, &body, json!({})), &json!({"business_email_domain": null}));
}

#[test]
fn clearbits_own_bands_count_only_without_exact_numbers() {
    let mut body = company();
    body["metrics"] = json!({"employees": null, "employeesRange": "251-1K", "annualRevenue": "2000000", "estimatedAnnualRevenue": "$1B+"});
    has(
        &patch(&company::ENDPOINT, &body, json!({})),
        &json!({
            "business_employee_count": null, "business_employee_range": "501-1000", "business_annual_revenue": 2_000_000, "business_revenue_range": "$1M-$10M",
        }),
    );
}

#[test]
fn defect_15_a_person_is_taken_only_if_the_phone_confirms() {
    for same in ["+1 415-555-0123", "(415) 555-0123", "+14155550123"] {
        has(
            &patch(&phone::ENDPOINT, &people(json!(same)), json!({})),
            &json!({
                "full_name": "Jane Doe", "first_name": "Jane", "last_name": "Doe", "position": "Head of Sales", "department": "sales", "seniority": "manager",
                "email": "jane@northwind-harbor.example", "email_verified": true, "email_source": "clearbit", "email_enriched": true,
                "business_name": "Northwind Harbor", "business_email_domain": null, "business_provider": "clearbit-phone", "business_confidence": 85, "business_enriched": true,
            }),
        );
    }
    for other in [json!("+1 415-555-0199"), json!("555-0123"), Value::Null, json!(["+14155550123"])] {
        let finding = read(&phone::ENDPOINT, 200, &people(other).to_string(), &input(json!({}))).unwrap();
        assert_eq!((finding.outcome, finding.patch.len()), (Outcome::NoData, 0));
        assert_eq!(finding.billed, [("search", 1)]);
    }
    let nobody = read(&phone::ENDPOINT, 200, r#"{"page":1,"total":0,"results":[]}"#, &input(json!({}))).unwrap();
    assert_eq!((nobody.outcome, nobody.billed.len()), (Outcome::NoData, 0));
}

#[test]
fn a_verified_address_is_not_replaced_by_one_that_is_only_known() {
    let known = json!({"email": "j@x.example", "email_verified": true});
    has(
        &patch(&phone::ENDPOINT, &people(json!("+14155550123")), known),
        &json!({"email": null, "email_source": null, "email_enriched": null}),
    );
}

#[test]
fn defect_15_the_combined_answer_is_read_below_person() {
    let known = json!({"email": "jane@northwind-harbor.example"});
    has(
        &patch(&email::ENDPOINT, &combined(), known),
        &json!({
            "full_name": "Jane Doe", "position": "Head of Sales", "department": "sales", "seniority": "manager",
            "linkedin_url": "https://www.linkedin.com/in/janedoe", "twitter_url": "https://www.twitter.com/janedoe", "facebook_url": null,
            "business_name": "Northwind Harbor", "business_email_domain": "northwind-harbor.example", "business_enriched": null,
            "email": null, "email_verified": null, "email_enriched": null,
        }),
    );
}

#[test]
fn a_person_of_another_address_and_a_weak_match_name_no_employer() {
    let other = json!({"email": "john@northwind-harbor.example"});
    assert!(patch(&email::ENDPOINT, &combined(), other).is_empty());
    let mut fuzzy = combined();
    fuzzy["person"]["fuzzy"] = json!(true);
    fuzzy["company"] = company();
    let known = json!({"email": "jane@northwind-harbor.example"});
    has(
        &patch(&email::ENDPOINT, &fuzzy, known),
        &json!({"business_confidence": 50, "business_provider": "clearbit-email"}),
    );
}

#[test]
fn defect_16_a_guessed_address_is_not_asked_for_until_it_is_verified() {
    let line = crate::providers::fixture::line("clearbit-email", "bearer");
    let subject = |columns: Value| (email::ENDPOINT.subject)(&line, &input(columns));
    assert_eq!(subject(json!({"email": "j@x.example", "email_source": "pattern_guess"})), None);
    let verified = json!({"email": "j@x.example", "email_source": "pattern_guess", "email_verified": true});
    assert_eq!(subject(verified).as_deref(), Some("j@x.example"));
}

#[test]
fn a_name_that_is_there_stays() {
    let known = json!({"email": "jane@northwind-harbor.example", "full_name": "Janet Doering", "position": "CEO"});
    has(
        &patch(&email::ENDPOINT, &combined(), known),
        &json!({"full_name": null, "first_name": null, "position": null}),
    );
}

#[test]
fn every_documented_refusal_has_its_kind_as_object_and_as_array() {
    let shapes = |kind: &str| {
        let object = json!({"error": {"type": kind, "message": "no"}});
        let bare = json!([{"type": kind, "message": "no"}]);
        [object.to_string(), bare.to_string(), json!([object]).to_string()]
    };
    for (status, told, expected) in [
        (202, "queued", ErrorKind::Pending),
        (400, "params_invalid", ErrorKind::InvalidInput),
        (422, "email_invalid", ErrorKind::InvalidInput),
        (401, "auth_required", ErrorKind::Auth),
        (401, "invalid_api_key", ErrorKind::Auth),
        (402, "over_plan_limit", ErrorKind::Quota),
        (402, "anything", ErrorKind::Quota),
        (404, "unknown_route", ErrorKind::Configuration),
        (429, "rate_limit", ErrorKind::RateLimited),
        (500, "server_error", ErrorKind::UpstreamError),
        (503, "", ErrorKind::UpstreamError),
        (200, "queued", ErrorKind::Pending),
        (200, "invalid_api_key", ErrorKind::Auth),
        (200, "something", ErrorKind::InvalidResponse),
    ] {
        for body in shapes(told) {
            for endpoint in [&company::ENDPOINT, &phone::ENDPOINT, &email::ENDPOINT] {
                assert_eq!(kind(endpoint, status, &body), expected, "{} {status} {body}", endpoint.name);
            }
        }
    }
    assert_eq!(kind(&company::ENDPOINT, 202, ""), ErrorKind::Pending);
    for body in ["<html>", "", "[]", "7", "\"text\""] {
        assert_eq!(kind(&company::ENDPOINT, 200, body), ErrorKind::InvalidResponse, "{body}");
    }
    assert_eq!(kind(&company::ENDPOINT, 404, "<html>not here</html>"), ErrorKind::InvalidResponse);
}

#[test]
fn an_unknown_record_is_an_answer_and_costs_nothing() {
    for body in
        [json!({"error": {"type": "unknown_record", "message": "x"}}), json!([{"type": "unknown_record"}]), json!({})]
    {
        let finding = read(&company::ENDPOINT, 404, &body.to_string(), &input(json!({}))).unwrap();
        assert_eq!((finding.outcome, finding.billed.len(), &finding.body), (Outcome::NoData, 0, &body));
    }
}

#[test]
fn hunters_drop_in_is_read_like_the_original() {
    let wrapped = json!({"data": company(), "meta": {"domain": "northwind-harbor.example"}});
    assert_eq!(patch(&company::ENDPOINT, &wrapped, json!({})), patch(&company::ENDPOINT, &company(), json!({})));
    let refused = json!({"errors": [{"id": "rate_limited", "code": 403, "details": "slow down"}]}).to_string();
    assert_eq!(kind(&company::ENDPOINT, 403, &refused), ErrorKind::RateLimited);
    assert_eq!(kind(&company::ENDPOINT, 429, &refused), ErrorKind::Quota);
    let gone = read(&company::ENDPOINT, 451, r#"{"errors":[{"id":"claimed_email","code":451}]}"#, &input(json!({})))
        .unwrap_err();
    assert_eq!((gone.kind, gone.code.as_deref()), (ErrorKind::NotSupported, Some(refusal::OPTED_OUT)));
}
