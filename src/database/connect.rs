//! One pool for one database, and a second small one where a pooler stands between and a session is needed.
//!
//! What must stay true: through a pooler nothing is asked of the session (no start-up options, no statement cache); on a
//! direct connection every plan is made for its values, and no statement or idle transaction lives for ever.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{Connection, PgPool};

use super::{Error, Result};

/// How long a connection, or a place in the pool, is waited for.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(5);
/// A forgotten connection is closed after this time without use.
const IDLE_LIMIT: Duration = Duration::from_secs(300);
/// Connections beside a pooler: one that listens, one that migrates.
const DIRECT_CONNECTIONS: u32 = 2;

/// What may be asked of the far end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manners {
    /// A server of PostgreSQL itself: a connection is a session.
    Direct,
    /// A pooler in transaction mode: a connection is a loan for one transaction.
    Pooled,
}

/// A database: cheap to clone, shared by every floor above.
#[derive(Debug, Clone)]
pub struct Db {
    pool: PgPool,
    direct: PgPool,
    manners: Manners,
}

impl Db {
    /// Connects to a server of PostgreSQL itself, with at most `max_connections`.
    pub async fn connect(options: PgConnectOptions, max_connections: u32) -> Result<Db> {
        let pool = pool(session(options), max_connections).await?;
        Ok(Db { direct: pool.clone(), pool, manners: Manners::Direct })
    }

    /// Connects through a pooler in transaction mode, and beside it straight to the server for LISTEN and migrations.
    pub async fn connect_pooled(
        pooler: PgConnectOptions,
        server: PgConnectOptions,
        max_connections: u32,
    ) -> Result<Db> {
        let direct = pool(session(server), DIRECT_CONNECTIONS).await?;
        let pooler = pooler.statement_cache_capacity(0).extra_float_digits(None).application_name("switchboard");
        let pool = pool(pooler, max_connections).await?;
        Ok(Db { pool, direct, manners: Manners::Pooled })
    }

    /// The pool: every query of the program goes through it.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Connections that are sessions: for LISTEN and migrations. The same pool unless a pooler stands between.
    pub fn direct(&self) -> &PgPool {
        &self.direct
    }

    /// What may be asked of [`Db::pool`]. `Pooled`: each unit is one explicit transaction of `.persistent(false)` queries.
    pub fn manners(&self) -> Manners {
        self.manners
    }

    /// Closes all connections; queries that come later fail.
    pub async fn close(&self) {
        self.pool.close().await;
        self.direct.close().await;
    }
}

/// Settings of a session, sent with its start: no round trip, and a reset of the session keeps them.
fn session(options: PgConnectOptions) -> PgConnectOptions {
    options.application_name("switchboard").options([
        ("plan_cache_mode", "force_custom_plan"),
        ("statement_timeout", "30s"),
        ("idle_in_transaction_session_timeout", "60s"),
    ])
}

/// One connection is tried first: a pool would wait its whole limit for a server that refuses at once.
async fn pool(options: PgConnectOptions, max_connections: u32) -> Result<PgPool> {
    let first = tokio::time::timeout(ACQUIRE_LIMIT, PgConnection::connect_with(&options)).await;
    match first.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
        Ok(connection) => drop(connection.close().await),
        Err(cause) => return Err(Error::unreachable(&options, &cause)),
    }
    Ok(PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE_LIMIT)
        .idle_timeout(IDLE_LIMIT)
        .connect_lazy_with(options))
}
