//! Where a text names a secret: one automaton over all names, so that what costs more is done there alone.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};

/// Words that stand before `key`, with nothing, a blank or a sign between.
const BEFORE_KEY: [&str; 22] = [
    "api",
    "access",
    "secret",
    "private",
    "master",
    "encryption",
    "signing",
    "auth",
    "account",
    "subscription",
    "shared",
    "storage",
    "service",
    "client",
    "app",
    "session",
    "webhook",
    "license",
    "deploy",
    "hmac",
    "jwt",
    "admin",
];
const PLAIN: [&str; 8] = ["token", "secret", "password", "passwd", "passphrase", "passcode", "pwd", "signature"];
/// A bare `key` or `sig` counts only where a parameter begins.
const BEFORE_BARE: [&str; 6] = ["?", "&", "&amp;", "\\u0026", "%3f", "%26"];
/// Longest name of a header or a variable that is looked back over, in bytes.
const BACK_MAX: usize = 48;

/// What kind of name it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Hides what follows a sign, also as the end of a longer name.
    Name,
    /// `_KEY` at the end of a variable's name: hides what looks like a token.
    Variable,
    /// The header.
    Authorization,
    /// The header.
    Cookie,
    /// `bearer` or `basic`.
    Scheme,
}

/// A name in a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

/// The automaton.
#[derive(Debug)]
pub(super) struct Names {
    automaton: Option<AhoCorasick>,
    kinds: Vec<Kind>,
}

/// Every name, in small letters, with its kind.
fn every() -> impl Iterator<Item = (String, Kind)> {
    let keys = BEFORE_KEY.iter().flat_map(|word| ["", "_", "-", " "].map(|sign| format!("{word}{sign}key")));
    let bare = BEFORE_BARE.iter().flat_map(|begin| ["key", "sig"].map(|name| format!("{begin}{name}")));
    let named = keys.chain(bare).chain(PLAIN.map(str::to_owned)).map(|name| (name, Kind::Name));
    let others = [
        ("-key", Kind::Name),
        ("_key", Kind::Variable),
        ("authorization", Kind::Authorization),
        ("cookie", Kind::Cookie),
        ("bearer", Kind::Scheme),
        ("basic", Kind::Scheme),
    ];
    named.chain(others.map(|(name, kind)| (name.to_owned(), kind)))
}

/// Every name.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = String> {
    every().map(|(name, _)| name)
}

impl Names {
    pub fn new() -> Self {
        let (names, kinds): (Vec<String>, Vec<Kind>) = every().unzip();
        // A table is some hundred kilobytes and twice as fast as what would be chosen for so many.
        let mut builder = AhoCorasick::builder();
        builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest).kind(Some(AhoCorasickKind::DFA));
        Self { automaton: builder.build(&names).ok(), kinds }
    }

    /// Every name in these places of the text, in order, that something may follow.
    pub fn sites<'t>(&'t self, text: &'t str, places: &'t [Range<usize>]) -> impl Iterator<Item = Site> + 't {
        let within = |place: &Range<usize>| Input::new(text).span(place.clone());
        let found = self
            .automaton
            .iter()
            .flat_map(move |automaton| places.iter().flat_map(move |place| automaton.find_iter(within(place))));
        found.filter_map(move |found| {
            let kind = *self.kinds.get(found.pattern().as_usize())?;
            let site = Site { kind, start: found.start(), end: found.end() };
            (site.is_whole(text) && site.stands(text)).then_some(site)
        })
    }
}

impl Site {
    /// Whether it ends where it seems to: `tokens` and `keyboard` name nothing, `key_base` and `keyid` do.
    fn is_whole(&self, text: &str) -> bool {
        let next = text.as_bytes().get(self.end).copied().unwrap_or_default();
        !next.is_ascii_alphanumeric() || matches!(next, b'b' | b'B' | b'i' | b'I')
    }

    /// Whether what stands before it makes it such a name.
    fn stands(&self, text: &str) -> bool {
        let name = &text[self.start..self.end];
        match self.kind {
            Kind::Variable => {
                name == "_KEY" && self.before(text, is_of_variable).starts_with(|c: char| c.is_ascii_uppercase())
            }
            // Only headers that are somebody's own: `primary-key` is none.
            Kind::Name if name.eq_ignore_ascii_case("-key") => {
                self.before(text, is_of_header).to_ascii_lowercase().contains("x-")
            }
            Kind::Scheme => !text[..self.start].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_'),
            _ => true,
        }
    }

    /// The characters of this sort right before the name.
    pub fn before<'t>(&self, text: &'t str, is_part: impl Fn(u8) -> bool) -> &'t str {
        let head = &text.as_bytes()[..self.start];
        let length = head.iter().rev().take(BACK_MAX).take_while(|byte| is_part(**byte)).count();
        text.get(self.start - length..self.start).unwrap_or_default()
    }

    /// The name in small letters.
    pub fn name(&self, text: &str) -> String {
        text[self.start..self.end].to_ascii_lowercase()
    }
}

fn is_of_variable(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_'
}

pub(super) fn is_of_header(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}
