//! The way of one call: read it, enter it in the books, and do to it what the script says.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use chrono::Utc;
use futures_util::stream;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{
    control,
    dice::Dice,
    keys::Keys,
    ledger::{Arrival, Ledger, Visit},
    provider::{Answer, Asked, PROVIDERS, Provider, find},
    script::Mode,
    wicket::{self, Wicket},
    wire::{Cut, Door},
};

/// The longest line and headers of a request, in bytes; the longest body.
const HEAD_BYTES_MAX: usize = 16 * 1024;
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Nobody waits longer than this for a call that is never answered.
const HANG_MAX: Duration = Duration::from_secs(3600);
const DRIP_PAUSE: Duration = Duration::from_secs(1);
const SUBJECT_CHARS_MAX: usize = 64;
/// What a captive portal or a broken proxy sends, with bytes that must never reach a terminal.
const GARBAGE: &str = "<html>\u{0}\u{1b}[2J not json";

/// What every call needs.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) ledger: Arc<Ledger>,
    pub(super) keys: Arc<Keys>,
    pub(super) wicket: Wicket,
    pub(super) seed: u64,
    pub(super) latency_scale: f64,
    /// Exactly so long, if it is given.
    pub(super) latency: Option<Duration>,
    pub(super) stop: CancellationToken,
}

/// Serves until `stop` is cancelled and the last call is answered.
pub(super) async fn run(listener: TcpListener, shared: Shared) {
    let stop = shared.stop.clone();
    let service = router(shared).into_make_service_with_connect_info::<Cut>();
    let server = axum::serve(Door::new(listener), service).with_graceful_shutdown(stop.cancelled_owned());
    // It never fails: errors of single connections stay with them.
    let _ = server.await;
}

fn router(shared: Shared) -> Router {
    Router::new()
        .route("/sandbox/counters", get(control::counters))
        .route("/sandbox/calls", get(control::calls))
        .route("/sandbox/script", post(control::set_script))
        .route("/sandbox/credentials", post(wicket::accept))
        .route("/sandbox/credentials/refuse", post(wicket::refuse))
        // A misspelt path of ours is no call to a provider.
        .route("/sandbox/{*rest}", any(StatusCode::NOT_FOUND))
        .fallback(call)
        .with_state(shared)
}

async fn call(State(shared): State<Shared>, ConnectInfo(cut): ConnectInfo<Cut>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if head_bytes(&head) > HEAD_BYTES_MAX {
        return StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.into_response();
    }
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let (index, path) = find(head.uri.path());
    let Some(provider) = PROVIDERS.get(index) else { return StatusCode::NOT_FOUND.into_response() };
    let (presented, keys) = shared.wicket.judge(&head.headers);
    let asked = Asked {
        method: &head.method,
        path,
        query: head.uri.query().unwrap_or_default(),
        headers: &head.headers,
        body: &body,
        keys: &keys,
    };
    let subject: String = (provider.subject)(&asked).chars().take(SUBJECT_CHARS_MAX).collect();
    let right = (provider.answer)(&asked);
    let arrival = Arrival { provider: index, at: Utc::now(), number: subject.as_str().into(), credential: presented };
    let (mode, visit) = shared.ledger.enter(arrival, |mode| match mode {
        Mode::Hang | Mode::Reset => None,
        mode => Some(scripted(provider, mode).map_or(right.status, |answer| answer.status)),
    });
    match mode {
        Mode::Hang => shared.pause(HANG_MAX).await,
        Mode::Slow(time) => shared.pause(time).await,
        Mode::Reset => {}
        _ => shared.pause(shared.latency(provider, &subject)).await,
    }
    match mode {
        Mode::Hang | Mode::Reset => {
            cut.cut();
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Mode::Drip => drip(right, visit, shared.stop.clone()),
        mode => response(scripted(provider, mode).unwrap_or(right)),
    }
}

impl Shared {
    /// How long a healthy answer takes.
    fn latency(&self, provider: &Provider, subject: &str) -> Duration {
        let drawn = || Dice::new(self.seed, subject).latency(self.latency_scale * provider.pace);
        self.latency.unwrap_or_else(drawn)
    }

    /// Waits, but never beyond the end of the sandbox.
    async fn pause(&self, time: Duration) {
        if time > Duration::ZERO {
            let _ = tokio::time::timeout(time, self.stop.cancelled()).await;
        }
    }
}

fn head_bytes(head: &Parts) -> usize {
    let uri = head.uri.path().len() + head.uri.query().map_or(0, str::len);
    uri + head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>()
}

/// What the script puts in the place of the right answer, if it does.
fn scripted(provider: &Provider, mode: Mode) -> Option<Answer> {
    match mode {
        // These come from the load balancer in front of a provider: HTML, whatever the API speaks.
        Mode::Status(502) => Some(gateway(502, "Bad Gateway")),
        Mode::Status(504) => Some(gateway(504, "Gateway Time-out")),
        Mode::Status(status) => Some((provider.error)(status)),
        Mode::TooMany(seconds) => Some((provider.busy)(seconds)),
        Mode::Garbage => {
            let body = GARBAGE.to_owned();
            Some(Answer { status: 200, headers: Vec::new(), content_type: "application/json", body })
        }
        _ => None,
    }
}

fn gateway(status: u16, title: &str) -> Answer {
    Answer::html(status, format!("<html><head><title>{status} {title}</title></head><body>{title}</body></html>"))
}

fn response(answer: Answer) -> Response {
    let headers = headers(&answer);
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, headers, answer.body).into_response()
}

fn headers(answer: &Answer) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    for (name, value) in &answer.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(*name, value);
        }
    }
    headers
}

/// The whole length is promised and then kept back: a client with a time limit on the head alone would wait for minutes.
fn drip(answer: Answer, visit: Visit, stop: CancellationToken) -> Response {
    let mut headers = headers(&answer);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(answer.body.len()));
    let bytes = Bytes::from(answer.body);
    let body = stream::unfold((bytes, visit, stop), |(mut bytes, visit, stop)| async move {
        let waited = tokio::time::timeout(DRIP_PAUSE, stop.cancelled()).await;
        if waited.is_ok() || bytes.is_empty() {
            return None;
        }
        let byte = bytes.split_to(1);
        Some((Ok::<_, std::convert::Infallible>(byte), (bytes, visit, stop)))
    });
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    (status, headers, Body::from_stream(body)).into_response()
}
