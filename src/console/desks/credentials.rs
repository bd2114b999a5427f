//! Credentials: what can be wished for, what comes back. What a person entered travels once, shared and never copied.

use std::sync::Arc;

use super::Desks;
use crate::operations::actions::{Action, Actor};
use crate::operations::credentials::{Entry, Judged};

/// What a person entered; two are the same only if they are one.
#[derive(Debug, Clone)]
pub struct Entered(pub Arc<Entry>);

impl PartialEq for Entered {
    fn eq(&self, other: &Entered) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// What is asked of the desk.
#[derive(Debug, Clone, PartialEq)]
pub enum CredentialWish {
    /// Seal it as a pending version and ask the provider.
    Enter(Entered),
    /// Ask the provider about a version.
    Verify {
        /// Slot.
        slot: String,
        /// Which; none: the pending, else the current, else the last refused one.
        version: Option<i32>,
    },
    /// What would make the pending version current.
    Finish {
        /// Slot.
        slot: String,
        /// Also where the provider did not say that it takes it.
        unverified: bool,
    },
}

/// What the desk said.
#[derive(Debug, Clone)]
pub enum CredentialSaid {
    /// What the provider said; where it takes a pending version, what makes it current.
    Judged(Box<Judged>),
    /// What makes the pending version current.
    Finish(Action),
}

impl Desks {
    /// Runs a wish; an error is one sentence.
    pub async fn credentials(&self, wish: CredentialWish, actor: &Actor) -> Result<CredentialSaid, String> {
        let desk = self.credentials.as_ref();
        let desk = desk.ok_or("this console was started without the desk that turns credentials")?;
        let said = match wish {
            CredentialWish::Enter(Entered(entry)) => desk.enter(&entry, actor).await.map(judged),
            CredentialWish::Verify { slot, version } => desk.verify(&slot, version, actor).await.map(judged),
            CredentialWish::Finish { slot, unverified } => {
                desk.finish(&slot, unverified).await.map(CredentialSaid::Finish)
            }
        };
        said.map_err(|refusal| refusal.to_string())
    }
}

fn judged(judged: Judged) -> CredentialSaid {
    CredentialSaid::Judged(Box::new(judged))
}
