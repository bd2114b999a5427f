//! OpenAI's chat completions and those who speak the same: <https://platform.openai.com/docs/api-reference/chat>,
//! <https://openrouter.ai/docs/api-reference/overview>.

use serde_json::{Value, json};

use super::{Api, Prompt, Reply, Tokens, body, count, refusal};
use crate::outcome::ErrorKind;
use crate::providers::Exchange;
use crate::providers::call::CallError;

pub(super) const PREFIX: &str = "/v1";
pub(super) const ROUTER_PREFIX: &str = "/api/v1";
pub(super) const PATH: &str = "/chat/completions";

/// The body of a request.
pub(super) fn request(api: Api, model: &str, prompt: &Prompt) -> Value {
    let turn =
        |(user, text): &(bool, String)| json!({ "role": if *user { "user" } else { "assistant" }, "content": text });
    let mut messages = vec![json!({ "role": "system", "content": prompt.system })];
    messages.extend(prompt.turns.iter().map(turn));
    let mut request = json!({ "model": model, "messages": messages });
    if let Some(schema) = &prompt.schema {
        request["response_format"] = json!({ "type": "json_schema",
            "json_schema": { "name": "filter", "strict": true, "schema": schema } });
    }
    // Reasoning models of OpenAI refuse `max_tokens` and any temperature but their own.
    if api == Api::OpenAi {
        request["max_completion_tokens"] = prompt.answer_tokens.into();
        request["store"] = false.into();
    } else {
        request["max_tokens"] = prompt.answer_tokens.into();
        request["temperature"] = 0.into();
    }
    request
}

/// The answer, or what went wrong.
pub(super) fn reply(exchange: &Exchange) -> Result<Reply, CallError> {
    if exchange.status != 200 {
        let body = body(exchange).unwrap_or_default();
        return Err(error(exchange, exchange.status, body.get("error").unwrap_or(&Value::Null)));
    }
    let body = body(exchange)?;
    if let Some(found) = body.get("error").filter(|error| !error.is_null()) {
        let status = found.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
        return Err(error(exchange, status.unwrap_or(502), found));
    }
    let Some(choice) = body.pointer("/choices/0").filter(|choice| choice.get("message").is_some_and(Value::is_object))
    else {
        return Err(CallError::new(ErrorKind::InvalidResponse, "the answer has no choices[0].message"));
    };
    let tokens = Tokens {
        input: count(body.pointer("/usage/prompt_tokens")),
        output: count(body.pointer("/usage/completion_tokens")),
    };
    let message = &choice["message"];
    let tools = ["tool_calls", "function_call"].iter().any(|key| {
        message.get(key).is_some_and(|call| !call.is_null() && call.as_array().is_none_or(|calls| !calls.is_empty()))
    });
    let text = match (choice.get("finish_reason").and_then(Value::as_str), message.get("content")) {
        _ if tools => Err("the model wanted to call a tool, and it has none".to_owned()),
        _ if message.get("refusal").is_some_and(|refusal| refusal.is_string()) => {
            Err("the model refused to answer".to_owned())
        }
        (Some("length"), _) => Err("the model's answer was cut off at its limit of tokens".to_owned()),
        (Some("content_filter"), _) => Err("the provider's content filter held the answer back".to_owned()),
        (_, Some(Value::String(text))) => Ok(text.clone()),
        _ => Err("the model's answer has no text".to_owned()),
    };
    Ok(Reply { text, tokens })
}

fn error(exchange: &Exchange, status: u16, error: &Value) -> CallError {
    let code = ["code", "type"].iter().find_map(|key| error.get(key).and_then(Value::as_str));
    let money = code.is_some_and(|code| ["quota", "billing", "credit"].iter().any(|word| code.contains(word)));
    let kind = match status {
        401 => ErrorKind::Auth,
        402 => ErrorKind::Quota,
        429 if money => ErrorKind::Quota,
        429 => ErrorKind::RateLimited,
        408 | 500..=599 => ErrorKind::UpstreamError,
        403 | 451 => ErrorKind::NotSupported,
        _ => ErrorKind::InvalidInput,
    };
    refusal(kind, exchange, code)
}
