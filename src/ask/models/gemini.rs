//! Google's Gemini: <https://ai.google.dev/api/generate-content>. The key travels in a header, never in the address.

use serde_json::{Value, json};

use super::{Prompt, Reply, Tokens, body, count, refusal};
use crate::outcome::ErrorKind;
use crate::providers::Exchange;
use crate::providers::call::CallError;

pub(super) const PREFIX: &str = "/v1beta";

/// The path of a model's call; a name with other characters than a model's is refused by the provider.
pub(super) fn path(model: &str) -> String {
    let plain: String = model.chars().filter(|c| c.is_ascii_alphanumeric() || "-._".contains(*c)).collect();
    format!("/models/{plain}:generateContent")
}

/// The body of a request.
pub(super) fn request(prompt: &Prompt) -> Value {
    let turn = |(user, text): &(bool, String)| json!({ "role": if *user { "user" } else { "model" }, "parts": [{ "text": text }] });
    let contents: Vec<Value> = prompt.turns.iter().map(turn).collect();
    let mut generation = json!({ "maxOutputTokens": prompt.answer_tokens, "temperature": 0 });
    if let Some(schema) = &prompt.schema {
        generation["responseMimeType"] = "application/json".into();
        generation["responseJsonSchema"] = schema.clone();
    }
    json!({ "systemInstruction": { "parts": [{ "text": prompt.system }] }, "contents": contents, "generationConfig": generation })
}

/// The answer, or what went wrong.
pub(super) fn reply(exchange: &Exchange) -> Result<Reply, CallError> {
    if exchange.status != 200 {
        return Err(error(exchange, &body(exchange).unwrap_or_default()));
    }
    let body = body(exchange)?;
    let usage = |name: &str| count(body.get("usageMetadata").and_then(|usage| usage.get(name)));
    let tokens = Tokens {
        input: usage("promptTokenCount"),
        output: usage("candidatesTokenCount") + usage("thoughtsTokenCount"),
    };
    if body.pointer("/promptFeedback/blockReason").is_some() {
        return Ok(Reply { text: Err("the provider's content filter held the question back".to_owned()), tokens });
    }
    let Some(candidate) = body.pointer("/candidates/0") else {
        return Err(CallError::new(ErrorKind::InvalidResponse, "the answer has no candidates"));
    };
    let parts = candidate.pointer("/content/parts").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let tool = parts.iter().any(|part| part.get("functionCall").is_some());
    let thought = |part: &&Value| part.get("thought") != Some(&Value::Bool(true));
    let text: String = parts.iter().filter(thought).filter_map(|part| part.get("text")?.as_str()).collect();
    let text = match candidate.get("finishReason").and_then(Value::as_str) {
        _ if tool => Err("the model wanted to call a tool, and it has none".to_owned()),
        Some("MAX_TOKENS") => Err("the model's answer was cut off at its limit of tokens".to_owned()),
        Some("STOP") | None if !text.is_empty() => Ok(text),
        Some("STOP") | None => Err("the model's answer has no text".to_owned()),
        Some(_) => Err("the provider's content filter held the answer back".to_owned()),
    };
    Ok(Reply { text, tokens })
}

fn error(exchange: &Exchange, body: &Value) -> CallError {
    let reasons = body.pointer("/error/details").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let reason = reasons.iter().find_map(|detail| detail.get("reason")?.as_str());
    let kind = match exchange.status {
        400 if reason == Some("API_KEY_INVALID") => ErrorKind::Auth,
        401 | 403 => ErrorKind::Auth,
        429 if daily(reasons) => ErrorKind::Quota,
        429 => ErrorKind::RateLimited,
        500..=599 => ErrorKind::UpstreamError,
        _ => ErrorKind::InvalidInput,
    };
    let status = body.pointer("/error/status").and_then(Value::as_str);
    refusal(kind, exchange, reason.or(status))
}

/// Whether the quota that is used up is one of the day.
fn daily(details: &[Value]) -> bool {
    let quotas = details.iter().filter_map(|detail| detail.get("violations")?.as_array()).flatten();
    quotas.filter_map(|violation| violation.get("quotaId")?.as_str()).any(|id| id.contains("PerDay"))
}
