//! What wakes sleeping runners: one waker a lane, which remembers a call that comes while its runner is busy.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Cheap to clone; all clones share the wakers. A process has one runner a lane.
#[derive(Debug, Clone, Default)]
pub struct Wakes {
    lanes: Arc<Mutex<BTreeMap<String, Arc<Notify>>>>,
}

impl Wakes {
    fn lanes(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Notify>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The waker of a lane.
    pub fn of(&self, lane: &str) -> Arc<Notify> {
        Arc::clone(self.lanes().entry(lane.to_owned()).or_default())
    }

    /// Wakes the runner of `lane`; all runners where no lane is named.
    pub fn wake(&self, lane: &str) {
        let lanes = self.lanes();
        match lanes.get(lane) {
            Some(waker) => waker.notify_one(),
            None if lane.is_empty() => lanes.values().for_each(|waker| waker.notify_one()),
            None => {}
        }
    }

    /// Wakes all runners: something changed that gates depend on.
    pub fn wake_all(&self) {
        self.wake("");
    }
}
