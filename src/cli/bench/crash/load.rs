//! The work: a database and stand-ins of its own, and contacts whose lookups never run out while faults strike.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::super::super::Failure;
use super::fleet::Fleet;
use crate::contacts::import::{ImportOptions, Source};
use crate::contacts::synthetic;
use crate::database::private::{PrivateOptions, PrivateServer};
use crate::database::{Db, Error, migrate};
use crate::operations::actions::{Actor, ImportWish, Limits, run_import};
use crate::queue::{depth, lane};
use crate::sandbox::{self, Sandbox};

/// Live jobs that are kept in the lane, and what is added when there are fewer.
const LIVE_MIN: i64 = 400;
const CHUNK: usize = 600;
/// How long the end of all jobs is waited for: retries wait a second at most here.
const DRAIN_LIMIT: Duration = Duration::from_secs(120);
/// How long the database may be away after a restart.
const BACK_LIMIT: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(100);
/// More numbers than any run uses.
const NUMBERS_MAX: usize = 1_000_000;
const DATABASE: &str = "switchboard";

pub struct Load {
    pub db: Db,
    pub server: PrivateServer,
    pub sandbox: Sandbox,
    pub home: TempDir,
    /// Jobs that were enqueued: known here alone.
    pub enqueued: i64,
    numbers: Box<dyn Iterator<Item = String> + Send>,
}

impl Load {
    pub async fn begin() -> Result<Load, Failure> {
        let home = tempfile::Builder::new().prefix("switchboard-crash-").tempdir()?;
        // The server may run as another user, who has to reach its folder.
        std::fs::set_permissions(home.path(), PermissionsExt::from_mode(0o755))?;
        let options = PrivateOptions { home: Some(home.path().join("postgres")), ..PrivateOptions::default() };
        let server = PrivateServer::start(options).await?;
        let db = Db::connect(server.options(DATABASE), 4).await?;
        migrate::run(&db).await?;
        lane::seed(&db).await?;
        let sandbox = Sandbox::start(sandbox::Options::default()).await?;
        let numbers = Box::new(synthetic::generate(NUMBERS_MAX, 1));
        let mut load = Load { db, server, sandbox, home, enqueued: 0, numbers };
        load.refill().await?;
        Ok(load)
    }

    pub fn url(&self) -> String {
        self.server.url(DATABASE)
    }

    pub fn folder(&self) -> &Path {
        self.home.path()
    }

    /// Calls that reached the stand-in.
    pub fn calls(&self) -> u64 {
        self.sandbox.counters().get("twilio").map_or(0, |counters| counters.total)
    }

    /// Sees to it that there is work. An import that the database broke off is run again: what is there stays as it is.
    pub async fn refill(&mut self) -> Result<(), Failure> {
        let live = self.patiently(async |db: &Db| depth::total(db).await.map(|depth| depth.live())).await?;
        if live >= LIVE_MIN {
            return Ok(());
        }
        let chunk: Vec<String> = self.numbers.by_ref().take(CHUNK).collect();
        let text = format!("phone\n{}\n", chunk.join("\n"));
        let begun = Instant::now();
        let report = loop {
            let source = Source::Reader(Box::new(std::io::Cursor::new(text.clone())));
            let options = ImportOptions { source_name: Some("crash".into()), ..ImportOptions::default() };
            let wish = ImportWish { source, options, lookups: Some(Limits::default()) };
            match run_import(&self.db, wish, &Actor::here("bench"), &mut |_| {}).await {
                Ok(report) => break report,
                Err(error) if begun.elapsed() > BACK_LIMIT => return Err(error.into()),
                Err(_) => tokio::time::sleep(LOOK).await,
            }
        };
        // What a broken import had committed already is there as a duplicate, with its job.
        if report.inserted + report.duplicates != chunk.len() as u64 {
            return Err(Failure::new(format!("an import lost rows: {report:?}; please report it")));
        }
        self.enqueued += chunk.len() as i64;
        Ok(())
    }

    /// Waits until no live job is left.
    pub async fn drained(&self, fleet: &mut Fleet) -> Result<(), Failure> {
        let begun = Instant::now();
        while self.patiently(async |db: &Db| depth::total(db).await.map(|depth| depth.live())).await? > 0 {
            if begun.elapsed() > DRAIN_LIMIT {
                return Ok(());
            }
            fleet.supervise()?;
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Asks until the database answers.
    async fn patiently<T>(&self, ask: impl AsyncFn(&Db) -> Result<T, Error>) -> Result<T, Failure> {
        let begun = Instant::now();
        loop {
            match ask(&self.db).await {
                Ok(answer) => return Ok(answer),
                Err(error) if begun.elapsed() > BACK_LIMIT => return Err(error.into()),
                Err(_) => tokio::time::sleep(LOOK).await,
            }
        }
    }

    pub async fn end(self) -> Result<(), Failure> {
        self.sandbox.stop().await;
        self.db.close().await;
        Ok(self.server.release().await?)
    }
}
