//! From an answer to the contact's fields: by the names of the published description, nothing invented.

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::ask::day;
use crate::providers::lenient;

/// The columns that the answer sets for a contact whose number is `ours`. A column that is absent stays as it is.
pub fn patch(answer: &Answer, ours: &str) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("phone_valid".into(), json!(answer.valid));
    put(&mut out, "country_code", text(answer.country_code.as_deref()).map(Value::from));
    put(&mut out, "calling_country_code", text(answer.calling_country_code.as_deref()).map(Value::from));
    put(&mut out, "national_format", text(answer.national_format.as_deref()).map(Value::from));
    out.insert("validation_errors".into(), json!(answer.validation_errors));
    out.insert("lookup_note".into(), json!(note(answer, ours)));
    let codes: Map<String, Value> = answer.codes().map(|(name, code)| (name.to_owned(), json!(code))).collect();
    out.insert("package_codes".into(), if codes.is_empty() { Value::Null } else { Value::Object(codes) });
    for (name, package) in answer.packages() {
        match name {
            "line_type_intelligence" => line_type(&mut out, package),
            "caller_name" => caller(&mut out, package),
            "sms_pumping_risk" => sms_risk(&mut out, package),
            "sim_swap" => sim_swap(&mut out, package),
            "reassigned_number" => reassigned(&mut out, package),
            "call_forwarding" => copy(&mut out, "call_forwarding_enabled", &package["call_forwarding_enabled"]),
            "line_status" => copy(&mut out, "line_status", &package["status"]),
            "identity_match" => copy(&mut out, "identity_match", package),
            "phone_number_quality_score" => copy(&mut out, "phone_quality", package),
            "pre_fill" => copy(&mut out, "pre_fill", package),
            _ => {}
        }
    }
    out
}

/// An answer that names another number is written down beside the contact and changes nothing else about it.
fn note(answer: &Answer, ours: &str) -> Option<String> {
    let theirs = text(answer.phone_number.as_deref())?;
    (theirs != ours).then(|| format!("the answer named another number: {theirs}"))
}

fn text(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|v| !v.is_empty())
}

fn put(out: &mut Map<String, Value>, column: &str, value: Option<Value>) {
    if let Some(value) = value {
        out.insert(column.to_owned(), value);
    }
}

fn copy(out: &mut Map<String, Value>, column: &str, value: &Value) {
    if !value.is_null() && value.as_str() != Some("") {
        out.insert(column.to_owned(), value.clone());
    }
}

fn line_type(out: &mut Map<String, Value>, package: &Value) {
    copy(out, "line_type", &package["type"]);
    copy(out, "carrier_name", &package["carrier_name"]);
    copy(out, "mobile_country_code", &package["mobile_country_code"]);
    copy(out, "mobile_network_code", &package["mobile_network_code"]);
}

fn caller(out: &mut Map<String, Value>, package: &Value) {
    copy(out, "caller_name", &package["caller_name"]);
    let Some(kind) = package["caller_type"].as_str().map(str::to_uppercase).filter(|k| !k.is_empty()) else { return };
    match kind.as_str() {
        "BUSINESS" => put(out, "is_business", Some(json!(true))),
        "CONSUMER" => put(out, "is_business", Some(json!(false))),
        _ => {}
    }
    out.insert("caller_type".into(), json!(kind));
}

fn sms_risk(out: &mut Map<String, Value>, package: &Value) {
    let score = lenient::whole(&package["sms_pumping_risk_score"]).filter(|s| (0..=100).contains(s));
    if let Some(score) = score {
        let level = match score {
            0..=25 => "low",
            26..=74 => "medium",
            _ => "high",
        };
        out.insert("sms_pumping_risk_score".into(), json!(score));
        out.insert("sms_pumping_risk_level".into(), json!(level));
    }
    copy(out, "sms_pumping_carrier_risk", &package["carrier_risk_category"]);
    copy(out, "sms_pumping_number_blocked", &package["number_blocked"]);
    copy(out, "sms_pumping_number_blocked_last_3_months", &package["number_blocked_last_3_months"]);
    put(out, "sms_pumping_number_blocked_date", date(&package["number_blocked_date"]));
}

fn sim_swap(out: &mut Map<String, Value>, package: &Value) {
    let last = &package["last_sim_swap"];
    let at = last["last_sim_swap_date"].as_str().filter(|t| chrono::DateTime::parse_from_rfc3339(t).is_ok());
    put(out, "sim_swap_last_date", at.map(Value::from));
    copy(out, "sim_swap_period", &last["swapped_period"]);
    copy(out, "sim_swap_in_period", &last["swapped_in_period"]);
    if !out.contains_key("carrier_name") {
        copy(out, "carrier_name", &package["carrier_name"]);
        copy(out, "mobile_country_code", &package["mobile_country_code"]);
        copy(out, "mobile_network_code", &package["mobile_network_code"]);
    }
}

fn reassigned(out: &mut Map<String, Value>, package: &Value) {
    copy(out, "reassigned", &package["is_number_reassigned"]);
    put(out, "reassigned_last_verified", date(&package["last_verified_date"]));
}

fn date(value: &Value) -> Option<Value> {
    day(value.as_str()?).map(|day| json!(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: Value) -> Answer {
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn an_answer_for_another_number_never_overwrites_ours() {
        let patch = patch(&answer(json!({"valid": true, "phone_number": "+14155550199"})), "+14155550123");
        assert!(!patch.contains_key("phone_e164"));
        assert_eq!(patch["lookup_note"], "the answer named another number: +14155550199");
    }

    #[test]
    fn caller_type_decides_whether_it_is_a_business_and_unknown_stays_unknown() {
        let of = |kind: Value| {
            patch(&answer(json!({"valid": true, "caller_name": {"caller_type": kind}})), "+1")
                .get("is_business")
                .cloned()
        };
        assert_eq!(of(json!("business")), Some(json!(true)));
        assert_eq!(of(json!("CONSUMER")), Some(json!(false)));
        assert_eq!(of(json!("UNDETERMINED")), None);
        assert_eq!(of(Value::Null), None);
    }

    #[test]
    fn sim_swap_and_reassigned_are_read_by_their_published_names() {
        let body = json!({"valid": true,
            "sim_swap": {"last_sim_swap": {"last_sim_swap_date": "2020-04-27T10:18:50Z", "swapped_period": "PT48H", "swapped_in_period": true}},
            "reassigned_number": {"is_number_reassigned": "no", "last_verified_date": "20250101"}});
        let patch = patch(&answer(body), "+1");
        assert_eq!(patch["sim_swap_last_date"], "2020-04-27T10:18:50Z");
        assert_eq!(patch["sim_swap_in_period"], true);
        assert_eq!(patch["reassigned"], "no");
        assert_eq!(patch["reassigned_last_verified"], "2025-01-01");
    }

    #[test]
    fn the_risk_level_follows_the_score() {
        let level = |score: i64| {
            patch(&answer(json!({"valid": true, "sms_pumping_risk": {"sms_pumping_risk_score": score}})), "+1")["sms_pumping_risk_level"].clone()
        };
        assert_eq!([level(25), level(26), level(74), level(75)], ["low", "medium", "medium", "high"]);
        let text = patch(&answer(json!({"valid": true, "sms_pumping_risk": {"sms_pumping_risk_score": "80"}})), "+1");
        assert_eq!(text["sms_pumping_risk_score"], 80);
    }
}
