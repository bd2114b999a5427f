//! When recurring work is due: a period, or a cron text. Pure; all times are UTC.

use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use croner::Cron;

/// Shortest period; the leader looks every few seconds, and a firing may touch all contacts.
const PERIOD_MIN: TimeDelta = TimeDelta::minutes(1);

/// When something is due.
#[derive(Debug, Clone)]
pub enum Every {
    /// Again after this time.
    Period(TimeDelta),
    /// At the times of a cron text.
    Cron(Box<Cron>),
}

impl Every {
    /// Reads `every 30d` (or `30d`), or five cron fields such as `0 3 1 * *`. The error is one sentence.
    pub fn parse(text: &str) -> Result<Every, String> {
        let text = text.trim();
        let period = text.strip_prefix("every ").unwrap_or(text);
        if let Some(period) = crate::settings::parse_duration(period).and_then(|d| TimeDelta::from_std(d).ok()) {
            if period < PERIOD_MIN {
                return Err(format!("{text} is too often: the shortest period is 1m"));
            }
            return Ok(Every::Period(period));
        }
        let wrong =
            || format!("{text} is no time: write every 30d, every 12h, or five cron fields such as 0 3 1 * * (UTC)");
        let fields = text.split_whitespace().count();
        if fields != 5 && !text.starts_with('@') {
            return Err(wrong());
        }
        Cron::from_str(text).map(|cron| Every::Cron(Box::new(cron))).map_err(|_| wrong())
    }

    /// The first time after `now`, for work that was due at `due`. Times that were missed are not made up for; a period
    /// keeps its phase.
    pub fn next(&self, due: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Every::Cron(cron) => cron.find_next_occurrence(&now, false).ok(),
            Every::Period(period) => {
                let missed = ((now - due).num_milliseconds() / period.num_milliseconds()).max(0);
                let periods = i32::try_from(missed + 1).ok()?;
                due.checked_add_signed(period.checked_mul(periods)?)
            }
        }
    }

    /// The first time of new work.
    pub fn first(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.next(now, now)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_is_the_first_of_each_or_thirty_days() {
        let monthly = Every::parse("0 3 1 * *").unwrap();
        assert_eq!(monthly.first(at("2026-11-24T09:00:00Z")), Some(at("2026-12-01T03:00:00Z")));
        let days = Every::parse("every 30d").unwrap();
        assert_eq!(days.first(at("2026-11-24T09:00:00Z")), Some(at("2026-12-24T09:00:00Z")));
    }

    #[test]
    fn missed_times_are_not_made_up_for() {
        let hourly = Every::parse("every 1h").unwrap();
        assert_eq!(
            hourly.next(at("2026-11-24T09:00:00Z"), at("2026-11-24T13:30:00Z")),
            Some(at("2026-11-24T14:00:00Z"))
        );
    }

    #[test]
    fn what_is_no_time_is_refused_with_an_example() {
        for text in ["", "sometimes", "every 5s", "0 3 1 *", "99 3 1 * *", "0 0 0 3 1 * *", "every -1d"] {
            assert!(Every::parse(text).is_err(), "{text}");
        }
        assert!(Every::parse("61 * * * *").unwrap_err().contains("0 3 1 * *"));
    }

    proptest! {
        #[test]
        fn the_next_time_is_later_than_now(text in "\\PC{0,20}", minutes in 1_i64..100_000, due in 0_i64..4_000_000_000, now in 0_i64..4_000_000_000) {
            let time = |s| DateTime::from_timestamp(s, 0).unwrap();
            let _ = Every::parse(&text).map(|every| every.first(time(now)));
            let every = Every::Period(TimeDelta::minutes(minutes));
            let next = every.next(time(due), time(now)).unwrap();
            prop_assert!(next > time(now).min(time(due)) && (next > time(now) || due > now));
        }
    }
}
