//! Steps as the engine's work: what a batch of them needs is loaded at once, one runs as a call, a breaker's probe is won and
//! reported here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::load;
use super::step::{self, Bench, Findings, Settlement, Subject};
use crate::breakers::breaker::ProbeEnd;
use crate::breakers::{Event, store};
use crate::database::{Db, Result};
use crate::fleet::{Member, Standing};
use crate::outcome::Verdict;
use crate::providers::CallError;
use crate::providers::gateway::describe;
use crate::queue::Claimed;
use crate::queue::engine::{Gate, Pass, Turn, Work};

/// So long this process waits by itself when a call found a cause to park the lane: until the fleet's word is here.
const PARK_HEARING: Duration = Duration::from_secs(2);

/// Runs steps in the lanes of this process.
#[derive(Debug)]
pub(super) struct Steps {
    db: Db,
    pub(super) standing: watch::Receiver<Standing>,
    pub(super) resting: watch::Receiver<bool>,
    pub(super) bench: Arc<Bench>,
    shut_until: Mutex<BTreeMap<&'static str, Instant>>,
}

impl Steps {
    pub(super) fn new(db: Db, member: &Member, bench: Arc<Bench>) -> Steps {
        let (standing, resting) = (member.standing(), member.resting.subscribe());
        Steps { db, standing, resting, bench, shut_until: Mutex::default() }
    }

    /// Lanes for which a call found a cause to park them, and until when this process waits by itself.
    pub(super) fn shut_until(&self) -> MutexGuard<'_, BTreeMap<&'static str, Instant>> {
        self.shut_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn tell_breaker(&self, lane: &str, event: Event) -> Result<Option<i64>> {
        let Some(line) = self.bench.gateway.line(lane) else { return Ok(None) };
        let applied = store::apply_now(&self.db, line.guard.name(), event, line.guard.rules(), "switchboard").await?;
        line.guard.refresh(applied.breaker.clone());
        Ok((!applied.transitions.is_empty()).then_some(applied.breaker.generation))
    }
}

impl Work for Steps {
    type Input = Subject;
    type Result = Findings;

    fn epoch(&self) -> i64 {
        self.standing.borrow().epoch
    }

    fn gate(&self, lane: &'static str) -> Gate {
        self.look_at(lane)
    }

    async fn load(&self, lane: &'static str, jobs: &[Claimed]) -> Result<Vec<Option<Subject>>> {
        load::subjects(&self.db, &self.bench.gateway, lane, jobs).await
    }

    async fn run(&self, turn: Turn, job: Claimed, subject: Subject) -> Settlement {
        let settlement = step::run(&self.bench, turn, job, subject).await;
        if settlement.result.parks.is_some() {
            self.shut_until().insert(turn.lane, Instant::now() + PARK_HEARING);
        }
        settlement
    }

    async fn take_probe(&self, lane: &'static str) -> Result<Option<i64>> {
        let Some(line) = self.bench.gateway.line(lane) else { return Ok(None) };
        let (name, rules) = (line.guard.name(), line.guard.rules());
        let Some(applied) = store::take_probe(&self.db, name, self.epoch(), rules).await? else { return Ok(None) };
        line.guard.refresh(applied.breaker.clone());
        Ok((!applied.transitions.is_empty()).then_some(applied.breaker.generation))
    }

    async fn end_probe(&self, turn: Turn, settlement: Option<&Settlement>) -> Result<()> {
        let Pass::Probe(generation) = turn.pass else { return Ok(()) };
        let end = settlement.map_or(ProbeEnd::NoVerdict, verdict);
        self.tell_breaker(turn.lane, Event::ProbeEnded { generation, end }).await.map(|_| ())
    }
}

/// A refusal of our input is an answer, too: the provider works.
fn verdict(settlement: &Settlement) -> ProbeEnd {
    let Some(failure) = &settlement.failure else {
        return if settlement.result.found.is_some() { ProbeEnd::Success } else { ProbeEnd::NoVerdict };
    };
    match settlement.result.verdict {
        Verdict::Success => ProbeEnd::Success,
        Verdict::Neutral if failure.kind.is_permanent() && failure.http_status.is_some() => ProbeEnd::Success,
        Verdict::Neutral => ProbeEnd::NoVerdict,
        Verdict::Failure => {
            let (kind, message) = (failure.kind, failure.message.clone());
            let error = CallError { http_status: failure.http_status, ..CallError::new(kind, message) };
            ProbeEnd::Failure(describe(&error))
        }
    }
}
