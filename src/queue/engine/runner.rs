//! One lane in this process: looks at the gate, keeps the buffer filled, raises hands, sends the probe when it is due.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use super::fetch::Fetcher;
use super::hands::Hands;
use super::pace::CLAIM_MAX;
use super::work::{Gate, Pass, Settlement, Turn, Work};
use crate::database::{Db, Result, answered};
use crate::queue::claim;

/// How long an idle lane sleeps when no hint comes, and how often retries that are due are looked for.
const IDLE: Duration = Duration::from_secs(1);

pub(super) struct Runner<W: Work> {
    hands: Arc<Hands<W>>,
    fetcher: Arc<Fetcher<W>>,
    db: Db,
    wake: Arc<Notify>,
    /// When due retries were last made claimable.
    promoted: Instant,
}

impl<W: Work> Runner<W> {
    pub(super) fn new(hands: Arc<Hands<W>>, db: Db, wake: Arc<Notify>, movers: Arc<Semaphore>) -> Runner<W> {
        let fetcher = Fetcher::new(Arc::clone(&hands), db.clone(), movers);
        Runner { hands, fetcher, db, wake, promoted: Instant::now() }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.turn().await {
                tracing::warn!(lane = self.hands.lane, %error, "no claim");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.hands.look.notified() => {}
                () = self.wake.notified() => self.heard(),
                () = tokio::time::sleep(IDLE) => {}
            }
        }
        self.fetcher.rest().await;
        self.hands.give_back().await;
        self.hands.rest().await;
    }

    /// There is work: the next look asks for it, and what is urgent does not wait until there is room for a batch.
    fn heard(&self) {
        self.fetcher.forget_dry();
        let idle = self.hands.running() == 0 && self.fetcher.asked() == 0;
        if !idle && matches!(self.hands.work.gate(self.hands.lane), Gate::Open(_)) {
            self.fetcher.overtake();
        }
    }

    /// One look at the lane.
    async fn turn(&mut self) -> Result<()> {
        self.hands.renew(self.hands.work.epoch());
        self.fetcher.free_lost().await?;
        match self.hands.work.gate(self.hands.lane) {
            Gate::Hold => Ok(()),
            Gate::Shut => {
                self.stand_still().await;
                Ok(())
            }
            Gate::Probe => {
                self.stand_still().await;
                self.probe().await
            }
            Gate::Open(allowed) => self.fill(allowed).await,
        }
    }

    async fn stand_still(&self) {
        self.fetcher.forget_dry();
        self.hands.give_back().await;
    }

    async fn promote(&mut self) -> Result<()> {
        if answered(claim::promote(&self.db, self.hands.lane)).await? > 0 {
            self.fetcher.forget_dry();
        }
        self.promoted = Instant::now();
        Ok(())
    }

    async fn fill(&mut self, allowed: u32) -> Result<()> {
        self.ask(allowed);
        self.hands.raise();
        if self.promoted.elapsed() >= IDLE {
            // Also while claims come back full: a retry whose time has come does not wait for an empty lane.
            self.promote().await?;
            self.ask(allowed);
        }
        Ok(())
    }

    /// Sends claims as long as the buffer is low.
    fn ask(&self, allowed: u32) {
        let spare = self.hands.pace.spare(allowed);
        // Above half: where handlers take no time, one claim is under way while the next one is being sent.
        let low = spare - spare / 4;
        self.hands.set_mark(low.saturating_sub(1));
        while self.fetcher.may_ask(IDLE) {
            let coming = self.hands.buffer().len() + self.fetcher.asked();
            if coming >= low {
                break;
            }
            let free = allowed.saturating_sub(self.hands.running()) as usize;
            self.fetcher.ask((free + spare).saturating_sub(coming).clamp(1, CLAIM_MAX));
        }
    }

    /// Sends the lane's one probe, if this process gets it: the lane's oldest real job.
    async fn probe(&mut self) -> Result<()> {
        self.promote().await?;
        let lane = self.hands.lane;
        let busy = self.hands.running() > 0 || self.fetcher.asked() > 0;
        if busy || !claim::any_waiting(&self.db, lane).await? {
            return Ok(());
        }
        let Some(generation) = self.hands.work.take_probe(lane).await? else { return Ok(()) };
        let turn = Turn { lane, epoch: self.hands.work.epoch(), pass: Pass::Probe(generation) };
        let sent = self.send_probe(turn).await;
        let settlement = sent.as_ref().ok().and_then(Option::as_ref);
        self.hands.work.end_probe(turn, settlement).await?;
        self.hands.look.notify_one();
        sent.map(|_| ())
    }

    async fn send_probe(&self, turn: Turn) -> Result<Option<Settlement<W::Result>>> {
        let jobs = self.fetcher.claim(turn.epoch, 1).await?;
        self.hands.count(jobs.len() as i32);
        let Some((job, input)) = self.fetcher.load(turn.epoch, jobs).await?.pop() else { return Ok(None) };
        let settlement = self.hands.attempt(turn, job, input).await;
        self.hands.deliver(settlement.clone()).await;
        self.hands.count(-1);
        Ok(Some(settlement))
    }
}
