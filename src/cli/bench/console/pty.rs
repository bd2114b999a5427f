//! A program on a pseudo-terminal, with a terminal emulator that reads what it draws and answers where its cursor is;
//! directly, or over a slow line.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::super::super::Failure;
use super::super::told;

/// How fast and how far the terminal is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Bytes a second that it takes; none = as fast as they come.
    rate: Option<f64>,
    /// One way.
    delay: Duration,
}

impl Line {
    /// Beside the program.
    pub const DIRECT: Line = Line { rate: None, delay: Duration::ZERO };
    /// 8 KB/s with 300 ms there and back.
    pub const SLOW: Line = Line { rate: Some(8_192.0), delay: Duration::from_millis(150) };
}

/// A program with its arguments and variables.
#[derive(Debug, Clone)]
pub struct Started {
    program: String,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
}

impl Started {
    /// A program as it is.
    pub fn new(program: &str, arguments: &[String]) -> Started {
        Started { program: program.into(), arguments: arguments.to_vec(), variables: Vec::new() }
    }

    /// With a variable set.
    pub fn with(mut self, name: &str, value: &str) -> Started {
        self.variables.push((name.into(), value.into()));
        self
    }
}

/// What the terminal has seen.
pub struct Seen {
    /// The screen.
    pub parser: vt100::Parser,
    /// Bytes so far.
    pub bytes: usize,
    /// When something arrived for the first and for the last time.
    pub first: Option<Instant>,
    /// The last arrival.
    pub last: Instant,
    /// When the last frame began to arrive: its opening bracket.
    pub frame: Instant,
    /// Whether the program has closed its end.
    pub closed: bool,
}

type Shared = Arc<(Mutex<Seen>, Condvar)>;

/// A program on a terminal.
pub struct Pty {
    child: Box<dyn Child + Send + Sync>,
    keys: Arc<Mutex<Box<dyn Write + Send>>>,
    seen: Shared,
    line: Line,
    /// When it was started.
    pub started: Instant,
    _master: Box<dyn MasterPty + Send>,
}

const BEGIN: &[u8] = b"\x1b[?2026h";
const WHERE: &[u8] = b"\x1b[6n";

fn broken(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("the program can't be driven on a pseudo-terminal: {error}"))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pty {
    /// Starts a program on a terminal of this size behind this line.
    pub fn start(what: &Started, (columns, rows): (u16, u16), line: Line) -> Result<Pty, Failure> {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).map_err(broken)?;
        let mut command = CommandBuilder::new(&what.program);
        command.args(&what.arguments);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        ["NO_COLOR", "COLORTERM", "SSH_CONNECTION", "LC_ALL"].iter().for_each(|name| command.env_remove(name));
        what.variables.iter().for_each(|(name, value)| command.env(name, value));
        let started = Instant::now();
        let child = pair.slave.spawn_command(command).map_err(broken)?;
        drop(pair.slave);
        let cells = |n: u16| NonZeroU16::new(n).unwrap_or(NonZeroU16::MIN);
        let parser = vt100::Parser::new(cells(rows), cells(columns), 0);
        let seen = Seen { parser, bytes: 0, first: None, last: started, frame: started, closed: false };
        let seen: Shared = Arc::new((Mutex::new(seen), Condvar::new()));
        let keys = Arc::new(Mutex::new(pair.master.take_writer().map_err(broken)?));
        let reader = pair.master.try_clone_reader().map_err(broken)?;
        let ear = Ear { reader, seen: seen.clone(), keys: keys.clone(), line, left: VecDeque::new() };
        std::thread::spawn(move || ear.run());
        Ok(Pty { child, keys, seen, line, started, _master: pair.master })
    }

    /// Types; over a slow line it arrives later. Answers when it was pressed.
    pub fn press(&self, keys: &str) -> Instant {
        let pressed = Instant::now();
        let (writer, text, delay) = (self.keys.clone(), keys.to_owned(), self.line.delay);
        if delay.is_zero() {
            write(&writer, text.as_bytes());
        } else {
            std::thread::spawn(move || {
                std::thread::sleep(delay);
                write(&writer, text.as_bytes());
            });
        }
        pressed
    }

    /// Looks at what was seen.
    pub fn look<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&locked(&self.seen.0))
    }

    /// Waits until what was seen is as wanted; false when it did not become so within `limit`.
    pub fn until(&self, limit: Duration, wanted: impl Fn(&Seen) -> bool) -> bool {
        let end = Instant::now() + limit;
        let mut seen = locked(&self.seen.0);
        loop {
            if wanted(&seen) {
                return true;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || seen.closed || told::has_come() {
                return false;
            }
            seen = self.seen.1.wait_timeout(seen, left.min(told::HEARD)).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The text of the screen.
    pub fn screen(&self) -> String {
        self.look(|seen| seen.parser.screen().contents())
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap_or(0)
    }

    /// Waits for its end; what takes longer than `limit` is ended by force, as everything that is dropped.
    pub fn end(self, limit: Duration) {
        self.until(limit, |seen| seen.closed);
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write(writer: &Mutex<Box<dyn Write + Send>>, bytes: &[u8]) {
    let mut writer = locked(writer);
    // A program that has ended hears nothing more.
    let _ = writer.write_all(bytes).and_then(|()| writer.flush());
}

struct Ear {
    reader: Box<dyn Read + Send>,
    seen: Shared,
    keys: Arc<Mutex<Box<dyn Write + Send>>>,
    line: Line,
    /// What is on its way, with the time of its arrival.
    left: VecDeque<(Instant, Vec<u8>)>,
}

impl Ear {
    fn run(mut self) {
        // On a slow line a piece is what fits through it in 10 ms.
        let piece = self.line.rate.map_or(16 * 1024, |rate| (rate / 100.0) as usize);
        let mut buffer = vec![0; piece.max(1)];
        while let Ok(n) = self.reader.read(&mut buffer) {
            if n == 0 {
                break;
            }
            self.left.push_back((Instant::now() + self.line.delay, buffer[..n].to_vec()));
            if let Some(rate) = self.line.rate {
                std::thread::sleep(Duration::from_secs_f64(n as f64 / rate));
            }
            self.arrive(Instant::now());
        }
        self.arrive(Instant::now() + self.line.delay);
        locked(&self.seen.0).closed = true;
        self.seen.1.notify_all();
    }

    fn arrive(&mut self, now: Instant) {
        while self.left.front().is_some_and(|(at, _)| *at <= now || self.line.delay.is_zero()) {
            let Some((_, bytes)) = self.left.pop_front() else { return };
            let mut seen = locked(&self.seen.0);
            let at = Instant::now();
            seen.parser.process(&bytes);
            seen.bytes += bytes.len();
            seen.first.get_or_insert(at);
            seen.last = at;
            let holds = |part: &[u8]| bytes.windows(part.len()).filter(|w| *w == part).count();
            if holds(BEGIN) > 0 {
                seen.frame = at;
            }
            let asked = holds(WHERE);
            drop(seen);
            self.seen.1.notify_all();
            for _ in 0..asked {
                write(&self.keys, b"\x1b[1;1R");
            }
        }
    }
}
