//! Addresses that are put together, not found: by a domain's pattern, or by the commonest one of all.
//!
//! What comes out is a guess and says so: `email_source = pattern_guess`, never verified, never `email_enriched`.

use serde_json::{Map, Value};

use crate::providers::columns::Columns;
use crate::providers::domain;
use crate::providers::input::{Input, Name};

/// Confidence in an address by the domain's own pattern, by `first.last`, and by a single name.
pub const BY_PATTERN: i64 = 50;
const BY_FIRST_LAST: i64 = 30;
const BY_SINGLE_NAME: i64 = 20;

/// The address of this person by a pattern such as `{first}.{last}` or `{f}{last}`; none if the name or the pattern lacks
/// something.
pub fn apply(pattern: &str, name: &Name, domain: &str) -> Option<String> {
    let (first, last) = (letters(name.first.as_deref()), letters(name.last.as_deref()));
    let mut local = String::new();
    let mut rest = pattern;
    while let Some(start) = rest.find('{') {
        let end = start + rest[start..].find('}')?;
        local.push_str(&rest[..start]);
        let part = match &rest[start + 1..end] {
            "first" => first.clone(),
            "last" => last.clone(),
            "f" => first.as_deref().and_then(initial),
            "l" => last.as_deref().and_then(initial),
            _ => None,
        };
        local.push_str(&part?);
        rest = &rest[end + 1..];
    }
    // A pattern that names nobody is a shared mailbox.
    (local.len() + rest.len() > 0 && pattern.contains('{')).then_some(())?;
    domain::email(&format!("{local}{rest}@{domain}"))
}

/// A guess for a contact without an address: the domain's pattern if one is known, else `first.last`, else a single name.
/// Empty if the contact has an address, or lacks a domain or a name.
pub fn guess(pattern: Option<&str>, input: &Input) -> Map<String, Value> {
    let mut set = Columns::new(input);
    let (name, Some(domain)) = (input.name(), input.domain()) else { return set.done() };
    let by = |pattern: &str, score: i64| Some((apply(pattern, &name, &domain)?, score));
    let single = || {
        let only = name.first.clone().or_else(|| name.last.clone()).or_else(|| name.full.clone());
        let name = Name { first: only, ..Name::default() };
        Some((apply("{first}", &name, &domain)?, BY_SINGLE_NAME))
    };
    let guess = pattern
        .and_then(|pattern| by(pattern, BY_PATTERN))
        .or_else(|| by("{first}.{last}", BY_FIRST_LAST))
        .or_else(single);
    let Some((email, score)) = guess.filter(|_| !input.has("email")) else { return set.done() };
    set.set("email", Some(email));
    set.set("email_source", Some("pattern_guess"));
    set.set("email_score", Some(score));
    set.set("email_verified", Some(false));
    set.set("email_status", Some(Value::Null));
    set.done()
}

fn initial(name: &str) -> Option<String> {
    name.chars().next().map(String::from)
}

/// A name as it stands in an address: Latin letters and digits in lower case; none for a name in another script.
fn letters(name: Option<&str>) -> Option<String> {
    let mut out = String::new();
    for c in name?.to_lowercase().chars() {
        match c {
            'a'..='z' | '0'..='9' => out.push(c),
            ' ' | '-' | '\'' | '’' | '.' => {}
            other => out.push_str(folded(other)?),
        }
    }
    (!out.is_empty()).then_some(out)
}

fn folded(c: char) -> Option<&'static str> {
    Some(match c {
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' | 'ą' => "a",
        'ä' | 'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' => "e",
        'ğ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ō' | 'ő' => "o",
        'ö' | 'ø' | 'œ' => "oe",
        'ř' => "r",
        'ś' | 'š' | 'ş' => "s",
        'ß' => "ss",
        'ť' => "t",
        'ù' | 'ú' | 'û' | 'ū' | 'ů' | 'ű' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn name(first: &str, last: &str) -> Name {
        Name { first: Some(first.into()), last: Some(last.into()), full: None }
    }

    #[test]
    fn a_pattern_builds_the_address_of_a_name() {
        let of = |pattern: &str| apply(pattern, &name("Jané", "O'Brien"), "x.example");
        assert_eq!(of("{first}.{last}").as_deref(), Some("jane.obrien@x.example"));
        assert_eq!(of("{f}{last}").as_deref(), Some("jobrien@x.example"));
        assert_eq!(of("{last}_{l}{f}").as_deref(), Some("obrien_oj@x.example"));
        for odd in ["info", "", "{middle}.{last}", "{first", "{}"] {
            assert_eq!(of(odd), None, "{odd}");
        }
        assert_eq!(apply("{first}", &name("李", "x"), "x.example"), None);
    }

    #[test]
    fn a_guess_is_marked_as_one_and_never_replaces_an_address() {
        let input = |more: Value| {
            let mut known = json!({"business_email_domain": "x.example", "first_name": "Jane", "last_name": "Doe"});
            known.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            Input::new(known.as_object().cloned().unwrap())
        };
        let by_pattern = guess(Some("{f}{last}"), &input(json!({})));
        assert_eq!((&by_pattern["email"], &by_pattern["email_score"]), (&json!("jdoe@x.example"), &json!(50)));
        assert_eq!(
            (&by_pattern["email_source"], &by_pattern["email_verified"]),
            (&json!("pattern_guess"), &json!(false))
        );
        assert!(!by_pattern.contains_key("email_enriched"));
        assert_eq!(guess(None, &input(json!({})))["email_score"], 30);
        assert_eq!(guess(None, &input(json!({"last_name": null})))["email_score"], 20);
        assert!(guess(None, &input(json!({"email": "found@x.example"}))).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn no_pattern_and_no_name_can_panic(pattern in "[{}a-z.]{0,20}|\\PC{0,20}", first in "\\PC{0,10}", last in "\\PC{0,10}") {
            let _ = apply(&pattern, &name(&first, &last), "x.example");
        }
    }
}
