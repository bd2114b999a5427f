//! The loop: wait, take what waits, draw at most once. It never waits for the database or the terminal.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use chrono::Utc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpid, getppid, getsid};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::sync::{mpsc, watch};
use tokio::time::Interval;
use tokio_util::sync::CancellationToken;

use super::edge::{self, Event, Heard, Output, Tty};
use super::effect::{Effect, Outside};
use super::feed::{Answered, Beat, stand};
use super::frames::Frames;
use super::look::Look;
use super::message::{Msg, Spot};
use super::model::{Model, Overlay, Screen, Standing, TimelineTab, standing};
use super::notice::Notice;
use super::outside::Terminal;
use super::perform::{Hands, Home};
use super::record::Recorder;
use super::signals::{Asked, Signals, seconds};
use super::update::update;
use super::{Exit, Pool, screen};
use crate::telemetry::RingReader;

/// Longest time in which leases are handed back before a suspension.
const HAND_BACK: Duration = Duration::from_secs(2);

/// Presses and the wheel, with places beyond column 223.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// Log lines that the pane can show.
const LOG_LINES: u64 = 2_000;

/// Everything that a turn changes.
pub struct Turn {
    pub(super) model: Model,
    pub(super) look: Look,
    pub(super) hands: Hands,
    pub(super) terminal: Terminal,
    pub(super) output: Output,
    pub(super) pool: Pool,
    pub(super) frames: Frames,
    /// Whether the frame on its way shows a question.
    pub(super) asked: bool,
    /// What lies where on the screen, for the mouse.
    pub(super) spots: Vec<(Rect, Spot)>,
    /// What goes beside the picture.
    pub(super) aside: Aside,
    /// The log, and the newest line that the model has.
    pub(super) logs: Option<(RingReader, u64)>,
    /// Where the others are told what is shown here.
    pub(super) posted: Option<watch::Sender<Standing>>,
}

/// What leaves for the terminal beside the picture, and where the picture goes besides.
pub struct Aside {
    pub(super) notice: Notice,
    pub(super) recorder: Option<Recorder>,
    /// The terminal's title.
    pub(super) titled: String,
}

/// Where messages come from.
pub struct Ears {
    pub(super) input: mpsc::Receiver<Heard>,
    pub(super) said: mpsc::UnboundedReceiver<Heard>,
    pub(super) home: Home,
    pub(super) shutdown: CancellationToken,
    pub(super) panicked: CancellationToken,
}

enum Happened {
    Heard(Option<Heard>),
    Asked(Asked),
    Beat(Option<Beat>),
    Answered(Option<Answered>),
    Msg(Msg),
    Due,
    Exit(Exit),
}

impl Ears {
    async fn next(
        &mut self,
        (signals, seconds): (&mut Signals, &mut Interval),
        due: Option<Instant>,
        stopping: bool,
    ) -> Happened {
        let frame = async {
            match due {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.panicked.cancelled() => Happened::Exit(Exit::Panicked),
            heard = self.input.recv() => Happened::Heard(heard),
            said = self.said.recv() => Happened::Heard(said),
            asked = signals.next() => Happened::Asked(asked),
            () = self.shutdown.cancelled(), if !stopping => Happened::Msg(Msg::Stop),
            Some(msg) = self.home.results.recv() => Happened::Msg(msg),
            Ok(()) = self.home.beats.changed() => Happened::Beat(self.home.beats.borrow_and_update().clone()),
            Ok(()) = self.home.answers.changed() => Happened::Answered(self.home.answers.borrow_and_update().clone()),
            _ = seconds.tick() => Happened::Msg(Msg::Tick),
            () = frame => Happened::Due,
        }
    }
}

impl Turn {
    /// Turns until somebody leaves; begins with what was typed `early`.
    pub async fn run(mut self, early: VecDeque<Heard>, mut ears: Ears) -> io::Result<Exit> {
        let mut signals = Signals::new()?;
        let mut seconds = seconds();
        for heard in early {
            if let Some(exit) = self.hear(Some(heard)).await {
                return Ok(exit);
            }
        }
        loop {
            let due = self.frames.due(Instant::now());
            let exit = match ears.next((&mut signals, &mut seconds), due, self.model.leaving.is_some()).await {
                Happened::Heard(heard) => self.hear(heard).await,
                Happened::Asked(asked) => self.obey(asked).await,
                Happened::Beat(beat) => self.beat(beat).await,
                Happened::Answered(answered) => self.answered(answered).await,
                Happened::Msg(Msg::Tick) => self.second().await,
                Happened::Msg(msg) => self.take(msg, true).await,
                Happened::Due => self.draw()?,
                Happened::Exit(exit) => Some(exit),
            };
            if let Some(exit) = exit {
                return Ok(exit);
            }
        }
    }

