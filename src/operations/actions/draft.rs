//! What the rooms of actions hand to the gate: a draft before, a report afterwards, or a refusal.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Action, Tier};

/// What a room knows of its own action.
pub(super) struct Draft {
    pub things: i64,
    pub sentence: String,
    pub cost_usd: f64,
    pub undoable: bool,
    /// Care that it takes in any case, however few it touches.
    pub least: Tier,
    pub bound: i64,
    pub twin: String,
}

/// What a room reports of its write.
pub(super) struct Done {
    pub changed: i64,
    pub summary: String,
    pub before: Value,
    pub after: Value,
    pub inverse: Option<Inverse>,
}

/// What takes an action back, and what must still be true for that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inverse {
    /// The action that restores the state before.
    pub action: Action,
    /// The state that the first action left.
    pub expects: Value,
}

/// Why an action was not planned, not agreed to, or not run.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The database said no.
    #[error(transparent)]
    Database(#[from] crate::database::Error),
    /// The target does not exist, or the state forbids it; the text says what to do.
    #[error("{0}")]
    Impossible(String),
    /// The answer was not the one that the plan asks for.
    #[error("nothing was done: type {0} to go on")]
    NotConfirmed(String),
    /// What it would touch has changed since it was shown.
    #[error("nothing was done: it was {shown} when shown and is {now} now; look again and repeat")]
    Drifted {
        /// Count when shown.
        shown: i64,
        /// Count now.
        now: i64,
    },
}

/// An action in a room that knows nothing of it: a mistake of this program, said instead of done.
pub(super) fn misplaced() -> Refusal {
    Refusal::Impossible("this action has no room of its own; please report it".into())
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        Refusal::Database(error.into())
    }
}

impl From<crate::vault::VaultError> for Refusal {
    fn from(error: crate::vault::VaultError) -> Self {
        match error {
            crate::vault::VaultError::Database(error) => Refusal::Database(error),
            other => Refusal::Impossible(other.to_string()),
        }
    }
}
