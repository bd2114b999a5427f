//! Every write of an operator, behind both doors.
//!
//! An [`Action`] is a wish; [`plan`] counts what it would touch without touching it; only [`Plan::confirm`] makes a
//! [`Confirmed`], and only a `Confirmed` runs. The write, its audit row, its timeline line and its inverse commit together.

mod actor;
mod breakers;
mod contacts;
mod draft;
mod import;
mod inverse;
mod jobs;
mod lanes;
mod plan;
mod record;
mod twin;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use actor::Actor;
pub use draft::Refusal;
pub use import::{ImportWish, run_import};
pub use plan::{Confirmation, Confirmed, Plan, Tier, plan};
pub use record::{Receipt, run, undo};

/// What an operator can wish for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Claim nothing more from a lane; what runs, ends.
    PauseLane {
        /// Lane.
        lane: String,
        /// Why.
        reason: Option<String>,
    },
    /// Claim from it again.
    ResumeLane {
        /// Lane.
        lane: String,
    },
    /// Limit how many of its jobs run at once in the fleet; none = the adaptive limit alone.
    ScaleLane {
        /// Lane.
        lane: String,
        /// Jobs at once, 0 to 10,000.
        concurrency: Option<i32>,
    },
    /// Let the next probe start at once.
    ResetBreaker {
        /// Breaker's or lane's name.
        name: String,
        /// Why.
        reason: Option<String>,
    },
    /// No call passes until the end of the hold.
    HoldBreakerOpen {
        /// Breaker's or lane's name.
        name: String,
        /// Why.
        reason: String,
        /// End of the hold; none = until released.
        until: Option<DateTime<Utc>>,
    },
    /// Every call passes, whatever fails, until the end of the hold.
    HoldBreakerClosed {
        /// Breaker's or lane's name.
        name: String,
        /// Why.
        reason: String,
        /// End of the hold; none = until released.
        until: Option<DateTime<Utc>>,
    },
    /// End a hold: the breaker decides by itself again.
    ReleaseBreaker {
        /// Breaker's or lane's name.
        name: String,
    },
    /// Give dead jobs their attempts anew.
    RetryJobs {
        /// Which.
        target: JobTarget,
    },
    /// Enqueue lookups of the contacts that match.
    LookUp(LookUp),
}

/// Which contacts to look up, and what to ask about them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookUp {
    /// A text of the filter language; empty = all contacts.
    pub filter: String,
    /// Also those that are completed already.
    pub again: bool,
    /// Twilio's packages that workers ask for (the setting), for the estimate.
    pub packages: String,
    /// Attempts that each job may use (the setting).
    #[serde(default = "default_attempts")]
    pub attempts: u16,
}

fn default_attempts() -> u16 {
    5
}

/// Which jobs an action means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobTarget {
    /// These numbers.
    Ids(Vec<i64>),
    /// All dead jobs of a lane, or of all lanes.
    Dead {
        /// Lane; none = all.
        lane: Option<String>,
    },
}

impl Action {
    /// The verb as the audit log and the command line name it.
    pub fn verb(&self) -> &'static str {
        match self {
            Action::PauseLane { .. } => "lanes pause",
            Action::ResumeLane { .. } => "lanes resume",
            Action::ScaleLane { .. } => "lanes scale",
            Action::ResetBreaker { .. } => "breakers reset",
            Action::HoldBreakerOpen { .. } => "breakers open",
            Action::HoldBreakerClosed { .. } => "breakers close",
            Action::ReleaseBreaker { .. } => "breakers auto",
            Action::RetryJobs { .. } => "jobs retry",
            Action::LookUp(_) => "lookup",
        }
    }

    /// What it is done to: a lane, a breaker, job numbers, a filter.
    pub fn target(&self) -> String {
        match self {
            Action::PauseLane { lane, .. } | Action::ResumeLane { lane } | Action::ScaleLane { lane, .. } => {
                lane.clone()
            }
            Action::ResetBreaker { name, .. }
            | Action::HoldBreakerOpen { name, .. }
            | Action::HoldBreakerClosed { name, .. }
            | Action::ReleaseBreaker { name } => name.clone(),
            Action::RetryJobs { target: JobTarget::Ids(ids) } => {
                ids.iter().take(20).map(i64::to_string).collect::<Vec<_>>().join(",")
            }
            Action::RetryJobs { target: JobTarget::Dead { lane } } => {
                format!("dead jobs of {}", lane.as_deref().unwrap_or("all lanes"))
            }
            Action::LookUp(wish) if wish.filter.is_empty() => "all contacts".into(),
            Action::LookUp(wish) => wish.filter.clone(),
        }
    }

    /// Why it is done, where the operator said so.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Action::PauseLane { reason, .. } | Action::ResetBreaker { reason, .. } => reason.as_deref(),
            Action::HoldBreakerOpen { reason, .. } | Action::HoldBreakerClosed { reason, .. } => Some(reason),
            _ => None,
        }
    }
}
