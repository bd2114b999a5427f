//! Running a query: in a transaction that can't write, with a time-out.

use std::time::Instant;

use serde_json::{Value, json};
use sqlx::{FromRow, PgTransaction};

use crate::contacts::contact::ContactRow;
use crate::contacts::filter::{Bind, Query, Statement};
use crate::contacts::page::{self, Estimate, Start};
use crate::database::{Db, Result};

/// Rows where a question names no number.
pub const ROWS_DEFAULT: i64 = 50;

/// So many rows of each side are compared.
const COMPARED_MAX: i64 = 100_000;

/// The statement that a query runs.
pub fn statement(query: &Query) -> Statement {
    page::statement(&query.filter, query.sort.unwrap_or_default(), Start::First, query.limit.unwrap_or(ROWS_DEFAULT))
}

/// The values of a statement's parameters, as JSON.
pub fn params(statement: &Statement) -> Vec<Value> {
    let value = |bind: &Bind| match bind {
        Bind::Bool(value) => json!(value),
        Bind::Integer(value) => json!(value),
        Bind::Decimal(value) => json!(value),
        Bind::Time(value) => json!(value.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)),
        Bind::Text(value) => json!(value),
        Bind::Texts(values) => json!(values),
        Bind::Integers(values) => json!(values),
    };
    statement.compiled().binds.iter().map(value).collect()
}

/// How many contacts the filter finds, and the index that the plan stands on.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Outlook {
    /// How many.
    pub estimate: Estimate,
    /// Name of the first index of the plan; none: the table is read through.
    pub index: Option<String>,
}

/// What would be found.
pub async fn outlook(db: &Db, query: &Query) -> Result<Outlook> {
    let mut tx = db.begin_reading().await?;
    let estimate = page::estimate_in(&mut tx, &query.filter).await?;
    let explain = Statement::new("EXPLAIN (FORMAT JSON) SELECT FROM contacts AS c WHERE ").filter(&query.filter);
    let row = explain.query().fetch_one(&mut *tx).await?;
    tx.commit().await?;
    let plan: Value = sqlx::Row::try_get(&row, 0)?;
    Ok(Outlook { estimate, index: index(&plan) })
}

fn index(plan: &Value) -> Option<String> {
    match plan {
        Value::Object(map) => match map.get("Index Name").and_then(Value::as_str) {
            Some(name) => Some(name.to_owned()),
            None => map.values().find_map(index),
        },
        Value::Array(items) => items.iter().find_map(index),
        _ => None,
    }
}

/// Rows and how long they took.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Found {
    /// In the query's order.
    pub rows: Vec<ContactRow>,
    /// Milliseconds.
    pub took_ms: u64,
}

/// Runs the query.
pub async fn run(db: &Db, query: &Query) -> Result<Found> {
    let begun = Instant::now();
    let mut tx = db.begin_reading().await?;
    let rows = statement(query).query().fetch_all(&mut *tx).await?;
    tx.commit().await?;
    let rows = rows.iter().map(ContactRow::from_row).collect::<std::result::Result<_, _>>()?;
    Ok(Found { rows, took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX) })
}

/// Whether both queries find the same contacts; with a limit also in the same order.
pub async fn same_rows(db: &Db, a: &Query, b: &Query) -> Result<bool> {
    let mut tx = db.begin_reading().await?;
    let mut found: Vec<Vec<i64>> = Vec::new();
    for query in [a, b] {
        let ids = Statement::new("SELECT c.id FROM contacts AS c WHERE ").filter(&query.filter);
        let ids = match query.limit {
            None => ids.text(" ORDER BY c.id LIMIT ").bind(Bind::Integer(COMPARED_MAX)),
            Some(limit) => {
                let sort = query.sort.unwrap_or_default();
                let page = page::statement(&query.filter, sort, Start::First, limit);
                found.push(ids_of(&mut tx, &page).await?);
                continue;
            }
        };
        found.push(ids_of(&mut tx, &ids).await?);
    }
    tx.commit().await?;
    Ok(found[0] == found[1])
}

async fn ids_of(tx: &mut PgTransaction<'static>, statement: &Statement) -> Result<Vec<i64>> {
    let rows = statement.query().fetch_all(&mut **tx).await?;
    rows.iter().map(|row| Ok(sqlx::Row::try_get(row, "id")?)).collect()
}
