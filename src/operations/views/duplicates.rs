//! Pairs of contacts that may be the same, the surest first.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::database::{Db, Result};

/// One pair that nobody has decided.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct PairView {
    /// The lower id.
    pub first_id: i64,
    /// Its number.
    pub first_phone: String,
    /// Its name.
    pub first_name: Option<String>,
    /// The higher id.
    pub second_id: i64,
    /// Its number.
    pub second_phone: String,
    /// Its name.
    pub second_name: Option<String>,
    /// 0 to 100.
    pub confidence: i32,
    /// Points by part.
    pub parts: Value,
    /// When it was found.
    pub found_at: DateTime<Utc>,
}

/// At most `limit` pairs: one statement.
pub async fn duplicates(db: &Db, limit: i64) -> Result<Vec<PairView>> {
    let sql = "SELECT p.first_id, a.phone_e164 AS first_phone, coalesce(a.full_name, a.business_name) AS first_name,
                      p.second_id, b.phone_e164 AS second_phone, coalesce(b.full_name, b.business_name) AS second_name,
                      p.confidence, p.parts, p.found_at
               FROM duplicate_pairs p JOIN contacts a ON a.id = p.first_id JOIN contacts b ON b.id = p.second_id
               WHERE p.merge_id IS NULL AND NOT a.is_duplicate AND NOT b.is_duplicate
               ORDER BY p.confidence DESC, p.first_id, p.second_id LIMIT least(greatest($1, 1), 1000)";
    Ok(sqlx::query_as(sql).bind(limit).fetch_all(db.pool()).await?)
}
