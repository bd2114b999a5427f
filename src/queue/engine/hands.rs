//! The hands of one lane: each takes the next job from the buffer itself, as long as the gate lets it, and retires when there
//! is nothing for it to do. A hand whose handler has to wait raises the next one: where handlers take no time, one hand does all,
//! and where they wait, there are as many as the gate allows.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Instant;

use chrono::TimeDelta;
use futures_util::{FutureExt, poll};
use tokio::sync::{Notify, mpsc};
use tokio_util::task::TaskTracker;

use super::buffer::{Buffer, Ready};
use super::pace::Pace;
use super::work::{Gate, Pass, Settlement, Turn, Work};
use crate::outcome::ErrorKind;
use crate::queue::{Claimed, End, Failure};

/// Jobs that a hand runs at a stretch: where handlers take no time, hundreds of hands would keep the runtime from what has arrived.
const STRETCH: u32 = 16;

/// How long a job rests whose handler broke or was given up.
const REST: TimeDelta = TimeDelta::seconds(60);

pub(super) struct Hands<W: Work> {
    pub(super) lane: &'static str,
    pub(super) work: Arc<W>,
    pub(super) pace: Pace,
    /// A hand retired, or the buffer has come down to the mark: the runner should look.
    pub(super) look: Notify,
    buffer: Mutex<Buffer<W::Input>>,
    /// The runner wants to know when the buffer is as short as this.
    mark: AtomicU32,
    running: AtomicU32,
    /// Those of them whose handler waits.
    waiting: AtomicU32,
    outbox: mpsc::Sender<Settlement<W::Result>>,
    in_flight: Arc<AtomicI32>,
    tasks: TaskTracker,
}

impl<W: Work> Hands<W> {
    pub(super) fn new(
        lane: &'static str,
        work: Arc<W>,
        outbox: mpsc::Sender<Settlement<W::Result>>,
        in_flight: Arc<AtomicI32>,
    ) -> Arc<Hands<W>> {
        let buffer = Mutex::new(Buffer::new(work.epoch()));
        Arc::new(Hands {
            lane,
            work,
            pace: Pace::default(),
            look: Notify::new(),
            buffer,
            mark: AtomicU32::new(0),
            running: AtomicU32::new(0),
            waiting: AtomicU32::new(0),
            outbox,
            in_flight,
            tasks: TaskTracker::new(),
        })
    }

