//! The last log lines in memory, for the console's log pane.
//!
//! Bounded; what comes in has passed the redactor and is inert. A reader asks for what is newer than what it has.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tracing::Level;

/// Lines that are kept: a screenful is 50, a busy minute some thousands.
pub const RING_LINES: usize = 10_000;

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Counts up from 1 without a gap; a gap between two reads means that lines were pushed out.
    pub seq: u64,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// How grave it is.
    pub level: Level,
    /// Which module said it.
    pub target: String,
    /// Message and fields, redacted and inert, on one line.
    pub text: String,
}

/// Reads the ring; clones read the same one.
#[derive(Clone, Debug)]
pub struct RingReader(Arc<Mutex<Ring>>);

#[derive(Debug)]
struct Ring {
    lines: VecDeque<Arc<LogLine>>,
    last_seq: u64,
    capacity: usize,
}

impl RingReader {
    pub(super) fn new(capacity: usize) -> Self {
        Self(Arc::new(Mutex::new(Ring { lines: VecDeque::new(), last_seq: 0, capacity })))
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, at: DateTime<Utc>, level: Level, target: &str, text: &str) {
        let mut ring = self.ring();
        ring.last_seq += 1;
        let seq = ring.last_seq;
        if ring.lines.len() >= ring.capacity {
            ring.lines.pop_front();
        }
        ring.lines.push_back(Arc::new(LogLine { seq, at, level, target: target.to_owned(), text: text.to_owned() }));
    }

    /// The number of the newest line, 0 before the first.
    pub fn last_seq(&self) -> u64 {
        self.ring().last_seq
    }

    /// The kept lines newer than `seq` (0 for all), oldest first.
    pub fn since(&self, seq: u64) -> Vec<Arc<LogLine>> {
        let ring = self.ring();
        let first = ring.lines.partition_point(|line| line.seq <= seq);
        ring.lines.range(first..).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_ring_drops_the_oldest_line_and_a_reader_gets_only_what_is_new() {
        let ring = RingReader::new(3);
        for text in ["a", "b", "c", "d"] {
            ring.push(Utc::now(), Level::INFO, "t", text);
        }
        let texts = |seq| ring.since(seq).iter().map(|line| line.text.clone()).collect::<Vec<_>>();
        assert_eq!(texts(0), ["b", "c", "d"]);
        assert_eq!(texts(3), ["d"]);
        assert!(texts(4).is_empty());
        assert_eq!(ring.last_seq(), 4);
    }
}
