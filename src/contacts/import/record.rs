//! Bytes to records: one row of a delimited file at a time, with its line number and its text as it stands there.
//!
//! Nothing is dropped in silence: a record that can't be read comes out as a broken one with its reason, and reading goes
//! on behind it. Memory is bounded by `RECORD_BYTES_MAX`, whatever the file.

use std::io::{self, Read};

use encoding_rs::WINDOWS_1252;

/// Longest record, in bytes.
pub(super) const RECORD_BYTES_MAX: usize = 1024 * 1024;
/// Longest cell, in bytes.
pub(super) const CELL_BYTES_MAX: usize = 64 * 1024;
/// Most cells of a record.
pub(super) const CELLS_MAX: usize = 2_000;
const CHUNK_BYTES: usize = 64 * 1024;
/// How much of a record that is longer than allowed is kept for the rejects file.
const KEPT_BYTES: usize = 1_000;

/// One row of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Number of its first line, or of the sheet's row, from 1.
    pub number: u64,
    /// The text as it stands in the file, without the line's end.
    pub original: String,
    /// Its cells, or why it can't be split into cells.
    pub cells: Result<Vec<String>, &'static str>,
}

pub(super) struct Records<R> {
    input: R,
    delimiter: u8,
    buffer: Vec<u8>,
    /// Where the next record begins in `buffer`.
    at: usize,
    ended: bool,
    /// Number of the line that comes next, from 1.
    pub line: u64,
    /// Bytes that were taken from the input.
    pub taken: u64,
}

/// Where a scan stands between two delimiters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Plain,
    Quoted,
    /// Behind a quotation mark inside of a quoted cell: its end, or one half of an escaped mark.
    Closed,
}

impl State {
    fn step(self, byte: u8, delimiter: u8) -> State {
        match (self, byte) {
            (State::Quoted, b'"') => State::Closed,
            (State::Quoted, _) | (State::Closed | State::Start, b'"') => State::Quoted,
            (_, byte) if byte == delimiter => State::Start,
            _ => State::Plain,
        }
    }
}

enum Extent {
    /// Ends at this offset.
    Ends(usize),
    /// A quotation mark is never closed.
    Unclosed,
    TooLong,
}

impl<R: Read> Records<R> {
    pub(super) fn new(input: R, delimiter: u8) -> Records<R> {
        Records { input, delimiter, buffer: Vec::new(), at: 0, ended: false, line: 1, taken: 0 }
    }

