//! Properties of the machine: any order of events keeps its promises.

use chrono::DateTime;
use proptest::prelude::*;

use super::*;

const RULES: Rules = Rules {
    threshold: 5,
    cool_off: TimeDelta::seconds(60),
    cool_off_cap: TimeDelta::minutes(15),
    rate_rule: true,
    full: 16,
    probe_lease: TimeDelta::seconds(30),
};

fn at(seconds: i64) -> Time {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn failures(b: &Breaker, n: u32, began: i64) -> Event {
    Event::Reported(Report {
        generation: b.generation,
        calls: n,
        failures: n,
        success_began: None,
        trailing: n,
        trailing_began: Some(at(began)),
        last_failure: Some("503".into()),
    })
}

fn successes(b: &Breaker, n: u32, began: i64) -> Event {
    Event::Reported(Report {
        generation: b.generation,
        calls: n,
        failures: 0,
        success_began: Some(at(began)),
        trailing: 0,
        trailing_began: None,
        last_failure: None,
    })
}

fn opened() -> Breaker {
    let mut b = Breaker::new();
    let event = failures(&b, 5, 0);
    b.step(event, at(1), &RULES, 0.0);
    assert_eq!(b.state, State::Open);
    b
}

#[test]
fn five_failures_from_five_processes_open_it() {
    let mut b = Breaker::new();
    for i in 0..4 {
        let event = failures(&b, 1, i);
        assert!(b.step(event, at(i), &RULES, 0.0).is_empty());
    }
    let event = failures(&b, 1, 4);
    assert_eq!(b.step(event, at(4), &RULES, 0.0)[0].event, "opened");
    assert_eq!(b.retry_at, Some(at(64)));
}

#[test]
fn a_success_that_began_before_the_failures_does_not_reset_the_count() {
    let mut b = Breaker::new();
    let event = failures(&b, 4, 10);
    b.step(event, at(11), &RULES, 0.0);
    let old = successes(&b, 1, 9);
    b.step(old, at(12), &RULES, 0.0);
    assert_eq!(b.consecutive, 4);
    let new = successes(&b, 1, 12);
    b.step(new, at(13), &RULES, 0.0);
    assert_eq!(b.consecutive, 0);
}

#[test]
fn half_of_twenty_calls_open_it_though_never_five_fail_in_a_row() {
    let mut b = Breaker::new();
    for i in 0..20 {
        let event = if i % 2 == 0 { failures(&b, 1, i) } else { successes(&b, 1, i) };
        b.step(event, at(i), &RULES, 0.0);
    }
    assert_eq!(b.state, State::Open);
}

#[test]
fn one_probe_then_a_ramp_that_doubles_to_full() {
    let mut b = opened();
    assert!(b.step(Event::ProbeWanted { owner: 1 }, at(60), &RULES, 0.0).is_empty(), "too early");
    b.step(Event::ProbeWanted { owner: 1 }, at(61), &RULES, 0.0);
    assert_eq!(b.state, State::HalfOpen);
    assert!(b.step(Event::ProbeWanted { owner: 2 }, at(62), &RULES, 0.0).is_empty(), "second probe");
    let generation = b.generation;
    b.step(Event::ProbeEnded { generation, end: ProbeEnd::Success }, at(63), &RULES, 0.0);
    let mut limits = vec![b.ramp_limit];
    while b.state == State::HalfOpen {
        let event = successes(&b, b.ramp_limit, 64);
        b.step(event, at(65), &RULES, 0.0);
        limits.push(b.ramp_limit);
    }
    assert_eq!(limits, [1, 2, 4, 8, 0]);
    assert_eq!(b.state, State::Closed);
}

#[test]
fn the_cool_off_doubles_with_each_failed_probe_and_is_capped() {
    let mut b = opened();
    let mut now = 61;
    let mut waits = Vec::new();
    for _ in 0..6 {
        b.step(Event::ProbeWanted { owner: 1 }, at(now), &RULES, 0.0);
        let generation = b.generation;
        b.step(Event::ProbeEnded { generation, end: ProbeEnd::Failure("503".into()) }, at(now), &RULES, 0.0);
        let wait = (b.retry_at.unwrap() - at(now)).num_seconds();
        waits.push(wait);
        now += wait;
    }
    assert_eq!(waits, [120, 240, 480, 900, 900, 900]);
    assert_eq!(b.opened_at, Some(at(1)), "open since its first opening");
}

#[test]
fn a_lost_probe_can_not_jam_it() {
    let mut b = opened();
    b.step(Event::ProbeWanted { owner: 1 }, at(61), &RULES, 0.0);
    assert!(!b.wants_probe(at(90)));
    assert!(b.wants_probe(at(91)));
    let late = b.generation;
    b.step(Event::ProbeWanted { owner: 2 }, at(91), &RULES, 0.0);
    b.step(Event::ProbeEnded { generation: late, end: ProbeEnd::Failure("late".into()) }, at(92), &RULES, 0.0);
    assert_eq!(b.probe.unwrap().owner, 2, "the late verdict of the lost probe is ignored");
}

#[test]
fn a_hold_wins_over_failures_and_ends_by_itself() {
    let mut b = Breaker::new();
    let hold = Hold { by: "ada".into(), reason: "drill".into(), until: Some(at(100)) };
    b.step(Event::HoldClosed(hold), at(0), &RULES, 0.0);
    let event = failures(&b, 50, 1);
    b.step(event, at(2), &RULES, 0.0);
    assert_eq!(b.state, State::ForcedClosed);
    b.step(Event::Tick, at(99), &RULES, 0.0);
    assert_eq!(b.state, State::ForcedClosed);
    b.step(Event::Tick, at(100), &RULES, 0.0);
    assert_eq!(b.state, State::Closed);
}

#[test]
fn healthy_time_takes_doublings_back() {
    let mut b = opened();
    b.cool_offs = 3;
    b.step(Event::Reset, at(2), &RULES, 0.0);
    b.step(Event::ProbeWanted { owner: 1 }, at(2), &RULES, 0.0);
    let generation = b.generation;
    b.step(Event::ProbeEnded { generation, end: ProbeEnd::Success }, at(3), &RULES, 0.0);
    while b.state == State::HalfOpen {
        let event = successes(&b, b.ramp_limit, 4);
        b.step(event, at(4), &RULES, 0.0);
    }
    let event = failures(&b, 5, 130);
    b.step(event, at(130), &RULES, 0.0);
    assert_eq!(b.cool_offs, 1, "two whole cool-offs were healthy");
}

fn any_event() -> impl Strategy<Value = (u8, u32, i64)> {
    (0u8..10, 1u32..7, 0i64..90)
}

proptest! {
    #[test]
    fn any_order_of_events_keeps_the_promises(events in prop::collection::vec(any_event(), 1..200), jitter in 0.0f64..1.0) {
        let mut b = Breaker::new();
        let mut now = 0;
        for (kind, n, pause) in events {
            now += pause;
            let before = b.clone();
            let stale = kind == 9;
            let mut event = match kind {
                0 | 1 | 9 => failures(&b, n, now),
                2 | 3 => successes(&b, n, now),
                4 => Event::ProbeWanted { owner: i64::from(n) },
                5 => Event::ProbeEnded { generation: b.generation, end: ProbeEnd::Success },
                6 => Event::ProbeEnded { generation: b.generation, end: ProbeEnd::Failure("x".into()) },
                7 => Event::HoldOpen(Hold { by: "a".into(), reason: "b".into(), until: Some(at(now + pause)) }),
                _ => Event::Tick,
            };
            if let (true, Event::Reported(r)) = (stale, &mut event) { r.generation -= 1; }
            let transitions = b.step(event, at(now), &RULES, jitter);
            prop_assert!(b.generation >= before.generation);
            if stale { prop_assert_eq!(b.state, before.state, "a verdict of an older generation changes nothing"); }
            prop_assert!(transitions.iter().filter(|t| t.event == "probe").count() <= 1);
            if before.probe.is_some_and(|p| at(now) < p.until) && b.probe.is_some() {
                prop_assert_eq!(before.probe, b.probe, "never two probes at once");
            }
            if b.state == State::Open {
                let wait = b.retry_at.unwrap() - at(now);
                prop_assert!(wait <= RULES.cool_off_cap * 6 / 5, "open time is finite");
            }
            if transitions.iter().any(|t| t.event == "closed") {
                prop_assert!(before.ramp_limit > 0 || before.probe.is_some(), "closed only after a success");
            }
            prop_assert!(b.ramp_limit <= RULES.full);
        }
    }
}
