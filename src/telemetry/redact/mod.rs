//! The redactor: text in, the same text without secrets out.
//!
//! Live secrets are found exactly, then shapes, then what stands beside a secret's name; what was found once is
//! hidden everywhere in the text. Linear in the text's length, bounded by [`MAX_TEXT`], and doing it twice changes
//! nothing. A secret shorter than six bytes is not looked for by itself: it would blot out the log.

mod clues;
mod live;
mod names;
mod pairs;
mod people;
mod shapes;
mod shared;
mod skim;
mod span;
mod stream;
#[cfg(test)]
mod tests;
mod told;
mod value;

use std::borrow::Cow;
use std::sync::Arc;

use regex::Regex;
use secrecy::SecretString;

pub use shared::SharedRedactor;
pub use stream::Lines;

use live::Live;
use span::Spans;

/// Longest text that comes out, in bytes; what is longer is cut and says so.
pub const MAX_TEXT: usize = 64 * 1024;
/// How far beyond the cut is still searched, in bytes, so that no secret is halved by it.
const OVERLAP: usize = 4 * 1024;
/// A mark can give a pattern a new neighbour; after so many passes the text is at rest.
const MAX_PASSES: usize = 4;

/// A secret that is loaded now.
#[derive(Clone, Debug)]
pub struct LiveSecret {
    /// What the mark says: slot and version, such as `twilio/env` or `twilio/v7`.
    pub kind: String,
    /// The secret itself.
    pub value: SecretString,
}

/// How much is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Secrets only.
    Secrets,
    /// Secrets, and e-mail addresses and phone numbers masked.
    SecretsAndPeople,
}

/// Hides secrets in text. Cheap to make anew for other live secrets with [`Redactor::with_live`].
#[derive(Debug)]
pub struct Redactor {
    rules: Arc<Rules>,
    live: Live,
    max_text: usize,
}

/// The compiled patterns, the same for every redactor.
#[derive(Debug)]
struct Rules {
    clues: clues::Search,
    marks: Regex,
    shapes: shapes::Shapes,
    pairs: pairs::Pairs,
    people: people::People,
}

impl Redactor {
    /// A redactor that knows these secrets; compiles the patterns (some milliseconds).
    pub fn new(live: &[LiveSecret]) -> Self {
        let rules = Rules {
            clues: clues::Search::new(),
            marks: pattern(r"\[redacted:[a-z][a-z-]{0,23}(?:/(?:env|v[0-9]{1,9}))?\]|\[cut, was [0-9]{1,12} bytes\]"),
            shapes: shapes::Shapes::new(),
            pairs: pairs::Pairs::new(),
            people: people::People::new(),
        };
        Self { rules: Arc::new(rules), live: Live::new(live), max_text: MAX_TEXT }
    }

    /// The same patterns with other live secrets.
    pub fn with_live(&self, live: &[LiveSecret]) -> Self {
        Self { rules: Arc::clone(&self.rules), live: Live::new(live), max_text: self.max_text }
    }

    /// The text without secrets (and people); borrowed when there is nothing to hide.
    pub fn redact<'a>(&self, text: &'a str, level: Level) -> Cow<'a, str> {
        let mut out = self.pass(text, level);
        for _ in 1..MAX_PASSES {
            let Cow::Owned(before) = &out else { break };
            match self.pass(before, level) {
                Cow::Borrowed(_) => break,
                Cow::Owned(after) if after == *before => break,
                Cow::Owned(after) => out = Cow::Owned(after),
            }
        }
        out
    }

    fn pass<'a>(&self, text: &'a str, level: Level) -> Cow<'a, str> {
        let window = &text[..text.floor_char_boundary(self.max_text + OVERLAP)];
        let clues = self.rules.clues.look(window);
        let marks = match clues.marks {
            true => self.rules.marks.find_iter(window).map(|mark| mark.range()).collect(),
            false => Vec::new(),
        };
        let mut spans = Spans::new(window, marks);
        self.live.find(window, &mut spans);
        self.rules.shapes.find(window, &clues, &mut spans);
        self.rules.pairs.find(window, &clues, &mut spans);
        live::find_again(window, &mut spans);
        if level == Level::SecretsAndPeople {
            self.rules.people.find(window, &mut spans);
        }
        span::emit(text, spans.settle(), self.max_text)
    }
}

/// Compiles one of our own constant patterns.
#[expect(clippy::expect_used, reason = "each pattern is a constant; making one redactor in a test compiles all")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern compiles")
}
