//! One cheap look over a text, so that a pattern runs only where it may find something: most lines hold nothing for any.
//!
//! Nothing that a pattern could find may be missed here: every shape of `shapes` holds one of [`HEADS`] or a run of
//! [`RUN_MIN`] characters, every name of `names` one of [`STEMS`].

use std::ops::Range;

use aho_corasick::packed::{self, Searcher};

/// What every name of a secret holds, in small letters.
const STEMS: [&str; 18] = [
    "key",
    "token",
    "secret",
    "passw",
    "passp",
    "passc",
    "pwd",
    "signature",
    "?sig",
    "&sig",
    ";sig",
    "0026sig",
    "%3fsig",
    "%26sig",
    "authorization",
    "cookie",
    "bearer",
    "basic",
];
/// How tokens begin that need not have a long run, as they are written.
const HEADS: [&str; 13] =
    ["sk-", "whsec_", "ya29.", "xox", "xapp-", "hooks.slack.com", ".ey", "AKIA", "ASIA", "ABIA", "ACCA", "SG.", "dp."];
/// What stands in a command line with a password.
const LOGINS: [&str; 3] = ["curl", "user", "login"];
/// How marks begin.
const MARKS: [&str; 2] = ["[redacted:", "[cut, was "];
/// How far a name reaches before and behind the beginning of its stem, in bytes.
const NAME_REACH: usize = 20;
/// The shortest run of `A-Z a-z 0-9 _ = -` in any other token.
const RUN_MIN: usize = 24;

/// What may be in a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Clues {
    /// Where names of secrets may be: in order, none touching another.
    pub names: Vec<Range<usize>>,
    /// A token that its shape betrays.
    pub tokens: bool,
    /// A password in a command line.
    pub logins: bool,
    /// A mark of an earlier redaction.
    pub marks: bool,
}

/// The search for clues.
#[derive(Debug)]
pub(super) struct Search(Option<Searcher>);

impl Search {
    pub fn new() -> Self {
        let heads = HEADS.map(str::to_ascii_lowercase);
        let all = STEMS.into_iter().chain(heads.iter().map(String::as_str)).chain(LOGINS).chain(MARKS);
        Self(packed::Config::new().builder().extend(all).build())
    }

    /// What may be in the text; all of it on a machine that can't search quickly.
    pub fn look(&self, text: &str) -> Clues {
        let Some(searcher) = &self.0 else {
            return Clues { names: std::iter::once(0..text.len()).collect(), tokens: true, logins: true, marks: true };
        };
        let small = text.to_ascii_lowercase();
        let mut clues = Clues { tokens: has_run(text.as_bytes(), RUN_MIN, is_of_token), ..Clues::default() };
        let mut at = 0;
        while let Some(found) = searcher.find_in(&small, (at..small.len()).into()) {
            clues.add(text, found.pattern().as_usize(), found.start());
            // Behind its first byte another may begin.
            at = found.start() + 1;
        }
        clues
    }
}

impl Clues {
    fn add(&mut self, text: &str, which: usize, at: usize) {
        if which < STEMS.len() {
            self.add_name(at.saturating_sub(NAME_REACH)..text.len().min(at + NAME_REACH));
        } else if let Some(head) = HEADS.get(which - STEMS.len()) {
            self.tokens |= text.as_bytes()[at..].starts_with(head.as_bytes());
        } else if which < STEMS.len() + HEADS.len() + LOGINS.len() {
            self.logins = true;
        } else {
            self.marks = true;
        }
    }

    fn add_name(&mut self, place: Range<usize>) {
        match self.names.last_mut() {
            Some(last) if place.start <= last.end => last.end = place.end,
            _ => self.names.push(place),
        }
    }
}

/// Whether at least `length` bytes of a sort stand side by side: looks at every so manieth, and around it where it is one.
pub(super) fn has_run(text: &[u8], length: usize, is: impl Fn(u8) -> bool) -> bool {
    let mut at = length - 1;
    while let Some(byte) = text.get(at) {
        if !is(*byte) {
            at += length;
            continue;
        }
        let before = text[..at].iter().rev().take(length - 1).take_while(|byte| is(**byte)).count();
        let wanted = length - 1 - before;
        let after = text[at + 1..].iter().take(wanted).take_while(|byte| is(**byte)).count();
        if after == wanted {
            return true;
        }
        at += after + 1 + length;
    }
    false
}

fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'=' | b'-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::string::string_regex;

    use super::super::{names, shapes};
    use super::*;

    #[test]
    fn every_name_of_a_secret_is_a_clue_in_any_case() {
        let search = Search::new();
        for name in names::all() {
            for spelled in [name.to_ascii_uppercase(), name.clone()] {
                assert_eq!(search.look(&format!("{0}{spelled}{0}", "-".repeat(40))).names.len(), 1, "{spelled}");
                assert!(name.len() < NAME_REACH, "{spelled}");
            }
        }
    }

    #[test]
    fn an_ordinary_line_gives_no_clue() {
        let line = "2026-11-24T11:45:02.123Z  INFO switchboard::queue: claimed 12 jobs lane=twilio msg.sg. took_ms=12";
        assert_eq!(Search::new().look(line), Clues::default());
    }

    #[test]
    fn a_run_is_found_wherever_it_stands() {
        let run = "a".repeat(RUN_MIN);
        for before in 0..2 * RUN_MIN {
            let text = format!("{}{run} ", " ".repeat(before));
            let (whole, short) = (text.as_bytes(), &text.as_bytes()[..before + RUN_MIN - 1]);
            assert!(has_run(whole, RUN_MIN, is_of_token) && !has_run(short, RUN_MIN, is_of_token), "{before}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_token_is_without_a_clue(
            tokens in shapes::all().map(|shape| string_regex(&shape.replace(r"(?-u:\b)", "")).unwrap()).collect::<Vec<_>>(),
            before in "[ -~]{0,30}", after in "[ -~]{0,30}",
        ) {
            let search = Search::new();
            for token in tokens {
                prop_assert!(search.look(&format!("{before} {token} {after}")).tokens, "{}", token);
            }
        }
    }
}
