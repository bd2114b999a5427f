//! Anthropic's messages: <https://docs.anthropic.com/en/api/messages>.

use serde_json::{Value, json};

use super::{Prompt, Reply, Tokens, body, count, refusal};
use crate::outcome::ErrorKind;
use crate::providers::Exchange;
use crate::providers::call::CallError;

pub(super) const PREFIX: &str = "/v1";
pub(super) const PATH: &str = "/messages";
/// Required with every call.
pub(super) const VERSION: &str = "2023-06-01";

/// The body of a request; the shape of the answer stands in the instruction.
pub(super) fn request(model: &str, prompt: &Prompt) -> Value {
    let turn =
        |(user, text): &(bool, String)| json!({ "role": if *user { "user" } else { "assistant" }, "content": text });
    let system = match &prompt.schema {
        Some(schema) => {
            format!("{}\nAnswer with one JSON value of this JSON Schema and nothing else:\n{schema}", prompt.system)
        }
        None => prompt.system.clone(),
    };
    let messages: Vec<Value> = prompt.turns.iter().map(turn).collect();
    json!({ "model": model, "max_tokens": prompt.answer_tokens, "temperature": 0, "system": system, "messages": messages })
}

/// The answer, or what went wrong.
pub(super) fn reply(exchange: &Exchange) -> Result<Reply, CallError> {
    if exchange.status != 200 {
        let body = body(exchange).unwrap_or_default();
        return Err(refusal(kind(exchange.status), exchange, body.pointer("/error/type").and_then(Value::as_str)));
    }
    let body = body(exchange)?;
    let Some(content) = body.get("content").and_then(Value::as_array) else {
        return Err(CallError::new(ErrorKind::InvalidResponse, "the answer has no content"));
    };
    let tokens = Tokens {
        input: count(body.pointer("/usage/input_tokens")),
        output: count(body.pointer("/usage/output_tokens")),
    };
    let typed = |entry: &&Value, name: &str| entry.get("type").and_then(Value::as_str) == Some(name);
    let tool = content.iter().any(|entry| typed(&entry, "tool_use") || typed(&entry, "server_tool_use"));
    let texts = content.iter().filter(|entry| typed(entry, "text")).filter_map(|entry| entry.get("text")?.as_str());
    let text: String = texts.collect();
    let text = match body.get("stop_reason").and_then(Value::as_str) {
        _ if tool => Err("the model wanted to call a tool, and it has none".to_owned()),
        Some("tool_use") => Err("the model wanted to call a tool, and it has none".to_owned()),
        Some("refusal") => Err("the model refused to answer".to_owned()),
        Some("max_tokens") => Err("the model's answer was cut off at its limit of tokens".to_owned()),
        _ if text.is_empty() => Err("the model's answer has no text".to_owned()),
        _ => Ok(text),
    };
    Ok(Reply { text, tokens })
}

fn kind(status: u16) -> ErrorKind {
    match status {
        401 | 403 => ErrorKind::Auth,
        402 => ErrorKind::Quota,
        429 => ErrorKind::RateLimited,
        500..=599 => ErrorKind::UpstreamError,
        _ => ErrorKind::InvalidInput,
    }
}
