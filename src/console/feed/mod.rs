//! What the console shows, read on the workers' runtime and published as whole snapshots: the newest wins, nothing piles
//! up, and the console never waits for the database.

mod aside;
mod deck;
mod focus;
mod pulse;

use std::time::Duration;

use chrono::{DateTime, Utc};

pub use aside::{Doctor, Sources, read_aside};
pub use deck::{Post, stand};
pub use focus::{Answered, Question, answer, watch_query};
pub use pulse::{Beat, reading, watch_pulse};

/// Longest time that one reading may take.
const READ_LIMIT: Duration = Duration::from_secs(5);

/// Bounds a reading, and turns its failure into a sentence with its time.
async fn bounded<T>(reading: impl Future<Output = crate::database::Result<T>>) -> (DateTime<Utc>, Result<T, String>) {
    let result = match tokio::time::timeout(READ_LIMIT, reading).await {
        Ok(Ok(data)) => Ok(data),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("the database did not answer within {} s", READ_LIMIT.as_secs())),
    };
    (Utc::now(), result)
}
