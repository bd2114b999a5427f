//! One door for every outgoing call: breaker, credential at the moment of sending, whole-call time-out, body cap, verdict.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use uuid::Uuid;

use super::call::{CallError, CallMeta, Exchange, Pass};
use super::limiter::Limiter;
use crate::breakers::{Admission, Guard};
use crate::catalogue;
use crate::database::Clock;
use crate::outcome::{ErrorKind, Verdict};
use crate::telemetry::{Level, LiveSecret, SharedRedactor};
use crate::vault::{Credential, Credentials};

/// Largest body that is read, in bytes.
pub const BODY_LIMIT: usize = 2 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A number of seconds above this is a moment, not a wait.
const EPOCH_FROM: u64 = 1_000_000_000;

/// What the gateway knows of one provider.
#[derive(Debug)]
pub struct Line {
    /// Provider's id.
    pub provider: &'static str,
    /// Credential slot.
    pub slot: &'static str,
    /// Base URL without a trailing slash.
    pub base_url: String,
    /// Which of the provider's ways to be spoken to; one of the catalogue's words.
    pub dialect: &'static str,
    /// Data packages to ask for, where the provider has them.
    pub packages: Vec<String>,
    /// Bound of the whole call, body included.
    pub timeout: Duration,
    /// Its breaker as this process sees it.
    pub guard: Guard,
    /// Its concurrency.
    pub limiter: Mutex<Limiter>,
}

/// The gateway: one for the process.
#[derive(Debug)]
pub struct Gateway {
    client: Client,
    /// For what stands on this machine: a proxy of the environment is for the world outside.
    direct: Client,
    credentials: Credentials,
    redactor: SharedRedactor,
    clock: Clock,
    lines: BTreeMap<&'static str, Line>,
}

/// An answer with its facts.
#[derive(Debug)]
pub struct Answered<T> {
    /// What the provider's room read in it.
    pub value: T,
    /// The raw answer.
    pub exchange: Exchange,
    /// The call.
    pub meta: CallMeta,
}

/// A call that gave nothing, with its facts; none if no call was made.
#[derive(Debug)]
pub struct Unanswered {
    /// Why.
    pub error: CallError,
    /// The call.
    pub meta: Option<CallMeta>,
    /// What it says about the provider, throttling that persists included.
    pub verdict: Verdict,
}

/// How a call ended.
pub type Called<T> = Result<Answered<T>, Box<Unanswered>>;

/// A call on its way.
struct Flight<'a> {
    line: &'a Line,
    pass: Pass,
    generation: i64,
    meta: CallMeta,
}

impl Gateway {
    /// A gateway over these lines. Fails only when the TLS roots of the system can't be read.
    pub fn new(lines: Vec<Line>, credentials: Credentials, clock: Clock) -> Result<Gateway, reqwest::Error> {
        // A second installation is refused, which is what we want: there is one provider of cryptography.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || {
            Client::builder()
                .user_agent(concat!("switchboard/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(CONNECT_TIMEOUT)
                .redirect(reqwest::redirect::Policy::none())
                .pool_max_idle_per_host(128)
                .pool_idle_timeout(Duration::from_secs(60))
        };
        // A client reads the system's certificates, which takes a while: where one will do there is one.
        let direct = builder().no_proxy().build()?;
        let client = if lines.iter().all(|l| is_loopback(&l.base_url)) { direct.clone() } else { builder().build()? };
        let live = credentials.live_secrets().into_iter().map(|(kind, value)| LiveSecret { kind, value });
        let redactor = SharedRedactor::new(&live.collect::<Vec<_>>());
        let lines = lines.into_iter().map(|l| (l.provider, l)).collect();
        Ok(Gateway { client, direct, credentials, redactor, clock, lines })
    }

    /// The line of a provider, if it is switched on.
    pub fn line(&self, provider: &str) -> Option<&Line> {
        self.lines.get(provider)
    }

    /// All lines.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.values()
    }

