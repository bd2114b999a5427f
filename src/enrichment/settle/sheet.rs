//! What a batch of ends means, worked out and not yet written: changes of contacts, rows of steps, new jobs.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::enrichment::graph::{Source, Step};
use crate::enrichment::load::Args;
use crate::providers::MicroUsd;

/// What changes about a contact.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// Columns.
    pub patch: Map<String, Value>,
    /// What was paid for it.
    pub cost: MicroUsd,
    /// How long its lookup took, if that was answered.
    pub looked_up_in: Option<i32>,
}

/// How a step stands now.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRow {
    /// A state of `contact_steps`.
    pub state: &'static str,
    /// Why it was skipped, or what it waits for, or that it was served from the cache.
    pub reason: Option<String>,
    /// Who answered, or was asked last.
    pub provider: Option<&'static str>,
    /// Attempts of its job.
    pub attempts: i16,
    /// Kind and text of the last error.
    pub error: Option<(&'static str, String)>,
    /// What was paid for it.
    pub cost: MicroUsd,
    /// When its call began.
    pub started_at: Option<DateTime<Utc>>,
}

impl StepRow {
    /// A row without a call.
    pub fn bare(state: &'static str) -> StepRow {
        StepRow { state, reason: None, provider: None, attempts: 0, error: None, cost: 0, started_at: None }
    }
}

/// A job to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Whose.
    pub contact: i64,
    /// What for.
    pub step: Step,
    /// Whom to ask.
    pub source: &'static Source,
    /// Its arguments.
    pub args: Args,
    /// Smaller goes first.
    pub priority: i16,
}

/// Two contacts that may be the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The lower id.
    pub first: i64,
    /// The higher one.
    pub second: i64,
    /// 0 to 100.
    pub confidence: i32,
    /// Points by part.
    pub parts: Value,
}

/// All of it.
#[derive(Debug, Default, PartialEq)]
pub struct Sheet {
    /// By contact.
    pub changes: BTreeMap<i64, Change>,
    /// By contact and step.
    pub steps: BTreeMap<(i64, Step), StepRow>,
    /// New jobs.
    pub jobs: Vec<NewJob>,
    /// Arguments of jobs that move to another source.
    pub moved: Vec<(i64, Args)>,
    /// Pairs of duplicates.
    pub pairs: Vec<Pair>,
}

impl Sheet {
    /// The change of this contact.
    pub fn change(&mut self, contact: i64) -> &mut Change {
        self.changes.entry(contact).or_default()
    }
}
