//! What the rooms of actions hand to the gate: a draft before, a report afterwards, or a refusal.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{Action, Tier};
use crate::contacts::filter::{Bind, Statement};

/// What a room knows of its own action.
pub(super) struct Draft {
    pub things: i64,
    pub sentence: String,
    pub cost_usd: f64,
    pub undoable: bool,
    /// Care that it takes in any case, however few it touches.
    pub least: Tier,
    pub bound: i64,
}

/// What a room reports of its write.
pub(super) struct Done {
    pub changed: i64,
    pub summary: String,
    pub before: Value,
    pub after: Value,
    pub inverse: Option<Inverse>,
}

/// Which of the rows that match an action takes now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    /// Only ids above this.
    pub after: i64,
    /// Only ids up to this: what arrives later is not touched.
    pub bound: i64,
    /// At most so many.
    pub limit: i64,
    /// What is done together, in one batch or several.
    pub batch: Uuid,
}

impl Reach {
    /// All of them at once.
    pub fn whole(bound: i64) -> Reach {
        Reach { after: 0, bound, limit: i64::MAX, batch: Uuid::new_v4() }
    }

    /// Picks contacts `c` within reach, in their order.
    pub fn pick(self, statement: Statement) -> Statement {
        let statement = statement.text(" AND c.id <= ").bind(Bind::Integer(self.bound));
        let statement = statement.text(" AND c.id > ").bind(Bind::Integer(self.after));
        statement.text(" ORDER BY c.id LIMIT ").bind(Bind::Integer(self.limit))
    }
}

/// A batch that was done.
pub(super) struct Part {
    pub done: Done,
    /// The highest id that was looked at; none: there was nothing left.
    pub last: Option<i64>,
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
    /// This environment asks for a second person.
    #[error(
        "nothing was done: what is heavy needs a second person here; `deck` says who is there, and --second asks them"
    )]
    NeedsSecond,
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
