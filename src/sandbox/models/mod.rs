//! Stand-ins for models, as strict as the originals about paths, keys and shapes, and as plain as can be about answers.
//!
//! A question for a filter is declined, but for "failed contacts"; a question that begins with `say:` is answered by what
//! stands behind it, word for word, so that a test or a drill can put anything into a model's mouth. A question about
//! contacts is answered by how many were shown.

mod anthropic;
mod gemini;
mod openai;

pub(super) use anthropic::ANTHROPIC;
pub(super) use gemini::GEMINI;
pub(super) use openai::{COMPATIBLE, OPENAI, OPENROUTER};

use serde_json::{Map, Value, json};

use super::provider::{Answer, Asked};

/// The body as an object with no key beside these; the error is a sentence for the provider's own shape.
fn object(asked: &Asked<'_>, known: &[&str]) -> Result<Map<String, Value>, String> {
    let typed = asked.headers.get("content-type").and_then(|value| value.to_str().ok());
    if typed.is_none_or(|typed| !typed.starts_with("application/json")) {
        return Err("the content type must be application/json".to_owned());
    }
    let Ok(Value::Object(body)) = serde_json::from_slice(asked.body) else {
        return Err("the body must be a JSON object".to_owned());
    };
    match body.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("Unrecognized request argument supplied: {key}")),
        None => Ok(body),
    }
}

/// What the model says to the user's question.
fn says(turn: &str, filter: bool) -> String {
    let question = serde_json::from_str::<Value>(turn).ok();
    let question = question.as_ref().and_then(|turn| turn.get("question")?.as_str());
    if let Some(words) = question.and_then(|question| question.strip_prefix("say:")) {
        return words.trim().to_owned();
    }
    if !filter {
        let shown = turn.lines().filter(|line| line.starts_with('{')).count();
        return format!("I was shown {shown} contacts.");
    }
    let failed = json!({ "field": "status", "op": "eq", "value": "failed" });
    let (filter, left) = match question {
        Some("failed contacts") => (failed, Vec::new()),
        other => (json!({ "all": [] }), vec![other.unwrap_or("all of it")]),
    };
    json!({ "filter": filter, "sort": null, "limit": null, "not_understood": left }).to_string()
}

/// About as many tokens as the originals would count.
fn tokens(text: &str) -> usize {
    text.chars().count() / 4 + 1
}

/// Whether a schema is one that strict mode takes: objects name all their properties as required and admit no others.
fn is_strict(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => {
            let properties = map.get("properties").and_then(Value::as_object);
            let required = map.get("required").and_then(Value::as_array);
            let whole = properties.is_none_or(|properties| {
                map.get("additionalProperties") == Some(&Value::Bool(false))
                    && required.is_some_and(|required| properties.keys().all(|key| required.contains(&json!(key))))
            });
            whole && map.values().all(is_strict)
        }
        Value::Array(items) => items.iter().all(is_strict),
        _ => true,
    }
}

fn is_header(asked: &Asked<'_>, name: &str, wanted: &str) -> bool {
    asked.headers.get(name).map(|value| value.as_bytes()) == Some(wanted.as_bytes())
}

/// The model that is asked, for the list of calls.
fn subject(asked: &Asked<'_>) -> String {
    let body: Value = serde_json::from_slice(asked.body).unwrap_or_default();
    body.get("model").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn served(text: &str) -> Answer {
    Answer::html(404, format!("<html><body>{text}</body></html>"))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};

    use super::super::keys::Keys;
    use super::super::provider::{PROVIDERS, index};
    use super::*;

    fn ask(provider: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> (u16, Value) {
        let keys = Keys::new(1, None);
        let mut all = HeaderMap::from_iter([(
            HeaderName::from_static("content-type"),
            HeaderValue::from_static("application/json"),
        )]);
        for (name, value) in headers {
            let value = value.replace("KEY", keys.of(provider));
            all.insert(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(&value).unwrap());
        }
        let body = body.to_string();
        let asked = Asked { method: &Method::POST, path, query: "", headers: &all, body: body.as_bytes(), keys: &keys };
        let answer = (PROVIDERS[index(provider).unwrap()].answer)(&asked);
        (answer.status, serde_json::from_str(&answer.body).unwrap_or_default())
    }

    #[test]
    fn openai_wants_its_key_its_shape_and_a_strict_schema() {
        let good = |schema: Value| {
            json!({ "model": "m", "messages": [{ "role": "user", "content": "{\"question\":\"failed contacts\"}" }],
            "max_completion_tokens": 9, "store": false,
            "response_format": { "type": "json_schema", "json_schema": { "name": "f", "strict": true, "schema": schema } } })
        };
        let key = [("authorization", "Bearer KEY")];
        let strict =
            json!({ "type": "object", "properties": { "a": {} }, "required": ["a"], "additionalProperties": false });
        let (status, body) = ask("openai", "/v1/chat/completions", &key, &good(strict.clone()));
        assert_eq!(status, 200);
        assert!(body["choices"][0]["message"]["content"].as_str().unwrap().contains("failed"));
        let (status, body) = ask("openai", "/v1/chat/completions", &[("authorization", "Bearer no")], &good(strict));
        assert_eq!((status, &body["error"]["code"]), (401, &json!("invalid_api_key")));
        let loose =
            json!({ "type": "object", "properties": { "a": {} }, "required": [], "additionalProperties": false });
        for wrong in [good(loose), json!({ "model": "m" }), json!({ "model": "m", "messages": [], "odd": 1 })] {
            let (status, body) = ask("openai", "/v1/chat/completions", &key, &wrong);
            assert_eq!((status, &body["error"]["type"]), (400, &json!("invalid_request_error")), "{wrong}");
        }
        assert_eq!(ask("openai", "/v1/chat", &key, &json!({})).0, 404);
    }

    #[test]
    fn anthropic_wants_its_version_and_gemini_its_parts() {
        let messages = json!({ "model": "m", "max_tokens": 9, "system": "s", "messages": [{ "role": "user", "content": "{\"question\":\"say: hello\"}" }] });
        let both = [("x-api-key", "KEY"), ("anthropic-version", "2023-06-01")];
        let (status, body) = ask("anthropic", "/v1/messages", &both, &messages);
        assert_eq!((status, &body["content"][0]["text"]), (200, &json!("hello")));
        assert_eq!(ask("anthropic", "/v1/messages", &both[..1], &messages).0, 400);
        assert_eq!(ask("anthropic", "/v1/messages", &both[1..], &messages).1["error"]["type"], "authentication_error");
        let contents = json!({ "contents": [{ "role": "user", "parts": [{ "text": "BEGIN DATA x\n{}\n{}\nEND DATA x" }] }],
            "generationConfig": { "maxOutputTokens": 9 } });
        let path = "/v1beta/models/gemini-test:generateContent";
        let (status, body) = ask("gemini", path, &[("x-goog-api-key", "KEY")], &contents);
        assert_eq!(
            (status, &body["candidates"][0]["content"]["parts"][0]["text"]),
            (200, &json!("I was shown 2 contacts."))
        );
        let (status, body) = ask("gemini", path, &[("x-goog-api-key", "no")], &contents);
        assert_eq!((status, &body["error"]["details"][0]["reason"]), (400, &json!("API_KEY_INVALID")));
        assert_eq!(ask("gemini", path, &[("x-goog-api-key", "KEY")], &json!({ "contents": [] })).0, 400);
    }
}
