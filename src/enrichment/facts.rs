//! What the planner knows of a contact: its columns as they stand, and where each of its steps stands.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::graph::{Need, Step};

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A need is missing.
    Blocked,
    /// Its job waits or runs.
    Live,
    /// Over, with data.
    Done,
    /// Over, without data: nothing known, skipped, failed or dead.
    Without,
}

/// One contact.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// Its id.
    pub contact: i64,
    /// Columns by name, as PostgreSQL prints them in JSON.
    pub card: Map<String, Value>,
    /// Steps that are known of so far.
    pub steps: BTreeMap<Step, Standing>,
}

/// Mail services whose domains say nothing about an employer.
const FREE_MAIL: [&str; 24] = [
    "gmail.com",
    "googlemail.com",
    "yahoo.com",
    "yahoo.co.uk",
    "ymail.com",
    "hotmail.com",
    "hotmail.co.uk",
    "outlook.com",
    "live.com",
    "msn.com",
    "aol.com",
    "icloud.com",
    "me.com",
    "mac.com",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "web.de",
    "mail.com",
    "mail.ru",
    "yandex.ru",
    "proton.me",
    "protonmail.com",
    "qq.com",
];

/// Whether mail of this domain says nothing about an employer.
pub fn is_free_mail(domain: &str) -> bool {
    FREE_MAIL.contains(&domain.to_lowercase().as_str())
}

impl Facts {
    /// A text column with something in it.
    pub fn text(&self, column: &str) -> Option<&str> {
        self.card.get(column)?.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    /// A boolean column; none while it is not known.
    pub fn flag(&self, column: &str) -> Option<bool> {
        self.card.get(column)?.as_bool()
    }

    /// Whether the lookup was answered.
    pub fn looked_up(&self) -> bool {
        self.text("status") == Some("completed")
    }

    /// The company's own domain, or that of an address which is no mail service's.
    pub fn domain(&self) -> Option<&str> {
        let of_mail = self.text("email").and_then(|email| email.rsplit_once('@')).map(|(_, domain)| domain);
        let of_mail = of_mail.filter(|domain| !is_free_mail(domain));
        let found = self.text("business_email_domain").or_else(|| self.text("business_website")).or(of_mail)?;
        let host = found.trim_start_matches("https://").trim_start_matches("http://").trim_start_matches("www.");
        let host = host.split(['/', '?', '#', ':']).next().unwrap_or(host);
        (host.contains('.') && !is_free_mail(host)).then_some(host)
    }

    /// First and last name.
    pub fn names(&self) -> Option<(&str, &str)> {
        Some((self.text("first_name")?, self.text("last_name")?))
    }

    /// Whether a fact is there.
    pub fn has(&self, need: Need) -> bool {
        match need {
            Need::Domain => self.domain().is_some(),
            Need::PersonName => self.names().is_some() || self.text("full_name").is_some(),
            Need::Email => self.text("email").is_some(),
        }
    }

    /// Where a step stands, if it is known of.
    pub fn standing(&self, step: Step) -> Option<Standing> {
        self.steps.get(&step).copied()
    }

    /// Whether a step may still give something.
    pub fn is_open(&self, step: Step) -> bool {
        matches!(self.standing(step), Some(Standing::Blocked | Standing::Live))
    }

    /// Takes columns over, as the database will.
    pub fn learn(&mut self, patch: &Map<String, Value>) {
        for (column, value) in patch {
            self.card.insert(column.clone(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn facts(card: Value) -> Facts {
        Facts { card: card.as_object().unwrap().clone(), ..Facts::default() }
    }

    #[test]
    fn a_domain_comes_from_the_company_its_mail_or_its_website_and_never_from_a_mail_service() {
        assert_eq!(facts(json!({"business_email_domain": "harbor.example"})).domain(), Some("harbor.example"));
        assert_eq!(facts(json!({"email": "jane@harbor.example"})).domain(), Some("harbor.example"));
        assert_eq!(
            facts(json!({"business_website": "https://www.harbor.example/about"})).domain(),
            Some("harbor.example")
        );
        assert_eq!(facts(json!({"email": "jane@gmail.com"})).domain(), None);
        assert_eq!(facts(json!({"business_email_domain": " "})).domain(), None);
    }

    #[test]
    fn a_blank_column_is_no_fact() {
        assert!(!facts(json!({"full_name": "  ", "first_name": "Jane"})).has(Need::PersonName));
        assert!(facts(json!({"first_name": "Jane", "last_name": "Doe"})).has(Need::PersonName));
    }
}
