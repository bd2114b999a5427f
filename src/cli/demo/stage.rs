//! What a demo stands on: a scratch database, the stand-ins with an outage, contacts with queued lookups, and a crew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use tokio::runtime::Runtime;

use super::super::Failure;
use super::super::args::DemoArgs;
use super::super::crew::{self, Crew, CrewOptions};
use super::super::desks::desks;
use super::super::terminal::{Around, Show};
use super::figures::Run;
use crate::breakers::Rules;
use crate::catalogue;
use crate::console::desks::Desks;
use crate::console::{Link, Manner, Opening, UserFiles};
use crate::contacts::import::{ImportOptions, Source};
use crate::contacts::synthetic;
use crate::database::private::{PrivateOptions, PrivateServer, ScratchDatabase};
use crate::database::{Db, migrate};
use crate::operations::actions::{Actor, ImportWish, Limits, run_import};
use crate::queue::lane;
use crate::sandbox::{self, Sandbox};
use crate::settings::{ConsoleSettings, Settings};
use crate::telemetry::{self, RingReader, TraceGuard, TraceOptions};
use crate::vault::{Credentials, KeySource};

/// Names of demos' databases begin so: what a killed demo left is dropped by the next.
const PREFIX: &str = "demo";
const CONTACTS: &str = include_str!("../../../assets/demo.csv");
/// Times short enough that an outage, its probes and its end fit into a minute; the screen names them.
const SHORT_TIMES: [(&str, &str); 2] = [("jobs.retry_base", "1s"), ("jobs.retry_cap", "10s")];
const COOL_OFF: [(&str, &str); 2] = [("cool_off", "5s"), ("cool_off_cap", "10s")];

/// A set stage.
pub struct Stage {
    server: PrivateServer,
    scratch: ScratchDatabase,
    db: Db,
    sandbox: Sandbox,
    crew: Option<Crew>,
    desks: Desks,
    trace: Option<TraceGuard>,
    scenario: sandbox::Scenario,
    run: Run,
}

impl Stage {
    /// Builds it all; lookups begin at once.
    pub async fn set(args: &DemoArgs) -> Result<Stage, Failure> {
        let options = options(args)?;
        let server = PrivateServer::start(PrivateOptions::default()).await?;
        server.sweep_scratch(PREFIX).await?;
        let scratch = server.scratch_database(PREFIX).await?;
        let db = Db::connect(server.options(scratch.name()), 10).await?;
        migrate::run(&db).await?;
        lane::seed(&db).await?;
        let (outage, gap) = (options.outage, options.gap);
        let sandbox = Sandbox::start(options).await?;
        fill(&db, args.contacts as usize).await?;
        // A model's stand-in understands next to nothing: questions are answered by the translator that is built in.
        let of_model = |name: &str| {
            Sandbox::models().any(|id| name.starts_with(&format!("SWITCHBOARD_PROVIDERS__{}__", id.to_uppercase())))
        };
        let environment = sandbox.environment().into_iter().filter(|(name, _)| !of_model(name));
        let settings = Settings::resolve(None, environment, &short_times())?;
        let credentials = Credentials::from_environment(|slot| settings.credential_fields(slot).cloned());
        let trace = trace(&credentials);
        // Nothing of the user's: no key file, and so no vault.
        let keys = KeySource { setting: None, file: PathBuf::from("/nonexistent") };
        let desks = desks(&db, &settings, &credentials, keys).await?;
        let run = Run::begin(&db, args.scenario, (outage, gap), server.pid()).await;
        let crew = Crew::start(CrewOptions {
            db: &db,
            settings: &settings,
            credentials,
            kind: "demo",
            runs_jobs: true,
            keys: None,
        })
        .await?;
        Ok(Stage { server, scratch, db, sandbox, crew: Some(crew), desks, trace, scenario: args.scenario, run })
    }

    /// Its database.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The stand-ins.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// What its run began with.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// The log of this process.
    fn logs(&self) -> Option<RingReader> {
        self.trace.as_ref().map(|trace| trace.ring.clone())
    }

    /// What is different from real work, in words: shown on the screen and above the progress.
    pub fn notes(&self) -> Vec<String> {
        vec![
            format!("Demo, scenario {}: breakers cool off for 5 s, retries begin at 1 s.", self.scenario),
            format!("Its database is private, its providers are stand-ins at {}.", self.sandbox.url()),
            "Nothing is called outside of this machine.".to_owned(),
        ]
    }