    async fn second(&mut self) -> Option<Exit> {
        self.logs(false);
        self.take(Msg::Tick, false).await
    }

    /// Reads the log while its pane is shown.
    fn logs(&mut self, key: bool) {
        let shown = self.model.screen == Screen::Timeline && self.model.timeline.tab == TimelineTab::Logs;
        let Some((ring, seen)) = self.logs.as_mut().filter(|_| shown && self.model.frozen.is_none()) else { return };
        let newest = ring.last_seq();
        if newest == *seen && !self.model.timeline.lines.is_empty() {
            return;
        }
        let mut lines = ring.since(newest.saturating_sub(LOG_LINES));
        lines.reverse();
        *seen = newest;
        // A list of lines asks for nothing.
        let _ = update(&mut self.model, Msg::Logs(lines), Utc::now());
        self.frames.wanted(key);
    }

    async fn hear(&mut self, heard: Option<Heard>) -> Option<Exit> {
        match heard {
            Some(Heard::Event(Event::Key(key))) => {
                let exit = self.take(Msg::Key(key), true).await;
                self.logs(true);
                exit
            }
            Some(Heard::Event(Event::Paste(text))) => self.take(Msg::Paste(text), true).await,
            Some(Heard::Event(Event::Mouse(gesture, x, y))) => {
                let under = |(area, _): &&(Rect, Spot)| area.contains((x, y).into());
                let spot = self.spots.iter().rev().find(under).map(|(_, spot)| *spot);
                self.take(Msg::Mouse(gesture, spot), true).await
            }
            Some(Heard::Event(Event::Report)) => match self.frames.reported(Instant::now()) {
                Some(bytes_per_s) => {
                    let exit = self.take(Msg::Measured(bytes_per_s), true).await;
                    self.hands.set_slow(self.model.facts.slow);
                    exit
                }
                None => None,
            },
            Some(Heard::Written) => {
                self.frames.written();
                if std::mem::take(&mut self.asked) {
                    // Nothing is drawn anew for it, and nothing asked.
                    let _ = update(&mut self.model, Msg::Shown, Utc::now());
                }
                None
            }
            Some(Heard::Gone) | None => Some(Exit::Gone),
        }
    }

    async fn obey(&mut self, asked: Asked) -> Option<Exit> {
        match asked {
            Asked::Stop => self.take(Msg::Stop, true).await,
            Asked::HangUp => Some(Exit::Gone),
            Asked::Resize => {
                let (columns, rows) = Tty::size();
                self.take(Msg::Resize(columns, rows), true).await
            }
        }
    }

    async fn beat(&mut self, beat: Option<Beat>) -> Option<Exit> {
        let first = self.model.pulse.is_none();
        match beat? {
            Ok(pulse) => self.take(Msg::Pulse(pulse), first).await,
            Err((at, error)) => self.take(Msg::PulseFailed { at, error }, first).await,
        }
    }

    async fn answered(&mut self, answered: Option<Answered>) -> Option<Exit> {
        let Answered { id, at, result } = answered?;
        let first = self.model.answer().is_none();
        self.take(Msg::Answer { id, at, result }, first).await
    }

    /// Takes a message and performs what it asks for.
    async fn take(&mut self, msg: Msg, key: bool) -> Option<Exit> {
        self.frames.wanted(key);
        for effect in update(&mut self.model, msg, Utc::now()) {
            match effect {
                Effect::Watch { id, query } => self.hands.watch(id, query),
                Effect::Refresh => self.hands.refresh(),
                Effect::Repaint => self.frames.forget(),
                Effect::Drain => self.hands.drain(self.pool.drain.take()),
                Effect::Leave => return Some(Exit::Quit),
                Effect::Suspend => self.suspend().await,
                Effect::Outside(outside) => self.outside(outside).await,
                Effect::Copy(text) => self.frames.beside(&edge::clipboard(&text)),
                Effect::Mouse(on) => self.frames.beside(if on { MOUSE_ON } else { MOUSE_OFF }),
                Effect::Record(path) => self.record(path),
                Effect::Link => self.hands.set_slow(self.model.facts.slow),
                Effect::Measure => self.frames.measure_again(),
                Effect::Restyle => {
                    if let Err(why) = self.look.again() {
                        let _ = update(&mut self.model, Msg::Themed(Err(why)), Utc::now());
                    }
                }
                Effect::Theme(name) => {
                    let msg = Msg::Themed(self.look.change(&name).map(|()| name));
                    // It asks for nothing.
                    let _ = update(&mut self.model, msg, Utc::now());
                }
                other => self.hands.perform(other),
            }
        }
        if let Some(teller) = &self.posted {
            stand(teller, standing(&self.model));
        }
        None
    }

