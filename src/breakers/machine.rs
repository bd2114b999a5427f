//! The breaker's state machine: a state, an event and a time in, a state and its transitions out.
//!
//! Never two probes at once; never closed without a success (or a person); open time is finite; held states win. Every
//! verdict carries the generation under which its call began, and one of an older generation is ignored.

use chrono::{DateTime, TimeDelta, Utc};

/// A moment, by the database's clock.
pub type Time = DateTime<Utc>;

/// State of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Calls pass.
    Closed,
    /// No call passes until the cool-off ends.
    Open,
    /// One probe is out (ramp limit 0), or load is ramping up.
    HalfOpen,
    /// Held by a person: no call passes.
    ForcedOpen,
    /// Held by a person: every call passes.
    ForcedClosed,
}

impl State {
    /// The name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            State::Closed => "closed",
            State::Open => "open",
            State::HalfOpen => "half_open",
            State::ForcedOpen => "forced_open",
            State::ForcedClosed => "forced_closed",
        }
    }

    /// The state of this name; closed if a newer program wrote another.
    pub fn parse(name: &str) -> State {
        match name {
            "open" => State::Open,
            "half_open" => State::HalfOpen,
            "forced_open" => State::ForcedOpen,
            "forced_closed" => State::ForcedClosed,
            _ => State::Closed,
        }
    }
}

/// When a breaker opens and how it comes back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// Failures in a row that open it; at least 1.
    pub threshold: u32,
    /// First cool-off.
    pub cool_off: TimeDelta,
    /// Longest cool-off before jitter.
    pub cool_off_cap: TimeDelta,
    /// Whether half of at least 20 calls within 60 s open it, too.
    pub rate_rule: bool,
    /// Concurrency at which a ramp is finished.
    pub full: u32,
    /// How long a probe may take before another process may send one.
    pub probe_lease: TimeDelta,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            threshold: 5,
            cool_off: TimeDelta::seconds(60),
            cool_off_cap: TimeDelta::minutes(15),
            rate_rule: true,
            full: 16,
            probe_lease: TimeDelta::seconds(30),
        }
    }
}

/// A probe on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// Epoch of the node that sent it.
    pub owner: i64,
    /// When it counts as lost.
    pub until: Time,
}

/// A person's hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Until when; none = until released.
    pub until: Option<Time>,
}

/// Calls and failures of the current minute, for the rate rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// When the minute began.
    pub since: Option<Time>,
    /// Calls that ended in it.
    pub calls: u32,
    /// Of these, failures.
    pub failures: u32,
}

/// All that is shared about one breaker.
#[derive(Debug, Clone, PartialEq)]
pub struct Breaker {
    /// State.
    pub state: State,
    /// Grows with each transition; fences late verdicts.
    pub generation: i64,
    /// Failures in a row, over the fleet.
    pub consecutive: u32,
    /// When the first call of that row began.
    pub first_failure_at: Option<Time>,
    /// Rate rule's minute.
    pub window: Window,
    /// Since when it has been open.
    pub opened_at: Option<Time>,
    /// When the next probe may start.
    pub retry_at: Option<Time>,
    /// Failed probes and ramps in a row: each doubles the cool-off.
    pub cool_offs: u32,
    /// Since when it has been closed after a finished ramp.
    pub healthy_since: Option<Time>,
    /// The probe on its way.
    pub probe: Option<Probe>,
    /// Calls at once during the ramp; 0 outside it.
    pub ramp_limit: u32,
    /// Successes at this step of the ramp.
    pub ramp_done: u32,
    /// A person's hold.
    pub hold: Option<Hold>,
    /// Last failure in words.
    pub last_failure: Option<String>,
}

/// What a process saw since its last report.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Generation under which these calls began.
    pub generation: i64,
    /// Calls that ended with a verdict.
    pub calls: u32,
    /// Of these, failures.
    pub failures: u32,
    /// When the latest-begun successful call began, if one ended well.
    pub success_began: Option<Time>,
    /// Failures that ended after that success.
    pub trailing: u32,
    /// When the first of these began.
    pub trailing_began: Option<Time>,
    /// Last failure in words.
    pub last_failure: Option<String>,
}

/// How a probe ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeEnd {
    /// The provider answered.
    Success,
    /// It failed; why, in words.
    Failure(String),
    /// It says nothing about the provider, or no call was made.
    NoVerdict,
}

/// What can happen to a breaker.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A process reports.
    Reported(Report),
    /// A process wants to send the probe.
    ProbeWanted {
        /// Its epoch.
        owner: i64,
    },
    /// A probe ended.
    ProbeEnded {
        /// Generation that was given with the probe.
        generation: i64,
        /// How.
        end: ProbeEnd,
    },
    /// A person wants the next probe now.
    Reset,
    /// A person holds it open.
    HoldOpen(Hold),
    /// A person holds it closed.
    HoldClosed(Hold),
    /// A person gives it back to itself.
    Release,
    /// Time passed: an expired hold ends.
    Tick,
}

/// One line of a breaker's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// State before.
    pub from: State,
    /// State after.
    pub to: State,
    /// `opened`, `probe`, `probe_failed`, `probe_succeeded`, `probe_void`, `ramp`, `ramp_failed`, `closed`, `reset`, `held`, `released`.
    pub event: &'static str,
    /// Why, in words.
    pub cause: String,
}

/// Calls in a minute from which on the rate rule speaks.
const RATE_MINIMUM: u32 = 20;
/// A void probe is repeated with another job after this pause.
const VOID_PAUSE: TimeDelta = TimeDelta::seconds(1);

impl Breaker {
    /// A breaker that nothing has happened to.
    pub fn new() -> Breaker {
        Breaker {
            state: State::Closed,
            generation: 1,
            consecutive: 0,
            first_failure_at: None,
            window: Window::default(),
            opened_at: None,
            retry_at: None,
            cool_offs: 0,
            healthy_since: None,
            probe: None,
            ramp_limit: 0,
            ramp_done: 0,
            hold: None,
            last_failure: None,
        }
    }

    /// Whether a probe may start at `now`.
    pub fn wants_probe(&self, now: Time) -> bool {
        match self.state {
            State::Open => self.retry_at.is_none_or(|at| now >= at),
            State::HalfOpen => self.ramp_limit == 0 && self.probe.is_none_or(|p| now >= p.until),
            _ => false,
        }
    }

    /// Whether ordinary calls pass.
    pub fn admits(&self) -> bool {
        match self.state {
            State::Closed | State::ForcedClosed => true,
            State::HalfOpen => self.ramp_limit > 0,
            State::Open | State::ForcedOpen => false,
        }
    }

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

impl Default for Breaker {
    fn default() -> Self {
        Breaker::new()
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
        if self.breaker.state == State::Closed {
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
