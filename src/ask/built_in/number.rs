//! Numbers as people write them: `1,000`, `$10M`, `5 million`, `ten`, `5 cents`, `50%`.

use super::words::Word;

/// The number that stands here and how many words it takes.
pub(super) fn number(words: &[Word]) -> Option<(f64, usize)> {
    let word = words.first().filter(|word| !word.quoted)?;
    let (value, exact) = match spelled(&word.text) {
        Some(value) => (value, false),
        None => written(&word.text)?,
    };
    let Some(next) = words.get(1).filter(|_| !exact) else { return Some((value, 1)) };
    let taken = |factor: f64| Some((value * factor, 2));
    match next.text.as_str() {
        "hundred" => taken(100.0),
        "thousand" => taken(1e3),
        "million" | "mio" => taken(1e6),
        "billion" => taken(1e9),
        "cent" | "cents" => taken(0.01),
        "percent" | "%" | "dollar" | "dollars" | "usd" | "points" => taken(1.0),
        _ => Some((value, 1)),
    }
}

/// Two numbers in one word, such as `40-60` or `1M..10M`.
pub(super) fn range(word: &Word) -> Option<(f64, f64)> {
    let (low, high) = word.text.split_once("..").or_else(|| word.text.split_once(['-', '–']))?;
    Some((written(low)?.0, written(high)?.0)).filter(|_| !word.quoted)
}

/// A number in figures, and whether it has its own factor.
pub(super) fn written(text: &str) -> Option<(f64, bool)> {
    let text = text.trim_start_matches('$').trim_end_matches('%');
    let (digits, factor) = match text.chars().last()? {
        'k' => (&text[..text.len() - 1], 1e3),
        'm' => (&text[..text.len() - 1], 1e6),
        'b' => (&text[..text.len() - 1], 1e9),
        _ => (text, 1.0),
    };
    let plain = digits.replace(',', "");
    let fits = plain.starts_with(|c: char| c.is_ascii_digit())
        && plain.len() <= 15
        && plain.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let value: f64 = plain.parse().ok().filter(|_| fits)?;
    Some((value * factor, factor > 1.0))
}

fn spelled(text: &str) -> Option<f64> {
    let small = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
        "twenty",
    ];
    let tens = ["thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let place = |list: &[&str]| list.iter().position(|word| *word == text).map(|at| at as f64);
    place(&small).or_else(|| place(&tens).map(|at| 30.0 + 10.0 * at))
}

/// The number as the filter language reads it.
pub(super) fn shown(value: f64) -> String {
    let rounded = (value * 1e6).round() / 1e6;
    rounded.to_string()
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, value, taken) in [
            ("1,000 x", 1_000.0, 1),
            ("$10m", 1e7, 1),
            ("5 million", 5e6, 2),
            ("1.5M", 1.5e6, 1),
            ("ten", 10.0, 1),
            ("5 cents", 0.05, 2),
            ("50%", 50.0, 1),
            ("two thousand", 2_000.0, 2),
        ] {
            assert_eq!(number(&words(text)), Some((value, taken)), "{text}");
        }
        for text in ["x", "+14155550123", "2026-11-01", "m", "1e9", "40-60", ""] {
            assert_eq!(number(&words(text)), None, "{text}");
        }
        assert_eq!(range(&words("40-60")[0]), Some((40.0, 60.0)));
        assert_eq!(range(&words("2026-11-01")[0]), None);
        assert_eq!((shown(0.05), shown(1e7)), ("0.05".to_owned(), "10000000".to_owned()));
    }
}
