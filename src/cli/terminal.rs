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
use super::{desks, open, worker};
use crate::breakers::Rules;
use crate::console::desks::Desks;
use crate::console::model::Facts;
use crate::console::plain::{self, PlainOptions};
use crate::console::{self, ConsoleOptions, Doctor, Exit, Link, Pool, UserFiles};
use crate::database::{Db, Rights};
use crate::enrichment;
use crate::fleet::Member;
use crate::operations::actions::Actor;
use crate::operations::views;
use crate::settings::{self, ConsoleSettings};
use crate::telemetry::{self, RingReader};
use crate::vault::KeySource;

pub fn run(common: &Common, args: &ConsoleArgs, runtime: &Runtime) -> Result<ExitCode, Failure> {
    // A mistake in the keys is said before anything is started.
    let files = files(args.keys.as_deref())?;
    let opened = runtime.block_on(open::open(common))?;
    let credentials = crew::credentials(common, &opened.settings);
    let trace = worker::trace(common, &opened.settings, false)?;
    let pool_db = runtime.block_on(opened.worker_db())?;
    let access = runtime.block_on(views::access(opened.db(), &pool_db))?;
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
        Some(runtime.block_on(Crew::start(options))?)
    };
    let twilio = opened.settings.provider("twilio");
    let asked = common.clone();
    let doctor: Doctor = Arc::new(move || {
        let common = asked.clone();
        Box::pin(async move { super::doctor::findings(&common).await })
    });
    let show = Show {
        files,
        around: Around {
            log_dir: Some(opened.settings.telemetry.log_dir.clone().unwrap_or_else(telemetry::log_dir)),
            doctor: Some(doctor),
        },
        rules: crew::all_rules(&opened.settings),
        lookup: (twilio.lookup.packages.join(","), super::lookup::limits(&opened.settings)),
        notes: access.no_pool.iter().filter(|_| !read_only && !args.no_workers).cloned().collect(),
        read_only,
        ascii: args.ascii,
        link: args.link.as_deref(),
        logs: Some(trace.ring.clone()),
        desks: runtime.block_on(desks::desks(opened.db(), &opened.settings, &lent, keys))?,
        zone: opened.settings.time_zone,
        rights: Some(access.rights.clone()),
        settings: &opened.settings.console,
        plain: args.plain || std::env::var_os("TERM").is_some_and(|term| term == "dumb"),
    };
    let code = show.over(opened.db(), crew, runtime)?;
    runtime.block_on(opened.close())?;
    Ok(code)
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
}

/// How the console is shown.
pub struct Show<'a> {
    /// Keys and themes of the user.
    pub files: UserFiles,
    /// What else can be found out.
    pub around: Around,
    /// Packages and attempts of lookups.
    pub lookup: (String, crate::operations::actions::Limits),
    /// Rules of breakers, by name.
    pub rules: BTreeMap<String, Rules>,
    /// Lines of text instead of a screen.
    pub plain: bool,
    /// What is different from real work, in words.
    pub notes: Vec<String>,
    /// Nothing may be changed.
    pub read_only: bool,
    /// Only ASCII characters.
    pub ascii: bool,
    /// `slow` or `normal`, over the settings.
    pub link: Option<&'a str>,
    /// The log of this process.
    pub logs: Option<RingReader>,
    /// Questions and credentials.
    pub desks: Desks,
    /// Whose days a filter means.
    pub zone: chrono_tz::Tz,
    /// What the database lets this login do.
    pub rights: Option<Rights>,
    /// Theme, link, keys.
    pub settings: &'a ConsoleSettings,
}

impl Show<'_> {
    /// Shows it until somebody leaves; the crew has drained and left the fleet then.
    pub fn over(self, db: &Db, crew: Option<Crew>, runtime: &Runtime) -> Result<ExitCode, Failure> {
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
        if self.plain {
            let ended = runtime.block_on(plain::run(self.plainly(db, drain, runtime)));
            return match failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
                Some(failure) => Err(failure),
                None => Ok(ended.map(|()| ExitCode::SUCCESS)?),
            };
        }
        let exit = console::run(ConsoleOptions {
            db: db.clone(),
            actor: Actor::here("console"),
            notes: self.notes.clone(),
            read_only: self.read_only,
            ascii: self.ascii,
            theme: self.settings.theme.clone(),
            files: self.files.clone(),
            lookup: self.lookup.clone(),
            rules: self.rules.clone(),
            desks: self.desks.clone(),
            zone: self.zone,
            rights: self.rights.clone(),
            link: self.link(),
            esc_delay: self.settings.esc_delay,
            logs: self.logs.clone(),
            log_dir: self.around.log_dir.clone(),
            doctor: self.around.doctor.clone(),
            pool: Pool { drain: Some(drain), rest },
            shutdown: CancellationToken::new(),
            workers: runtime.handle().clone(),
        });
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
            zone: self.zone,
            rights: self.rights.clone(),
            of_environment: self.desks.of_environment(),
            ..Facts::default()
        };
        PlainOptions {
            db: db.clone(),
            actor: Actor::here("console"),
            facts,
            logs: self.logs.clone(),
            desks: self.desks.clone(),
            log_dir: self.around.log_dir.clone(),
            doctor: self.around.doctor.clone(),
            drain: Some(drain),
            workers: runtime.handle().clone(),
        }
    }

    fn link(&self) -> Link {
        match (self.link, self.settings.link) {
            (Some("slow"), _) | (None, settings::Link::Slow) => Link::Slow,
            (Some(_), _) | (None, settings::Link::Normal) => Link::Normal,
            (None, settings::Link::Measured) => Link::Measured,
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
