//! What reached the stand-ins, counted at the far end: the number that nobody who calls can dress up.
//!
//! One lock over scripts, counters and calls, held for microseconds; the list of calls keeps the newest.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    provider::PROVIDERS,
    script::{Mode, Player, Script},
};

/// The newest calls that are kept (about 100 bytes each); older ones stay in the counters alone.
pub const CALLS_MAX: usize = 2_000_000;

/// One call, as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// Id of the provider that was meant.
    pub provider: &'static str,
    /// When its head and body had arrived.
    pub at: DateTime<Utc>,
    /// What it asked about (for Twilio the number as it was written); empty if the path names none. At most 64 characters.
    pub number: Box<str>,
    /// Which of the accepted credentials it presented, by the order in which they were let in; none if none of them.
    pub credential: Option<u32>,
    /// What the script made of it.
    pub mode: Mode,
    /// The status that was answered; none for a call that was left hanging or torn down.
    pub status: Option<u16>,
    /// Calls to this provider that were being answered when it arrived, itself included.
    pub at_once: u32,
    /// Milliseconds from its arrival to its answer or to the end of its connection; none while it is being answered.
    pub took_ms: Option<u32>,
}

/// What one provider has seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Calls, refused and scripted ones included.
    pub total: u64,
    /// Calls by the status that was answered; `none` for those left hanging or torn down.
    pub by_status: BTreeMap<String, u64>,
    /// Calls that are being answered now.
    pub at_once: u64,
    /// The most of them at any moment.
    pub most_at_once: u64,
    /// The most that arrived within a tenth of a second (by the sandbox's clock).
    pub most_in_100_ms: u64,
}

/// What a provider answers to one call: decided at arrival.
pub(super) struct Arrival {
    pub(super) provider: usize,
    pub(super) at: DateTime<Utc>,
    pub(super) number: Box<str>,
    pub(super) credential: Option<u32>,
}

struct Desk {
    player: Player,
    counters: Counters,
    /// The tenth of a second that is counted now, and its calls.
    tenth: (u128, u64),
}

impl Desk {
    fn new(script: Script) -> Self {
        Self { player: Player::new(script), counters: Counters::default(), tenth: (0, 0) }
    }

    fn count(&mut self, now: Duration, answered: Option<u16>) {
        let counters = &mut self.counters;
        counters.total += 1;
        counters.at_once += 1;
        counters.most_at_once = counters.most_at_once.max(counters.at_once);
        let tenth = now.as_millis() / 100;
        self.tenth = if self.tenth.0 == tenth { (tenth, self.tenth.1 + 1) } else { (tenth, 1) };
        counters.most_in_100_ms = counters.most_in_100_ms.max(self.tenth.1);
        let name = answered.map_or_else(|| "none".to_owned(), |status| status.to_string());
        *counters.by_status.entry(name).or_default() += 1;
    }
}

struct Books {
    desks: Vec<Desk>,
    calls: VecDeque<CallRecord>,
    forgotten: u64,
}

/// Scripts, counters and calls of all providers, by their index in [`PROVIDERS`].
pub(super) struct Ledger {
    began: Instant,
    books: Mutex<Books>,
}

impl Ledger {
    pub(super) fn new(scripts: Vec<Script>) -> Self {
        let books = Books { desks: scripts.into_iter().map(Desk::new).collect(), calls: VecDeque::new(), forgotten: 0 };
        Self { began: Instant::now(), books: Mutex::new(books) }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        // Counters stay usable after a panic elsewhere: each change is a single step.
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a call: the script says how it is treated, `status` what is answered then.
    pub(super) fn enter(self: &Arc<Self>, arrival: Arrival, status: impl FnOnce(Mode) -> Option<u16>) -> (Mode, Visit) {
        let Arrival { provider, at, number, credential } = arrival;
        let now = self.began.elapsed();
        let mut books = self.books();
        let mut mode = Mode::Ok;
        let mut answered = None;
        let mut at_once = 0;
        if let Some(desk) = books.desks.get_mut(provider) {
            mode = desk.player.call(now);
            answered = status(mode);
            desk.count(now, answered);
            at_once = u32::try_from(desk.counters.at_once).unwrap_or(u32::MAX);
        }
        if books.calls.len() == CALLS_MAX {
            books.calls.pop_front();
            books.forgotten += 1;
        }
        let id = PROVIDERS.get(provider).map_or("", |provider| provider.id);
        let number_of_call = books.forgotten + books.calls.len() as u64;
        let (status, took_ms) = (answered, None);
        books.calls.push_back(CallRecord { provider: id, at, number, credential, mode, status, at_once, took_ms });
        (mode, Visit { ledger: Arc::clone(self), provider, call: number_of_call, since: now })
    }

    /// Starts a provider's script anew.
    pub(super) fn set_script(&self, provider: usize, script: Script) {
        self.put(provider, Player::new(script));
    }

    /// The same with a first phase that begins now.
    pub(super) fn begin_script(&self, provider: usize, script: Script) {
        self.put(provider, Player::begun(script, self.began.elapsed()));
    }

    fn put(&self, provider: usize, player: Player) {
        if let Some(desk) = self.books().desks.get_mut(provider) {
            desk.player = player;
        }
    }

    pub(super) fn script(&self, provider: usize) -> Option<Script> {
        self.books().desks.get(provider).map(|desk| desk.player.script().clone())
    }

    pub(super) fn counters(&self) -> BTreeMap<&'static str, Counters> {
        PROVIDERS.iter().zip(&self.books().desks).map(|(provider, desk)| (provider.id, desk.counters.clone())).collect()
    }

    /// Up to `limit` calls from the one with this number on (the first of all is 0), the number of the first that is
    /// returned, and how many there have been in all.
    pub(super) fn calls(&self, from: u64, limit: usize) -> (Vec<CallRecord>, u64, u64) {
        let books = self.books();
        let total = books.forgotten + books.calls.len() as u64;
        let skipped = usize::try_from(from.saturating_sub(books.forgotten)).unwrap_or(usize::MAX);
        let calls = books.calls.iter().skip(skipped).take(limit).cloned().collect();
        (calls, from.max(books.forgotten), total)
    }
}

/// A call that is being answered; dropped when it is over, also if the client has hung up.
pub(super) struct Visit {
    ledger: Arc<Ledger>,
    provider: usize,
    /// Its place among all calls; the first of all is 0.
    call: u64,
    since: Duration,
}

impl Drop for Visit {
    fn drop(&mut self) {
        let took = self.ledger.began.elapsed().saturating_sub(self.since);
        let mut books = self.ledger.books();
        if let Some(desk) = books.desks.get_mut(self.provider) {
            desk.counters.at_once = desk.counters.at_once.saturating_sub(1);
        }
        let place = self.call.checked_sub(books.forgotten).and_then(|place| usize::try_from(place).ok());
        if let Some(call) = place.and_then(|place| books.calls.get_mut(place)) {
            call.took_ms = Some(u32::try_from(took.as_millis()).unwrap_or(u32::MAX));
        }
    }
}
