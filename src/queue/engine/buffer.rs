//! Claimed jobs that wait for a hand, urgent ones first, all under one epoch.

use std::collections::VecDeque;

use crate::queue::Claimed;

/// A job with what its handler needs.
pub(super) type Ready<I> = (Claimed, I);

#[derive(Debug)]
pub(super) struct Buffer<I> {
    epoch: i64,
    jobs: VecDeque<Ready<I>>,
}

impl<I> Buffer<I> {
    pub(super) fn new(epoch: i64) -> Buffer<I> {
        Buffer { epoch, jobs: VecDeque::new() }
    }

    pub(super) fn epoch(&self) -> i64 {
        self.epoch
    }

    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Priority of the next job.
    pub(super) fn priority(&self) -> Option<i16> {
        self.jobs.front().map(|(job, _)| job.priority)
    }

    /// Takes over a batch that was claimed under `epoch`; refuses it if the epoch has gone by.
    pub(super) fn add(&mut self, epoch: i64, batch: Vec<Ready<I>>) -> bool {
        if epoch != self.epoch {
            return false;
        }
        let key = |ready: &Ready<I>| (ready.0.priority, ready.0.run_at, ready.0.id);
        let in_order = self.jobs.back().zip(batch.first()).is_none_or(|(last, first)| key(last) <= key(first));
        self.jobs.extend(batch);
        if !in_order {
            self.jobs.make_contiguous().sort_by_key(key);
        }
        true
    }

    /// The next job, if the buffer belongs to `epoch`.
    pub(super) fn take(&mut self, epoch: i64) -> Option<Ready<I>> {
        if epoch == self.epoch { self.jobs.pop_front() } else { None }
    }

    /// Empties it; what was in it is returned.
    pub(super) fn empty(&mut self) -> VecDeque<Ready<I>> {
        std::mem::take(&mut self.jobs)
    }

    /// Empties it for a new epoch; says how many jobs were dropped: they belong to others now.
    pub(super) fn renew(&mut self, epoch: i64) -> usize {
        self.epoch = epoch;
        self.empty().len()
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn ready(id: i64, priority: i16) -> Ready<()> {
        let at = DateTime::UNIX_EPOCH;
        let job = Claimed {
            id,
            kind: "lookup".into(),
            contact_id: id,
            priority,
            attempt: 1,
            max_attempts: 5,
            returns: 0,
            probes: 0,
            claimed_at: at,
            run_at: at,
            place: Default::default(),
        };
        (job, ())
    }

    fn order(buffer: &mut Buffer<()>) -> Vec<i64> {
        std::iter::from_fn(|| buffer.take(1)).map(|(job, ())| job.id).collect()
    }

    #[test]
    fn an_urgent_job_goes_before_what_waits_already() {
        let mut buffer = Buffer::new(1);
        assert!(buffer.add(1, vec![ready(1, 100), ready(2, 100)]));
        assert!(buffer.add(1, vec![ready(3, 10), ready(4, 100)]));
        assert_eq!(order(&mut buffer), [3, 1, 2, 4]);
    }

    #[test]
    fn a_batch_of_an_epoch_that_has_gone_by_is_refused() {
        let mut buffer = Buffer::new(1);
        buffer.add(1, vec![ready(1, 100)]);
        assert_eq!(buffer.renew(2), 1);
        assert!(!buffer.add(1, vec![ready(2, 100)]));
        assert_eq!(buffer.take(2).map(|(job, ())| job.id), None);
    }
}
