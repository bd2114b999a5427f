//! What would happen if one acted now: the breaker's own state machine, driven with the lane's measured times. Pure; it
//! guesses nothing that the machine would not do.

use chrono::{DateTime, TimeDelta, Utc};

use super::views::{BreakerView, LaneView};
use crate::breakers::breaker::{Breaker, Event, Probe, ProbeEnd, Report, Rules, State};

/// Time of a call where none was measured.
const CALL_MS: i64 = 1_000;
/// Steps of a ramp that are followed; each doubles, so no ramp has more.
const STEPS_MAX: usize = 20;

/// What a reset would lead to.
#[derive(Debug, Clone, PartialEq)]
pub struct Foresight {
    /// Calls at once, step by step, if all goes well: the probe first.
    pub ramp: Vec<u32>,
    /// Seconds until calls pass at full concurrency.
    pub full_in_s: f64,
    /// Seconds until the lane is empty, at its measured or its adaptive rate.
    pub empty_in_s: Option<f64>,
    /// What the waiting jobs would cost in USD, where the price of a call is known.
    pub cost_usd: Option<f64>,
    /// If the probe fails: seconds until the next one, at least.
    pub next_probe_s: i64,
}

/// Foresees a reset of `breaker`, whose `lane` waits behind it. `rules`: its settings; `price`: USD of a call.
pub fn reset(
    breaker: &BreakerView,
    lane: Option<&LaneView>,
    rules: &Rules,
    price: Option<f64>,
    now: DateTime<Utc>,
) -> Foresight {
    let full = lane.map_or(1, |l| l.concurrency.unwrap_or(l.rate_limit).max(1));
    let rules = Rules { full: full.unsigned_abs(), ..*rules };
    let call = TimeDelta::milliseconds(lane.and_then(|l| l.p50_ms).map_or(CALL_MS, i64::from).max(1));
    let (ramp, ended) = well(machine(breaker, now), now, &rules, call);
    let waiting = breaker.waiting.max(0);
    let per_s = f64::from(full) / (call.num_milliseconds() as f64 / 1000.0);
    let full_in_s = (ended - now).num_milliseconds() as f64 / 1000.0;
    Foresight {
        ramp,
        full_in_s,
        empty_in_s: (waiting > 0).then(|| full_in_s + waiting as f64 / per_s),
        cost_usd: price.map(|usd| usd * waiting as f64),
        next_probe_s: badly(machine(breaker, now), now, &rules),
    }
}

/// The machine in the state that is shown.
fn machine(view: &BreakerView, now: DateTime<Utc>) -> Breaker {
    let state = State::parse(&view.state);
    Breaker {
        state,
        opened_at: view.opened_at,
        cool_offs: view.cool_offs.unsigned_abs(),
        retry_at: view.next_probe_s.map(|s| now + TimeDelta::seconds(s)),
        ramp_limit: view.ramp_limit.unsigned_abs(),
        ..Breaker::new()
    }
}

/// A reset whose probe and ramp are all answered: the limits that it goes through, and when the last is reached.
fn well(mut breaker: Breaker, now: DateTime<Utc>, rules: &Rules, call: TimeDelta) -> (Vec<u32>, DateTime<Utc>) {
    let mut at = now;
    breaker.step(Event::Reset, at, rules, 0.0);
    breaker.step(Event::ProbeWanted { owner: 0 }, at, rules, 0.0);
    at += call;
    breaker.step(Event::ProbeEnded { generation: breaker.generation, end: ProbeEnd::Success }, at, rules, 0.0);
    let mut limits = Vec::new();
    while breaker.state == State::HalfOpen && limits.len() < STEPS_MAX {
        limits.push(breaker.ramp_limit);
        at += call;
        let report = Report {
            generation: breaker.generation,
            calls: breaker.ramp_limit,
            failures: 0,
            success_began: Some(at),
            trailing: 0,
            trailing_began: None,
            last_failure: None,
        };
        breaker.step(Event::Reported(report), at, rules, 0.0);
    }
    limits.push(rules.full);
    (limits, at)
}

/// A reset whose probe fails: seconds until the next probe.
fn badly(mut breaker: Breaker, now: DateTime<Utc>, rules: &Rules) -> i64 {
    breaker.step(Event::Reset, now, rules, 0.0);
    breaker.step(Event::ProbeWanted { owner: 0 }, now, rules, 0.0);
    breaker.probe.get_or_insert(Probe { owner: 0, until: now + rules.probe_lease });
    let failed = ProbeEnd::Failure("still down".into());
    breaker.step(Event::ProbeEnded { generation: breaker.generation, end: failed }, now, rules, 0.0);
    breaker.retry_at.map_or(0, |at| (at - now).num_seconds().max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(waiting: i64) -> BreakerView {
        let now = DateTime::UNIX_EPOCH;
        BreakerView {
            name: "twilio".into(),
            lane: Some("twilio".into()),
            state: "open".into(),
            consecutive_failures: 5,
            waiting,
            waiting_contacts: waiting,
            next_probe_s: Some(38),
            opened_at: Some(now),
            ramp_limit: 0,
            cool_offs: 1,
            held_by: None,
            held_reason: None,
            held_until: None,
            last_failure: None,
            last_failure_at: None,
            changed_at: now,
            probes: None,
            back_off_s: None,
        }
    }

    #[test]
    fn a_reset_ramps_as_the_machine_does_and_a_failed_probe_waits_longer() {
        let seen = reset(&open(0), None, &Rules::default(), Some(0.01), DateTime::UNIX_EPOCH);
        assert_eq!(seen.ramp, [1]);
        assert_eq!(seen.next_probe_s, 240, "the second failure in a row doubles twice");
        assert_eq!((seen.empty_in_s, seen.cost_usd), (None, Some(0.0)));
    }
}
