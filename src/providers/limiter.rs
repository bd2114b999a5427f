//! How many calls a lane may have in flight in the fleet: grows by one a round, halves on throttling.
//!
//! Providers' limits are mostly on concurrency, and a refused call is free: finding the limit beats guessing a rate.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// Throttled answers in a row, at the floor, from which on throttling counts as an outage.
const PERSISTENT: u32 = 20;
/// One halving for all the refusals of one burst.
const CUT_PAUSE: TimeDelta = TimeDelta::seconds(1);

/// Additive increase, multiplicative decrease. Numbers are of the whole fleet.
#[derive(Debug, Clone, PartialEq)]
pub struct Limiter {
    limit: u32,
    cap: u32,
    successes: u32,
    throttled: u32,
    last_cut: Option<DateTime<Utc>>,
    quiet_until: Option<DateTime<Utc>>,
}

impl Limiter {
    /// Starts at `start`, never above `cap`, never below 1.
    pub fn new(start: u32, cap: u32) -> Limiter {
        let cap = cap.max(1);
        Limiter { limit: start.clamp(1, cap), cap, successes: 0, throttled: 0, last_cut: None, quiet_until: None }
    }

    /// Calls at once in the fleet, now; 0 while the provider asked for silence.
    pub fn allowed(&self, now: DateTime<Utc>) -> u32 {
        if self.quiet_until.is_some_and(|until| now < until) { 0 } else { self.limit }
    }

    /// The limit itself.
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// Not more than this for now: what was found before an outage may not hold after it.
    pub fn at_most(&mut self, limit: u32) {
        self.limit = self.limit.min(limit.max(1));
    }

    /// A call was answered.
    pub fn succeeded(&mut self) {
        self.throttled = 0;
        self.successes += 1;
        if self.successes >= self.limit && self.limit < self.cap {
            self.limit += 1;
            self.successes = 0;
        }
    }

    /// A call was refused for want of room. Says whether this has gone on so long at the floor that it is an outage.
    pub fn throttled(&mut self, now: DateTime<Utc>, retry_after: Option<Duration>) -> bool {
        if self.limit == 1 {
            self.throttled += 1;
        }
        if self.last_cut.is_none_or(|cut| now - cut >= CUT_PAUSE) {
            self.limit = (self.limit / 2).max(1);
            self.successes = 0;
            self.last_cut = Some(now);
        }
        if let Some(wait) = retry_after.and_then(|w| TimeDelta::from_std(w).ok()) {
            let until = now + wait.min(TimeDelta::hours(1));
            self.quiet_until = self.quiet_until.max(Some(until));
        }
        self.throttled >= PERSISTENT
    }
}

/// The part of a fleet-wide number that falls to the node of this rank (0-based) among `nodes`; the parts sum to the whole.
pub fn share(whole: u32, nodes: u32, rank: u32) -> u32 {
    let nodes = nodes.max(1);
    whole / nodes + u32::from(rank < whole % nodes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(ms: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(ms)
    }

    #[test]
    fn a_burst_of_refusals_halves_once() {
        let mut limiter = Limiter::new(16, 64);
        for i in 0..10 {
            limiter.throttled(at(i), None);
        }
        assert_eq!(limiter.limit(), 8);
        limiter.throttled(at(1500), None);
        assert_eq!(limiter.limit(), 4);
    }

    #[test]
    fn it_grows_by_one_a_round_and_stops_at_the_cap() {
        let mut limiter = Limiter::new(16, 18);
        for _ in 0..16 {
            limiter.succeeded();
        }
        assert_eq!(limiter.limit(), 17);
        for _ in 0..1000 {
            limiter.succeeded();
        }
        assert_eq!(limiter.limit(), 18);
    }

    #[test]
    fn the_providers_own_wait_is_kept() {
        let mut limiter = Limiter::new(16, 64);
        limiter.throttled(at(0), Some(Duration::from_secs(2)));
        assert_eq!(limiter.allowed(at(1999)), 0);
        assert_eq!(limiter.allowed(at(2000)), 8);
    }

    #[test]
    fn throttling_that_goes_on_at_the_floor_is_an_outage() {
        let mut limiter = Limiter::new(1, 64);
        let verdicts: Vec<bool> = (0..20).map(|i| limiter.throttled(at(i * 2000), None)).collect();
        assert_eq!(verdicts.iter().filter(|v| **v).count(), 1);
        assert!(verdicts[19]);
    }

    proptest! {
        #[test]
        fn shares_of_all_ranks_sum_to_the_whole(whole in 0u32..10_000, nodes in 1u32..50) {
            let sum: u32 = (0..nodes).map(|rank| share(whole, nodes, rank)).sum();
            prop_assert_eq!(sum, whole);
        }
    }
}
