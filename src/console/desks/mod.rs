//! The desks that the caller lends to the console: questions, and credentials. A wish goes to a desk on the workers'
//! runtime and comes home as a message; a model may take 30 s over it, and no key waits.

mod ask;
mod credentials;

use std::sync::Arc;

pub use ask::{AboutWish, AskSaid, AskWish, Memory, Prepared};
pub use credentials::{CredentialSaid, CredentialWish, Entered};

use crate::operations::ask::AskDesk;
use crate::operations::credentials::CredentialDesk;

/// What the caller lends; without a desk its screen only looks.
#[derive(Debug, Clone, Default)]
pub struct Desks {
    /// Questions in plain words.
    pub ask: Option<Arc<AskDesk>>,
    /// Turning credentials.
    pub credentials: Option<Arc<CredentialDesk>>,
}

impl Desks {
    /// Slots whose credential this process's environment gives.
    pub fn of_environment(&self) -> Vec<&'static str> {
        self.credentials.as_ref().map(|desk| desk.of_environment()).unwrap_or_default()
    }
}
