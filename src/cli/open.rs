//! Opening what a command works on: settings, the database with its schema, and the rows that every command counts on.

use chrono::Utc;
use secrecy::ExposeSecret;

use super::Failure;
use super::args::Common;
use crate::contacts::filter::Anchor;
use crate::database::private::PrivateOptions;
use crate::database::{Database, Db, migrate};
use crate::queue::lane;
use crate::settings::Settings;

/// Settings and an open, migrated database.
#[derive(Debug)]
pub struct Opened {
    /// Settings of this process.
    pub settings: Settings,
    /// The database; close it at the end, so that a private server may stop.
    pub database: Database,
}

impl Opened {
    /// The pool.
    pub fn db(&self) -> &Db {
        &self.database.db
    }

    /// What runs jobs connects by this: `database.worker_url` where it is set, else the same as all the rest.
    pub async fn worker_db(&self) -> Result<Db, Failure> {
        let Some(url) = &self.settings.database.worker_url else { return Ok(self.db().clone()) };
        let direct = self.settings.database.direct_url.as_ref().map(|url| url.expose_secret());
        Ok(Database::at(url.expose_secret(), direct, self.settings.database.max_connections).await?.db)
    }

    /// Closes the connections and gives a private server back.
    pub async fn close(self) -> Result<(), Failure> {
        Ok(self.database.close().await?)
    }
}

/// Settings with the command line's flags over them.
pub fn settings(common: &Common) -> Result<Settings, Failure> {
    let mut overrides = Vec::new();
    if let Some(url) = &common.database_url {
        overrides.push(("database.url".to_owned(), url.clone()));
    }
    let settings = Settings::load(&overrides)?;
    // From now on nothing that this process says holds a secret of its settings.
    super::crew::credentials(common, &settings);
    Ok(settings)
}

/// Now, with the days of the setting `time_zone`.
pub fn anchor(settings: &Settings) -> Anchor {
    Anchor::new(Utc::now(), settings.time_zone)
}

/// Finds or starts the database that the settings mean, without looking at its schema.
pub async fn database(settings: &Settings) -> Result<Database, Failure> {
    let max = settings.database.max_connections;
    let direct = settings.database.direct_url.as_ref().map(|url| url.expose_secret());
    Ok(match &settings.database.url {
        Some(url) => Database::at(url.expose_secret(), direct, max).await?,
        None => Database::private(PrivateOptions::default(), max).await?,
    })
}

/// Opens for work: migrations are applied, lanes and breakers are there.
pub async fn open(common: &Common) -> Result<Opened, Failure> {
    open_with(settings(common)?).await
}

/// Opens for work what these settings mean.
pub async fn open_with(settings: Settings) -> Result<Opened, Failure> {
    let database = database(&settings).await?;
    migrate::run(&database.db).await?;
    lane::seed(&database.db).await?;
    Ok(Opened { settings, database })
}
