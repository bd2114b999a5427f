//! One call for all who want the same answer: the first one asks, the others wait for what it hears.
//!
//! A finished answer stays for a minute: jobs that were loaded before it was stored find it here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::sync::OwnedMutexGuard;

const STAYS: Duration = Duration::from_secs(60);
/// From so many keys on, old ones are looked for and dropped.
const MANY: usize = 1024;

/// An answer that may be served again.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: Arc<Value>,
    /// When it was fetched, by the database's clock.
    pub fetched_at: DateTime<Utc>,
}

type Place = Arc<tokio::sync::Mutex<Option<Kept>>>;

/// Answers on their way, and those of the last minute.
#[derive(Debug, Default)]
pub struct Sharing {
    places: Mutex<HashMap<String, (Instant, Place)>>,
}

impl Sharing {
    /// Waits for whoever asks for the same; then either the answer is there, or it is the caller's turn to ask and to put
    /// the answer into the guard.
    pub async fn turn(&self, key: String) -> OwnedMutexGuard<Option<Kept>> {
        let place = {
            let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
            if places.len() >= MANY {
                places.retain(|_, (since, place)| since.elapsed() < STAYS || Arc::strong_count(place) > 1);
            }
            let (since, place) = places.entry(key).or_insert_with(|| (Instant::now(), Place::default()));
            if since.elapsed() >= STAYS && Arc::strong_count(place) == 1 {
                (*since, *place) = (Instant::now(), Place::default());
            }
            Arc::clone(place)
        };
        place.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_comes_second_waits_and_finds_the_answer() {
        let sharing = Arc::new(Sharing::default());
        let mut first = sharing.turn("acme.example".into()).await;
        assert_eq!(*first, None);
        let second = tokio::spawn({
            let sharing = Arc::clone(&sharing);
            async move { sharing.turn("acme.example".into()).await.clone() }
        });
        let other = sharing.turn("other.example".into()).await.clone();
        assert_eq!(other, None, "another key waits for nobody");
        *first = Some(Kept { status: 200, body: Arc::new(Value::Null), fetched_at: DateTime::UNIX_EPOCH });
        drop(first);
        assert_eq!(second.await.unwrap().map(|kept| kept.status), Some(200));
    }
}
