//! Databases inside a private server. The only SQL text that is put together at run time: names can't be bound.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::database::{Error, Result};

/// Makes a database if it is not there; a copy of `template` where one is named. True if it was made.
pub(in crate::database) async fn create(admin: &PgConnectOptions, name: &str, template: Option<&str>) -> Result<bool> {
    let mut connection = connect(admin).await?;
    let sql = match template {
        Some(template) => format!("CREATE DATABASE {} TEMPLATE {}", quoted(name)?, quoted(template)?),
        None => format!("CREATE DATABASE {}", quoted(name)?),
    };
    let made = if exists(&mut connection, name).await? {
        false
    } else {
        connection.execute(AssertSqlSafe(sql)).await?;
        true
    };
    drop(connection.close().await);
    if made && template.is_none() {
        statement_statistics(&admin.clone().database(name)).await;
    }
    Ok(made)
}

/// Drops a database with whoever is connected to it.
pub(in crate::database) async fn drop_it(admin: &PgConnectOptions, name: &str) -> Result<()> {
    let mut connection = connect(admin).await?;
    connection.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(name)?))).await?;
    drop(connection.close().await);
    Ok(())
}

/// Names of all databases that begin so.
pub(in crate::database) async fn beginning_with(admin: &PgConnectOptions, prefix: &str) -> Result<Vec<String>> {
    let mut connection = connect(admin).await?;
    let names = sqlx::query_scalar("SELECT datname::text FROM pg_database WHERE starts_with(datname::text, $1)")
        .bind(prefix)
        .fetch_all(&mut connection)
        .await?;
    drop(connection.close().await);
    Ok(names)
}

async fn exists(connection: &mut PgConnection, name: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)";
    Ok(sqlx::query_scalar(sql).bind(name).fetch_one(connection).await?)
}

/// Statement statistics are a gift where the library is preloaded; without them reports say null.
async fn statement_statistics(options: &PgConnectOptions) {
    let Ok(mut connection) = PgConnection::connect_with(options).await else { return };
    let preloaded: sqlx::Result<String> =
        sqlx::query_scalar("SELECT current_setting('shared_preload_libraries')").fetch_one(&mut connection).await;
    if preloaded.is_ok_and(|libraries| libraries.contains("pg_stat_statements"))
        && let Err(cause) = connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements").await
    {
        tracing::debug!(%cause, "no statement statistics in this database");
    }
    drop(connection.close().await);
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection> {
    PgConnection::connect_with(options).await.map_err(|cause| Error::unreachable(options, &cause))
}

/// Only names that need no escape are quoted at all.
fn quoted(name: &str) -> Result<String> {
    let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if plain && (1..=63).contains(&name.len()) {
        return Ok(format!("\"{name}\""));
    }
    Err(Error::Unavailable(format!("{name:?} can not name a database: use a-z, 0-9 and _, at most 63 characters")))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn only_plain_names_reach_a_statement() {
        assert_eq!(quoted("demo_1f").unwrap(), "\"demo_1f\"");
        for name in ["", "a b", "a\"; DROP", "Ä", &"x".repeat(64)] {
            assert!(quoted(name).is_err(), "{name}");
        }
    }
}
