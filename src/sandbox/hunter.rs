//! Hunter v2: the key in a header, as a bearer or in the query; 403 is the rate, 429 the month's credits.

use serde_json::{Value, json};

use super::{
    clearbit,
    dice::Dice,
    provider::{Answer, Asked, Provider},
    query::{self, Parameters, given},
    world::{Company, Mailbox, Person},
};

pub(super) const PROVIDER: Provider =
    Provider { id: "hunter", settings: "HUNTER", base: "/v2", pace: 2.0, answer, error, busy, subject };

fn refusal(status: u16, id: &str, details: &str) -> Answer {
    Answer::json(status, &json!({ "errors": [{ "id": id, "code": status, "details": details }] }))
}

fn error(status: u16) -> Answer {
    match status {
        202 => Answer::json(202, &json!({ "data": { "status": null }, "meta": {} })),
        401 => refusal(401, "authentication_failed", "No user found for the API key supplied"),
        402 => {
            refusal(429, "too_many_requests", "You've reached the limit for the number of requests per billing period")
        }
        403 => busy(0),
        404 => refusal(404, "not_found", "This resource does not exist"),
        451 => refusal(451, "claimed_email", "The person owning this email address asked us not to process it"),
        status => refusal(status, "server_error", "Something went wrong on Hunter's end"),
    }
}

/// No header says how long.
fn busy(_: u32) -> Answer {
    refusal(403, "too_many_requests", "You've reached the rate limit")
}

fn subject(asked: &Asked<'_>) -> String {
    let of = |name: &str| query::value(asked.query, name);
    [of("email"), of("domain"), of("company")].into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}

fn answer(asked: &Asked<'_>) -> Answer {
    judge(asked).unwrap_or_else(|refusal| refusal)
}

fn judge(asked: &Asked<'_>) -> Result<Answer, Answer> {
    let header = |name: &str| asked.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let bearer = header("authorization").strip_prefix("Bearer ").unwrap_or_default();
    let in_query = query::value(asked.query, "api_key");
    if ![header("x-api-key"), bearer, &in_query].contains(&asked.keys.of("hunter")) {
        return Err(error(401));
    }
    if asked.method != "GET" {
        return Err(error(404));
    }
    let read = |known: &[&str]| {
        let known: Vec<&str> = known.iter().copied().chain(["api_key"]).collect();
        query::read(asked.query, &known).map_err(|_| refusal(400, "wrong_params", "A parameter is not known"))
    };
    match asked.path {
        "/v2/email-finder" => {
            let known =
                ["domain", "company", "first_name", "last_name", "full_name", "linkedin_handle", "max_duration"];
            finder(&read(&known)?)
        }
        "/v2/domain-search" => {
            let known = ["domain", "company", "limit", "offset", "type", "seniority", "department", "required_field"];
            domain_search(&read(&known)?)
        }
        "/v2/email-verifier" => verifier(&read(&["email"])?),
        "/v2/companies/find" | "/v2/combined/find" | "/v2/people/find" => {
            records(asked.path, &read(&["domain", "email", "linkedin", "clearbit_format"])?)
        }
        "/v2/account" => Ok(Answer::json(200, &account())),
        _ => Err(error(404)),
    }
}

fn wrong(details: &str) -> Answer {
    refusal(400, "wrong_params", details)
}

fn company(parameters: &Parameters) -> Result<Company, Answer> {
    match (given(parameters, "domain"), given(parameters, "company")) {
        (Some(domain), _) if query::is_domain(domain) => Ok(Company::at(&domain.to_lowercase())),
        (Some(_), _) => Err(refusal(422, "invalid_domain", "The domain is invalid")),
        (None, Some(name)) => Ok(Company::named(name)),
        (None, None) => Err(wrong("You are missing the domain or company parameter")),
    }
}

fn finder(parameters: &Parameters) -> Result<Answer, Answer> {
    let company = company(parameters)?;
    let whole = given(parameters, "full_name").and_then(|full| full.split_once(' '));
    let name = given(parameters, "first_name").zip(given(parameters, "last_name")).or(whole);
    let Some((first, last)) = name else {
        return Err(wrong("You are missing the first_name and last_name or the full_name parameter"));
    };
    if given(parameters, "max_duration").is_some_and(|text| !text.parse().is_ok_and(|n: u32| (3..=20).contains(&n))) {
        return Err(wrong("max_duration must be between 3 and 20"));
    }
    let person = Person::named(first, last);
    let dice = Dice::new(0, &format!("{}|{}", company.domain, person.full()));
    let email = dice.chance("found", 0.75).then(|| company.address(&person));
    let score = email.as_ref().map(|_| 60 + dice.below("score", 40));
    let verified =
        email.as_deref().filter(|_| dice.chance("already verified", 0.4)).map(|email| status(Mailbox::of(email)));
    let (title, _, _) = person.work;
    let found = email.is_some();
    Ok(Answer::json(
        200,
        &json!({
            "data": { "first_name": person.first, "last_name": person.last, "email": email, "score": score, "domain": company.domain, "accept_all": false,
                "position": found.then_some(title), "twitter": null, "linkedin_url": found.then(|| format!("https://www.linkedin.com/in/{}", person.handle())),
                "phone_number": null, "company": company.name, "sources": [], "verification": { "date": verified.map(|_| "2025-05-02"), "status": verified } },
            "meta": { "params": {} },
        }),
    ))
}

