//! Secrets that their own shape betrays: prefixes, tokens, private keys, user info of a URL.

use regex::Regex;

use super::clues::{Clues, has_run};
use super::pattern;
use super::span::{Replacement, Spans};

/// What may stand before a token besides a word's edge: an escape whose last character looks like a letter.
const EDGE: &str = r"(?:(?-u:\b)|%[0-9A-Fa-f]{2}|\\[nrt]|\\u[0-9A-Fa-f]{4}|\[[0-9;]{0,9}m)";

/// Kind and shape, tried in this order at each place.
const TOKENS: [(&str, &str); 15] = [
    ("twilio-sid", r"AC[0-9a-fA-F]{32}(?-u:\b)"),
    ("twilio-key", r"SK[0-9a-fA-F]{32}(?-u:\b)"),
    ("clearbit", r"sk_[0-9a-z]{32}(?-u:\b)"),
    ("api-key", r"sk-[A-Za-z0-9_-]{16,}|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/]{24,}"),
    ("google", r"AIza[0-9A-Za-z_-]{35}|ya29\.[0-9A-Za-z_.-]{20,}|GOCSPX-[0-9A-Za-z_-]{20,}|1//0[0-9A-Za-z_-]{30,}"),
    ("hubspot", r"pat-[a-z]{2}[0-9]-[0-9a-f-]{36}"),
    ("slack", r"(?:xox[abeprs]|xapp)-[A-Za-z0-9-]{10,}"),
    ("slack-hook", r"hooks\.slack\.com/services/[A-Za-z0-9/_-]{8,}"),
    ("jwt", r"ey[A-Za-z0-9_-]{6,}\.ey[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_.-]*"),
    ("github", r"gh[opsur]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,}|gl[a-z]{2,5}-[A-Za-z0-9_-]{20,}"),
    ("cloud-key", r"(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}(?-u:\b)|SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}"),
    ("signature", r"v[01]=[0-9a-f]{64}(?-u:\b)"),
    (
        "bot",
        r"(?:bot)?[0-9]{8,10}:AA[A-Za-z0-9_-]{33}|[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}",
    ),
    ("mail-key", r"key-[0-9a-f]{32}(?-u:\b)|[0-9a-f]{32}-us[0-9]{1,2}(?-u:\b)|xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}"),
    ("token", MAKERS),
];

/// What other makers give out: a beginning of their own, then characters at random.
const MAKERS: &str = concat!(
    r"(?:npm|hf|lin_api|glsa|glc|gsk|sbp|ntn|figd|tvly|rubygems|pscale_tkn|lin_oauth|nfp|shp(?:at|ca|pa|ss)|do[opr]_v1)_[A-Za-z0-9_]{30,}",
    r"|(?:pypi-AgEI|pplx-|xai-|sq0[a-z]{3}-|PMAK-|NRAK-|ATATT3|ATCTT3|CFPAT-)[A-Za-z0-9_=-]{20,}|r8_[A-Za-z0-9]{37}",
    r"|dapi[0-9a-f]{32}|hv[sbr]\.[A-Za-z0-9_-]{24,}|dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9.]{40,}|AGE-SECRET-KEY-1[0-9A-Z]{50,}",
);

const PRIVATE_KEY: &str =
    r"(?s)-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY.*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\z)";
const USER_INFO: &str = concat!(
    r#"(?i)[a-z][a-z0-9+.-]{0,30}(?:://|%3A%2F%2F)(?:"#,
    r#"[^\s/?\#:@"'<>]{0,256}(?::|%3A)([^\s/?\#"'<>]{1,512})(?:@|%40)|([^\s/?\#:@"'<>]{20,256})@)"#
);
/// Hex digits in a row, at the least, of what [`HEX_IN_CONTEXT`] finds.
const HEX_DIGITS: usize = 32;
/// A token of 32 hex digits as a value in a query, or as the password beside an account or key identifier.
const HEX_IN_CONTEXT: &str = concat!(
    r"(?i)(?:(?:[?&]|&amp;|\\u0026|%3F|%26)[A-Za-z0-9_.\[\]-]{1,64}(?:=|%3D|\\u003d)([0-9a-f]{32})(?-u:\b)",
    r"|(?-u:\b)(?:AC|SK)[0-9a-f]{32}(?::|%3A)([A-Za-z0-9]{32})(?-u:\b))"
);

/// The patterns of this file.
#[derive(Debug)]
pub(super) struct Shapes {
    tokens: Regex,
    private_key: Regex,
    user_info: Regex,
    hex: Regex,
}

impl Shapes {
    pub fn new() -> Self {
        let shapes: Vec<_> = TOKENS.iter().map(|(_, shape)| format!("({shape})")).collect();
        Self {
            tokens: pattern(&format!("{EDGE}(?:{})", shapes.join("|"))),
            private_key: pattern(PRIVATE_KEY),
            user_info: pattern(USER_INFO),
            hex: pattern(HEX_IN_CONTEXT),
        }
    }

    pub fn find(&self, text: &str, clues: &Clues, spans: &mut Spans<'_, '_>) {
        if clues.tokens {
            self.find_tokens(text, spans);
        }
        if !clues.names.is_empty() && text.contains("PRIVATE KEY") {
            for found in self.private_key.find_iter(text) {
                spans.add(found.range(), Replacement::Shape("private-key"));
            }
        }
        if text.contains('@') || text.contains("%40") {
            for found in self.user_info.captures_iter(text) {
                if let Some(password) = found.get(1).or(found.get(2)) {
                    spans.add_if(password.range(), Replacement::Shape("password"), |piece| !piece.starts_with('$'));
                }
            }
        }
    }

    fn find_tokens(&self, text: &str, spans: &mut Spans<'_, '_>) {
        for found in self.tokens.captures_iter(text) {
            for (group, (kind, _)) in (1..).zip(&TOKENS) {
                let Some(token) = found.get(group) else { continue };
                if *kind == "api-key" && is_kebab_prose(token.as_str()) {
                    continue;
                }
                // The host of a hook is worth reading, its path is the secret.
                let skip = if *kind == "slack-hook" { "hooks.slack.com/services/".len() } else { 0 };
                spans.add(token.start() + skip..token.end(), Replacement::Shape(kind));
            }
        }
        if !has_run(text.as_bytes(), HEX_DIGITS, |byte| byte.is_ascii_hexdigit()) {
            return;
        }
        for found in self.hex.captures_iter(text) {
            if let Some(token) = found.get(1).or(found.get(2)) {
                spans.add(token.range(), Replacement::Shape("token"));
            }
        }
    }
}

/// Every shape that a clue has to announce.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    TOKENS.iter().map(|(_, shape)| *shape)
}

/// Words joined by hyphens are a name, such as that of a branch, not a key.
fn is_kebab_prose(token: &str) -> bool {
    token.split('-').all(|word| (2..=12).contains(&word.len()) && word.chars().all(|c| c.is_ascii_lowercase()))
}
