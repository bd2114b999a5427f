//! Running one step for one job: a fresh answer from the cache or a call, and what its end means. Nothing is written here.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use tokio::sync::watch;

use super::ENRICH;
use super::graph::Source;
use super::patch;
use super::policy::{self, Failed};
use super::world::World;
use crate::outcome::{ErrorKind, Verdict};
use crate::providers::gateway::{Answered, Kept, Unanswered};
use crate::providers::{CallMeta, Endpoint, Finding, Gateway, Input, Line, MicroUsd, Outcome, registry};
use crate::queue::engine::{self, Pass, Turn};
use crate::queue::retry::Backoff;
use crate::queue::{Claimed, End, Failure};

/// What a run needs besides its job.
#[derive(Debug)]
pub struct Bench {
    /// The door to the providers.
    pub gateway: Arc<Gateway>,
    /// The world as last read; its prices are those of the calls.
    pub world: watch::Receiver<Arc<World>>,
    /// How retries are spaced.
    pub backoff: Backoff,
    /// The database's clock.
    pub clock: crate::database::Clock,
}

/// Whom a step is about, and whom to ask.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// The contact's columns.
    pub input: Input,
    /// Whom to ask.
    pub source: &'static Source,
    /// Sources that had no answer before.
    pub tried: Vec<String>,
    /// No answer of the cache will do.
    pub fresh: bool,
    /// A fresh answer of the cache.
    pub kept: Option<Kept>,
}

/// Everything that the end of one attempt means; the settler writes it.
pub type Settlement = engine::Settlement<Findings>;

/// What a run found out, beside the end of its job.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    /// Whom it asked; none for our own work and for a job that was given back.
    pub source: Option<&'static Source>,
    /// Sources that had no answer before.
    pub tried: Vec<String>,
    /// No answer of the cache would have done.
    pub fresh: bool,
    /// What was found, if there was an answer.
    pub found: Option<Found>,
    /// The call, if one was made.
    pub call: Option<CallMeta>,
    /// Why the whole lane has to wait, if it has, in a word and in words.
    pub parks: Option<(&'static str, String)>,
    /// What the call says about the provider; neutral if none was made.
    pub verdict: Verdict,
    /// When its job runs again if it may not die after all.
    pub spared_until: Option<DateTime<Utc>>,
}

/// An answer, ready to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Whether the contact gained anything.
    pub outcome: Outcome,
    /// Contact columns.
    pub patch: Map<String, Value>,
    /// Raw answer.
    pub body: Arc<Value>,
    /// Whether it came from the cache, where it stays.
    pub cached: bool,
    /// HTTP status of the answer.
    pub status: u16,
    /// Endpoint, input, options and version of our reading.
    pub request_key: String,
    /// How long it stays fresh; none: it is never served again.
    pub keep: Option<Duration>,
    /// Price, and its parts by operation.
    pub cost: (MicroUsd, Vec<(&'static str, MicroUsd)>),
    /// `updated_at` of the contact that it was read for.
    pub as_of: Option<String>,
}

/// Runs the job's step.
pub async fn run(bench: &Bench, turn: Turn, job: Claimed, subject: Subject) -> Settlement {
    let base = Findings {
        source: Some(subject.source),
        tried: subject.tried.clone(),
        fresh: subject.fresh,
        ..Findings::default()
    };
    let over = |result| Settlement { result, ..Settlement::bare(job.clone(), turn.lane, turn.epoch, End::Done) };
    let Some((line, endpoint)) = asked(bench, subject.source) else {
        return over(Findings { source: None, ..base });
    };
    let Some(key) = endpoint.key(line, &subject.input) else { return over(base) };
    let ask = Ask { bench, line, endpoint, key, subject: &subject };
    if job.kind == ENRICH {
        // Planning anew asks nobody: what the cache has of the lookup is read once more, and that is all.
        let found = subject.kept.as_ref().and_then(|kept| ask.reread(kept));
        return over(Findings { found, ..base });
    }
    match ask.answer(turn.pass).await {
        Ok((found, call)) => over(Findings { found: Some(found), call, ..base }),
        Err(unanswered) => failed(bench, turn, (job, base), *unanswered),
    }
}

/// Where the source is asked; none for our own work.
fn asked<'a>(bench: &'a Bench, source: &Source) -> Option<(&'a Line, &'static Endpoint)> {
    bench.gateway.line(source.lane).zip(registry::endpoint(source.lane, source.endpoint))
}

