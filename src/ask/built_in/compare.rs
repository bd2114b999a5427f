//! Numbers of a field in words: `quality below 60`, `50+ employees`, `between 10 and 50 employees`.

use super::Reading;
use super::number::{number, range, shown};
use super::words::{Word, longest, phrase};

/// A field whose value stands behind it.
const BEFORE: &[(&str, &str)] = &[
    ("data? quality score|rating?", "quality"),
    ("score|scores|rating", "quality"),
    ("sms? pumping? risk score|level?", "risk_score"),
    ("risk scores", "risk_score"),
    ("fraud risk|score score?", "risk_score"),
    ("completeness score?", "completeness"),
    ("employees|headcount|employee|staff count|size?", "employees"),
    ("number of employees", "employees"),
    ("company size", "employees"),
    ("annual|yearly? revenue|revenues|turnover", "revenue"),
    ("founded|established|founding year?", "founded"),
    ("api? cost|costs|costing|price", "cost"),
    ("email score|scores", "email_score"),
    ("business confidence", "business_confidence"),
    ("address confidence", "address_confidence"),
    ("response time", "api_response_time_ms"),
];
/// A field whose value stands before it.
const BEHIND: &[(&str, &str)] = &[
    ("employees|employee|people|staff|workers|persons", "employees"),
    ("in? annual|yearly? revenue|revenues|turnover", "revenue"),
    ("quality score?", "quality"),
    ("risk score", "risk_score"),
    ("completeness", "completeness"),
];
const SIGNS: &[(&str, &str)] = &[
    ("below|under|beneath", "<"),
    ("less|lower|smaller|fewer|worse than", "<"),
    ("<", "<"),
    ("at most", "<="),
    ("up to", "<="),
    ("no|not more|higher than", "<="),
    ("not above|over|exceeding", "<="),
    ("max|maximum of?", "<="),
    ("<=", "<="),
    ("above|over|exceeding|exceeds|beyond", ">"),
    ("more|greater|higher|larger|bigger|better than", ">"),
    (">", ">"),
    ("at least", ">="),
    ("no|not less|lower|fewer than", ">="),
    ("not below|under", ">="),
    ("min|minimum of?", ">="),
    (">=", ">="),
];
const BEHIND_NUMBER: &[(&str, &str)] = &[
    ("or more|higher|above|better|over|greater", ">="),
    ("and above|up|more|higher|over", ">="),
    ("plus", ">="),
    ("or less|lower|below|fewer|under", "<="),
    ("and below|under|less|lower", "<="),
];
const FILLERS: &[(&str, ())] = &[("that? is|are|was|were|of|with|being", ()), ("=", ())];
/// For a year of founding time words are signs.
const YEARS: &[(&str, &str)] =
    &[("before", "<"), ("after", ">"), ("since", ">="), ("in", ":"), ("until", "<="), ("between|from", "..")];

/// A comparison that stands here.
pub(super) fn compare(words: &[Word]) -> Option<Reading> {
    field_first(words).into_iter().chain(number_first(words)).max_by_key(|reading| reading.taken)
}

fn field_first(words: &[Word]) -> Option<Reading> {
    let with = phrase("with|having|has|have|had a|an|the|their|its?", words).unwrap_or(0);
    let (named, field) = longest(BEFORE, &words[with..])?;
    let named = with + named;
    let mut at = named;
    while let Some((taken, ())) = longest(FILLERS, &words[at..]) {
        at += taken;
    }
    if *field == "founded"
        && let Some((taken, sign)) = longest(YEARS, &words[at..])
        && *sign != ".."
    {
        let (value, number_taken) = number(&words[at + taken..])?;
        return Some(Reading::new(format!("founded{sign}{}", shown(value)), at + taken + number_taken));
    }
    let (value, taken) = amount(&words[at..])?;
    // `founded 1999` is a year, `quality 60` could be anything.
    let sure =
        !value.starts_with(':') || value.contains("..") || at > named || ["founded", "employees"].contains(field);
    let unit = phrase("employees|people|percent|points|ms|milliseconds", &words[at + taken..]).unwrap_or(0);
    sure.then(|| Reading::new(format!("{field}{value}"), at + taken + unit))
}

fn number_first(words: &[Word]) -> Option<Reading> {
    let with = phrase("with|having|has|have|employing exactly?", words).unwrap_or(0);
    let (value, taken) = amount(&words[with..])?;
    let taken = with + taken;
    let (behind, field) = longest(BEHIND, &words[taken..])?;
    // `20 people` may be a number of rows; `with 20 people` and `20+ people` are not.
    let sure = with > 0 || !value.starts_with(':') || value.contains("..");
    sure.then(|| Reading::new(format!("{field}{value}"), taken + behind))
}

/// Sign and number, such as `>=50` or `:40..60`.
fn amount(words: &[Word]) -> Option<(String, usize)> {
    if let Some(between) = phrase("between|from", words) {
        let (low, first) = number(&words[between..])?;
        let joined = phrase("and|to|-", &words[between + first..])?;
        let at = between + first + joined;
        let (high, last) = number(&words[at..])?;
        return Some((format!(":{}..{}", shown(low), shown(high)), at + last));
    }
    if let Some((low, high)) = words.first().and_then(range) {
        return Some((format!(":{}..{}", shown(low), shown(high)), 1));
    }
    if let Some((before, sign)) = longest(SIGNS, words) {
        let (value, taken) = number(&words[before..])?;
        return Some((format!("{sign}{}", shown(value)), before + taken));
    }
    if let Some(value) = open_ended(words.first()?) {
        return Some((format!(">={}", shown(value)), 1));
    }
    let (value, taken) = number(words)?;
    if let Some(joined) = phrase("to|-|–", &words[taken..])
        && let Some((high, last)) = number(&words[taken + joined..])
    {
        return Some((format!(":{}..{}", shown(value), shown(high)), taken + joined + last));
    }
    let (behind, sign) = longest(BEHIND_NUMBER, &words[taken..]).map_or((0, ":"), |(behind, sign)| (behind, *sign));
    Some((format!("{sign}{}", shown(value)), taken + behind))
}

/// `50+`
fn open_ended(word: &Word) -> Option<f64> {
    super::number::written(word.text.strip_suffix('+')?).map(|(value, _)| value).filter(|_| !word.quoted)
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    #[test]
    fn comparisons_are_read_in_both_orders() {
        for (text, filter) in [
            ("quality below 60", "quality<60"),
            ("quality score of at least 80", "quality>=80"),
            ("score of 80 or more", "quality>=80"),
            ("risk score is above 75", "risk_score>75"),
            ("quality 40-60", "quality:40..60"),
            ("between 10 and 50 employees", "employees:10..50"),
            ("50+ employees", "employees>=50"),
            ("over $10M in revenue", "revenue>10000000"),
            ("founded before 2000", "founded<2000"),
            ("founded in 1999", "founded:1999"),
            ("cost less than 5 cents", "cost<0.05"),
        ] {
            let words = words(text);
            let read = compare(&words).map(|reading| (reading.text, reading.taken));
            assert_eq!(read, Some((filter.to_owned(), words.len())), "{text}");
        }
        for text in ["quality", "20 people", "over 40", "score than 5", "more than 5 attempts"] {
            assert!(compare(&words(text)).is_none(), "{text}");
        }
    }
}
