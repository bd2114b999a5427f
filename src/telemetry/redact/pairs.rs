//! Secrets that their neighbour betrays: what stands behind a secret's name, a scheme of authorization, a cookie.
//!
//! A pattern finds the name and the sign behind it, in every spelling (JSON, `Debug`, escaped quotes, percent codes,
//! colour codes between); the value's end is then found by hand, since it depends on how the value was opened.

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use regex::{Captures, Match, Regex};

use super::span::{Replacement, Spans};
use super::{pattern, value};

/// Names that hide what follows, also as the end of a longer name.
const NAMES: &str = concat!(
    r"(?:api|access|secret|private|master|encryption|signing|auth|account)[ _-]?key|x-[a-z0-9-]{1,30}-key",
    r"|token|secret|password|passwd|passphrase|pwd|signature"
);
/// Cheap test: without one of these there is nothing to find here.
const HINTS: [&str; 10] =
    ["key", "token", "secret", "pass", "pwd", "sig", "authorization", "cookie", "bearer", "basic"];
const COLOUR: &str = r"(?:\x1b|\\x1b|\\u001b|\\e|\\033)\[[0-9;]{0,12}m";
const QUOTE: &str = r#"(?:\\{0,7}["'`]|%22|\\u0022|&quot;)"#;
const SIGN: &str = r"(?:=>|:=|={1,3}|:|%3D|%253D|%3A|\\u003d|\\u003a)";
/// Wrappers of a `Debug` value, such as `Some(Secret(`.
const WRAPPER: &str = r"(?:[a-z_][a-z0-9_:]{0,40}(?:<[^<>]{0,60}>)?[(]\s{0,40}){0,4}";
/// Longest value, in bytes; what is longer is hidden up to here.
const MAX_VALUE: usize = 4096;

/// The patterns of this file.
#[derive(Debug)]
pub(super) struct Pairs {
    hints: Option<AhoCorasick>,
    pair: Regex,
    beside: Regex,
    element: Regex,
    authorization: Regex,
    scheme: Regex,
    cookie: Regex,
    base64: GeneralPurpose,
}

impl Pairs {
    pub fn new() -> Self {
        let gap = format!("(?:{COLOUR}|{QUOTE}|%5D|[]])*[ \t]{{0,8}}(?:{COLOUR})*");
        let open = format!("[ \t]{{0,8}}(?:{COLOUR})*[\\[{{(]{{0,2}}\\s{{0,4}}{WRAPPER}(?:b?(?P<open>{QUOTE}))?");
        let sign = format!("{gap}(?P<sign>{SIGN}|{QUOTE}[ ]?,[ ]?){open}");
        let bare = r"(?:[?&]|&amp;|\\u0026|%3F|%26)(?:key|sig)";
        let lax = GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true);
        Self {
            hints: AhoCorasick::builder().ascii_case_insensitive(true).build(HINTS).ok(),
            pair: pattern(&format!("(?i)(?P<name>{NAMES}|{bare}){sign}")),
            beside: pattern(&format!(
                "(?i)(?:{NAMES})(?:[ \t]+(?:is|was|value|of))?[ \t]+{QUOTE}?(?P<value>[a-z0-9_+=-]{{20,}})"
            )),
            element: pattern(&format!(
                r"(?i)<(?:[a-z0-9_.:-]{{0,40}})(?P<name>{NAMES})(?:[ \t][^<>]{{0,80}})?>(?P<value>[^<>]{{1,512}})</"
            )),
            authorization: pattern(&format!(
                "(?i)(?P<name>authorization){sign}(?:(?P<scheme>[a-z][a-z0-9-]{{2,20}})(?:[ \t+]|%20)+)?"
            )),
            scheme: pattern(r"(?i)(?-u:\b)(?P<scheme>bearer|basic)(?:[ \t+:]|%20)+(?P<value>[a-z0-9._~+/=-]{4,})"),
            cookie: pattern(&format!("(?i)(?P<name>cookie){sign}")),
            base64: GeneralPurpose::new(&alphabet::STANDARD, lax),
        }
    }

    pub fn find(&self, text: &str, spans: &mut Spans<'_, '_>) {
        if !self.hints.as_ref().is_none_or(|hints| hints.is_match(text)) {
            return;
        }
        let mut searched_to = 0;
        for found in self.pair.captures_iter(text) {
            // Inside a value that a bare name opened, another bare name's value ends at the same place.
            if found.name("open").is_some() || end_of(&found) >= searched_to {
                let hidden_to = find_pair(text, &found, spans);
                searched_to = searched_to.max(hidden_to);
            }
        }
        for found in self.authorization.captures_iter(text) {
            find_authorization(text, &found, spans);
        }
        for found in self.cookie.captures_iter(text) {
            let start = end_of(&found);
            let end = start + value_end(text, start, found.name("open"), "\r\n");
            spans.add_if(start..end, Replacement::Shape("cookie"), |piece| piece.contains('='));
        }
        for found in self.element.captures_iter(text) {
            if let (Some(name), Some(inner)) = (found.name("name"), found.name("value")) {
                let name = name.as_str().to_ascii_lowercase();
                spans.add_if(inner.range(), Replacement::Shape("secret"), |piece| !value::is_innocent(&name, piece));
            }
        }
        for found in self.beside.captures_iter(text) {
            if let Some(inner) = found.name("value") {
                spans.add_if(inner.range(), Replacement::Shape("secret"), value::is_token_like);
            }
        }
        self.find_schemes(text, spans);
    }

    /// `bearer` with a digit in its value, `basic` with base64 of `x:y`, wherever they stand.
    fn find_schemes(&self, text: &str, spans: &mut Spans<'_, '_>) {
        for found in self.scheme.captures_iter(text) {
            let (Some(scheme), Some(inner)) = (found.name("scheme"), found.name("value")) else { continue };
            let basic = scheme.as_str().eq_ignore_ascii_case("basic");
            let secret = if basic {
                self.is_user_and_password(inner.as_str())
            } else {
                inner.len() >= 6 && inner.as_str().contains(|c: char| c.is_ascii_digit())
            };
            if secret {
                spans.add(inner.range(), Replacement::Shape("authorization"));
            }
        }
    }

    fn is_user_and_password(&self, coded: &str) -> bool {
        let plain = coded.replace('-', "+").replace('_', "/");
        let bytes = self.base64.decode(plain.trim_end_matches('.')).unwrap_or_default();
        bytes.contains(&b':') && !bytes.iter().any(u8::is_ascii_control)
    }
}

