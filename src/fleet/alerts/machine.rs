//! One alert's life, with hysteresis: raised once, escalated and eased between its levels, reminded of, cleared. Pure.
//!
//! What must stay true: nothing clears or eases that has not been below 80 % of its threshold for 30 s without a break, and
//! nobody is told of the same alert twice within 10 minutes unless it changed.

use chrono::{DateTime, TimeDelta, Utc};

/// How long a value must be calm before its alert ends.
pub const CALM: TimeDelta = TimeDelta::seconds(30);
/// How often people are reminded of an alert that nobody has taken on.
pub const REMINDER: TimeDelta = TimeDelta::minutes(10);

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Look at it today.
    Warning,
    /// Look at it now.
    Critical,
}

impl Severity {
    /// As in the table.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }
}

/// Thresholds; a value raises when it is strictly above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Levels {
    /// Of a warning.
    pub warning: Option<i64>,
    /// Of a critical alert.
    pub critical: Option<i64>,
}

impl Levels {
    /// What this value raises.
    pub fn severity(&self, value: i64) -> Option<Severity> {
        if self.critical.is_some_and(|threshold| value > threshold) {
            Some(Severity::Critical)
        } else if self.warning.is_some_and(|threshold| value > threshold) {
            Some(Severity::Warning)
        } else {
            None
        }
    }

    /// The threshold of a severity; of the other one where it has none.
    pub fn of(&self, severity: Severity) -> i64 {
        let (first, second) = match severity {
            Severity::Warning => (self.warning, self.critical),
            Severity::Critical => (self.critical, self.warning),
        };
        first.or(second).unwrap_or(i64::MAX)
    }
}

/// An open alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// How bad.
    pub severity: Severity,
    /// Since when the value has been calm altogether.
    pub below_since: Option<DateTime<Utc>>,
    /// Since when it has been calm for a critical alert.
    pub eased_since: Option<DateTime<Utc>>,
    /// When people were told last.
    pub told_at: DateTime<Utc>,
}

/// What people are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It begins.
    Raised,
    /// A warning became critical.
    Escalated,
    /// It is a warning only.
    Eased,
    /// It still is.
    Reminded,
    /// It is over.
    Cleared,
}

/// Below 80 % of the threshold.
fn is_calm(value: i64, threshold: i64) -> bool {
    i128::from(value) * 5 < i128::from(threshold) * 4
}

/// The alert after a value was measured at `now`. A `quiet` one (taken on, silenced, filed under an incident) is not
/// reminded of.
pub fn step(
    open: Option<Open>,
    levels: &Levels,
    value: i64,
    quiet: bool,
    now: DateTime<Utc>,
) -> (Option<Open>, Option<Change>) {
    let raised = levels.severity(value);
    let Some(mut open) = open else {
        let begun = raised.map(|severity| Open { severity, below_since: None, eased_since: None, told_at: now });
        return (begun, raised.map(|_| Change::Raised));
    };
    let since = |calm: bool, since: Option<DateTime<Utc>>| calm.then(|| since.unwrap_or(now));
    open.below_since = since(is_calm(value, levels.of(Severity::Warning)), open.below_since);
    open.eased_since = since(is_calm(value, levels.of(Severity::Critical)), open.eased_since);
    let lasted = |since: Option<DateTime<Utc>>| since.is_some_and(|since| now - since >= CALM);
    if lasted(open.below_since) {
        return (None, Some(Change::Cleared));
    }
    let change = if raised > Some(open.severity) {
        open.severity = Severity::Critical;
        Some(Change::Escalated)
    } else if open.severity == Severity::Critical && levels.warning.is_some() && lasted(open.eased_since) {
        open.severity = Severity::Warning;
        Some(Change::Eased)
    } else if !quiet && value > levels.of(open.severity) && now - open.told_at >= REMINDER {
        Some(Change::Reminded)
    } else {
        None
    };
    if change.is_some() {
        open.told_at = now;
    }
    (Some(open), change)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DEPTH: Levels = Levels { warning: Some(500), critical: Some(2000) };

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    /// Measured every 5 s; what people were told, with the second.
    fn told(levels: Levels, values: &[i64]) -> Vec<(i64, Change)> {
        let (mut open, mut all) = (None, Vec::new());
        for (i, value) in values.iter().enumerate() {
            let second = i as i64 * 5;
            let (next, change) = step(open, &levels, *value, false, at(second));
            open = next;
            all.extend(change.map(|change| (second, change)));
        }
        all
    }

    #[test]
    fn what_wavers_around_a_threshold_is_told_once() {
        let wavering: Vec<i64> = (0..100).map(|i| if i % 2 == 0 { 501 } else { 401 }).collect();
        assert_eq!(told(DEPTH, &wavering), [(0, Change::Raised)]);
        let dipping: Vec<i64> = (0..100).map(|i| if i % 6 == 0 { 501 } else { 10 }).collect();
        assert_eq!(told(DEPTH, &dipping), [(0, Change::Raised)], "calm for 25 s at most");
    }

    #[test]
    fn an_alert_climbs_eases_and_ends_step_by_step() {
        let mut values = vec![501, 2001];
        values.extend([1599; 8]);
        values.extend([399; 8]);
        let expected = [(0, Change::Raised), (5, Change::Escalated), (40, Change::Eased), (80, Change::Cleared)];
        assert_eq!(told(DEPTH, &values), expected);
    }

    #[test]
    fn people_are_reminded_every_ten_minutes_unless_somebody_has_it() {
        let expected = [(0, Change::Raised), (600, Change::Reminded), (1200, Change::Reminded)];
        assert_eq!(told(DEPTH, &[3000; 250]), expected);
        let open = Open { severity: Severity::Critical, below_since: None, eased_since: None, told_at: at(0) };
        assert_eq!(step(Some(open), &DEPTH, 3000, true, at(5000)).1, None);
    }

    #[test]
    fn one_level_alone_is_enough() {
        let total = Levels { warning: None, critical: Some(5000) };
        let mut values = vec![5000, 5001];
        values.extend([3999; 7]);
        assert_eq!(told(total, &values), [(5, Change::Raised), (40, Change::Cleared)]);
    }

    proptest! {
        #[test]
        fn nothing_flaps(values in prop::collection::vec(0_i64..3000, 1..400)) {
            let all = told(DEPTH, &values);
            let mut is_open = false;
            for (second, change) in &all {
                prop_assert_eq!(*change == Change::Raised, !is_open);
                is_open = *change != Change::Cleared;
                if *change == Change::Cleared {
                    let calm = (second / 5 - 6..=second / 5).all(|i| values[i as usize] < 400);
                    prop_assert!(calm, "cleared at {} after {:?}", second, values);
                }
            }
            let reminded: Vec<i64> = all.iter().filter(|(_, c)| *c == Change::Reminded).map(|(s, _)| *s).collect();
            prop_assert!(reminded.windows(2).all(|pair| pair[1] - pair[0] >= 600));
        }
    }
}
