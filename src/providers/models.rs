//! Providers of models: how a key is presented, and the free call that tells whether it is taken. What they are asked stands
//! above, in `ask/models`.
//!
//! Sources: <https://platform.openai.com/docs/api-reference/models/list>, <https://docs.anthropic.com/en/api/models-list>,
//! <https://ai.google.dev/api/models>, <https://openrouter.ai/docs/api-reference/get-current-api-key>.

use reqwest::{Client, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::call::{CallError, Exchange};
use super::gateway::Line;
use super::refusal;
use super::verify::{Check, hidden};
use crate::outcome::ErrorKind;
use crate::vault::Credential;

/// Required with every call to Anthropic.
const ANTHROPIC_VERSION: &str = "2023-06-01";

/// The list of models, which costs nothing.
pub static OPENAI: Check = Check {
    slot: "openai",
    provider: "openai",
    build: |client, line, credential| bearer(client, line, credential, ("/v1", "/models")),
    judge: |exchange| judge(exchange, &[401]),
};
/// The list of models.
pub static ANTHROPIC: Check = Check {
    slot: "anthropic",
    provider: "anthropic",
    build: |client, line, credential| {
        let request = client.get(address(&line.base_url, "/v1", "/models"));
        request.header("x-api-key", hidden(key(credential))).header("anthropic-version", ANTHROPIC_VERSION)
    },
    judge: |exchange| judge(exchange, &[401]),
};
/// The list of models; a wrong key is a 400 here.
pub static GEMINI: Check = Check {
    slot: "gemini",
    provider: "gemini",
    build: |client, line, credential| {
        let request = client.get(address(&line.base_url, "/v1beta", "/models"));
        request.header("x-goog-api-key", hidden(key(credential)))
    },
    judge: |exchange| match judge(exchange, &[401, 403]) {
        Err(error) if exchange.status == 400 && is_key_invalid(exchange) => {
            Err(CallError { kind: ErrorKind::Auth, ..error })
        }
        judged => judged,
    },
};
/// What the key itself may: its list of models answers without one.
pub static OPENROUTER: Check = Check {
    slot: "openrouter",
    provider: "openrouter",
    build: |client, line, credential| bearer(client, line, credential, ("/api/v1", "/key")),
    judge: |exchange| judge(exchange, &[401]),
};
/// The list of models, which servers of this kind have, too.
pub static COMPATIBLE: Check = Check {
    slot: "compatible",
    provider: "compatible",
    build: |client, line, credential| bearer(client, line, credential, ("/v1", "/models")),
    judge: |exchange| judge(exchange, &[401, 403]),
};

/// The address of a call: `path` behind the base URL, with the version's prefix where the base URL has no path of its own.
pub fn address(base_url: &str, prefix: &str, path: &str) -> String {
    let bare = base_url.splitn(4, '/').nth(3).is_none_or(str::is_empty);
    let base = base_url.trim_end_matches('/');
    if bare { format!("{base}{prefix}{path}") } else { format!("{base}{path}") }
}

fn key(credential: &Credential) -> &str {
    credential.field("api_key").map(ExposeSecret::expose_secret).unwrap_or_default()
}

fn bearer(client: &Client, line: &Line, credential: &Credential, (prefix, path): (&str, &str)) -> RequestBuilder {
    client
        .get(address(&line.base_url, prefix, path))
        .header("authorization", hidden(&format!("Bearer {}", key(credential))))
}

/// Whether the key is taken: a 403 of most is a right that it lacks, not a key that is wrong.
fn judge(exchange: &Exchange, refused: &[u16]) -> Result<(), CallError> {
    let kind = match exchange.status {
        200 => return Ok(()),
        status if refused.contains(&status) => ErrorKind::Auth,
        _ => match refusal::kind_of(exchange) {
            ErrorKind::Auth => ErrorKind::Denied,
            other => other,
        },
    };
    // The provider's own sentence may repeat part of the key.
    Err(CallError::new(kind, format!("HTTP {}", exchange.status)))
}

fn is_key_invalid(exchange: &Exchange) -> bool {
    let body: Value = serde_json::from_slice(&exchange.body).unwrap_or_default();
    let details = body.pointer("/error/details").and_then(Value::as_array);
    details.is_some_and(|all| all.iter().any(|detail| detail["reason"] == "API_KEY_INVALID"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_stands_in_the_address_once() {
        let of = |base: &str| address(base, "/v1", "/models");
        assert_eq!(of("https://api.openai.com"), "https://api.openai.com/v1/models");
        assert_eq!(of("http://127.0.0.1:11434/v1"), "http://127.0.0.1:11434/v1/models");
        assert_eq!(of("https://host/openai/"), "https://host/openai/models");
    }

    #[test]
    fn a_right_that_a_key_lacks_does_not_make_it_a_wrong_key() {
        let kind = |check: &Check, status: u16, body: &str| {
            (check.judge)(&Exchange::new(status, body.as_bytes())).map_err(|error| error.kind)
        };
        assert_eq!(kind(&OPENAI, 200, "{}"), Ok(()));
        assert_eq!(kind(&OPENAI, 401, "{}"), Err(ErrorKind::Auth));
        assert_eq!(kind(&OPENAI, 403, "{}"), Err(ErrorKind::Denied));
        assert_eq!(kind(&GEMINI, 400, r#"{"error":{"details":[{"reason":"API_KEY_INVALID"}]}}"#), Err(ErrorKind::Auth));
        assert_ne!(kind(&GEMINI, 400, "{}"), Err(ErrorKind::Auth));
        assert_eq!(kind(&ANTHROPIC, 529, ""), Err(ErrorKind::UpstreamError));
    }
}
