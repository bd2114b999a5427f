//! What a step knows of its contact when it asks a provider: the contact's columns, read by their meaning.

use serde_json::{Map, Value};

use super::{domain, lenient};

/// Columns of the contact that requests and mappings read.
pub const COLUMNS: &[&str] = &[
    "phone_e164",
    "country_code",
    "lookup_note",
    "reassigned_last_verified",
    "caller_name",
    "caller_type",
    "line_type",
    "carrier_name",
    "is_business",
    "business_name",
    "business_website",
    "business_email_domain",
    "business_confidence",
    "business_enriched",
    "business_city",
    "business_industry",
    "business_employee_count",
    "business_employee_range",
    "business_phone_location",
    "business_linkedin_url",
    "business_twitter_handle",
    "email",
    "email_source",
    "email_provider",
    "email_verified",
    "email_score",
    "email_enriched",
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
    "address_verified",
    "address_confidence",
    "address_enriched",
];

/// A person's name, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Name {
    /// Given name.
    pub first: Option<String>,
    /// Family name.
    pub last: Option<String>,
    /// Whole name.
    pub full: Option<String>,
}

/// The contact as a provider's room sees it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Input {
    known: Map<String, Value>,
}

impl Input {
    /// Takes the contact's columns by their names; those of [`COLUMNS`] are enough.
    pub fn new(known: Map<String, Value>) -> Input {
        Input { known }
    }

    /// A column's text; none if it is empty.
    pub fn text(&self, column: &str) -> Option<String> {
        self.known.get(column).and_then(lenient::text)
    }

    /// Whether the column holds something.
    pub fn has(&self, column: &str) -> bool {
        match self.known.get(column) {
            None | Some(Value::Null) => false,
            Some(Value::String(text)) => !text.trim().is_empty(),
            Some(_) => true,
        }
    }

    /// Whether the column is true or false; none while it is not known.
    pub fn flag(&self, column: &str) -> Option<bool> {
        self.known.get(column).and_then(Value::as_bool)
    }

    /// All columns that were given.
    pub fn known(&self) -> &Map<String, Value> {
        &self.known
    }

    /// Takes columns over that were found meanwhile.
    pub fn learn(&mut self, patch: &Map<String, Value>) {
        self.known.extend(patch.iter().map(|(column, value)| (column.clone(), value.clone())));
    }

    /// Whether the address is more than a guess of ours.
    pub fn has_known_email(&self) -> bool {
        self.has("email")
            && (self.text("email_source").as_deref() != Some("pattern_guess") || self.is("email_verified"))
    }

    /// Whether the column is true.
    pub fn is(&self, column: &str) -> bool {
        self.known.get(column) == Some(&Value::Bool(true))
    }

    /// E.164; empty only if nothing was given.
    pub fn phone(&self) -> String {
        self.text("phone_e164").unwrap_or_default()
    }

    /// The country by the lookup, ISO 3166-1 alpha-2.
    pub fn country(&self) -> Option<String> {
        self.text("country_code")
    }

    /// The employer's domain: what a provider named, else the website's, else that of a known address. Never a mail
    /// service's, whose addresses say nothing about an employer.
    pub fn domain(&self) -> Option<String> {
        let of_website = || self.text("business_website");
        let of_email = || self.email().and_then(|email| Some(email.rsplit_once('@')?.1.to_owned()));
        let named = self.text("business_email_domain").or_else(of_website).or_else(of_email)?;
        domain::normalise(&named).filter(|domain| !domain::is_free_mail(domain))
    }

    /// The contact's address, trimmed and lower-cased; none if it has not the shape of one.
    pub fn email(&self) -> Option<String> {
        domain::email(&self.text("email")?)
    }

    /// The name: first and last name are told apart in the whole one where they are not known by themselves.
    pub fn name(&self) -> Name {
        let full = self.text("full_name");
        let (first, last) = (self.text("first_name"), self.text("last_name"));
        let parts = full.as_deref().and_then(|full| full.split_once(char::is_whitespace));
        Name {
            first: first.or_else(|| parts.map(|(first, _)| first.to_owned())),
            last: last.or_else(|| parts.map(|(_, rest)| last_word(rest).to_owned())),
            full,
        }
    }
}

fn last_word(text: &str) -> &str {
    text.split_whitespace().next_back().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn input(columns: Value) -> Input {
        Input::new(columns.as_object().cloned().unwrap())
    }

    #[test]
    fn the_domain_comes_from_what_is_known_best_and_never_from_a_mail_service() {
        let of = |columns: Value| input(columns).domain();
        assert_eq!(of(json!({"business_website": "https://www.Example.com/about"})).as_deref(), Some("example.com"));
        assert_eq!(of(json!({"email": " Jane@Northwind.example "})).as_deref(), Some("northwind.example"));
        assert_eq!(of(json!({"email": "jane@gmail.com"})), None);
        assert_eq!(
            of(json!({"business_email_domain": "a.example", "business_website": "b.example"})).as_deref(),
            Some("a.example")
        );
        assert_eq!(of(json!({})), None);
    }

    #[test]
    fn a_whole_name_gives_its_first_and_last_word() {
        let name = input(json!({"full_name": "Jane van der Berg"})).name();
        assert_eq!((name.first.as_deref(), name.last.as_deref()), (Some("Jane"), Some("Berg")));
        assert_eq!(input(json!({"full_name": "Jane"})).name().first, None);
        assert_eq!(input(json!({"first_name": " ", "full_name": "A B"})).name().first.as_deref(), Some("A"));
    }
}
