//! Building a patch: what overwrites, what only fills an empty column, and which facts travel together.

use serde_json::{Map, Value, json};

use super::input::Input;
use super::lenient;

/// Confidence from which an address counts as enriched.
const ENRICHED_FROM: i64 = 50;

/// A consumer's address as a provider knows it.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// Street and number.
    pub street: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State, by its code.
    pub state: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Country, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Whether somebody verified that it is theirs.
    pub verified: bool,
    /// 0-100.
    pub confidence: i64,
}

/// The columns that an answer sets for one contact.
#[derive(Debug)]
pub struct Columns<'a> {
    input: &'a Input,
    set: Map<String, Value>,
}

impl<'a> Columns<'a> {
    /// Nothing yet.
    pub fn new(input: &'a Input) -> Columns<'a> {
        Columns { input, set: Map::new() }
    }

    /// Sets the column if there is a value.
    pub fn set(&mut self, column: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.set.insert(column.to_owned(), value.into());
        }
    }

    /// Sets the column if there is a value and the contact has none.
    pub fn fill(&mut self, column: &str, value: Option<impl Into<Value>>) {
        if !self.input.has(column) && !self.set.contains_key(column) {
            self.set(column, value);
        }
    }

    /// Whether this column was set.
    pub fn has(&self, column: &str) -> bool {
        self.set.contains_key(column)
    }

    /// Who gave a group of columns (`business`, `email`, `address`), when, and that it is enriched. The time is the
    /// settling transaction's, written as `true`; an answer from the cache has its own.
    pub fn enriched(&mut self, group: &str, provider: &str) {
        self.set(&format!("{group}_provider"), Some(provider));
        self.set(&format!("{group}_enriched_at"), Some(true));
        self.set(&format!("{group}_enriched"), Some(true));
    }

    /// A verifier found a group of columns right: whoever gave it stays its provider.
    pub fn confirmed(&mut self, group: &str, provider: &str) {
        self.fill(&format!("{group}_provider"), Some(provider));
        if !self.input.is(&format!("{group}_enriched")) {
            self.set(&format!("{group}_enriched_at"), Some(true));
            self.set(&format!("{group}_enriched"), Some(true));
        }
    }

    /// A consumer's place, whole: unless a better one is there. Only one of some confidence counts as enriched, so that a
    /// bare country never blocks a real address. Says whether it was set.
    pub fn place(&mut self, place: &Place, provider: &str) -> bool {
        let parts = [
            ("consumer_address", &place.street),
            ("consumer_city", &place.city),
            ("consumer_state", &place.state),
            ("consumer_postal_code", &place.postal_code),
            ("consumer_country", &place.country),
        ];
        let known = self.input.text("address_confidence").and_then(|text| text.parse::<i64>().ok());
        let better = known.is_some_and(|known| known > place.confidence);
        // A file's address is kept from an answer that has no street itself.
        let given = self.input.has("consumer_address") && place.street.is_none();
        if better || given || parts.iter().all(|(_, part)| part.is_none()) {
            return false;
        }
        for (column, part) in parts {
            let part = part.clone().map(|text| if text == "USA" { "US".to_owned() } else { text });
            match part {
                Some(text) => self.set(column, Some(text)),
                None if self.input.has(column) => self.set(column, Some(Value::Null)),
                None => {}
            }
        }
        self.set("address_verified", Some(place.verified));
        self.set("address_confidence", Some(place.confidence));
        self.set("address_provider", Some(provider));
        if place.confidence >= ENRICHED_FROM {
            self.enriched("address", provider);
        }
        true
    }

    /// Where on the globe, with the provider's word for how exact.
    pub fn spot(&mut self, latitude: &Value, longitude: &Value, accuracy: Option<String>) {
        let within = |value: &Value, end: f64| lenient::number(value).filter(|degrees| degrees.abs() <= end);
        if let (Some(latitude), Some(longitude)) = (within(latitude, 90.0), within(longitude, 180.0)) {
            self.set("latitude", Some(latitude));
            self.set("longitude", Some(longitude));
            self.set("geocoding_accuracy", accuracy);
            self.set("geocoded_at", Some(true));
        }
    }

