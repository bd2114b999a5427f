//! One door for every outgoing call: breaker, credential at the moment of sending, whole-call time-out, body cap, verdict.

pub mod budget;
mod line;
pub mod rate;
mod sharing;
mod wire;

use std::collections::BTreeMap;
use std::sync::PoisonError;

use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use uuid::Uuid;

use super::call::{CallError, CallMeta, Exchange, Pass};
use super::reauth::Attempt;
use crate::breakers::Admission;
use crate::catalogue;
use crate::database::Clock;
use crate::outcome::{ErrorKind, Verdict};
use crate::vault::{Credential, Credentials};
use budget::Room;
pub use line::{Line, Lookup};
pub use sharing::{Kept, Sharing};
pub use wire::BODY_LIMIT;
use wire::Wire;
#[cfg(test)]
pub(super) use wire::bare_client;
pub(super) use wire::send;

/// The gateway: one for the process.
#[derive(Debug)]
pub struct Gateway {
    wire: Wire,
    /// Answers that several jobs wait for.
    pub sharing: Sharing,
    pub(super) credentials: Credentials,
    pub(super) clock: Clock,
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
pub(super) struct Flight<'a> {
    pub(super) line: &'a Line,
    pass: Pass,
    generation: i64,
    pub(super) meta: CallMeta,
}

impl Gateway {
    /// A gateway over these lines. Fails only when the TLS roots of the system can't be read.
    pub fn new(lines: Vec<Line>, credentials: Credentials, clock: Clock) -> Result<Gateway, reqwest::Error> {
        let outside = lines.iter().any(|line| !wire::is_loopback(&line.base_url));
        let lines = lines.into_iter().map(|l| (l.provider, l)).collect();
        Ok(Gateway { wire: Wire::new(outside)?, sharing: Sharing::default(), credentials, clock, lines })
    }

    /// The line of a provider, if it is switched on.
    pub fn line(&self, provider: &str) -> Option<&Line> {
        self.lines.get(provider)
    }

    /// All lines.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.values()
    }

    /// Lanes that could be served: switched on.
    pub fn callable(&self) -> impl Iterator<Item = &'static str> {
        let lanes = self.lines.values().map(|line| line.provider);
        lanes.filter(|id| catalogue::provider(id).is_some_and(|p| p.has_lane))
    }

    /// Lanes that can be served now: switched on, with a credential.
    pub fn served(&self) -> impl Iterator<Item = &'static str> {
        self.callable().filter(|id| self.lines.get(id).is_some_and(|line| self.has_credential(line)))
    }

    /// The client for a line's address.
    pub(super) fn client_of(&self, line: &Line) -> &Client {
        self.wire.client(&line.base_url)
    }

    /// The credentials that calls are made with.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Whether a provider has a credential now.
    pub fn has_credential(&self, line: &Line) -> bool {
        self.credentials.take(line.slot).is_some()
    }

    /// Version of the credential that a call would go out with now.
    pub fn credential_version(&self, line: &Line) -> Option<String> {
        self.credentials.take(line.slot).map(|credential| credential.version.clone())
    }

    /// Makes one call: `build` makes the request with the credential of this moment, `judge` reads the answer.
    pub async fn call<T>(
        &self,
        provider: &str,
        pass: Pass,
        build: impl Fn(&Client, &Line, &Credential) -> RequestBuilder,
        judge: impl Fn(&Exchange) -> Result<T, CallError>,
    ) -> Called<T> {
        let Some(line) = self.lines.get(provider) else {
            return Err(refused(ErrorKind::Internal, "this provider is switched off"));
        };
        if !line.turn(pass).await {
            return Err(refused(ErrorKind::CircuitOpen, "the lane stands still"));
        }
        let generation = match (pass, line.guard.admit()) {
            (Pass::Probe(generation), _) | (Pass::Ordinary, Admission::Call(generation)) => generation,
            (Pass::Ordinary, Admission::Refused) => {
                return Err(refused(ErrorKind::CircuitOpen, "the breaker is open"));
            }
        };
        let Some(credential) = self.credentials.take(line.slot) else {
            return Err(refused(ErrorKind::NoCredential, "no credential is there"));
        };
        let held = line.begin().map_err(|room| match room {
            Room::Spent => refused(ErrorKind::Quota, "the day's budget for this provider is spent"),
            _ => refused(ErrorKind::CircuitOpen, "the day's budget is held for calls in flight"),
        })?;
        let meta = CallMeta {
            request_id: Uuid::new_v4(),
            credential_version: credential.version.clone(),
            started_at: self.clock.now(),
            took_ms: 0,
            http_status: None,
            is_shared: false,
        };
        let mut flight = Flight { line, pass, generation, meta };
        let judged = self.make(&mut flight, credential, Attempt { build, judge }).await;
        if judged.is_err() {
            held.free();
        }
        let verdict = self.note(&flight, judged.as_ref().err());
        let meta = flight.meta;
        match judged {
            Ok((value, exchange)) => Ok(Answered { value, exchange, meta }),
            Err(error) => {
                let error = CallError { http_status: meta.http_status, message: self.plain(&error.message), ..error };
                Err(Box::new(Unanswered { error, meta: Some(meta), verdict }))
            }
        }
    }

    /// What a provider answered, as it may be stored: an answer that repeats our own secrets keeps none of them.
    pub fn without_secrets(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.plain(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.without_secrets(item)).collect(),
            Value::Object(map) => {
                map.into_iter().map(|(key, value)| (self.plain(&key), self.without_secrets(value))).collect()
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
