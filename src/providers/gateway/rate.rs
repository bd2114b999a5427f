//! Calls per second: each call takes the next free moment. The rate is the fleet's; each process keeps its part of it.

use std::time::{Duration, Instant};

/// Moments may be taken so far ahead of an even pace: a lane that was idle does not begin with a burst.
const BURST: Duration = Duration::from_millis(50);

/// Paces the calls of one line in this process.
#[derive(Debug)]
pub struct Rate {
    per_second: f64,
    nodes: u32,
    next: Option<Instant>,
}

impl Rate {
    /// So many calls a second in the whole fleet; this process is alone in it for now.
    pub fn new(per_second: f64) -> Rate {
        Rate { per_second: per_second.max(0.001), nodes: 1, next: None }
    }

    /// So many live nodes share the rate.
    pub fn shared_by(&mut self, nodes: u32) {
        self.nodes = nodes.max(1);
    }

    /// Calls a second of this process.
    pub fn own(&self) -> f64 {
        self.per_second / f64::from(self.nodes)
    }

    /// Takes the next free moment; how long until then.
    pub fn take(&mut self, now: Instant) -> Duration {
        let pause = Duration::from_secs_f64(1.0 / self.own());
        let earliest = now.checked_sub(BURST.min(pause)).unwrap_or(now);
        let moment = self.next.map_or(earliest, |next| next.max(earliest));
        self.next = Some(moment + pause);
        moment.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_kept_over_a_second_and_begins_without_a_burst() {
        let (mut rate, now) = (Rate::new(100.0), Instant::now());
        let waits: Vec<Duration> = (0..100).map(|_| rate.take(now)).collect();
        assert!(waits[0].is_zero());
        assert!(waits.iter().filter(|w| w.is_zero()).count() <= 6);
        assert!(waits[99] > Duration::from_millis(900) && waits[99] < Duration::from_millis(1000));
    }

    #[test]
    fn nodes_share_it() {
        let mut rate = Rate::new(100.0);
        rate.shared_by(4);
        assert!((rate.own() - 25.0).abs() < f64::EPSILON);
    }
}
