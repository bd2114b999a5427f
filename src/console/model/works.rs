//! Imports and exports of this console: how far they are.

use chrono::{DateTime, Utc};

use crate::console::effect::Import;

/// Ended works that are still shown.
pub const WORKS_MAX: usize = 20;

/// How far a work is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Step {
    /// Rows so far.
    pub rows: u64,
    /// Part of the whole that is done, from 0 to 1, where it is known.
    pub part: Option<f64>,
}

/// One import or export.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    /// Its number.
    pub id: u64,
    /// `import contacts.csv`.
    pub name: String,
    /// When it began.
    pub begun: DateTime<Utc>,
    /// How far it is, and when that was heard.
    pub step: (Step, DateTime<Utc>),
    /// How it ended, and whether well.
    pub ended: Option<(String, bool)>,
    /// The import that it is: ended early, it can go on.
    pub again: Option<Import>,
    /// The note of another process's import; none = it is of this console.
    pub other: Option<String>,
}

impl Work {
    /// Rows a second since it began.
    pub fn rate(&self) -> f64 {
        let seconds = (self.step.1 - self.begun).as_seconds_f64();
        if seconds > 0.2 { self.step.0.rows as f64 / seconds } else { 0.0 }
    }

    /// Seconds that are left, where the whole is known.
    pub fn left_s(&self) -> Option<i64> {
        let part = self.step.0.part.filter(|p| *p > 0.005)?;
        let seconds = (self.step.1 - self.begun).as_seconds_f64();
        Some((seconds / part * (1.0 - part)).ceil() as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn rate_and_time_left_come_from_what_was_done() {
        let begun = DateTime::UNIX_EPOCH;
        let step = (Step { rows: 500, part: Some(0.25) }, begun + TimeDelta::seconds(10));
        let work = Work { id: 1, name: "import a.csv".into(), begun, step, ended: None, again: None, other: None };
        assert_eq!((work.rate(), work.left_s()), (50.0, Some(30)));
    }
}
