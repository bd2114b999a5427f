//! PostgreSQL: finding or starting it, connecting, migrating, listening. Nothing here knows what the tables mean.

mod clock;
mod connect;
mod error;

pub use clock::Clock;
pub use connect::Db;
pub use error::Error;

/// What every query of the upper floors returns.
pub type Result<T> = std::result::Result<T, Error>;
