//! Rates of lanes before an outage and in it, in equal times. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::sandbox::CallRecord;

/// One call more or less is below what is judged; lanes with fewer calls before it are told and not judged.
pub const CALLS_MIN: usize = 40;
/// Outages that are long enough for a rate to be measured in.
pub const LONG_ENOUGH: Duration = Duration::from_secs(20);
/// Lanes keep so much of their rate.
pub const KEPT: f64 = 0.95;

/// Calls of each lane in the time before that moment and in the same time after it.
pub fn around(
    calls: &[CallRecord],
    lanes: &[&'static str],
    (moment, length): (DateTime<Utc>, Duration),
) -> BTreeMap<&'static str, (usize, usize)> {
    let length = TimeDelta::from_std(length).unwrap_or(TimeDelta::zero());
    let within = |lane: &str, from: DateTime<Utc>| {
        calls.iter().filter(|call| call.provider == lane && call.at >= from && call.at < from + length).count()
    };
    lanes.iter().map(|lane| (*lane, (within(lane, moment - length), within(lane, moment)))).collect()
}
