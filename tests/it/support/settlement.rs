//! Ends of attempts as the runner makes them, without a call.

use chrono::Utc;
use serde_json::{Value, json};
use switchboard::enrichment::step::{Findings, Found, Settlement};
use switchboard::outcome::ErrorKind;
use switchboard::providers::CallMeta;
use switchboard::queue::{Claimed, End, Failure};
use uuid::Uuid;

fn call(http_status: i32) -> Option<CallMeta> {
    Some(CallMeta {
        request_id: Uuid::new_v4(),
        credential_version: "env".into(),
        started_at: Utc::now(),
        took_ms: 7,
        http_status: Some(http_status),
    })
}

/// An answer that sets these columns, at 0.008 USD.
pub fn found(job: Claimed, epoch: i64, patch: Value) -> Settlement {
    let found = Found {
        patch: patch.as_object().unwrap().clone(),
        body: json!({"valid": true}),
        request_key: format!("lookups/v2|{}", job.contact_id),
        cost: (8000, vec![("basic", 0), ("line_type_intelligence", 8000)]),
    };
    let result = Findings { found: Some(found), call: call(200), ..Findings::default() };
    Settlement { end: End::Done, result, ..Settlement::back(job, "twilio", epoch) }
}

/// A failure of this kind with this end.
pub fn failed(job: Claimed, epoch: i64, kind: ErrorKind, end: End) -> Settlement {
    let failure = Failure {
        contact_id: job.contact_id,
        kind,
        http_status: Some(503),
        provider_code: Some("20503".into()),
        message: "upstream_error: HTTP 503".into(),
        probe: end == End::Behind,
        started_at: Utc::now(),
        took_ms: 7,
    };
    let result = Findings { call: call(503), ..Findings::default() };
    Settlement { end, failure: Some(failure), result, ..Settlement::back(job, "twilio", epoch) }
}
