//! For tests of the rooms: a contact, an answer, what is read in it.

use std::sync::Mutex;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::call::{CallError, Exchange};
use super::gateway::Lookup;
use super::gateway::budget::Budget;
use super::limiter::Limiter;
use super::{Endpoint, Finding, Input, Line};
use crate::breakers::{Breaker, Guard, Rules};
use crate::outcome::ErrorKind;
use crate::settings::CacheSettings;

/// A contact with these columns, of the number that the vendors' examples are about.
pub fn input(columns: Value) -> Input {
    let mut known = json!({"phone_e164": "+14155550123", "country_code": "US"});
    known.as_object_mut().unwrap().extend(columns.as_object().cloned().unwrap());
    Input::new(known.as_object().cloned().unwrap())
}

/// What the endpoint reads in this answer.
pub fn read(endpoint: &Endpoint, status: u16, body: &str, input: &Input) -> Result<Finding, CallError> {
    (endpoint.read)(&Exchange::new(status, body.as_bytes()), input)
}

/// The patch of a success.
#[track_caller]
pub fn patch(endpoint: &Endpoint, body: &Value, columns: Value) -> Map<String, Value> {
    read(endpoint, 200, &body.to_string(), &input(columns)).unwrap().patch
}

/// The kind of a refusal.
#[track_caller]
pub fn kind(endpoint: &Endpoint, status: u16, body: &str) -> ErrorKind {
    read(endpoint, status, body, &input(json!({}))).unwrap_err().kind
}

/// Wants every key of `expected` in `found`; null means that it must not be there.
#[track_caller]
pub fn has(found: &Map<String, Value>, expected: &Value) {
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(found.get(key).unwrap_or(&Value::Null), value, "{key} of {found:?}");
    }
}

/// A line to nowhere, in this dialect.
pub fn line(provider: &'static str, dialect: &'static str) -> Line {
    let rules = Rules {
        threshold: 5,
        cool_off: TimeDelta::seconds(60),
        cool_off_cap: TimeDelta::seconds(900),
        rate_rule: true,
        full: 16,
        probe_lease: TimeDelta::seconds(30),
    };
    Line {
        provider,
        slot: crate::catalogue::provider(provider).and_then(|p| p.slot).map_or("", |slot| slot.name),
        base_url: "http://127.0.0.1:9".into(),
        dialect,
        lookup: Lookup { verify_number: "+14155552671".into(), ..Lookup::default() },
        timeout: Duration::from_secs(5),
        keep: Some(CacheSettings::default()),
        rate: Mutex::default(),
        budget: Mutex::new(Budget::default()),
        stopped: Default::default(),
        guard: Guard::new(provider, rules, Breaker::new()),
        limiter: Mutex::new(Limiter::new(16, 64)),
    }
}
