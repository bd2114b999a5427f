//! From a file's text or the environment to flat entries: a path, a value as text, and where it stands.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::error::{Origin, SettingsError};

/// Our variables begin so; `__` stands for a step down.
const PREFIX: &str = "SWITCHBOARD_";

/// One setting as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Lower case, steps separated by dots.
    pub(super) path: String,
    pub(super) value: String,
    pub(super) origin: Origin,
}

impl Entry {
    pub(super) fn flag(path: &str, value: &str) -> Entry {
        Entry { path: path.to_owned(), value: value.to_owned(), origin: Origin::Flag }
    }
}

/// The variable that sets this path.
pub(super) fn variable(path: &str) -> String {
    format!("{PREFIX}{}", path.replace('.', "__").to_uppercase())
}

/// `DATABASE_URL` first, so that our own name for it wins. An empty variable counts as unset.
pub(super) fn from_environment(environment: impl Iterator<Item = (String, String)>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = environment
        .filter(|(_, value)| !value.trim().is_empty())
        .filter_map(|(name, value)| {
            let path = if name == "DATABASE_URL" {
                "database.url".to_owned()
            } else {
                name.strip_prefix(PREFIX)?.to_lowercase().replace("__", ".")
            };
            Some(Entry { path, value: value.trim().to_owned(), origin: Origin::Variable(name) })
        })
        .collect();
    entries.sort_by_key(|entry| entry.origin != Origin::Variable("DATABASE_URL".into()));
    entries
}

/// Every value of a TOML text with its line.
pub(super) fn from_file(text: &str) -> Result<Vec<Entry>, SettingsError> {
    let document = DeTable::parse(text).map_err(|cause| SettingsError::Syntax {
        line: line_of(text, cause.span()),
        message: cause.message().to_owned(),
    })?;
    let mut entries = Vec::new();
    flatten(text, "", document.get_ref(), &mut entries);
    entries.sort_by_key(|entry| match entry.origin {
        Origin::File(line) => line,
        _ => 0,
    });
    Ok(entries)
}

fn flatten(text: &str, parent: &str, table: &DeTable<'_>, entries: &mut Vec<Entry>) {
    for (key, value) in table {
        let path = if parent.is_empty() { key.get_ref().to_string() } else { format!("{parent}.{}", key.get_ref()) };
        if let DeValue::Table(inner) = value.get_ref() {
            flatten(text, &path, inner, entries);
        } else {
            let origin = Origin::File(line_of(text, Some(key.span())));
            entries.push(Entry { path, value: as_text(value.get_ref()), origin });
        }
    }
}

/// A list becomes a comma list, as the environment would write it.
fn as_text(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().replace('_', ""),
        DeValue::Integer(number) => i64::from_str_radix(&number.as_str().replace('_', ""), number.radix())
            .map_or_else(|_| number.to_string(), |n| n.to_string()),
        DeValue::Float(number) => number.as_str().replace('_', ""),
        DeValue::Boolean(yes) => yes.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(items) => items.iter().map(|item| as_text(item.get_ref())).collect::<Vec<_>>().join(","),
        DeValue::Table(_) => "a table".into(),
    }
}

fn line_of(text: &str, span: Option<Range<usize>>) -> usize {
    let end = span.map_or(0, |span| span.start.min(text.len()));
    text.as_bytes()[..end].iter().filter(|&&byte| byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_becomes_paths_with_lines() {
        let text = "time_zone = \"UTC\"\n\n[providers.twilio]\ntimeout = \"5s\" # short\npackages = [\"a\", \"b\"]\nrate = 1_000\n";
        let entries = from_file(text).unwrap();
        let seen: Vec<_> = entries.iter().map(|e| (e.path.as_str(), e.value.as_str(), e.origin.clone())).collect();
        let expected = [
            ("time_zone", "UTC", Origin::File(1)),
            ("providers.twilio.timeout", "5s", Origin::File(4)),
            ("providers.twilio.packages", "a,b", Origin::File(5)),
            ("providers.twilio.rate", "1000", Origin::File(6)),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn broken_toml_is_told_with_its_line() {
        let refusal = from_file("a = 1\nb = = 2\n").unwrap_err().to_string();
        assert!(refusal.starts_with("config.toml can not be read at line 2:"), "{refusal}");
    }

    #[test]
    fn foreign_and_empty_variables_are_passed_over_and_our_own_name_comes_last() {
        let given =
            [("SWITCHBOARD_DATABASE__URL", "b"), ("DATABASE_URL", "a"), ("HOME", "/"), ("SWITCHBOARD_TIME_ZONE", "")];
        let entries = from_environment(given.iter().map(|(k, v)| (k.to_string(), v.to_string())));
        assert_eq!(entries.iter().map(|e| e.value.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(variable("providers.twilio.base_url"), "SWITCHBOARD_PROVIDERS__TWILIO__BASE_URL");
    }

    proptest::proptest! {
        #[test]
        fn no_file_can_panic_the_reader(text in "\\PC{0,80}") {
            drop(from_file(&text));
        }
    }
}
