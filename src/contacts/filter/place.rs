//! Questions for states and countries: a known place is meant in all its spellings, so the tree holds its code alone.

use super::check::{clean, is, ordered};
use super::parse::{Atom, Sign};
use super::{Expr, FilterError, Op, Value};
use crate::contacts::fields::{Field, Kind};
use crate::contacts::places::{COUNTRIES, Gazetteer, Place, STATES};

/// The table of a field that holds places.
pub(super) fn gazetteer(kind: Kind) -> Option<&'static Gazetteer> {
    match kind {
        Kind::State => Some(&STATES),
        Kind::Country => Some(&COUNTRIES),
        _ => None,
    }
}

/// The place that a value of this field names.
pub(super) fn known(kind: Kind, text: &str) -> Option<&'static Place> {
    gazetteer(kind)?.find(text)
}

/// A state that the table lacks is a text like any other; a country that it lacks is a typing error, unless it is quoted.
pub(super) fn place(field: &'static Field, sign: Sign, atom: &Atom) -> Result<Expr, FilterError> {
    let text = clean(atom)?;
    let op = match sign {
        Sign::Colon | Sign::Equal if atom.star => return Ok(is(field, Op::StartsWith, Value::Text(text))),
        Sign::Colon | Sign::Equal | Sign::NotEqual => ordered(sign),
        _ => return Err(FilterError::new(atom.at, format!("{} has no order: use `:` or `!=`", field.name))),
    };
    if let Some(place) = known(field.kind, &text) {
        return Ok(is(field, op, Value::Text(place.code.to_owned())));
    }
    if field.kind == Kind::State {
        let op = if sign == Sign::Colon { Op::Contains } else { op };
        return Ok(is(field, op, Value::Text(text)));
    }
    if atom.quoted {
        return Ok(is(field, op, Value::Text(text)));
    }
    Err(FilterError::new(atom.at, no_such_country(&text)))
}

/// The sentence for a country that the table lacks.
pub(super) fn no_such_country(text: &str) -> String {
    match COUNTRIES.nearest(text) {
        Some(near) => format!("there is no country {text:?}: did you mean {near}? Else quote it"),
        None => format!("there is no country {text:?}: write a name or an ISO code such as US or Germany, or quote it"),
    }
}

/// Every spelling, in lower case, of the places or texts that are asked for.
pub(super) fn spellings(kind: Kind, value: &Value) -> Vec<String> {
    match value {
        Value::Text(text) => known(kind, text).map_or_else(|| vec![text.to_lowercase()], Place::folded),
        Value::List(values) => values.iter().flat_map(|value| spellings(kind, value)).collect(),
        _ => Vec::new(),
    }
}
