//! Claims on their way: up to two at once for a lane, so that one is being planned while the other is being committed; and
//! beside them a small one for what goes before all that is here, which waits for no batch.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::task::TaskTracker;

use super::buffer::Ready;
use super::hands::Hands;
use super::unanswered::Answers;
use super::work::{Settlement, Work};
use crate::database::{Db, Result, answered};
use crate::queue::enqueue::ORDINARY;
use crate::queue::{Claimed, End, claim};

/// Claims of one lane at once.
const CLAIMS_MAX: usize = 2;
/// Jobs in an urgent claim.
const URGENT_MAX: i64 = 32;

/// Fetches jobs of one lane into its buffer.
pub(super) struct Fetcher<W: Work> {
    hands: Arc<Hands<W>>,
    db: Db,
    movers: Arc<Semaphore>,
    /// Claims on their way, and the jobs that they asked for.
    claims: AtomicUsize,
    asked: AtomicUsize,
    /// An urgent claim is on its way, and one more is wanted after it.
    overtaking: AtomicBool,
    again: AtomicBool,
    /// Since when the lane is known to hold nothing more.
    dry: Mutex<Option<Instant>>,
    /// Hints so far: a claim that one overtook says nothing about the lane.
    hints: AtomicUsize,
    answers: Answers,
    tasks: TaskTracker,
}

impl<W: Work> Fetcher<W> {
    pub(super) fn new(hands: Arc<Hands<W>>, db: Db, movers: Arc<Semaphore>) -> Arc<Fetcher<W>> {
        let [claims, asked, hints] = [0; 3].map(AtomicUsize::new);
        let [overtaking, again] = [false; 2].map(AtomicBool::new);
        let (dry, answers, tasks) = (Mutex::default(), Answers::default(), TaskTracker::new());
        Arc::new(Fetcher { hands, db, movers, claims, asked, overtaking, again, dry, hints, answers, tasks })
    }

