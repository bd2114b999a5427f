//! Waiting for what must become true.

use std::future::Future;
use std::time::{Duration, Instant};

/// Asks `condition` again and again until it holds; panics after `limit`.
#[track_caller]
pub fn eventually<F, Fut>(limit: Duration, mut condition: F) -> impl Future<Output = ()>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    let caller = std::panic::Location::caller();
    async move {
        let deadline = Instant::now() + limit;
        while !condition().await {
            assert!(Instant::now() < deadline, "{caller}: still not true after {limit:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
