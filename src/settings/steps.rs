//! The steps of the pipeline: which run, what an open breaker means for each, and how far a source must be trusted.

use std::collections::BTreeMap;

use super::value::{whole, yes};

/// Steps that can be set, with their thresholds of confidence. The lookup always runs and always waits.
pub const STEPS: [(&str, u8); 8] = [
    ("carrier_check", 50),
    ("business", 50),
    ("company", 50),
    ("address", 50),
    ("email_find", 70),
    ("email_verify", 70),
    ("person", 50),
    ("duplicates", 80),
];

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepSettings {
    /// False: skipped.
    pub enabled: bool,
    /// An open breaker is not waited for: the step's next provider is asked, which costs more and knows less.
    pub prefer_speed: bool,
    /// Sources that are trusted so far come first; for duplicates: pairs that match so far are suggested. 0 to 100.
    pub threshold: u8,
    /// The step also runs while nobody knows whether the contact is a consumer (the address step alone looks at it).
    pub for_unknown: bool,
}

/// All steps by name.
pub(super) fn defaults() -> BTreeMap<&'static str, StepSettings> {
    let of = |threshold| StepSettings { enabled: true, prefer_speed: false, threshold, for_unknown: false };
    STEPS.into_iter().map(|(name, threshold)| (name, of(threshold))).collect()
}

type Set = fn(&mut StepSettings, &str) -> Option<()>;

/// A setting of a step: its name, what it accepts, where the value goes.
pub(super) const OF_STEP: [(&str, &str, Set); 4] = [
    ("enabled", "true or false", |s, v| yes(v).map(|yes| s.enabled = yes)),
    ("policy", "wait or speed", |s, v| {
        s.prefer_speed = ["wait", "speed"].iter().position(|word| *word == v.trim())? == 1;
        Some(())
    }),
    ("threshold", "a whole number from 0 to 100", |s, v| whole(v, 0..=100).map(|n| s.threshold = n)),
    ("for_unknown", "true or false", |s, v| yes(v).map(|yes| s.for_unknown = yes)),
];
