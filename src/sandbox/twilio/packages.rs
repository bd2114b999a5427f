//! The answer of Lookup v2 and its data packages, drawn from the number: same number, same answer.
//!
//! A package that was not asked for is null, and so is every package of an invalid number. Each has an `error_code` of
//! its own: outside its coverage its values are null beside it.

use serde_json::{Value, json};

use super::{Parameters, date};
use crate::sandbox::{
    line::Line,
    number::Number,
    world::{FIRST_NAMES, Owner, SURNAMES},
};

/// Every value of `Fields`.
pub(super) const NAMES: [&str; 11] = [
    "validation",
    "caller_name",
    "sim_swap",
    "call_forwarding",
    "line_status",
    "line_type_intelligence",
    "identity_match",
    "reassigned_number",
    "sms_pumping_risk",
    "phone_number_quality_score",
    "pre_fill",
];

/// Outside a package's countries; Canada's carriers want an approval for line types.
const NOT_COVERED: u32 = 60600;
const CANADA_NOT_APPROVED: u32 = 60601;

const SIM_SWAP_COUNTRIES: [&str; 9] = ["US", "GB", "DE", "FR", "ES", "IT", "NL", "BR", "ID"];
const IDENTITY_COUNTRIES: [&str; 8] = ["US", "GB", "DE", "FR", "ES", "NL", "AU", "BR"];

/// Caller names are cut to this length by the networks that carry them.
const CNAM_CHARS_MAX: usize = 15;

/// The body of a 200.
pub(super) fn lookup(number: &Number, fields: &[String], parameters: &Parameters) -> Value {
    let line = Line::of(number);
    let package = |name: &str, value: fn(&Line<'_>, &Parameters) -> Value| {
        let asked = number.error.is_none() && fields.iter().any(|field| field == name);
        if asked { value(&line, parameters) } else { Value::Null }
    };
    json!({
        "calling_country_code": number.calling_country_code,
        "country_code": number.country_code,
        "phone_number": number.phone_number,
        "national_format": number.national_format,
        "valid": number.error.is_none(),
        "validation_errors": number.error.map(|error| vec![error]).unwrap_or_default(),
        "caller_name": package("caller_name", caller_name),
        "sim_swap": package("sim_swap", sim_swap),
        "call_forwarding": package("call_forwarding", call_forwarding),
        "line_status": package("line_status", line_status),
        "line_type_intelligence": package("line_type_intelligence", line_type),
        "identity_match": package("identity_match", identity_match),
        "reassigned_number": package("reassigned_number", reassigned),
        "sms_pumping_risk": package("sms_pumping_risk", sms_pumping_risk),
        "phone_number_quality_score": package("phone_number_quality_score", quality),
        "pre_fill": package("pre_fill", pre_fill),
        "url": format!("https://lookups.twilio.com/v2/PhoneNumbers/{}", number.phone_number),
    })
}

fn line_type(line: &Line<'_>, _: &Parameters) -> Value {
    if line.country == "CA" {
        return json!({ "type": null, "carrier_name": null, "mobile_country_code": null, "mobile_network_code": null,
            "error_code": CANADA_NOT_APPROVED });
    }
    json!({ "type": line.kind, "carrier_name": line.carrier, "mobile_country_code": line.mcc,
        "mobile_network_code": line.mnc, "error_code": null })
}

fn caller_name(line: &Line<'_>, _: &Parameters) -> Value {
    let dice = line.number.dice;
    if !line.is_us() {
        return json!({ "caller_name": null, "caller_type": null, "error_code": NOT_COVERED });
    }
    if dice.chance("no caller name", 0.08) {
        return json!({ "caller_name": null, "caller_type": null, "error_code": null });
    }
    let owner = Owner::of(line);
    let business = matches!(owner, Owner::Business { .. });
    let name: String = owner.caller_name().chars().take(CNAM_CHARS_MAX).collect();
    json!({ "caller_name": name.trim_end(), "caller_type": if business { "BUSINESS" } else { "CONSUMER" },
        "error_code": null })
}

fn sim_swap(line: &Line<'_>, _: &Parameters) -> Value {
    let dice = line.number.dice;
    if line.kind != "mobile" || !SIM_SWAP_COUNTRIES.contains(&line.country) {
        return json!({ "last_sim_swap": null, "carrier_name": null, "mobile_country_code": null,
            "mobile_network_code": null, "error_code": NOT_COVERED });
    }
    let swapped = dice.chance("sim swap", 0.03);
    let day = format!("2025-{:02}-{:02}", 1 + dice.below("swap month", 12), 1 + dice.below("swap day", 28));
    let swap = json!({ "last_sim_swap_date": format!("{day}T08:15:00Z"), "swapped_period": "PT48H",
        "swapped_in_period": swapped });
    json!({ "last_sim_swap": swap, "carrier_name": line.carrier, "mobile_country_code": line.mcc,
        "mobile_network_code": line.mnc, "error_code": null })
}

