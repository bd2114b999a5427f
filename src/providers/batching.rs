//! Calls that wait a moment for company: as many as the provider takes in one request, or whoever came within a few
//! milliseconds; and how each of them hears what the request brought.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

use super::call::{CallError, CallMeta, Exchange};
use super::finding::Finding;
use super::gateway::{Answered, Called, Unanswered};
use super::input::Input;

/// How long the first of a batch waits for others: far below what the call itself takes.
const LINGER: Duration = Duration::from_millis(5);
const MINUTE: Duration = Duration::from_secs(60);
/// The code of "no batch": the same is asked for one by one.
pub const NO_BATCH: &str = "no_batch";

/// What was found for each of a batch, in the order in which they were asked.
pub type Batch = Vec<Result<Finding, CallError>>;

/// Whether a batch was refused as such, and single requests may still be answered.
pub fn is_unavailable(error: &CallError) -> bool {
    error.code.as_deref() == Some(NO_BATCH)
}

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
    /// Live nodes that share what the provider allows; 0: this one alone.
    nodes: AtomicU32,
    waiting: Mutex<Queue>,
    full: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    /// Until when single requests are made.
    refused: Option<Instant>,
    /// The batches of the last minute.
    sent: VecDeque<Instant>,
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
        if self.queue().refused.is_some_and(|until| Instant::now() < until) {
            return 1;
        }
        let switched = self.switched.load(Ordering::Relaxed);
        usize::from(if switched > 0 { switched } else { self.set }).max(1)
    }

    /// The provider does not take batches after all, or not for so long.
    pub fn refused(&self, rest: Duration) {
        self.queue().refused = Instant::now().checked_add(rest);
    }

    /// How many live nodes share what the provider allows.
    pub fn share(&self, nodes: u32) {
        self.nodes.store(nodes, Ordering::Relaxed);
    }

    /// Takes one of the batches that the provider allows the fleet in a minute, if this process has one left.
    pub fn take_one(&self, in_a_minute: u32, now: Instant) -> bool {
        let own = (in_a_minute / self.nodes.load(Ordering::Relaxed).max(1)).max(1);
        let mut queue = self.queue();
        while queue.sent.front().is_some_and(|sent| now.saturating_duration_since(*sent) >= MINUTE) {
            queue.sent.pop_front();
        }
        let has_one = queue.sent.len() < own as usize;
        if has_one {
            queue.sent.push_back(now);
        }
        has_one
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

/// Those who wait for the answers of a batch, in its order.
pub type Listeners = Vec<oneshot::Sender<Called<Finding>>>;

/// What is asked about, and who waits for it.
pub fn parts(batch: Vec<Waiting>) -> (Vec<Input>, Listeners) {
    batch.into_iter().map(|waiting| (waiting.input, waiting.answer)).unzip()
}

/// Tells each its own answer; the first counts the call. Nobody is told of a batch that was refused as such: each asks for itself,
/// and this says false.
pub fn spread(listeners: Listeners, called: Called<Batch>) -> bool {
    let shared = |place: usize, meta: &CallMeta| CallMeta { is_shared: place > 0, ..meta.clone() };
    match called {
        Ok(Answered { value, exchange, meta }) => {
            for (place, (listener, found)) in listeners.into_iter().zip(value).enumerate() {
                let meta = shared(place, &meta);
                let told = match found {
                    Ok(value) => Ok(Answered { value, exchange: Exchange::new(exchange.status, &[]), meta }),
                    Err(error) => Err(Box::new(Unanswered { verdict: error.kind.verdict(), error, meta: Some(meta) })),
                };
                // Whoever does not listen any more was given up meanwhile.
                let _ = listener.send(told);
            }
        }
        Err(unanswered) if is_unavailable(&unanswered.error) => return false,
        Err(unanswered) => {
            for (place, listener) in listeners.into_iter().enumerate() {
                let Unanswered { error, meta, verdict } = &*unanswered;
                let meta = meta.as_ref().map(|meta| shared(place, meta));
                let _ = listener.send(Err(Box::new(Unanswered { error: error.clone(), meta, verdict: *verdict })));
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_batches_of_a_minute_are_shared_by_the_nodes_and_come_back_after_it() {
        let (batching, now) = (Batching::new(1), Instant::now());
        batching.share(10);
        let taken = |at: Duration| (0..5).filter(|_| batching.take_one(30, now + at)).count();
        assert_eq!([taken(Duration::ZERO), taken(Duration::from_secs(59)), taken(MINUTE)], [3, 0, 3]);
    }

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
        batching.refused(MINUTE);
        assert_eq!(batching.size(), 1);
    }
}
