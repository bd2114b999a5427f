//! Numbers, durations and times in words. `-` is "none", never 0.

use chrono::{DateTime, Utc};

/// `8,412`.
pub fn count(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if n < 0 { format!("-{out}") } else { out }
}

/// A duration in at most two units: `41s`, `4m12s`, `3h05m`, `2d4h`.
pub fn span(seconds: i64) -> String {
    let s = seconds.max(0);
    match s {
        0..60 => format!("{s}s"),
        60..3600 => format!("{}m{:02}s", s / 60, s % 60),
        3600..86_400 => format!("{}h{:02}m", s / 3600, s % 3600 / 60),
        _ => format!("{}d{}h", s / 86_400, s % 86_400 / 3600),
    }
}

/// A duration that grows while one looks: in steps of 5 s, so that it costs a frame only every 5 s.
pub fn since(from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    let seconds = (to - from).num_seconds().max(0);
    span(if seconds < 10 { seconds } else { seconds / 5 * 5 })
}

/// Milliseconds: `180ms`, `1.4s`.
pub fn millis(ms: i64) -> String {
    if ms < 1000 { format!("{ms}ms") } else { format!("{}.{}s", ms / 1000, ms % 1000 / 100) }
}

/// Per second: `212/s`, `0.4/s`, `0/s`.
pub fn rate(per_s: f64) -> String {
    if per_s <= 0.0 {
        "0/s".into()
    } else if per_s < 9.95 {
        format!("{per_s:.1}/s")
    } else {
        format!("{}/s", count(per_s.round() as i64))
    }
}

/// Dollars: `$84.12`.
pub fn dollars(usd: f64) -> String {
    format!("${}.{:02}", count(usd.max(0.0).trunc() as i64), ((usd.max(0.0).fract() * 100.0).round() as i64).min(99))
}

/// A clock time of this or another day: `12:03:11`, `08-19 12:03`.
pub fn clock(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    if at.date_naive() == now.date_naive() {
        at.format("%H:%M:%S").to_string()
    } else {
        at.format("%m-%d %H:%M").to_string()
    }
}

/// A clock time, or an age where ages are asked for.
pub fn when(at: DateTime<Utc>, now: DateTime<Utc>, ages: bool) -> String {
    if ages { format!("{} ago", since(at, now)) } else { clock(at, now) }
}

/// `1 job`, `2 jobs`.
pub fn of(n: i64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// The value, or `-`.
pub fn or_none(text: Option<String>) -> String {
    text.unwrap_or_else(|| "-".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!(count(8412), "8,412");
        assert_eq!(count(-1_000_000), "-1,000,000");
        assert_eq!(count(i64::MIN), "-9,223,372,036,854,775,808");
        assert_eq!(rate(0.44), "0.4/s");
        assert_eq!(rate(1234.0), "1,234/s");
        assert_eq!(millis(1450), "1.4s");
        assert_eq!(dollars(1084.126), "$1,084.13");
    }

    #[test]
    fn durations_have_two_units_at_most() {
        let spans: Vec<String> = [-3, 41, 252, 11_100, 187_200].map(span).into();
        assert_eq!(spans, ["0s", "41s", "4m12s", "3h05m", "2d4h"]);
        let from = DateTime::UNIX_EPOCH;
        assert_eq!(since(from, from + TimeDelta::seconds(214)), "3m30s");
        assert_eq!(since(from, from + TimeDelta::seconds(7)), "7s");
    }
}