    fn draw(&mut self) -> io::Result<Option<Exit>> {
        let (columns, rows) = self.model.size;
        let area = Rect::new(0, 0, columns, rows);
        let mut picture = Buffer::empty(area);
        self.title();
        let drawn = screen::draw(&self.model, &self.look.theme, &mut picture, area);
        self.spots = drawn.spots;
        if self.aside.recorder.as_ref().is_some_and(|recorder| !recorder.take(&picture, drawn.veils)) {
            self.aside.recorder = None;
        }
        if let Some(bytes) = self.frames.make(picture, self.model.facts.slow, Instant::now())? {
            self.asked = matches!(self.model.overlay, Some(Overlay::Confirm(_)));
            self.output.send(bytes);
        }
        Ok(None)
    }

    /// Begins a recording with the whole picture, or ends it.
    fn record(&mut self, path: Option<String>) {
        self.aside.recorder = None;
        let Some(path) = path else { return };
        match Recorder::begin(super::work::expanded(&path), self.model.size, self.hands.results()) {
            Ok(recorder) => self.aside.recorder = Some(recorder),
            Err(error) => self.model.say(format!("nothing is recorded: {error}"), true, Utc::now()),
        }
    }

    /// The terminal's title carries the worst state: it is seen from another window.
    fn title(&mut self) {
        let title = screen::title(&self.model);
        if title != self.aside.titled {
            self.frames.beside(format!("\x1b]2;{title}\x07").as_bytes());
            self.aside.titled = title;
        }
        if let Some(notice) = self.model.pulse.as_ref().and_then(|pulse| self.aside.notice.heard(&pulse.status.alerts))
        {
            self.frames.beside(notice.as_bytes());
        }
    }

    /// Hands leases back, gives the terminal away, stops, and takes all of it again.
    async fn suspend(&mut self) {
        if !has_job_control() {
            self.model.say("there is no shell to go back to: this console can't be suspended here", true, Utc::now());
            return;
        }
        if let Some(rest) = &self.pool.rest {
            let _ = tokio::time::timeout(HAND_BACK, self.hands.runtime().spawn(rest(true))).await;
        }
        self.terminal.session.leave();
        // The whole group, as the terminal itself does: the shell must see all of the job stopped.
        let _ = kill(Pid::from_raw(0), Signal::SIGSTOP);
        let _ = self.terminal.session.enter_again();
        if let Some(rest) = &self.pool.rest {
            self.hands.runtime().spawn(rest(false));
        }
        self.taken_again();
    }
}

impl Turn {
    /// Gives the terminal to another program until it ends. The pool goes on meanwhile.
    async fn outside(&mut self, program: Outside) {
        let msg = match self.terminal.run(program).await {
            Ok(Ok(None)) => Msg::Resumed,
            Ok(Ok(Some(text))) => Msg::Edited(Ok(text)),
            Ok(Err(why)) => Msg::Edited(Err(why)),
            Err(error) => Msg::Edited(Err(format!("the terminal could not be taken again: {error}"))),
        };
        // The screen is repainted as a whole in any case.
        let _ = update(&mut self.model, msg, Utc::now());
        self.taken_again();
    }

    fn taken_again(&mut self) {
        self.model.size = Tty::size();
        if self.model.mouse {
            self.frames.beside(MOUSE_ON);
        }
        self.frames.forget();
        self.hands.refresh();
    }
}

/// Whether the parent is a process of the same session, that can continue us.
fn has_job_control() -> bool {
    let session = |pid: Pid| getsid(Some(pid)).ok();
    session(getpid()).is_some() && session(getpid()) == session(getppid()) && session(getpid()) != Some(getpid())
}