    pub(super) fn buffer(&self) -> MutexGuard<'_, Buffer<W::Input>> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn running(&self) -> u32 {
        self.running.load(Ordering::Acquire)
    }

    pub(super) fn set_mark(&self, mark: usize) {
        self.mark.store(u32::try_from(mark).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// What was claimed under another epoch than `epoch` belongs to others now.
    pub(super) fn renew(&self, epoch: i64) {
        let mut buffer = self.buffer();
        if buffer.epoch() != epoch {
            let dropped = buffer.renew(epoch);
            self.count(-(dropped as i32));
        }
    }

    pub(super) fn count(&self, change: i32) {
        self.in_flight.fetch_add(change, Ordering::Relaxed);
    }

    /// Takes over what was claimed under `epoch`, and raises hands for it as far as the gate allows now.
    pub(super) fn receive(self: &Arc<Self>, epoch: i64, ready: Vec<Ready<W::Input>>) {
        let came = ready.len() as i32;
        if !self.buffer().add(epoch, ready) {
            return self.count(-came);
        }
        // The claim took its time: what was allowed before it may not be any more.
        self.raise();
    }

    /// One more hand, if all wait, there is a job for it, and the gate allows it.
    pub(super) fn raise(self: &Arc<Self>) {
        let Gate::Open(allowed) = self.work.gate(self.lane) else { return };
        let running = self.running();
        if running >= allowed || running > self.waiting.load(Ordering::Acquire) || self.buffer().len() == 0 {
            return;
        }
        self.running.fetch_add(1, Ordering::AcqRel);
        self.tasks.spawn(Arc::clone(self).work());
    }

    async fn work(self: Arc<Self>) {
        let mut ran = 0_u32;
        while let Some((turn, (job, input))) = self.next() {
            let began = Instant::now();
            let settlement = self.attempt(turn, job, input).await;
            self.pace.measured(began.elapsed());
            self.deliver(settlement).await;
            self.count(-1);
            ran = ran.wrapping_add(1);
            if ran.is_multiple_of(STRETCH) {
                tokio::task::yield_now().await;
            }
        }
        self.running.fetch_sub(1, Ordering::AcqRel);
        // What came in the moment between finding nothing and retiring.
        self.raise();
        self.look.notify_one();
    }

    /// The next job, if the gate allows one more to this hand.
    fn next(&self) -> Option<(Turn, Ready<W::Input>)> {
        let Gate::Open(allowed) = self.work.gate(self.lane) else { return None };
        if self.running() > allowed {
            return None;
        }
        let epoch = self.work.epoch();
        let mut buffer = self.buffer();
        let ready = buffer.take(epoch)?;
        if buffer.len() == self.mark.load(Ordering::Relaxed) as usize {
            self.look.notify_one();
        }
        Some((Turn { lane: self.lane, epoch, pass: Pass::Ordinary }, ready))
    }

    /// Runs one job; a handler that breaks or hangs costs its attempt and nothing else.
    pub(super) async fn attempt(self: &Arc<Self>, turn: Turn, job: Claimed, input: W::Input) -> Settlement<W::Result> {
        let limit = self.work.time_limit();
        let mut run = pin!(AssertUnwindSafe(self.work.run(turn, job.clone(), input)).catch_unwind());
        let ended = match poll!(run.as_mut()) {
            Poll::Ready(ended) => Ok(ended),
            Poll::Pending => {
                self.waiting.fetch_add(1, Ordering::AcqRel);
                self.raise();
                let ended = tokio::time::timeout(limit, run).await;
                self.waiting.fetch_sub(1, Ordering::AcqRel);
                ended
            }
        };
        match ended {
            Ok(Ok(settlement)) => settlement,
            Ok(Err(_)) => broken(turn, job, "its handler broke; see the log".into(), 0),
            Err(_) => {
                let took_ms = i32::try_from(limit.as_millis()).unwrap_or(i32::MAX);
                broken(turn, job, format!("its handler did not end within {limit:?}"), took_ms)
            }
        }
    }

    pub(super) async fn deliver(&self, settlement: Settlement<W::Result>) {
        if self.outbox.send(settlement).await.is_err() {
            tracing::error!("the settler is gone; the job goes back to its lane when this node is reaped");
        }
    }

    /// Hands back what no hand has begun.
    pub(super) async fn give_back(&self) {
        let (epoch, jobs) = {
            let mut buffer = self.buffer();
            (buffer.epoch(), buffer.empty())
        };
        self.count(-(jobs.len() as i32));
        for (job, _) in jobs {
            self.deliver(Settlement::back(job, self.lane, epoch)).await;
        }
    }

    /// Waits until every hand has ended; none may be raised any more.
    pub(super) async fn rest(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

fn broken<R: Default>(turn: Turn, job: Claimed, why: String, took_ms: i32) -> Settlement<R> {
    let end = if job.attempt >= job.max_attempts {
        End::Dead
    } else {
        End::Again { at: job.claimed_at + TimeDelta::milliseconds(took_ms.into()) + REST, burnt: true }
    };
    let failure = Failure {
        contact_id: job.contact_id,
        kind: ErrorKind::Internal,
        http_status: None,
        provider_code: None,
        message: format!("{}: {why}", ErrorKind::Internal.name()),
        probe: matches!(turn.pass, Pass::Probe(_)),
        started_at: job.claimed_at,
        took_ms,
    };
    Settlement { failure: Some(failure), ..Settlement::bare(job, turn.lane, turn.epoch, end) }
}