    /// Shows the console over it until somebody leaves; the crew has drained then.
    pub fn show(&mut self, ascii: bool, runtime: &Runtime) -> Result<ExitCode, Failure> {
        let settings = ConsoleSettings::default();
        let opening = Opening::begin(Manner {
            ascii,
            theme: settings.theme,
            files: UserFiles::default(),
            link: Link::Measured,
            esc_delay: settings.esc_delay,
            actor: Actor::here("console").name,
        })?;
        let (notes, logs) = (self.notes(), self.logs());
        let rules = rules()?;
        let lookup = (Settings::default().provider("twilio").lookup.packages.join(","), Limits::default());
        let show = Show {
            around: Around::default(),
            lookup,
            rules,
            thresholds: Default::default(),
            notes,
            read_only: false,
            listed: true,
            logs,
            desks: self.desks.clone(),
            zone: chrono_tz::UTC,
            notify: false,
            rights: None,
        };
        show.over(&self.db, self.crew.take(), (Some(opening), runtime))
    }

    /// Drains, drops the database and gives the private server back.
    pub async fn strike(self) -> Result<(), Failure> {
        if let Some(crew) = self.crew {
            crew.dismiss().await?;
        }
        self.sandbox.stop().await;
        self.db.close().await;
        self.scratch.drop().await?;
        Ok(self.server.release().await?)
    }
}

/// The demo's log goes where every log goes; where that can't be written, the demo runs without one.
fn trace(credentials: &Credentials) -> Option<TraceGuard> {
    let options = TraceOptions {
        log_dir: telemetry::log_dir(),
        level: "info".to_owned(),
        to_stderr: false,
        redactor: credentials.redactor().clone(),
        mask_pii: true,
        keep_files: 7,
    };
    telemetry::init(options).ok()
}

/// How the stand-ins behave.
fn options(args: &DemoArgs) -> Result<sandbox::Options, Failure> {
    let known = catalogue::provider(&args.down).or_else(|| catalogue::by_breaker(&args.down));
    let down = known.map(|provider| provider.id).filter(|id| Sandbox::providers().any(|there| there == *id));
    let down = down.ok_or_else(|| Failure::usage(format!("there is no stand-in for `{}`", args.down)))?;
    let mut options = sandbox::Options {
        scenario: args.scenario,
        contacts_expected: u64::from(args.contacts),
        down,
        ..sandbox::Options::default()
    };
    if let Some(seconds) = args.outage {
        options.outage = Duration::from_secs(seconds.into());
    }
    Ok(options)
}

/// Overrides for every breaker.
fn short_times() -> Vec<(String, String)> {
    let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    let breakers = catalogue::PROVIDERS.iter().filter(|provider| provider.breaker.is_some() && provider.has_lane);
    let cool_offs = breakers.flat_map(|provider| {
        COOL_OFF.map(|(key, value)| (format!("breakers.{}.{key}", provider.settings.to_lowercase()), value.to_owned()))
    });
    SHORT_TIMES.into_iter().map(owned).chain(cool_offs).collect()
}

/// What the console foresees by: the times that the demo's breakers keep.
fn rules() -> Result<BTreeMap<String, Rules>, Failure> {
    Ok(crew::all_rules(&Settings::isolated(&short_times())?))
}

/// The contacts of the assets, then generated ones up to `wanted`, all with their lookups enqueued.
pub async fn fill(db: &Db, wanted: usize) -> Result<(), Failure> {
    let mut lines = CONTACTS.lines();
    let header = lines.next().unwrap_or("phone");
    let known: Vec<&str> = lines.take(wanted).collect();
    import(db, "demo.csv", format!("{header}\n{}\n", known.join("\n"))).await?;
    let there: Vec<String> = sqlx::query_scalar("SELECT phone_e164 FROM contacts").fetch_all(db.pool()).await?;
    let there: BTreeSet<String> = there.into_iter().collect();
    let missing = wanted.saturating_sub(there.len());
    let mut generated = String::from("phone\n");
    for number in synthetic::generate(wanted + there.len(), 1).filter(|n| !there.contains(n)).take(missing) {
        let _ = writeln!(generated, "{number}");
    }
    if missing > 0 {
        import(db, "generated numbers", generated).await?;
    }
    Ok(())
}

async fn import(db: &Db, name: &str, text: String) -> Result<(), Failure> {
    let source = Source::Reader(Box::new(std::io::Cursor::new(text)));
    let options = ImportOptions { source_name: Some(name.to_owned()), ..ImportOptions::default() };
    let wish = ImportWish { source, options, lookups: Some(Limits::default()) };
    run_import(db, wish, &Actor::here("demo"), &mut |_| {}).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_demos_console_foresees_by_the_demos_own_cool_off() {
        let rules = rules().unwrap();
        assert!(rules.contains_key("hunter-api") && rules.contains_key("twilio"));
        assert_eq!(rules["twilio"].cool_off, TimeDelta::seconds(5));
    }
}
