//! Spans of time in words, as a sign and a value of the filter language: `since yesterday` is `>=yesterday`.

use chrono::{Datelike, Days, NaiveDate, Weekday};

use super::number::number;
use super::words::{Word, longest, phrase};
use crate::contacts::filter::Anchor;

/// Sign and value, to stand behind a field's name.
pub(super) type Span = String;

const MONTHS: [&str; 12] = [
    "january|jan",
    "february|feb",
    "march|mar",
    "april|apr",
    "may",
    "june|jun",
    "july|jul",
    "august|aug",
    "september|sep|sept",
    "october|oct",
    "november|nov",
    "december|dec",
];
const DAYS: [(&str, Weekday); 7] = [
    ("monday|mon", Weekday::Mon),
    ("tuesday|tue", Weekday::Tue),
    ("wednesday|wed", Weekday::Wed),
    ("thursday|thu", Weekday::Thu),
    ("friday|fri", Weekday::Fri),
    ("saturday|sat", Weekday::Sat),
    ("sunday|sun", Weekday::Sun),
];
const NAMED: &[(&str, &str)] = &[
    ("today", "today"),
    ("yesterday", "yesterday"),
    ("this|current week", "this-week"),
    ("last|previous week", "last-week"),
    ("this|current month", "this-month"),
    ("last|previous month", "last-month"),
    ("this|current year", "this-year"),
    ("last|previous year", "last-year"),
];
const PREFIXES: &[(&str, &str)] = &[
    ("since", ">="),
    ("ever since", ">="),
    ("starting on|from?", ">="),
    ("on or after", ">="),
    ("after", ">"),
    ("later than", ">"),
    ("newer than", ">"),
    ("before", "<"),
    ("earlier than", "<"),
    ("prior to", "<"),
    ("older than", "<"),
    ("until|till", "<="),
    ("up to|until", "<="),
    ("on or before", "<="),
    ("on|in|during|from|within", ":"),
    ("sometime? during|in", ":"),
    ("at any time during|in", ":"),
];
const AGO: &[(&str, &str)] = &[
    ("in|within|over|during the? last|past", ">"),
    ("the? last|past", ">"),
    ("newer|younger than", ">"),
    ("within|in", ">"),
    ("since the? last|past", ">"),
    ("less than", "> old"),
    ("older than", "<"),
    ("more than", "< old"),
    ("over", "< old"),
];

/// The span that stands here and how many words it takes.
pub(super) fn span(words: &[Word], anchor: &Anchor) -> Option<(Span, usize)> {
    let readings = [between(words, anchor), ago(words), prefixed(words, anchor)];
    readings.into_iter().flatten().max_by_key(|(_, taken)| *taken)
}

/// `since yesterday`, `in October 2025`, or a bare name of a span.
fn prefixed(words: &[Word], anchor: &Anchor) -> Option<(Span, usize)> {
    let (before, sign) = longest(PREFIXES, words).map_or((0, ""), |(taken, sign)| (taken, *sign));
    let (value, taken) = period(&words[before..], anchor, before > 0)?;
    let open = value == "today" || value.starts_with("this-");
    let sign = match sign {
        "" | ":" if open => ">=",
        "" => ":",
        sign => sign,
    };
    Some((format!("{sign}{value}"), before + taken))
}

fn between(words: &[Word], anchor: &Anchor) -> Option<(Span, usize)> {
    let (opens, joins) = [("between", "and"), ("from", "to|until|till|through")]
        .into_iter()
        .find(|(opens, _)| phrase(opens, words) == Some(1))
        .map(|(_, joins)| (1, joins))?;
    let (low, taken) = period(&words[opens..], anchor, true)?;
    let at = opens + taken;
    let joined = phrase(joins, &words[at..])?;
    let (high, last) = period(&words[at + joined..], anchor, true)?;
    // A Monday that comes after its Wednesday was another Monday.
    let date = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let turned = date(&low).zip(date(&high)).is_some_and(|(low, high)| high < low);
    (!turned).then(|| (format!(":{low}..{high}"), at + joined + last))
}

/// `in the last 7 days`, `older than two weeks`, `more than a year old`.
fn ago(words: &[Word]) -> Option<(Span, usize)> {
    let (before, sign) = longest(AGO, words)?;
    // `last week` is a week of the calendar, `the last week` the seven days until now.
    let the = words[..before].iter().any(|word| word.text == "the");
    let (length, taken) = length(&words[before..], the)?;
    let end = before + taken;
    match sign.split_once(' ') {
        Some((sign, _)) => {
            let old = phrase("old|ago", &words[end..])?;
            Some((format!("{sign}{length}"), end + old))
        }
        None => {
            let old = phrase("old|ago?", &words[end..]).unwrap_or(0);
            Some((format!("{sign}{length}"), end + old))
        }
    }
}

/// `3 days`, `two weeks`, `an hour`; a unit alone where `the last` stands before it, hours and days also behind `last`.
fn length(words: &[Word], the: bool) -> Option<(String, usize)> {
    let (count, taken) = match number(words) {
        Some(found) => found,
        None => match phrase("a|an|one", words) {
            Some(taken) => (1.0, taken),
            None if phrase("couple of", words).is_some() => (2.0, 2),
            None => (1.0, 0),
        },
    };
    let unit = words.get(taken)?.text.as_str();
    let (factor, letter) = match unit.trim_end_matches('s') {
        "minute" | "min" => (1.0, "m"),
        "hour" | "hr" => (1.0, "h"),
        "day" => (1.0, "d"),
        "week" => (7.0, "d"),
        "month" => (30.0, "d"),
        "year" => (365.0, "d"),
        _ => return None,
    };
    let whole = (taken > 0 || the || matches!(unit, "hour" | "minute" | "day")) && count.fract() == 0.0 && count > 0.0;
    whole.then(|| (format!("{}{letter}", count * factor), taken + 1))
}

