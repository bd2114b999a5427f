//! A database that is made for one measurement and dropped at its end.

use secrecy::ExposeSecret;
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

use super::super::args::Common;
use super::super::{Failure, open};
use crate::database::private::{PrivateOptions, PrivateServer};
use crate::database::{Db, Scratch, migrate};
use crate::queue::lane;

/// The database, on the server of `DATABASE_URL` or on the private one.
pub struct Base {
    server: Option<PrivateServer>,
    scratch: Scratch,
    pub db: Db,
}

impl Base {
    /// Makes it, with all tables and lanes; its name begins with `prefix`.
    pub async fn make(common: &Common, prefix: &str, connections: u32) -> Result<Base, Failure> {
        let settings = open::settings(common)?;
        // A session is needed to hold the lock, and a pooler would be what is measured.
        let url = settings.database.direct_url.as_ref().or(settings.database.url.as_ref());
        let (server, admin) = match url {
            Some(url) => (None, url.expose_secret().parse::<PgConnectOptions>()?),
            None => {
                let server = PrivateServer::start(PrivateOptions::default()).await?;
                let admin = server.options("switchboard");
                (Some(server), admin)
            }
        };
        let scratch = Scratch::make(admin, prefix).await?;
        let db = Db::connect(scratch.options(), connections).await?;
        migrate::run(&db).await?;
        lane::seed(&db).await?;
        Ok(Base { server, scratch, db })
    }

    /// What is measured where, in words.
    pub fn description(&self) -> String {
        let place = if self.server.is_some() { "the private server" } else { "the server of DATABASE_URL" };
        format!(
            "Measuring on {place}, in the database {} of its own, which is dropped at the end.\n",
            self.scratch.name()
        )
    }

    /// The server's process, where it is ours.
    pub fn server_pid(&self) -> Option<i32> {
        self.server.as_ref().and_then(PrivateServer::pid)
    }

    /// `DATABASE_URL` for another process.
    pub fn url(&self) -> String {
        match &self.server {
            Some(server) => server.url(self.scratch.name()),
            None => self.scratch.options().to_url_lossy().to_string(),
        }
    }

    /// Drops the database and gives the private server back.
    pub async fn close(self) -> Result<(), Failure> {
        self.db.close().await;
        self.scratch.drop().await?;
        if let Some(server) = self.server {
            server.release().await?;
        }
        Ok(())
    }
}
