//! The life of a contact's lookup: four states and the pairs that may follow one another.
//!
//! `migrations/0001_contacts.sql` refuses the same pairs; a test of both against one another keeps them equal.

use std::fmt;
use std::str::FromStr;

/// Where a contact's lookup stands. Later steps have states of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// No worker holds it: not asked for, queued, parked, or waiting for a retry.
    Pending,
    /// A worker has it now.
    Processing,
    /// Twilio answered, also that the number is not valid.
    Completed,
    /// It ended for a stated reason.
    Failed,
}

impl Status {
    /// All of them, in the order of a lookup's life.
    pub const ALL: [Status; 4] = [Status::Pending, Status::Processing, Status::Completed, Status::Failed];

    /// Its word in the database, in JSON and in filters.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Processing => "processing",
            Status::Completed => "completed",
            Status::Failed => "failed",
        }
    }

    /// Whether a contact may go from here to `next`; staying is always allowed.
    pub fn may_become(self, next: Status) -> bool {
        !matches!(
            (self, next),
            (Status::Pending | Status::Failed, Status::Completed)
                | (Status::Completed, Status::Processing | Status::Failed)
        )
    }

    /// Whether the lookup is over.
    pub fn is_finished(self) -> bool {
        matches!(self, Status::Completed | Status::Failed)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no status: it is pending, processing, completed or failed")]
pub struct UnknownStatus(String);

impl FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(word: &str) -> Result<Status, UnknownStatus> {
        Status::ALL.into_iter().find(|status| status.as_str() == word).ok_or_else(|| UnknownStatus(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contacts::fields::STATUSES;

    #[test]
    fn words_are_those_of_the_registry() {
        assert_eq!(Status::ALL.map(Status::as_str), STATUSES);
        assert!(STATUSES.iter().all(|word| word.parse::<Status>().unwrap().as_str() == *word));
        assert!("done".parse::<Status>().is_err());
    }

    #[test]
    fn a_finished_lookup_is_left_only_by_asking_anew() {
        use Status::*;
        assert!(Completed.may_become(Pending) && Failed.may_become(Pending) && Failed.may_become(Processing));
        assert!(!Completed.may_become(Processing) && !Completed.may_become(Failed) && !Failed.may_become(Completed));
        assert!(!Pending.may_become(Completed) && Pending.may_become(Failed) && Processing.may_become(Pending));
    }
}
