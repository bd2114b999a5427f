//! Exact search for secrets: one automaton over every spelling in which a secret occurs.
//!
//! Base64 is searched by the characters that depend on the secret alone, at the three offsets a neighbour can give
//! it: that finds it by itself and as part of `user:secret`. The automaton holds the spellings in memory.

use std::collections::BTreeMap;
use std::fmt;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use secrecy::ExposeSecret;

use super::skim::Skim;
use super::span::{Replacement, Spans};
use super::{LiveSecret, value};

/// Shortest secret that is looked for, and shortest base64 or hex piece of one, in bytes.
const MIN_RAW: usize = 6;
const MIN_CODED: usize = 8;
/// Most values of one text that are looked for again in it.
const MAX_AGAIN: usize = 32;
/// Longest such value, in bytes: an automaton over longer ones costs more than the text is worth.
const MAX_AGAIN_BYTES: usize = 256;

/// The automaton of the live secrets.
pub(super) struct Live {
    skim: Option<Skim>,
    automaton: Option<AhoCorasick>,
    kinds: Vec<String>,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Live({} spellings)", self.kinds.len())
    }
}

impl Live {
    pub fn new(secrets: &[LiveSecret]) -> Self {
        let mut all = BTreeMap::new();
        for secret in secrets {
            for spelling in spellings(secret.value.expose_secret()) {
                all.entry(spelling).or_insert_with(|| safe_kind(&secret.kind));
            }
        }
        let (needles, kinds): (Vec<String>, Vec<String>) = all.into_iter().unzip();
        Self { skim: Skim::new(&needles), automaton: automaton(&needles), kinds }
    }

    pub fn find<'r>(&'r self, text: &str, spans: &mut Spans<'_, 'r>) {
        let Some(automaton) = &self.automaton else { return };
        if self.skim.as_ref().is_some_and(|skim| !skim.may_be_in(text.as_bytes())) {
            return;
        }
        for found in automaton.find_iter(text) {
            if let Some(kind) = self.kinds.get(found.pattern().as_usize()) {
                spans.add(found.range(), Replacement::Live(kind));
            }
        }
    }
}

/// Looks for what was found once in the rest of the text, in each spelling.
pub(super) fn find_again(text: &str, spans: &mut Spans<'_, '_>) {
    let found: Vec<_> =
        spans.values().filter(worth_again).take(MAX_AGAIN).map(|(text, with)| (text, with.clone())).collect();
    for (value, with) in found {
        let Replacement::Shape(kind) = with else { continue };
        // Few needles in one text: an automaton over them would cost more than looking for each.
        for spelling in spellings(value) {
            for at in memchr::memmem::find_iter(text.as_bytes(), &spelling) {
                spans.add(at..at + spelling.len(), Replacement::Shape(kind));
            }
        }
    }
}

fn worth_again(found: &(&str, &Replacement<'_>)) -> bool {
    found.0.len() <= MAX_AGAIN_BYTES && value::is_strong(found.0)
}

fn automaton(needles: &[String]) -> Option<AhoCorasick> {
    if needles.is_empty() {
        return None;
    }
    // Building fails only beyond 2^31 states: that many secrets don't exist.
    AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(needles).ok()
}

/// A mark's kind must read as one, or a second pass would not know it as a mark.
fn safe_kind(kind: &str) -> String {
    let (slot, version) = kind.split_once('/').unwrap_or((kind, ""));
    let slot_ok = slot.len() <= 24
        && slot.starts_with(|c: char| c.is_ascii_lowercase())
        && slot.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let digits = version.strip_prefix('v').unwrap_or_default();
    let version_ok = !kind.contains('/')
        || version == "env"
        || (1..=9).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit());
    if slot_ok && version_ok { kind.to_owned() } else { "live".to_owned() }
}

/// Every spelling of a secret that is worth looking for; none when it is too short.
pub(super) fn spellings(secret: &str) -> Vec<String> {
    if secret.len() < MIN_RAW {
        return Vec::new();
    }
    let escaped = serde_json::to_string(secret).unwrap_or_default();
    let escaped = escaped.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned();
    let percent = percent_encoded(secret);
    let mut all = vec![secret.to_owned(), escaped.replace('/', "\\/"), escaped.replace('\\', "\\\\"), escaped];
    all.extend([percent.replace("%20", "+"), lower_escapes(&percent), percent.replace('%', "%25"), percent]);
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut coded = vec![hex.to_ascii_uppercase(), hex];
    for offset in 0..3 {
        let padded = [&[0; 2][..offset], secret.as_bytes()].concat();
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let text = engine.encode(&padded);
            // The first and last characters also carry bits of the neighbours.
            let first = (offset * 8).div_ceil(6);
            let last = text.len() - usize::from(padded.len() % 3 != 0);
            coded.extend(text.get(first..last).map(str::to_owned));
        }
    }
    all.retain(|spelling| spelling.len() >= MIN_RAW);
    all.extend(coded.into_iter().filter(|piece| piece.len() >= MIN_CODED));
    all.sort_unstable();
    all.dedup();
    all
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte.into()),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
        out
    })
}

/// The same with the two digits after each `%` in small letters.
fn lower_escapes(percent: &str) -> String {
    let mut digits = 0;
    percent
        .chars()
        .map(|c| {
            if c == '%' {
                digits = 2;
                c
            } else if digits > 0 {
                digits -= 1;
                c.to_ascii_lowercase()
            } else {
                c
            }
        })
        .collect()
}
