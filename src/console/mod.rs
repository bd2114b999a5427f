//! The full-screen console; read it left to right along one key press.
//!
//! `edge` (bytes to events) -> `message` -> `update` (pure) -> `model` -> `screen` (draw only) -> `edge` (cells to bytes).
//! A wish leaves `update` as an [`effect::Effect`], is run by `perform` on the workers' runtime, and comes home as a message.
//! The loop has a thread and a runtime of its own and never waits for the database or the network.

pub mod command;
pub mod confirm;
pub mod desks;
pub mod edge;
pub mod effect;
pub mod feed;
mod files;
#[cfg(test)]
mod fixture;
mod frames;
pub mod keys;
mod look;
pub mod message;
pub mod model;
mod notice;
mod opening;
mod outside;
mod perform;
pub mod plain;
mod record;
pub mod screen;
mod signals;
pub mod theme;
mod turn;
pub mod update;
pub mod widget;
mod work;

use std::collections::BTreeMap;
use std::io;
use std::panic;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::breakers::Rules;
use crate::database::Db;
use crate::fleet::alerts::Thresholds;
use crate::operations::actions::Actor;
use crate::telemetry::RingReader;
use desks::Desks;
use edge::{Session, Tty};
use model::{Facts, Model};
use theme::ThemeError;

pub use feed::Doctor;
pub use files::UserFiles;
pub use opening::{Manner, Opening};
pub use work::Away;

/// Work that the caller does for the console, on the workers' runtime.
pub type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How fast the way to the terminal is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Link {
    /// Ask the terminal at the start.
    #[default]
    Measured,
    /// Charts, and data once a second.
    Normal,
    /// Numbers instead of charts, data every 5 s.
    Slow,
}

/// The worker pool of this process, as far as the console needs it.
#[derive(Default)]
pub struct Pool {
    /// Stops claiming, finishes what is in flight, gives the rest back.
    pub drain: Option<Work>,
    /// `true`: stop claiming and hand leased jobs back, before a suspension; `false`: claim again.
    pub rest: Option<Box<dyn Fn(bool) -> Work + Send>>,
}

/// What a console needs.
pub struct ConsoleOptions {
    /// The database.
    pub db: Db,
    /// Who acts.
    pub actor: Actor,
    /// Facts about this environment that the screen names, for example `cool-off 5 s`.
    pub notes: Vec<String>,
    /// Nothing may be changed.
    pub read_only: bool,
    /// Whether the others see this console.
    pub listed: bool,
    /// Packages and attempts of lookups, as the settings say.
    pub lookup: (String, crate::operations::actions::Limits),
    /// Rules of breakers, by name.
    pub rules: BTreeMap<String, Rules>,
    /// From where on depths and waits are marked: those of the alerts.
    pub thresholds: Thresholds,
    /// Questions and credentials.
    pub desks: Desks,
    /// Whose days a filter means.
    pub zone: chrono_tz::Tz,
    /// Whether a critical alert rings the bell and sends a desktop notice.
    pub notify: bool,
    /// The log of this process.
    pub logs: Option<RingReader>,
    /// The folder of log files.
    pub log_dir: Option<std::path::PathBuf>,
    /// Asks the doctor.
    pub doctor: Option<Doctor>,
    /// What the database lets this login do.
    pub rights: Option<crate::database::Rights>,
    /// The worker pool of this process.
    pub pool: Pool,
    /// How imports go on when the console is left; none: they end.
    pub away: Option<Away>,
    /// Cancelled when the process is asked to end: the console drains and leaves.
    pub shutdown: CancellationToken,
    /// Where feeds and actions run; never the console's own thread.
    pub workers: Handle,
}

/// Longest time that a console which leaves without a drain waits for the end of a batch.
const WIND_UP: Duration = Duration::from_secs(2);

/// Why the console ended. The terminal was given back before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Somebody quit: the pool's drain has ended, or was left behind by a second Ctrl-C.
    Quit,
    /// The terminal is gone: drain and end.
    Gone,
    /// Some thread panicked; its report was printed after the terminal was given back.
    Panicked,
}

