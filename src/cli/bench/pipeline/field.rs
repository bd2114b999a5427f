//! What a run stands on: a database made for it and dropped at its end, contacts whose lookups wait, and stand-ins.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::super::super::args::Common;
use super::super::super::{Failure, demo};
use super::super::base::Base;
use super::form::Form;
use super::worker::Worker;
use crate::database::Db;
use crate::operations::actions::{Action, Actor, Confirmation, plan, run};
use crate::sandbox::{self, Sandbox};

/// Connections of this process.
const CONNECTIONS: u32 = 4;
const LOOK: Duration = Duration::from_millis(20);

/// The ground of one run.
pub struct Field {
    base: Base,
    home: TempDir,
    form: Form,
    /// Its database.
    pub db: Db,
    /// The stand-ins.
    pub sandbox: Sandbox,
}

impl Field {
    /// With `contacts` contacts whose lookups wait; answers take exactly `latency`, or as long as those of real providers do.
    pub async fn lay(
        common: &Common,
        form: &Form,
        contacts: usize,
        latency: Option<Duration>,
    ) -> Result<Field, Failure> {
        let base = Base::make(common, "pipeline", CONNECTIONS).await?;
        let db = base.db.clone();
        let sandbox = Sandbox::start(sandbox::Options { latency, ..sandbox::Options::default() }).await?;
        if contacts > 0 {
            demo::fill(&db, contacts).await?;
        }
        let home = tempfile::Builder::new().prefix("switchboard-bench-").tempdir()?;
        // The server may run as another user.
        std::fs::set_permissions(home.path(), PermissionsExt::from_mode(0o755))?;
        Ok(Field { base, home, form: form.clone(), db, sandbox })
    }

    /// The server's process, where it is ours.
    pub fn server_pid(&self) -> Option<i32> {
        self.base.server_pid()
    }

    /// Starts a worker with these settings over those of the form.
    pub fn worker(&self, settings: &[(String, String)], until_empty: bool) -> Result<Worker, Failure> {
        let mut variables = vec![("DATABASE_URL".to_owned(), self.base.url())];
        variables.extend(self.sandbox.environment());
        variables.extend(self.form.settings());
        variables.extend(settings.iter().cloned());
        Worker::start(self.home.path(), variables, until_empty)
    }

    /// Works until nothing is left; how long it took.
    pub async fn work(&self, settings: &[(String, String)]) -> Result<Duration, Failure> {
        let begun = Instant::now();
        let mut worker = self.worker(settings, true)?;
        self.empty(&mut worker).await?;
        let took = begun.elapsed();
        worker.ended().await?;
        Ok(took)
    }

    /// Waits until no job is left.
    pub async fn empty(&self, worker: &mut Worker) -> Result<(), Failure> {
        self.until(worker, "SELECT NOT EXISTS (SELECT FROM jobs WHERE state <> 'dead')").await
    }

    /// Waits until the statement gives true, as long as the worker lives.
    pub async fn until(&self, worker: &mut Worker, sql: &'static str) -> Result<(), Failure> {
        let begun = Instant::now();
        let sql = format!("/* sample */ {sql}");
        while !sqlx::query_scalar::<_, bool>(sqlx::AssertSqlSafe(sql.as_str())).fetch_one(self.db.pool()).await? {
            if begun.elapsed() > self.form.patience() || worker.has_failed()? {
                return Err(Failure::new(format!("a run did not come to its end; its worker said: {}", worker.said())));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Waits until so many calls have reached a provider's stand-in.
    pub async fn calls(&self, worker: &mut Worker, provider: &str, calls: u64) -> Result<(), Failure> {
        let begun = Instant::now();
        while self.sandbox.counters().get(provider).map_or(0, |counted| counted.total) < calls {
            if begun.elapsed() > self.form.patience() || worker.has_failed()? {
                return Err(Failure::new(format!(
                    "too few calls reached {provider}; its worker said: {}",
                    worker.said()
                )));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Calls by lane so far.
    pub fn by_lane(&self) -> BTreeMap<&'static str, u64> {
        self.sandbox.counters().into_iter().map(|(id, counted)| (id, counted.total)).filter(|(_, n)| *n > 0).collect()
    }

    /// Does what an operator would do.
    pub async fn act(&self, action: Action) -> Result<i64, Failure> {
        let planned = plan(&self.db, action).await?;
        let confirmed = planned.confirm(Confirmation::Unattended)?;
        Ok(run(&self.db, confirmed, &Actor::here("bench")).await?.changed)
    }

    /// One number that a statement gives.
    pub async fn count(&self, sql: &'static str) -> Result<i64, Failure> {
        Ok(sqlx::query_scalar(sql).fetch_one(self.db.pool()).await?)
    }

    /// Drops the database and gives the private server back.
    pub async fn clear(self) -> Result<(), Failure> {
        self.sandbox.stop().await;
        self.base.close().await
    }
}

/// How many calls each lane makes for so many contacts, without limits.
pub async fn census(common: &Common, form: &Form, contacts: usize) -> Result<BTreeMap<&'static str, u64>, Failure> {
    let field = Field::lay(common, form, contacts, Some(Duration::from_millis(5))).await?;
    field.work(&[]).await?;
    let calls = field.by_lane();
    field.clear().await?;
    Ok(calls)
}
