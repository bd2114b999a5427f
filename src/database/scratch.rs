//! A database for a while on any server: made beside the named one, dropped at its end.
//!
//! Its owner holds an advisory lock on the server for its life, which ends with the owner however that ends; whoever makes
//! the next one drops what the dead left.

use sha2::{Digest, Sha256};
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};

use super::private::databases;
use super::{Error, Result};

/// A database of this process alone.
#[derive(Debug)]
pub struct Scratch {
    name: String,
    admin: PgConnectOptions,
    /// Holds the lock.
    holder: PgConnection,
}

impl Scratch {
    /// Makes `<prefix>_<random>` on the server that `admin` leads to, whose own database is not touched.
    pub async fn make(admin: PgConnectOptions, prefix: &str) -> Result<Scratch> {
        let mut holder =
            PgConnection::connect_with(&admin).await.map_err(|cause| Error::unreachable(&admin, &cause))?;
        // Such locks belong to the database of `admin`: others on this server can't see them, and have names of their own.
        let prefix = format!("{prefix}_{:08x}", key(admin.get_database().unwrap_or_default()) as u32);
        for left in databases::beginning_with(&admin, &format!("{prefix}_")).await? {
            if take(&mut holder, &left).await? {
                databases::drop_it(&admin, &left).await?;
            }
        }
        let name = format!("{prefix}_{:012x}", rand::random::<u64>() >> 16);
        take(&mut holder, &name).await?;
        databases::create(&admin, &name, None).await.map_err(|error| refused(&name, error))?;
        Ok(Scratch { name, admin, holder })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How to connect to it.
    pub fn options(&self) -> PgConnectOptions {
        self.admin.clone().database(&self.name)
    }

    /// Drops it, with whoever is connected to it.
    pub async fn drop(self) -> Result<()> {
        databases::drop_it(&self.admin, &self.name).await?;
        drop(self.holder.close().await);
        Ok(())
    }
}

/// Takes the lock that belongs to a database's name, if nobody has it.
async fn take(holder: &mut PgConnection, name: &str) -> Result<bool> {
    Ok(sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(key(name)).fetch_one(holder).await?)
}

fn key(name: &str) -> i64 {
    Sha256::digest(name.as_bytes()).iter().take(8).fold(0_i64, |key, byte| (key << 8) | i64::from(*byte))
}

fn refused(name: &str, error: Error) -> Error {
    match &error {
        Error::Query(sqlx::Error::Database(refusal)) if refusal.code().as_deref() == Some("42501") => {
            Error::Unavailable(format!(
                "This login may not create the database {name} to measure in: ALTER ROLE … CREATEDB, or unset DATABASE_URL to use a private server"
            ))
        }
        _ => error,
    }
}