fn domain_search(parameters: &Parameters) -> Result<Answer, Answer> {
    let company = company(parameters)?;
    let limit: u64 = match given(parameters, "limit").map(str::parse) {
        None => 10,
        Some(Ok(limit @ 1..=100)) => limit,
        Some(_) => return Err(wrong("limit must be between 1 and 100")),
    };
    let dice = company.dice;
    let known = dice.chance("domain search", 0.85);
    let count = if known { 1 + dice.below("addresses", 4).min(limit - 1) } else { 0 };
    let emails: Vec<Value> = (0..count).map(|n| listed(&company, n)).collect();
    Ok(Answer::json(
        200,
        &json!({
            "data": { "domain": company.domain, "disposable": false, "webmail": false, "accept_all": false, "pattern": known.then(|| company.pattern()),
                "organization": company.name, "industry": null, "headcount": null, "country": "US", "technologies": [], "emails": emails },
            "meta": { "results": count, "limit": limit, "offset": 0 },
        }),
    ))
}

fn listed(company: &Company, n: u64) -> Value {
    let person = Person::of(Dice::new(n, &company.domain));
    let (title, role, seniority) = person.work;
    let email = company.address(&person);
    json!({ "value": email, "type": "personal", "confidence": 80, "first_name": person.first, "last_name": person.last, "position": title,
        "seniority": seniority, "department": role, "linkedin": null, "twitter": null, "phone_number": null,
        "verification": { "date": null, "status": null }, "sources": [] })
}

fn status(mailbox: Mailbox) -> &'static str {
    match mailbox {
        Mailbox::Valid => "valid",
        Mailbox::Invalid => "invalid",
        Mailbox::CatchAll => "accept_all",
        Mailbox::Unknown => "unknown",
        Mailbox::Disposable => "disposable",
    }
}

fn verifier(parameters: &Parameters) -> Result<Answer, Answer> {
    let email = given(parameters, "email").ok_or_else(|| wrong("You are missing the email parameter"))?.to_lowercase();
    if !query::is_email(&email) {
        return Err(refusal(400, "invalid_email", "The supplied email is invalid"));
    }
    let mailbox = Mailbox::of(&email);
    let (result, score) = match mailbox {
        Mailbox::Valid => ("deliverable", 97),
        Mailbox::Invalid => ("undeliverable", 0),
        _ => ("risky", 55),
    };
    let catch_all = mailbox == Mailbox::CatchAll;
    Ok(Answer::json(
        200,
        &json!({
            "data": { "status": status(mailbox), "result": result, "score": score, "email": email, "regexp": true, "gibberish": false,
                "disposable": mailbox == Mailbox::Disposable, "webmail": false, "mx_records": true, "smtp_server": true,
                "smtp_check": mailbox == Mailbox::Valid, "accept_all": catch_all, "block": mailbox == Mailbox::Unknown, "sources": [] },
            "meta": { "params": { "email": email } },
        }),
    ))
}

/// The replacement of Clearbit, in Clearbit's own format.
fn records(path: &str, parameters: &Parameters) -> Result<Answer, Answer> {
    if given(parameters, "clearbit_format") != Some("true") {
        return Err(wrong("the sandbox answers with clearbit_format=true only"));
    }
    let record = if path == "/v2/companies/find" {
        let domain = given(parameters, "domain").ok_or_else(|| wrong("You are missing the domain parameter"))?;
        clearbit::company_record(domain)
    } else {
        let email = given(parameters, "email").ok_or_else(|| wrong("You are missing the email parameter"))?;
        let person = clearbit::person_record(email, None, None);
        let combined = |person: Value| json!({ "person": person, "company": null });
        person.map(|person| if path == "/v2/combined/find" { combined(person) } else { person })
    };
    Ok(record.map_or_else(|| error(404), |record| Answer::json(200, &json!({ "data": record, "meta": {} }))))
}

fn account() -> Value {
    json!({ "data": { "plan_name": "Starter", "reset_date": "2030-01-01", "requests": {
        "searches": { "used": 10, "available": 1000 }, "verifications": { "used": 10, "available": 1000 }, "credits": { "used": 20, "available": 2000 } } },
        "meta": {} })
}