/// A day, week, month or year. A bare year needs a word before it.
fn period(words: &[Word], anchor: &Anchor, introduced: bool) -> Option<(String, usize)> {
    if let Some((taken, name)) = longest(NAMED, words) {
        return Some(((*name).to_owned(), taken));
    }
    let first = words.first()?;
    if NaiveDate::parse_from_str(&first.text, "%Y-%m-%d").is_ok() {
        return Some((first.text.clone(), 1));
    }
    if introduced && year(first).is_some() {
        return Some((first.text.clone(), 1));
    }
    calendar(words, anchor).or_else(|| weekday(words, anchor, introduced))
}

/// `November 3`, `3 November 2026`, `March 1, 2026`, `October`, `October 2025`.
fn calendar(words: &[Word], anchor: &Anchor) -> Option<(String, usize)> {
    let day = |word: Option<&Word>| {
        let text = word?.text.trim_end_matches(['s', 't', 'n', 'd', 'r', 'h']);
        text.parse::<u32>().ok().filter(|day| (1..=31).contains(day) && text.len() <= 2)
    };
    let month = |word: Option<&Word>| {
        let word = word?;
        let found = MONTHS.iter().position(|names| names.split('|').any(|name| name == word.text))?;
        // `may` and `mar` are words, too: as months they are written with a capital letter.
        (word.capital || word.text.len() > 3).then_some(found as u32 + 1)
    };
    let (month_at, day_at) = match (month(words.first()), day(words.first())) {
        (Some(month), _) => (month, day(words.get(1)).map(|day| (day, 2))),
        (None, Some(day)) => (
            month(words.get(1 + usize::from(phrase("of", &words[1..]).is_some())))?,
            Some((day, 2 + usize::from(phrase("of", &words[1..]).is_some()))),
        ),
        _ => return None,
    };
    let after = day_at.map_or(1, |(_, taken)| taken);
    let comma = usize::from(day_at.is_some() && phrase(",", &words[after..]).is_some());
    let given = words.get(after + comma).and_then(year);
    let taken = after + given.map_or(0, |_| comma + 1);
    let today = anchor.today();
    let text = match day_at {
        Some((day, _)) => {
            let on = |year| NaiveDate::from_ymd_opt(year, month_at, day);
            let date = match given {
                Some(year) => on(year)?,
                None => on(today.year()).filter(|date| *date <= today).or_else(|| on(today.year() - 1))?,
            };
            date.format("%Y-%m-%d").to_string()
        }
        None => {
            let latest = if month_at <= today.month() { today.year() } else { today.year() - 1 };
            format!("{:04}-{month_at:02}", given.unwrap_or(latest))
        }
    };
    Some((text, taken))
}

fn year(word: &Word) -> Option<i32> {
    let digits = word.text.len() == 4 && word.text.bytes().all(|b| b.is_ascii_digit());
    word.text.parse().ok().filter(|year| digits && (1900..=2100).contains(year))
}

/// The last Monday, today included.
fn weekday(words: &[Word], anchor: &Anchor, introduced: bool) -> Option<(String, usize)> {
    let before = phrase("last|this?", words).unwrap_or(0);
    let (taken, day) = longest(&DAYS, &words[before..])?;
    if !introduced && before == 0 {
        return None;
    }
    let today = anchor.today();
    let back = (today.weekday().num_days_from_monday() + 7 - day.num_days_from_monday()) % 7;
    let date = today.checked_sub_days(Days::new(u64::from(back)))?;
    Some((date.format("%Y-%m-%d").to_string(), before + taken))
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::super::words::words;
    use super::*;

    #[test]
    fn spans_are_read_as_people_say_them() {
        let anchor = Anchor::from(Utc.with_ymd_and_hms(2026, 11, 24, 15, 30, 0).unwrap());
        for (text, span_text) in [
            ("since yesterday", ">=yesterday"),
            ("today", ">=today"),
            ("last week", ":last-week"),
            ("in the last week", ">7d"),
            ("in last week", ":last-week"),
            ("in the last 7 days", ">7d"),
            ("in the last hour", ">1h"),
            ("older than two weeks", "<14d"),
            ("more than a year old", "<365d"),
            ("on November 3", ":2026-11-03"),
            ("since March 1, 2026", ">=2026-03-01"),
            ("in December", ":2025-12"),
            ("3rd of October 2025", ":2025-10-03"),
            ("before 2026-06-01", "<2026-06-01"),
            ("between 2026-11-01 and 2026-11-10", ":2026-11-01..2026-11-10"),
            ("on Friday", ":2026-11-20"),
            ("in 2025", ":2025"),
        ] {
            let words = words(text);
            assert_eq!(span(&words, &anchor), Some((span_text.to_owned(), words.len())), "{text}");
        }
        for text in ["in a while", "may", "over 60", "2025", "sun", "between 5 and 6", "between Monday and Wednesday"] {
            assert_eq!(span(&words(text), &anchor), None, "{text}");
        }
    }
}