struct Ask<'a> {
    bench: &'a Bench,
    line: &'a Line,
    endpoint: &'static Endpoint,
    key: String,
    subject: &'a Subject,
}

type Answer = Result<(Found, Option<CallMeta>), Box<Unanswered>>;

impl Ask<'_> {
    /// From the cache, from somebody who asks for the same now, or by a call. A probe is always a call.
    async fn answer(&self, pass: Pass) -> Answer {
        let may_share = self.line.keep.is_some() && pass == Pass::Ordinary;
        if !may_share || self.endpoint.provider == "twilio" {
            return self.call(pass).await;
        }
        if let Some(found) = self.subject.kept.as_ref().and_then(|kept| self.reread(kept)) {
            return Ok((found, None));
        }
        let mut turn = self.bench.gateway.sharing.turn(format!("{}|{}", self.endpoint.provider, self.key)).await;
        if let Some(found) = turn.as_ref().and_then(|kept| self.reread(kept)) {
            return Ok((found, None));
        }
        let (found, call) = self.call(pass).await?;
        if let (Some(call), Some(_)) = (&call, found.keep) {
            *turn = Some(Kept { status: found.status, body: Arc::clone(&found.body), fetched_at: call.started_at });
        }
        Ok((found, call))
    }

    async fn call(&self, pass: Pass) -> Answer {
        let gateway = &self.bench.gateway;
        let packages = &self.line.lookup.packages;
        let called = self.endpoint.call(gateway, pass, &self.subject.input).await;
        let Answered { value, exchange, meta } =
            called.inspect_err(|unanswered| packages.refused(&unanswered.error))?;
        packages.lack(value.lacking.iter().copied());
        let cost = value.cost(self.endpoint.provider, &self.bench.world.borrow().prices);
        self.line.spent(cost.0);
        let body = Arc::new(patch::without_nul(gateway.without_secrets(value.body.clone())));
        let found = Found { cost, ..self.found(value, exchange.status, body) };
        Ok((found, Some(meta)))
    }

    /// A kept answer, read for this contact: it costs nothing, and its facts are as old as it is.
    fn reread(&self, kept: &Kept) -> Option<Found> {
        let mut finding = self.endpoint.reread(kept.status, &kept.body, &self.subject.input)?;
        for (column, value) in &mut finding.patch {
            if column.ends_with("_enriched_at") && *value == Value::Bool(true) {
                *value = Value::from(kept.fetched_at.to_rfc3339());
            }
        }
        Some(Found { cached: true, ..self.found(finding, kept.status, Arc::clone(&kept.body)) })
    }

    fn found(&self, finding: Finding, status: u16, body: Arc<Value>) -> Found {
        let clean = |(column, value)| (column, self.bench.gateway.without_secrets(value));
        Found {
            outcome: finding.outcome,
            patch: patch::fit(finding.patch.into_iter().map(clean).collect()),
            body,
            cached: false,
            status,
            request_key: self.key.clone(),
            keep: self.line.keep.as_ref().and_then(|settings| finding.fact.keep(settings)),
            cost: (0, Vec::new()),
            as_of: self.subject.input.text("updated_at"),
        }
    }
}

fn failed(bench: &Bench, turn: Turn, (job, base): (Claimed, Findings), unanswered: Unanswered) -> Settlement {
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
    let chance = rand::random::<f64>();
    let end = policy::decide(&facts, &bench.backoff, now, chance);
    let spared_until = (end == End::Dead && verdict == Verdict::Failure)
        .then(|| policy::if_spared(&facts, &bench.backoff, now, chance));
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
    // A version of the vault that was refused has parked its lanes already, when it was confirmed.
    let of_environment = meta.as_ref().is_some_and(|call| call.credential_version == "env");
    let parks = match error.kind {
        ErrorKind::Auth if of_environment => Some("credential"),
        ErrorKind::Quota => Some("budget"),
        ErrorKind::Configuration => Some("configuration"),
        _ => None,
    };
    let parks = parks.map(|reason| (reason, error.to_string()));
    let result = Findings { call: meta, parks, verdict, spared_until, ..base };
    Settlement { failure, result, ..Settlement::bare(job, turn.lane, turn.epoch, end) }
}
