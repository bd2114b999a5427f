//! How a delimited file is written, found from its beginning: which character parts its cells, and where its header ends.

use super::record::Records;
use crate::contacts::phone::{Region, normalise};

const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];
/// Rows that are looked at.
const ROWS: usize = 100;

/// The delimiter, and how many bytes of a line `sep=;` stand before the first row.
pub(super) fn delimiter(sample: &[u8]) -> (u8, usize) {
    if let Some(named) = named_delimiter(sample) {
        return named;
    }
    let best = DELIMITERS.into_iter().filter_map(|delimiter| Some((score(sample, delimiter)?, delimiter)));
    // On a tie the first of the list wins.
    let best = best.rev().max_by(|(a, _), (b, _)| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    (best.map_or(b',', |(_, delimiter)| delimiter), 0)
}

/// Some spreadsheets write a first line that names it.
fn named_delimiter(sample: &[u8]) -> Option<(u8, usize)> {
    let rest = sample.strip_prefix(b"sep=")?;
    let (delimiter, end) = rest.split_first()?;
    let end_bytes = if end.starts_with(b"\r\n") { 2 } else { usize::from(end.starts_with(b"\n")) };
    (DELIMITERS.contains(delimiter) && end_bytes > 0).then_some((*delimiter, 5 + end_bytes))
}

/// The share of rows that have the usual number of cells, then that number; none if it parts nothing.
fn score(sample: &[u8], delimiter: u8) -> Option<(f64, usize)> {
    let mut records = Records::new(sample, delimiter);
    let mut widths = Vec::new();
    while let Ok(Some(line)) = records.next()
        && widths.len() < ROWS
    {
        widths.extend(line.cells.ok().map(|cells| cells.len()));
    }
    if widths.len() > 1 {
        // The sample may end in the middle of it.
        widths.pop();
    }
    let count = |width: usize| widths.iter().filter(|other| **other == width).count();
    let usual = widths.iter().copied().max_by_key(|width| (count(*width), *width))?;
    // A first row of one cell is a column's name; what parts the rows below it belongs to their values.
    (usual > 1 && widths.first() > Some(&1)).then(|| (count(usual) as f64 / widths.len() as f64, usual))
}

/// Whether the first row names columns: it has words and nothing that looks like a number.
pub(super) fn is_header(first: &[String], region: Region) -> bool {
    let words = first.iter().any(|cell| cell.chars().any(char::is_alphabetic));
    words && !first.iter().any(|cell| looks_like_number(cell, region))
}

fn looks_like_number(cell: &str, region: Region) -> bool {
    let digits = cell.chars().filter(char::is_ascii_digit).count();
    normalise(cell, region).is_ok() || (digits >= 5 && !cell.chars().any(char::is_alphabetic))
}

/// The column whose cells are numbers: more than half of those that are filled, and more than in any other column.
pub(super) fn number_column<'a>(rows: impl Iterator<Item = &'a Vec<String>> + Clone, region: Region) -> Option<usize> {
    let width = rows.clone().map(Vec::len).max()?;
    if width == 1 {
        return Some(0);
    }
    let share = |column: usize| {
        let cells = rows.clone().filter_map(|row| row.get(column)).filter(|cell| !cell.trim().is_empty());
        let (good, all) =
            cells.fold((0, 0), |(good, all), cell| (good + usize::from(normalise(cell, region).is_ok()), all + 1));
        (good * 2 > all).then(|| (good, good * 1_000 / all))
    };
    (0..width)
        .rev()
        .filter_map(|column| Some((share(column)?, column)))
        .max_by_key(|(share, _)| *share)
        .map(|(_, column)| column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn each_delimiter_is_found_also_beside_the_others() {
        assert_eq!(delimiter(b"phone,name\n+14155550123,\"a;b;c\"\n+14155550124,x\n").0, b',');
        assert_eq!(delimiter(b"phone\tname\n+14155550123\ta, b\n").0, b'\t');
        assert_eq!(delimiter(b"phone;name\n+14155550123;Doe, Jane\n+14155550124;x\n").0, b';');
        assert_eq!(delimiter(b"phone|name\n1|2\n").0, b'|');
        assert_eq!(delimiter(b"sep=;\r\na,b;c,d\n"), (b';', 7));
        assert_eq!(delimiter(b"+14155550123\n(415) 555-0124\n").0, b',');
        assert_eq!(delimiter("phone\ntel:555-0123;phone-context=+1-415\n".repeat(3).as_bytes()).0, b',');
        assert_eq!(delimiter(b"").0, b',');
    }

    #[test]
    fn a_header_has_words_and_no_number() {
        assert!(is_header(&row(&["Phone 1", "Name"]), Region::US));
        assert!(!is_header(&row(&["415-555-0123", "Jane"]), Region::US));
        assert!(!is_header(&row(&["12345678901234567", "Jane"]), Region::US));
        assert!(!is_header(&row(&["12", "34"]), Region::US));
    }

    #[test]
    fn the_column_of_numbers_is_found_by_its_content() {
        let rows = [row(&["7", "Jane", "415-555-0123"]), row(&["8", "", "n/a"]), row(&["9", "Max", "+44 7700 900123"])];
        assert_eq!(number_column(rows.iter(), Region::US), Some(2));
        assert_eq!(number_column([row(&["a", "b"])].iter(), Region::US), None);
    }
}
