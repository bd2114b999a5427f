//! One process's view of one breaker: admits or refuses a call at once, and gathers verdicts for the shared row.
//!
//! The happy path makes no database write: a success is reported only while failures are counted somewhere. When the
//! failures seen here would open the breaker, the guard refuses at once and does not wait for the row to say so.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;

use super::breaker::{Breaker, Report, Rules, State, Time};

/// The rate rule looks at a minute.
const WINDOW: TimeDelta = TimeDelta::seconds(60);

/// What the guard says to a call that wants to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Go; the verdict belongs to this generation.
    Call(i64),
    /// No call: the breaker is open, or about to.
    Refused,
}

/// A breaker as this process sees it.
#[derive(Debug)]
pub struct Guard {
    name: String,
    rules: Rules,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Breaker,
    pending: Option<Report>,
    /// A report on its way to the shared row: it counts here until the row says so.
    reporting: Option<Report>,
    /// A failure was seen here, and no success after it was reported: also while its own report is on its way.
    unhealed: bool,
    /// Successes that nobody needed to hear of, since this moment: the rate rule's denominator.
    quiet: (Option<Time>, u32),
}

impl Inner {
    fn unreported(&self) -> impl Iterator<Item = &Report> {
        [&self.pending, &self.reporting].into_iter().flatten()
    }

    /// The report being gathered; a new one begins with the successes of this minute that were not reported.
    fn gathering(&mut self, generation: i64) -> &mut Report {
        let quiet = if self.pending.is_none() { std::mem::take(&mut self.quiet).1 } else { 0 };
        self.pending.get_or_insert_with(|| Report { calls: quiet, ..empty(generation) })
    }

    fn take_over(&mut self, row: Breaker) {
        if row.generation < self.shared.generation {
            return;
        }
        if row.generation > self.shared.generation {
            self.pending = None;
            self.reporting = None;
            self.quiet = (None, 0);
        }
        self.shared = row;
    }

    fn keep_quiet(&mut self, began: Time) {
        let fresh = self.quiet.0.is_some_and(|since| began - since <= WINDOW);
        self.quiet = if fresh { (self.quiet.0, self.quiet.1.saturating_add(1)) } else { (Some(began), 1) };
    }
}

impl Guard {
    /// A guard for the breaker `name` whose row reads `shared`.
    pub fn new(name: &str, rules: Rules, shared: Breaker) -> Guard {
        Guard {
            name: name.to_owned(),
            rules,
            inner: Mutex::new(Inner { shared, pending: None, reporting: None, unhealed: false, quiet: (None, 0) }),
        }
    }

    /// Breaker's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shared row as last read.
    pub fn shared(&self) -> Breaker {
        self.lock().shared.clone()
    }

    /// Takes over a freshly read row; an older generation than the known one is ignored.
    pub fn refresh(&self, row: Breaker) {
        self.lock().take_over(row);
    }

    /// The report that was taken has reached the row, which reads so now. Under one lock: between forgetting the report and
    /// learning the row, a call would find neither and be let through an open breaker.
    pub fn delivered(&self, row: Breaker) {
        let mut inner = self.lock();
        inner.reporting = None;
        inner.take_over(row);
    }

    /// Whether an ordinary call may start now.
    pub fn admit(&self) -> Admission {
        let inner = self.lock();
        let about_to_open = inner.shared.state == State::Closed
            && inner.shared.consecutive + inner.unreported().map(|r| r.trailing).sum::<u32>() >= self.rules.threshold;
        let failing_ramp = inner.shared.state == State::HalfOpen && inner.unreported().any(|r| r.failures > 0);
        if inner.shared.admits() && !about_to_open && !failing_ramp {
            return Admission::Call(inner.shared.generation);
        }
        Admission::Refused
    }

    /// A call that began at `began` under `generation` ended well.
    pub fn succeeded(&self, generation: i64, began: Time) {
        let mut inner = self.lock();
        let counted = inner.shared.consecutive > 0
            || inner.shared.state == State::HalfOpen
            || inner.pending.is_some()
            || inner.unhealed;
        if generation != inner.shared.generation {
            return;
        }
        if !counted {
            return inner.keep_quiet(began);
        }
        let report = inner.gathering(generation);
        report.calls += 1;
        report.success_began = report.success_began.max(Some(began));
        if report.trailing_began.is_none_or(|first| began > first) {
            report.trailing = 0;
            report.trailing_began = None;
        }
    }

    /// A call was answered with a refusal of our input: no verdict, but while half-open it shows that the provider works.
    pub fn answered(&self, generation: i64, began: Time) {
        let half_open = self.lock().shared.state == State::HalfOpen;
        if half_open {
            self.succeeded(generation, began);
        }
    }

    /// A call that began at `began` under `generation` failed.
    pub fn failed(&self, generation: i64, began: Time, why: &str) {
        let mut inner = self.lock();
        if generation != inner.shared.generation {
            return;
        }
        inner.unhealed = true;
        let report = inner.gathering(generation);
        report.calls += 1;
        report.failures += 1;
        report.trailing += 1;
        report.trailing_began = Some(report.trailing_began.map_or(began, |first| first.min(began)));
        report.last_failure = Some(why.to_owned());
    }