    /// The next record that is not blank; none at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            if self.at >= self.buffer.len() && !self.fill()? {
                return Ok(None);
            }
            let number = self.line;
            let line = match self.extent()? {
                Extent::Ends(end) => {
                    let original = decode(&self.buffer[self.at..end]);
                    self.pass(end)?;
                    let cells = split(&original, self.delimiter);
                    Line { number, original, cells }
                }
                Extent::Unclosed => self.first_line(number, "a quotation mark opens here and is never closed")?,
                Extent::TooLong => {
                    self.first_line(number, "the row is longer than 1 MiB (its beginning is kept here)")?
                }
            };
            if !line.original.bytes().all(|b| b == b' ') {
                return Ok(Some(line));
            }
        }
    }

    fn extent(&mut self) -> io::Result<Extent> {
        let mut state = State::Start;
        let mut offset = 0;
        loop {
            while let Some(&byte) = self.buffer.get(self.at + offset) {
                if state != State::Quoted && matches!(byte, b'\n' | b'\r') {
                    return Ok(Extent::Ends(self.at + offset));
                }
                if offset >= RECORD_BYTES_MAX {
                    return Ok(if state == State::Quoted { Extent::Unclosed } else { Extent::TooLong });
                }
                state = state.step(byte, self.delimiter);
                offset += 1;
            }
            if !self.fill()? {
                let end = self.at + offset;
                return Ok(if state == State::Quoted { Extent::Unclosed } else { Extent::Ends(end) });
            }
        }
    }

    /// Gives up the record at its first line's end, so that the rows behind it are read.
    fn first_line(&mut self, number: u64, reason: &'static str) -> io::Result<Line> {
        let mut kept = Vec::new();
        loop {
            let rest = &self.buffer[self.at..];
            let end = rest.iter().position(|b| matches!(b, b'\n' | b'\r'));
            let piece = &rest[..end.unwrap_or(rest.len())];
            kept.extend_from_slice(&piece[..piece.len().min(RECORD_BYTES_MAX.saturating_sub(kept.len()))]);
            if let Some(end) = end {
                self.pass(self.at + end)?;
                break;
            }
            self.at = self.buffer.len();
            if !self.fill()? {
                break;
            }
        }
        if kept.len() >= RECORD_BYTES_MAX {
            kept.truncate(KEPT_BYTES);
        }
        Ok(Line { number, original: decode(&kept), cells: Err(reason) })
    }

    /// Goes behind the record that ends at `end`, counting its lines, and behind its line's end.
    fn pass(&mut self, end: usize) -> io::Result<()> {
        let lines = lines_in(&self.buffer[self.at..end]);
        self.line += lines;
        self.at = end;
        if self.buffer.get(end) == Some(&b'\r') {
            self.at += 1;
            // The other half of the line's end may not have been read yet.
            if self.at >= self.buffer.len() && !self.ended {
                self.fill()?;
            }
            if self.buffer.get(self.at) == Some(&b'\n') {
                self.at += 1;
            }
            self.line += 1;
        } else if self.buffer.get(end) == Some(&b'\n') {
            self.at += 1;
            self.line += 1;
        }
        Ok(())
    }

    /// Takes a chunk more; false at the input's end.
    fn fill(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        self.buffer.drain(..self.at);
        self.at = 0;
        let before = self.buffer.len();
        self.buffer.resize(before + CHUNK_BYTES, 0);
        let read = loop {
            match self.input.read(&mut self.buffer[before..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.buffer.truncate(before + *read.as_ref().unwrap_or(&0));
        let read = read?;
        self.taken += read as u64;
        self.ended = read == 0;
        Ok(read > 0)
    }
}

fn lines_in(bytes: &[u8]) -> u64 {
    let ends = |(i, byte): (usize, &u8)| *byte == b'\n' || (*byte == b'\r' && bytes.get(i + 1) != Some(&b'\n'));
    bytes.iter().enumerate().filter(|at| ends(*at)).count() as u64
}

/// UTF-8 where it is that, else Windows-1252, which gives every byte a character: decided for each record by itself.
fn decode(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

/// The cells of one record.
pub(super) fn split(record: &str, delimiter: u8) -> Result<Vec<String>, &'static str> {
    if record.contains('\0') {
        return Err("the row has a NUL byte, which no text may hold");
    }
    let mut cells = vec![String::new()];
    let mut state = State::Start;
    for c in record.chars() {
        // Bytes of longer characters can't be the delimiter or a mark.
        let next = state.step(u8::try_from(c).unwrap_or(0xff), delimiter);
        let count = cells.len();
        match (state, next) {
            (State::Quoted | State::Plain | State::Closed, State::Start) | (State::Start, State::Start) => {
                cells.push(String::new())
            }
            (State::Start, State::Quoted) | (State::Quoted, State::Closed) => {}
            (_, _) => cells[count - 1].push(c),
        }
        if cells.len() > CELLS_MAX {
            return Err("the row has more than 2,000 cells");
        }
        state = next;
    }
    if cells.iter().any(|cell| cell.len() > CELL_BYTES_MAX) {
        return Err("a cell of this row is longer than 64 KiB");
    }
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8], delimiter: u8) -> Vec<Line> {
        let mut records = Records::new(bytes, delimiter);
        std::iter::from_fn(|| records.next().unwrap()).collect()
    }

    fn cells(bytes: &[u8]) -> Vec<Vec<String>> {
        read(bytes, b',').into_iter().map(|line| line.cells.unwrap()).collect()
    }

    #[test]
    fn quotes_newlines_and_every_line_end_are_understood() {
        assert_eq!(
            cells(b"a,b\r\nc,\"d \"\"e\"\"\nf\",\ng\rh"),
            [vec!["a", "b"], vec!["c", "d \"e\"\nf", ""], vec!["g"], vec!["h"]]
        );
        assert_eq!(cells(b"5\" pipe,\"Bob\" Smith\n"), [vec!["5\" pipe", "Bob Smith"]]);
        let numbers: Vec<_> = read(b"a\n\n\"b\nc\"\r\n  \nd", b',').into_iter().map(|line| line.number).collect();
        assert_eq!(numbers, [1, 3, 6], "blank lines are passed over but counted");
    }

    #[test]
    fn an_unclosed_quote_costs_one_line_and_not_the_rest_of_the_file() {
        let lines = read(b"a,1\n\"b,2\nc,3\nd,4\n", b',');
        assert_eq!(lines[1].original, "\"b,2");
        assert!(lines[1].cells.is_err());
        assert_eq!(lines[2..].iter().map(|l| l.cells.clone().unwrap()).collect::<Vec<_>>(), [["c", "3"], ["d", "4"]]);
    }

    #[test]
    fn huge_cells_and_records_are_broken_rows_and_memory_stays_bounded() {
        let huge = "x".repeat(3 * RECORD_BYTES_MAX);
        let file = format!("a,1\n{huge}\nb,\"{huge}\"\nc,{}\nd,2\n", "y".repeat(CELL_BYTES_MAX + 1));
        let lines = read(file.as_bytes(), b',');
        assert_eq!(lines.iter().map(|line| line.cells.is_ok()).collect::<Vec<_>>(), [true, false, false, false, true]);
        assert_eq!(lines[1].original.len(), KEPT_BYTES);
    }

    #[test]
    fn old_encodings_and_nul_bytes_are_told_apart_row_by_row() {
        let lines = read(b"caf\xe9,1\n\xc3\xa9,2\nx\0,3\n", b',');
        assert_eq!(lines[0].cells.as_ref().unwrap()[0], "café");
        assert_eq!(lines[1].cells.as_ref().unwrap()[0], "é");
        assert!(lines[2].cells.as_ref().unwrap_err().contains("NUL"));
    }

    proptest! {
        #[test]
        fn what_a_csv_writer_writes_is_read_as_it_was(rows in prop::collection::vec(prop::collection::vec("[a,\"\n\r é;]{0,5}", 2..4), 1..8)) {
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let expected: Vec<_> = rows;
            prop_assert_eq!(cells(&writer.into_inner().unwrap()), expected);
        }

        #[test]
        fn every_byte_of_any_file_ends_in_some_line(bytes in prop::collection::vec(prop_oneof![Just(b'"'), Just(b','), Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200)) {
            let kept: usize = read(&bytes, b',').iter().map(|line| line.original.chars().filter(|c| !matches!(c, '\n' | '\r' | ' ')).count()).sum();
            let there = decode_all(&bytes);
            prop_assert_eq!(kept > 0, there > 0);
        }
    }

    fn decode_all(bytes: &[u8]) -> usize {
        bytes.iter().filter(|b| !matches!(b, b'\n' | b'\r' | b' ')).count()
    }
}
