//! What a meltdown can't avoid: for each provider the sum of its outage, the rest of its cool-off, its ramp, and the work that
//! is left to it then at the rate of a calm run. The longest of these ways is the least time that all of it takes. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::bar::Row;
use super::rates::CALLS_MIN;
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

    /// Of a run with outages, as if all of it had gone on as fast as the first lane did before the first of them; none if that was too
    /// short. What comes behind a lane's last call is not known and left out.
    pub fn before(downs: &[Down], (first_lane, calls): (&str, &[CallRecord])) -> Option<Calm> {
        let from = downs.iter().map(|down| down.from).min()?;
        let mut good: BTreeMap<&'static str, usize> = BTreeMap::new();
        for call in calls.iter().filter(|call| call.status == Some(200) && !is_within(downs, call)) {
            *good.entry(call.provider).or_default() += 1;
        }
        let early = calls.iter().filter(|call| call.provider == first_lane && call.at < from);
        let (count, begun) = early.fold((0_usize, from), |(n, begun), call| (n + 1, begun.min(call.at)));
        let each = (from - begun).as_seconds_f64() / count as f64;
        let took = each * *good.get(first_lane)? as f64;
        let pace = |(lane, calls)| (lane, Pace { calls, active: took, after: 0.0 });
        (count >= CALLS_MIN).then(|| Calm { took, lanes: good.into_iter().map(pace).collect() })
    }

    /// Calls a second of a lane while it works; none where nothing is known of it.
    pub fn rate(&self, lane: &str) -> Option<f64> {
        self.lanes.get(lane).map(|pace| pace.calls as f64 / pace.active.max(0.001))
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

/// A time for which a provider was down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Down {
    /// Who.
    pub provider: &'static str,
    /// Since when.
    pub from: DateTime<Utc>,
    /// Till when.
    pub until: DateTime<Utc>,
}

/// Whether a call came while its provider was down: if it was answered with 200, that was garbage.
fn is_within(downs: &[Down], call: &CallRecord) -> bool {
    downs.iter().any(|down| down.provider == call.provider && call.at >= down.from && call.at < down.until)
}

/// The way of each provider that was down, the longest first. `downs` and `recoveries` of one provider stand in their order.
pub fn ways(
    calm: &Calm,
    (begun, downs): (DateTime<Utc>, &[Down]),
    recoveries: &[Recovery],
    calls: &[CallRecord],
) -> Vec<Way> {
    let mut by_provider: BTreeMap<&'static str, Vec<Down>> = BTreeMap::new();
    for down in downs {
        by_provider.entry(down.provider).or_default().push(*down);
    }
    let way = |(provider, own): (&'static str, Vec<Down>)| {
        let of_it: Vec<&Recovery> = recoveries.iter().filter(|recovery| recovery.provider == provider).collect();
        let calls: Vec<&CallRecord> = calls.iter().filter(|call| call.provider == provider).collect();
        through(calm, begun, &own, (&of_it, &calls))
    };
    let mut ways: Vec<Way> = by_provider.into_iter().map(way).collect();
    ways.sort_by(|a, b| b.sum().total_cmp(&a.sum()));
    ways
}

/// One provider's way through all of its outages.
fn through(
    calm: &Calm,
    begun: DateTime<Utc>,
    downs: &[Down],
    (recoveries, calls): (&[&Recovery], &[&CallRecord]),
) -> Way {
    let seconds = |from: DateTime<Utc>, until: DateTime<Utc>| (until - from).as_seconds_f64().max(0.0);
    let first = downs.first().map_or(begun, |down| down.from);
    let provider = downs.first().map_or("", |down| down.provider);
    let mut way = Way { provider, before: seconds(begun, first), outage: 0.0, rest: 0.0, ramp: 0.0, work: 0.0 };
    // Till when the way is told, and the stretches that are.
    let (mut told, mut stretches) = (first, vec![(begun, first)]);
    for down in downs {
        way.outage += seconds(down.from.max(told), down.until);
        let came_back =
            recoveries.iter().find(|recovery| recovery.closed >= down.until && recovery.opened < down.until);
        let end = came_back.map_or(down.until, |recovery| {
            let up = down.until.max(told);
            way.rest += seconds(up, recovery.answered);
            way.ramp += seconds(up.max(recovery.answered), recovery.closed);
            recovery.closed
        });
        stretches.push((down.from, end));
        told = told.max(end);
    }
    let is_told = |call: &CallRecord| stretches.iter().any(|(from, until)| call.at >= *from && call.at < *until);
    let answered = calls.iter().filter(|call| call.status == Some(200) && is_told(call) && !is_within(downs, call));
    way.work = calm.work(provider, answered.count());
    way
}

/// A row for each way: `…/unavoidable/PROVIDER`, with its sum in words and what its breaker did.
pub fn told(run: &str, ways: &[Way], history: &BTreeMap<&'static str, String>) -> Vec<Row> {
    let row = |way: &Way| {
        let Way { provider, before, outage, rest, ramp, work } = way;
        let did = history.get(provider).map_or("", String::as_str);
        Row::figure(format!("{run}/unavoidable/{provider}"), way.sum(), "s").note(format!(
            "before it {before:.1} + outage {outage:.1} + rest of the cool-off {rest:.1} + ramp {ramp:.1} + work left at the calm rate {work:.1}; {did}"
        ))
    };
    ways.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

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
        let downs = ["twilio", "hunter"].map(|provider| Down { provider, from: at(2), until: at(22) });
        let ways = ways(&calm, (at(0), &downs), &recoveries, &arrived);
        let all: Vec<_> = ways.iter().map(|way| (way.provider, way.rest, way.ramp, way.sum().round())).collect();
        assert_eq!(all, [("hunter", 9.0, 2.0, 42.0), ("twilio", 3.0, 1.0, 36.0)]);
    }

    #[test]
    fn two_outages_of_one_provider_add_up_and_the_rate_is_that_before_the_first() {
        // A call a second, down for 20 s, probe and ramp, five calls, down for 20 s again, five calls more.
        let down = |from| Down { provider: "twilio", from: at(from), until: at(from + 20) };
        let downs = [down(40), down(80)];
        let twilio = |seconds| calls("twilio", seconds);
        let arrived =
            [twilio(0..40), twilio(40..42), twilio(64..69), twilio(103..108), calls("hunter", 20..35)].concat();
        let back = |opened, answered, closed| Recovery {
            provider: "twilio",
            opened: at(opened),
            answered: at(answered),
            closed: at(closed),
            ramp: Vec::new(),
        };
        let recoveries = [back(41, 61, 63), back(81, 101, 102)];
        assert_eq!(Calm::before(&downs, ("hunter", &arrived)), None, "too short");
        let calm = Calm::before(&downs, ("twilio", &arrived)).unwrap();
        assert_eq!((calm.rate("twilio"), calm.rate("hunter")), (Some(1.0), Some(0.3)), "15 calls in the time of 50");
        let ways = ways(&calm, (at(0), &downs), &recoveries, &arrived);
        // Garbage of the outage is no work, and neither is what was done before it.
        let way = Way { provider: "twilio", before: 40.0, outage: 40.0, rest: 2.0, ramp: 3.0, work: 10.0 };
        assert_eq!(ways, [way]);
    }
}