    /// Takes what is to be reported; none when nothing happened that anyone needs to know.
    pub fn take_report(&self) -> Option<Report> {
        let mut inner = self.lock();
        let report = inner.pending.take();
        if report.as_ref().is_some_and(|r| r.success_began.is_some() && r.trailing == 0) {
            inner.unhealed = false;
        }
        inner.reporting.clone_from(&report);
        report
    }

    /// Puts a report back that could not be delivered: what gathered meanwhile came after it.
    pub fn put_back(&self, report: Report) {
        let mut inner = self.lock();
        inner.reporting = None;
        inner.unhealed |= report.failures > 0;
        if report.generation != inner.shared.generation {
            return;
        }
        inner.pending = Some(match inner.pending.take() {
            None => report,
            Some(later) => joined(report, later),
        });
    }
}

fn joined(earlier: Report, later: Report) -> Report {
    let healed = later.success_began.zip(earlier.trailing_began).is_some_and(|(good, bad)| good > bad);
    let (trailing, began) = if healed { (0, None) } else { (earlier.trailing, earlier.trailing_began) };
    Report {
        calls: earlier.calls + later.calls,
        failures: earlier.failures + later.failures,
        success_began: earlier.success_began.max(later.success_began),
        trailing: trailing + later.trailing,
        trailing_began: [began, later.trailing_began].into_iter().flatten().min(),
        last_failure: later.last_failure.or(earlier.last_failure),
        ..later
    }
}

fn empty(generation: i64) -> Report {
    Report {
        generation,
        calls: 0,
        failures: 0,
        success_began: None,
        trailing: 0,
        trailing_began: None,
        last_failure: None,
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;

    fn guard() -> Guard {
        Guard::new("twilio", Rules::default(), Breaker::new())
    }

    fn at(seconds: i64) -> Time {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn a_healthy_provider_costs_no_report() {
        let guard = guard();
        for i in 0..1000 {
            guard.succeeded(1, at(i));
        }
        assert_eq!(guard.take_report(), None);
    }

    #[test]
    fn successes_that_were_not_reported_stand_in_the_next_report() {
        let guard = guard();
        for i in 0..30 {
            guard.succeeded(1, at(i));
        }
        guard.failed(1, at(31), "503");
        assert_eq!(guard.take_report().map(|r| (r.calls, r.failures)), Some((31, 1)));
    }

    #[test]
    fn failures_count_while_their_report_is_on_its_way_and_when_it_was_lost() {
        let guard = guard();
        for i in 0..5 {
            guard.failed(1, at(i), "503");
        }
        let taken = guard.take_report().unwrap();
        assert_eq!(guard.admit(), Admission::Refused);
        guard.failed(1, at(9), "503");
        guard.put_back(taken);
        assert_eq!(guard.take_report().map(|r| r.trailing), Some(6));
    }

    #[test]
    fn the_fifth_failure_stops_calls_before_the_database_hears_of_it() {
        let guard = guard();
        for i in 0..4 {
            guard.failed(1, at(i), "503");
            assert_eq!(guard.admit(), Admission::Call(1));
        }
        guard.failed(1, at(4), "503");
        assert_eq!(guard.admit(), Admission::Refused);
    }

    #[test]
    fn a_verdict_of_an_older_generation_is_dropped() {
        let guard = guard();
        guard.refresh(Breaker { generation: 7, ..Breaker::new() });
        guard.failed(1, at(0), "503");
        assert_eq!(guard.take_report(), None);
    }

    #[test]
    fn failures_on_their_way_to_the_row_still_stop_calls() {
        let guard = guard();
        for i in 0..5 {
            guard.failed(1, at(i), "503");
        }
        assert_eq!(guard.take_report().map(|r| r.trailing), Some(5));
        assert_eq!(guard.admit(), Admission::Refused);
        guard.delivered(Breaker::new());
        assert_eq!(guard.admit(), Admission::Call(1), "somebody else's success came between");
    }

    #[test]
    fn a_success_is_reported_while_the_failures_before_it_are_still_on_their_way() {
        let guard = guard();
        guard.failed(1, at(0), "503");
        assert!(guard.take_report().is_some());
        guard.succeeded(1, at(1));
        assert_eq!(guard.take_report().and_then(|r| r.success_began), Some(at(1)));
        guard.succeeded(1, at(2));
        assert_eq!(guard.take_report(), None, "healed: the happy path writes nothing");
    }

    #[test]
    fn a_success_that_began_before_the_failures_keeps_their_count() {
        let guard = guard();
        guard.failed(1, at(10), "503");
        guard.succeeded(1, at(5));
        assert_eq!(guard.take_report().map(|r| r.trailing), Some(1));
        guard.failed(1, at(11), "503");
        guard.succeeded(1, at(12));
        assert_eq!(guard.take_report().map(|r| r.trailing), Some(0));
    }
}
