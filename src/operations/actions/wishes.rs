//! What wishes are about: which contacts, which jobs, how often.

use chrono::{DateTime, Utc};
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

/// What of a waiting job is changed; what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobChange {
    /// 0 to 1,000; smaller goes first.
    #[serde(default)]
    pub priority: Option<i16>,
    /// Not before then; a time that is over: at once.
    #[serde(default)]
    pub run_at: Option<DateTime<Utc>>,
    /// Attempts allowed in all, those that are used included.
    #[serde(default)]
    pub attempts: Option<i16>,
    /// Whom it asks, of those who can answer its step.
    #[serde(default)]
    pub source: Option<String>,
    /// Whether no answer of the cache will do.
    #[serde(default)]
    pub fresh: Option<bool>,
}

/// When a job shall run: `now`, so long from now (`30m`), or a whole time; the error is one sentence.
pub fn run_at(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let wrong = || format!("{text} is no moment: write now, 30m for so long from now, or 2026-08-22T11:59:00Z");
    if text == "now" {
        // Over by any clock.
        return Ok(DateTime::UNIX_EPOCH);
    }
    let span = crate::settings::parse_duration(text).and_then(|span| chrono::TimeDelta::from_std(span).ok());
    let then = span.and_then(|span| now.checked_add_signed(span)).or_else(|| text.parse().ok());
    then.ok_or_else(wrong)
}

/// One step of one contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneStep {
    /// The contact.
    pub contact: i64,
    /// The step.
    pub step: String,
    /// Whom it asks; none: the first who can be asked.
    #[serde(default)]
    pub source: Option<String>,
    /// No answer of the cache will do.
    #[serde(default)]
    pub again: bool,
}
