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
    while let Some(record) = records.next().map_err(failed(line))? {
        line = record.number;
        if intake.take(record, records.taken).is_break() {
            break;
        }
    }
    Ok(())
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
