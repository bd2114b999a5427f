//! How much is claimed ahead: sized by what handlers were measured to take, so that slots never starve, urgent jobs are not
//! stuck behind a long buffer, and little is held when a process dies. Pure but for one atomic.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Most jobs in one claim: beyond that the gain is small, and an urgent job waits for the statement to end.
pub const CLAIM_MAX: usize = 800;
/// Most jobs that wait in the buffer: one batch is being run while the next one is being claimed.
const SPARE_MAX: usize = 2 * CLAIM_MAX;
/// The buffer holds the work of this time: a few round trips of a claim.
const AHEAD: Duration = Duration::from_millis(100);
/// Weight of the newest measurement is 1 in this.
const SMOOTHING: u64 = 8;

/// The measured time of a lane's handlers, smoothed.
#[derive(Debug, Default)]
pub struct Pace {
    /// Nanoseconds; 0 while nothing was measured.
    handler_ns: AtomicU64,
}

impl Pace {
    /// A handler took so long. Two at once may lose one of their measurements, which does no harm.
    pub fn measured(&self, took: Duration) {
        let new = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX / SMOOTHING).clamp(1, u64::MAX / SMOOTHING);
        let old = self.handler_ns.load(Ordering::Relaxed);
        let smooth = if old == 0 { new } else { (old * (SMOOTHING - 1) + new) / SMOOTHING };
        self.handler_ns.store(smooth.max(1), Ordering::Relaxed);
    }

    /// Jobs to hold beyond the free slots, when `allowed` handlers run at once. As many as slots while nothing is known.
    pub fn spare(&self, allowed: u32) -> usize {
        let handler_ns = self.handler_ns.load(Ordering::Relaxed);
        if handler_ns == 0 {
            return (allowed as usize).clamp(1, CLAIM_MAX);
        }
        let started = u128::from(allowed) * AHEAD.as_nanos() / u128::from(handler_ns);
        usize::try_from(started).unwrap_or(SPARE_MAX).clamp(1, SPARE_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(handler: Duration) -> Pace {
        let pace = Pace::default();
        pace.measured(handler);
        pace
    }

    #[test]
    fn slow_handlers_leave_the_rest_to_others_and_fast_ones_fill_the_buffer() {
        assert_eq!(pace(Duration::from_secs(30)).spare(64), 1);
        assert_eq!(pace(Duration::from_millis(50)).spare(200), 400);
        assert_eq!(pace(Duration::from_nanos(1)).spare(200), SPARE_MAX);
        assert_eq!(Pace::default().spare(16), 16);
    }

    #[test]
    fn one_odd_measurement_does_not_upset_the_pace() {
        let pace = pace(Duration::from_millis(50));
        pace.measured(Duration::from_millis(450));
        assert_eq!(pace.spare(200), 200);
    }
}
