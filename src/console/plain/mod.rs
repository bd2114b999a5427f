//! The console as lines of text: for screen readers, `TERM=dumb`, pipes and scripts. The same commands, the same questions,
//! the same actions; the newest line is last.

mod answers;
mod ask;
mod desks;
mod say;
mod show;

use std::io::{self, BufRead, Write};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::command::{self, Command, Turn};
use super::desks::Desks;
use super::effect::{Import, Job};
use super::feed::{Beat, Post, reading, stand, watch_pulse};
use super::message::{Msg, Pulse};
use super::model::{Facts, Reading, Standing};
use super::work::{Away, Bench, Works};
use super::{Doctor, Work};
use crate::contacts::filter::Anchor;
use crate::database::Db;
use crate::operations::actions::{self, Action, Actor, Answered, Chore, Limits, LookUp, Schedule, Watch};
use crate::operations::views;
use crate::telemetry::RingReader;
use ask::Asking;

/// What the plain console needs.
pub struct PlainOptions {
    /// The database.
    pub db: Db,
    /// Who acts.
    pub actor: Actor,
    /// Whether others on deck see it.
    pub listed: bool,
    /// What does not change.
    pub facts: Facts,
    /// The log of this process.
    pub logs: Option<RingReader>,
    /// Questions and credentials.
    pub desks: Desks,
    /// The folder of log files.
    pub log_dir: Option<std::path::PathBuf>,
    /// Asks the doctor.
    pub doctor: Option<Doctor>,
    /// Stops claiming, finishes what is in flight, gives the rest back.
    pub drain: Option<Work>,
    /// How imports go on when the console is left; none: they end.
    pub away: Option<Away>,
    /// Where feeds and works run.
    pub workers: Handle,
}

/// Lines that may wait to be read.
const LINES: usize = 16;

struct Plain {
    options: PlainOptions,
    pulse: Option<Arc<Pulse>>,
    asking: Option<Asking>,
    undo: Option<i64>,
    works: Works,
    home: mpsc::UnboundedSender<Msg>,
    /// Works under way, by number.
    open: Vec<(u64, String)>,
    next_work: u64,
    /// Where the others see this console.
    post: Option<Post>,
}

enum Heard {
    Line(Option<String>),
    Beat(Option<Beat>),
    Msg(Msg),
}

/// Runs until `quit` or the end of the input, then drains.
pub async fn run(options: PlainOptions) -> io::Result<()> {
    let (send, mut beats) = watch::channel(None);
    let pulse = options.workers.spawn(watch_pulse(options.db.clone(), Arc::default(), Arc::default(), send));
    let (home, mut messages) = mpsc::unbounded_channel();
    let works = Works::default();
    let post = options.listed.then(|| Post::begin(&options.workers, options.db.clone(), &options.actor));
    let mut plain =
        Plain { options, pulse: None, asking: None, undo: None, works, home, open: Vec::new(), next_work: 1, post };
    plain.stands();
    let mut lines = read_lines()?;
    let mut ended = false;
    // The first picture comes before the first answer.
    if beats.changed().await.is_ok() {
        let beat = beats.borrow_and_update().clone();
        plain.beat(beat)?;
    }
    plain.prompt()?;
    while !(ended && plain.open.is_empty()) {
        let heard = tokio::select! {
            biased;
            Some(msg) = messages.recv() => Heard::Msg(msg),
            Ok(()) = beats.changed() => Heard::Beat(beats.borrow_and_update().clone()),
            line = lines.recv(), if !ended => Heard::Line(line),
        };
        match heard {
            Heard::Msg(msg) => plain.told(msg)?,
            Heard::Beat(beat) => plain.beat(beat)?,
            Heard::Line(Some(line)) if matches!(line.trim(), "quit" | "q" | "exit") => break,
            Heard::Line(Some(line)) => {
                plain.line(line.trim()).await?;
                plain.prompt()?;
            }
            Heard::Line(None) => ended = true,
        }
    }
    pulse.abort();
    if let Some(away) = plain.options.away.take().filter(|_| !plain.open.is_empty()) {
        let many = plain.works.hand_over(&away).await;
        if many > 0 {
            say::line(&format!("{many} imports go on without this console."))?;
        }
    }
    if let Some(post) = plain.post.take() {
        post.leave().await;
    }
    if let Some(drain) = plain.options.drain.take() {
        drain.await;
    }
    say::line("The console has ended.")
}

/// Standard input, line by line, by a thread of its own: it may block for ever.
fn read_lines() -> io::Result<mpsc::Receiver<String>> {
    let (send, lines) = mpsc::channel(LINES);
    std::thread::Builder::new().name("console lines".into()).spawn(move || {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if send.blocking_send(line).is_err() {
                return;
            }
        }
    })?;
    Ok(lines)
}

