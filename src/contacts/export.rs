//! Contacts to files: CSV, TSV or JSON lines, page by page, in the order of import; memory does not grow with their number.
//!
//! Values come out as they are, except that what a spreadsheet would run as a formula gets an apostrophe before it, which
//! an import takes off again.

use std::io::Write;

use serde_json::{Map, Value};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::fields::{self, Field, Kind};
use super::filter::{Bind, Filter, Statement};
use crate::database::{Db, Error};

/// Rows that are fetched at once.
const PAGE_ROWS: i64 = 2_000;
/// Most columns of `extra`; a file can't bring more in one go.
const EXTRA_KEYS_MAX: i64 = 10_000;

/// How the rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Commas, a header, quotes where needed.
    #[default]
    Csv,
    /// The same with tabs.
    Tsv,
    /// One JSON object a line; nothing is neutralised.
    Jsonl,
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database refused.
    #[error(transparent)]
    Database(#[from] Error),
    /// The file or pipe does not take more.
    #[error("the export can't be written ({0}): free some space or name another place")]
    Write(#[from] std::io::Error),
}

impl From<sqlx::Error> for ExportError {
    fn from(error: sqlx::Error) -> Self {
        ExportError::Database(error.into())
    }
}

impl From<csv::Error> for ExportError {
    fn from(error: csv::Error) -> Self {
        ExportError::Write(error.into())
    }
}

/// Writes every contact that `filter` matches and that was there at the beginning; `progress` hears the number of rows
/// after each page. Answers how many there were.
pub async fn export(
    db: &Db,
    filter: &Filter,
    format: Format,
    out: &mut (dyn Write + Send),
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<u64, ExportError> {
    let last: i64 = sqlx::query_scalar("SELECT COALESCE(max(id), 0) FROM contacts").fetch_one(db.pool()).await?;
    let keys = if format == Format::Jsonl { Vec::new() } else { extra_keys(db, filter, last).await? };
    let mut sink = Sink::new(format, out, keys)?;
    let (mut after, mut rows) = (0, 0);
    loop {
        let page = page(filter, format, after, last).query().fetch_all(db.pool()).await?;
        for row in &page {
            sink.row(row)?;
        }
        let Some(end) = page.last() else { break };
        after = end.try_get(0)?;
        rows += page.len() as u64;
        progress(rows);
    }
    sink.finish()?;
    Ok(rows)
}

async fn extra_keys(db: &Db, filter: &Filter, last: i64) -> Result<Vec<String>, ExportError> {
    let keys = Statement::new("SELECT DISTINCT key FROM contacts AS c, jsonb_object_keys(c.extra) AS key WHERE ")
        .filter(filter)
        .text(" AND c.id <= ")
        .bind(Bind::Integer(last))
        .text(" ORDER BY key LIMIT ")
        .bind(Bind::Integer(EXTRA_KEYS_MAX));
    let rows = keys.query().fetch_all(db.pool()).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

/// The id, the fields as text in the registry's order, and `extra`; one JSON object for JSON lines.
fn page(filter: &Filter, format: Format, after: i64, last: i64) -> Statement {
    let mut statement = Statement::new("SELECT c.id");
    if format == Format::Jsonl {
        statement = statement.text(", to_jsonb(c)");
    } else {
        for (i, field) in fields::stored().enumerate() {
            let (head, tail) = as_text(field);
            statement = statement.text(if i == 0 { ", ARRAY[" } else { ", " }).text(head).text(field.sql).text(tail);
        }
        statement = statement.text("], c.extra");
    }
    statement
        .text(" FROM contacts AS c WHERE ")
        .filter(filter)
        .text(" AND c.id > ")
        .bind(Bind::Integer(after))
        .text(" AND c.id <= ")
        .bind(Bind::Integer(last))
        .text(" ORDER BY c.id LIMIT ")
        .bind(Bind::Integer(PAGE_ROWS))
}

fn as_text(field: &Field) -> (&'static str, &'static str) {
    match field.kind {
        Kind::Time => ("to_char(", " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"),
        _ => ("", "::text"),
    }
}

enum Sink<'a> {
    Table { writer: Box<csv::Writer<&'a mut (dyn Write + Send)>>, keys: Vec<String> },
    Lines(&'a mut (dyn Write + Send)),
}

impl<'a> Sink<'a> {
    fn new(format: Format, out: &'a mut (dyn Write + Send), keys: Vec<String>) -> Result<Sink<'a>, ExportError> {
        let delimiter = match format {
            Format::Jsonl => return Ok(Sink::Lines(out)),
            Format::Tsv => b'\t',
            Format::Csv => b',',
        };
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(out);
        for field in fields::stored() {
            writer.write_field(field.name)?;
        }
        for key in &keys {
            // A column of a file may bear a field's name and yet be none that a file fills.
            let name = if fields::find(key).is_some() || key == "extra" { format!("extra.{key}") } else { key.clone() };
            writer.write_field(neutral(&name))?;
        }
        writer.write_record(None::<&[u8]>)?;
        Ok(Sink::Table { writer: Box::new(writer), keys })
    }

    fn row(&mut self, row: &PgRow) -> Result<(), ExportError> {
        match self {
            Sink::Lines(out) => {
                let object: Value = row.try_get(1)?;
                writeln!(out, "{object}")?;
            }
            Sink::Table { writer, keys } => {
                let values: Vec<Option<String>> = row.try_get(1)?;
                for (field, value) in fields::stored().zip(values) {
                    let value = value.unwrap_or_default();
                    let number = matches!(field.name, "phone_e164" | "raw_phone_number") && is_plain_number(&value);
                    writer.write_field(if number { value } else { neutral(&value) })?;
                }
                let extra: Value = row.try_get(2)?;
                let empty = Map::new();
                let extra = extra.as_object().unwrap_or(&empty);
                for key in keys {
                    writer.write_field(extra.get(key).map(extra_text).unwrap_or_default())?;
                }
                writer.write_record(None::<&[u8]>)?;
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<(), ExportError> {
        match self {
            Sink::Table { mut writer, .. } => writer.flush()?,
            Sink::Lines(out) => out.flush()?,
        }
        Ok(())
    }
}

fn extra_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => neutral(text),
        other => neutral(&other.to_string()),
    }
}

/// Whether a spreadsheet would run this text.
pub(super) fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

/// The text with an apostrophe before what a spreadsheet would run.
fn neutral(text: &str) -> String {
    if is_formula(text) { format!("'{text}") } else { text.to_owned() }
}

/// A plus and digits with the separators of a number: nothing that a spreadsheet could run.
fn is_plain_number(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_digit())
            && rest.chars().all(|c| c.is_ascii_digit() || " ().-".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_neutralised_and_numbers_are_not() {
        for text in ["=1+1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1+1"] {
            assert_eq!(neutral(text), format!("'{text}"));
        }
        assert_eq!(neutral("a=b"), "a=b");
        assert!(is_plain_number("+1 (415) 555-0123") && is_plain_number("+14155550123"));
        assert!(!is_plain_number("+1+cmd|' /C calc'!A0") && !is_plain_number("+A1") && !is_plain_number("+"));
    }
}
