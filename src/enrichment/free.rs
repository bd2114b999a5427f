//! Answers that cost no call: what the lookup already said, and what can be built from it.
//!
//! A guess never looks like something found: it says `pattern_guess`, is not verified, and enriches nothing by itself.

use serde_json::{Map, Value, json};

use super::facts::Facts;
use super::graph::Step;

/// An answer without a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Free {
    /// What it is called in the step's row.
    pub source: &'static str,
    /// Columns.
    pub patch: Map<String, Value>,
    /// Whether the step counts as answered; else it has found no data.
    pub done: bool,
}

const CNAM_CONFIDENCE: u8 = 70;
const GUESS_CONFIDENCE: u8 = 30;
const SINGLE_NAME_CONFIDENCE: u8 = 20;
const COUNTRY_CONFIDENCE: u8 = 20;

/// What is left for a step when no provider has an answer. `verifiable`: somebody can judge a guessed address.
pub fn answer(step: Step, facts: &Facts, verifiable: bool) -> Option<Free> {
    match step {
        Step::Business => cnam(facts),
        Step::EmailFind if verifiable => guess(facts),
        Step::Address => country(facts),
        _ => None,
    }
}

fn columns(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// The carriers' name of a business line is its name. They keep such names in the United States only.
fn cnam(facts: &Facts) -> Option<Free> {
    let name = facts.text("caller_name").filter(|_| facts.text("caller_type") == Some("BUSINESS"))?;
    let here = facts.text("country_code") == Some("US") && facts.text("business_name").is_none();
    let patch = json!({"business_name": title_case(name), "business_provider": "cnam", "business_confidence": CNAM_CONFIDENCE,
                       "business_enriched": true, "is_business": true});
    here.then(|| Free { source: "cnam", patch: columns(patch), done: true })
}

fn guess(facts: &Facts) -> Option<Free> {
    let domain = facts.domain()?;
    let (local, confidence) = match full_names(facts) {
        Some((first, last)) => (format!("{first}.{last}"), GUESS_CONFIDENCE),
        None => (part(facts.text("full_name")?)?, SINGLE_NAME_CONFIDENCE),
    };
    let patch = json!({"email": format!("{local}@{domain}"), "email_source": "pattern_guess", "email_verified": false,
                       "email_score": confidence, "email_status": null, "email_sub_status": null, "email_provider": null});
    Some(Free { source: "guess", patch: columns(patch), done: true })
}

/// The number's country is no address: it is kept and nothing more.
fn country(facts: &Facts) -> Option<Free> {
    let country = facts.text("country_code").filter(|_| facts.text("consumer_country").is_none())?;
    let patch = json!({"consumer_country": country, "address_confidence": COUNTRY_CONFIDENCE});
    Some(Free { source: "country", patch: columns(patch), done: false })
}

/// First and last name as parts of an address.
fn full_names(facts: &Facts) -> Option<(String, String)> {
    if let Some((first, last)) = facts.names() {
        return Some((part(first)?, part(last)?));
    }
    let mut words = facts.text("full_name")?.split_whitespace();
    let (first, last) = (words.next()?, words.next_back()?);
    Some((part(first)?, part(last)?))
}

/// A name as it stands in addresses: ASCII letters and digits of its first word, in lower case.
pub fn part(name: &str) -> Option<String> {
    let word = name.split_whitespace().next()?;
    let plain: String = word.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    (!plain.is_empty() && word.is_ascii()).then_some(plain)
}

/// The person behind a consumer's line, as carriers write it: `DOE JANE` or `DOE, JANE`, at most 15 characters.
pub fn caller_person(facts: &Facts) -> Option<Map<String, Value>> {
    let name = facts.text("caller_name").filter(|_| facts.text("caller_type") == Some("CONSUMER"))?;
    if facts.text("country_code") != Some("US") || facts.text("full_name").is_some() {
        return None;
    }
    let words: Vec<&str> = name.split([' ', ',']).filter(|word| word.chars().any(char::is_alphabetic)).collect();
    let [last, first, ..] = words[..] else { return None };
    let (first, last) = (title_case(first), title_case(last));
    Some(columns(json!({"full_name": format!("{first} {last}"), "first_name": first, "last_name": last})))
}

/// `HARBOR WIRELESS` as `Harbor Wireless`; a text with small letters stays as it is.
fn title_case(text: &str) -> String {
    if text.chars().any(char::is_lowercase) {
        return text.to_owned();
    }
    let mut at_start = true;
    let lower = |c: char| c.to_lowercase().collect::<String>();
    text.chars()
        .map(|c| {
            let out = if at_start { c.to_string() } else { lower(c) };
            at_start = !c.is_alphanumeric() && c != '\'';
            out
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(card: Value) -> Facts {
        Facts { card: columns(card), ..Facts::default() }
    }

    #[test]
    fn a_guess_never_looks_like_something_found() {
        let known = facts(json!({"business_email_domain": "harbor.example", "first_name": "Jane", "last_name": "Doe"}));
        let free = answer(Step::EmailFind, &known, true).unwrap();
        assert_eq!(free.patch["email"], "jane.doe@harbor.example");
        assert_eq!(free.patch["email_source"], "pattern_guess");
        assert_eq!(free.patch["email_verified"], false);
        assert!(!free.patch.contains_key("email_enriched"));
        assert_eq!(answer(Step::EmailFind, &known, false), None, "nobody could judge it");
    }

    #[test]
    fn a_country_is_no_address() {
        let free = answer(Step::Address, &facts(json!({"country_code": "US"})), false).unwrap();
        assert!(!free.done && !free.patch.contains_key("address_enriched"));
    }

    #[test]
    fn the_carriers_name_is_a_business_only_where_the_line_is_one() {
        let of = |kind: &str| {
            answer(
                Step::Business,
                &facts(json!({"caller_name": "HARBOR WIRELESS", "caller_type": kind, "country_code": "US"})),
                true,
            )
        };
        assert_eq!(of("BUSINESS").unwrap().patch["business_name"], "Harbor Wireless");
        assert_eq!(of("CONSUMER"), None);
    }

    #[test]
    fn a_consumers_caller_name_is_a_person_last_name_first() {
        let of = |name: &str| {
            caller_person(&facts(json!({"caller_name": name, "caller_type": "CONSUMER", "country_code": "US"})))
        };
        assert_eq!(of("DOE, JANE").unwrap()["full_name"], "Jane Doe");
        assert_eq!(of("O'NEIL JOHN A").unwrap()["last_name"], "O'neil");
        assert_eq!(of("DOE"), None);
    }
}
