//! The breaker's state machine: a state, an event and a time in, a state and its transitions out.
//!
//! Never two probes at once; never closed without a success (or a person); open time is finite; held states win. Every
//! verdict carries the generation under which its call began, and one of an older generation is ignored.

use chrono::TimeDelta;

use super::breaker::{Breaker, Event, Hold, Probe, ProbeEnd, Report, Rules, State, Time, Transition, Window};

/// Calls in a minute from which on the rate rule speaks.
const RATE_MINIMUM: u32 = 20;
/// A void probe is repeated with another job after this pause.
const VOID_PAUSE: TimeDelta = TimeDelta::seconds(1);

impl Breaker {
    /// Applies one event. `jitter` in 0..=1 lengthens a cool-off by up to 20 %.
    pub fn step(&mut self, event: Event, now: Time, rules: &Rules, jitter: f64) -> Vec<Transition> {
        let mut turn = Turn { breaker: self, now, rules, jitter, out: Vec::new() };
        match event {
            Event::Reported(report) => turn.reported(&report),
            Event::ProbeWanted { owner } => turn.probe_wanted(owner),
            Event::ProbeEnded { generation, end } => turn.probe_ended(generation, end),
            Event::Reset => turn.reset(),
            Event::HoldOpen(hold) => turn.hold(State::ForcedOpen, hold),
            Event::HoldClosed(hold) => turn.hold(State::ForcedClosed, hold),
            Event::Release => turn.release("given back to itself"),
            Event::Tick => turn.tick(),
        }
        turn.out
    }
}

struct Turn<'a> {
    breaker: &'a mut Breaker,
    now: Time,
    rules: &'a Rules,
    jitter: f64,
    out: Vec<Transition>,
}