    /// Lanes that can be served now: switched on, with a credential.
    pub fn served(&self) -> impl Iterator<Item = &'static str> {
        let lines = self.lines.values().filter(|line| self.has_credential(line));
        lines.map(|line| line.provider).filter(|id| catalogue::provider(id).is_some_and(|p| p.has_lane))
    }

    /// Whether a provider has a credential now.
    pub fn has_credential(&self, line: &Line) -> bool {
        self.credentials.take(line.slot).is_some()
    }

    /// Makes one call: `build` makes the request with the credential of this moment, `judge` reads the answer.
    pub async fn call<T>(
        &self,
        provider: &str,
        pass: Pass,
        build: impl FnOnce(&Client, &Line, &Credential) -> RequestBuilder,
        judge: impl FnOnce(&Exchange) -> Result<T, CallError>,
    ) -> Called<T> {
        let Some(line) = self.lines.get(provider) else {
            return Err(refused(ErrorKind::Internal, "this provider is switched off"));
        };
        let generation = match (pass, line.guard.admit()) {
            (Pass::Probe(generation), _) | (Pass::Ordinary, Admission::Call(generation)) => generation,
            (Pass::Ordinary, Admission::Refused) => {
                return Err(refused(ErrorKind::CircuitOpen, "the breaker is open"));
            }
        };
        let Some(credential) = self.credentials.take(line.slot) else {
            return Err(refused(ErrorKind::NoCredential, "no credential is there"));
        };
        let meta = CallMeta {
            request_id: Uuid::new_v4(),
            credential_version: credential.version.clone(),
            started_at: self.clock.now(),
            took_ms: 0,
            http_status: None,
        };
        let mut flight = Flight { line, pass, generation, meta };
        let begun = Instant::now();
        let client = if is_loopback(&line.base_url) { &self.direct } else { &self.client };
        let exchange = send(build(client, line, &credential), line.timeout).await;
        flight.meta.took_ms = i32::try_from(begun.elapsed().as_millis()).unwrap_or(i32::MAX);
        flight.meta.http_status = exchange.as_ref().ok().map(|e| i32::from(e.status));
        let judged = exchange.and_then(|exchange| judge(&exchange).map(|value| (value, exchange)));
        let verdict = self.note(&flight, judged.as_ref().err());
        let meta = flight.meta;
        match judged {
            Ok((value, exchange)) => Ok(Answered { value, exchange, meta }),
            Err(error) => {
                let message = self.redactor.redact(&error.message, Level::Secrets).into_owned();
                let error = CallError { http_status: meta.http_status, message, ..error };
                Err(Box::new(Unanswered { error, meta: Some(meta), verdict }))
            }
        }
    }

    /// What a provider answered, as it may be stored: an answer that repeats our own secrets keeps none of them.
    pub fn without_secrets(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.redactor.redact(&text, Level::Secrets).into_owned()),
            Value::Array(items) => items.into_iter().map(|item| self.without_secrets(item)).collect(),
            Value::Object(map) => {
                let clean = |key: String| self.redactor.redact(&key, Level::Secrets).into_owned();
                map.into_iter().map(|(key, value)| (clean(key), self.without_secrets(value))).collect()
            }
            other => other,
        }
    }

    /// Tells limiter, breaker and log how the call ended.
    fn note(&self, flight: &Flight<'_>, error: Option<&CallError>) -> Verdict {
        let Flight { line, pass, generation, meta } = flight;
        let (provider, request, status, took_ms) = (line.provider, meta.request_id, meta.http_status, meta.took_ms);
        match error {
            None => tracing::debug!(provider, %request, status, took_ms, "answered"),
            Some(error) => tracing::info!(provider, %request, status, took_ms, %error, "failed"),
        }
        if error.is_some_and(|e| e.kind == ErrorKind::Auth) {
            self.credentials.refuse(line.slot, &meta.credential_version);
        }
        let verdict = self.limit(line, error);
        match (pass, verdict) {
            (Pass::Ordinary, Verdict::Success) => line.guard.succeeded(*generation, meta.started_at),
            (Pass::Ordinary, Verdict::Failure) => {
                let why = error.map(describe).unwrap_or_default();
                line.guard.failed(*generation, meta.started_at, &why);
            }
            (Pass::Ordinary, Verdict::Neutral) if is_refusal(error) => {
                line.guard.answered(*generation, meta.started_at)
            }
            _ => {}
        }
        verdict
    }

    /// Tells the limiter; throttling that goes on although it is at its floor is a failure.
    fn limit(&self, line: &Line, error: Option<&CallError>) -> Verdict {
        let mut limiter = line.limiter.lock().unwrap_or_else(PoisonError::into_inner);
        match error {
            None => {
                limiter.succeeded();
                Verdict::Success
            }
            Some(e) if e.kind == ErrorKind::RateLimited => {
                let persists = limiter.throttled(self.clock.now(), e.retry_after);
                if persists { Verdict::Failure } else { Verdict::Neutral }
            }
            Some(e) => e.kind.verdict(),
        }
    }
}

/// Whether the provider answered, only not to our liking: it works.
fn is_refusal(error: Option<&CallError>) -> bool {
    error.is_some_and(|e| e.kind.is_permanent() && e.http_status.is_some())
}

fn refused(kind: ErrorKind, message: &str) -> Box<Unanswered> {
    Box::new(Unanswered { error: CallError::new(kind, message), meta: None, verdict: Verdict::Neutral })
}

