//! E-mail addresses and phone numbers, masked so that two lines about one person can still be told to be so.
//!
//! A number without plus, brackets or separators is an id as likely as a phone: it is masked only beside a name
//! such as `phone`.

use regex::Regex;

use super::pattern;
use super::span::{Replacement, Spans};

const EMAIL: &str = concat!(
    r"[A-Za-z0-9._%+'\u{80}-\u{10FFFF}-]+?(@|%40)",
    r"[A-Za-z0-9\u{80}-\u{10FFFF}-]+(?:\.[A-Za-z0-9\u{80}-\u{10FFFF}-]+)*\.[A-Za-z\u{80}-\u{10FFFF}]{2,24}"
);
const PHONE: &str = concat!(
    r"(?:\+|%2B|\(\+)[1-9](?:[ ./-]{0,1}\(?[0-9]{1,5}\)?){2,10}",
    r"|(?:1[-. ])?\([0-9]{2,5}\)[ .-]?[0-9]{2,4}[ .-]?[0-9]{3,4}",
    r"|(?:1[-. ])?[2-9][0-9]{2}[-. ][0-9]{3}[-. ][0-9]{4}",
    r"|0[1-9][0-9]{1,3}[ /-][0-9]{3,4}[ -]?[0-9]{3,4}",
    r"|0(?:0|11)[1-9][0-9]{9,13}",
);
const NAMED: &str =
    r#"(?i)(?:phone|mobile|msisdn|e164|tel|fax)[a-z_]{0,20}[\\"' ]{0,4}[:= ][\\"' ]{0,4}([0-9]{7,15})(?-u:\b)"#;
/// Country codes of two digits; 1 and 7 have one, all others three.
const TWO_DIGITS: [u8; 43] = [
    20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58, 60, 61, 62,
    63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95,
];

/// The patterns of this file.
#[derive(Debug)]
pub(super) struct People {
    email: Regex,
    phone: Regex,
    named: Regex,
    date: Regex,
}

impl People {
    pub fn new() -> Self {
        let date = pattern(r"[0-9]{4}[-/ ][0-9]{2}[-/ ][0-9]{2}(?:[^0-9]|$)");
        Self { email: pattern(EMAIL), phone: pattern(PHONE), named: pattern(NAMED), date }
    }

    pub fn find(&self, text: &str, spans: &mut Spans<'_, '_>) {
        if text.contains('@') || text.contains("%40") {
            self.find_emails(text, spans);
        }
        let mut at = 0;
        while let Some(found) = self.phone.find_at(text, at) {
            at = found.end();
            if !self.is_phone(text, found.as_str(), found.start(), found.end()) {
                // Its first character may have been another word's.
                at = found.start() + 1;
                continue;
            }
            spans.add(found.range(), Replacement::Mask(mask_phone(found.as_str())));
        }
        for found in self.named.captures_iter(text) {
            if let Some(number) = found.get(1) {
                spans.add(number.range(), Replacement::Mask(mask_phone(number.as_str())));
            }
        }
    }

    fn find_emails(&self, text: &str, spans: &mut Spans<'_, '_>) {
        for found in self.email.captures_iter(text) {
            let (Some(all), Some(at)) = (found.get(0), found.get(1)) else { continue };
            if text[..all.start()].ends_with("://") {
                continue;
            }
            let first: String = all.as_str().chars().take(1).collect();
            let domain = &text[at.end()..all.end()];
            spans.add(all.range(), Replacement::Mask(format!("{first}***{}{domain}", at.as_str())));
        }
    }

    /// The right number of digits, not a date, and not a piece of a longer word or number.
    fn is_phone(&self, text: &str, found: &str, start: usize, end: usize) -> bool {
        let count = digits(found).count();
        let before = text[..start].chars().next_back();
        let mut after = text[end..].chars();
        let (next, second) = (after.next(), after.next());
        let joined_before = |c: char| c.is_alphanumeric() || "_.•+-/#$".contains(c);
        let coded = text[..start].ends_with("%20") || text[..start].ends_with("%3D") || text[..start].ends_with("%22");
        let joined_after = match next {
            Some(c) if c.is_alphanumeric() || c == '_' => true,
            Some('-' | '.' | ':') => second.is_some_and(|c| c.is_ascii_digit()),
            _ => false,
        };
        let start_ok =
            coded || found.starts_with("%2B") || before.is_none_or(|c| !joined_before(c) || is_path(found, c));
        (7..=15).contains(&count) && start_ok && !joined_after && !self.date.is_match(found)
    }
}

/// A number with its plus may follow a slash: that is how it stands in a path.
fn is_path(found: &str, before: char) -> bool {
    before == '/' && found.starts_with('+')
}

fn digits(text: &str) -> impl Iterator<Item = char> {
    text.strip_prefix("%2B").unwrap_or(text).chars().filter(char::is_ascii_digit)
}

/// `+1•••••••123`: country code and the last digits; of a national form the last digits only.
fn mask_phone(found: &str) -> String {
    let all: Vec<char> = digits(found).collect();
    let international = found.starts_with(['+', '(']) && found.contains('+') || found.starts_with("%2B");
    let code = if international { country_code(&all) } else { 0 };
    let last = if all.len() >= 10 { 3 } else { 2 };
    let hidden = all.len().saturating_sub(code + last);
    let plus = if !international {
        ""
    } else if found.starts_with("%2B") {
        "%2B"
    } else {
        "+"
    };
    let mut out = String::from(plus);
    out.extend(&all[..code]);
    out.extend(std::iter::repeat_n('•', hidden));
    out.extend(&all[all.len() - last.min(all.len())..]);
    out
}

/// How many digits the country code has.
fn country_code(all: &[char]) -> usize {
    let digit = |at: usize| all.get(at).and_then(|c| c.to_digit(10)).unwrap_or(0) as u8;
    match (digit(0), digit(0) * 10 + digit(1)) {
        (1 | 7, _) => 1,
        (_, two) if TWO_DIGITS.contains(&two) || two == 98 => 2,
        _ => 3,
    }
}
