//! Contact columns that steps may write, with their types: a value that does not fit its column is left out, so that one
//! odd answer can't spoil the batch it is settled with.

use chrono::Datelike;
use serde_json::{Map, Value};

/// PostgreSQL type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `text`
    Text,
    /// `boolean`
    Bool,
    /// `integer`
    Int,
    /// `bigint`
    Big,
    /// `numeric`
    Decimal,
    /// `date`
    Date,
    /// `timestamptz`
    Time,
    /// `timestamptz` of the finding: `true` is the settling transaction's time, a time is that of a kept answer.
    Moment,
    /// `text[]`
    Texts,
    /// `jsonb`
    Json,
}

use Kind::{Big, Bool, Date, Decimal, Int, Json, Moment, Text, Texts, Time};

/// Columns that steps write: the lookup's, then those of business, e-mail and person, and address.
pub const COLUMNS: &[(&str, Kind)] = &[
    ("national_format", Text),
    ("phone_valid", Bool),
    ("validation_errors", Texts),
    ("country_code", Text),
    ("calling_country_code", Text),
    ("line_type", Text),
    ("carrier_name", Text),
    ("mobile_country_code", Text),
    ("mobile_network_code", Text),
    ("caller_name", Text),
    ("caller_type", Text),
    ("lookup_note", Text),
    ("package_codes", Json),
    ("sms_pumping_risk_score", Int),
    ("sms_pumping_risk_level", Text),
    ("sms_pumping_carrier_risk", Text),
    ("sms_pumping_number_blocked", Bool),
    ("sms_pumping_number_blocked_last_3_months", Bool),
    ("sms_pumping_number_blocked_date", Date),
    ("sim_swap_last_date", Time),
    ("sim_swap_period", Text),
    ("sim_swap_in_period", Bool),
    ("reassigned", Text),
    ("reassigned_last_verified", Date),
    ("call_forwarding_enabled", Bool),
    ("line_status", Text),
    ("identity_match", Json),
    ("phone_quality", Json),
    ("pre_fill", Json),
    ("is_business", Bool),
    ("business_name", Text),
    ("business_legal_name", Text),
    ("business_type", Text),
    ("business_category", Text),
    ("business_industry", Text),
    ("business_employee_count", Int),
    ("business_employee_range", Text),
    ("business_annual_revenue", Big),
    ("business_revenue_range", Text),
    ("business_founded_year", Int),
    ("business_address", Text),
    ("business_city", Text),
    ("business_state", Text),
    ("business_postal_code", Text),
    ("business_country", Text),
    ("business_website", Text),
    ("business_email_domain", Text),
    ("business_linkedin_url", Text),
    ("business_twitter_handle", Text),
    ("business_description", Text),
    ("business_tags", Texts),
    ("business_tech_stack", Texts),
    ("business_phone_location", Text),
    ("business_provider", Text),
    ("business_confidence", Int),
    ("business_enriched_at", Moment),
    ("business_enriched", Bool),
    ("email", Text),
    ("email_status", Text),
    ("email_sub_status", Text),
    ("email_suggestion", Text),
    ("email_verified", Bool),
    ("email_score", Int),
    ("email_source", Text),
    ("email_provider", Text),
    ("email_enriched_at", Moment),
    ("email_enriched", Bool),
    ("first_name", Text),
    ("last_name", Text),
    ("full_name", Text),
    ("position", Text),
    ("department", Text),
    ("seniority", Text),
    ("linkedin_url", Text),
    ("twitter_url", Text),
    ("facebook_url", Text),
    ("consumer_address", Text),
    ("consumer_city", Text),
    ("consumer_state", Text),
    ("consumer_postal_code", Text),
    ("consumer_country", Text),
    ("address_type", Text),
    ("address_verified", Bool),
    ("address_confidence", Int),
    ("address_provider", Text),
    ("address_enriched_at", Moment),
    ("address_enriched", Bool),
    ("latitude", Decimal),
    ("longitude", Decimal),
    ("geocoded_at", Moment),
    ("geocoding_accuracy", Text),
    ("phone_fingerprint", Text),
    ("name_fingerprint", Text),
    ("email_fingerprint", Text),
    ("duplicate_confidence", Int),
    ("duplicate_checked_at", Moment),
];

/// The patch with every value in its column's type; what does not fit is left out.
pub fn fit(patch: Map<String, Value>) -> Map<String, Value> {
    patch
        .into_iter()
        .filter_map(|(name, value)| {
            let (_, kind) = COLUMNS.iter().find(|(column, _)| *column == name)?;
            Some((name, fit_value(value, *kind)?))
        })
        .collect()
}