impl Plain {
    /// Tells the others what is asked here.
    fn stands(&self) {
        if let Some(post) = &self.post {
            let question = self.asking.as_ref().map(Asking::about);
            stand(&post.teller(), Standing { screen: "lines of text", chosen: None, question });
        }
    }

    /// Says who has a question about the same thing open.
    async fn warn(&self, asking: &Asking) -> io::Result<()> {
        let (verb, target) = asking.about();
        let Ok(deck) = views::deck(&self.options.db).await else { return Ok(()) };
        let others = deck.about(self.post.as_ref().map(|post| post.id), (verb, &target));
        say::lines(&others.map(|other| format!("{}.", views::open_question(other, verb))).collect::<Vec<_>>())
    }

    /// Asks a second person where one is needed, and waits; what is missing, if anything.
    async fn seconded(&self, asking: &mut Asking) -> io::Result<Option<String>> {
        let Some(plan) = asking.lacks_second() else { return Ok(None) };
        let db = &self.options.db;
        let (ask, until) = match actions::ask_second(db, plan, &self.options.actor).await {
            Ok(asked) => asked,
            Err(refusal) => return Ok(Some(refusal.to_string())),
        };
        let until = until.format("%H:%M:%S");
        say::line(&format!("It needs a second person: another one types deck approve {ask}, until {until}Z."))?;
        let why = match actions::await_second(db, ask).await {
            Ok(Some(Answered { yes: true, by })) => {
                say::line(&format!("{by} agreed."))?;
                asking.has_second(ask);
                return Ok(None);
            }
            Ok(Some(Answered { by, .. })) => format!("{by} refused it"),
            Ok(None) => "nobody answered in time".into(),
            Err(refusal) => return Ok(Some(refusal.to_string())),
        };
        actions::note_refused(db, plan, &self.options.actor, &why).await;
        Ok(Some(why))
    }

    fn prompt(&self) -> io::Result<()> {
        if self.asking.is_none() {
            write!(io::stdout(), "> ")?;
        }
        io::stdout().flush()
    }

    fn clock(&self) -> DateTime<Utc> {
        self.pulse.as_ref().map_or_else(Utc::now, |p| p.at)
    }

    /// Says what has changed since the last picture.
    fn beat(&mut self, beat: Option<Beat>) -> io::Result<()> {
        match beat {
            Some(Ok(pulse)) => {
                let before = self.pulse.replace(pulse.clone());
                say::lines(&show::news(before.as_deref(), &pulse))
            }
            Some(Err((at, error))) => say::line(&format!("{}Z No database: {error}", at.format("%H:%M:%S"))),
            None => Ok(()),
        }
    }

    async fn line(&mut self, line: &str) -> io::Result<()> {
        if let Some(asking) = self.asking.take() {
            let answered = self.answered(asking, line).await;
            self.stands();
            return answered;
        }
        if line.is_empty() {
            return Ok(());
        }
        if matches!(line, "help" | "?") {
            return say::lines(&show::help());
        }
        match command::parse(line, Utc::now()) {
            Ok(command) => self.obey(command).await,
            Err(wrong) => say::line(&format!("Not understood: {wrong}. Type help.")),
        }
    }

    async fn obey(&mut self, command: Command) -> io::Result<()> {
        match command {
            Command::Act(action) => self.plan(action).await,
            Command::LookUp { filter, again } => {
                let (packages, Limits { attempts, lane_limit }) = self.options.facts.lookup.clone();
                self.plan(Action::LookUp(LookUp { filter, again, packages, attempts, lane_limit })).await
            }
            Command::Ask(question) => say::lines(&desks::ask(&self.options.desks, &question).await),
            Command::Credential(Some(slot), turn) => self.credential(slot, turn).await,
            Command::Do("undo") => match self.undo.take() {
                Some(id) => self.undo(id).await,
                None => say::line("There is nothing to take back."),
            },
            Command::Undo(id) => self.undo(id).await,
            Command::Import { file, agreed: false } => {
                let packages = self.options.facts.lookup.0.clone();
                let file = Import { packages, ..file };
                say::lines(&show::aside_lines(&self.options, &Reading::Preflight(file)).await)
            }
            Command::Import { file, .. } => {
                self.begin(format!("Import of {}", file.path), Job::Import(file, self.options.facts.lookup.1))
            }
            Command::Schedule { name, every, filter, again } => {
                let (packages, Limits { attempts, lane_limit }) = self.options.facts.lookup.clone();
                let work = Chore::LookUp(LookUp { filter, again, packages, attempts, lane_limit });
                self.plan(Action::AddSchedule(Schedule { name, every, work, paused: false, zone: Default::default() }))
                    .await
            }
            Command::Export { path, filter } => {
                self.begin(format!("Export to {path}"), Job::Export { path, filter, zone: self.options.facts.zone })
            }
            looks => {
                // What was just done is seen.
                self.beat(Some(reading(&self.options.db).await))?;
                let shown = show::show(&self.options, self.pulse.as_deref(), looks, self.clock()).await;
                say::lines(&shown)
            }
        }
    }

