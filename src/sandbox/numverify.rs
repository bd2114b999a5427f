//! NumVerify in its three generations: two take the key in the query and answer errors with HTTP 200, the marketplace
//! takes it in a header and uses statuses.

use rlibphonenumber::Region;
use serde_json::{Value, json};

use super::{
    line::Line,
    number,
    provider::{Answer, Asked, Provider},
    query::{self, given},
    world::Place,
};

pub(super) const PROVIDER: Provider = Provider {
    id: "numverify",
    settings: "NUMVERIFY",
    base: "/api",
    pace: 1.2,
    answer,
    error,
    busy,
    subject: |asked| query::value(asked.query, "number"),
};

const MARKETPLACE: &str = "/number_verification/validate";

fn refusal(code: u32, kind: &str, info: &str) -> Answer {
    Answer::json(200, &json!({ "success": false, "error": { "code": code, "type": kind, "info": info } }))
}

fn error(status: u16) -> Answer {
    match status {
        401 => refusal(101, "invalid_access_key", "You have not supplied a valid API Access Key."),
        402 => refusal(104, "usage_limit_reached", "Your monthly API request volume has been reached."),
        403 => refusal(105, "https_access_restricted", "Access restricted: your plan does not support HTTPS."),
        404 => refusal(404, "404_not_found", "The requested resource does not exist."),
        status => Answer::html(status, "<html><body>Internal Server Error</body></html>".to_owned()),
    }
}

fn busy(_: u32) -> Answer {
    refusal(106, "rate_limit_reached", "Too many requests.")
}

fn answer(asked: &Asked<'_>) -> Answer {
    let key = asked.keys.of("numverify");
    match asked.path {
        "/api/validate" | "/numverify/validate" if asked.method == "GET" => {
            if query::value(asked.query, "access_key") != key {
                return error(401);
            }
        }
        MARKETPLACE if asked.method == "GET" => {
            if asked.headers.get("apikey").map(|value| value.as_bytes()) != Some(key.as_bytes()) {
                return Answer::json(401, &json!({ "message": "Invalid authentication credentials" }));
            }
        }
        _ => return error(404),
    }
    let known = query::read(asked.query, &["access_key", "number", "country_code", "format"]);
    let Ok(parameters) = known else { return error(404) };
    let Some(text) = given(&parameters, "number") else {
        return refusal(210, "no_phone_number_provided", "Please specify a phone number.");
    };
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return refusal(211, "non_numeric_phone_number_provided", "Please provide a numeric phone number.");
    }
    let country = given(&parameters, "country_code").map(|code| code.parse::<Region>());
    match country {
        Some(Err(_)) => refusal(310, "invalid_country_code", "You have specified an invalid country code."),
        Some(Ok(region)) => Answer::json(200, &record(text, region)),
        // Without a country the number has its calling code in front.
        None => Answer::json(200, &record(&format!("+{text}"), Region::US)),
    }
}

fn record(text: &str, region: Region) -> Value {
    let number = number::read(text, region);
    let line = Line::of(&number);
    if number.error.is_some() {
        return json!({ "valid": false, "number": text.trim_start_matches('+'), "local_format": "", "international_format": "",
            "country_prefix": "", "country_code": "", "country_name": "", "location": "", "carrier": "", "line_type": null });
    }
    let kind = match line.kind {
        "tollFree" => Some("toll_free"),
        "mobile" | "landline" => Some(line.kind),
        _ => None,
    };
    let digits = |text: &Option<String>| {
        text.as_deref().unwrap_or_default().chars().filter(char::is_ascii_digit).collect::<String>()
    };
    let location = if kind == Some("landline") { Place::of(line.dice()).city } else { "" };
    json!({
        "valid": true, "number": number.phone_number.trim_start_matches('+'), "local_format": digits(&number.national_format),
        "international_format": number.phone_number, "country_prefix": format!("+{}", number.calling_country_code.as_deref().unwrap_or_default()),
        "country_code": line.country, "country_name": line.country, "location": location, "carrier": line.carrier.unwrap_or_default(), "line_type": kind,
    })
}
