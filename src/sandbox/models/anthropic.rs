//! Anthropic's messages: <https://docs.anthropic.com/en/api/messages>.

use serde_json::{Map, Value, json};

use super::super::provider::{Answer, Asked, Provider};
use super::{is_header, object, says, served, subject, tokens};

pub(in super::super) const ANTHROPIC: Provider = Provider {
    id: "anthropic",
    settings: "ANTHROPIC",
    base: "/v1",
    pace: 8.0,
    answer,
    error,
    busy: |seconds| error(429).with("retry-after", seconds.to_string()),
    subject,
};

const KNOWN: [&str; 6] = ["model", "max_tokens", "system", "messages", "temperature", "metadata"];

fn answer(asked: &Asked<'_>) -> Answer {
    let lists = asked.path == "/v1/models" && asked.method == "GET";
    if !lists && (asked.path != "/v1/messages" || asked.method != "POST") {
        return served("not found");
    }
    if !is_header(asked, "x-api-key", asked.keys.of("anthropic")) {
        return error(401);
    }
    if !is_header(asked, "anthropic-version", "2023-06-01") {
        return refusal(400, "invalid_request_error", "anthropic-version: header is required");
    }
    if lists {
        return Answer::json(200, &json!({ "data": [{ "type": "model", "id": "sandbox-model" }], "has_more": false }));
    }
    let judged = object(asked, &KNOWN).and_then(|body| judge(&body).map(|turn| (body, turn)));
    let (body, turn) = match judged {
        Ok(judged) => judged,
        Err(why) => return refusal(400, "invalid_request_error", &why),
    };
    let filter = body.get("system").and_then(Value::as_str).is_some_and(|system| system.contains("JSON Schema"));
    let text = says(&turn, filter);
    Answer::json(
        200,
        &json!({ "id": "msg_sandbox", "type": "message", "role": "assistant", "model": body["model"],
            "content": [{ "type": "text", "text": text }], "stop_reason": "end_turn", "stop_sequence": null,
            "usage": { "input_tokens": tokens(&Value::Object(body.clone()).to_string()), "output_tokens": tokens(&text) } }),
    )
}

fn judge(body: &Map<String, Value>) -> Result<String, String> {
    if !body.get("model").is_some_and(Value::is_string) {
        return Err("model: Field required".to_owned());
    }
    if body.get("max_tokens").and_then(Value::as_u64).is_none_or(|tokens| tokens == 0) {
        return Err("max_tokens: Field required".to_owned());
    }
    let messages = body.get("messages").and_then(Value::as_array).filter(|messages| !messages.is_empty());
    let messages = messages.ok_or("messages: at least one message is required")?;
    let right = messages.iter().all(|message| {
        matches!(message.get("role").and_then(Value::as_str), Some("user" | "assistant"))
            && message.get("content").is_some_and(Value::is_string)
    });
    let question = messages.first().filter(|_| right).and_then(|message| message["content"].as_str());
    question.map(str::to_owned).ok_or_else(|| "messages: Input should be a valid list of messages".to_owned())
}

fn error(status: u16) -> Answer {
    match status {
        401 => refusal(401, "authentication_error", "invalid x-api-key"),
        402 => refusal(402, "billing_error", "Your credit balance is too low."),
        403 => refusal(403, "permission_error", "Your API key does not have permission."),
        404 => refusal(404, "not_found_error", "model: not found"),
        429 => refusal(429, "rate_limit_error", "This request would exceed your rate limit."),
        503 | 529 => refusal(529, "overloaded_error", "Overloaded"),
        status => refusal(status, "api_error", "Internal server error"),
    }
}

fn refusal(status: u16, kind: &str, message: &str) -> Answer {
    Answer::json(status, &json!({ "type": "error", "error": { "type": kind, "message": message } }))
}
