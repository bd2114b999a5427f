//! The bands in which employees and revenue are filed.

use serde_json::Value;

use super::lenient;

/// Upper ends, inclusive.
const EMPLOYEES: [(i64, &str); 7] = [
    (10, "1-10"),
    (50, "11-50"),
    (200, "51-200"),
    (500, "201-500"),
    (1_000, "501-1000"),
    (5_000, "1001-5000"),
    (10_000, "5001-10000"),
];
const EMPLOYEES_MOST: &str = "10000+";
const MILLION: i64 = 1_000_000;
/// USD, upper ends inclusive.
const REVENUE: [(i64, &str); 6] = [
    (MILLION, "$0-$1M"),
    (10 * MILLION, "$1M-$10M"),
    (50 * MILLION, "$10M-$50M"),
    (100 * MILLION, "$50M-$100M"),
    (500 * MILLION, "$100M-$500M"),
    (1_000 * MILLION, "$500M-$1B"),
];
const REVENUE_MOST: &str = "$1B+";

fn band(bands: &[(i64, &'static str)], most: &'static str, number: i64) -> &'static str {
    bands.iter().find(|(end, _)| number <= *end).map_or(most, |(_, name)| name)
}

/// The band of so many employees.
pub fn employees(count: i64) -> &'static str {
    band(&EMPLOYEES, EMPLOYEES_MOST, count)
}

/// The band of so many US dollars a year.
pub fn revenue(usd: i64) -> &'static str {
    band(&REVENUE, REVENUE_MOST, usd)
}

/// Our band for a provider's own (`251-1K`, `11-50`, `100K+`): the one in which its middle lies.
pub fn employees_of(value: &Value) -> Option<String> {
    middle(&lenient::text(value)?).map(|count| employees(count).to_owned())
}

/// Our band for a provider's own (`$50M-$100M`, `$10B+`).
pub fn revenue_of(value: &Value) -> Option<String> {
    middle(&lenient::text(value)?).map(|usd| revenue(usd).to_owned())
}

/// The middle of a band; of an open one its beginning and a little more.
fn middle(text: &str) -> Option<i64> {
    let text = text.replace(['$', ',', ' '], "").to_uppercase();
    if let Some(from) = text.strip_suffix('+') {
        return Some(amount(from)?.saturating_add(1));
    }
    match text.split_once('-') {
        Some((from, to)) => Some(amount(from)?.saturating_add(amount(to)?) / 2),
        None => amount(&text),
    }
}

/// `250`, `1K`, `1.5M`, `2B`.
fn amount(text: &str) -> Option<i64> {
    let (number, unit) = match text.chars().next_back()? {
        'K' => (&text[..text.len() - 1], 1e3),
        'M' => (&text[..text.len() - 1], 1e6),
        'B' => (&text[..text.len() - 1], 1e9),
        _ => (text, 1.0),
    };
    let number: f64 = number.parse().ok()?;
    (number.is_finite() && (0.0..1e9).contains(&number)).then_some((number * unit) as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bands_include_their_upper_end() {
        assert_eq!(
            [0, 10, 11, 320, 1_000, 10_000, 10_001].map(employees),
            ["1-10", "1-10", "11-50", "201-500", "501-1000", "5001-10000", "10000+"]
        );
        assert_eq!(
            [0, MILLION, MILLION + 1, 1_000 * MILLION, 2_000 * MILLION].map(revenue),
            ["$0-$1M", "$0-$1M", "$1M-$10M", "$500M-$1B", "$1B+"]
        );
    }

    #[test]
    fn a_providers_own_band_falls_into_one_of_ours() {
        let of = |text: &str| (employees_of(&json!(text)), revenue_of(&json!(text)));
        assert_eq!(of("251-1K").0.as_deref(), Some("501-1000"));
        assert_eq!(of("100K+").0.as_deref(), Some("10000+"));
        assert_eq!(of("$50M-$100M").1.as_deref(), Some("$50M-$100M"));
        assert_eq!(of("$10B+").1.as_deref(), Some("$1B+"));
        assert_eq!(of("many"), (None, None));
    }

    proptest::proptest! {
        #[test]
        fn no_text_can_panic(text in "\\PC{0,30}|[0-9KMB$+,. -]{0,20}") {
            let _ = (employees_of(&json!(text)), revenue_of(&json!(text)));
        }
    }
}
