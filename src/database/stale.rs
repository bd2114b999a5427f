//! Sessions that may only read. Whether they may write is settled when they begin, so one that began while the database was
//! read-only, or before a failover, is refused for as long as it lives: it has to be replaced.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// SQLSTATE of a write in a session that may only read.
pub(super) const READ_ONLY: &str = "25006";
/// While everything is refused, sessions are replaced at most this often.
const PAUSE: Duration = Duration::from_secs(1);

/// When a session of this process was last refused a write.
static REFUSED: Mutex<Option<Instant>> = Mutex::new(None);

/// A session was refused a write: those that began before are not used again.
pub(super) fn refused() {
    let mut last = REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    if last.is_none_or(|at| at.elapsed() >= PAUSE) {
        *last = Some(Instant::now());
    }
}

/// Whether a session of this age began before a write was refused.
pub(super) fn is_stale(age: Duration) -> bool {
    let last = *REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    last.is_some_and(|at| at.elapsed() <= age)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_session_that_began_before_the_refusal_is_replaced() {
        refused();
        assert!(is_stale(Duration::from_secs(60)));
        assert!(!is_stale(Duration::ZERO));
    }
}