/// A failure as a breaker's history shows it: `HTTP 503`, `timeout`.
pub fn describe(error: &CallError) -> String {
    match error.http_status {
        Some(status) if status >= 400 => format!("HTTP {status}"),
        _ => format!("{}: {}", error.kind.name(), error.message),
    }
}

fn is_loopback(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

async fn send(request: RequestBuilder, limit: Duration) -> Result<Exchange, CallError> {
    match tokio::time::timeout(limit, read(request)).await {
        Ok(result) => result,
        Err(_) => Err(CallError::new(ErrorKind::Timeout, format!("no whole answer within {} s", limit.as_secs_f32()))),
    }
}

async fn read(request: RequestBuilder) -> Result<Exchange, CallError> {
    let response = request.send().await.map_err(|e| transport(&e))?;
    let status = response.status().as_u16();
    let retry_after = wait_of(status, response.headers(), Utc::now());
    let quota_left = quota_left(response.headers());
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk.map_err(|e| transport(&e))?);
        if body.len() > BODY_LIMIT {
            return Err(CallError::new(ErrorKind::InvalidResponse, "the answer is longer than 2 MiB"));
        }
    }
    Ok(Exchange { status, retry_after, quota_left, body })
}

/// The error without its URL, which may name a person or a key.
fn transport(error: &reqwest::Error) -> CallError {
    if error.is_timeout() {
        return CallError::new(ErrorKind::Timeout, "no connection or answer in time");
    }
    if error.is_decode() {
        return CallError::new(ErrorKind::InvalidResponse, "the answer's encoding is broken");
    }
    if error.is_builder() {
        return CallError::new(ErrorKind::Internal, "the request could not be built; check the base URL");
    }
    let what = if error.is_connect() { "no connection" } else { "the connection broke before the answer was whole" };
    CallError::new(ErrorKind::Network, what)
}

fn text_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

/// `Retry-After`; on a 429 without it the time until `X-RateLimit-Reset`, which is epoch seconds or a number of seconds.
fn wait_of(status: u16, headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    if let Some(wait) = text_of(headers, "retry-after").and_then(|text| parse_retry_after(text, now)) {
        return Some(wait);
    }
    let reset: u64 = text_of(headers, "x-ratelimit-reset").filter(|_| status == 429)?.parse().ok()?;
    let now = u64::try_from(now.timestamp()).unwrap_or(0);
    Some(Duration::from_secs(if reset > EPOCH_FROM { reset.saturating_sub(now) } else { reset }))
}

/// The least that is left of a month's or day's quota (`x-ratelimit-remaining-month`, `-day`).
fn quota_left(headers: &HeaderMap) -> Option<i64> {
    let left = ["x-ratelimit-remaining-month", "x-ratelimit-remaining-day"];
    left.iter().filter_map(|name| text_of(headers, name)?.parse().ok()).min()
}

/// `Retry-After` as seconds or as an HTTP date (RFC 9110, section 10.2.3).
fn parse_retry_after(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::parse_from_rfc2822(text.trim()).ok()?;
    (date.with_timezone(&Utc) - now).to_std().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_both_its_forms() {
        let now = DateTime::parse_from_rfc3339("2026-01-01T00:00:00Z").unwrap().with_timezone(&Utc);
        assert_eq!(parse_retry_after("7", now), Some(Duration::from_secs(7)));
        assert_eq!(parse_retry_after("Thu, 01 Jan 2026 00:00:30 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(parse_retry_after("soon", now), None);
    }

    #[test]
    fn a_refusal_waits_until_the_limit_is_reset() {
        let now = DateTime::from_timestamp(1_750_000_000, 0).unwrap();
        let wait = |status: u16, name: &'static str, value: &str| {
            wait_of(status, &HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]), now)
        };
        assert_eq!(wait(429, "x-ratelimit-reset", "1750000042"), Some(Duration::from_secs(42)));
        assert_eq!(wait(429, "x-ratelimit-reset", "17"), Some(Duration::from_secs(17)));
        assert_eq!(wait(429, "x-ratelimit-reset", "1600000000"), Some(Duration::ZERO));
        assert_eq!(wait(200, "x-ratelimit-reset", "1750000042"), None);
        assert_eq!(wait(503, "retry-after", "3"), Some(Duration::from_secs(3)));
    }

    #[test]
    fn only_this_machine_is_called_without_a_proxy() {
        assert!(is_loopback("http://127.0.0.1:9090"));
        assert!(is_loopback("http://[::1]:9090/x"));
        assert!(!is_loopback("https://lookups.twilio.com"));
    }
}
