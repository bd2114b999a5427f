//! Entering the full screen and giving the terminal back, whatever happens.
//!
//! Leaving works from any thread, any number of times, also from a panic hook and also while a frame is stuck in a
//! stalled link. After leaving, no frame is written any more.

use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, TryLockError};
use std::time::{Duration, Instant};

use nix::sys::termios::{FlushArg, SetArg, Termios, cfmakeraw, tcflush, tcgetattr, tcsetattr};

use super::Tty;

/// Alternate screen, hidden cursor, bracketed paste.
const ENTER: &[u8] = b"\x1b[22;2t\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[2J";
/// End of a torn frame, mouse off, paste off, colours off, cursor, main screen.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[0m\x1b[?25h\x1b[?1049l\x1b[23;2t";
/// How long leaving waits for a frame that is being written.
const PATIENCE: Duration = Duration::from_millis(200);

/// A terminal that was, or is, in our hands.
#[derive(Debug)]
pub struct Session {
    input: File,
    output: File,
    before: Mutex<Termios>,
    inside: AtomicBool,
    writing: Mutex<()>,
}

impl Session {
    /// Remembers how the terminal is, and enters.
    pub fn enter(tty: &Tty) -> io::Result<Session> {
        let session = Session {
            input: tty.input.try_clone()?,
            output: tty.output.try_clone()?,
            before: Mutex::new(tcgetattr(&tty.input)?),
            inside: AtomicBool::new(false),
            writing: Mutex::new(()),
        };
        session.enter_again()?;
        Ok(session)
    }

    /// Enters again after [`Session::leave`].
    pub fn enter_again(&self) -> io::Result<()> {
        let mut raw = self.before().clone();
        cfmakeraw(&mut raw);
        tcsetattr(&self.input, SetArg::TCSANOW, &raw)?;
        self.inside.store(true, Ordering::SeqCst);
        (&self.output).write_all(ENTER)
    }

    /// Gives the terminal back as it was. Does nothing the second time.
    pub fn leave(&self) {
        if !self.inside.swap(false, Ordering::SeqCst) {
            return;
        }
        let _guard = self.last_frame();
        let _ = (&self.output).write_all(LEAVE);
        let _ = (&self.output).flush();
        let _ = tcflush(&self.input, FlushArg::TCIFLUSH);
        let _ = tcsetattr(&self.input, SetArg::TCSANOW, &self.before());
    }

    fn before(&self) -> std::sync::MutexGuard<'_, Termios> {
        self.before.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Writes, unless the terminal was given back; then nothing happens.
    pub(super) fn while_inside(&self, write: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let _guard = self.writing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if self.inside.load(Ordering::SeqCst) { write() } else { Ok(()) }
    }

    /// Waits for the frame that is being written; a stuck one is thrown away.
    fn last_frame(&self) -> Option<std::sync::MutexGuard<'_, ()>> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.writing.try_lock() {
                Ok(guard) => return Some(guard),
                Err(TryLockError::Poisoned(guard)) => return Some(guard.into_inner()),
                Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(Duration::from_millis(2)),
                Err(TryLockError::WouldBlock) => {
                    let _ = tcflush(&self.output, FlushArg::TCOFLUSH);
                    return None;
                }
            }
        }
    }
}
