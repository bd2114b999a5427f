//! OpenAI's chat completions, and those who speak the same: <https://platform.openai.com/docs/api-reference/chat>.

use serde_json::{Map, Value, json};

use super::super::provider::{Answer, Asked, Provider};
use super::{is_header, is_strict, object, says, served, subject, tokens};

pub(in super::super) const OPENAI: Provider = Provider {
    id: "openai",
    settings: "OPENAI",
    base: "/v1",
    pace: 8.0,
    answer: |asked| answer(asked, "openai", "/v1/chat/completions"),
    error,
    busy,
    subject,
};
pub(in super::super) const OPENROUTER: Provider = Provider {
    id: "openrouter",
    settings: "OPENROUTER",
    base: "/api/v1",
    answer: |asked| answer(asked, "openrouter", "/api/v1/chat/completions"),
    ..OPENAI
};
pub(in super::super) const COMPATIBLE: Provider = Provider {
    id: "compatible",
    settings: "COMPATIBLE",
    base: "/v1",
    answer: |asked| answer(asked, "compatible", "/v1/chat/completions"),
    ..OPENAI
};

const KNOWN: [&str; 7] =
    ["model", "messages", "max_completion_tokens", "max_tokens", "temperature", "response_format", "store"];
const ROLES: [&str; 4] = ["system", "developer", "user", "assistant"];

fn answer(asked: &Asked<'_>, slot: &str, path: &str) -> Answer {
    let has_key = is_header(asked, "authorization", &format!("Bearer {}", asked.keys.of(slot)));
    // What tells whether a key is taken: OpenRouter lists its models to anybody.
    let free = if slot == "openrouter" { "/api/v1/key" } else { "/v1/models" };
    if asked.path == free && asked.method == "GET" {
        let list = json!({ "object": "list", "data": [{ "id": "sandbox-model", "object": "model" }] });
        return if has_key { Answer::json(200, &list) } else { error(401) };
    }
    if asked.path != path {
        return served("not found");
    }
    if asked.method != "POST" {
        return refusal(405, "invalid_request_error", None, "Not allowed to GET on /v1/chat/completions.");
    }
    if !has_key {
        return error(401);
    }
    let judged = object(asked, &KNOWN).and_then(|body| judge(&body, slot).map(|(turn, filter)| (body, turn, filter)));
    let (body, turn, filter) = match judged {
        Ok(judged) => judged,
        Err(why) => return refusal(400, "invalid_request_error", None, &why),
    };
    let text = says(&turn, filter);
    let (input, output) = (tokens(&Value::Object(body.clone()).to_string()), tokens(&text));
    Answer::json(
        200,
        &json!({ "id": "chatcmpl-sandbox", "object": "chat.completion", "created": 1_750_000_000, "model": body["model"],
            "choices": [{ "index": 0, "message": { "role": "assistant", "content": text, "refusal": null }, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output } }),
    )
}

/// The first turn of the user, and whether a filter is wanted.
fn judge(body: &Map<String, Value>, slot: &str) -> Result<(String, bool), String> {
    if !body.get("model").is_some_and(Value::is_string) {
        return Err("you must provide a model parameter".to_owned());
    }
    let messages = body.get("messages").and_then(Value::as_array).filter(|messages| !messages.is_empty());
    let messages = messages.ok_or("[] is too short - 'messages'")?;
    for message in messages {
        let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
        if !ROLES.contains(&role) || !message.get("content").is_some_and(Value::is_string) {
            return Err("Invalid value for 'messages'".to_owned());
        }
    }
    if slot == "openai" && (body.contains_key("max_tokens") || body.contains_key("temperature")) {
        return Err("Unsupported parameter: use 'max_completion_tokens', and the default temperature".to_owned());
    }
    // Turns of repair come behind the question.
    let question =
        messages.iter().find(|message| message["role"] == "user").and_then(|message| message["content"].as_str());
    let question = question.ok_or("a message of the user is missing")?;
    let Some(format) = body.get("response_format") else { return Ok((question.to_owned(), false)) };
    let schema =
        format.get("json_schema").filter(|_| format["type"] == "json_schema").ok_or("Invalid response_format")?;
    let name = schema.get("name").and_then(Value::as_str).is_some_and(|name| (1..=64).contains(&name.len()));
    if !name || schema["strict"] != true || !schema["schema"].is_object() || !is_strict(&schema["schema"]) {
        return Err(
            "Invalid schema for response_format: 'additionalProperties' and 'required' in every object".to_owned()
        );
    }
    Ok((question.to_owned(), true))
}

fn error(status: u16) -> Answer {
    match status {
        401 => {
            refusal(401, "invalid_request_error", Some("invalid_api_key"), "Incorrect API key provided: test****key.")
        }
        402 => refusal(429, "insufficient_quota", Some("insufficient_quota"), "You exceeded your current quota."),
        404 => refusal(404, "invalid_request_error", Some("model_not_found"), "The model does not exist."),
        429 => refusal(429, "requests", Some("rate_limit_exceeded"), "Rate limit reached."),
        503 => refusal(503, "server_error", None, "The engine is currently overloaded, please try again later."),
        status => refusal(status, "server_error", None, "The server had an error while processing your request."),
    }
}

fn busy(seconds: u32) -> Answer {
    error(429).with("retry-after", seconds.to_string()).with("x-ratelimit-reset-requests", format!("{seconds}s"))
}

fn refusal(status: u16, kind: &str, code: Option<&str>, message: &str) -> Answer {
    Answer::json(status, &json!({ "error": { "message": message, "type": kind, "param": null, "code": code } }))
}
