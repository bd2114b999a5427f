//! Twilio's Lookup v2, as strict as the original: credential, path, method and every parameter are judged before a
//! number is. Shapes follow <https://www.twilio.com/docs/lookup/v2-api> and Twilio's published specification.
//!
//! Refusals carry Twilio's own error body; 20001 stands for every wrong parameter.

mod number;
mod packages;

use std::collections::BTreeMap;

use axum::{extract::Query, http::Uri};
use chrono::NaiveDate;
use rlibphonenumber::Region;
use serde_json::json;

use super::{
    Credential,
    dice::Dice,
    provider::{Answer, Asked, Provider, decode},
};

pub(super) const PROVIDER: Provider = Provider { id: "twilio", answer, error, subject };

const PATH: &str = "/v2/PhoneNumbers/";
const PARTNER_SUB_ID_CHARS_MAX: usize = 64;

/// Parameters that any call may carry; those of one package are ignored without it, as by the original.
const PARAMETERS: [&str; 15] = [
    "Fields",
    "CountryCode",
    "FirstName",
    "LastName",
    "AddressLine1",
    "AddressLine2",
    "City",
    "State",
    "PostalCode",
    "AddressCountryCode",
    "NationalId",
    "DateOfBirth",
    "LastVerifiedDate",
    "VerificationSid",
    "PartnerSubId",
];

type Parameters = BTreeMap<String, String>;

fn answer(asked: &Asked<'_>) -> Answer {
    let answer = match judge(asked) {
        Ok((number, parameters, fields)) => {
            let region = parameters.get("CountryCode").and_then(|code| region(code)).unwrap_or(Region::US);
            Answer::json(200, &packages::lookup(&number::read(&number, region), &fields, &parameters))
        }
        Err(refusal) => refusal,
    };
    answer.with("twilio-request-id", format!("RQ{}", Dice::new(0, asked.path).hex("request", 32)))
}

fn subject(asked: &Asked<'_>) -> String {
    asked.path.strip_prefix(PATH).and_then(decode).unwrap_or_default()
}

/// The number, the parameters and the packages of a right request, or Twilio's refusal.
fn judge(asked: &Asked<'_>) -> Result<(String, Parameters, Vec<String>), Answer> {
    let presented = asked.headers.get("authorization").map(|value| value.as_bytes());
    if presented != Some(authorization(asked.credential).as_bytes()) {
        return Err(error(401));
    }
    let number = asked.path.strip_prefix(PATH).filter(|number| !number.is_empty() && !number.contains('/'));
    let not_found = || refusal(404, 20404, &format!("The requested resource {} was not found", asked.path));
    let number = number.and_then(decode).ok_or_else(not_found)?;
    if asked.method != "GET" {
        return Err(error(405));
    }
    let parameters = parameters(asked.query)?;
    let fields: Vec<String> =
        parameters.get("Fields").map(|fields| fields.split(',').map(str::to_owned).collect()).unwrap_or_default();
    if fields.iter().any(|field| !packages::NAMES.contains(&field.as_str())) {
        return Err(wrong_parameter("Fields"));
    }
    if fields.iter().any(|field| field == "reassigned_number") && !parameters.contains_key("LastVerifiedDate") {
        return Err(refusal(400, 20001, "Missing required parameter LastVerifiedDate for reassigned_number"));
    }
    Ok((number, parameters, fields))
}

fn parameters(query: &str) -> Result<Parameters, Answer> {
    let unreadable = |_| refusal(400, 20001, "Unknown parameters");
    let uri: Uri = format!("/?{query}").parse().map_err(|_| refusal(400, 20001, "Unknown parameters"))?;
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&uri).map_err(unreadable)?;
    let mut parameters = Parameters::new();
    for (name, value) in pairs {
        if !PARAMETERS.contains(&name.as_str()) {
            return Err(refusal(400, 20001, &format!("Unknown parameters: {name}")));
        }
        let right = match name.as_str() {
            "CountryCode" | "AddressCountryCode" => region(&value).is_some(),
            "LastVerifiedDate" | "DateOfBirth" => date(&value).is_some(),
            "PartnerSubId" => value.chars().count() <= PARTNER_SUB_ID_CHARS_MAX,
            _ => true,
        };
        if !right {
            return Err(wrong_parameter(&name));
        }
        parameters.insert(name, value);
    }
    Ok(parameters)
}

/// A country by its two capital letters, if libphonenumber knows numbers there.
fn region(code: &str) -> Option<Region> {
    let known = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    known
        .then(|| code.parse().ok())
        .flatten()
        .filter(|region| rlibphonenumber::PHONE_NUMBER_UTIL.get_country_code_for_region(*region).is_some())
}

/// YYYYMMDD, eight digits and a day that exists.
fn date(text: &str) -> Option<NaiveDate> {
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| NaiveDate::parse_from_str(text, "%Y%m%d").ok()).flatten()
}

fn wrong_parameter(name: &str) -> Answer {
    refusal(400, 20001, &format!("Invalid parameter: {name}"))
}

fn error(status: u16) -> Answer {
    match status {
        401 => refusal(401, 20003, "Authenticate").with("www-authenticate", "Basic realm=\"Twilio API\""),
        403 => refusal(403, 20403, "Account not authorized to access this resource"),
        404 => refusal(404, 20404, "The requested resource was not found"),
        405 => refusal(405, 20004, "Method not allowed").with("allow", "GET"),
        429 => refusal(429, 20429, "Too Many Requests"),
        503 => refusal(503, 20503, "Service is temporarily unavailable"),
        status => refusal(status, 20500, "An internal server error has occurred"),
    }
}

fn refusal(status: u16, code: u32, message: &str) -> Answer {
    let more_info = format!("https://www.twilio.com/docs/errors/{code}");
    Answer::json(status, &json!({ "code": code, "message": message, "more_info": more_info, "status": status }))
}

/// The only Authorization header that is let in.
fn authorization(credential: &Credential) -> String {
    format!("Basic {}", base64(format!("{}:{}", credential.account_sid, credential.auth_token).as_bytes()))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| (bits << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests;