fn end_of(found: &Captures<'_>) -> usize {
    found.get(0).map_or(0, |all| all.end())
}

/// Hides one pair's value; says up to where all is hidden if the value stood without quotes, else 0.
fn find_pair(text: &str, found: &Captures<'_>, spans: &mut Spans<'_, '_>) -> usize {
    let (Some(name), Some(sign)) = (found.name("name"), found.name("sign")) else { return 0 };
    let start = end_of(found);
    if sign.as_str() == ":" && text[sign.end()..].starts_with(':') {
        return 0;
    }
    let open = found.name("open");
    let end = start + value_end(text, start, open, " \t\r\n,;})]>|('\"`<\u{1b}");
    if open.is_none() && text[end..].starts_with('(') {
        return 0;
    }
    // In a tuple the name may just as well be one of a list of words.
    let listed = sign.as_str().trim_end().ends_with(',');
    if listed && open.is_none() {
        return 0;
    }
    let name = name.as_str().to_ascii_lowercase();
    let kind = if name == "signature" { "signature" } else { "secret" };
    let is_secret = |piece: &str| !value::is_innocent(&name, piece) && (!listed || value::is_strong(piece));
    spans.add_if(start..end, Replacement::Shape(kind), is_secret);
    if open.is_none() && is_secret(&text[start..end]) { end } else { 0 }
}

/// The credential behind an `Authorization` header's name; its scheme stays readable.
fn find_authorization(text: &str, found: &Captures<'_>, spans: &mut Spans<'_, '_>) {
    let scheme = found.name("scheme").map_or("", |scheme| scheme.as_str());
    let start = end_of(found);
    // These schemes have a list of parameters, the others one word.
    let listed = ["digest", "oauth", "aws4-hmac-sha256"].contains(&scheme.to_ascii_lowercase().as_str());
    let stops = if listed { "\r\n" } else { " \t\r\n,;})]'\"`<\u{1b}" };
    let end = start + value_end(text, start, found.name("open"), stops);
    let is_secret = |piece: &str| !value::is_innocent("authorization", piece);
    spans.add_if(start..end, Replacement::Shape("authorization"), is_secret);
}

/// Length of the value at `start`: up to the quote that opened it, or up to the first of `stops` or an escaped one.
fn value_end(text: &str, start: usize, open: Option<Match<'_>>, stops: &str) -> usize {
    let rest = &text[start..];
    let rest = &rest[..rest.floor_char_boundary(MAX_VALUE)];
    if let Some(length) = open.and_then(|open| closing(rest, open.as_str())) {
        return length;
    }
    let by_line = stops == "\r\n";
    let ends_here = |(at, c): (usize, char)| {
        let tail = &rest.as_bytes()[at..];
        stops.contains(c)
            || c == '\\' && matches!(tail.get(1), Some(b'n' | b'r' | b'"' | b'\'' | b'\\'))
            || !by_line && (c == '&' || is_coded_end(tail))
    };
    rest.char_indices().find(|found| ends_here(*found)).map_or(rest.len(), |(at, _)| at)
}

/// `&`, a quote, a comma, a brace or a space in percent or Unicode escapes.
fn is_coded_end(tail: &[u8]) -> bool {
    const CODES: [&[u8]; 8] = [b"%26", b"%22", b"%20", b"%2c", b"%7d", b"\\u0026", b"\\u0022", b"%3b"];
    CODES.iter().any(|code| tail.get(..code.len()).is_some_and(|head| head.eq_ignore_ascii_case(code)))
}

/// Where the quote that opened the value closes it: the same one with no more backslashes before it.
fn closing(rest: &str, open: &str) -> Option<usize> {
    let depth = open.bytes().take_while(|b| *b == b'\\').count();
    let quote = &open[depth..];
    if quote.len() != 1 {
        return rest.find(quote);
    }
    let quote = quote.as_bytes()[0];
    let mut slashes = 0;
    for (at, byte) in rest.bytes().enumerate() {
        if byte == quote && slashes <= depth && (depth > 0 || slashes == 0) {
            return Some(at - slashes);
        }
        // Two backslashes at depth nought are one escaped backslash: the quote behind them closes.
        slashes = if byte != b'\\' || depth == 0 && slashes == 1 { 0 } else { slashes + 1 };
    }
    None
}
