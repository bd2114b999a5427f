//! What is known of a breaker, and what can happen to it: data alone. How one becomes the other is `machine.rs`.

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
}

impl Default for Breaker {
    fn default() -> Self {
        Breaker::new()
    }
}
