//! `console`: the full-screen console, with a worker pool in the same process.

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::args::{Common, ConsoleArgs};
use super::crew::{self, Crew, CrewOptions};
use super::open::Opened;
use super::worker;
use crate::console::{self, ConsoleOptions, Exit, Link};
use crate::database::Db;
use crate::enrichment::Pool;
use crate::fleet::Member;
use crate::operations::actions::Actor;
use crate::settings::Settings;
use crate::telemetry::RingReader;

/// What a screen shows beside the data, and how.
pub struct Face {
    /// Lines that the screen names.
    pub notes: Vec<String>,
    /// Nothing may be changed.
    pub read_only: bool,
    /// ASCII only.
    pub ascii: bool,
    /// `slow`, `normal`, or measured.
    pub link: Option<String>,
    /// The log of this process.
    pub logs: Option<RingReader>,
}

pub fn run(common: &Common, args: &ConsoleArgs, runtime: &Runtime) -> Result<ExitCode, Failure> {
    let (opened, crew, trace) = runtime.block_on(start(common, args))?;
    let face = Face {
        notes: vec!["roles are not enforced on this database".to_owned()],
        read_only: args.read_only,
        ascii: args.ascii,
        link: args.link.clone(),
        logs: Some(trace.ring.clone()),
    };
    let shown = show(opened.db(), &opened.settings, crew, face, runtime);
    runtime.block_on(opened.close())?;
    shown
}

async fn start(common: &Common, args: &ConsoleArgs) -> Result<(Opened, Crew, crate::telemetry::TraceGuard), Failure> {
    let opened = super::open::open(common).await?;
    let credentials = crew::credentials(&opened.settings);
    let trace = worker::trace(&opened.settings, &credentials, false)?;
    let runs_jobs = !args.no_workers && !args.read_only;
    let options = CrewOptions { db: opened.db(), settings: &opened.settings, credentials, kind: "console", runs_jobs };
    let crew = Crew::start(options).await?;
    Ok((opened, crew, trace))
}

/// Shows the console until somebody leaves, then dismisses the crew.
pub fn show(db: &Db, settings: &Settings, crew: Crew, face: Face, runtime: &Runtime) -> Result<ExitCode, Failure> {
    let Crew { pool, member, .. } = crew;
    let pool = Arc::new(Mutex::new(pool));
    let shutdown = CancellationToken::new();
    runtime.spawn(on_signal(shutdown.clone()));
    let options = ConsoleOptions {
        db: db.clone(),
        actor: Actor::here("console"),
        notes: face.notes,
        read_only: face.read_only,
        ascii: face.ascii,
        theme: settings.console.theme.clone(),
        link: link(face.link.as_deref(), settings),
        esc_delay: settings.console.esc_delay,
        logs: face.logs,
        pool: hands(&pool, &member),
        shutdown,
        workers: runtime.handle().clone(),
    };
    let exit = console::run(options);
    runtime.block_on(async {
        let rest = pool.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(rest) = rest {
            rest.drain().await;
        }
        member.leave().await
    })?;
    Ok(if exit? == Exit::Panicked { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What the console may ask of the pool.
fn hands(pool: &Arc<Mutex<Option<Pool>>>, member: &Arc<Member>) -> console::Pool {
    let (pool, resting) = (Arc::clone(pool), Arc::clone(member));
    let drain = async move {
        let taken = pool.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(taken) = taken {
            taken.drain().await;
        }
    };
    let rest = move |rest: bool| -> console::Work {
        let member = Arc::clone(&resting);
        Box::pin(async move { Pool::rest(&member, rest).await })
    };
    console::Pool { drain: Some(Box::pin(drain)), rest: Some(Box::new(rest)) }
}

fn link(given: Option<&str>, settings: &Settings) -> Link {
    use crate::settings::Link as Set;
    match (given, settings.console.link) {
        (Some("slow"), _) | (None, Set::Slow) => Link::Slow,
        (Some(_), _) | (None, Set::Normal) => Link::Normal,
        (None, _) => Link::Measured,
    }
}

async fn on_signal(shutdown: CancellationToken) {
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else { return };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    shutdown.cancel();
}
