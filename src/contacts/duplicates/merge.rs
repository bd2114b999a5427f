//! What a merge makes of two contacts: the primary's value wins unless it is empty, a verified address wins over one that is
//! not, and the address that loses is kept beside it.

use serde_json::{Map, Value, json};

/// Columns that belong together: they are taken from one contact or not at all.
const EMAIL: [&str; 8] = [
    "email",
    "email_status",
    "email_sub_status",
    "email_verified",
    "email_score",
    "email_source",
    "email_provider",
    "email_enriched",
];

/// Columns that a merge fills where the primary's are empty. Facts of the number itself stay with their number.
pub const FILLED: &[&str] = &[
    "business_name",
    "business_legal_name",
    "business_type",
    "business_category",
    "business_industry",
    "business_employee_count",
    "business_employee_range",
    "business_annual_revenue",
    "business_revenue_range",
    "business_founded_year",
    "business_address",
    "business_city",
    "business_state",
    "business_postal_code",
    "business_country",
    "business_website",
    "business_email_domain",
    "business_linkedin_url",
    "business_twitter_handle",
    "business_description",
    "first_name",
    "last_name",
    "full_name",
    "position",
    "department",
    "seniority",
    "linkedin_url",
    "twitter_url",
    "facebook_url",
    "consumer_address",
    "consumer_city",
    "consumer_state",
    "consumer_postal_code",
    "consumer_country",
];

fn is_empty(value: Option<&Value>) -> bool {
    value.is_none_or(|value| value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty()))
}

/// The columns of the primary that a merge with `other` changes.
pub fn merged(primary: &Map<String, Value>, other: &Map<String, Value>) -> Map<String, Value> {
    let mut out = Map::new();
    for column in FILLED.iter().filter(|column| is_empty(primary.get(**column))) {
        if let Some(value) = other.get(*column).filter(|value| !is_empty(Some(value))) {
            out.insert((*column).to_owned(), value.clone());
        }
    }
    email(primary, other, &mut out);
    out
}

fn email(primary: &Map<String, Value>, other: &Map<String, Value>, out: &mut Map<String, Value>) {
    let verified = |card: &Map<String, Value>| card.get("email_verified").and_then(Value::as_bool) == Some(true);
    if is_empty(other.get("email")) || primary.get("email") == other.get("email") {
        return;
    }
    let take = is_empty(primary.get("email")) || verified(other) && !verified(primary);
    if take {
        for column in EMAIL {
            out.insert(column.to_owned(), other.get(column).cloned().unwrap_or(Value::Null));
        }
    }
    let loser = if take { primary.get("email") } else { other.get("email") };
    let mut more: Vec<Value> = primary.get("additional_emails").and_then(Value::as_array).cloned().unwrap_or_default();
    more.extend(other.get("additional_emails").and_then(Value::as_array).cloned().unwrap_or_default());
    more.extend(loser.filter(|value| !is_empty(Some(value))).cloned());
    more.dedup();
    if !more.is_empty() {
        out.insert("additional_emails".into(), json!(more));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(primary: Value, other: Value) -> Map<String, Value> {
        merged(primary.as_object().unwrap(), other.as_object().unwrap())
    }

    #[test]
    fn the_primary_wins_unless_it_is_empty() {
        let out =
            of(json!({"full_name": "Jane Doe", "position": " "}), json!({"full_name": "J. Doe", "position": "Head"}));
        assert_eq!(Value::Object(out), json!({"position": "Head"}));
    }

    #[test]
    fn a_verified_address_wins_and_the_loser_is_kept() {
        let out = of(
            json!({"email": "old@x.example", "email_verified": false}),
            json!({"email": "new@x.example", "email_verified": true, "email_status": "valid"}),
        );
        assert_eq!(out["email"], "new@x.example");
        assert_eq!(out["additional_emails"], json!(["old@x.example"]));
        let kept = of(
            json!({"email": "a@x.example", "email_verified": true}),
            json!({"email": "b@x.example", "email_verified": true}),
        );
        assert_eq!(Value::Object(kept), json!({"additional_emails": ["b@x.example"]}));
    }
}