fn call_forwarding(line: &Line<'_>, _: &Parameters) -> Value {
    if line.country != "GB" {
        return json!({ "call_forwarding_enabled": null, "error_code": NOT_COVERED });
    }
    json!({ "call_forwarding_enabled": line.number.dice.chance("forwarding", 0.1), "error_code": null })
}

fn line_status(line: &Line<'_>, _: &Parameters) -> Value {
    let active = line.number.dice.chance("line status", 0.93);
    json!({ "status": if active { "active" } else { "inactive" }, "error_code": null })
}

fn identity_match(line: &Line<'_>, parameters: &Parameters) -> Value {
    let dice = line.number.dice;
    let covered = IDENTITY_COUNTRIES.contains(&line.country);
    let matched = |names: &[&str]| {
        let given = names.iter().any(|name| parameters.contains_key(*name));
        let salt = names.first().copied().unwrap_or_default();
        let verdict = if given {
            dice.pick(salt, &["exact_match", "exact_match", "high_partial_match", "no_match"])
        } else {
            "no_data_available"
        };
        covered.then_some(verdict)
    };
    json!({
        "first_name_match": matched(&["FirstName"]),
        "last_name_match": matched(&["LastName"]),
        "address_lines_match": matched(&["AddressLine1", "AddressLine2"]),
        "city_match": matched(&["City"]),
        "state_match": matched(&["State"]),
        "postal_code_match": matched(&["PostalCode"]),
        "address_country_match": matched(&["AddressCountryCode"]),
        "national_id_match": matched(&["NationalId"]),
        "date_of_birth_match": matched(&["DateOfBirth"]),
        "summary_score": covered.then(|| dice.below("identity", 101)),
        "error_code": (!covered).then_some(NOT_COVERED),
        "error_message": (!covered).then_some("Phone number is outside of package coverage"),
    })
}

/// Its `error_code` is text, alone among the packages: so says the specification.
fn reassigned(line: &Line<'_>, parameters: &Parameters) -> Value {
    let verified = parameters.get("LastVerifiedDate").and_then(|text| date(text));
    let share = line.number.dice.unit("reassigned");
    let verdict = match share {
        _ if share < 0.85 => "no",
        _ if share < 0.93 => "yes",
        _ => "no_data_available",
    };
    json!({ "last_verified_date": verified.map(|day| day.to_string()),
        "is_number_reassigned": line.is_us().then_some(verdict),
        "error_code": (!line.is_us()).then(|| NOT_COVERED.to_string()) })
}

fn sms_pumping_risk(line: &Line<'_>, _: &Parameters) -> Value {
    let dice = line.number.dice;
    // The square leans towards low scores, as real traffic does.
    let score = (dice.unit("pumping risk").powi(2) * 101.0) as u64;
    let blocked = score > 90;
    json!({ "carrier_risk_category": category(score), "number_blocked": blocked,
        "number_blocked_date": blocked.then_some("2025-03-02T00:00:00Z"), "number_blocked_last_3_months": blocked,
        "sms_pumping_risk_score": score.min(100), "error_code": null })
}

fn quality(line: &Line<'_>, _: &Parameters) -> Value {
    let score = |salt| line.number.dice.below(salt, 101);
    let [carrier, disposable, quality, velocity] = ["carrier risk", "disposable", "quality", "velocity"].map(score);
    json!({
        "carrier_risk_score": carrier, "carrier_risk_category": category(carrier),
        "disposable_phone_risk_score": disposable, "disposable_phone_risk_category": category(disposable),
        "quality_score": quality, "quality_category": category(quality),
        "velocity_risk_score": velocity, "velocity_risk_category": category(velocity),
        "error_code": null,
    })
}

fn category(score: u64) -> &'static str {
    match score {
        0..60 => "low",
        60..80 => "moderate",
        _ => "high",
    }
}

fn pre_fill(line: &Line<'_>, _: &Parameters) -> Value {
    let dice = line.number.dice;
    let us = line.is_us();
    json!({
        "first_name": us.then(|| dice.pick("first name", &FIRST_NAMES)),
        "last_name": us.then(|| dice.pick("surname", &SURNAMES)),
        "address_line": us.then(|| format!("{} Pier Street", 1 + dice.below("house", 999))),
        "country_code": us.then_some("US"),
        "state": us.then_some("CA"),
        "postal_code": us.then(|| format!("94{:03}", dice.below("postal code", 1000))),
        "error_code": (!us).then_some(NOT_COVERED),
    })
}
