//! Secrets that a sentence, an option or a neighbouring field tells: `password for ann is …`, `--token …`, `curl -u a:…`.
//!
//! No sign stands between name and value here, so that a value must look like a secret to be taken for one.

use regex::Regex;

use super::names::{Site, is_of_header};
use super::pairs::QUOTE;
use super::span::{Replacement, Spans};
use super::{pattern, value};

/// A value up to a blank or a quote. Without an upper bound: a pattern that counts is a large one.
const VALUE: &str = r#"(?P<value>[!-~&&[^"'`<>]]{6,})"#;
/// Longest value, in bytes.
const MAX_VALUE: usize = 512;

/// The patterns of this file. Those for what follows a name begin right behind it.
#[derive(Debug)]
pub(super) struct Told {
    beside: Regex,
    password: Regex,
    named: Regex,
    option: Regex,
    element: Regex,
    login: Regex,
    user: Regex,
}

impl Told {
    pub fn new() -> Self {
        let words = r"(?:[ \t]+(?:is|was|value|of|to|set to|changed to))?";
        Self {
            beside: pattern(&format!(
                r"(?i)^(?:{words}[ \t]+{QUOTE}?|[(]\s*b?{QUOTE})(?P<value>[a-z0-9_.+/=~-]{{20,}})"
            )),
            password: pattern(&format!(
                r"(?i)^(?:[ \t]+(?:for|of)[ \t]+[!-~]+)?[ \t]+(?:is|was|set to|changed to)[ \t]+{QUOTE}?{VALUE}"
            )),
            named: pattern(&format!(
                r"(?i)^{QUOTE}[ \t]*,?[ \t]*{QUOTE}?value{QUOTE}?[ \t]*[:=][ \t]*{QUOTE}(?P<value>[!-~&&[^\x22'`\\<>]]{{6,}})"
            )),
            option: pattern(&format!(r"^[ \t]+{QUOTE}?{VALUE}")),
            element: pattern(r"^(?:[ \t][^<>]*)?>(?P<value>[^<>]+)</"),
            login: pattern(&format!(r"(?i)(?-u:\b)login[ \t]+[!-~]+[ \t]+password[ \t]+{VALUE}")),
            user: pattern(&format!(
                r#"(?i)(?:--(?:proxy-)?user[ =]|curl[^\n]*?[ \t]-u[ \t]?){QUOTE}?[!-~&&[^:"'`]]+:{VALUE}"#
            )),
        }
    }

    /// What stands behind a name.
    pub fn find_behind(&self, text: &str, site: Site, spans: &mut Spans<'_, '_>) {
        let name = site.name(text);
        behind(&self.beside, text, site, spans, value::is_token_like);
        if name.starts_with("pass") || name == "pwd" {
            behind(&self.password, text, site, spans, value::is_mixed);
        }
        behind(&self.named, text, site, spans, value::is_mixed);
        let before = site.before(text, is_of_header);
        let edge = text[..site.start - before.len()].chars().next_back();
        if before.starts_with('-') && edge.is_none_or(|c| c.is_whitespace() || c == '[') {
            behind(&self.option, text, site, spans, is_given);
        }
        let tag = site.before(text, |byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte));
        if text[..site.start - tag.len()].ends_with('<') {
            behind(&self.element, text, site, spans, |piece| !value::is_innocent(&name, piece));
        }
    }

    /// What no name of a secret stands before, in any text.
    pub fn find(&self, text: &str, spans: &mut Spans<'_, '_>) {
        if text.contains("curl") || text.contains("--user") || text.contains("--proxy-user") {
            for found in self.user.captures_iter(text) {
                let inner = found.name("value").map(|inner| inner.range());
                inner.into_iter().for_each(|range| spans.add_if(range, Replacement::Shape("secret"), is_given));
            }
        }
        if text.contains("login") {
            for found in self.login.captures_iter(text) {
                let inner = found.name("value").map(|inner| inner.range());
                inner.into_iter().for_each(|range| spans.add(range, Replacement::Shape("secret")));
            }
        }
    }
}

/// Hides the value of a rule right behind a name.
fn behind(rule: &Regex, text: &str, site: Site, spans: &mut Spans<'_, '_>, is_secret: impl Fn(&str) -> bool) {
    if let Some(inner) = rule.captures(&text[site.end..]).and_then(|found| found.name("value")) {
        let start = site.end + inner.start();
        let end = start + inner.as_str().floor_char_boundary(MAX_VALUE);
        spans.add_if(start..end, Replacement::Shape("secret"), is_secret);
    }
}

/// What an option is given: no further option, no file, no word, no number.
fn is_given(value: &str) -> bool {
    !value.starts_with(['-', '/', '.', '@']) && value::is_mixed(value) && !value::is_innocent("password", value)
}