    /// A person's name, only where the contact has none: a name that is there is not overwritten, and parts of two
    /// people are never mixed.
    pub fn name(&mut self, first: Option<String>, last: Option<String>, full: Option<String>) {
        if self.input.has("full_name") {
            let same = |ours: &str, theirs: &Option<String>| {
                let ours = ours.to_lowercase();
                theirs
                    .as_deref()
                    .is_some_and(|theirs| ours.split_whitespace().any(|word| word == theirs.to_lowercase()))
            };
            let ours = self.input.text("full_name").unwrap_or_default();
            if same(&ours, &first) && same(&ours, &last) {
                self.fill("first_name", first);
                self.fill("last_name", last);
            }
            return;
        }
        let apart = self.input.has("first_name") || self.input.has("last_name");
        let whole = full.or_else(|| Some(format!("{} {}", first.as_deref()?, last.as_deref()?)));
        if !apart {
            self.set("first_name", first);
            self.set("last_name", last);
            self.set("full_name", whole);
        }
    }

    /// The patch.
    pub fn done(self) -> Map<String, Value> {
        self.set
    }
}

/// A page of a person or company on a site, from a handle that may already carry its path (`company/acme`, `in/jane`) or
/// be a whole address: the site's root and the path stand there once.
pub fn profile(site: &str, prefix: &str, handle: Option<String>) -> Option<Value> {
    let handle = handle?;
    let lower = handle.to_lowercase();
    if lower.starts_with("http://") || lower.starts_with("https://") {
        return Some(json!(handle));
    }
    let bare = handle.trim_start_matches(['/', '@']);
    let bare = bare.strip_prefix("www.").unwrap_or(bare);
    let bare = bare.strip_prefix(site).unwrap_or(bare).trim_matches('/');
    if bare.is_empty() || bare.contains(char::is_whitespace) {
        return None;
    }
    let has_path = bare.contains('/') || prefix.is_empty();
    Some(json!(if has_path {
        format!("https://www.{site}/{bare}")
    } else {
        format!("https://www.{site}/{prefix}/{bare}")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(known: Value, build: impl FnOnce(&mut Columns<'_>)) -> Value {
        let input = Input::new(known.as_object().cloned().unwrap());
        let mut columns = Columns::new(&input);
        build(&mut columns);
        Value::Object(columns.done())
    }

    #[test]
    fn a_name_that_is_there_is_never_mixed_with_another_persons() {
        let jane = |c: &mut Columns<'_>| c.name(Some("Jane".into()), Some("Doe".into()), None);
        assert_eq!(patch(json!({}), jane)["full_name"], "Jane Doe");
        assert_eq!(patch(json!({"full_name": "John Smith"}), jane), json!({}));
        assert_eq!(patch(json!({"first_name": "John"}), jane), json!({}));
        assert_eq!(patch(json!({"full_name": "DOE JANE"}), jane), json!({"first_name": "Jane", "last_name": "Doe"}));
    }

    #[test]
    fn a_handle_is_joined_to_the_site_once() {
        let of = |handle: &str| profile("linkedin.com", "company", Some(handle.to_owned()));
        let expected = Some(json!("https://www.linkedin.com/company/northwind-harbor"));
        for handle in [
            "company/northwind-harbor",
            "northwind-harbor",
            "/company/northwind-harbor/",
            "linkedin.com/company/northwind-harbor",
        ] {
            assert_eq!(of(handle), expected, "{handle}");
        }
        assert_eq!(of("https://linkedin.com/company/x"), Some(json!("https://linkedin.com/company/x")));
        assert_eq!((of(""), of("a b")), (None, None));
    }
}
