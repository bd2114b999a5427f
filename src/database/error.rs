//! Why the database did not answer, as one sentence with what to do next.

/// A failure of the database, or of finding or starting one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server was reached and refused, or the connection broke.
    #[error("the database did not do what was asked: {0}")]
    Query(#[from] sqlx::Error),
    /// A migration failed, or the schema is newer than this program.
    #[error("{0}")]
    Migration(String),
    /// No server could be found or started; the text says what to do.
    #[error("{0}")]
    Unavailable(String),
}
