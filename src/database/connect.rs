//! One pool for one database.

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::Result;

/// A database: cheap to clone, shared by every floor above.
#[derive(Debug, Clone)]
pub struct Db {
    pool: PgPool,
}

impl Db {
    /// Connects, with at most `max_connections`.
    pub async fn connect(options: PgConnectOptions, max_connections: u32) -> Result<Db> {
        let pool = PgPoolOptions::new().max_connections(max_connections).connect_with(options).await?;
        Ok(Db { pool })
    }

    /// The pool: every query of the program goes through it.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }
}
