//! How far two contacts are the same, 0 to 100.
//!
//! Only fields that both have are weighed, against at least [`EVIDENCE_MIN`]: one equal field alone proves nothing. People
//! have several numbers, so two numbers that differ are no evidence against; numbers that are nearly equal are for it.

use serde_json::{Map, Value, json};

use super::fingerprint::{name_of, text};

/// Weights of the parts.
const PHONE: u32 = 40;
const PHONE_SIMILAR: u32 = 30;
const EMAIL: u32 = 30;
const SAME_DOMAIN: u32 = 15;
const NAME: u32 = 20;
const CITY: u32 = 10;
/// Weight that a verdict needs at least: name and address together.
const EVIDENCE_MIN: u32 = 50;
/// Numbers and names that are so similar count as nearly the same.
const SIMILAR: f64 = 0.8;
/// What two people of one company can reach at most: they share a line and are no duplicates.
const SHARED_LINE_MAX: u32 = 70;

/// What two contacts have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// 0 to 100.
    pub confidence: i32,
    /// Points by part, for a person who decides.
    pub parts: Value,
}

/// Compares two contacts by their columns. `free_mail` says which domains are mail services.
pub fn compare(a: &Map<String, Value>, b: &Map<String, Value>, free_mail: impl Fn(&str) -> bool) -> Match {
    let (mut points, mut weight, mut parts) = (0, 0, Map::new());
    let mut part = |name: &str, got: u32, of: u32| {
        points += got;
        weight += of;
        parts.insert(name.to_owned(), json!({"points": got, "of": of}));
    };
    if let Some(got) = phone(a, b) {
        part("phone", got, PHONE);
    }
    if let Some((left, right)) = text(a, "email").zip(text(b, "email")) {
        part("email", email(left, right, free_mail), EMAIL);
    }
    if let Some((left, right)) = name_of(a).zip(name_of(b)) {
        part("name", (f64::from(NAME) * similarity(left, right)) as u32, NAME);
    }
    if let Some((left, right)) = text(a, "business_city").zip(text(b, "business_city")) {
        part("city", if left.to_lowercase() == right.to_lowercase() { CITY } else { 0 }, CITY);
    }
    let mut confidence = 100 * points / weight.max(EVIDENCE_MIN);
    if are_colleagues(a, b) {
        confidence = confidence.min(SHARED_LINE_MAX);
        parts.insert("shared_line".into(), json!(true));
    }
    Match { confidence: i32::try_from(confidence).unwrap_or(100), parts: Value::Object(parts) }
}

fn phone(a: &Map<String, Value>, b: &Map<String, Value>) -> Option<u32> {
    let (left, right) = text(a, "phone_e164").zip(text(b, "phone_e164"))?;
    if left == right {
        return Some(PHONE);
    }
    let last = |number: &str| number.chars().rev().take(10).collect::<String>();
    (similarity(&last(left), &last(right)) > SIMILAR).then_some(PHONE_SIMILAR)
}

fn email(left: &str, right: &str, free_mail: impl Fn(&str) -> bool) -> u32 {
    let (left, right) = (left.to_lowercase(), right.to_lowercase());
    if left == right {
        return EMAIL;
    }
    let domain = |email: &str| email.rsplit_once('@').map(|(_, domain)| domain.to_owned());
    let same = domain(&left).zip(domain(&right)).is_some_and(|(l, r)| l == r && !free_mail(&l));
    if same { SAME_DOMAIN } else { 0 }
}

/// Two businesses with different people: one company, one line, no duplicate.
fn are_colleagues(a: &Map<String, Value>, b: &Map<String, Value>) -> bool {
    let is_business = |card: &Map<String, Value>| text(card, "business_name").is_some();
    let people = text(a, "full_name").zip(text(b, "full_name"));
    is_business(a) && is_business(b) && people.is_some_and(|(l, r)| similarity(l, r) <= SIMILAR)
}

/// 1 − edits ÷ longer length, on lower-cased trimmed text.
pub fn similarity(a: &str, b: &str) -> f64 {
    strsim::normalized_levenshtein(&a.trim().to_lowercase(), &b.trim().to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confidence(a: Value, b: Value) -> i32 {
        compare(a.as_object().unwrap(), b.as_object().unwrap(), |domain| domain == "gmail.com").confidence
    }

    #[test]
    fn one_person_with_two_numbers_is_found_by_name_and_address() {
        let person =
            |phone: &str| json!({"phone_e164": phone, "full_name": "Jane Doe", "email": "jane@harbor.example"});
        assert_eq!(confidence(person("+14155550123"), person("+442079460123")), 100);
    }

    #[test]
    fn one_equal_field_proves_nothing() {
        assert!(confidence(json!({"full_name": "John Smith"}), json!({"full_name": "john smith"})) < 80);
        assert!(confidence(json!({"email": "a@x.example"}), json!({"email": "a@x.example"})) < 80);
    }

    #[test]
    fn two_people_behind_one_company_number_are_no_duplicates() {
        let at = |name: &str, email: &str| {
            json!({"phone_e164": "+14155550123", "is_business": true, "business_name": "Harbor", "business_city": "Oakland",
                   "full_name": name, "email": email})
        };
        assert!(confidence(at("Jane Doe", "jane@harbor.example"), at("Omar Reyes", "omar@harbor.example")) < 80);
        assert!(confidence(at("Jane Doe", "jane@harbor.example"), at("Jane Doe", "jane@harbor.example")) >= 95);
    }

    #[test]
    fn a_mail_service_is_nobodys_domain() {
        let at = |email: &str| json!({"full_name": "Jane Doe", "email": email});
        assert!(confidence(at("a@gmail.com"), at("b@gmail.com")) < confidence(at("a@x.example"), at("b@x.example")));
    }
}
