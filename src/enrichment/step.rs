//! Running one step for one job: the call, and what its end means. Nothing is written here.

use serde_json::{Map, Value};

use super::patch;
use super::policy::{self, Failed};
use crate::outcome::{ErrorKind, Verdict};
use crate::providers::gateway::{Answered, Unanswered};
use crate::providers::twilio::{self, Ask};
use crate::providers::{CallMeta, Gateway, MicroUsd, Pass, PriceBook};
use crate::queue::engine::{self, Turn};
use crate::queue::retry::Backoff;
use crate::queue::{Claimed, End, Failure};

/// What a run needs besides its job.
#[derive(Debug)]
pub struct Bench {
    /// The door to the providers.
    pub gateway: std::sync::Arc<Gateway>,
    /// Prices.
    pub prices: PriceBook,
    /// What to ask of Twilio.
    pub ask: Ask,
    /// How retries are spaced.
    pub backoff: Backoff,
    /// The database's clock.
    pub clock: crate::database::Clock,
}

/// Whom a step is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The contact's number.
    pub phone_e164: String,
}

/// Everything that the end of one attempt means; the settler writes it.
pub type Settlement = engine::Settlement<Findings>;

/// What a run found out, beside the end of its job.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    /// What was found, if the provider answered.
    pub found: Option<Found>,
    /// The call, if one was made.
    pub call: Option<CallMeta>,
    /// Why the whole lane has to wait, if it has.
    pub parks: Option<&'static str>,
    /// What the call says about the provider; neutral if none was made.
    pub verdict: Verdict,
}

/// An answer, ready to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Contact columns.
    pub patch: Map<String, Value>,
    /// Raw answer.
    pub body: Value,
    /// Endpoint and options: part of the result cache's key.
    pub request_key: String,
    /// Price, and its parts by operation.
    pub cost: (MicroUsd, Vec<(&'static str, MicroUsd)>),
}

/// Runs the job's step.
pub async fn run(bench: &Bench, turn: Turn, job: Claimed, subject: &Subject) -> Settlement {
    match twilio::lookup(&bench.gateway, turn.pass, &subject.phone_e164, &bench.ask).await {
        Ok(Answered { value: answer, exchange, meta }) => {
            let found: Map<_, _> = twilio::patch(&answer, &subject.phone_e164)
                .into_iter()
                .map(|(column, value)| (column, bench.gateway.without_secrets(value)))
                .collect();
            let found = Found {
                patch: patch::fit(found),
                body: patch::without_nul(bench.gateway.without_secrets(twilio::body(&exchange))),
                request_key: format!("lookups/v2|{}|{}|1", subject.phone_e164, bench.ask.key()),
                cost: twilio::cost(&answer, &bench.prices),
            };
            let result = Findings { found: Some(found), call: Some(meta), ..Findings::default() };
            Settlement { result, ..Settlement::bare(job, turn.lane, turn.epoch, End::Done) }
        }
        Err(unanswered) => failed(bench, turn, job, *unanswered),
    }
}

fn failed(bench: &Bench, turn: Turn, job: Claimed, unanswered: Unanswered) -> Settlement {
    let Unanswered { error, meta, verdict } = unanswered;
    let is_probe = matches!(turn.pass, Pass::Probe(_));
    let facts = Failed {
        kind: error.kind,
        attempt: job.attempt,
        max_attempts: job.max_attempts,
        returns: job.returns,
        probes: is_probe.then_some(job.probes),
        retry_after: error.retry_after,
    };
    let now = bench.clock.now();
    let end = policy::decide(&facts, &bench.backoff, now, rand::random::<f64>());
    let failure = meta.as_ref().map(|call| Failure {
        contact_id: job.contact_id,
        kind: error.kind,
        http_status: error.http_status,
        provider_code: error.code.clone(),
        message: error.to_string(),
        probe: is_probe,
        started_at: call.started_at,
        took_ms: call.took_ms,
    });
    let parks = match error.kind {
        ErrorKind::Auth => Some("credential"),
        ErrorKind::Quota => Some("budget"),
        ErrorKind::Configuration => Some("configuration"),
        _ => None,
    };
    let result = Findings { found: None, call: meta, parks, verdict };
    Settlement { failure, result, ..Settlement::bare(job, turn.lane, turn.epoch, end) }
}
