//! Ends of attempts as the runner makes them, without a call.

use chrono::Utc;
use serde_json::{Value, json};
use std::sync::Arc;

use switchboard::database::{Db, Result};
use switchboard::enrichment::graph::Step;
use switchboard::enrichment::outlook::Rules;
use switchboard::enrichment::settle::{self, Books};
use switchboard::enrichment::step::{Findings, Found, Settlement};
use switchboard::enrichment::world::World;
use switchboard::outcome::ErrorKind;
use switchboard::providers::{CallMeta, Outcome};
use switchboard::queue::engine::Wakes;
use switchboard::queue::{Claimed, End, Failure};
use switchboard::settings::Settings;
use tokio::sync::watch;
use uuid::Uuid;

/// Settles by this world.
pub async fn settle_in(world: World, db: &Db, batch: &[Settlement]) -> Result<usize> {
    let (_keep, world) = watch::channel(Arc::new(world));
    settle::settle(db, &Books::new(world, Rules::of(&Settings::default()), Wakes::default()), batch).await
}

/// Settles in a world where nobody but Twilio can be asked.
pub async fn settle(db: &Db, batch: &[Settlement]) -> Result<usize> {
    settle_in(World::default(), db, batch).await
}

fn call(http_status: i32) -> Option<CallMeta> {
    Some(CallMeta {
        request_id: Uuid::new_v4(),
        credential_version: "env".into(),
        started_at: Utc::now(),
        took_ms: 7,
        http_status: Some(http_status),
        is_shared: false,
    })
}

/// An answer that sets these columns, at 0.008 USD.
pub fn found(job: Claimed, epoch: i64, patch: Value) -> Settlement {
    let found = Found {
        outcome: Outcome::Data,
        patch: patch.as_object().unwrap().clone(),
        body: Arc::new(json!({"valid": true})),
        cached: false,
        status: 200,
        request_key: format!("lookups/v2|{}", job.contact_id),
        keep: None,
        cost: (8000, vec![("basic", 0), ("line_type_intelligence", 8000)]),
        as_of: None,
    };
    let result = Findings {
        source: Some(&Step::Lookup.sources()[0]),
        found: Some(found),
        call: call(200),
        ..Findings::default()
    };
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
    let result = Findings { source: Some(&Step::Lookup.sources()[0]), call: call(503), ..Findings::default() };
    Settlement { end, failure: Some(failure), result, ..Settlement::back(job, "twilio", epoch) }
}
