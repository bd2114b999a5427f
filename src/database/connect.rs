//! One pool for one database, and a second small one where a pooler stands between and a session is needed.
//!
//! What must stay true: through a pooler nothing is asked of the session (no start-up options, no statement cache); on a
//! direct connection every plan is made for its values, and no statement or idle transaction lives for ever.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{Connection, Executor, PgPool, PgTransaction, Row};

use super::{Error, Result, stale};

/// How long a connection, or a place in the pool, is waited for.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(5);
/// A forgotten connection is closed after this time without use.
const IDLE_LIMIT: Duration = Duration::from_secs(300);
/// A connection that rested so long is asked whether it still lives before it is used.
const ASK_AFTER: Duration = Duration::from_secs(1);
/// Connections beside a pooler: one that listens, one that migrates.
const DIRECT_CONNECTIONS: u32 = 2;
/// Connections that do the same few statements all day: three batches on their way, one urgent claim, one look for what is due.
const HOT_CONNECTIONS: u32 = 5;

/// Statements that another client left on a borrowed session: the driver of each client numbers its own from 1.
const FORGET: &str = "DEALLOCATE ALL";
/// In one message: a page that is drawn every two seconds is not to pay for several.
const BEGIN_READING: &str = "BEGIN READ ONLY; SET LOCAL statement_timeout = '5s'";
const FORGET_AND_READ: &str = "SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = '5s'; DEALLOCATE ALL";

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
    hot: PgPool,
    sessions: Option<PgPool>,
    manners: Manners,
}

impl Db {
    /// Connects, with at most `max_connections`. A far end that refuses or drops what a session is given is taken for a
    /// pooler, with nothing beside it that could listen.
    pub async fn connect(options: PgConnectOptions, max_connections: u32) -> Result<Db> {
        if takes_session_settings(&options).await? {
            let hot = lazy_pool(hot(options.clone()), HOT_CONNECTIONS);
            let pool = lazy_pool(session(options), max_connections);
            return Ok(Db { sessions: Some(pool.clone()), pool, hot, manners: Manners::Direct });
        }
        tracing::warn!("the database is behind a pooler: without database.direct_url news come by polling");
        let pool = lent_pool(loan(options), max_connections);
        Ok(Db { hot: pool.clone(), pool, sessions: None, manners: Manners::Pooled })
    }

    /// Connects through a pooler in transaction mode, and beside it straight to the server for LISTEN and migrations.
    pub async fn connect_pooled(
        pooler: PgConnectOptions,
        server: PgConnectOptions,
        max_connections: u32,
    ) -> Result<Db> {
        try_once(&loan(pooler.clone())).await.map_err(|cause| Error::unreachable(&pooler, &cause))?;
        let beside = Db::connect(server, DIRECT_CONNECTIONS).await?;
        let pool = lent_pool(loan(pooler), max_connections);
        Ok(Db { hot: pool.clone(), pool, sessions: beside.sessions, manners: Manners::Pooled })
    }

