//! Secrets that their neighbour betrays: what stands behind a secret's name, a scheme of authorization, a cookie.
//!
//! A pattern finds the name and the sign behind it, in every spelling (JSON, `Debug`, escaped quotes, percent codes,
//! colour codes between); the value's end is then found by hand, since it depends on how the value was opened.

use std::ops::Range;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use regex::{Match, Regex};

use super::clues::Clues;
use super::names::{Kind, Names, Site};
use super::span::{Replacement, Spans};
use super::told::Told;
use super::{pattern, value};

const COLOUR: &str = r"(?:\x1b|\\x1b|\\u001b|\\e|\\033)\[[0-9;]{0,12}m";
pub(super) const QUOTE: &str = r#"(?:\\{0,7}["'`]|%22|\\u0022|&quot;)"#;
const SIGN: &str = r"(?:=>|:=|={1,3}|:|%3D|%253D|%3A|\\u003d|\\u003a)";
/// What may stand before a value: the hash of a signature, a tag of YAML, wrappers of `Debug` such as `Some(Secret(`.
const WRAPPER: &str = r"(?:(?:sha(?:1|256|512)|v[01])=)?(?:!{1,2}[a-z]{1,12}[ ])?(?:[a-z_][a-z0-9_:]{0,40}(?:<[^<>]{0,60}>)?[(]\s{0,40}){0,4}";
/// Where a value without quotes ends.
const STOPS: &str = " \t\r\n,;})]>|('\"`<\u{1b}";
const COOKIE_ATTRIBUTES: [&str; 6] = ["path", "domain", "expires", "max-age", "samesite", "version"];
/// Longest value, in bytes; what is longer is hidden up to here.
const MAX_VALUE: usize = 4096;

/// The patterns of this file, each for what follows a name.
#[derive(Debug)]
pub(super) struct Pairs {
    names: Names,
    sign: Regex,
    authorization: Regex,
    scheme: Regex,
    base64: GeneralPurpose,
    told: Told,
}

