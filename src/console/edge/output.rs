//! Frames to the terminal: the difference of two pictures inside one sync bracket, as one write, by a thread of its own.
//!
//! The loop makes no new frame before the last one has left, so no queue of stale pictures forms on a slow link, and a
//! link that stalls blocks this thread alone.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::thread;

use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::sync::mpsc;

use super::{Heard, Session};

const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";
const CLEAR: &[u8] = b"\x1b[0m\x1b[2J";

/// Turns pictures into bytes: remembers what is on the screen.
#[derive(Debug)]
pub struct Painter {
    shown: Buffer,
    clear: bool,
}

impl Painter {
    /// For a terminal of this size, of whose content nothing is known.
    pub fn new(columns: u16, rows: u16) -> Painter {
        Painter { shown: Buffer::empty(Rect::new(0, 0, columns, rows)), clear: true }
    }

    /// Forgets what is on the screen: the next frame clears and repaints it.
    pub fn forget(&mut self) {
        self.clear = true;
    }

    /// The bytes that turn the screen into `next`; none when nothing differs.
    pub fn frame(&mut self, next: Buffer) -> io::Result<Option<Vec<u8>>> {
        if self.clear || self.shown.area != next.area {
            self.shown = Buffer::empty(next.area);
            self.clear = true;
        }
        let changed = self.shown.diff(&next);
        if changed.is_empty() && !self.clear {
            return Ok(None);
        }
        let mut bytes = Vec::with_capacity(16 * 1024);
        bytes.extend_from_slice(BEGIN);
        if self.clear {
            bytes.extend_from_slice(CLEAR);
        }
        CrosstermBackend::new(&mut bytes).draw(changed.into_iter())?;
        bytes.extend_from_slice(END);
        self.clear = false;
        self.shown = next;
        Ok(Some(bytes))
    }
}

/// The writing thread; it ends when this is dropped.
#[derive(Debug)]
pub struct Output {
    frames: std::sync::mpsc::SyncSender<Vec<u8>>,
}

impl Output {
    /// Starts the thread. It says [`Heard::Written`] after each frame, and [`Heard::Gone`] when the terminal is gone.
    pub fn start(mut tty: File, session: Arc<Session>, said: mpsc::UnboundedSender<Heard>) -> io::Result<Output> {
        let (frames, waiting) = std::sync::mpsc::sync_channel::<Vec<u8>>(1);
        thread::Builder::new().name("console output".into()).spawn(move || {
            for bytes in waiting {
                let written = session.while_inside(|| tty.write_all(&bytes));
                let word = if written.is_ok() { Heard::Written } else { Heard::Gone };
                if said.send(word).is_err() {
                    return;
                }
            }
        })?;
        Ok(Output { frames })
    }

    /// Hands a frame over; false when the last one has not left yet.
    pub fn send(&self, frame: Vec<u8>) -> bool {
        self.frames.try_send(frame).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    #[test]
    fn a_picture_that_does_not_differ_costs_no_byte() {
        let mut painter = Painter::new(20, 3);
        let mut picture = Buffer::empty(Rect::new(0, 0, 20, 3));
        picture.set_string(0, 0, "hello", Style::default());
        assert!(painter.frame(picture.clone()).unwrap().is_some());
        assert_eq!(painter.frame(picture.clone()).unwrap(), None);
        painter.forget();
        assert!(painter.frame(picture).unwrap().is_some());
    }

    #[test]
    fn a_frame_is_bracketed_and_only_a_new_size_clears() {
        let mut painter = Painter::new(20, 3);
        let mut picture = Buffer::empty(Rect::new(0, 0, 20, 3));
        let first = painter.frame(picture.clone()).unwrap().unwrap();
        assert!(first.starts_with(BEGIN) && first.ends_with(END));
        picture.set_string(0, 0, "x", Style::default());
        let second = painter.frame(picture).unwrap().unwrap();
        assert!(!second.windows(CLEAR.len()).any(|w| w == CLEAR));
        let wider = painter.frame(Buffer::empty(Rect::new(0, 0, 30, 3))).unwrap().unwrap();
        assert!(wider.windows(CLEAR.len()).any(|w| w == CLEAR));
    }
}
