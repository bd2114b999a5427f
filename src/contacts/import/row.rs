//! One row of a file to one new contact, or the reason why it is none.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::mapping::{Mapping, Target, column_name};
use crate::contacts::fields::{self, Kind};
use crate::contacts::phone::{Region, normalise};

/// A contact as the insert statement reads it: an object of columns, `extra` among them.
pub(super) type NewContact = Map<String, Value>;

/// Reads a row. The error is the reason for the rejects file.
pub(super) fn read(cells: Vec<String>, mapping: &Mapping, region: Region) -> Result<NewContact, String> {
    let mut contact = Map::new();
    let mut extra = Map::new();
    let (mut number, mut raw) = (None, None);
    for (i, cell) in cells.into_iter().enumerate() {
        let cell = without_guard(cell);
        if cell.is_empty() {
            continue;
        }
        match mapping.targets.get(i) {
            Some(Target::Number) => number = Some(cell),
            Some(Target::Raw) => raw = Some(cell),
            Some(Target::Field(field)) => keep(&mut contact, &mut extra, field, cell),
            Some(Target::Extra(name)) => drop(extra.insert(name.clone(), Value::String(cell))),
            None => drop(extra.insert(free_name(&extra, i), Value::String(cell))),
        }
    }
    let dialled = number.as_deref().filter(|cell| !cell.trim().is_empty()).or(raw.as_deref()).unwrap_or_default();
    let phone = normalise(dialled, region).map_err(|reason| reason.to_string())?;
    let given = raw.or(number).unwrap_or_default();
    contact.insert("raw_phone_number".to_owned(), Value::String(given));
    contact.insert("phone_e164".to_owned(), Value::String(phone.e164));
    contact.insert("country_code".to_owned(), phone.country.map_or(Value::Null, Value::String));
    if contact.contains_key("email") {
        contact.insert("email_source".to_owned(), Value::String("import".to_owned()));
    }
    contact.insert("extra".to_owned(), Value::Object(extra));
    Ok(contact)
}

/// An export puts an apostrophe before what a spreadsheet would run; here it goes again.
fn without_guard(cell: String) -> String {
    match cell.strip_prefix('\'') {
        Some(rest) if crate::contacts::export::is_formula(rest) => rest.to_owned(),
        _ => cell,
    }
}

/// Fills a field; a value that is not of its type stays beside the contact, as it is.
fn keep(contact: &mut NewContact, extra: &mut Map<String, Value>, field: &'static str, cell: String) {
    let text = cell.trim();
    let value = match fields::find(field).map(|field| field.kind) {
        Some(Kind::Date) => day(text).map(Value::String),
        Some(Kind::Integer) => text.parse::<i32>().ok().map(Value::from),
        _ if field == "email" => Some(Value::String(text.to_lowercase())),
        _ => Some(Value::String(text.to_owned())),
    };
    match value {
        Some(_) if text.is_empty() => {}
        Some(value) => drop(contact.insert(field.to_owned(), value)),
        None => drop(extra.insert(field.to_owned(), Value::String(cell))),
    }
}

/// A day as `2025-01-31` or `20250131`; whether `01/02/2025` is in January nobody knows.
fn day(text: &str) -> Option<String> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").or_else(|_| NaiveDate::parse_from_str(text, "%Y%m%d"));
    day.ok().map(|day| day.to_string())
}

/// The name of a cell behind the last column.
fn free_name(extra: &Map<String, Value>, index: usize) -> String {
    let name = column_name(index);
    if extra.contains_key(&name) { format!("{name}_more") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mapping() -> Mapping {
        let targets = vec![
            Target::Number,
            Target::Field("email"),
            Target::Field("business_employee_count"),
            Target::Extra("notes".to_owned()),
        ];
        Mapping { targets, header: true }
    }

    fn row(cells: &[&str]) -> Result<Value, String> {
        read(cells.iter().map(|cell| (*cell).to_owned()).collect(), &mapping(), Region::US).map(Value::Object)
    }

    #[test]
    fn short_rows_lack_fields_and_long_ones_lose_nothing() {
        assert_eq!(
            row(&["(415) 555-0123"]).unwrap(),
            json!({"raw_phone_number": "(415) 555-0123", "phone_e164": "+14155550123", "country_code": "US", "extra": {}})
        );
        let long = row(&["4155550123", " Jane@Example.COM ", "10-50", " a ", "b", ""]).unwrap();
        assert_eq!(
            long,
            json!({"raw_phone_number": "4155550123", "phone_e164": "+14155550123", "country_code": "US", "email": "jane@example.com",
            "email_source": "import", "extra": {"business_employee_count": "10-50", "notes": " a ", "column_5": "b"}})
        );
    }

    #[test]
    fn the_guard_of_an_export_is_taken_off_again() {
        assert_eq!(row(&["+14155550123", "", "", "'=1+1"]).unwrap()["extra"], json!({"notes": "=1+1"}));
        assert_eq!(row(&["+14155550123", "", "", "'tis"]).unwrap()["extra"], json!({"notes": "'tis"}));
    }

    #[test]
    fn a_row_without_a_number_says_so() {
        assert!(row(&["", "a@example.com"]).unwrap_err().contains("no number"));
        assert!(row(&["call me"]).is_err());
    }
}
