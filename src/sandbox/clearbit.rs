//! Clearbit's three APIs: key, path and parameters are judged as the originals do, with their error objects.
//!
//! The company and combined records are also what Hunter's drop-in answers, wrapped in `data`.

use serde_json::{Value, json};

use super::{
    dice::Dice,
    line::Line,
    number,
    provider::{Answer, Asked, Provider},
    query::{self, Parameters, given},
    world::{Company, Owner, Person},
};

pub(super) const PHONE: Provider = Provider {
    id: "clearbit-phone",
    settings: "CLEARBIT_PHONE",
    base: "",
    pace: 1.6,
    answer: phone,
    error,
    busy,
    subject: |asked| query::value(asked.query, "phone"),
};
pub(super) const COMPANY: Provider = Provider {
    id: "clearbit-company",
    settings: "CLEARBIT_COMPANY",
    base: "",
    pace: 1.6,
    answer: company,
    error,
    busy,
    subject: |asked| query::value(asked.query, "domain"),
};
pub(super) const EMAIL: Provider = Provider {
    id: "clearbit-email",
    settings: "CLEARBIT_EMAIL",
    base: "",
    pace: 1.9,
    answer: email,
    error,
    busy,
    subject: |asked| query::value(asked.query, "email"),
};

/// Calls a minute that the header promises.
const LIMIT: u32 = 600;

fn refusal(status: u16, kind: &str, message: &str) -> Answer {
    Answer::json(status, &json!({ "error": { "type": kind, "message": message } }))
}

fn error(status: u16) -> Answer {
    match status {
        202 => refusal(202, "queued", "Your request has been queued"),
        401 => refusal(401, "invalid_api_key", "Invalid API key provided"),
        402 => refusal(402, "over_plan_limit", "Your account is over its quota"),
        403 => refusal(403, "forbidden", "Your account has no access to this API"),
        404 => refusal(404, "unknown_record", "Unknown record"),
        503 => refusal(503, "service_unavailable", "Service unavailable"),
        status => refusal(status, "server_error", "Something went wrong on our side"),
    }
}

/// There is no Retry-After: the header says when the limit begins anew.
fn busy(seconds: u32) -> Answer {
    let reset = chrono::Utc::now().timestamp() + i64::from(seconds);
    limits(refusal(429, "rate_limit", "Rate limit exceeded"), 0, reset)
}

fn limits(answer: Answer, remaining: u32, reset: i64) -> Answer {
    let answer = answer.with("x-ratelimit-limit", LIMIT.to_string());
    answer.with("x-ratelimit-remaining", remaining.to_string()).with("x-ratelimit-reset", reset.to_string())
}

/// Bearer, or Basic with the key as the user and no password.
fn is_let_in(asked: &Asked<'_>) -> Result<(), Answer> {
    let key = asked.keys.of("clearbit");
    let presented = asked.headers.get("authorization").and_then(|value| value.to_str().ok());
    let basic = format!("Basic {}", super::twilio::base64(format!("{key}:").as_bytes()));
    match presented {
        None => Err(refusal(401, "auth_required", "You need to authenticate")),
        Some(value) if value == format!("Bearer {key}") || value == basic => Ok(()),
        Some(_) => Err(error(401)),
    }
}

fn judge(asked: &Asked<'_>, path: &str, known: &[&str]) -> Result<Parameters, Answer> {
    is_let_in(asked)?;
    if asked.path != path || asked.method != "GET" {
        return Err(refusal(404, "unknown_route", "This route does not exist"));
    }
    query::read(asked.query, known).map_err(|_| refusal(422, "params_invalid", "A parameter is not known"))
}

fn served(answer: Result<Answer, Answer>) -> Answer {
    limits(answer.unwrap_or_else(|refusal| refusal), LIMIT - 1, chrono::Utc::now().timestamp() + 60)
}

fn phone(asked: &Asked<'_>) -> Answer {
    const KNOWN: [&str; 9] = ["phone", "domain", "role", "seniority", "title", "city", "state", "name", "page_size"];
    served(judge(asked, "/v1/people/search", &KNOWN).and_then(|parameters| {
        let phone = given(&parameters, "phone").filter(|phone| phone.starts_with('+'));
        let phone = phone.ok_or_else(|| refusal(422, "params_invalid", "phone must be in E.164"))?;
        Ok(Answer::json(200, &people(phone)))
    }))
}

/// A known person, nobody, or (the parameter is not documented) somebody else.
fn people(phone: &str) -> Value {
    let number = number::read(phone, rlibphonenumber::Region::US);
    let line = Line::of(&number);
    let dice = line.dice();
    let results = match Owner::of(&line) {
        Owner::Business { company, person, .. } if number.error.is_none() && dice.chance("prospector", 0.85) => {
            let named = dice.chance("company's domain", 0.92).then_some(company.domain.as_str());
            vec![prospect(&person, &company, named, &number.phone_number)]
        }
        _ if dice.chance("a stranger", 0.04) => {
            let company = Company::at("sunrise-bakery-100.example");
            vec![prospect(&Person::named("PAT", "STRANGER"), &company, Some(&company.domain), "+12025550199")]
        }
        _ => Vec::new(),
    };
    json!({ "page": 1, "page_size": 5, "total": results.len(), "results": results })
}

