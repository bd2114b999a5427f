//! Running one step for one job: the call, and what its end means. Nothing is written here.

use serde_json::{Map, Value};

use super::patch;
use super::policy::{self, Failed};
use crate::outcome::{ErrorKind, Verdict};
use crate::providers::gateway::{Answered, Unanswered};
use crate::providers::twilio::{self, Ask};
use crate::providers::{CallMeta, Gateway, MicroUsd, Pass, PriceBook};
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

/// Everything that the end of one attempt means; the settler writes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    /// The attempt.
    pub job: Claimed,
    /// Its lane.
    pub lane: &'static str,
    /// Epoch under which it was claimed.
    pub epoch: i64,
    /// What becomes of the job.
    pub end: End,
    /// What failed, if something did.
    pub failure: Option<Failure>,
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

impl Settlement {
    /// Gives a job back that was never called for.
    pub fn back(job: Claimed, lane: &'static str, epoch: i64) -> Settlement {
        Settlement {
            job,
            lane,
            epoch,
            end: End::Back,
            failure: None,
            found: None,
            call: None,
            parks: None,
            verdict: Verdict::Neutral,
        }
    }
}

/// Runs the job's step.
pub async fn run(bench: &Bench, lane: &'static str, epoch: i64, job: Claimed, pass: Pass) -> Settlement {
    match twilio::lookup(&bench.gateway, pass, &job.phone_e164, &bench.ask).await {
        Ok(Answered { value: answer, exchange, meta }) => {
            let found: Map<_, _> = twilio::patch(&answer, &job.phone_e164)
                .into_iter()
                .map(|(column, value)| (column, bench.gateway.without_secrets(value)))
                .collect();
            let found = Found {
                patch: patch::fit(found),
                body: patch::without_nul(bench.gateway.without_secrets(twilio::body(&exchange))),
                request_key: format!("lookups/v2|{}|{}|1", job.phone_e164, bench.ask.key()),
                cost: twilio::cost(&answer, &bench.prices),
            };
            Settlement {
                job,
                lane,
                epoch,
                end: End::Done,
                failure: None,
                found: Some(found),
                call: Some(meta),
                parks: None,
                verdict: Verdict::Neutral,
            }
        }
        Err(unanswered) => failed(bench, Settlement::back(job, lane, epoch), pass, *unanswered),
    }
}

fn failed(bench: &Bench, base: Settlement, pass: Pass, unanswered: Unanswered) -> Settlement {
    let Unanswered { error, meta, verdict } = unanswered;
    let is_probe = matches!(pass, Pass::Probe(_));
    let facts = Failed {
        kind: error.kind,
        attempt: base.job.attempt,
        max_attempts: base.job.max_attempts,
        returns: base.job.returns,
        probes: is_probe.then_some(base.job.probes),
        retry_after: error.retry_after,
    };
    let now = bench.clock.now();
    let end = policy::decide(&facts, &bench.backoff, now, rand::random::<f64>());
    let failure = meta.as_ref().map(|call| Failure {
        contact_id: base.job.contact_id,
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
    Settlement { end, failure, call: meta, parks, verdict, ..base }
}