fn fit_value(value: Value, kind: Kind) -> Option<Value> {
    let value = without_nul(value);
    match (kind, value) {
        (_, Value::Null) => Some(Value::Null),
        (Json, value) => Some(value),
        (Text, Value::String(text)) => Some(Value::String(text)),
        (Text, value @ (Value::Number(_) | Value::Bool(_))) => Some(Value::String(value.to_string())),
        (Bool, Value::Bool(b)) => Some(Value::Bool(b)),
        (Bool, Value::String(text)) => text.parse().ok().map(Value::Bool),
        (Int, Value::Number(n)) => n.as_i64().and_then(|n| i32::try_from(n).ok()).map(Value::from),
        (Int, Value::String(text)) => text.parse::<i32>().ok().map(Value::from),
        (Big, Value::Number(n)) => n.as_i64().map(Value::from),
        (Big, Value::String(text)) => text.parse::<i64>().ok().map(Value::from),
        (Decimal, value @ Value::Number(_)) => Some(value),
        (Moment, Value::Bool(true)) => Some(Value::Bool(true)),
        (Moment, value @ Value::String(_)) => fit_value(value, Time),
        (Date, Value::String(text)) => {
            let day = text.parse::<chrono::NaiveDate>().ok().filter(|day| is_storable(day.year()));
            day.map(|day| Value::from(day.to_string()))
        }
        (Time, Value::String(text)) => {
            let time = chrono::DateTime::parse_from_rfc3339(&text).ok().map(|time| time.to_utc());
            time.filter(|time| is_storable(time.year())).map(|time| Value::from(time.to_rfc3339()))
        }
        (Texts, Value::Array(items)) => Some(Value::Array(items.into_iter().filter(Value::is_string).collect())),
        _ => None,
    }
}

/// PostgreSQL knows no year 0, and reads no sign and no fifth digit here.
fn is_storable(year: i32) -> bool {
    (1..=9999).contains(&year)
}

/// PostgreSQL stores no NUL character, neither in text nor in jsonb.
pub fn without_nul(value: Value) -> Value {
    match value {
        Value::String(text) if text.contains('\0') => Value::String(text.replace('\0', "")),
        Value::Array(items) => Value::Array(items.into_iter().map(without_nul).collect()),
        Value::Object(map) => {
            map.into_iter().map(|(k, v)| (k.replace('\0', ""), without_nul(v))).collect::<Map<_, _>>().into()
        }
        other => other,
    }
}

/// `SET` clauses for the columns named in any of the patches; `p.patch` holds each row's own.
pub fn assignments<'a>(patches: impl Iterator<Item = &'a Map<String, Value>>) -> String {
    let mut present = std::collections::BTreeSet::new();
    for patch in patches {
        present.extend(patch.keys().map(String::as_str));
    }
    let named = COLUMNS.iter().filter(|(name, _)| present.contains(name));
    named.map(|(name, kind)| assignment(name, *kind)).collect()
}

fn assignment(name: &str, kind: Kind) -> String {
    let value = match kind {
        Text => format!("p.patch->>'{name}'"),
        Bool => format!("(p.patch->>'{name}')::boolean"),
        Int => format!("(p.patch->>'{name}')::integer"),
        Big => format!("(p.patch->>'{name}')::bigint"),
        Decimal => format!("(p.patch->>'{name}')::numeric"),
        Date => format!("(p.patch->>'{name}')::date"),
        Moment => format!(
            "CASE jsonb_typeof(p.patch->'{name}') WHEN 'string' THEN (p.patch->>'{name}')::timestamptz WHEN 'boolean' THEN now() END"
        ),
        Time => format!("(p.patch->>'{name}')::timestamptz"),
        Json => format!("nullif(p.patch->'{name}', 'null')"),
        Texts => format!(
            "CASE jsonb_typeof(p.patch->'{name}') WHEN 'array' THEN ARRAY(SELECT jsonb_array_elements_text(p.patch->'{name}')) END"
        ),
    };
    format!("\"{name}\" = CASE WHEN p.patch ? '{name}' THEN {value} ELSE c.\"{name}\" END, ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fitted(name: &str, value: Value) -> Option<Value> {
        let mut patch = Map::new();
        patch.insert(name.into(), value);
        fit(patch).remove(name)
    }

    #[test]
    fn values_that_come_as_text_are_read_and_odd_ones_left_out() {
        assert_eq!(fitted("sms_pumping_number_blocked", json!("true")), Some(json!(true)));
        assert_eq!(fitted("sms_pumping_number_blocked", json!("perhaps")), None);
        assert_eq!(fitted("mobile_network_code", json!(26)), Some(json!("26")));
        assert_eq!(fitted("sim_swap_last_date", json!("yesterday")), None);
        assert_eq!(fitted("sim_swap_last_date", json!("0000-01-01T00:00:00Z")), None);
        assert_eq!(
            fitted("sim_swap_last_date", json!("2020-01-01T00:00:00+23:59")),
            Some(json!("2019-12-31T00:01:00+00:00"))
        );
        assert_eq!(fitted("reassigned_last_verified", json!("+12020-01-01")), None);
        assert_eq!(fitted("carrier_name", json!({"a": 1})), None);
        assert_eq!(fitted("no_such_column", json!(1)), None);
        assert_eq!(fitted("business_annual_revenue", json!("50000000000")), Some(json!(50_000_000_000_i64)));
        assert_eq!(fitted("email_enriched_at", json!(true)), Some(json!(true)));
        assert_eq!(fitted("email_enriched_at", json!("soon")), None);
    }

    #[test]
    fn no_nul_reaches_the_database() {
        assert_eq!(fitted("carrier_name", json!("a\u{0}b")), Some(json!("ab")));
        assert_eq!(without_nul(json!({"a\u{0}": ["\u{0}"]})), json!({"a": [""]}));
    }
}
