//! What the console is driven on: a private database with many contacts, stand-ins for the provider, and, when it is to be
//! busy, a lookup for each contact.

use super::super::super::Failure;
use super::super::super::output::thousands;
use super::pty::Started;
use crate::database::private::{PrivateOptions, PrivateServer, ScratchDatabase};
use crate::database::{Db, migrate};
use crate::queue::lane;
use crate::sandbox::{Options, Sandbox, Scenario};

/// A set stage.
pub struct Stage {
    server: PrivateServer,
    scratch: ScratchDatabase,
    db: Db,
    sandbox: Sandbox,
    home: tempfile::TempDir,
}

const CONTACTS: &str = "
    INSERT INTO contacts (raw_phone_number, phone_e164, business_name, created_at)
    SELECT n, n, 'Company ' || i, now() - i * interval '1 s'
    FROM (SELECT i, '+1' || (2012000000 + i)::text AS n FROM generate_series(1, $1) i) numbers";

impl Stage {
    /// A place for it: a database, a provider's stand-in, a home.
    pub async fn open(contacts: u32) -> Result<Stage, Failure> {
        let server = PrivateServer::start(PrivateOptions::default()).await?;
        server.sweep_scratch("bench").await?;
        let scratch = server.scratch_database("bench").await?;
        let db = Db::connect(server.options(scratch.name()), 4).await?;
        let options =
            Options { scenario: Scenario::Calm, contacts_expected: u64::from(contacts), ..Options::default() };
        let sandbox = Sandbox::start(options).await?;
        let home = tempfile::tempdir()?;
        Ok(Stage { server, scratch, db, sandbox, home })
    }

    /// Fills it.
    pub async fn set(&self, contacts: u32) -> Result<(), Failure> {
        migrate::run(&self.db).await?;
        lane::seed(&self.db).await?;
        let mut tx = self.db.begin().await?;
        sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *tx).await?;
        sqlx::query(CONTACTS).bind(i64::from(contacts)).execute(&mut *tx).await?;
        let total = "INSERT INTO contact_deltas (pending) SELECT count(*) FROM contacts";
        sqlx::query(total).execute(&mut *tx).await?;
        tx.commit().await?;
        sqlx::query("ANALYZE").execute(self.db.pool()).await?;
        Ok(())
    }

    /// The console on this stage.
    pub fn console(&self, arguments: &[&str]) -> Result<Started, Failure> {
        let program = std::env::current_exe()?.to_string_lossy().into_owned();
        let arguments: Vec<String> =
            std::iter::once("console").chain(arguments.iter().copied()).map(str::to_owned).collect();
        let accepted = self.sandbox.credential();
        let home = self.home.path().to_string_lossy().into_owned();
        let mut started = Started::new(&program, &arguments)
            .with("DATABASE_URL", &self.server.url(self.scratch.name()))
            .with("SWITCHBOARD_PROVIDERS__TWILIO__BASE_URL", &self.sandbox.url())
            .with("SWITCHBOARD_PROVIDERS__TWILIO__ACCOUNT_SID", &accepted.account_sid)
            .with("SWITCHBOARD_PROVIDERS__TWILIO__AUTH_TOKEN", &accepted.auth_token);
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"] {
            started = started.with(name, &home);
        }
        Ok(started)
    }

    /// What is in the database, in words.
    pub async fn rows(&self) -> Result<String, Failure> {
        let sql = "SELECT (SELECT count(*) FROM contacts), (SELECT count(*) FROM jobs)";
        let (contacts, jobs): (i64, i64) = sqlx::query_as(sql).fetch_one(self.db.pool()).await?;
        Ok(format!("{} contacts, {} jobs", thousands(contacts), thousands(jobs)))
    }

    /// Opens a breaker, as another process would.
    pub async fn open_breaker(&self, failure: &str) -> Result<(), Failure> {
        let sql = "UPDATE breakers SET state = 'open', opened_at = now(), retry_at = now() + interval '1 hour', consecutive_failures = 5,
                   generation = generation + 1, last_failure = $1 WHERE name = 'hunter-api'";
        sqlx::query(sql).bind(failure).execute(self.db.pool()).await?;
        Ok(())
    }

    /// Closes it again.
    pub async fn close_breaker(&self) -> Result<(), Failure> {
        let sql = "UPDATE breakers SET state = 'closed', opened_at = NULL, retry_at = NULL, consecutive_failures = 0,
                   generation = generation + 1 WHERE name = 'hunter-api'";
        sqlx::query(sql).execute(self.db.pool()).await?;
        Ok(())
    }

    /// Enqueues a lookup for each contact; how many jobs that made.
    pub async fn load(&self) -> Result<i64, Failure> {
        let mut tx = self.db.begin().await?;
        sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *tx).await?;
        let jobs = "INSERT INTO jobs (lane, kind, contact_id, state) SELECT 'twilio', 'lookup', id, 'waiting' FROM contacts ORDER BY id";
        let made = sqlx::query(jobs).execute(&mut *tx).await?.rows_affected() as i64;
        sqlx::query("INSERT INTO lane_deltas (lane, waiting, enqueued) VALUES ('twilio', $1, $1)")
            .bind(made)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Jobs done so far.
    pub async fn done(&self) -> Result<i64, Failure> {
        let lanes = crate::operations::views::lanes(&self.db).await?;
        Ok(lanes.iter().map(|l| l.done_total).sum())
    }

    /// Takes it down.
    pub async fn strike(self) -> Result<(), Failure> {
        self.sandbox.stop().await;
        self.db.close().await;
        self.scratch.drop().await?;
        Ok(self.server.release().await?)
    }
}
