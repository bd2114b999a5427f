//! One piece of text to one typed value. Times become absolute here; nothing here knows operators.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SubsecRound, TimeDelta, TimeZone, Utc};

use super::parse::Atom;
use super::period::{Anchor, Moment};
use super::{FilterError, Value};
use crate::catalogue::nearest;

pub(super) fn integer(atom: &Atom) -> Result<Value, FilterError> {
    let number = atom.text.replace('_', "").parse();
    number.map(Value::Integer).map_err(|_| FilterError::new(atom.at, format!("{:?} is not a whole number", atom.text)))
}

pub(super) fn decimal(atom: &Atom) -> Result<Value, FilterError> {
    match atom.text.trim_start_matches('$').parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Value::Decimal(number)),
        _ => Err(FilterError::new(atom.at, format!("{:?} is not an amount", atom.text))),
    }
}

pub(super) fn boolean(atom: &Atom) -> Result<Value, FilterError> {
    match atom.text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(Value::Bool(true)),
        "false" | "no" | "0" => Ok(Value::Bool(false)),
        _ => Err(FilterError::new(atom.at, format!("{:?} is neither true nor false", atom.text))),
    }
}

/// The listed word, in its own case.
pub(super) fn listed(atom: &Atom, words: &'static [&'static str]) -> Result<Value, FilterError> {
    if let Some(word) = words.iter().find(|word| word.eq_ignore_ascii_case(&atom.text)) {
        return Ok(Value::Text((*word).to_owned()));
    }
    let hint = match nearest(&atom.text, words.iter().copied()) {
        Some(word) => format!("did you mean {word}?"),
        None => format!("it is one of {}", words.join(", ")),
    };
    Err(FilterError::new(atom.at, format!("{:?} is not a value of this field: {hint}", atom.text)))
}

/// A relative time (`7d` is the instant 7 days before now), a day or a longer span, or an instant; where no zone is given,
/// that of the anchor.
pub(super) fn moment(atom: &Atom, anchor: &Anchor) -> Result<Moment, FilterError> {
    let text = atom.text.trim();
    let read = relative(text).map(|ago| ago.and_then(|ago| anchor.now.checked_sub_signed(ago)).map(at));
    let found = match read {
        Some(found) => found,
        None => NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .map_or_else(|_| anchor.named(text), |date| anchor.days(date, date))
            .or_else(|| instant(text, anchor).map(at)),
    };
    found.filter(|moment| (1..=9998).contains(&chrono::Datelike::year(&moment.first))).ok_or_else(|| {
        let message = format!("{text:?} is no time: write 7d, 90m, today, last-week, 2026-01-31 or 2026-01-31T18:00");
        FilterError::new(atom.at, message)
    })
}

/// A length of time such as `90m`; `Some(None)` when it is one, but too long to mean anything.
pub(super) fn relative(text: &str) -> Option<Option<TimeDelta>> {
    let unit = text.chars().last()?;
    let seconds: i64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    let digits =
        text.strip_suffix(unit).filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))?;
    let total = digits.parse::<i64>().ok().and_then(|count| count.checked_mul(seconds));
    Some(total.and_then(TimeDelta::try_seconds))
}

fn at(instant: DateTime<Utc>) -> Moment {
    let instant = instant.trunc_subsecs(6);
    Moment { first: instant, last: instant }
}

fn instant(text: &str, anchor: &Anchor) -> Option<DateTime<Utc>> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(instant.with_timezone(&Utc));
    }
    if text.eq_ignore_ascii_case("now") {
        return Some(anchor.now);
    }
    let naive = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text.trim_end_matches('Z'), format).ok())?;
    if text.ends_with('Z') {
        return Some(naive.and_utc());
    }
    anchor.zone.from_local_datetime(&naive).earliest().map(|instant| instant.with_timezone(&Utc))
}
