//! Paths of the sandbox itself, for checks and drills: what was counted, and a provider's script.
//!
//! They need no credential: the server listens on the loopback interface alone.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Query, State, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    ledger::{CallRecord, Counters},
    provider::{PROVIDERS, index},
    script::Script,
    serve::Shared,
};

const CALLS_DEFAULT: usize = 10_000;
const CALLS_PAGE_MAX: usize = 100_000;

#[derive(Serialize)]
struct Desk {
    #[serde(flatten)]
    counters: Counters,
    script: String,
}

/// `GET /sandbox/counters`: `{"providers":{"twilio":{"total":…,"by_status":{…},"at_once":…,"most_at_once":…,"script":"…"}}}`.
pub(super) async fn counters(State(shared): State<Shared>) -> Response {
    let script = |id: &str| index(id).and_then(|index| shared.ledger.script(index)).map(|script| script.to_string());
    let desks = shared.ledger.counters().into_iter();
    let desks = desks.map(|(id, counters)| (id, Desk { counters, script: script(id).unwrap_or_default() }));
    Json(json!({ "providers": desks.collect::<BTreeMap<_, _>>() })).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    #[serde(default)]
    from: u64,
    limit: Option<usize>,
}

/// `GET /sandbox/calls?from=0&limit=10000`: `{"total":…,"from":…,"next":…,"calls":[{"provider","at","number","credential","mode","status","at_once","took_ms"}]}`
/// (at most 100,000 a page; `next` is the following page's `from`, null on the last one).
pub(super) async fn calls(State(shared): State<Shared>, page: Query<Page>) -> Response {
    let limit = page.limit.unwrap_or(CALLS_DEFAULT).clamp(1, CALLS_PAGE_MAX);
    let (calls, from, total) = shared.ledger.calls(page.from, limit);
    let next = Some(from + calls.len() as u64).filter(|next| *next < total);
    let calls: Vec<_> = calls.iter().map(shown).collect();
    Json(json!({ "total": total, "from": from, "next": next, "calls": calls })).into_response()
}

fn shown(call: &CallRecord) -> serde_json::Value {
    let CallRecord { provider, at, number, credential, mode, status, at_once, took_ms } = call;
    let at = at.to_rfc3339_opts(SecondsFormat::Micros, true);
    json!({ "provider": provider, "at": at, "number": number, "credential": credential, "mode": mode.to_string(), "status": status,
            "at_once": at_once, "took_ms": took_ms })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    provider: String,
    script: String,
}

/// `POST /sandbox/script` with `{"provider":"twilio","script":"503:12s ok"}`: starts that script now.
pub(super) async fn set_script(State(shared): State<Shared>, wish: Result<Json<Wish>, JsonRejection>) -> Response {
    let refuse = |reason: String| (StatusCode::BAD_REQUEST, Json(json!({ "error": reason }))).into_response();
    let Json(Wish { provider, script }) = match wish {
        Ok(wish) => wish,
        Err(refusal) => return refuse(refusal.body_text()),
    };
    let Some(index) = index(&provider) else { return refuse(unknown(&provider)) };
    match script.parse::<Script>() {
        Ok(script) => {
            let written = script.to_string();
            shared.ledger.set_script(index, script);
            Json(json!({ "provider": provider, "script": written })).into_response()
        }
        Err(error) => refuse(error.to_string()),
    }
}

/// The sentence for a provider that has no stand-in.
pub(super) fn unknown(provider: &str) -> String {
    let known: Vec<&str> = PROVIDERS.iter().map(|provider| provider.id).collect();
    format!("the sandbox has no provider `{provider}`; choose one of {}", known.join(", "))
}