    fn refused(&self) -> Option<String> {
        if let Some(rights) = self.options.facts.rights.as_ref().filter(|r| r.enforced && !r.operator) {
            return Some(format!("It needs role operator: {} is {}.", rights.login, rights.role()));
        }
        let words = "This console is read-only: start it without --read-only to act.";
        self.options.facts.read_only.then(|| words.to_owned())
    }

    async fn credential(&mut self, slot: &str, turn: Turn) -> io::Result<()> {
        if let Some(why) = self.refused() {
            return say::line(&why);
        }
        match desks::credential(&self.options.desks, &self.options.actor, slot, turn).await {
            Ok(action) => self.plan(action).await,
            Err(lines) => say::lines(&lines),
        }
    }

    async fn plan(&mut self, action: Action) -> io::Result<()> {
        if let Some(why) = self.refused() {
            return say::line(&why);
        }
        let anchor = Anchor::new(Utc::now(), self.options.facts.zone);
        let planned = match action.dated(anchor) {
            Ok(action) => actions::plan(&self.options.db, action).await,
            Err(refusal) => Err(refusal),
        };
        match planned {
            Err(refusal) => say::line(&format!("Nothing was done: {refusal}")),
            Ok(plan) => {
                let asking = Asking::new(plan);
                if asking.question().is_some() {
                    self.warn(&asking).await?;
                }
                self.go_on(asking).await
            }
        }
    }

    /// Asks the next question, or acts when all are answered.
    async fn go_on(&mut self, mut asking: Asking) -> io::Result<()> {
        if let Some(question) = asking.question() {
            write!(io::stdout(), "{}", say::inert(&question))?;
            io::stdout().flush()?;
            self.asking = Some(asking);
            self.stands();
            return Ok(());
        }
        if let Some(wrong) = self.seconded(&mut asking).await? {
            return say::line(&format!("Nothing was done: {wrong}"));
        }
        match asking.agreed(Utc::now()) {
            Err(wrong) => say::line(&format!("Nothing was done: {wrong}")),
            Ok(confirmed) => {
                let stop = CancellationToken::new();
                let watch = Watch { progress: &mut |_| {}, stop: &stop };
                let done = actions::run_bulk(&self.options.db, confirmed, &self.options.actor, watch).await;
                self.receipt(done)
            }
        }
    }

    async fn answered(&mut self, asking: Asking, line: &str) -> io::Result<()> {
        match asking.answer(line) {
            Some(asking) => self.go_on(asking).await,
            None => say::line("Nothing was done."),
        }
    }

    async fn undo(&mut self, id: i64) -> io::Result<()> {
        if let Some(why) = self.refused() {
            return say::line(&why);
        }
        let done = actions::undo(&self.options.db, id, &self.options.actor).await;
        self.receipt(done)
    }

    fn receipt(&mut self, done: Result<actions::Receipt, actions::Refusal>) -> io::Result<()> {
        match done {
            Err(refusal) => say::line(&format!("Nothing was done: {refusal}")),
            Ok(receipt) => {
                self.undo = receipt.undoable.then_some(receipt.audit_id);
                let undo = if receipt.undoable { format!(" Undo: undo {}.", receipt.audit_id) } else { String::new() };
                let now = Utc::now().format("%H:%M:%S");
                say::line(&format!("{now}Z Done: {}. Audit {}.{undo}", receipt.summary, receipt.audit_id))
            }
        }
    }

    fn begin(&mut self, name: String, job: Job) -> io::Result<()> {
        if let (Some(why), Job::Import(..)) = (self.refused(), &job) {
            return say::line(&why);
        }
        let id = self.next_work;
        self.next_work += 1;
        say::line(&format!("{name} has begun."))?;
        self.open.push((id, name));
        let bench = Bench { db: self.options.db.clone(), actor: self.options.actor.clone(), home: self.home.clone() };
        self.works.begin(&self.options.workers, bench, id, job);
        Ok(())
    }

    /// What a work says.
    fn told(&mut self, msg: Msg) -> io::Result<()> {
        let Msg::Ended(id, result) = msg else { return Ok(()) };
        let Some(at) = self.open.iter().position(|(n, _)| *n == id) else { return Ok(()) };
        let (_, name) = self.open.remove(at);
        match result {
            Ok(text) => say::line(&format!("{name}: {text}.")),
            Err(text) => say::line(&format!("{name} ended early: {text}.")),
        }
    }
}
