//! Truecaller as the original program called it: a bearer token, a name and a city.

use rlibphonenumber::Region;
use serde_json::{Value, json};

use super::{
    line::Line,
    number,
    provider::{Answer, Asked, Provider},
    query::{self, given},
    world::{Owner, Place},
};

pub(super) const PROVIDER: Provider = Provider {
    id: "truecaller",
    settings: "TRUECALLER",
    base: "",
    pace: 1.4,
    answer,
    error,
    busy: |_| error(429),
    subject: |asked| query::value(asked.query, "q"),
};

fn error(status: u16) -> Answer {
    let words = match status {
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not found",
        429 => "Too many requests",
        _ => "Internal error",
    };
    Answer::json(status, &json!({ "status": status, "message": words }))
}

fn answer(asked: &Asked<'_>) -> Answer {
    let expected = format!("Bearer {}", asked.keys.of("truecaller"));
    if asked.headers.get("authorization").map(|value| value.as_bytes()) != Some(expected.as_bytes()) {
        return error(401);
    }
    if asked.path != "/v1/search" || asked.method != "GET" {
        return error(404);
    }
    let Ok(parameters) = query::read(asked.query, &["q", "countryCode", "type"]) else { return error(400) };
    let country = given(&parameters, "countryCode").and_then(|code| code.parse::<Region>().ok());
    let digits = given(&parameters, "q").filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    match (digits, country, given(&parameters, "type")) {
        (Some(digits), Some(region), Some("phone")) => Answer::json(200, &record(digits, region)),
        _ => error(400),
    }
}

fn record(digits: &str, region: Region) -> Value {
    let number = number::read(digits, region);
    let line = Line::of(&number);
    if number.error.is_some() || !line.dice().chance("caller", 0.6) {
        return json!({ "data": [] });
    }
    let owner = Owner::of(&line);
    let (name, place) = match &owner {
        Owner::Business { company, .. } => (company.name.clone(), company.place.clone()),
        Owner::Consumer { person, home } => (person.full(), home.clone()),
    };
    let city = line.is_us().then_some(place).map(|Place { city, .. }| city);
    json!({ "data": [{
        "id": line.dice().hex("caller", 10), "name": name, "altName": null, "score": 0.9, "access": "PUBLIC",
        "phones": [{ "e164Format": number.phone_number, "numberType": line.kind.to_uppercase(), "carrier": line.carrier, "countryCode": line.country, "type": "openPhone" }],
        "addresses": [{ "city": city, "countryCode": line.country, "timeZone": null, "type": "address" }], "internetAddresses": [],
    }] })
}
