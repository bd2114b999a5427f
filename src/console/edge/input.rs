//! The thread that listens to the terminal.
//!
//! It waits with poll(2), so a terminal that hangs up ends it at once, also where SIGHUP is ignored: a closed terminal
//! never costs a turning processor.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::sync::mpsc;

use super::{Decoder, Event, Heard, guard};

/// How long several letters at once are gathered before they are judged to be typed or pasted.
const GATHER: Duration = Duration::from_millis(5);

/// The listening thread; it ends when this is dropped.
#[derive(Debug)]
pub struct Input {
    stop: Option<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Input {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Input {
    /// Asks the thread to end, and does not wait for it.
    pub fn stop(&mut self) {
        drop(self.stop.take());
    }

    /// Whether the thread has ended.
    pub fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

/// Starts to listen. `hold`: how long a bare ESC may be the begin of a torn sequence.
pub fn listen(tty: File, hold: Duration, send: mpsc::Sender<Heard>) -> io::Result<Input> {
    // Closed in every child: one that inherits the end that stops the thread would hold the thread for as long as it runs.
    let (stopped, stop) = io::pipe()?;
    let mut ear = Ear { tty, stopped: stopped.into(), decoder: Decoder::new(hold), send };
    let thread = std::thread::Builder::new().name("console input".into()).spawn(move || ear.run())?;
    Ok(Input { stop: Some(stop.into()), thread: Some(thread) })
}

struct Ear {
    tty: File,
    stopped: OwnedFd,
    decoder: Decoder,
    send: mpsc::Sender<Heard>,
}

enum Woken {
    Bytes,
    Time,
    Gone,
    Stopped,
}

impl Ear {
    fn run(&mut self) {
        loop {
            let wait = self.decoder.deadline().map(|at| at.saturating_duration_since(Instant::now()));
            let heard = match self.wait(wait) {
                Woken::Bytes => self.read(),
                Woken::Time => Some(self.decoder.expire(Instant::now())),
                Woken::Gone => None,
                Woken::Stopped => return,
            };
            let Some(events) = heard else {
                let _ = self.send.blocking_send(Heard::Gone);
                return;
            };
            for event in guard(events) {
                if self.send.blocking_send(Heard::Event(event)).is_err() {
                    return;
                }
            }
        }
    }

    fn wait(&self, at_most: Option<Duration>) -> Woken {
        let millis = |d: Duration| PollTimeout::try_from(d.as_millis() + 1).unwrap_or(PollTimeout::MAX);
        let timeout = at_most.map_or(PollTimeout::NONE, millis);
        let mut fds =
            [PollFd::new(self.tty.as_fd(), PollFlags::POLLIN), PollFd::new(self.stopped.as_fd(), PollFlags::empty())];
        match poll(&mut fds, timeout) {
            Ok(0) | Err(Errno::EINTR) => return Woken::Time,
            Ok(_) => {}
            Err(_) => return Woken::Gone,
        }
        let broken = PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL;
        let [tty, stopped] = fds.map(|fd| fd.revents().unwrap_or(PollFlags::empty()));
        if !stopped.is_empty() {
            return Woken::Stopped;
        }
        if tty.intersects(broken) { Woken::Gone } else { Woken::Bytes }
    }

    /// Reads what is there; several letters at once are given a moment for the rest of a paste.
    fn read(&mut self) -> Option<Vec<Event>> {
        let mut events = self.take()?;
        let until = Instant::now() + GATHER;
        while events.len() > 1 && Instant::now() < until {
            match self.wait(Some(until.saturating_duration_since(Instant::now()))) {
                Woken::Bytes => events.extend(self.take()?),
                Woken::Gone => return None,
                Woken::Time | Woken::Stopped => break,
            }
        }
        Some(events)
    }

    fn take(&mut self) -> Option<Vec<Event>> {
        let mut bytes = [0; 4096];
        match self.tty.read(&mut bytes) {
            Ok(0) => None,
            Ok(n) => Some(self.decoder.feed(&bytes[..n], Instant::now())),
            Err(e) if e.kind() == io::ErrorKind::Interrupted || e.kind() == io::ErrorKind::WouldBlock => {
                Some(Vec::new())
            }
            Err(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_program_that_was_started_meanwhile_does_not_hold_the_listener() {
        let (terminal, _typed) = io::pipe().unwrap();
        let (send, _heard) = mpsc::channel(1);
        let mut input = listen(File::from(OwnedFd::from(terminal)), Duration::from_millis(50), send).unwrap();
        let mut lasting = Command::new("sleep").arg("600").spawn().unwrap();
        input.stop();
        let until = Instant::now() + Duration::from_secs(10);
        while !input.has_ended() && Instant::now() < until {
            std::thread::yield_now();
        }
        let ended = input.has_ended();
        lasting.kill().unwrap();
        lasting.wait().unwrap();
        assert!(ended);
    }
}
