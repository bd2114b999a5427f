//! Google's Gemini: <https://ai.google.dev/api/generate-content>.

use serde_json::{Map, Value, json};

use super::super::provider::{Answer, Asked, Provider};
use super::{is_header, object, says, served, tokens};

pub(in super::super) const GEMINI: Provider = Provider {
    id: "gemini",
    settings: "GEMINI",
    base: "/v1beta",
    pace: 8.0,
    answer,
    error,
    busy: |_| error(429),
    subject: |asked| model(asked.path).unwrap_or_default().to_owned(),
};

const KNOWN: [&str; 4] = ["systemInstruction", "contents", "generationConfig", "safetySettings"];

fn model(path: &str) -> Option<&str> {
    path.strip_prefix("/v1beta/models/")?.strip_suffix(":generateContent")
}

fn answer(asked: &Asked<'_>) -> Answer {
    if asked.path == "/v1beta/models" && asked.method == "GET" {
        let has_key = is_header(asked, "x-goog-api-key", asked.keys.of("gemini"));
        let list = json!({ "models": [{ "name": "models/sandbox-model" }] });
        return if has_key { Answer::json(200, &list) } else { error(401) };
    }
    let Some(model) = model(asked.path).filter(|_| asked.method == "POST") else { return served("not found") };
    if !is_header(asked, "x-goog-api-key", asked.keys.of("gemini")) {
        return error(401);
    }
    let judged = object(asked, &KNOWN).and_then(|body| judge(&body).map(|(turn, filter)| (body, turn, filter)));
    let (body, turn, filter) = match judged {
        Ok(judged) => judged,
        Err(why) => return refusal(400, "INVALID_ARGUMENT", &why, None),
    };
    let text = says(&turn, filter);
    let (input, output) = (tokens(&Value::Object(body).to_string()), tokens(&text));
    Answer::json(
        200,
        &json!({ "candidates": [{ "content": { "role": "model", "parts": [{ "text": text }] }, "finishReason": "STOP", "index": 0 }],
            "usageMetadata": { "promptTokenCount": input, "candidatesTokenCount": output, "totalTokenCount": input + output },
            "modelVersion": model }),
    )
}

fn judge(body: &Map<String, Value>) -> Result<(String, bool), String> {
    let contents = body.get("contents").and_then(Value::as_array).filter(|contents| !contents.is_empty());
    let contents = contents.ok_or("* GenerateContentRequest.contents: contents is not specified")?;
    let text = |content: &Value| content.pointer("/parts/0/text").and_then(Value::as_str).map(str::to_owned);
    let right = contents.iter().all(|content| {
        matches!(content.get("role").and_then(Value::as_str), Some("user" | "model")) && text(content).is_some()
    });
    let question = contents.first().filter(|_| right).and_then(text).ok_or("Invalid JSON payload received")?;
    let config = body.get("generationConfig").cloned().unwrap_or_default();
    let schema = config.get("responseJsonSchema").or_else(|| config.get("responseSchema"));
    if schema.is_some() && config["responseMimeType"] != "application/json" {
        return Err("a response schema needs responseMimeType application/json".to_owned());
    }
    Ok((question, schema.is_some()))
}

fn error(status: u16) -> Answer {
    match status {
        401 => {
            refusal(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", Some("API_KEY_INVALID"))
        }
        402 => {
            let mut answer = refusal(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", None);
            answer.body = json!({ "error": { "code": 429, "status": "RESOURCE_EXHAUSTED", "message": "You exceeded your current quota.",
                "details": [{ "@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{ "quotaId": "GenerateRequestsPerDayPerProject" }] }] } })
            .to_string();
            answer
        }
        403 => refusal(403, "PERMISSION_DENIED", "The caller does not have permission", None),
        404 => refusal(404, "NOT_FOUND", "models/x is not found", None),
        429 => refusal(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).", None),
        503 => refusal(503, "UNAVAILABLE", "The model is overloaded. Please try again later.", None),
        504 => refusal(504, "DEADLINE_EXCEEDED", "The request timed out.", None),
        status => refusal(status, "INTERNAL", "An internal error has occurred.", None),
    }
}

fn refusal(status: u16, kind: &str, message: &str, reason: Option<&str>) -> Answer {
    let details: Vec<Value> = reason
        .map(|reason| json!({ "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com" }))
        .into_iter()
        .collect();
    Answer::json(
        status,
        &json!({ "error": { "code": status, "message": message, "status": kind, "details": details } }),
    )
}
