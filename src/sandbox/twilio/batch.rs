//! `POST /v2/batch/query`: up to a hundred numbers, each answered as a single request would be, with its own error code.

use rlibphonenumber::Region;
use serde_json::{Value, json};

use super::{Answer, Asked, authorization, date, number, packages, query::Parameters, refusal, region};

pub(super) const PATH: &str = "/v2/batch/query";
const NUMBERS_MAX: usize = 100;

pub(super) fn answer(asked: &Asked<'_>) -> Answer {
    let presented = asked.headers.get("authorization").map(|value| value.as_bytes());
    if presented != Some(authorization(&asked.keys.twilio).as_bytes()) {
        return super::error(401);
    }
    if asked.method != "POST" {
        return super::error(405);
    }
    let body: Value = serde_json::from_slice(asked.body).unwrap_or_default();
    match body["phone_numbers"].as_array() {
        Some(numbers) if (1..=NUMBERS_MAX).contains(&numbers.len()) => {
            Answer::json(200, &json!({ "phone_numbers": numbers.iter().map(one).collect::<Vec<_>>() }))
        }
        _ => refusal(400, 20001, "Invalid parameter: phone_numbers"),
    }
}

fn one(wish: &Value) -> Value {
    let id = &wish["correlation_id"];
    let wrong =
        |code: u32| json!({ "correlation_id": id, "phone_number": wish["phone_number"], "twilio_error_code": code });
    let Some(text) = wish["phone_number"].as_str() else { return wrong(20001) };
    let fields: Vec<String> =
        wish["fields"].as_array().into_iter().flatten().filter_map(|f| f.as_str().map(str::to_owned)).collect();
    if fields.iter().any(|field| !packages::NAMES.contains(&field.as_str())) {
        return wrong(20001);
    }
    let verified = wish["reassigned_number"]["last_verified_date"].as_str();
    if fields.iter().any(|field| field == "reassigned_number") && verified.and_then(date).is_none() {
        return wrong(20001);
    }
    let parameters: Parameters =
        verified.map(|day| ("LastVerifiedDate".to_owned(), day.to_owned())).into_iter().collect();
    let region = wish["country_code"].as_str().and_then(region).unwrap_or(Region::US);
    let mut answer = packages::lookup(&number::read(text, region), &fields, &parameters);
    answer["correlation_id"] = id.clone();
    answer["twilio_error_code"] = Value::Null;
    answer
}
