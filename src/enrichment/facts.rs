//! What the planner knows of a contact: its columns as they stand, and where each of its steps stands.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Need, Step};
use crate::providers::Input;

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A need is missing.
    Blocked,
    /// Its job waits or runs.
    Live,
    /// Over, with data.
    Done,
    /// Over, without data: nothing known, skipped, failed or dead.
    Without,
}

/// One contact.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// Its id.
    pub contact: i64,
    /// Its columns.
    pub card: Input,
    /// Steps that are known of so far.
    pub steps: BTreeMap<Step, Standing>,
    /// Steps that were skipped for a missing fact: they are looked at again, since the fact may be there now.
    pub missing: BTreeSet<Step>,
    /// Steps that were skipped since what they give was there.
    pub had: BTreeSet<Step>,
    /// Steps that run again although what they find is there.
    pub redo: BTreeSet<Step>,
    /// Whether no answer of the cache will do for what is planned now.
    pub fresh: bool,
}

impl Facts {
    /// Plans every step anew that is over: those that found something run again, the others are looked at again.
    pub fn forget(&mut self) {
        let steps = std::mem::take(&mut self.steps);
        let is_open = |standing| matches!(standing, Standing::Blocked | Standing::Live);
        for (step, standing) in steps {
            if step == Step::Lookup || is_open(standing) {
                self.steps.insert(step, standing);
            } else if standing == Standing::Done {
                self.redo.insert(step);
            }
        }
    }

    /// Whether the lookup was answered.
    pub fn looked_up(&self) -> bool {
        self.card.text("status").as_deref() == Some("completed")
    }

    /// Whether it is a business; none while nobody knows.
    pub fn is_business(&self) -> Option<bool> {
        self.card.flag("is_business").or_else(|| match self.card.text("caller_type")?.as_str() {
            "BUSINESS" => Some(true),
            "CONSUMER" => Some(false),
            _ => None,
        })
    }

    /// Whether a fact is there.
    pub fn has(&self, need: Need) -> bool {
        let name = || self.card.name();
        match need {
            Need::Domain => self.card.domain().is_some(),
            Need::PersonName => name().full.is_some() || name().first.is_some() && name().last.is_some(),
            Need::Email => self.card.email().is_some(),
            Need::KnownEmail => self.card.email().is_some() && self.card.has_known_email(),
        }
    }

    /// Where a step stands, if it is known of.
    pub fn standing(&self, step: Step) -> Option<Standing> {
        self.steps.get(&step).copied()
    }

    /// Whether a step may still give something.
    pub fn is_open(&self, step: Step) -> bool {
        matches!(self.standing(step), Some(Standing::Blocked | Standing::Live))
    }
}
