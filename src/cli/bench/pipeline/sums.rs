//! What a meltdown can't avoid: for each provider the sum of its outage, the rest of its cool-off, its ramp, and the work that
//! is left to it then at the rate of a calm run. The longest of these ways is the least time that all of it takes. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::schedule::Recovery;
use crate::sandbox::CallRecord;

/// A provider's calls in a calm run.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pace {
    calls: usize,
    /// From its first call to its last.
    active: f64,
    /// From its last call to the end of the run: what comes after it.
    after: f64,
}

/// A run without any outage.
#[derive(Debug, Clone, PartialEq)]
pub struct Calm {
    /// Seconds, all in all.
    pub took: f64,
    lanes: BTreeMap<&'static str, Pace>,
}

impl Calm {
    /// Of a run that began then and took so long.
    pub fn of(begun: DateTime<Utc>, took: Duration, calls: &[CallRecord]) -> Calm {
        let mut spans: BTreeMap<&'static str, (usize, DateTime<Utc>, DateTime<Utc>)> = BTreeMap::new();
        for call in calls {
            let span = spans.entry(call.provider).or_insert((0, call.at, call.at));
            *span = (span.0 + 1, span.1.min(call.at), span.2.max(call.at));
        }
        let took = took.as_secs_f64();
        let pace = |(calls, first, last): (usize, DateTime<Utc>, DateTime<Utc>)| Pace {
            calls,
            active: (last - first).as_seconds_f64(),
            after: (took - (last - begun).as_seconds_f64()).max(0.0),
        };
        Calm { took, lanes: spans.into_iter().map(|(lane, span)| (lane, pace(span))).collect() }
    }

    /// What a lane's work takes that is left after so many of its calls were answered, and what comes after its last one.
    fn work(&self, lane: &str, answered: usize) -> f64 {
        let Some(pace) = self.lanes.get(lane) else { return 0.0 };
        let left = pace.calls.saturating_sub(answered) as f64 / pace.calls.max(1) as f64;
        pace.active * left + pace.after
    }
}

/// A provider's way through the meltdown, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Way {
    /// Whose.
    pub provider: &'static str,
    /// From the beginning of the run to the outage's.
    pub before: f64,
    /// As scripted.
    pub outage: f64,
    /// From the outage's end to the probe that was answered; its turn among the staggered probes included.
    pub rest: f64,
    /// From that probe until the breaker closed.
    pub ramp: f64,
    /// What was left then, at the rate of the calm run.
    pub work: f64,
}

impl Way {
    /// The sum.
    pub fn sum(&self) -> f64 {
        self.before + self.outage + self.rest + self.ramp + self.work
    }
}

/// Each provider's way, the longest first.
pub fn ways(
    calm: &Calm,
    (begun, down, outage): (DateTime<Utc>, DateTime<Utc>, Duration),
    recoveries: &[Recovery],
    calls: &[CallRecord],
) -> Vec<Way> {
    let up = down + TimeDelta::from_std(outage).unwrap_or(TimeDelta::zero());
    let mut last: BTreeMap<&'static str, &Recovery> = BTreeMap::new();
    for recovery in recoveries.iter().filter(|recovery| recovery.closed >= up) {
        last.entry(recovery.provider).or_insert(recovery);
    }
    let way = |recovery: &Recovery| {
        let provider = recovery.provider;
        let is_answered =
            |call: &&CallRecord| call.provider == provider && call.at < recovery.closed && call.status == Some(200);
        // Calls of the outage that were answered with 200 are garbage.
        let good = |call: &&CallRecord| is_answered(call) && !(call.at >= down && call.at < up);
        Way {
            provider,
            before: (down - begun).as_seconds_f64(),
            outage: outage.as_secs_f64(),
            rest: (recovery.answered - up).as_seconds_f64().max(0.0),
            ramp: (recovery.closed - recovery.answered.max(up)).as_seconds_f64().max(0.0),
            work: calm.work(provider, calls.iter().filter(good).count()),
        }
    };
    let mut ways: Vec<Way> = last.into_values().map(way).collect();
    ways.sort_by(|a, b| b.sum().total_cmp(&a.sum()));
    ways
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::Mode;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn calls(provider: &'static str, seconds: std::ops::Range<i64>) -> Vec<CallRecord> {
        let call = |s| CallRecord {
            provider,
            at: at(s),
            number: "".into(),
            credential: None,
            mode: Mode::Ok,
            status: Some(200),
            at_once: 1,
            took_ms: Some(1),
        };
        seconds.map(call).collect()
    }

    #[test]
    fn the_longest_way_is_that_of_the_provider_that_comes_back_last_with_work_left() {
        // A calm run of 12 s: the first provider works for 10 s, the second for 8 s behind it.
        let quiet = [calls("twilio", 0..11), calls("hunter", 3..12)].concat();
        let calm = Calm::of(at(0), Duration::from_secs(12), &quiet);
        assert_eq!(calm.work("twilio", 0), 12.0);
        assert_eq!(calm.work("hunter", 9), 1.0);
        let recovery =
            |provider, answered, closed| Recovery { provider, opened: at(2), answered, closed, ramp: Vec::new() };
        let recoveries = [recovery("twilio", at(25), at(26)), recovery("hunter", at(31), at(33))];
        let arrived = calls("twilio", 0..2);
        let ways = ways(&calm, (at(0), at(2), Duration::from_secs(20)), &recoveries, &arrived);
        let all: Vec<_> = ways.iter().map(|way| (way.provider, way.rest, way.ramp, way.sum().round())).collect();
        assert_eq!(all, [("hunter", 9.0, 2.0, 42.0), ("twilio", 3.0, 1.0, 36.0)]);
    }
}
