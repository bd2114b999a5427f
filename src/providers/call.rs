//! What goes into a call and what comes out of it, whoever is called.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::outcome::ErrorKind;

pub use crate::queue::engine::Pass;

/// An HTTP answer, read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// HTTP status.
    pub status: u16,
    /// How long the provider wants to be left alone: `Retry-After`, or on a 429 the time until `X-RateLimit-Reset`.
    pub retry_after: Option<Duration>,
    /// Calls that are left of a month's or day's quota, where the provider says so.
    pub quota_left: Option<i64>,
    /// Body, at most [`super::gateway::BODY_LIMIT`] bytes.
    pub body: Vec<u8>,
}

impl Exchange {
    /// An answer without headers that matter.
    pub fn new(status: u16, body: &[u8]) -> Exchange {
        Exchange { status, retry_after: None, quota_left: None, body: body.to_vec() }
    }
}

/// Facts of a call that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallMeta {
    /// Our id of the call, in every log line about it.
    pub request_id: Uuid,
    /// Version of the credential that it was made with.
    pub credential_version: String,
    /// When it began, by the database's clock.
    pub started_at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub took_ms: i32,
    /// HTTP status; none without an answer.
    pub http_status: Option<i32>,
    /// The request was about several jobs, and another one of them counts it.
    pub is_shared: bool,
}

/// Why a call gave nothing that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", kind.name())]
pub struct CallError {
    /// Kind.
    pub kind: ErrorKind,
    /// HTTP status, if there was an answer.
    pub http_status: Option<i32>,
    /// Provider's own code.
    pub code: Option<String>,
    /// One short sentence without secrets, URLs or people.
    pub message: String,
    /// How long the provider asked us to wait.
    pub retry_after: Option<Duration>,
}

impl CallError {
    /// Whether the person asked the provider not to be processed: never asked for again, and what it gave is deleted.
    pub fn is_opt_out(&self) -> bool {
        self.code.as_deref() == Some(super::refusal::OPTED_OUT)
    }

    /// An error of this kind without an answer.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> CallError {
        CallError { kind, http_status: None, code: None, message: message.into(), retry_after: None }
    }
}
