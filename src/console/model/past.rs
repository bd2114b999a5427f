//! A moment in the past that is shown instead of the present.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::console::message::Pulse;

/// The past that is shown, and the present that goes on behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// The moment.
    pub at: DateTime<Utc>,
    /// Whether its picture has arrived.
    pub known: bool,
    /// Why it could not be read.
    pub error: Option<String>,
    /// The newest present.
    pub live: Option<Arc<Pulse>>,
}

/// How far one key press moves: small steps near the present, longer ones further back.
pub fn stride(age: TimeDelta) -> TimeDelta {
    match age.num_seconds() {
        ..120 => TimeDelta::seconds(10),
        120..1_800 => TimeDelta::minutes(1),
        1_800..14_400 => TimeDelta::minutes(10),
        _ => TimeDelta::hours(1),
    }
}
