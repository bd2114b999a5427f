//! What the gateway knows of one provider: where it lives, how it is spoken to, and everything that holds its calls back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::budget::{Budget, Room, Spent, Wanted};
use super::rate::Pacing;
use crate::breakers::{Admission, Guard};
use crate::providers::MicroUsd;
use crate::providers::batching::Batching;
use crate::providers::call::Pass;
use crate::providers::limiter::Limiter;
use crate::providers::packages::Packages;
use crate::settings::CacheSettings;

/// Who waits for the rate looks so often whether it still is the same.
const LOOK: Duration = Duration::from_millis(250);

/// How numbers are looked up where a provider has data packages; of the others it is what is usual.
#[derive(Debug, Default)]
pub struct Lookup {
    /// Data packages to ask for.
    pub packages: Packages,
    /// What the verifying call asks about, where it has to ask about something.
    pub verify_number: String,
    /// Which of our own customers asks, for the risk of a number.
    pub partner_sub_id: Option<String>,
    /// Numbers or addresses in one request.
    pub batching: Batching,
}

/// One provider.
#[derive(Debug)]
pub struct Line {
    /// Provider's id.
    pub provider: &'static str,
    /// Credential slot.
    pub slot: &'static str,
    /// Base URL without a trailing slash.
    pub base_url: String,
    /// Which of the provider's ways to be spoken to; one of the catalogue's words.
    pub dialect: &'static str,
    /// How numbers are looked up.
    pub lookup: Lookup,
    /// Bound of the whole call, body included.
    pub timeout: Duration,
    /// How long answers stay fresh; none: its answers may not be served again.
    pub keep: Option<CacheSettings>,
    /// Its breaker as this process sees it.
    pub guard: Guard,
    /// Its concurrency.
    pub limiter: Mutex<Limiter>,
    /// Its calls a second.
    pub rate: Mutex<Pacing>,
    /// Its day's money and calls.
    pub budget: Mutex<Budget>,
    /// Its lane is paused or parked: whoever waits for the rate goes back.
    pub stopped: AtomicBool,
}

/// What the day's budget holds for a call, or for the others of a batch, until it is dropped, also where the call is broken off:
/// it counts as spent then until the answers, or what the fleet has spent, say what it cost.
#[derive(Debug)]
pub struct Held<'a> {
    line: &'a Line,
    wanted: Wanted,
    is_free: bool,
}

impl Held<'_> {
    /// The provider gave no answer that it would charge for.
    pub(super) fn free(mut self) {
        self.is_free = true;
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.line.budget().end(self.wanted, !self.is_free, Instant::now());
    }
}

impl Line {
    fn rate(&self) -> MutexGuard<'_, Pacing> {
        self.rate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether one more call fits into the day's budget.
    pub fn room(&self) -> Room {
        self.budget().room(Wanted::CALL)
    }

    /// What the fleet has spent on this day by a reading that began then, and the highest price of a call.
    pub fn read_spent(&self, (spent, began): (Spent, Instant), dearest: MicroUsd) {
        let mut budget = self.budget();
        budget.expect(dearest);
        budget.read(spent, began);
    }

    /// An operator's USD a day, if one has set them, and this node's place among those who share them: how many, and its rank.
    pub fn allow(&self, usd: Option<f64>, place: (u32, u32)) {
        self.budget().allow(usd.map(|usd| (usd * 1e6) as MicroUsd), place);
    }

    /// Begins a call, if the day's budget has room for it.
    pub(super) fn begin(&self) -> Result<Held<'_>, Room> {
        self.take(Wanted::CALL)
    }

    /// Holds the money for the others of a batch beside the one whose call is begun; none where the day has no room for all: each has to
    /// be asked for by itself then.
    pub fn hold(&self, others: usize) -> Option<Held<'_>> {
        self.take(Wanted::others(others)).ok()
    }

    fn take(&self, wanted: Wanted) -> Result<Held<'_>, Room> {
        match self.budget().begin(wanted) {
            Room::Enough => Ok(Held { line: self, wanted, is_free: false }),
            room => Err(room),
        }
    }

    /// A number or address of an answered call cost so much.
    pub fn spent(&self, cost: MicroUsd) {
        self.budget().spend(cost, Instant::now());
    }

    /// An operator's calls a second in the fleet, if one has set them, and how many live nodes share the rate.
    pub fn share_rate(&self, live: Option<f64>, nodes: u32) {
        self.rate().share(live, nodes);
        self.lookup.batching.share(nodes);
    }

    /// Calls that this process may begin in a second, at least 1; none without a rate.
    pub fn per_second(&self) -> Option<u32> {
        self.rate().own().map(|own| (own.ceil() as u32).max(1))
    }

    /// Whether its lane stands still now.
    pub fn stop(&self, stopped: bool) {
        self.stopped.store(stopped, Ordering::Relaxed);
    }

    /// Waits for the next free moment of the rate; for another one when the rate changes meanwhile. False when the lane stands still
    /// before it comes: at a call a minute that may be long after.
    pub(super) async fn turn(&self, pass: Pass) -> bool {
        let is_refused = || pass == Pass::Ordinary && self.guard.admit() == Admission::Refused;
        loop {
            let (mut wait, pace) = self.rate().take(Instant::now());
            while !wait.is_zero() && self.rate().is(pace) {
                if self.stopped.load(Ordering::Relaxed) || is_refused() {
                    return false;
                }
                let part = wait.min(LOOK);
                tokio::time::sleep(part).await;
                wait -= part;
            }
            if wait.is_zero() {
                return true;
            }
        }
    }
}
