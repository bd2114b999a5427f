//! What commands print: a plain table for people, one line of JSON for programs. Foreign text is made inert first.

use std::io::Write;

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::Failure;
use crate::telemetry::inert::{inert, inert_json};

/// Prints one JSON value on one line.
pub fn json<T: Serialize>(value: &T) -> Result<(), Failure> {
    let text = serde_json::to_string(value)?;
    line(&inert_json(&text))
}

/// Prints one line; a reader that went away (`| head`) is no failure.
pub fn line(text: &str) -> Result<(), Failure> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Prints rows under their headers, columns aligned; numbers to the right.
pub fn table(headers: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| inert(cell).into_owned()).collect()).collect();
    let width = |i: usize| {
        let cells = rows.iter().filter_map(|row| row.get(i)).map(|cell| cell.width());
        cells.chain([headers[i].width()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headers.len()).map(width).collect();
    let head: Vec<String> = headers.iter().map(|h| (*h).to_owned()).collect();
    for row in std::iter::once(&head).chain(&rows) {
        let cells = row.iter().zip(&widths).map(|(cell, width)| pad(cell, *width));
        line(cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

fn pad(cell: &str, width: usize) -> String {
    let gap = " ".repeat(width.saturating_sub(cell.width()));
    let number = cell.chars().next().is_some_and(|c| c.is_ascii_digit())
        && cell.chars().all(|c| c.is_ascii_digit() || c == ',' || c == '.');
    if number { format!("{gap}{cell}") } else { format!("{cell}{gap}") }
}

/// Rows on their way to a terminal: each line is made inert but for its tabs, as a file's rows would not be.
pub struct InertLines<W: Write> {
    to: W,
    line: Vec<u8>,
}

impl<W: Write> InertLines<W> {
    /// Over this writer.
    pub fn new(to: W) -> InertLines<W> {
        InertLines { to, line: Vec::new() }
    }

    fn put(&mut self) -> std::io::Result<()> {
        let line = String::from_utf8_lossy(&self.line).into_owned();
        self.line.clear();
        let cells: Vec<_> = line.split('\t').map(inert).collect();
        self.to.write_all(cells.join("\t").as_bytes())
    }
}

impl<W: Write> Write for InertLines<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = piece.strip_suffix(b"\n").map_or((piece, false), |text| (text, true));
            self.line.extend_from_slice(text);
            if ends {
                self.put()?;
                self.to.write_all(b"\n")?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.put()?;
        self.to.flush()
    }
}

/// `-` for nothing; never 0.
pub fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |v| v.to_string())
}

/// `1,234,567`.
pub fn thousands(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    if n < 0 { format!("-{out}") } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_grouped() {
        let shown: Vec<String> = [0, 999, 1000, -1_234_567].into_iter().map(thousands).collect();
        assert_eq!(shown, ["0", "999", "1,000", "-1,234,567"]);
    }

    #[test]
    fn rows_that_reach_a_terminal_bring_no_escape_with_them() {
        let mut out = InertLines::new(Vec::new());
        for piece in ["a\tb\u{1b}[3", "1m\n\"x\u{9b}\u{202e}\ny\"", "\n"] {
            out.write_all(piece.as_bytes()).unwrap();
        }
        out.flush().unwrap();
        assert_eq!(String::from_utf8(out.to).unwrap(), "a\tb\\x1b[31m\n\"x\\x9b<U+202E>\ny\"\n");
    }

    #[test]
    fn numbers_stand_to_the_right_and_words_to_the_left() {
        assert_eq!(pad("12", 5), "   12");
        assert_eq!(pad("ok", 5), "ok   ");
    }
}