impl Pairs {
    pub fn new() -> Self {
        let gap = format!("(?:{COLOUR}|{QUOTE}|%5D|[]])*[ \t]{{0,8}}(?:{COLOUR})*");
        let open = format!("[ \t]{{0,8}}(?:{COLOUR})*[\\[{{(]{{0,2}}\\s{{0,4}}{WRAPPER}(?:b?(?P<open>{QUOTE}))?");
        let sign = format!("{gap}(?P<sign>{SIGN}|{QUOTE}[ ]?,[ ]?){open}");
        let lax = GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true);
        Self {
            names: Names::new(),
            sign: pattern(&format!("(?i)^(?:[_-]?(?:base|id)|-256)?{sign}")),
            authorization: pattern(&format!("(?i)^{sign}(?:(?P<scheme>[a-z][a-z0-9-]{{2,20}})(?:[ \t+]|%20)+)?")),
            scheme: pattern(r"(?i)^(?:[ \t+:]|%20)+(?P<value>[a-z0-9._~+/=-]{4,})"),
            base64: GeneralPurpose::new(&alphabet::STANDARD, lax),
            told: Told::new(),
        }
    }

    pub fn find(&self, text: &str, clues: &Clues, spans: &mut Spans<'_, '_>) {
        if clues.logins {
            self.told.find(text, spans);
        }
        let mut searched_to = 0;
        for site in self.names.sites(text, &clues.names) {
            match site.kind {
                Kind::Name => {
                    searched_to = self.find_pair(text, site, searched_to, spans);
                    self.told.find_behind(text, site, spans);
                }
                Kind::Variable => self.find_valued(&self.sign, text, site, |value| {
                    spans.add_if(value.range, Replacement::Shape("secret"), value::is_token_like);
                }),
                Kind::Authorization => self.find_valued(&self.authorization, text, site, |value| {
                    let is_secret = |piece: &str| !value::is_innocent("authorization", piece);
                    spans.add_if(value.range, Replacement::Shape("authorization"), is_secret);
                }),
                Kind::Cookie => {
                    self.find_valued(&self.sign, text, site, |value| find_cookies(text, value.range, spans))
                }
                Kind::Scheme => self.find_scheme(text, site, spans),
            }
        }
    }

    /// The value behind a name and a sign, if there are such.
    fn find_valued(&self, rule: &Regex, text: &str, site: Site, hide: impl FnOnce(Valued<'_>)) {
        let Some(found) = rule.captures(&text[site.end..]) else { return };
        let (Some(all), Some(sign)) = (found.get(0), found.name("sign")) else { return };
        let (start, open) = (site.end + all.end(), found.name("open"));
        let scheme = found.name("scheme").map_or("", |scheme| scheme.as_str()).to_ascii_lowercase();
        let stops = match site.kind {
            Kind::Cookie => "\r\n",
            // These schemes have a list of parameters, the others one word.
            _ if ["digest", "oauth", "aws4-hmac-sha256"].contains(&scheme.as_str()) => "\r\n",
            Kind::Authorization => " \t\r\n,;})]'\"`<\u{1b}",
            _ => STOPS,
        };
        let end = start + value_end(text, start, open, stops);
        let doubled = sign.as_str() == ":" && text[site.end + sign.end()..].starts_with(':');
        hide(Valued { range: start..end, is_open: open.is_some(), sign: sign.as_str(), doubled });
    }

    /// Hides one pair's value; says up to where all is hidden by values that stood without quotes. Inside of such a value the
    /// value of another bare name ends at the same place.
    fn find_pair(&self, text: &str, site: Site, searched_to: usize, spans: &mut Spans<'_, '_>) -> usize {
        let mut hidden_to = searched_to;
        self.find_valued(&self.sign, text, site, |value| {
            let Valued { range, is_open, sign, doubled } = value;
            // In a tuple the name may just as well be one of a list of words.
            let listed = sign.trim_end().ends_with(',');
            let is_call = !is_open && text[range.end..].starts_with('(');
            if doubled || is_call || !is_open && (listed || range.start < searched_to) {
                return;
            }
            let name = site.name(text);
            let kind = if name == "signature" { "signature" } else { "secret" };
            let is_secret = |piece: &str| !value::is_innocent(&name, piece) && (!listed || value::is_strong(piece));
            if !is_open && is_secret(&text[range.clone()]) {
                hidden_to = range.end;
            }
            spans.add_if(range, Replacement::Shape(kind), is_secret);
        });
        hidden_to
    }

    /// `bearer` with a digit in its value, `basic` with base64 of `x:y`, wherever they stand.
    fn find_scheme(&self, text: &str, site: Site, spans: &mut Spans<'_, '_>) {
        let Some(inner) = self.scheme.captures(&text[site.end..]).and_then(|found| found.name("value")) else { return };
        let secret = if site.name(text) == "basic" {
            self.is_user_and_password(inner.as_str())
        } else {
            inner.len() >= 6 && inner.as_str().contains(|c: char| c.is_ascii_digit())
        };
        if secret {
            spans.add(site.end + inner.start()..site.end + inner.end(), Replacement::Shape("authorization"));
        }
    }

    fn is_user_and_password(&self, coded: &str) -> bool {
        let plain = coded.replace('-', "+").replace('_', "/");
        let bytes = self.base64.decode(plain.trim_end_matches('.')).unwrap_or_default();
        bytes.contains(&b':') && !bytes.iter().any(u8::is_ascii_control)
    }
}

/// A value and how it was opened.
struct Valued<'t> {
    range: Range<usize>,
    is_open: bool,
    sign: &'t str,
    /// The sign is half of `::`.
    doubled: bool,
}

/// The values of cookies; their names and attributes stay.
fn find_cookies(text: &str, all: Range<usize>, spans: &mut Spans<'_, '_>) {
    let mut start = all.start;
    for cookie in text[all].split(';') {
        if let Some((name, value)) = cookie.split_once('=')
            && !COOKIE_ATTRIBUTES.contains(&name.trim().to_ascii_lowercase().as_str())
        {
            let end = start + cookie.len();
            spans.add_if(end - value.len()..end, Replacement::Shape("cookie"), |piece| {
                !value::is_innocent("cookie", piece)
            });
        }
        start += cookie.len() + 1;
    }
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
