//! The redactor over a stream of lines: remembers that it is inside a private key, which spans several.

use std::borrow::Cow;

use super::{Level, Redactor};

const BEGIN: &str = "-----BEGIN ";
const KEY: &str = "PRIVATE KEY";
const END: &str = "-----END ";

/// Redacts line by line.
#[derive(Debug)]
pub struct Lines<'r> {
    redactor: &'r Redactor,
    level: Level,
    in_key: bool,
}

impl<'r> Lines<'r> {
    /// At the first line of a stream.
    pub fn new(redactor: &'r Redactor, level: Level) -> Self {
        Self { redactor, level, in_key: false }
    }

    /// The next line (without its newline) as it may be shown; none where it belongs to a key that was marked.
    pub fn next<'a>(&mut self, line: &'a str) -> Option<Cow<'a, str>> {
        if self.in_key {
            let end = line.find(END).filter(|at| line[*at..].contains(KEY))?;
            self.in_key = false;
            let after = &line[end + END.len()..];
            let rest = after.find(KEY).map_or("", |at| after[at + KEY.len()..].trim_start_matches('-'));
            return (!rest.is_empty()).then(|| self.redactor.redact(rest, self.level));
        }
        let begin = line.rfind(BEGIN).filter(|at| line[*at..].contains(KEY));
        self.in_key = begin.is_some_and(|at| !line[at..].contains(END));
        Some(self.redactor.redact(line, self.level))
    }
}
