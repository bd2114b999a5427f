//! The thread that reads a file: bytes to rows, rows to contacts, contacts to batches; what is no contact goes to the rejects.
//!
//! It runs beside the database's writer and waits for it: at most two batches are ever between them.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use tokio::sync::mpsc::Sender;

use super::mapping::{Mapping, decide};
use super::record::{Line, Records};
use super::row::{self, NewContact};
use super::text::{Content, SAMPLE_BYTES, Stream, judge, sample};
use super::{ImportError, Source, dialect, sheet};
use crate::contacts::phone::Region;

/// Rows of a batch, which is one transaction.
pub(super) const BATCH_ROWS: usize = 5_000;
/// Bytes of a batch after which it is sent, however few its rows.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Rows (and bytes) that are looked at before the columns are decided.
const SAMPLE_ROWS: usize = 100;

/// New contacts on their way to the database, and what was seen up to their end.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub contacts: Vec<NewContact>,
    /// Rows that were read since the last batch.
    pub read: u64,
    /// How many of them were rejected.
    pub rejected: u64,
    /// Bytes of the file up to here.
    pub bytes: u64,
}

pub(super) struct Plan {
    pub source: Source,
    pub region: Region,
    pub map: Vec<(String, String)>,
    pub rejects: Option<Box<dyn Write + Send>>,
}

/// Reads all of it. Ends early, without an error, when nobody takes the batches any more.
pub(super) fn run(plan: Plan, batches: Sender<Batch>) -> Result<(), ImportError> {
    let rejects =
        plan.rejects.map(|out| csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(out));
    let mut intake = Intake {
        region: plan.region,
        map: plan.map,
        rejects,
        batches,
        waiting: Some(Vec::new()),
        waiting_bytes: 0,
        mapping: None,
        batch: Batch::default(),
        batch_bytes: 0,
        failed: None,
    };
    match plan.source {
        Source::File(path) => file(&path, &mut intake)?,
        Source::Stdin => stream(std::io::stdin().lock(), None, &mut intake)?,
        Source::Reader(reader) => stream(reader, None, &mut intake)?,
    }
    intake.finish()
}

fn file(path: &Path, intake: &mut Intake) -> Result<(), ImportError> {
    let opened = |source| ImportError::Open { path: path.to_owned(), source };
    let file = File::open(path).map_err(opened)?;
    if file.metadata().map_err(opened)?.is_dir() {
        return Err(ImportError::Folder(path.to_owned()));
    }
    stream(BufReader::new(file), Some(path.to_owned()), intake)
}

fn stream(mut input: impl Read, path: Option<PathBuf>, intake: &mut Intake) -> Result<(), ImportError> {
    let first = sample(&mut input).map_err(|source| ImportError::Read { line: 0, source })?;
    match (judge(&first), path) {
        (Content::Empty, _) if first.len() < SAMPLE_BYTES => Err(ImportError::Empty),
        (Content::Binary(what), _) => Err(ImportError::Binary(what)),
        (Content::Zip, Some(path)) => sheet::read(&path, |line| intake.take(line, 0)).map_err(ImportError::Sheet),
        (Content::Zip, None) => {
            Err(ImportError::Sheet("a workbook can't be read from a pipe: give its file's name".to_owned()))
        }
        (content, _) => delimited(Stream::new(content, first, input), intake),
    }
}

fn delimited(mut text: impl Read, intake: &mut Intake) -> Result<(), ImportError> {
    let failed = |line| move |source| ImportError::Read { line, source };
    let mut first = sample(&mut text).map_err(failed(0))?;
    let (delimiter, skip) = dialect::delimiter(&first);
    first.drain(..skip);
    let mut records = Records::new(std::io::Cursor::new(first).chain(text), delimiter);
    records.line += u64::from(skip > 0);
    let mut line = 0;
    loop {
        match records.next() {
            Ok(Some(record)) => {
                line = record.number;
                if intake.take(record, records.taken).is_break() {
                    return Ok(());
                }
            }
            Ok(None) => return Ok(()),
            Err(source) => {
                // What was read is good: the next run finds it there and goes on.
                if intake.waiting.is_some() {
                    intake.decide()?;
                }
                intake.send();
                return Err(ImportError::Read { line, source });
            }
        }
    }
}

struct Intake {
    region: Region,
    map: Vec<(String, String)>,
    rejects: Option<csv::Writer<Box<dyn Write + Send>>>,
    batches: Sender<Batch>,
    /// First rows, until the columns are decided.
    waiting: Option<Vec<Line>>,
    waiting_bytes: usize,
    mapping: Option<Mapping>,
    batch: Batch,
    batch_bytes: usize,
    failed: Option<ImportError>,
}

