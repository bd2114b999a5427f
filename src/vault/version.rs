//! A version of a credential as everybody may see it: who, when, how it fares. The secret is never among it.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// Where a version stands: pending -> current -> previous -> retired, or refused by the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum State {
    /// Entered, not used yet.
    Pending,
    /// What calls are made with.
    Current,
    /// What was current before, kept for the way back.
    Previous,
    /// Its secret is gone.
    Retired,
    /// The provider does not take it.
    Refused,
}

/// What a provider's cheap call says of a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is taken.
    Accepted,
    /// It is not, in the provider's words.
    Refused(String),
    /// The provider could not be asked, or did not say.
    Unknown(String),
    /// The provider has no call that could tell.
    NoCall,
}

impl Verdict {
    /// The name in tables and JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::Accepted => "accepted",
            Verdict::Refused(_) => "refused",
            Verdict::Unknown(_) => "unknown",
            Verdict::NoCall => "no_call",
        }
    }

    /// What there is to say about it.
    pub fn detail(&self) -> &str {
        match self {
            Verdict::Accepted => "the provider accepts it",
            Verdict::Refused(why) | Verdict::Unknown(why) => why,
            Verdict::NoCall => "the provider has no call that could tell without a cost",
        }
    }
}

/// A version.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Version {
    /// Number of its row.
    #[serde(skip)]
    pub id: i64,
    /// Slot.
    pub slot: String,
    /// 1 is the first of the slot.
    pub version: i32,
    /// Where it stands.
    pub state: State,
    /// Names of the fields that it holds.
    pub fields: Vec<String>,
    /// Keyed hash: equal for equal secrets of the slot, tells nothing else. Show its end alone.
    #[serde(skip)]
    pub fingerprint: String,
    /// Who gave it.
    #[sqlx(flatten)]
    #[serde(flatten)]
    pub entered: Entered,
    /// What became of it.
    #[sqlx(flatten)]
    #[serde(flatten)]
    pub life: Life,
    /// What was seen of it.
    #[sqlx(flatten)]
    #[serde(flatten)]
    pub seen: Seen,
}

/// Who gave a version, and until when it holds.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Entered {
    /// Person, as claimed.
    pub set_by: String,
    /// Database login, which the server vouches for.
    pub set_login: String,
    /// When.
    pub set_at: DateTime<Utc>,
    /// When the provider will stop taking it, as the person said.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What became of a version.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Life {
    /// When it became current.
    pub activated_at: Option<DateTime<Utc>>,
    /// Until when a confirmed refusal rolls it back.
    pub watch_until: Option<DateTime<Utc>>,
    /// When its watch ended well.
    pub watched_at: Option<DateTime<Utc>>,
    /// When it ceased to be current.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why.
    pub ended_why: Option<String>,
}

/// What was seen of a version.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Seen {
    /// When a call was last made with it, to a few seconds.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When the provider was last asked about it.
    pub verified_at: Option<DateTime<Utc>>,
    /// `accepted`, `refused`, `unknown` or `no_call`.
    pub verdict: Option<String>,
    /// What the provider said.
    pub verdict_detail: Option<String>,
}

impl Version {
    /// `v7`.
    pub fn label(&self) -> String {
        format!("v{}", self.version)
    }

    /// The end of the fingerprint, for people who compare two versions.
    pub fn fingerprint_end(&self) -> &str {
        &self.fingerprint[self.fingerprint.len().saturating_sub(4)..]
    }
}

/// What a refusal that the provider confirmed leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consequence {
    /// Inside the watch, with a version to go back to that the provider still takes.
    RollBack,
    /// The slot has no credential any more; its lanes wait for a person.
    Park,
}

/// Decides; `previous_holds` is what the provider says of the version before, none if there is none.
pub fn consequence(
    now: DateTime<Utc>,
    watch_until: Option<DateTime<Utc>>,
    previous_holds: Option<bool>,
) -> Consequence {
    let watched = watch_until.is_some_and(|until| now < until);
    if watched && previous_holds == Some(true) { Consequence::RollBack } else { Consequence::Park }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn only_inside_the_watch_and_to_a_version_that_holds_is_rolled_back() {
        let now = DateTime::UNIX_EPOCH;
        let (soon, before) = (Some(now + TimeDelta::seconds(1)), Some(now));
        assert_eq!(consequence(now, soon, Some(true)), Consequence::RollBack);
        for (until, holds) in [(soon, Some(false)), (soon, None), (before, Some(true)), (None, Some(true))] {
            assert_eq!(consequence(now, until, holds), Consequence::Park);
        }
    }
}
