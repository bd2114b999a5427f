//! PostgreSQL: finding or starting it, connecting, migrating, listening. Nothing here knows what the tables mean.
//!
//! A program opens one [`Database`]; every floor above works with the [`Db`] in it. SQL text is static everywhere except in
//! `private/databases.rs`, where names of databases are quoted.

mod clock;
mod connect;
mod error;
pub mod migrate;
mod open;
pub mod private;
pub mod roles;
mod scratch;
mod silence;
mod stale;

pub use clock::Clock;
pub use connect::{Db, Manners};
pub use error::Error;
pub use open::Database;
pub use roles::Rights;
pub use scratch::Scratch;
pub use silence::answered;

/// What every query of the upper floors returns.
pub type Result<T> = std::result::Result<T, Error>;
