//! `console`: the full-screen console, with a worker pool in the same process.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::args::{Common, ConsoleArgs};
use super::crew::{self, Crew, CrewOptions};
use super::open::{self, Opened};
use super::{desks, worker};
use crate::breakers::Rules;
use crate::console::desks::Desks;
use crate::console::model::Facts;
use crate::console::plain::{self, PlainOptions};
use crate::console::{self, Away, ConsoleOptions, Doctor, Exit, Link, Manner, Opening, Pool, UserFiles};
use crate::database::{Db, Rights};
use crate::enrichment;
use crate::fleet::Member;
use crate::fleet::alerts::Thresholds;
use crate::operations::actions::Actor;
use crate::operations::views;
use crate::settings::{self, Settings};
use crate::telemetry::{self, RingReader, TraceGuard};
use crate::vault::KeySource;

pub fn run(common: &Common, args: &ConsoleArgs, runtime: &Runtime) -> Result<ExitCode, Failure> {
    // A mistake in the keys is said before anything is started.
    let files = files(args.keys.as_deref())?;
    let settings = open::settings(common)?;
    let plain = args.plain || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if plain {
        let ready = runtime.block_on(ready(common, args, settings))?;
        return ready.show(None, runtime);
    }
    let console = &settings.console;
    let mut opening = Opening::begin(Manner {
        ascii: args.ascii,
        theme: console.theme.clone(),
        files,
        link: link(args.link.as_deref(), console.link),
        esc_delay: console.esc_delay,
        actor: Actor::here("console").name,
    })?;
    match runtime.block_on(opening.during(ready(common, args, settings)))? {
        Some(ready) => ready?.show(Some(opening), runtime),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// All that a console is shown over.
struct Ready {
    opened: Opened,
    crew: Option<Crew>,
    show: Show,
    /// The log goes on for as long as this lives.
    trace: TraceGuard,
}

impl Ready {
    fn show(self, opening: Option<Opening>, runtime: &Runtime) -> Result<ExitCode, Failure> {
        let Ready { opened, crew, show, trace: _trace } = self;
        let code = show.over(opened.db(), crew, (opening, runtime))?;
        runtime.block_on(opened.close())?;
        Ok(code)
    }
}

/// Opens the database and joins the fleet.
async fn ready(common: &Common, args: &ConsoleArgs, settings: Settings) -> Result<Ready, Failure> {
    let credentials = crew::credentials(common, &settings);
    let trace = worker::trace(common, &settings, false)?;
    let opened = open::open_with(settings).await?;
    let pool_db = opened.worker_db().await?;
    let access = views::access(opened.db(), &pool_db).await?;
    let read_only = args.read_only || !access.rights.operator;
    let keys = KeySource::here(opened.settings.master_key.clone());
    let lent = credentials.clone();
    let crew = if read_only {
        None
    } else {
        // A login that may not run jobs leaves the process without a pool; it still beats, and may lead.
        let runs_jobs = !args.no_workers && access.no_pool.is_none();
        let db = if runs_jobs { &pool_db } else { opened.db() };
        let keys = Some(keys.clone());
        let options = CrewOptions { db, settings: &opened.settings, credentials, kind: "console", runs_jobs, keys };
        Some(Crew::start(options).await?)
    };
    let twilio = opened.settings.provider("twilio");
    let asked = common.clone();
    let doctor: Doctor = Arc::new(move || {
        let common = asked.clone();
        Box::pin(async move { super::doctor::findings(&common).await })
    });
    let show = Show {
        around: Around {
            log_dir: Some(opened.settings.telemetry.log_dir.clone().unwrap_or_else(telemetry::log_dir)),
            doctor: Some(doctor),
            away: Some(away(&opened.settings)),
        },
        rules: crew::all_rules(&opened.settings),
        thresholds: (&opened.settings.alerts).into(),
        lookup: (twilio.lookup.packages.join(","), super::lookup::limits(&opened.settings)),
        notes: access.no_pool.iter().filter(|_| !read_only && !args.no_workers).cloned().collect(),
        read_only,
        listed: !args.read_only,
        logs: Some(trace.ring.clone()),
        desks: desks::desks(opened.db(), &opened.settings, &lent, keys).await?,
        zone: opened.settings.time_zone,
        notify: opened.settings.console.notify,
        rights: Some(access.rights.clone()),
    };
    Ok(Ready { opened, crew, show, trace })
}

/// How fast the link is: what the command line says, else the settings.
fn link(said: Option<&str>, settings: settings::Link) -> Link {
    match (said, settings) {
        (Some("slow"), _) | (None, settings::Link::Slow) => Link::Slow,
        (Some(_), _) | (None, settings::Link::Normal) => Link::Normal,
        (None, settings::Link::Measured) => Link::Measured,
    }
}

/// The user's keys and themes; `keys` names a file of keys, which has to be there.
fn files(keys: Option<&Path>) -> Result<UserFiles, Failure> {
    let mut files = settings::config_folder().map_or_else(UserFiles::default, |folder| UserFiles::within(&folder));
    if let Some(path) = keys {
        std::fs::metadata(path).map_err(|e| Failure::new(format!("{} can't be read: {e}", path.display())))?;
        files.keys = Some(path.to_owned());
    }
    files.keymap().map_err(Failure::new)?;
    Ok(files)
}

/// What can be found out beside the database's rows; nothing of it in a demo.
#[derive(Clone, Default)]
pub struct Around {
    /// The folder of log files.
    pub log_dir: Option<std::path::PathBuf>,
    /// Asks the doctor.
    pub doctor: Option<Doctor>,
    /// How imports go on when the console is left.
    pub away: Option<Away>,
}

/// Another process finds the database by the same settings, except for what stood on the command line.
fn away(settings: &Settings) -> Away {
    let url = settings.database.url.iter().map(|url| ("SWITCHBOARD_DATABASE__URL", url.clone()));
    Away { variables: url.collect() }
}

/// How the console is shown.
pub struct Show {
    /// What else can be found out.
    pub around: Around,
    /// Packages and attempts of lookups.
    pub lookup: (String, crate::operations::actions::Limits),
    /// Rules of breakers, by name.
    pub rules: BTreeMap<String, Rules>,
    /// From where on depths and waits are marked.
    pub thresholds: Thresholds,
    /// What is different from real work, in words.
    pub notes: Vec<String>,
    /// Nothing may be changed.
    pub read_only: bool,
    /// Whether others on deck see it.
    pub listed: bool,
    /// The log of this process.
    pub logs: Option<RingReader>,
    /// Questions and credentials.
    pub desks: Desks,
    /// Whose days a filter means.
    pub zone: chrono_tz::Tz,
    /// Whether a critical alert rings the bell and sends a desktop notice.
    pub notify: bool,
    /// What the database lets this login do.
    pub rights: Option<Rights>,
}

impl Show {
    /// Shows it until somebody leaves, as lines of text where no terminal is opened; the crew has drained and left the fleet
    /// then.
    pub fn over(
        self,
        db: &Db,
        crew: Option<Crew>,
        (opening, runtime): (Option<Opening>, &Runtime),
    ) -> Result<ExitCode, Failure> {
        let rest = crew.as_ref().map(|crew| resting(&crew.member));
        let crew = Arc::new(Mutex::new(crew));
        let (failed, drained) = (Arc::new(Mutex::new(None)), crew.clone());
        let problem = failed.clone();
        let drain = async move {
            let ended = match taken(&drained) {
                Some(crew) => crew.dismiss().await,
                None => Ok(()),
            };
            *problem.lock().unwrap_or_else(PoisonError::into_inner) = ended.err();
        };
        let drain: console::Work = Box::pin(drain);
        let Some(opening) = opening else {
            let ended = runtime.block_on(plain::run(self.plainly(db, drain, runtime)));
            return match failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
                Some(failure) => Err(failure),
                None => Ok(ended.map(|()| ExitCode::SUCCESS)?),
            };
        };
        let options = ConsoleOptions {
            db: db.clone(),
            actor: Actor::here("console"),
            notes: self.notes.clone(),
            read_only: self.read_only,
            listed: self.listed,
            lookup: self.lookup.clone(),
            rules: self.rules.clone(),
            thresholds: self.thresholds,
            desks: self.desks.clone(),
            zone: self.zone,
            notify: self.notify,
            rights: self.rights.clone(),
            logs: self.logs.clone(),
            log_dir: self.around.log_dir.clone(),
            doctor: self.around.doctor.clone(),
            away: self.around.away.clone(),
            pool: Pool { drain: Some(drain), rest },
            shutdown: CancellationToken::new(),
            workers: runtime.handle().clone(),
        };
        let exit = console::run(options, opening);
        // A terminal that hung up, a panic: the console could not drain.
        if let Some(crew) = taken(&crew) {
            runtime.block_on(crew.dismiss())?;
        }
        if let Some(failure) = failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(failure);
        }
        match exit? {
            Exit::Quit | Exit::Gone => Ok(ExitCode::SUCCESS),
            Exit::Panicked => Err(Failure::new(
                "the console ended after an internal error; what is printed above belongs in a bug report",
            )),
        }
    }

    fn plainly(&self, db: &Db, drain: console::Work, runtime: &Runtime) -> PlainOptions {
        let facts = Facts {
            actor: Actor::here("console").name,
            read_only: self.read_only,
            lookup: self.lookup.clone(),
            rules: self.rules.clone(),
            thresholds: self.thresholds,
            zone: self.zone,
            rights: self.rights.clone(),
            of_environment: self.desks.of_environment(),
            ..Facts::default()
        };
        PlainOptions {
            db: db.clone(),
            actor: Actor::here("plain console"),
            listed: self.listed,
            facts,
            logs: self.logs.clone(),
            desks: self.desks.clone(),
            log_dir: self.around.log_dir.clone(),
            doctor: self.around.doctor.clone(),
            drain: Some(drain),
            away: self.around.away.clone(),
            workers: runtime.handle().clone(),
        }
    }
}

/// What a suspension asks of the pool: a stopped process can't beat.
fn resting(member: &Arc<Member>) -> Box<dyn Fn(bool) -> console::Work + Send> {
    let member = Arc::clone(member);
    Box::new(move |rest| {
        let member = Arc::clone(&member);
        Box::pin(async move { enrichment::Pool::rest(&member, rest).await })
    })
}

fn taken<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}
