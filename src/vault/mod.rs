//! Credentials: sealed in the database, taken as (value, version) at the moment of sending, turned without a failed call.
//!
//! `seal` and `key` are the cryptography, `version` and `store` the rows, `live` what this process may send now, `keeper`
//! keeps that true, `doubt` finds out what a refusal means. The environment's credentials win; their version is `env`.
//! Values live in `secrecy` types only.

mod doubt;
mod keeper;
pub mod key;
mod live;
pub mod record;
pub mod seal;
pub mod store;
pub mod turn;
pub mod version;

pub use doubt::Settled;
pub use keeper::{Keeping, VerifyCall, conclude};
pub use key::{KeyError, KeySource, MasterKeys};
pub use live::{Credential, Credentials, Given};
pub use seal::SealError;
pub use version::{State, Verdict, Version};

/// Why the vault did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The database said no.
    #[error(transparent)]
    Database(#[from] crate::database::Error),
    /// Something does not open, or can't be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// There is no key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The state forbids it; the text says what to do.
    #[error("{0}")]
    Forbidden(String),
}

impl From<sqlx::Error> for VaultError {
    fn from(error: sqlx::Error) -> Self {
        VaultError::Database(error.into())
    }
}

/// What the vault returns.
pub type Result<T> = std::result::Result<T, VaultError>;