    /// The pool. Through a pooler what is taken from it is a transaction, too, which commits when it goes back, a moment
    /// after the query was answered: what has to be committed by then takes [`Db::begin`].
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Begins a unit of work, which is one transaction, also through a pooler.
    pub async fn begin(&self) -> Result<PgTransaction<'static>> {
        Ok(match self.manners {
            Manners::Direct => self.pool.begin().await?,
            Manners::Pooled => self.pool.begin_with(FORGET).await?,
        })
    }

    /// Begins a unit of work that can't write, and of which no statement takes longer than five seconds: for whatever a filter
    /// or a question asks.
    pub async fn begin_reading(&self) -> Result<PgTransaction<'static>> {
        Ok(match self.manners {
            Manners::Direct => self.pool.begin_with(BEGIN_READING).await?,
            Manners::Pooled => self.pool.begin_with(FORGET_AND_READ).await?,
        })
    }

    /// A connection for a statement that is written so that only one plan of it is good, and that runs all day: planning it
    /// anew would cost more than a small batch itself. Through a pooler it is one of [`Db::pool`]'s.
    pub fn hot(&self) -> &PgPool {
        &self.hot
    }

    /// Connections that are sessions, for LISTEN; `None` where only a pooler is known: poll instead.
    pub fn sessions(&self) -> Option<&PgPool> {
        self.sessions.as_ref()
    }

    /// A unit of work straight on the server where that is possible: for migrations.
    pub(super) async fn begin_directly(&self) -> Result<PgTransaction<'static>> {
        match &self.sessions {
            Some(sessions) => Ok(sessions.begin().await?),
            None => self.begin().await,
        }
    }

    /// What may be asked of [`Db::pool`].
    pub fn manners(&self) -> Manners {
        self.manners
    }

    /// Closes all connections; queries that come later fail.
    pub async fn close(&self) {
        self.hot.close().await;
        self.pool.close().await;
        if let Some(sessions) = &self.sessions {
            sessions.close().await;
        }
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

/// As [`session`], with plans that are kept: made once, whatever the tables hold by then, so an estimate may not choose them.
fn hot(options: PgConnectOptions) -> PgConnectOptions {
    let kept = [
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
        ("enable_bitmapscan", "off"),
        ("enable_sort", "off"),
    ];
    session(options).options(kept)
}

/// What a pooler of any age takes: <https://www.pgbouncer.org/config.html>, `ignore_startup_parameters`.
fn loan(options: PgConnectOptions) -> PgConnectOptions {
    options.application_name("switchboard").statement_cache_capacity(0).extra_float_digits(None)
}

/// One connection is tried before there is a pool, which would wait its whole limit for a server that refuses at once.
async fn takes_session_settings(options: &PgConnectOptions) -> Result<bool> {
    match try_once(&session(options.clone())).await {
        Ok(took_them) => Ok(took_them),
        Err(sqlx::Error::Database(refusal)) if refusal.message().contains("startup parameter") => {
            try_once(&loan(options.clone())).await.map(|_| false).map_err(|cause| Error::unreachable(options, &cause))
        }
        Err(cause) => Err(Error::unreachable(options, &cause)),
    }
}

/// Connects and asks whether the settings of [`session`] arrived.
async fn try_once(options: &PgConnectOptions) -> sqlx::Result<bool> {
    let attempt = async {
        let mut connection = PgConnection::connect_with(options).await?;
        let row = connection.fetch_one("SHOW plan_cache_mode").await?;
        let mode: String = row.try_get(0)?;
        connection.close().await?;
        Ok(mode == "force_custom_plan")
    };
    tokio::time::timeout(ACQUIRE_LIMIT, attempt).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

fn lazy_pool(options: PgConnectOptions, max_connections: u32) -> PgPool {
    // A question before each use would double the round trips of a busy engine.
    sized(max_connections)
        .test_before_acquire(false)
        .before_acquire(|connection, used| {
            Box::pin(async move {
                if stale::is_stale(used.age) {
                    return Ok(false);
                }
                if used.idle_for >= ASK_AFTER {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options)
}

/// Of loans: a transaction begins with each and ends with it, so that a statement's parts reach one session.
fn lent_pool(options: PgConnectOptions, max_connections: u32) -> PgPool {
    sized(max_connections)
        .after_connect(|connection, _| Box::pin(taken(connection)))
        .before_acquire(|connection, _| Box::pin(async move { taken(connection).await.map(|()| true) }))
        .after_release(|connection, _| Box::pin(async move { connection.execute("COMMIT").await.map(|_| true) }))
        .connect_lazy_with(options)
}

async fn taken(connection: &mut PgConnection) -> sqlx::Result<()> {
    connection.execute("BEGIN").await?;
    connection.execute(FORGET).await?;
    Ok(())
}

fn sized(max_connections: u32) -> PgPoolOptions {
    PgPoolOptions::new().max_connections(max_connections).acquire_timeout(ACQUIRE_LIMIT).idle_timeout(IDLE_LIMIT)
}
