//! Claims that the database may have carried out although their answer never came: its connection was cut, or the server ended,
//! between the commit and the answer. What such a claim took is held by a node that lives and knows nothing of it, so that no
//! reaper would ever free it. The node frees it itself: what it holds by a claim that no answer told of.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::RwLock;

use crate::database::{Db, Result};
use crate::queue::{Claimed, orphans};

/// A statement that was cut off may still be carried out for so long: the server's limit of a statement, and a little.
const CARRIED_OUT: Duration = Duration::from_secs(35);
/// Answers are remembered for longer than any claim takes.
const REMEMBERED: TimeDelta = TimeDelta::seconds(90);

/// What the claims of one lane answered.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// Shared by claims on their way; whoever has it alone knows that there are none.
    underway: RwLock<()>,
    known: Mutex<Known>,
}

/// Moments of claims that answered, newest last, and whether some did not.
#[derive(Debug, Default, PartialEq, Eq)]
struct Known {
    moments: VecDeque<DateTime<Utc>>,
    /// Up to here nothing is remembered.
    forgotten: Option<DateTime<Utc>>,
    /// When to look for lost claims next, and when for the last time.
    looks: Option<(Instant, Instant)>,
}

impl Known {
    fn answered(&mut self, moment: DateTime<Utc>) {
        self.moments.push_back(moment);
        while self.looks.is_none() && self.moments.front().is_some_and(|first| moment - *first > REMEMBERED) {
            self.forgotten = self.moments.pop_front().max(self.forgotten);
        }
    }

    fn unanswered(&mut self, now: Instant) {
        self.looks = Some((now, now + CARRIED_OUT));
    }

    fn is_due(&self, now: Instant) -> bool {
        self.looks.is_some_and(|(next, _)| now >= next)
    }

    fn looked(&mut self, now: Instant) {
        self.looks = self.looks.filter(|(_, last)| now < *last).map(|(_, last)| (last, last));
    }
}

impl Answers {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a claim and remembers that it answered, or that it did not.
    pub(super) async fn of(&self, claim: impl Future<Output = Result<Vec<Claimed>>>) -> Result<Vec<Claimed>> {
        let _underway = self.underway.read().await;
        let claimed = claim.await;
        match &claimed {
            Ok(jobs) => jobs.first().into_iter().for_each(|job| self.known().answered(job.claimed_at)),
            Err(_) => self.known().unanswered(Instant::now()),
        }
        claimed
    }

    /// After a claim that did not answer: frees what `epoch` holds in `lane` by no claim that did; says how many jobs.
    pub(super) async fn free_lost(&self, db: &Db, lane: &'static str, epoch: i64) -> Result<i64> {
        if !self.known().is_due(Instant::now()) {
            return Ok(0);
        }
        let _alone = self.underway.write().await;
        let (after, answered) = {
            let known = self.known();
            (known.forgotten.unwrap_or(DateTime::UNIX_EPOCH), known.moments.iter().copied().collect())
        };
        let freed = orphans::free_unanswered(db, lane, epoch, (after, answered)).await?;
        self.known().looked(Instant::now());
        if freed > 0 {
            tracing::warn!(lane, freed, "a claim was carried out but never answered; its jobs are back in their lane");
        }
        Ok(freed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn answers_are_forgotten_with_time_but_not_while_a_claim_is_in_doubt() {
        let mut known = Known::default();
        [0, 50, 100].into_iter().for_each(|second| known.answered(at(second)));
        assert_eq!((known.moments.len(), known.forgotten), (2, Some(at(0))));
        known.unanswered(Instant::now());
        known.answered(at(1000));
        assert_eq!((known.moments.len(), known.forgotten), (3, Some(at(0))));
    }

    #[test]
    fn a_lost_claim_is_looked_for_at_once_and_again_when_no_statement_can_run_any_more() {
        let (mut known, now) = (Known::default(), Instant::now());
        assert!(!known.is_due(now));
        known.unanswered(now);
        assert!(known.is_due(now));
        known.looked(now);
        assert!(!known.is_due(now) && known.is_due(now + CARRIED_OUT));
        known.looked(now + CARRIED_OUT);
        assert_eq!(known.looks, None);
    }
}
