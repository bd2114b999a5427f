//! Values from text: durations, numbers, addresses. `None` is "not acceptable"; the registry says what would be.

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

/// The longest duration that any setting takes.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 86_400);

/// `500ms`, `6s`, `1.5s`, `2m`, `1h`, `30d`; never zero.
pub fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(split);
    let unit_ms: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let (whole, fraction) = number.trim_end().split_once('.').unwrap_or((number.trim_end(), "0"));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit()) && (1..=12).contains(&text.len());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let parts = whole.parse::<u128>().ok()? * scale + fraction.parse::<u128>().ok()?;
    let duration = Duration::from_nanos(u64::try_from(parts * u128::from(unit_ms) * 1_000_000 / scale).ok()?);
    (duration >= Duration::from_millis(1) && duration <= LONGEST).then_some(duration)
}

/// A whole number within `range`; `_` may group digits.
pub(super) fn whole<T: FromStr + PartialOrd>(text: &str, range: RangeInclusive<T>) -> Option<T> {
    text.trim().replace('_', "").parse().ok().filter(|number| range.contains(number))
}

/// A positive number; `Some(None)` for the words that mean "no limit".
pub(super) fn limit(text: &str) -> Option<Option<f64>> {
    if matches!(text.trim(), "none" | "off") {
        return Some(None);
    }
    let number: f64 = text.trim().parse().ok()?;
    (number.is_finite() && number > 0.0).then_some(Some(number))
}

/// Yes or no, in the words that people use.
pub(super) fn yes(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// An HTTP address without user, query or closing slash.
pub(super) fn http_url(text: &str) -> Option<String> {
    let url = reqwest::Url::parse(text.trim()).ok()?;
    let plain =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    let fits = plain && matches!(url.scheme(), "http" | "https") && url.host_str().is_some();
    fits.then(|| url.as_str().trim_end_matches('/').to_owned())
}

/// An address of PostgreSQL; what is in it the driver judges.
pub(super) fn database_url(text: &str) -> Option<String> {
    let scheme = text.trim().split_once("://")?.0;
    matches!(scheme, "postgres" | "postgresql").then(|| text.trim().to_owned())
}

/// A comma list of words from `known`; `none` is the empty list.
pub(super) fn words(text: &str, known: &[&str]) -> Option<Vec<String>> {
    if text.trim() == "none" || text.trim().is_empty() {
        return Some(Vec::new());
    }
    let words = text.split(',').map(|word| word.trim().to_lowercase());
    words.map(|word| known.contains(&word.as_str()).then_some(word)).collect()
}

/// Providers of models, each with the name of a model behind a colon if one is wanted; the name may hold colons itself.
pub(super) fn models(text: &str) -> Option<Vec<(String, Option<String>)>> {
    let one = |text: &str| {
        let (id, model) =
            text.trim().split_once(':').map_or((text.trim(), None), |(id, model)| (id, Some(model.trim())));
        let known = crate::catalogue::models().any(|known| known == id);
        let fits = model.is_none_or(|m| (1..=100).contains(&m.len()) && m.bytes().all(|b| b.is_ascii_graphic()));
        (known && fits).then(|| (id.to_owned(), model.map(str::to_owned)))
    };
    if text.trim() == "none" {
        return Some(Vec::new());
    }
    text.split(',').map(one).collect()
}

/// One word of `known`.
pub(super) fn word(text: &str, known: &[&str]) -> Option<String> {
    known.iter().find(|word| word.eq_ignore_ascii_case(text.trim())).map(|&word| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit_and_are_never_zero() {
        let good = [
            ("6s", 6_000),
            ("500ms", 500),
            ("2m", 120_000),
            ("1h", 3_600_000),
            ("30d", 2_592_000_000),
            ("1.5s", 1_500),
        ];
        for (text, millis) in good {
            assert_eq!(duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["6", "", "s", "-1s", "0s", "1w", "1e9d", "6 minutes", "inf s", "NaNs", "1.2.3s", "99999999999d"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_are_checked_before_anything_is_sent_there() {
        assert_eq!(http_url("http://127.0.0.1:8080/"), Some("http://127.0.0.1:8080".into()));
        for text in ["ftp://x", "127.0.0.1:80", "https://user:pw@x", "https://x/?a=b", "http://"] {
            assert_eq!(http_url(text), None, "{text}");
        }
        assert_eq!(database_url("mysql://x"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_can_panic_a_parser(text in "\\PC{0,40}") {
            let _ = (duration(&text), limit(&text), yes(&text), http_url(&text), whole(&text, 0..=9_u8));
        }

        #[test]
        fn whole_milliseconds_come_back_as_they_went(millis in 1_u64..10_000_000_000) {
            proptest::prop_assert_eq!(duration(&format!("{millis}ms")), Some(Duration::from_millis(millis)));
        }
    }
}
