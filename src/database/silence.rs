//! A far end that is gone without a word: its host lost power, or a cable was pulled. A query that was already under way would
//! wait for its answer for ever, and with it whoever runs all day.

use std::io::ErrorKind;
use std::time::Duration;

use super::{Error, Result};

/// Longer than any statement may take (30 s by the settings of our sessions), and a few of them in a row.
const LIMIT: Duration = Duration::from_secs(60);

/// What `asked` answers, or an error when nothing was heard for a minute. What was written may have been committed: only for what
/// may be asked again.
pub async fn answered<T>(asked: impl Future<Output = Result<T>>) -> Result<T> {
    within(LIMIT, asked).await
}

async fn within<T>(limit: Duration, asked: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(limit, asked).await.unwrap_or_else(|_| {
        let silence = std::io::Error::new(ErrorKind::TimedOut, format!("it has been silent for {limit:?}"));
        Err(Error::Query(sqlx::Error::Io(silence)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_waits_for_ever_for_a_database_that_is_gone() {
        let error = within(Duration::from_millis(1), std::future::pending::<Result<()>>()).await.unwrap_err();
        assert!(error.to_string().contains("silent for 1ms"), "{error}");
        assert_eq!(answered(async { Ok(1) }).await.unwrap(), 1);
    }
}