/// Why the console did not start or broke off.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// No terminal, or it can't be read or written.
    #[error("the console needs a terminal: {0}; `switchboard status` and the other commands work without one")]
    Terminal(#[from] io::Error),
    /// The theme is not known or not readable.
    #[error(transparent)]
    Theme(#[from] ThemeError),
    /// The file of keys is not understood.
    #[error("the keys are not understood: {0}")]
    Keys(String),
}

/// Runs the console on this thread, on a terminal that is opened, until somebody leaves, and gives the terminal back.
pub fn run(options: ConsoleOptions, opening: Opening) -> Result<Exit, ConsoleError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let Opening { ears: heard, look, keymap, files, link, measured, terminal, output, mut frames, guard } = opening;
    let post = options.listed.then(|| feed::Post::begin(&options.workers, options.db.clone(), &options.actor));
    let deck = post.as_ref().map(|post| post.id);
    let facts = Facts {
        deck,
        actor: options.actor.name.clone(),
        notes: options.notes,
        read_only: options.read_only,
        slow: link == Link::Slow,
        link: None,
        keymap,
        themes: theme::names(&files.theme_names()),
        lookup: options.lookup,
        rules: options.rules,
        thresholds: options.thresholds,
        zone: options.zone,
        rights: options.rights,
        of_environment: options.desks.of_environment(),
        goes_on: options.away.is_some(),
    };
    let mut model = Model::new(facts, Tty::size(), chrono::Utc::now());
    if let Some(bytes_per_s) = measured {
        // It asks for nothing.
        let _ = update::update(&mut model, message::Msg::Measured(bytes_per_s), chrono::Utc::now());
    }
    let others = options.db.clone();
    let sources = feed::Sources { db: options.db, doctor: options.doctor, logs: options.log_dir, zone: options.zone };
    let (mut hands, home) = perform::Hands::new(options.actor, options.workers, model.facts.slow, sources);
    hands.lend(options.desks);
    let works = hands.works();
    hands.runtime().spawn(files.watch(hands.results()));
    hands.runtime().spawn(work::watch_others(others, hands.results()));
    frames.wanted(true);
    let logs = options.logs.map(|ring| (ring, 0));
    let spots = Vec::new();
    let (pool, titled) = (options.pool, String::new());
    let (notice, recorder) = (notice::Notice::new(options.notify), None);
    let aside = turn::Aside { notice, recorder, titled };
    let posted = post.as_ref().map(feed::Post::teller);
    let turn =
        turn::Turn { model, look, hands, terminal, output, pool, frames, asked: false, spots, aside, logs, posted };
    let opening::Ears { input, said, early } = heard;
    let ears = turn::Ears { input, said, home, shutdown: options.shutdown, panicked: guard.panicked.clone() };
    let exit = runtime.block_on(turn.run(early, ears));
    if let Some(away) = options.away {
        runtime.block_on(works.hand_over(&away));
    }
    // A terminal that hung up, a second Ctrl-C: nobody has stopped them yet, or waited for it.
    runtime.block_on(works.wind_up(WIND_UP));
    if let Some(post) = post {
        runtime.block_on(post.leave());
    }
    Ok(exit?)
}

/// Gives the terminal back at the end, and before any panic is reported, on whatever thread it happens.
struct PanicGuard {
    session: Arc<Session>,
    /// Cancelled when some thread panicked.
    panicked: CancellationToken,
    previous: Arc<dyn Fn(&panic::PanicHookInfo<'_>) + Send + Sync>,
}

impl PanicGuard {
    fn install(session: Arc<Session>) -> PanicGuard {
        let previous: Arc<dyn Fn(&panic::PanicHookInfo<'_>) + Send + Sync> = Arc::from(panic::take_hook());
        let (panicked, before) = (CancellationToken::new(), previous.clone());
        let (told, ours) = (panicked.clone(), session.clone());
        panic::set_hook(Box::new(move |info| {
            session.leave();
            before(info);
            told.cancel();
        }));
        PanicGuard { session: ours, panicked, previous }
    }
}

impl Drop for PanicGuard {
    fn drop(&mut self) {
        self.session.leave();
        // A panicking thread can't change the hook.
        if !std::thread::panicking() {
            let previous = self.previous.clone();
            panic::set_hook(Box::new(move |info| previous(info)));
        }
    }
}
