//! One lane in this process: looks at the gate, keeps the buffer filled, raises hands, sends the probe when it is due.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::hands::Hands;
use super::pace::CLAIM_MAX;
use super::work::{Gate, Pass, Settlement, Turn, Work};
use crate::database::{Db, Result};
use crate::queue::{Claimed, End, claim};

/// How long an idle lane sleeps when no hint comes, and how often retries that are due are looked for.
const IDLE: Duration = Duration::from_secs(1);

pub(super) struct Runner<W: Work> {
    hands: Arc<Hands<W>>,
    db: Db,
    wake: Arc<Notify>,
    /// When due retries were last made claimable.
    promoted: Instant,
    /// Since when the lane is known to hold nothing more; a hint, or time, ends that.
    dry: Option<Instant>,
}

impl<W: Work> Runner<W> {
    pub(super) fn new(hands: Arc<Hands<W>>, db: Db, wake: Arc<Notify>) -> Runner<W> {
        Runner { hands, db, wake, promoted: Instant::now(), dry: None }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let again = self.turn().await.unwrap_or_else(|error| {
                tracing::warn!(lane = self.hands.lane, %error, "no claim");
                false
            });
            if again {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.hands.look.notified() => {}
                () = self.wake.notified() => self.dry = None,
                () = tokio::time::sleep(IDLE) => self.dry = None,
            }
        }
        self.hands.give_back().await;
        self.hands.rest().await;
    }

    /// One look at the lane. True: look again at once.
    async fn turn(&mut self) -> Result<bool> {
        self.hands.renew(self.hands.work.epoch());
        match self.hands.work.gate(self.hands.lane) {
            Gate::Hold => Ok(false),
            Gate::Shut => {
                self.stand_still().await;
                Ok(false)
            }
            Gate::Probe => {
                self.stand_still().await;
                self.probe().await
            }
            Gate::Open(allowed) => self.fill(allowed).await,
        }
    }

    async fn stand_still(&mut self) {
        self.dry = None;
        self.hands.give_back().await;
    }

    async fn promote(&mut self) -> Result<()> {
        if claim::promote(&self.db, self.hands.lane).await? > 0 {
            self.dry = None;
        }
        self.promoted = Instant::now();
        Ok(())
    }

    async fn fill(&mut self, allowed: u32) -> Result<bool> {
        if self.promoted.elapsed() >= IDLE {
            // Also while claims come back full: a retry whose time has come does not wait for an empty lane.
            self.promote().await?;
        }
        let spare = self.hands.pace.spare(allowed);
        let low = spare.div_ceil(2);
        self.hands.set_mark(low.saturating_sub(1));
        let held = self.hands.buffer().len();
        let dry = self.dry.is_some_and(|since| since.elapsed() < IDLE);
        let mut full = false;
        if held < low && !dry {
            let free = allowed.saturating_sub(self.hands.running()) as usize;
            let want = (free + spare).saturating_sub(held).clamp(1, CLAIM_MAX);
            let claimed = self.claim(want).await?;
            full = claimed == want;
            self.dry = (!full).then(Instant::now);
        }
        // The claim took its time: what was allowed before it may not be any more. Each hand asks the gate again.
        self.hands.raise(allowed);
        Ok(full && self.hands.buffer().len() < low)
    }

    /// Claims up to `want` jobs into the buffer; says how many came.
    async fn claim(&self, want: usize) -> Result<usize> {
        let epoch = self.hands.buffer().epoch();
        let jobs = claim::claim(&self.db, self.hands.lane, epoch, want as i64).await?;
        let came = jobs.len();
        if came == 0 {
            return Ok(0);
        }
        self.hands.count(came as i32);
        let ready = self.load(epoch, jobs).await?;
        let loaded = ready.len() as i32;
        if !self.hands.buffer().add(epoch, ready) {
            self.hands.count(-loaded);
        }
        Ok(came)
    }

    /// With what their handlers need. Jobs whose subject is gone end here; if nothing can be loaded, all go back.
    async fn load(&self, epoch: i64, jobs: Vec<Claimed>) -> Result<Vec<(Claimed, W::Input)>> {
        let hands = &self.hands;
        let inputs = match hands.work.load(hands.lane, &jobs).await {
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

    /// Sends the lane's one probe, if this process gets it: the lane's oldest real job.
    async fn probe(&mut self) -> Result<bool> {
        self.promote().await?;
        let lane = self.hands.lane;
        if self.hands.running() > 0 || !claim::any_waiting(&self.db, lane).await? {
            return Ok(false);
        }
        let Some(generation) = self.hands.work.take_probe(lane).await? else { return Ok(false) };
        let turn = Turn { lane, epoch: self.hands.work.epoch(), pass: Pass::Probe(generation) };
        let sent = self.send_probe(turn).await;
        let settlement = sent.as_ref().ok().and_then(Option::as_ref);
        self.hands.work.end_probe(turn, settlement).await?;
        sent.map(|_| true)
    }

    async fn send_probe(&self, turn: Turn) -> Result<Option<Settlement<W::Result>>> {
        let jobs = claim::claim(&self.db, turn.lane, turn.epoch, 1).await?;
        self.hands.count(jobs.len() as i32);
        let Some((job, input)) = self.load(turn.epoch, jobs).await?.pop() else { return Ok(None) };
        let settlement = self.hands.attempt(turn, job, input).await;
        self.hands.deliver(settlement.clone()).await;
        self.hands.count(-1);
        Ok(Some(settlement))
    }
}