impl Intake {
    /// Takes a row; breaks off when there is no use in another.
    fn take(&mut self, line: Line, bytes: u64) -> ControlFlow<()> {
        self.batch.bytes = bytes;
        let done = match &mut self.waiting {
            Some(waiting) => {
                self.waiting_bytes += line.original.len();
                waiting.push(line);
                let enough = waiting.len() >= SAMPLE_ROWS || self.waiting_bytes >= BATCH_BYTES;
                if enough { self.decide() } else { Ok(true) }
            }
            None => self.row(line),
        };
        match done {
            Ok(true) => ControlFlow::Continue(()),
            Ok(false) => ControlFlow::Break(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn decide(&mut self) -> Result<bool, ImportError> {
        let waiting = self.waiting.take().unwrap_or_default();
        let rows: Vec<_> = waiting.iter().filter_map(|line| line.cells.clone().ok()).collect();
        if let (true, Some(Err(reason))) = (rows.is_empty(), waiting.first().map(|line| &line.cells)) {
            return Err(ImportError::Columns(format!("no row of the file can be used: {reason}")));
        }
        let mapping = decide(&rows, &self.map, self.region).map_err(ImportError::Columns)?;
        // A broken row is never the header.
        let header = mapping.header.then(|| waiting.iter().position(|line| line.cells.is_ok())).flatten();
        self.mapping = Some(mapping);
        if let Some(out) = &mut self.rejects {
            out.write_record(["line", "reason", "original"]).map_err(rejects_failed)?;
        }
        for (i, line) in waiting.into_iter().enumerate() {
            if Some(i) != header && !self.row(line)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// False when nobody takes the batches any more.
    fn row(&mut self, line: Line) -> Result<bool, ImportError> {
        let Some(mapping) = &self.mapping else { return Ok(true) };
        self.batch.read += 1;
        let size = line.original.len();
        let read = line.cells.map_err(str::to_owned).and_then(|cells| row::read(cells, mapping, self.region));
        match read {
            Ok(contact) => {
                self.batch.contacts.push(contact);
                self.batch_bytes += size;
            }
            Err(reason) => {
                self.batch.rejected += 1;
                if let Some(out) = &mut self.rejects {
                    out.write_record([line.number.to_string(), reason, line.original]).map_err(rejects_failed)?;
                }
            }
        }
        let full = self.batch.contacts.len() >= BATCH_ROWS || self.batch_bytes >= BATCH_BYTES;
        Ok(if full || self.batch.rejected >= BATCH_ROWS as u64 { self.send() } else { true })
    }

    fn send(&mut self) -> bool {
        let next = Batch { bytes: self.batch.bytes, ..Batch::default() };
        self.batch_bytes = 0;
        self.batches.blocking_send(std::mem::replace(&mut self.batch, next)).is_ok()
    }

    fn finish(mut self) -> Result<(), ImportError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        if self.waiting.as_ref().is_some_and(Vec::is_empty) {
            return Err(ImportError::Empty);
        }
        if self.waiting.is_some() {
            self.decide()?;
        }
        self.send();
        if let Some(out) = &mut self.rejects {
            out.flush().map_err(ImportError::Rejects)?;
        }
        Ok(())
    }
}

fn rejects_failed(error: csv::Error) -> ImportError {
    ImportError::Rejects(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all_of(source: Source) -> (Result<(), ImportError>, u64, u64) {
        let (sender, mut batches) = tokio::sync::mpsc::channel(64);
        let plan = Plan { source, region: Region::US, map: Vec::new(), rejects: None };
        let done = run(plan, sender);
        let (mut read, mut accounted) = (0, 0);
        while let Ok(batch) = batches.try_recv() {
            read += batch.read;
            accounted += batch.rejected + batch.contacts.len() as u64;
        }
        (done, read, accounted)
    }

    fn piece() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            prop::sample::select(
                &[
                    "phone",
                    "+14155550123",
                    "4155550124",
                    "x",
                    "\"",
                    "\"\"",
                    ",",
                    ";",
                    "\t",
                    "\n",
                    "\r\n",
                    "\r",
                    "sep=;\n",
                    "\u{feff}",
                    "é",
                    "1e9",
                    "tel:"
                ][..]
            )
            .prop_map(|text| text.as_bytes().to_vec()),
            prop::collection::vec(any::<u8>(), 1..3),
        ]
    }

    proptest! {
        #[test]
        fn no_file_panics_and_every_row_is_accounted_for(pieces in prop::collection::vec(piece(), 0..40)) {
            let bytes = pieces.concat();
            let (_, read, accounted) = all_of(Source::Reader(Box::new(std::io::Cursor::new(bytes))));
            prop_assert_eq!(read, accounted);
        }
    }

    #[test]
    fn a_file_that_breaks_off_keeps_what_came_before() {
        struct Breaks;
        impl Read for Breaks {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("gone"))
            }
        }
        let rows = std::io::Cursor::new("4155550123,a\n".repeat(12_000).into_bytes());
        let (done, read, accounted) = all_of(Source::Reader(Box::new(rows.chain(Breaks))));
        assert!(matches!(done, Err(ImportError::Read { line: 12_000, .. })), "{done:?}");
        assert_eq!((read, accounted), (12_000, 12_000));
    }

    #[test]
    fn a_spoilt_workbook_never_panics() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book.xlsx");
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet();
        for row in 0..30 {
            sheet.write(row, 0, format!("+1415555{:04}", row + 100)).unwrap().write(row, 1, f64::from(row)).unwrap();
        }
        workbook.save(&path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        assert_eq!(all_of(Source::File(path.clone())).1, 30);
        for seed in 0..400usize {
            let mut spoilt = whole.clone();
            let at = seed * 7919 % spoilt.len();
            spoilt[at] ^= 1 << (seed % 8);
            spoilt.truncate(if seed % 5 == 0 { spoilt.len() - seed } else { spoilt.len() });
            std::fs::write(&path, spoilt).unwrap();
            let (_, read, accounted) = all_of(Source::File(path.clone()));
            assert_eq!(read, accounted);
        }
    }
}
