//! What wishes are about: which contacts, which jobs, how often.

use serde::{Deserialize, Serialize};

/// Recurring work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Its name.
    pub name: String,
    /// `every 30d`, or a cron text such as `0 3 1 * *`; in UTC.
    pub every: String,
    /// What is enqueued at each time.
    pub work: Chore,
    /// Whether it rests.
    #[serde(default)]
    pub paused: bool,
    /// Whose days the estimate means; a firing takes those of the fleet's setting.
    #[serde(skip)]
    pub zone: chrono_tz::Tz,
}

/// What may recur. Told apart by their fields: what was written before there was a second kind is a lookup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Chore {
    /// Lookups; with `again` a re-verification.
    LookUp(LookUp),
    /// Enrichment, or a search for duplicates.
    Enrich(Enrich),
}

/// Which contacts to enrich.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrich {
    /// A text of the filter language; empty = all contacts.
    pub filter: String,
    /// No answer of the cache will do.
    pub again: bool,
    /// Duplicates are looked for, and nobody is asked.
    pub checks_only: bool,
}

impl Enrich {
    /// Kind of its jobs.
    pub(crate) fn kind(&self) -> &'static str {
        if self.checks_only { crate::enrichment::graph::Step::Duplicates.name() } else { crate::enrichment::ENRICH }
    }
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
    /// Live jobs in a lane beyond which nothing is enqueued (the setting).
    #[serde(default = "default_lane_limit")]
    pub lane_limit: i64,
}

fn default_lane_limit() -> i64 {
    crate::queue::enqueue::LANE_LIMIT
}

/// How far lookups may go: both are settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Attempts of each job.
    pub attempts: u16,
    /// Live jobs in a lane beyond which nothing is enqueued.
    pub lane_limit: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { attempts: default_attempts(), lane_limit: default_lane_limit() }
    }
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
    /// Those that a filter of jobs matches.
    Filter(String),
}

impl JobTarget {
    /// In words, for the audit log.
    pub(super) fn words(&self) -> String {
        match self {
            JobTarget::Ids(ids) => ids.iter().take(20).map(i64::to_string).collect::<Vec<_>>().join(","),
            JobTarget::Dead { lane } => format!("dead jobs of {}", lane.as_deref().unwrap_or("all lanes")),
            JobTarget::Filter(text) if text.is_empty() => "all jobs".into(),
            JobTarget::Filter(text) => text.clone(),
        }
    }
}
