//! One lane in this process: claims into a small local buffer, starts what the gate allows, sends the probe when it is due.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::step::{self, Bench, Settlement};
use crate::breakers::breaker::ProbeEnd;
use crate::breakers::{Admission, Event, State, store};
use crate::database::{Db, Result};
use crate::fleet::{Member, Standing};
use crate::outcome::Verdict;
use crate::providers::gateway::describe;
use crate::providers::limiter::share;
use crate::providers::{CallError, Line, Pass};
use crate::queue::lane::Switch;
use crate::queue::{Claimed, End, claim};

/// How long an idle lane sleeps when no hint comes.
const IDLE: Duration = Duration::from_secs(1);
/// So long this process waits by itself when a call found a cause to park the lane: until the fleet's word is here.
const PARK_HEARING: Duration = Duration::from_secs(2);
/// Most jobs in one claim.
const CLAIM_MAX: usize = 500;

pub(super) struct Runner {
    lane: &'static str,
    db: Db,
    member: Arc<Member>,
    standing: watch::Receiver<Standing>,
    resting: watch::Receiver<bool>,
    bench: Arc<Bench>,
    outbox: mpsc::Sender<Settlement>,
    buffer: VecDeque<Claimed>,
    epoch: i64,
    running: Arc<AtomicU32>,
    shut_until: Arc<Mutex<Option<Instant>>>,
    freed: Arc<Notify>,
    /// When due retries were last made claimable.
    promoted: Instant,
    tasks: TaskTracker,
}

/// What this process may do in the lane now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    /// Nothing; what is in the buffer goes back.
    Shut,
    /// Nothing until the next beat is through; what is in the buffer may belong to others by then.
    Hold,
    /// The breaker's probe is due.
    Probe,
    /// So many calls at once.
    Open(u32),
}

