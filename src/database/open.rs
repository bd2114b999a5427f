//! The database that the settings mean: the one that is named, or the private one.

use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;

use super::private::{PrivateOptions, PrivateServer};
use super::{Db, Error, Result};
use crate::settings::DatabaseSettings;

/// An open database, and the private server under it if there is one.
#[derive(Debug)]
pub struct Database {
    /// What all floors above work with.
    pub db: Db,
    /// The private server that this process holds; `None` when a database was named.
    pub server: Option<PrivateServer>,
}

impl Database {
    /// The database that the settings name, else the private one.
    pub async fn open(settings: &DatabaseSettings) -> Result<Database> {
        let direct = settings.direct_url.as_ref().map(SecretString::expose_secret);
        match &settings.url {
            Some(url) => Database::at(url.expose_secret(), direct, settings.max_connections).await,
            None => Database::private(PrivateOptions::default(), settings.max_connections).await,
        }
    }

    /// Connects to a named database. With a `direct_url`, `url` leads to a pooler.
    pub async fn at(url: &str, direct_url: Option<&str>, max_connections: u32) -> Result<Database> {
        let options = parsed(url, "DATABASE_URL")?;
        let db = match direct_url {
            Some(direct) => {
                let direct = parsed(direct, "database.direct_url")?;
                Db::connect_pooled(options, direct, max_connections).await?
            }
            None => Db::connect(options, max_connections).await?,
        };
        Ok(Database { db, server: None })
    }

    /// Finds or starts the private server and connects to its database `switchboard`.
    pub async fn private(options: PrivateOptions, max_connections: u32) -> Result<Database> {
        let server = PrivateServer::start(options).await?;
        let db = Db::connect(server.options("switchboard"), max_connections).await?;
        Ok(Database { db, server: Some(server) })
    }

    /// Closes all connections, then gives the private server back, which ends with its last user.
    pub async fn close(self) -> Result<()> {
        self.db.close().await;
        match self.server {
            Some(server) => server.release().await,
            None => Ok(()),
        }
    }
}

/// The text itself is never repeated: it may hold a password.
fn parsed(url: &str, name: &str) -> Result<PgConnectOptions> {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    if !matches!(scheme, Some("postgres" | "postgresql")) {
        return Err(Error::Unavailable(format!(
            "{name} is not a URL of PostgreSQL: write postgres://user@host/database"
        )));
    }
    PgConnectOptions::from_str(url).map_err(|cause| {
        Error::Unavailable(format!(
            "{name} can not be read ({cause}): write postgres://user:password@host:5432/database"
        ))
    })
}
