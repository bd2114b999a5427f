//! Answers that cost no call: what the lookup already said, and what can be built from it.
//!
//! A guess never looks like something found: it says `pattern_guess`, is not verified, and enriches nothing by itself.

use serde_json::{Map, Value, json};

use super::facts::Facts;
use super::graph::Step;
use crate::providers::hunter::pattern;

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

fn is(facts: &Facts, column: &str, value: &str) -> bool {
    facts.card.text(column).as_deref() == Some(value)
}

/// The carriers' name of a business line is its name. They keep such names in the United States only.
fn cnam(facts: &Facts) -> Option<Free> {
    let name = facts.card.text("caller_name").filter(|_| is(facts, "caller_type", "BUSINESS"))?;
    let patch = json!({"business_name": title_case(&name), "business_provider": "cnam", "business_confidence": CNAM_CONFIDENCE,
                       "business_enriched": true, "business_enriched_at": true, "is_business": true});
    let here = is(facts, "country_code", "US") && !facts.card.has("business_name");
    here.then(|| Free { source: "cnam", patch: columns(patch), done: true })
}

fn guess(facts: &Facts) -> Option<Free> {
    let patch = pattern::guess(None, &facts.card);
    (!patch.is_empty()).then_some(Free { source: "guess", patch, done: true })
}

/// The number's country is no address: it is kept and nothing more.
fn country(facts: &Facts) -> Option<Free> {
    let country = facts.card.text("country_code").filter(|_| !facts.card.has("consumer_country"))?;
    let patch = json!({"consumer_country": country, "address_confidence": COUNTRY_CONFIDENCE});
    Some(Free { source: "country", patch: columns(patch), done: false })
}

/// The person behind a consumer's line, as carriers write it: `DOE JANE` or `DOE, JANE`, at most 15 characters.
pub fn caller_person(facts: &Facts) -> Option<Map<String, Value>> {
    let name = facts.card.text("caller_name").filter(|_| is(facts, "caller_type", "CONSUMER"))?;
    if !is(facts, "country_code", "US") || ["full_name", "first_name", "last_name"].iter().any(|c| facts.card.has(c)) {
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
    use crate::providers::Input;

    fn facts(card: Value) -> Facts {
        Facts { card: Input::new(columns(card)), ..Facts::default() }
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