    /// Jobs that claims on their way have asked for.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::Acquire)
    }

    /// Whether one more claim may go out: there is room for it, and the lane was not found empty within `rest`.
    pub(super) fn may_ask(&self, rest: Duration) -> bool {
        let dry = *self.dry.lock().unwrap_or_else(PoisonError::into_inner);
        self.claims.load(Ordering::Acquire) < CLAIMS_MAX && dry.is_none_or(|since| since.elapsed() >= rest)
    }

    /// There may be something again.
    pub(super) fn forget_dry(&self) {
        self.hints.fetch_add(1, Ordering::AcqRel);
        *self.dry.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Sends a claim for `want` jobs; what comes goes into the buffer, hands are raised, and the runner is told.
    pub(super) fn ask(self: &Arc<Self>, want: usize) {
        self.claims.fetch_add(1, Ordering::AcqRel);
        self.asked.fetch_add(want, Ordering::AcqRel);
        let fetcher = Arc::clone(self);
        self.tasks.spawn(async move {
            let came = fetcher.fetch(want).await;
            fetcher.claims.fetch_sub(1, Ordering::AcqRel);
            fetcher.asked.fetch_sub(want, Ordering::AcqRel);
            if let Err(error) = came {
                tracing::warn!(lane = fetcher.hands.lane, %error, "no claim");
            }
            fetcher.hands.look.notify_one();
        });
    }

    /// Something came while there is enough to do: what goes before all that is here is claimed at once, beside the batches.
    pub(super) fn overtake(self: &Arc<Self>) {
        self.again.store(true, Ordering::Release);
        if self.overtaking.swap(true, Ordering::AcqRel) {
            return;
        }
        let fetcher = Arc::clone(self);
        self.tasks.spawn(async move {
            while fetcher.again.swap(false, Ordering::AcqRel) {
                if let Err(error) = fetcher.fetch_urgent().await {
                    tracing::warn!(lane = fetcher.hands.lane, %error, "no claim");
                }
            }
            fetcher.overtaking.store(false, Ordering::Release);
        });
    }

    async fn fetch_urgent(&self) -> Result<()> {
        let (epoch, priority) = {
            let buffer = self.hands.buffer();
            (buffer.epoch(), buffer.priority())
        };
        // With nothing in the buffer the batches on their way bring what is most urgent; this goes before what is ordinary.
        let priority = i32::from(priority.unwrap_or(ORDINARY));
        let urgent = claim::claim_before(&self.db, self.hands.lane, epoch, (URGENT_MAX, priority));
        let jobs = self.answers.of(answered(urgent)).await?;
        if jobs.len() as i64 == URGENT_MAX {
            self.again.store(true, Ordering::Release);
        }
        self.take_in(epoch, jobs, None).await
    }

    /// Waits until no claim is on its way; none may be sent any more.
    pub(super) async fn rest(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    async fn fetch(&self, want: usize) -> Result<()> {
        // Nobody closes the semaphore.
        let Ok(mover) = self.movers.acquire().await else { return Ok(()) };
        let epoch = self.hands.buffer().epoch();
        let (asked, hints) = (Instant::now(), self.hints.load(Ordering::Acquire));
        let claimed = self.claim(epoch, want as i64).await;
        let full = claimed.as_ref().is_ok_and(|jobs| jobs.len() == want);
        if !full && self.hints.load(Ordering::Acquire) == hints {
            *self.dry.lock().unwrap_or_else(PoisonError::into_inner) = Some(asked);
        }
        self.take_in(epoch, claimed?, Some(mover)).await
    }

    /// Claims; what it takes is freed if the answer does not come.
    pub(super) async fn claim(&self, epoch: i64, want: i64) -> Result<Vec<Claimed>> {
        self.answers.of(answered(claim::claim(&self.db, self.hands.lane, epoch, want))).await
    }

    /// Frees what a claim took whose answer did not come.
    pub(super) async fn free_lost(&self) -> Result<()> {
        let epoch = self.hands.work.epoch();
        if answered(self.answers.free_lost(&self.db, self.hands.lane, epoch)).await? > 0 {
            self.forget_dry();
        }
        Ok(())
    }

    async fn take_in(&self, epoch: i64, jobs: Vec<Claimed>, mover: Option<SemaphorePermit<'_>>) -> Result<()> {
        if jobs.is_empty() {
            return Ok(());
        }
        self.hands.count(jobs.len() as i32);
        let inputs = answered(self.hands.work.load(self.hands.lane, &jobs)).await;
        // What follows may have to wait for the settler, and the settler for a mover.
        drop(mover);
        let ready = self.with_inputs(epoch, jobs, inputs).await?;
        self.hands.receive(epoch, ready);
        Ok(())
    }

    /// The jobs with what their handlers need.
    pub(super) async fn load(&self, epoch: i64, jobs: Vec<Claimed>) -> Result<Vec<Ready<W::Input>>> {
        let inputs = answered(self.hands.work.load(self.hands.lane, &jobs)).await;
        self.with_inputs(epoch, jobs, inputs).await
    }

    /// Jobs whose subject is gone end here; if nothing could be loaded, all go back.
    async fn with_inputs(
        &self,
        epoch: i64,
        jobs: Vec<Claimed>,
        inputs: Result<Vec<Option<W::Input>>>,
    ) -> Result<Vec<Ready<W::Input>>> {
        let hands = &self.hands;
        let inputs = match inputs {
            Ok(inputs) => inputs,
            Err(error) => {
                hands.count(-(jobs.len() as i32));
                for job in jobs {
                    hands.deliver(Settlement::back(job, hands.lane, epoch)).await;
                }
                return Err(error);
            }
        };
        let mut ready = Vec::with_capacity(jobs.len());
        for (job, input) in jobs.into_iter().zip(inputs) {
            match input {
                Some(input) => ready.push((job, input)),
                None => {
                    hands.count(-1);
                    hands.deliver(Settlement::bare(job, hands.lane, epoch, End::Cancelled)).await;
                }
            }
        }
        Ok(ready)
    }
}
