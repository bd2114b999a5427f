//! When a failed attempt is tried again: exponential backoff with full jitter; the provider's word wins.

use std::time::Duration;

/// How attempts are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Longest wait after the first attempt.
    pub base: Duration,
    /// Longest wait at all.
    pub cap: Duration,
    /// Longest `Retry-After` that is waited for.
    pub retry_after_cap: Duration,
}

impl Backoff {
    /// The wait after attempt number `attempt` (1 is the first). `chance` in 0..1 spreads it over the whole range, so that
    /// a thousand jobs which failed together don't come back together.
    pub fn after(&self, attempt: u32, chance: f64, retry_after: Option<Duration>) -> Duration {
        if let Some(told) = retry_after {
            return told.min(self.retry_after_cap);
        }
        let doubled = self.base.saturating_mul(1 << attempt.saturating_sub(1).min(20));
        doubled.min(self.cap).mul_f64(chance.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BACKOFF: Backoff = Backoff {
        base: Duration::from_secs(15),
        cap: Duration::from_secs(900),
        retry_after_cap: Duration::from_secs(3600),
    };

    #[test]
    fn the_longest_wait_doubles_up_to_the_cap() {
        let waits: Vec<u64> = (1..=8).map(|n| BACKOFF.after(n, 1.0, None).as_secs()).collect();
        assert_eq!(waits, [15, 30, 60, 120, 240, 480, 900, 900]);
    }

    #[test]
    fn the_providers_own_word_wins_but_not_without_end() {
        assert_eq!(BACKOFF.after(1, 0.0, Some(Duration::from_secs(7))).as_secs(), 7);
        assert_eq!(BACKOFF.after(1, 0.0, Some(Duration::from_secs(90_000))).as_secs(), 3600);
    }

    proptest! {
        #[test]
        fn no_wait_is_longer_than_the_cap(attempt in 0u32..1000, chance in -1.0f64..2.0) {
            prop_assert!(BACKOFF.after(attempt, chance, None) <= BACKOFF.cap);
        }
    }
}
