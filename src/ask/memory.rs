//! What a person asked and keeps: per database login, which the server vouches for, and operating-system user, as claimed.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::database::{Db, Result};
use crate::providers::MicroUsd;

/// So many questions of one person are kept; older ones are forgotten.
const KEPT_MAX: i64 = 500;

/// One question of the past.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Asked {
    /// When.
    pub at: DateTime<Utc>,
    /// `question`, `filter` (typed as such) or `about`.
    pub mode: String,
    /// In the person's words.
    pub question: String,
    /// What it became, in the filter language.
    pub filter: String,
    /// `built-in`, or provider and model.
    pub source: String,
    /// Whether it was understood in full.
    pub understood: bool,
    /// USD.
    pub cost: f64,
}

/// A question or filter with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Saved {
    /// Letters, digits, `_` and `-`, at most 40.
    pub name: String,
    /// In the person's words, if it began as a question.
    pub question: Option<String>,
    /// In the filter language.
    pub filter: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// What is remembered of one question.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// `question`, `filter` or `about`.
    pub mode: &'static str,
    /// In the person's words.
    pub question: &'a str,
    /// In the filter language.
    pub filter: &'a str,
    /// `built-in`, or provider and model.
    pub source: &'a str,
    /// Whether it was understood in full.
    pub understood: bool,
    /// Millionths of a dollar.
    pub cost: MicroUsd,
}

/// Remembers a question. NUL characters, which the database can't hold, are left out.
pub async fn remember(db: &Db, person: &str, entry: &Entry<'_>) -> Result<()> {
    let clean = |text: &str| text.replace('\0', "");
    let mut tx = db.begin().await?;
    let sql = "INSERT INTO ask_history (os_user, mode, question, filter, source, understood, cost)
               VALUES ($1, $2, $3, $4, $5, $6, $7::numeric / 1000000)";
    sqlx::query(sql)
        .bind(person)
        .bind(entry.mode)
        .bind(clean(entry.question))
        .bind(clean(entry.filter))
        .bind(entry.source)
        .bind(entry.understood)
        .bind(entry.cost)
        .execute(&mut *tx)
        .await?;
    let forget = "DELETE FROM ask_history WHERE login = session_user AND os_user = $1 AND id <=
                  (SELECT id FROM ask_history WHERE login = session_user AND os_user = $1 ORDER BY id DESC OFFSET $2 LIMIT 1)";
    sqlx::query(forget).bind(person).bind(KEPT_MAX).execute(&mut *tx).await?;
    Ok(tx.commit().await?)
}

/// The person's last questions, newest first, at most `limit`.
pub async fn history(db: &Db, person: &str, limit: i64) -> Result<Vec<Asked>> {
    let sql = "SELECT at, mode, question, filter, source, understood, cost::float8 AS cost FROM ask_history
               WHERE login = session_user AND os_user = $1 ORDER BY id DESC LIMIT least($2, 500)";
    let mut tx = db.begin().await?;
    let rows = sqlx::query_as(sql).bind(person).bind(limit).fetch_all(&mut *tx).await?;
    tx.commit().await?;
    Ok(rows)
}

/// The person's last filters that were understood, each once, newest first, at most `limit`.
pub async fn last_filters(db: &Db, person: &str, limit: i64) -> Result<Vec<String>> {
    let sql =
        "SELECT filter FROM ask_history WHERE login = session_user AND os_user = $1 AND understood AND filter <> ''
               GROUP BY filter ORDER BY max(id) DESC LIMIT least($2, 500)";
    let mut tx = db.begin().await?;
    let rows = sqlx::query_scalar(sql).bind(person).bind(limit).fetch_all(&mut *tx).await?;
    tx.commit().await?;
    Ok(rows)
}

/// Keeps a filter under a name; the name's former filter is replaced.
pub async fn save(db: &Db, person: &str, name: &str, question: Option<&str>, filter: &str) -> Result<()> {
    let sql = "INSERT INTO saved (os_user, name, question, filter) VALUES ($1, $2, $3, $4)
               ON CONFLICT (login, os_user, name) DO UPDATE SET question = excluded.question, filter = excluded.filter,
                   created_at = now()";
    let mut tx = db.begin().await?;
    let question = question.map(|text| text.replace('\0', ""));
    sqlx::query(sql).bind(person).bind(name).bind(question).bind(filter).execute(&mut *tx).await?;
    Ok(tx.commit().await?)
}

/// Whether a name can be one: letters, digits, `_` and `-`, at most 40.
pub fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    (1..=40).contains(&name.len()) && name.bytes().all(plain)
}

/// Everything that the person keeps, by name.
pub async fn saved(db: &Db, person: &str) -> Result<Vec<Saved>> {
    let sql = "SELECT name, question, filter, created_at FROM saved WHERE login = session_user AND os_user = $1
               ORDER BY name LIMIT 1000";
    let mut tx = db.begin().await?;
    let rows = sqlx::query_as(sql).bind(person).fetch_all(&mut *tx).await?;
    tx.commit().await?;
    Ok(rows)
}

/// Forgets what stands under a name; false if nothing does.
pub async fn forget(db: &Db, person: &str, name: &str) -> Result<bool> {
    let sql = "DELETE FROM saved WHERE login = session_user AND os_user = $1 AND name = $2";
    let mut tx = db.begin().await?;
    let done = sqlx::query(sql).bind(person).bind(name).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(done.rows_affected() > 0)
}
