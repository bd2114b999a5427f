//! What the engine asks of the floor above: gates, handlers, and the writing of what an ending means.

use std::time::Duration;

use sqlx::PgConnection;

use crate::database::Result;
use crate::queue::{Claimed, End, Failure};

/// What this process may do in a lane now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Nothing; what is in the buffer goes back.
    Shut,
    /// Nothing until the next beat is through; what is in the buffer may belong to others by then.
    Hold,
    /// The lane's probe is due.
    Probe,
    /// So many handlers at once.
    Open(u32),
}

/// By what right a handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// The breaker is asked.
    Ordinary,
    /// The call is the breaker's one probe; its verdict belongs to this generation.
    Probe(i64),
}

/// Where and by what right a handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// The job's lane.
    pub lane: &'static str,
    /// Epoch under which it was claimed.
    pub epoch: i64,
    /// The right.
    pub pass: Pass,
}

/// Everything that the end of one attempt means: what the engine must know, and what only its kind of work knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement<R> {
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
    /// What the work knows of it.
    pub result: R,
}

impl<R: Default> Settlement<R> {
    /// An end without a result.
    pub fn bare(job: Claimed, lane: &'static str, epoch: i64, end: End) -> Settlement<R> {
        Settlement { job, lane, epoch, end, failure: None, result: R::default() }
    }

    /// Gives a job back that was never run.
    pub fn back(job: Claimed, lane: &'static str, epoch: i64) -> Settlement<R> {
        Settlement::bare(job, lane, epoch, End::Back)
    }
}

/// A kind of work that the engine can do. One value serves all lanes of a process.
pub trait Work: Send + Sync + 'static {
    /// What a handler needs besides its job.
    type Input: Send + 'static;
    /// What a handler finds.
    type Result: Clone + Default + Send + Sync + 'static;

    /// Fence of leases that are taken now. When it changes, what was claimed under the old one belongs to others.
    fn epoch(&self) -> i64;

    /// What may be done in `lane` now. Asked before every single job: it may not wait for anything.
    fn gate(&self, lane: &'static str) -> Gate;

    /// Loads what the handlers of a batch need, set-wise: one value a job, in order; none for a job whose subject is gone,
    /// which ends as cancelled.
    fn load(
        &self,
        lane: &'static str,
        jobs: &[Claimed],
    ) -> impl Future<Output = Result<Vec<Option<Self::Input>>>> + Send;

    /// Runs one job. Nothing is written here.
    fn run(
        &self,
        turn: Turn,
        job: Claimed,
        input: Self::Input,
    ) -> impl Future<Output = Settlement<Self::Result>> + Send;

    /// A handler that runs longer is given up: a last resort above the handler's own time-outs.
    fn time_limit(&self) -> Duration {
        Duration::from_secs(600)
    }

    /// Tries to win the right to send the lane's one probe; returns the generation that the probe belongs to.
    fn take_probe(&self, lane: &'static str) -> impl Future<Output = Result<Option<i64>>> + Send {
        let _ = lane;
        async { Ok(None) }
    }

    /// The probe ended so; none if there was no job to send.
    fn end_probe(
        &self,
        turn: Turn,
        settlement: Option<&Settlement<Self::Result>>,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (turn, settlement);
        async { Ok(()) }
    }
}

/// Writes what endings mean. Everything happens in the transaction that ends the jobs, set-wise, for one lane and one epoch.
pub trait Ledger: Send + Sync + 'static {
    /// What a handler finds.
    type Result: Clone + Default + Send + Sync + 'static;
    /// What the endings of a batch mean, worked out and not yet written.
    type Draft: Send + 'static;
    /// False where ends mean nothing beyond themselves: then neither of the two below is ever asked.
    const WRITES: bool = true;

    /// Reconsiders ends in the light of what the database knows, and works out what they mean, before anything is written.
    fn reconsider(
        &self,
        tx: &mut PgConnection,
        batch: &mut [Settlement<Self::Result>],
    ) -> impl Future<Output = Result<Self::Draft>> + Send;

    /// Writes what was found. `held` are those whose lease was still ours; it is never empty.
    fn write(
        &self,
        tx: &mut PgConnection,
        held: &[Settlement<Self::Result>],
        draft: &Self::Draft,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Everything is committed: whoever waits for it may be woken.
    fn committed(&self, draft: Self::Draft) {
        let _ = draft;
    }

    /// What may still be written of a result that the database refused.
    fn salvage(&self, result: Self::Result) -> Self::Result {
        let _ = result;
        Self::Result::default()
    }
}
