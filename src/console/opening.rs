//! From the terminal to the first frame: it stands before anything is waited for, and what is typed meanwhile is kept.
//!
//! While a database is found, connected to or started, Ctrl-C, a signal and a terminal that hangs up end the wait; the
//! terminal is given back then, as it is when what was waited for fails.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::sync::mpsc;

use super::edge::{Capability, Event, Heard, Output, Session, Tty};
use super::frames::Frames;
use super::keys::{Key, Keymap};
use super::look::Look;
use super::model::{Facts, Model};
use super::outside::Terminal;
use super::signals::{Asked, Signals};
use super::{ConsoleError, Link, PanicGuard, UserFiles, screen};

/// How the terminal is drawn on and listened to.
pub struct Manner {
    /// Only ASCII characters.
    pub ascii: bool,
    /// Name of a theme, ours or one of the user's.
    pub theme: String,
    /// Keys and themes of the user.
    pub files: UserFiles,
    /// How fast the link is.
    pub link: Link,
    /// How long a bare ESC may be the begin of a torn sequence; at least 80 ms over SSH.
    pub esc_delay: Duration,
    /// Who looks, in the first frame.
    pub actor: String,
}

/// A terminal that is ours, with a first frame on it.
pub struct Opening {
    /// Dropped first: who types must not be waited for by a full queue.
    pub(super) ears: Ears,
    pub(super) look: Look,
    pub(super) keymap: Arc<Keymap>,
    pub(super) files: UserFiles,
    pub(super) link: Link,
    /// What the link was measured to carry, in bytes a second.
    pub(super) measured: Option<u32>,
    pub(super) terminal: Terminal,
    pub(super) output: Output,
    pub(super) frames: Frames,
    pub(super) guard: PanicGuard,
}

/// What is heard from the terminal.
pub(super) struct Ears {
    pub(super) input: mpsc::Receiver<Heard>,
    pub(super) said: mpsc::UnboundedReceiver<Heard>,
    /// What was typed before anybody listened.
    pub(super) early: VecDeque<Heard>,
}

/// Messages from the keyboard that may wait; more stay in the terminal's own buffer.
const INPUT_QUEUE: usize = 64;
/// How long a bare ESC is held over SSH, whatever the setting says.
const REMOTE_HOLD: Duration = Duration::from_millis(80);

impl Opening {
    /// Takes the terminal and draws the first frame.
    pub fn begin(manner: Manner) -> Result<Opening, ConsoleError> {
        let can = Capability::of_environment(|name| std::env::var(name).ok());
        let look = Look::new(&manner.theme, can, manner.ascii, manner.files.clone())?;
        let keymap = Arc::new(manner.files.keymap().map_err(ConsoleError::Keys)?);
        let tty = Tty::open()?;
        let session = Arc::new(Session::enter(&tty)?);
        let guard = PanicGuard::install(session.clone());
        let (heard, input) = mpsc::channel(INPUT_QUEUE);
        let (says, said) = mpsc::unbounded_channel();
        let hold = if can.remote { manner.esc_delay.max(REMOTE_HOLD) } else { manner.esc_delay };
        let output = Output::start(tty.output.try_clone()?, session.clone(), says)?;
        let mut terminal = Terminal { tty, session, hold, heard, ear: None };
        terminal.listen()?;
        let size = Tty::size();
        let frames = Frames::new(size, manner.link == Link::Measured, Instant::now());
        let ears = Ears { input, said, early: VecDeque::new() };
        let (files, link) = (manner.files, manner.link);
        let mut opening = Opening { ears, look, keymap, files, link, measured: None, terminal, output, frames, guard };
        opening.draw(manner.actor, size)?;
        Ok(opening)
    }

    /// The console as it is before it knows anything.
    fn draw(&mut self, actor: String, size: (u16, u16)) -> io::Result<()> {
        let facts = Facts { actor, slow: self.link == Link::Slow, keymap: self.keymap.clone(), ..Facts::default() };
        let model = Model::new(facts, size, Utc::now());
        let area = Rect::new(0, 0, size.0, size.1);
        let mut picture = Buffer::empty(area);
        screen::draw(&model, &self.look.theme, &mut picture, area);
        if let Some(bytes) = self.frames.make(picture, model.facts.slow, Instant::now())? {
            self.output.send(bytes);
        }
        Ok(())
    }

    /// Waits for `work` under the first frame; none when somebody left meanwhile.
    pub async fn during<T>(&mut self, work: impl Future<Output = T>) -> io::Result<Option<T>> {
        let mut signals = Signals::new()?;
        tokio::pin!(work);
        loop {
            let heard = tokio::select! {
                biased;
                () = self.guard.panicked.cancelled() => return Err(io::Error::other("an internal error came up; what is printed above belongs in a bug report")),
                heard = self.ears.input.recv() => heard,
                said = self.ears.said.recv() => said,
                asked = signals.next() => match asked {
                    // Another size is drawn when there is something to draw.
                    Asked::Resize => continue,
                    Asked::Stop | Asked::HangUp => return Ok(None),
                },
                done = &mut work => return Ok(Some(done)),
            };
            match heard {
                Some(Heard::Event(Event::Key(key))) if key == Key::ctrl('c') => return Ok(None),
                Some(Heard::Event(Event::Report)) => {
                    self.measured = self.frames.reported(Instant::now()).or(self.measured);
                }
                Some(Heard::Written) => self.frames.written(),
                Some(Heard::Gone) | None => return Ok(None),
                Some(typed) if self.ears.early.len() < INPUT_QUEUE => self.ears.early.push_back(typed),
                Some(_) => {}
            }
        }
    }
}
