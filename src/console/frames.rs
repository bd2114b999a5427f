//! When a frame is due: keys at once, data at most once a second and within a budget of bytes, and nothing while the
//! frame before is still being written.

use std::io;
use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;

use super::edge::Painter;

/// At most 30 frames in any second, whatever is pressed: so many at once, since the answer of the database often comes
/// just before the next key, and then so many a second.
const AT_ONCE: f64 = 6.0;
const A_SECOND: f64 = 24.0;
/// At most one frame a second for data.
const DATA_FRAME: Duration = Duration::from_millis(950);
/// Bytes a second for data, on a normal and on a slow link.
const BUDGET: [f64; 2] = [4096.0, 300.0];
/// Asks the terminal where its cursor is: the time between two answers is that of the frame between them.
const WHERE: &[u8] = b"\x1b[6n";

/// What waits to be shown, and how fast the terminal reads.
#[derive(Debug)]
pub struct Frames {
    painter: Painter,
    key: bool,
    data: bool,
    writing: bool,
    /// Frames that may be made at once, and when that was counted.
    room: (f64, Instant),
    data_after: Instant,
    measure: Measure,
    /// What goes with the next frame and is no picture: clipboard, mouse.
    aside: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
enum Measure {
    Off,
    Wanted,
    Asked(usize),
    Begun(usize, Instant),
}

impl Frames {
    /// For a terminal of this size; `measure`: ask it how fast it reads.
    pub fn new((columns, rows): (u16, u16), measure: bool, now: Instant) -> Frames {
        let measure = if measure { Measure::Wanted } else { Measure::Off };
        let painter = Painter::new(columns, rows);
        Frames {
            painter,
            key: true,
            data: false,
            writing: false,
            room: (AT_ONCE, now),
            data_after: now,
            measure,
            aside: Vec::new(),
        }
    }

    /// Something visible changed; `key`: because somebody waits for it.
    pub fn wanted(&mut self, key: bool) {
        self.key |= key;
        self.data |= !key;
    }

    /// Forgets what is on the screen.
    pub fn forget(&mut self) {
        self.painter.forget();
        self.key = true;
    }

    /// Sends bytes that are no picture with the next frame.
    pub fn beside(&mut self, bytes: &[u8]) {
        self.aside.extend_from_slice(bytes);
        self.key = true;
    }

    /// Asks the terminal anew how fast it reads, with the next whole frame.
    pub fn measure_again(&mut self) {
        self.measure = Measure::Wanted;
        self.forget();
    }

    /// The last frame has left.
    pub fn written(&mut self) {
        self.writing = false;
    }

    fn room_at(&self, now: Instant) -> f64 {
        let (room, counted) = self.room;
        (room + now.saturating_duration_since(counted).as_secs_f64() * A_SECOND).min(AT_ONCE)
    }

    /// When the next frame may be made; none while nothing waits.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        let lacking = (1.0 - self.room_at(now)).max(0.0);
        let earliest = if lacking > 0.0 { now + Duration::from_secs_f64(lacking / A_SECOND) } else { now };
        match (self.writing, self.key, self.data) {
            (true, ..) => None,
            (_, true, _) => Some(earliest),
            (_, _, true) => Some(earliest.max(self.data_after)),
            _ => None,
        }
    }

    /// The bytes of the next frame, if anything differs.
    pub fn make(&mut self, picture: Buffer, slow: bool, now: Instant) -> io::Result<Option<Vec<u8>>> {
        let for_key = std::mem::take(&mut self.key);
        self.data = false;
        let aside = std::mem::take(&mut self.aside);
        let mut bytes = match self.painter.frame(picture)? {
            Some(frame) => [aside, frame].concat(),
            None if aside.is_empty() => return Ok(None),
            None => aside,
        };
        self.room = ((self.room_at(now) - 1.0).max(0.0), now);
        self.writing = true;
        let pause = Duration::from_secs_f64(bytes.len() as f64 / BUDGET[usize::from(slow)]);
        self.data_after = now + if for_key { DATA_FRAME } else { DATA_FRAME.max(pause) };
        if matches!(self.measure, Measure::Wanted) {
            self.measure = Measure::Asked(bytes.len());
            bytes = [WHERE, &bytes, WHERE].concat();
        }
        Ok(Some(bytes))
    }

    /// The terminal said where its cursor is; at the second time, how many bytes a second it reads.
    pub fn reported(&mut self, now: Instant) -> Option<u32> {
        let (next, measured) = match self.measure {
            Measure::Asked(bytes) => (Measure::Begun(bytes, now), None),
            Measure::Begun(bytes, begun) => {
                let seconds = now.duration_since(begun).as_secs_f64().max(0.001);
                (Measure::Off, Some((bytes as f64 / seconds) as u32))
            }
            other => (other, None),
        };
        self.measure = next;
        measured
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    fn picture(text: &str) -> Buffer {
        let mut buf = Buffer::empty(Rect::new(0, 0, 80, 24));
        buf.set_string(0, 0, text, Style::default());
        buf
    }

    #[test]
    fn data_waits_a_second_and_a_key_does_not() {
        let start = Instant::now();
        let mut frames = Frames::new((80, 24), false, start);
        assert_eq!(frames.due(start), Some(start));
        assert!(frames.make(picture("a"), false, start).unwrap().is_some());
        frames.wanted(false);
        assert_eq!(frames.due(start), None, "the frame before is still being written");
        frames.written();
        assert_eq!(frames.due(start), Some(start + DATA_FRAME));
        frames.wanted(true);
        assert_eq!(frames.due(start), Some(start));
        for text in ["b", "c", "d", "e", "f"] {
            frames.make(picture(text), false, start).unwrap();
            frames.written();
        }
        frames.wanted(true);
        let wait = frames.due(start).unwrap() - start;
        assert!((0.04..0.05).contains(&wait.as_secs_f64()), "the seventh at once waits {wait:?}");
    }

    #[test]
    fn an_unchanged_picture_costs_nothing_and_leaves_the_next_frame_free() {
        let start = Instant::now();
        let mut frames = Frames::new((80, 24), false, start);
        frames.make(picture("a"), false, start).unwrap();
        frames.written();
        frames.wanted(false);
        assert!(frames.make(picture("a"), false, start).unwrap().is_none());
        assert_eq!(frames.due(start), None);
    }

    #[test]
    fn a_slow_link_is_given_few_bytes() {
        let start = Instant::now();
        let mut frames = Frames::new((80, 24), true, start);
        frames.make(picture("a"), true, start).unwrap();
        frames.written();
        frames.wanted(false);
        let long = "x".repeat(80);
        let bytes = frames.make(picture(&long), true, start).unwrap().unwrap().len();
        frames.written();
        frames.wanted(false);
        let wait = frames.due(start).unwrap() - start;
        assert!(wait >= Duration::from_secs_f64((bytes as f64 / 300.0).min(0.95)), "{wait:?} for {bytes} bytes");
        assert_eq!(frames.reported(start), None);
        assert!(frames.reported(start + Duration::from_millis(500)).is_some());
    }
}
