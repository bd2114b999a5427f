//! A request's parameters, read strictly: one value a name, and nothing that the original does not know.

use std::collections::BTreeMap;

use axum::{extract::Query, http::Uri};

/// Parameters by name.
pub(super) type Parameters = BTreeMap<String, String>;

/// Why a query was not accepted.
pub(super) enum Wrong {
    /// It can't be decoded.
    Unreadable,
    /// A name that is not known.
    Unknown(String),
}

/// Reads a query of these parameters; of a name that comes twice the last value counts.
pub(super) fn read(query: &str, known: &[&str]) -> Result<Parameters, Wrong> {
    let uri: Uri = format!("/?{query}").parse().map_err(|_| Wrong::Unreadable)?;
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&uri).map_err(|_| Wrong::Unreadable)?;
    match pairs.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        Some((name, _)) => Err(Wrong::Unknown(name.clone())),
        None => Ok(pairs.into_iter().collect()),
    }
}

/// The value of one parameter, whatever else the query has; empty if there is none.
pub(super) fn value(query: &str, name: &str) -> String {
    let pairs = format!("/?{query}")
        .parse::<Uri>()
        .ok()
        .and_then(|uri| Query::<Vec<(String, String)>>::try_from_uri(&uri).ok());
    let pairs = pairs.map(|Query(pairs)| pairs).unwrap_or_default();
    pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value).unwrap_or_default()
}

/// A parameter that has a value.
pub(super) fn given<'a>(parameters: &'a Parameters, name: &str) -> Option<&'a str> {
    parameters.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
}

/// Whether a text has the shape of an address.
pub(super) fn is_email(text: &str) -> bool {
    text.rsplit_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && !local.contains([' ', '@']) && is_domain(domain))
}

/// Whether a text has the shape of a domain.
pub(super) fn is_domain(text: &str) -> bool {
    let label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    text.contains('.') && text.len() <= 253 && text.split('.').all(label)
}
