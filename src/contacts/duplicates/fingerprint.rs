//! Normalised forms by which candidates are found.
//!
//! A phone's is its whole E.164 number: the last ten digits would join numbers of different countries. A name keeps the
//! letters of every script. An address is trimmed and lower-cased; `+tags` stay, since they may be different people.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The fingerprints of one contact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fingerprints {
    /// E.164.
    pub phone: Option<String>,
    /// Words of the name of the business, or of the person.
    pub name: Option<String>,
    /// Address.
    pub email: Option<String>,
}

/// A column's text, if there is something in it.
pub(super) fn text<'a>(card: &'a Map<String, Value>, column: &str) -> Option<&'a str> {
    card.get(column)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// The name that a contact goes by: its business's if it is one, else its person's.
pub fn name_of(card: &Map<String, Value>) -> Option<&str> {
    let is_business = card.get("is_business").and_then(Value::as_bool) == Some(true);
    let (first, second) = if is_business { ("business_name", "full_name") } else { ("full_name", "business_name") };
    text(card, first).or_else(|| text(card, second))
}

/// Lower case, letters and digits of every script, words in order of the alphabet, each once.
pub fn of_name(name: &str) -> Option<String> {
    let folded: String = name.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let words: BTreeSet<&str> = folded.split_whitespace().collect();
    let joined = words.into_iter().collect::<Vec<_>>().join(" ");
    (!joined.is_empty()).then_some(joined)
}

/// Trimmed and in lower case.
pub fn of_email(email: &str) -> Option<String> {
    let plain = email.trim().to_lowercase();
    plain.contains('@').then_some(plain)
}

impl Fingerprints {
    /// Of a contact's columns.
    pub fn of(card: &Map<String, Value>) -> Fingerprints {
        Fingerprints {
            phone: text(card, "phone_e164").map(str::to_owned),
            name: name_of(card).and_then(of_name),
            email: text(card, "email").and_then(of_email),
        }
    }

    /// The columns that hold them.
    pub fn columns(&self) -> Map<String, Value> {
        let pairs =
            [("phone_fingerprint", &self.phone), ("name_fingerprint", &self.name), ("email_fingerprint", &self.email)];
        pairs.into_iter().map(|(column, value)| (column.to_owned(), Value::from(value.clone()))).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_words_and_marks_does_not_matter_and_every_script_is_kept() {
        assert_eq!(of_name("Smith, John A.").as_deref(), Some("a john smith"));
        assert_eq!(of_name("Ångström  ÅSA"), of_name("åsa ångström"));
        assert_eq!(of_name("山田 太郎").as_deref(), Some("太郎 山田"));
        assert_eq!(of_name("Иванов Пётр"), of_name("ПЁТР ИВАНОВ"));
        assert_eq!(of_name(" - "), None);
    }

    #[test]
    fn numbers_of_two_countries_never_share_a_fingerprint() {
        let of = |number: &str| Fingerprints::of(json!({"phone_e164": number}).as_object().unwrap()).phone;
        assert_ne!(of("+447700900123"), of("+17700900123"));
    }

    #[test]
    fn a_business_goes_by_its_own_name() {
        let card = json!({"is_business": true, "business_name": "Northwind Harbor", "full_name": "Jane Doe", "email": " Jane@X.example "});
        let prints = Fingerprints::of(card.as_object().unwrap());
        assert_eq!(
            (prints.name.as_deref(), prints.email.as_deref()),
            (Some("harbor northwind"), Some("jane@x.example"))
        );
    }
}