fn prospect(person: &Person, company: &Company, domain: Option<&str>, phone: &str) -> Value {
    let (title, role, seniority) = person.work;
    let mut employer = json!({ "name": company.name });
    if let Some(domain) = domain {
        employer["domain"] = json!(domain);
    }
    let email = company.dice.chance("address in prospector", 0.3).then(|| company.address(person));
    json!({
        "id": format!("p_{}", Dice::new(0, phone).hex("prospect", 12)),
        "name": { "fullName": person.full(), "givenName": person.first, "familyName": person.last },
        "title": title, "role": role, "seniority": seniority, "company": employer, "email": email, "verified": false,
        "location": format!("{}, {}, US", company.place.city, company.place.state), "phone": phone,
    })
}

fn company(asked: &Asked<'_>) -> Answer {
    served(judge(asked, "/v2/companies/find", &["domain", "company_name"]).and_then(|parameters| {
        let domain = given(&parameters, "domain").filter(|domain| query::is_domain(domain));
        let domain = domain.ok_or_else(|| refusal(422, "params_invalid", "domain is missing or invalid"))?;
        Ok(company_record(domain).map_or_else(|| error(404), |record| Answer::json(200, &record)))
    }))
}

/// The record of a domain; none for about one in eight.
pub(super) fn company_record(domain: &str) -> Option<Value> {
    let company = Company::at(&domain.to_lowercase());
    let (dice, place) = (company.dice, &company.place);
    let employees = dice.chance("headcount", 0.8).then(|| company.employees());
    dice.chance("company", 0.88).then(|| {
        json!({
            "id": format!("c_{}", dice.hex("company", 12)), "name": company.name, "legalName": format!("{} Inc", company.name),
            "domain": company.domain, "domainAliases": [], "site": { "phoneNumbers": [], "emailAddresses": [] },
            "category": { "sector": dice.pick("sector", &["Industrials", "Health Care", "Consumer Staples"]), "industryGroup": null,
                "industry": dice.pick("industry", &["Marine", "Dental", "Food", "Logistics"]), "subIndustry": null },
            "tags": ["Local", dice.pick("tag", &["B2B", "B2C"])], "description": format!("{} of {}.", company.name, place.city),
            "foundedYear": 1950 + dice.below("founded", 74), "location": format!("{}, {}, {} {}, USA", place.line(), place.city, place.state, place.postal_code),
            "timeZone": "America/New_York", "utcOffset": -5,
            "geo": { "streetNumber": place.number.to_string(), "streetName": place.street, "subPremise": null, "city": place.city,
                "postalCode": place.postal_code, "state": place.state, "stateCode": place.state, "country": "United States", "countryCode": "US",
                "lat": 37.8, "lng": -122.3 },
            "linkedin": { "handle": format!("company/{}", super::world::slug(&company.name)) }, "twitter": { "handle": null }, "facebook": { "handle": null },
            "emailProvider": false, "type": "private", "ticker": null, "phone": null,
            "metrics": { "employees": employees, "employeesRange": "11-50", "annualRevenue": null, "estimatedAnnualRevenue": "$1M-$10M",
                "marketCap": null, "raised": null },
            "tech": ["nginx", "postgresql"], "parent": { "domain": null }, "indexedAt": "2025-02-01T00:00:00Z",
        })
    })
}

fn email(asked: &Asked<'_>) -> Answer {
    served(judge(asked, "/v2/combined/find", &["email", "given_name", "family_name"]).and_then(|parameters| {
        let email = given(&parameters, "email").filter(|email| query::is_email(email));
        let email = email.ok_or_else(|| refusal(422, "email_invalid", "Email must be valid"))?;
        let person = person_record(email, given(&parameters, "given_name"), given(&parameters, "family_name"));
        Ok(person.map_or_else(|| error(404), |person| Answer::json(200, &json!({ "person": person, "company": null }))))
    }))
}

/// Whoever has this address; none for about one in three.
pub(super) fn person_record(email: &str, first: Option<&str>, last: Option<&str>) -> Option<Value> {
    let email = email.to_lowercase();
    let dice = Dice::new(0, &email);
    let (local, domain) = email.rsplit_once('@')?;
    let parts = local.split_once(['.', '_']);
    let person = match (first.zip(last), parts) {
        (Some((first, last)), _) | (None, Some((first, last))) => Person::named(first, last),
        (None, None) => Person::of(dice),
    };
    let (title, role, seniority) = person.work;
    let company = Company::at(domain);
    dice.chance("person", 0.65).then(|| {
        json!({
            "id": dice.hex("person", 16), "name": { "fullName": person.full(), "givenName": person.first, "familyName": person.last },
            "email": email, "location": company.place.city, "timeZone": "America/New_York",
            "geo": { "city": company.place.city, "state": company.place.state, "stateCode": company.place.state, "country": "United States", "countryCode": "US" },
            "employment": { "domain": domain, "name": company.name, "title": title, "role": role, "subRole": null, "seniority": seniority },
            "linkedin": { "handle": format!("in/{}", person.handle()) }, "twitter": { "handle": null }, "facebook": { "handle": null },
            "fuzzy": dice.chance("fuzzy", 0.1), "emailProvider": false,
        })
    })
}
