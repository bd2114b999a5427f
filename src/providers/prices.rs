//! Prices: rows with validity dates, read at start-up; money is counted in whole millionths of a dollar.

use std::collections::BTreeMap;

use crate::database::{Db, Result};

/// Millionths of a US dollar.
pub type MicroUsd = i64;

/// The prices that are valid now, by provider and operation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PriceBook {
    prices: BTreeMap<(String, String), MicroUsd>,
}

impl PriceBook {
    /// Reads the rows that are valid now.
    pub async fn load(db: &Db) -> Result<PriceBook> {
        let sql = "SELECT DISTINCT ON (provider, operation) provider, operation, (usd * 1000000)::bigint
                   FROM prices WHERE valid_from <= now() ORDER BY provider, operation, valid_from DESC";
        let rows: Vec<(String, String, i64)> = sqlx::query_as(sql).fetch_all(db.pool()).await?;
        Ok(PriceBook {
            prices: rows.into_iter().map(|(provider, operation, price)| ((provider, operation), price)).collect(),
        })
    }

    /// Price of one operation; 0 if no row names it.
    pub fn price(&self, provider: &str, operation: &str) -> MicroUsd {
        self.prices.get(&(provider.to_owned(), operation.to_owned())).copied().unwrap_or(0)
    }
}
