//! Answers that are no success, as typed errors: what a status means where the provider's own code says nothing.

use serde_json::Value;

use super::call::{CallError, Exchange};
use crate::outcome::ErrorKind;

/// The code of a refusal to process a person's data (HTTP 451): the person is never asked for again, and what the
/// provider gave is deleted.
pub const OPTED_OUT: &str = "opted_out";

/// The longest of a provider's own words that is kept, in characters.
const WORDS_MAX: usize = 200;

/// What a status means when nothing else is said.
pub fn kind_of_status(status: u16) -> ErrorKind {
    match status {
        401 | 403 => ErrorKind::Auth,
        402 => ErrorKind::Quota,
        404 | 405 | 406 | 415 => ErrorKind::Configuration,
        408 => ErrorKind::Timeout,
        409 | 429 => ErrorKind::RateLimited,
        451 => ErrorKind::NotSupported,
        400..=499 => ErrorKind::InvalidInput,
        500..=599 => ErrorKind::UpstreamError,
        _ => ErrorKind::InvalidResponse,
    }
}

/// The same for an answer whose "not found" should be JSON: a page that is none comes from something in between, which is
/// an outage and passes, not a wrong address.
pub fn kind_of(exchange: &Exchange) -> ErrorKind {
    match exchange.status {
        404 if json(exchange).is_none() => ErrorKind::InvalidResponse,
        status => kind_of_status(status),
    }
}

/// An error of this kind about this answer, in the provider's words if there are any.
pub fn refusal(exchange: &Exchange, kind: ErrorKind, code: Option<String>, words: Option<&str>) -> CallError {
    let message = words.map(plain).filter(|words| !words.is_empty());
    CallError {
        kind,
        http_status: Some(i32::from(exchange.status)),
        code: code.map(|code| plain(&code)),
        message: message.unwrap_or_else(|| format!("HTTP {}", exchange.status)),
        retry_after: exchange.retry_after,
    }
}

/// A success whose body can't be read.
pub fn unreadable(exchange: &Exchange) -> CallError {
    let message = format!("HTTP {} without an answer that can be read", exchange.status);
    refusal(exchange, ErrorKind::InvalidResponse, None, Some(&message))
}

/// The body as JSON, if it is any.
pub fn json(exchange: &Exchange) -> Option<Value> {
    serde_json::from_slice(&exchange.body).ok()
}

/// One line of foreign words without people, addresses and long numbers.
fn plain(words: &str) -> String {
    let word = |word: &str| {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        let private = word.contains('@') || word.contains("://") || digits > 6;
        if private { "…".to_owned() } else { word.to_owned() }
    };
    let visible: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(WORDS_MAX).collect();
    visible.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_words_carry_no_person_and_no_address() {
        let exchange = Exchange::new(422, b"");
        let words = "no\u{1b}[2J jane@northwind.example at https://x/?api_key=1 for +14155550123";
        let error = refusal(&exchange, ErrorKind::InvalidInput, None, Some(words));
        assert_eq!(error.message, "no [2J … at … for …");
        assert_eq!(refusal(&exchange, ErrorKind::InvalidInput, None, Some(" ")).message, "HTTP 422");
    }
}
