//! Calls that wait a moment for company: as many as the provider takes in one request, or whoever came within a few
//! milliseconds.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

use super::finding::Finding;
use super::gateway::Called;
use super::input::Input;

/// How long the first of a batch waits for others: far below what the call itself takes.
const LINGER: Duration = Duration::from_millis(5);
/// How long single requests are made after the provider refused a batch as such.
const REFUSED_FOR: Duration = Duration::from_secs(3600);

/// One that waits; dropping its sender lets it ask for itself.
#[derive(Debug)]
pub struct Waiting {
    /// What is asked about.
    pub input: Input,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Called<Finding>>,
}

/// Those that wait in this process for one provider.
#[derive(Debug, Default)]
pub struct Batching {
    /// By the settings.
    set: u16,
    /// By a person; 0: nobody said anything.
    switched: AtomicU16,
    waiting: Mutex<Queue>,
    full: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    refused: Option<Instant>,
    waiting: Vec<Waiting>,
}

impl Batching {
    /// Batches of this size, unless somebody says otherwise; 0 and 1: one request each.
    pub fn new(set: u16) -> Batching {
        Batching { set, ..Batching::default() }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A person's word; none: that of the settings.
    pub fn switch(&self, size: Option<u16>) {
        self.switched.store(size.unwrap_or(0), Ordering::Relaxed);
    }

    /// How many go into one request now; 1: each for itself.
    pub fn size(&self) -> usize {
        if self.queue().refused.is_some_and(|at| at.elapsed() < REFUSED_FOR) {
            return 1;
        }
        let switched = self.switched.load(Ordering::Relaxed);
        usize::from(if switched > 0 { switched } else { self.set }).max(1)
    }

    /// The provider does not take batches after all.
    pub fn refused(&self) {
        self.queue().refused = Some(Instant::now());
    }

    /// Joins a batch of at most `size`. Whoever gets one back has to ask for all in it; an empty one is somebody else's.
    pub async fn join(&self, waiting: Waiting, size: usize) -> Vec<Waiting> {
        let is_first = {
            let mut queue = self.queue();
            queue.waiting.push(waiting);
            if queue.waiting.len() >= size {
                self.full.notify_waiters();
                return std::mem::take(&mut queue.waiting);
            }
            queue.waiting.len() == 1
        };
        if !is_first {
            return Vec::new();
        }
        // A full batch takes the first one along, who then looks in vain; nobody is left behind.
        let full = self.full.notified();
        let _ = tokio::time::timeout(LINGER, full).await;
        std::mem::take(&mut self.queue().waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting() -> Waiting {
        Waiting { input: Input::default(), answer: oneshot::channel().0 }
    }

    #[tokio::test]
    async fn a_full_batch_goes_at_once_and_the_rest_after_a_moment() {
        let batching = Batching::new(3);
        let sizes =
            futures_util::future::join_all((0..5).map(|_| async { batching.join(waiting(), 3).await.len() })).await;
        assert_eq!(sizes.iter().sum::<usize>(), 5);
        assert_eq!(sizes.iter().filter(|size| **size > 0).count(), 2);
        assert_eq!(batching.join(waiting(), 3).await.len(), 1, "one alone does not wait for ever");
    }

    #[test]
    fn a_person_overrules_the_settings_and_a_refusal_overrules_both() {
        let batching = Batching::new(1);
        assert_eq!(batching.size(), 1);
        batching.switch(Some(50));
        assert_eq!(batching.size(), 50);
        batching.refused();
        assert_eq!(batching.size(), 1);
    }
}
