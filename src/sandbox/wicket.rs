//! Who is let in at Twilio's stand-in: several credentials at once, each with an end if one was set. Rotations are tried
//! against it: the new one is let in, and the old one is refused some time later.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;

use super::keys::{Credential, Keys};
use super::serve::Shared;
use super::twilio;

/// Most credentials that are known at a time; the oldest is forgotten, and refused.
const KNOWN_MAX: usize = 1000;

/// One credential that is or was let in.
struct Ticket {
    number: u32,
    keys: Arc<Keys>,
    header: String,
    until: Option<Instant>,
    first_seen: OnceLock<DateTime<Utc>>,
}

/// The credentials by the order in which they were let in.
#[derive(Clone)]
pub(super) struct Wicket {
    tickets: Arc<RwLock<Vec<Ticket>>>,
    /// What is asked of whoever presents none of them: a credential that nobody has.
    nobody: Arc<Keys>,
}

impl Wicket {
    /// Lets Twilio's credential of `keys` in; its number is 0.
    pub(super) fn new(keys: &Keys) -> Self {
        let none = Credential { account_sid: String::new(), auth_token: String::new() };
        let wicket = Self { tickets: Arc::default(), nobody: Arc::new(keys.with_twilio(none)) };
        wicket.accept(keys.twilio.clone());
        wicket
    }

    /// Lets one more in; returns its number.
    pub(super) fn accept(&self, credential: Credential) -> u32 {
        let mut tickets = self.tickets.write().unwrap_or_else(PoisonError::into_inner);
        let number = tickets.last().map_or(0, |last| last.number + 1);
        if tickets.len() == KNOWN_MAX {
            tickets.remove(0);
        }
        let header = twilio::authorization(&credential);
        let keys = Arc::new(self.nobody.with_twilio(credential));
        tickets.push(Ticket { number, keys, header, until: None, first_seen: OnceLock::new() });
        number
    }

    /// Refuses the one with this number from then on; false if there is none.
    pub(super) fn refuse(&self, number: u32, after: Duration) -> bool {
        let mut tickets = self.tickets.write().unwrap_or_else(PoisonError::into_inner);
        let found = tickets.iter_mut().find(|ticket| ticket.number == number);
        found.map(|ticket| ticket.until = Some(Instant::now() + after)).is_some()
    }

    /// When the one with this number was first presented and let in.
    pub(super) fn first_seen(&self, number: u32) -> Option<DateTime<Utc>> {
        let tickets = self.tickets.read().unwrap_or_else(PoisonError::into_inner);
        tickets.iter().find(|ticket| ticket.number == number)?.first_seen.get().copied()
    }

    /// Which one is presented, if it is let in now, and what the stand-ins ask for.
    pub(super) fn judge(&self, headers: &HeaderMap) -> (Option<u32>, Arc<Keys>) {
        let tickets = self.tickets.read().unwrap_or_else(PoisonError::into_inner);
        let presented = headers.get("authorization").map(|value| value.as_bytes());
        let ticket = tickets.iter().rev().find(|ticket| Some(ticket.header.as_bytes()) == presented);
        match ticket.filter(|ticket| ticket.until.is_none_or(|until| Instant::now() < until)) {
            Some(ticket) => {
                ticket.first_seen.get_or_init(Utc::now);
                (Some(ticket.number), Arc::clone(&ticket.keys))
            }
            None => (None, Arc::clone(&self.nobody)),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Admission {
    account_sid: String,
    auth_token: String,
}

/// `POST /sandbox/credentials` with `{"account_sid":"…","auth_token":"…"}`: lets it in, too; answers `{"number":1}`.
pub(super) async fn accept(State(shared): State<Shared>, wish: Result<Json<Admission>, JsonRejection>) -> Response {
    match wish {
        Ok(Json(Admission { account_sid, auth_token })) => {
            let number = shared.wicket.accept(Credential { account_sid, auth_token });
            Json(json!({ "number": number })).into_response()
        }
        Err(refusal) => (StatusCode::BAD_REQUEST, Json(json!({ "error": refusal.body_text() }))).into_response(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dismissal {
    number: u32,
    #[serde(default)]
    after_ms: u64,
}

/// `POST /sandbox/credentials/refuse` with `{"number":0,"after_ms":2000}`: refuses that one from then on.
pub(super) async fn refuse(State(shared): State<Shared>, wish: Result<Json<Dismissal>, JsonRejection>) -> Response {
    match wish {
        Ok(Json(Dismissal { number, after_ms })) if shared.wicket.refuse(number, Duration::from_millis(after_ms)) => {
            Json(json!({ "number": number })).into_response()
        }
        Ok(_) => (StatusCode::NOT_FOUND, Json(json!({ "error": "no credential has this number" }))).into_response(),
        Err(refusal) => (StatusCode::BAD_REQUEST, Json(json!({ "error": refusal.body_text() }))).into_response(),
    }
}
