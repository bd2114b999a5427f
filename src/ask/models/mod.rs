//! The models that may be asked, one after the other, each through the gateway and behind its breaker.
//!
//! A question never waits in a queue: a model whose breaker is open, whose day's money is spent or whose rate is used up is
//! passed over at once. What must stay true: the first that can be asked is asked, every call leaves a usage row with
//! its price, and the breakers in the database hear how it went.

mod anthropic;
mod desk;
mod gemini;
mod openai;
mod prices;

use serde_json::Value;

pub use desk::{ModelDesk, ModelOptions, Told, Unasked};
pub use prices::Tokens;

use crate::outcome::ErrorKind;
use crate::providers::Exchange;
use crate::providers::call::CallError;

/// A provider of models and the way it is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Api {
    /// OpenAI itself.
    OpenAi,
    /// OpenRouter: the same shape, errors also inside a 200.
    OpenRouter,
    /// Any server that speaks OpenAI's shape: Ollama, llama.cpp, vLLM.
    Compatible,
    Anthropic,
    Gemini,
}

/// A provider of models.
#[derive(Debug)]
pub struct Maker {
    /// Its id, as in the catalogue.
    pub id: &'static str,
    api: Api,
    /// Where it lives; none for the one whose address is a setting.
    pub base_url: Option<&'static str>,
    /// What is asked when the settings name no model.
    pub model: &'static str,
}

/// Every provider of models, in the order in which they are asked if the settings say nothing.
pub static MAKERS: &[Maker] = &[
    Maker { id: "openai", api: Api::OpenAi, base_url: Some("https://api.openai.com"), model: "gpt-4o-mini" },
    Maker {
        id: "anthropic",
        api: Api::Anthropic,
        base_url: Some("https://api.anthropic.com"),
        model: "claude-3-5-haiku-latest",
    },
    Maker {
        id: "gemini",
        api: Api::Gemini,
        base_url: Some("https://generativelanguage.googleapis.com"),
        model: "gemini-2.0-flash",
    },
    Maker {
        id: "openrouter",
        api: Api::OpenRouter,
        base_url: Some("https://openrouter.ai"),
        model: "openai/gpt-4o-mini",
    },
    Maker { id: "compatible", api: Api::Compatible, base_url: None, model: "default" },
];

/// The provider of models with this id.
pub fn maker(id: &str) -> Option<&'static Maker> {
    MAKERS.iter().find(|maker| maker.id == id)
}

/// What a model is asked: one instruction, then turns of user and model, the last by the user.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt {
    /// What it is for; never holds foreign text.
    pub system: String,
    /// Turns: `true` is the user's.
    pub turns: Vec<(bool, String)>,
    /// The shape of the answer, where it must be JSON.
    pub schema: Option<Value>,
    /// Most tokens of the answer.
    pub answer_tokens: u32,
}

/// What a model answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The text, or why there is none: it was cut off, it refused, it wanted a tool.
    pub text: Result<String, String>,
    /// What it cost in tokens.
    pub tokens: Tokens,
}

/// The address of a call: `path` behind the base URL, with the version's prefix where the base URL has no path of its own.
fn address(base_url: &str, prefix: &str, path: &str) -> String {
    let bare = base_url.splitn(4, '/').nth(3).is_none_or(str::is_empty);
    let base = base_url.trim_end_matches('/');
    if bare { format!("{base}{prefix}{path}") } else { format!("{base}{path}") }
}

/// The JSON body of an answer with this status.
fn body(exchange: &Exchange) -> Result<Value, CallError> {
    serde_json::from_slice(&exchange.body)
        .map_err(|_| CallError::new(ErrorKind::InvalidResponse, "the model's server sent something that is no JSON"))
}

/// An error without the provider's own sentence, which may repeat part of a key.
fn refusal(kind: ErrorKind, exchange: &Exchange, code: Option<&str>) -> CallError {
    let plain =
        |code: &&str| code.len() <= 60 && code.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    let code = code.filter(plain).map(str::to_owned);
    let said = code.as_deref().map_or_else(String::new, |code| format!(" ({code})"));
    let message = format!("HTTP {}{said}", exchange.status);
    CallError { code, retry_after: exchange.retry_after, ..CallError::new(kind, message) }
}

fn count(value: Option<&Value>) -> u64 {
    value.and_then(Value::as_u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_stands_in_the_address_once() {
        assert_eq!(
            address("https://api.openai.com", "/v1", "/chat/completions"),
            "https://api.openai.com/v1/chat/completions"
        );
        assert_eq!(
            address("http://127.0.0.1:11434/v1", "/v1", "/chat/completions"),
            "http://127.0.0.1:11434/v1/chat/completions"
        );
        assert_eq!(address("https://host/openai/", "/v1", "/x"), "https://host/openai/x");
    }

    #[test]
    fn every_maker_is_in_the_catalogue_and_has_no_lane() {
        for maker in MAKERS {
            assert!(
                crate::catalogue::provider(maker.id).is_some_and(|p| !p.has_lane && p.slot.is_some()),
                "{}",
                maker.id
            );
        }
    }
}
