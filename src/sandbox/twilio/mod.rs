//! Twilio's Lookup v2, as strict as the original: credential, path, method and every parameter are judged before a
//! number is. Shapes follow <https://www.twilio.com/docs/lookup/v2-api> and Twilio's published specification.
//!
//! Refusals carry Twilio's own error body; 20001 stands for every wrong parameter.

mod batch;
mod packages;

use chrono::NaiveDate;
use rlibphonenumber::Region;
use serde_json::json;

use super::{
    Credential,
    dice::Dice,
    number,
    provider::{Answer, Asked, Provider, decode},
    query::{self, Parameters, Wrong},
};

pub(super) const PROVIDER: Provider =
    Provider { id: "twilio", settings: "TWILIO", base: "", pace: 1.0, answer, error, busy, subject };

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

fn answer(asked: &Asked<'_>) -> Answer {
    let answer = match judge(asked) {
        Err(_) if asked.path == batch::PATH => batch::answer(asked),
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
    if presented != Some(authorization(&asked.keys.twilio).as_bytes()) {
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
    let parameters = query::read(query, &PARAMETERS).map_err(|wrong| match wrong {
        Wrong::Unreadable => refusal(400, 20001, "Unknown parameters"),
        Wrong::Unknown(name) => refusal(400, 20001, &format!("Unknown parameters: {name}")),
    })?;
    for (name, value) in &parameters {
        let right = match name.as_str() {
            "CountryCode" | "AddressCountryCode" => region(value).is_some(),
            "LastVerifiedDate" | "DateOfBirth" => date(value).is_some(),
            "PartnerSubId" => value.chars().count() <= PARTNER_SUB_ID_CHARS_MAX,
            _ => true,
        };
        if !right {
            return Err(wrong_parameter(name));
        }
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

fn busy(seconds: u32) -> Answer {
    error(429).with("retry-after", seconds.to_string())
}

fn error(status: u16) -> Answer {
    match status {
        402 => refusal(403, 20005, "Account not active"),
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
pub(super) fn authorization(credential: &Credential) -> String {
    format!("Basic {}", base64(format!("{}:{}", credential.account_sid, credential.auth_token).as_bytes()))
}

pub(super) fn base64(bytes: &[u8]) -> String {
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
