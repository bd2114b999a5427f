//! Days, weeks, months and years as spans of instants, in the zone that decides what "today" means.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Tz;

/// The moment that relative times count from, and the zone whose days they mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// Now.
    pub now: DateTime<Utc>,
    /// The setting `time_zone`.
    pub zone: Tz,
}

impl Anchor {
    /// This moment, with the days of `zone`.
    pub fn new(now: DateTime<Utc>, zone: Tz) -> Anchor {
        Anchor { now, zone }
    }

    /// The day that it is now.
    pub fn today(&self) -> NaiveDate {
        self.now.with_timezone(&self.zone).date_naive()
    }

    /// Monday of the week that it is now.
    pub fn monday(&self) -> NaiveDate {
        self.today().week(Weekday::Mon).first_day()
    }

    /// From the first microsecond of one day to the last of another. None beyond the calendar.
    pub fn days(&self, first: NaiveDate, last: NaiveDate) -> Option<Moment> {
        let end = self.midnight(last.checked_add_days(Days::new(1))?)?;
        Some(Moment { first: self.midnight(first)?, last: end - TimeDelta::microseconds(1) })
    }

    /// A whole month.
    pub fn month(&self, year: i32, month: u32) -> Option<Moment> {
        let first = NaiveDate::from_ymd_opt(year, month, 1)?;
        self.days(first, first.checked_add_months(Months::new(1))?.pred_opt()?)
    }

    /// A whole year.
    pub fn year(&self, year: i32) -> Option<Moment> {
        self.days(NaiveDate::from_ymd_opt(year, 1, 1)?, NaiveDate::from_ymd_opt(year, 12, 31)?)
    }

    /// `today`, `yesterday`, `this-week` and so on, `2026-10`, `2026`; none for any other text.
    pub fn named(&self, text: &str) -> Option<Moment> {
        let today = self.today();
        let back = |days| today.checked_sub_days(Days::new(days));
        match text.to_ascii_lowercase().replace('_', "-").as_str() {
            "today" => self.days(today, today),
            "yesterday" => self.days(back(1)?, back(1)?),
            "this-week" => self.days(self.monday(), self.monday().checked_add_days(Days::new(6))?),
            "last-week" => self.days(self.monday() - Days::new(7), self.monday().pred_opt()?),
            "this-month" => self.month(today.year(), today.month()),
            "last-month" => {
                let before = today.checked_sub_months(Months::new(1))?;
                self.month(before.year(), before.month())
            }
            "this-year" => self.year(today.year()),
            "last-year" => self.year(today.year() - 1),
            other => self.numbered(other),
        }
    }

    fn numbered(&self, text: &str) -> Option<Moment> {
        let digits = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
        match text.split_once('-') {
            None if digits(text, 4) => self.year(text.parse().ok()?),
            Some((year, month)) if digits(year, 4) && digits(month, 2) => {
                self.month(year.parse().ok()?, month.parse().ok()?)
            }
            _ => None,
        }
    }

    /// The first instant of a day; where clocks were put forward at midnight, the day begins an hour later.
    fn midnight(&self, date: NaiveDate) -> Option<DateTime<Utc>> {
        let local = date.and_time(NaiveTime::MIN);
        let at = |hours| self.zone.from_local_datetime(&(local + TimeDelta::hours(hours))).earliest();
        at(0).or_else(|| at(1)).map(|instant| instant.with_timezone(&Utc))
    }
}

/// Days in UTC.
impl From<DateTime<Utc>> for Anchor {
    fn from(now: DateTime<Utc>) -> Anchor {
        Anchor { now, zone: Tz::UTC }
    }
}

/// First and last microsecond of what a text names: equal for an instant, a whole day for a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// First microsecond.
    pub first: DateTime<Utc>,
    /// Last microsecond.
    pub last: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(anchor: &Anchor, text: &str) -> String {
        let Moment { first, last } = anchor.named(text).unwrap();
        format!("{} {}", first.format("%m-%dT%H:%M"), (last + TimeDelta::microseconds(1)).format("%m-%dT%H:%M"))
    }

    #[test]
    fn days_weeks_and_months_are_those_of_the_zone() {
        let now = Utc.with_ymd_and_hms(2026, 11, 24, 3, 30, 0).unwrap();
        let utc = Anchor::from(now);
        let york = Anchor::new(now, "America/New_York".parse().unwrap());
        assert_eq!(shown(&utc, "today"), "11-24T00:00 11-25T00:00");
        assert_eq!(shown(&york, "today"), "11-23T05:00 11-24T05:00");
        assert_eq!(shown(&york, "this-week"), "11-23T05:00 11-30T05:00");
        assert_eq!(shown(&utc, "last-week"), "11-16T00:00 11-23T00:00");
        assert_eq!(shown(&york, "this-month"), "11-01T04:00 12-01T05:00");
        assert_eq!(shown(&utc, "last-month"), "10-01T00:00 11-01T00:00");
        assert_eq!(shown(&utc, "2026-02"), "02-01T00:00 03-01T00:00");
        assert_eq!(shown(&utc, "2025"), "01-01T00:00 01-01T00:00");
        assert_eq!(utc.named("soon"), None);
        assert_eq!(utc.named("2026-13"), None);
    }

    #[test]
    fn a_day_without_midnight_begins_when_its_clocks_do() {
        let zone: Tz = "America/Asuncion".parse().unwrap();
        let anchor = Anchor::new(Utc.with_ymd_and_hms(2023, 10, 1, 12, 0, 0).unwrap(), zone);
        assert_eq!(shown(&anchor, "today"), "10-01T04:00 10-02T03:00");
    }
}