impl Runner {
    pub(super) fn new(
        lane: &'static str,
        db: Db,
        member: Arc<Member>,
        bench: Arc<Bench>,
        outbox: mpsc::Sender<Settlement>,
    ) -> Runner {
        let standing = member.standing();
        let resting = member.resting.subscribe();
        let epoch = standing.borrow().epoch;
        Runner {
            lane,
            db,
            member,
            standing,
            resting,
            bench,
            outbox,
            buffer: VecDeque::new(),
            epoch,
            running: Arc::default(),
            shut_until: Arc::default(),
            freed: Arc::default(),
            promoted: Instant::now(),
            tasks: TaskTracker::new(),
        }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let busy = match self.turn().await {
                Ok(busy) => busy,
                Err(error) => {
                    tracing::warn!(lane = self.lane, %error, "no claim");
                    false
                }
            };
            if busy {
                continue;
            }
            let work = Arc::clone(&self.member.hints.work);
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.freed.notified() => {}
                () = work.notified() => {}
                _ = self.standing.changed() => {}
                _ = self.resting.changed() => {}
                () = tokio::time::sleep(IDLE) => {}
            }
        }
        self.give_back().await;
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// One look at the lane. True: look again at once.
    async fn turn(&mut self) -> Result<bool> {
        let epoch = self.standing.borrow_and_update().epoch;
        if epoch != self.epoch {
            // What was claimed under the old epoch belongs to others now.
            self.member.in_flight.fetch_sub(self.buffer.len() as i32, Ordering::Relaxed);
            self.buffer.clear();
            self.epoch = epoch;
        }
        match self.gate() {
            Gate::Hold => Ok(false),
            Gate::Shut => {
                self.give_back().await;
                Ok(false)
            }
            Gate::Probe => {
                self.give_back().await;
                self.probe().await
            }
            Gate::Open(allowed) => self.fill_and_start(allowed).await,
        }
    }

    fn line(&self) -> Option<&Line> {
        self.bench.gateway.line(self.lane)
    }

    /// By a person, by a cause that the fleet knows, or by one that this process has just found. Not even a probe goes out.
    fn is_stopped(&self, switch: &Switch) -> bool {
        let found_until = self.shut_until.lock().map_or(None, |until| *until);
        let found = found_until.is_some_and(|until| Instant::now() < until);
        found
            || *self.resting.borrow()
            || switch.paused
            || switch.parked_reason.is_some()
            || switch.concurrency == Some(0)
    }

    fn gate(&self) -> Gate {
        let standing = self.standing.borrow();
        let Some(line) = self.line() else { return Gate::Shut };
        let switch = standing.switches.get(self.lane).cloned().unwrap_or_default();
        if Instant::now() >= standing.valid_until {
            return Gate::Hold;
        }
        if self.is_stopped(&switch) || !self.bench.gateway.has_credential(line) {
            return Gate::Shut;
        }
        let now = self.bench.clock.now();
        let breaker = line.guard.shared();
        // Silence that the provider asked for holds for the probe, too; and after an outage the limit is found anew.
        let limit = line.limiter.lock().map_or(1, |mut limiter| {
            if breaker.state != State::Closed {
                limiter.at_most(line.guard.rules().full);
            }
            limiter.allowed(now)
        });
        if limit > 0 && breaker.wants_probe(now) {
            return Gate::Probe;
        }
        if line.guard.admit() == Admission::Refused {
            return Gate::Shut;
        }
        let (nodes, rank) = standing.places.get(self.lane).copied().unwrap_or((1, 0));
        let mine = |whole: u32| share(whole, nodes, rank);
        let mut allowed = mine(limit);
        if breaker.state == State::HalfOpen {
            allowed = allowed.min(mine(breaker.ramp_limit));
        }
        if let Some(concurrency) = switch.concurrency {
            allowed = allowed.min(mine(u32::try_from(concurrency).unwrap_or(0)));
        }
        // Nothing is kept while the provider asked for silence, or while others have all of the concurrency.
        if allowed == 0 { Gate::Shut } else { Gate::Open(allowed) }
    }

    async fn fill_and_start(&mut self, allowed: u32) -> Result<bool> {
        let allowed = allowed as usize;
        let mut full_batch = false;
        if self.promoted.elapsed() >= IDLE {
            // Also while claims come back full: a retry whose time has come does not wait for an empty lane.
            claim::promote(&self.db, self.lane).await?;
            self.promoted = Instant::now();
        }
        if self.buffer.len() < allowed.div_ceil(2) {
            let free = allowed.saturating_sub(self.running.load(Ordering::Acquire) as usize);
            let want = (free + allowed).saturating_sub(self.buffer.len()).clamp(1, CLAIM_MAX);
            let jobs = claim::claim(&self.db, self.lane, self.epoch, want as i64).await?;
            full_batch = jobs.len() == want;
            self.member.in_flight.fetch_add(jobs.len() as i32, Ordering::Relaxed);
            self.buffer.extend(jobs);
        }
        // The claim took its time: what was allowed before it may not be any more.
        let Gate::Open(allowed) = self.gate() else { return Ok(true) };
        let allowed = allowed as usize;
        while (self.running.load(Ordering::Acquire) as usize) < allowed {
            let Some(job) = self.buffer.pop_front() else { break };
            self.start(job);
        }
        Ok(full_batch && (self.running.load(Ordering::Acquire) as usize) < allowed)
    }

    fn start(&self, job: Claimed) {
        self.running.fetch_add(1, Ordering::AcqRel);
        let (bench, outbox, lane, epoch) = (Arc::clone(&self.bench), self.outbox.clone(), self.lane, self.epoch);
        let (running, freed, member) = (Arc::clone(&self.running), Arc::clone(&self.freed), Arc::clone(&self.member));
        let shut_until = Arc::clone(&self.shut_until);
        self.tasks.spawn(async move {
            let settlement = step::run(&bench, lane, epoch, job, Pass::Ordinary).await;
            if settlement.parks.is_some()
                && let Ok(mut until) = shut_until.lock()
            {
                *until = Some(Instant::now() + PARK_HEARING);
            }
            deliver(&outbox, settlement).await;
            member.in_flight.fetch_sub(1, Ordering::Relaxed);
            running.fetch_sub(1, Ordering::AcqRel);
            freed.notify_one();
        });
    }

    async fn give_back(&mut self) {
        self.member.in_flight.fetch_sub(self.buffer.len() as i32, Ordering::Relaxed);
        for job in std::mem::take(&mut self.buffer) {
            deliver(&self.outbox, Settlement::back(job, self.lane, self.epoch)).await;
        }
    }

    /// Sends the breaker's one probe, if this process gets it: the lane's oldest real job.
    async fn probe(&mut self) -> Result<bool> {
        claim::promote(&self.db, self.lane).await?;
        if self.running.load(Ordering::Acquire) > 0 || !claim::any_waiting(&self.db, self.lane).await? {
            return Ok(false);
        }
        let Some(line) = self.line() else { return Ok(false) };
        let wanted = Event::ProbeWanted { owner: self.epoch };
        let applied = store::apply_now(&self.db, line.guard.name(), wanted, line.guard.rules(), "switchboard").await?;
        line.guard.refresh(applied.breaker.clone());
        if applied.transitions.is_empty() {
            return Ok(false);
        }
        let generation = applied.breaker.generation;
        let mut end = ProbeEnd::NoVerdict;
        if let Some(job) = claim::claim(&self.db, self.lane, self.epoch, 1).await?.pop() {
            let settlement = step::run(&self.bench, self.lane, self.epoch, job, Pass::Probe(generation)).await;
            end = verdict(&settlement);
            deliver(&self.outbox, settlement).await;
        }
        let ended = Event::ProbeEnded { generation, end };
        let applied = store::apply_now(&self.db, line.guard.name(), ended, line.guard.rules(), "switchboard").await?;
        line.guard.refresh(applied.breaker);
        Ok(true)
    }
}

/// A refusal of our input is an answer, too: the provider works.
fn verdict(settlement: &Settlement) -> ProbeEnd {
    let Some(failure) = &settlement.failure else {
        return if settlement.found.is_some() { ProbeEnd::Success } else { ProbeEnd::NoVerdict };
    };
    match settlement.verdict {
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

async fn deliver(outbox: &mpsc::Sender<Settlement>, settlement: Settlement) {
    if matches!(settlement.end, End::Dead) {
        tracing::warn!(lane = settlement.lane, job = settlement.job.id, "a job used up its attempts");
    }
    if outbox.send(settlement).await.is_err() {
        tracing::error!("the settler is gone; the job goes back to its lane when this node is reaped");
    }
}
