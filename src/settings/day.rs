//! What "today" means: days begin at midnight of the setting `time_zone`; everything stored and printed stays in UTC.

use chrono::{DateTime, Days, NaiveDate, TimeZone, Utc};
use chrono_tz::Tz;

/// When the day of `now` began.
pub fn day_start(zone: Tz, now: DateTime<Utc>) -> DateTime<Utc> {
    midnight(zone, now.with_timezone(&zone).date_naive())
}

/// When the day after that of `now` begins.
pub fn next_day(zone: Tz, now: DateTime<Utc>) -> DateTime<Utc> {
    let today = now.with_timezone(&zone).date_naive();
    midnight(zone, today.checked_add_days(Days::new(1)).unwrap_or(today))
}

/// Where midnight is skipped by a change of clocks, the day begins with its first hour that exists.
fn midnight(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    let at = |hour: u32| day.and_hms_opt(hour, 0, 0).and_then(|time| zone.from_local_datetime(&time).earliest());
    (0..24)
        .find_map(at)
        .map_or_else(|| day.and_hms_opt(0, 0, 0).unwrap_or_default().and_utc(), |t| t.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_of_its_zone_also_where_clocks_change() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let berlin = chrono_tz::Europe::Berlin;
        assert_eq!(day_start(berlin, at("2026-07-01T21:59:00Z")), at("2026-06-30T22:00:00Z"));
        assert_eq!(next_day(berlin, at("2026-07-01T21:59:00Z")), at("2026-07-01T22:00:00Z"));
        assert_eq!(day_start(chrono_tz::America::Santiago, at("2026-09-06T12:00:00Z")), at("2026-09-06T04:00:00Z"));
    }
}
