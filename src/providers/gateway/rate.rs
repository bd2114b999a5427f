//! Calls per second: each call takes the next free moment. The rate is the fleet's; each process keeps its part of it.

use std::time::{Duration, Instant};

/// Moments may be taken so far ahead of an even pace: a lane that was idle does not begin with a burst.
const BURST: Duration = Duration::from_millis(50);

/// The rate of a line: the setting's, or the one that an operator has set live, which wins.
#[derive(Debug, Default)]
pub struct Pacing {
    setting: Option<f64>,
    rate: Option<Rate>,
    /// How often the pace has changed: who waits by an older one takes a new moment.
    changes: u64,
}

impl Pacing {
    /// By the setting, alone in the fleet for now.
    pub fn new(setting: Option<f64>) -> Pacing {
        Pacing { setting, rate: setting.map(Rate::new), changes: 0 }
    }

    /// An operator's rate, if there is one, and how many live nodes share it.
    pub fn share(&mut self, live: Option<f64>, nodes: u32) {
        let wanted = live.or(self.setting).map(|whole| Rate { nodes: nodes.max(1), ..Rate::new(whole) });
        if wanted.as_ref().map(Rate::own) != self.own() {
            self.rate = wanted;
            self.changes += 1;
        }
    }

    /// Calls a second of this process; none: no limit.
    pub fn own(&self) -> Option<f64> {
        self.rate.as_ref().map(Rate::own)
    }

    /// Takes the next free moment: how long until then, and the pace by which it was taken.
    pub fn take(&mut self, now: Instant) -> (Duration, u64) {
        (self.rate.as_mut().map_or(Duration::ZERO, |rate| rate.take(now)), self.changes)
    }

    /// Whether the pace is still this one.
    pub fn is(&self, pace: u64) -> bool {
        self.changes == pace
    }
}

/// Paces the calls of one line in this process.
#[derive(Debug)]
struct Rate {
    per_second: f64,
    nodes: u32,
    next: Option<Instant>,
}

impl Rate {
    /// So many calls a second in the whole fleet; this process is alone in it for now.
    fn new(per_second: f64) -> Rate {
        Rate { per_second: per_second.max(0.001), nodes: 1, next: None }
    }

    /// Calls a second of this process.
    fn own(&self) -> f64 {
        self.per_second / f64::from(self.nodes)
    }

    /// Takes the next free moment; how long until then.
    fn take(&mut self, now: Instant) -> Duration {
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
    fn an_operators_rate_wins_over_the_setting_and_nodes_share_it() {
        let mut pacing = Pacing::new(Some(100.0));
        pacing.share(None, 4);
        assert_eq!(pacing.own(), Some(25.0));
        pacing.share(Some(8.0), 4);
        assert_eq!(pacing.own(), Some(2.0));
        pacing.share(None, 1);
        assert_eq!(pacing.own(), Some(100.0));
        assert_eq!(Pacing::new(None).own(), None);
    }

    #[test]
    fn who_waits_by_an_old_pace_is_told_and_does_not_wait_it_out() {
        let (mut pacing, now) = (Pacing::new(Some(0.01)), Instant::now());
        pacing.take(now);
        let (long, pace) = pacing.take(now);
        assert!(long > Duration::from_secs(90));
        pacing.share(None, 1);
        assert!(pacing.is(pace), "nothing changed");
        pacing.share(Some(50.0), 1);
        assert!(!pacing.is(pace) && pacing.take(now).0.is_zero());
    }
}