impl Turn<'_> {
    fn go(&mut self, to: State, event: &'static str, cause: impl Into<String>) {
        let from = self.breaker.state;
        self.breaker.state = to;
        self.breaker.generation += 1;
        self.breaker.probe = None;
        self.breaker.ramp_done = 0;
        if to != State::HalfOpen {
            self.breaker.ramp_limit = 0;
        }
        self.out.push(Transition { from, to, event, cause: cause.into() });
    }

    fn reported(&mut self, report: &Report) {
        if report.last_failure.is_some() {
            self.breaker.last_failure.clone_from(&report.last_failure);
        }
        if report.generation != self.breaker.generation {
            return;
        }
        match self.breaker.state {
            State::Closed => self.count(report),
            State::HalfOpen if self.breaker.ramp_limit > 0 => self.ramped(report),
            _ => {}
        }
    }

    fn count(&mut self, report: &Report) {
        let b = &mut *self.breaker;
        let resets = |began: Time| b.first_failure_at.is_none_or(|first| began > first);
        if report.success_began.is_some_and(resets) {
            b.consecutive = 0;
            b.first_failure_at = None;
        }
        b.consecutive += report.trailing;
        if b.consecutive > 0 && b.first_failure_at.is_none() {
            b.first_failure_at = report.trailing_began.or(Some(self.now));
        }
        if b.window.since.is_none_or(|since| self.now - since > TimeDelta::seconds(60)) {
            b.window = Window { since: Some(self.now), ..Window::default() };
        }
        b.window.calls += report.calls;
        b.window.failures += report.failures;
        let last = report.last_failure.clone().unwrap_or_default();
        if b.consecutive >= self.rules.threshold {
            let cause = format!("{} consecutive failures: {last}", b.consecutive);
            self.open("opened", cause);
        } else if self.rules.rate_rule && b.window.calls >= RATE_MINIMUM && b.window.failures * 2 >= b.window.calls {
            let cause = format!("{} of {} calls in a minute failed: {last}", b.window.failures, b.window.calls);
            self.open("opened", cause);
        }
    }

    fn ramped(&mut self, report: &Report) {
        if report.failures > 0 {
            let cause = format!("failed during the ramp: {}", report.last_failure.clone().unwrap_or_default());
            self.breaker.cool_offs += 1;
            self.open("ramp_failed", cause);
            return;
        }
        self.breaker.ramp_done += report.calls;
        if self.breaker.ramp_done < self.breaker.ramp_limit {
            return;
        }
        let next = self.breaker.ramp_limit.saturating_mul(2);
        if next >= self.rules.full {
            self.close("full concurrency reached");
        } else {
            self.breaker.ramp_limit = next;
            self.breaker.ramp_done = 0;
            let state = self.breaker.state;
            self.out.push(Transition { from: state, to: state, event: "ramp", cause: format!("{next} at once") });
        }
    }

    fn open(&mut self, event: &'static str, cause: String) {
        self.forget_healthy_time();
        let wait = self.cool_off();
        self.breaker.opened_at = self.breaker.opened_at.or(Some(self.now));
        self.breaker.retry_at = Some(self.now + wait);
        self.breaker.window = Window::default();
        let cause = format!("{cause}; next probe in {} s", wait.num_seconds().max(1));
        self.go(State::Open, event, cause);
    }

    fn close(&mut self, cause: &str) {
        let open_for = self.breaker.opened_at.map_or(0, |at| (self.now - at).num_seconds());
        self.go(State::Closed, "closed", format!("{cause}; it was open {open_for} s"));
        let b = &mut *self.breaker;
        b.consecutive = 0;
        b.first_failure_at = None;
        b.opened_at = None;
        b.retry_at = None;
        b.window = Window::default();
        b.healthy_since = Some(self.now);
    }

    /// Each healthy cool-off since the last finished ramp takes one doubling back.
    fn forget_healthy_time(&mut self) {
        if let Some(since) = self.breaker.healthy_since.take() {
            let healthy = (self.now - since).num_milliseconds() / self.rules.cool_off.num_milliseconds().max(1);
            let healthy = u32::try_from(healthy.max(0)).unwrap_or(u32::MAX);
            self.breaker.cool_offs = self.breaker.cool_offs.saturating_sub(healthy);
        }
    }

    fn cool_off(&self) -> TimeDelta {
        let base = self.rules.cool_off.num_milliseconds().max(1);
        let grown = base.saturating_mul(1_i64 << self.breaker.cool_offs.min(20));
        let capped = grown.min(self.rules.cool_off_cap.num_milliseconds().max(base));
        let longer = (capped as f64 * 0.2 * self.jitter.clamp(0.0, 1.0)) as i64;
        TimeDelta::milliseconds(capped + longer)
    }

    fn probe_wanted(&mut self, owner: i64) {
        if !self.breaker.wants_probe(self.now) {
            return;
        }
        self.breaker.ramp_limit = 0;
        self.go(State::HalfOpen, "probe", format!("one probe by node {owner}"));
        self.breaker.probe = Some(Probe { owner, until: self.now + self.rules.probe_lease });
    }

    fn probe_ended(&mut self, generation: i64, end: ProbeEnd) {
        if generation != self.breaker.generation || self.breaker.probe.is_none() {
            return;
        }
        match end {
            ProbeEnd::Success => {
                self.go(State::HalfOpen, "probe_succeeded", "the probe was answered; ramping up");
                self.breaker.ramp_limit = 1;
                if self.rules.full <= 1 {
                    self.close("full concurrency reached");
                }
            }
            ProbeEnd::Failure(why) => {
                self.breaker.last_failure = Some(why.clone());
                self.breaker.cool_offs += 1;
                self.open("probe_failed", format!("probe failed: {why}"));
            }
            ProbeEnd::NoVerdict => {
                self.go(State::Open, "probe_void", "the probe said nothing about the provider");
                self.breaker.retry_at = Some(self.now + VOID_PAUSE);
            }
        }
    }

    fn reset(&mut self) {
        let probing = self.breaker.probe.is_some_and(|probe| self.now < probe.until);
        if self.breaker.state == State::Closed || probing {
            return;
        }
        self.breaker.hold = None;
        self.breaker.opened_at = self.breaker.opened_at.or(Some(self.now));
        self.breaker.retry_at = Some(self.now);
        self.go(State::Open, "reset", "reset by hand: the next probe may start now");
    }

    fn hold(&mut self, to: State, hold: Hold) {
        let until = hold
            .until
            .map_or_else(|| "until released".to_owned(), |t| format!("until {}", t.format("%Y-%m-%d %H:%M:%SZ")));
        let cause = format!("held by {} {until}: {}", hold.by, hold.reason);
        if to == State::ForcedOpen {
            self.breaker.opened_at = self.breaker.opened_at.or(Some(self.now));
        }
        self.breaker.hold = Some(hold);
        self.go(to, "held", cause);
    }

    fn release(&mut self, cause: &str) {
        self.breaker.hold = None;
        match self.breaker.state {
            State::ForcedOpen => {
                self.breaker.retry_at = Some(self.now);
                self.go(State::Open, "released", cause);
            }
            State::ForcedClosed => {
                self.go(State::Closed, "released", cause);
                self.breaker.consecutive = 0;
                self.breaker.first_failure_at = None;
                self.breaker.opened_at = None;
            }
            _ => {}
        }
    }

    fn tick(&mut self) {
        let expired = self.breaker.hold.as_ref().and_then(|h| h.until).is_some_and(|until| self.now >= until);
        if expired {
            self.release("the hold ended");
        }
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
