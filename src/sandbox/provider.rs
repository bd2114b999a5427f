//! The list of stand-ins. A provider is one row here and one file (or folder) that answers as strictly as the original.
//!
//! The first provider has the root of the server as its base URL; the others have `/<id>`.

use axum::http::{HeaderMap, Method};
use serde_json::Value;

use super::{clearbit, hunter, keys::Keys, models, numverify, truecaller, twilio, whitepages, zerobounce};

/// A request to a provider, its own part of the path only.
pub(super) struct Asked<'a> {
    pub(super) method: &'a Method,
    /// Without query and without the provider's prefix; still percent-encoded.
    pub(super) path: &'a str,
    /// The text behind the question mark, still encoded.
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
    /// What was sent with it, at most a mebibyte.
    pub(super) body: &'a [u8],
    /// What must be presented.
    pub(super) keys: &'a Keys,
}

/// What is sent back.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) content_type: &'static str,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: Vec::new(), content_type: "application/json", body: body.to_string() }
    }

    pub(super) fn html(status: u16, body: String) -> Self {
        Self { status, headers: Vec::new(), content_type: "text/html", body }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// One stand-in.
pub(super) struct Provider {
    /// Its id, as everywhere.
    pub(super) id: &'static str,
    /// Its name in our variables.
    pub(super) settings: &'static str,
    /// What stands between its prefix and its paths in a base URL.
    pub(super) base: &'static str,
    /// How slow it is beside Twilio.
    pub(super) pace: f64,
    /// Answers when all is well; refuses what the original would refuse.
    pub(super) answer: fn(&Asked<'_>) -> Answer,
    /// What this status stands for, in the original's own way: 401 a refused key, 402 a used-up quota, 202 a record that is
    /// not there yet. Its own status may be another one.
    pub(super) error: fn(u16) -> Answer,
    /// Too many calls now, in the original's own way; so many seconds to wait, if it says so.
    pub(super) busy: fn(u32) -> Answer,
    /// What a path asks about, decoded, for the list of calls and for the latency; empty if nothing.
    pub(super) subject: fn(&Asked<'_>) -> String,
}

/// Every stand-in, in the order of the scenarios.
pub(super) static PROVIDERS: &[Provider] = &[
    twilio::PROVIDER,
    clearbit::PHONE,
    clearbit::COMPANY,
    clearbit::EMAIL,
    numverify::PROVIDER,
    hunter::PROVIDER,
    zerobounce::PROVIDER,
    whitepages::PROVIDER,
    truecaller::PROVIDER,
    models::OPENAI,
    models::ANTHROPIC,
    models::GEMINI,
    models::OPENROUTER,
    models::COMPATIBLE,
];
/// So many of them, at the end, are models.
pub(super) const MODELS: usize = 5;

/// Which provider a path means, and the provider's own part of it.
pub(super) fn find(path: &str) -> (usize, &str) {
    for (index, provider) in PROVIDERS.iter().enumerate() {
        let own = path.strip_prefix('/').and_then(|path| path.strip_prefix(provider.id));
        if let Some(own) = own.filter(|own| own.starts_with('/')) {
            return (index, own);
        }
    }
    (0, path)
}

/// The index of the provider with this id.
pub(super) fn index(id: &str) -> Option<usize> {
    PROVIDERS.iter().position(|provider| provider.id == id)
}

/// Percent-decoding of a path, where `+` is itself; none if that gives no UTF-8 or an escape is cut short.
pub(super) fn decode(path: &str) -> Option<String> {
    let mut bytes = path.bytes();
    let mut plain = Vec::with_capacity(path.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            if !digits.iter().all(u8::is_ascii_hexdigit) {
                return None;
            }
            plain.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            plain.push(byte);
        }
    }
    String::from_utf8(plain).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_answers_under_its_own_prefix_and_the_first_also_at_the_root() {
        assert_eq!(find("/twilio/v2/PhoneNumbers/1"), (0, "/v2/PhoneNumbers/1"));
        assert_eq!(find("/v2/PhoneNumbers/1"), (0, "/v2/PhoneNumbers/1"));
        assert_eq!(find("/twiliox/v2"), (0, "/twiliox/v2"));
    }

    #[test]
    fn paths_are_decoded_or_refused_whole() {
        assert_eq!(decode("%2B1415+%C3%A9").as_deref(), Some("+1415+é"));
        assert_eq!(decode("%2"), None);
        assert_eq!(decode("%+1"), None);
        assert_eq!(decode("%FF"), None);
    }
}
