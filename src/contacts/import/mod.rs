//! Files to contacts: CSV, TSV and their relatives from a file or a pipe, XLSX from a file.
//!
//! Every data row is inserted, a duplicate, or rejected with its reason. What is in the database already stays as it is,
//! so the same file twice changes nothing, and an import that was interrupted is finished by running it again. Memory
//! does not grow with the file.

mod dialect;
mod mapping;
mod reader;
mod record;
mod row;
mod sheet;
mod store;
mod text;

use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::Instant;

use futures_util::future::BoxFuture;
use serde::Serialize;
use sqlx::PgConnection;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::phone::Region;
use crate::database::{self, Db};
use reader::{Batch, Plan};

/// Where the rows come from.
pub enum Source {
    /// A file of any kind that is understood.
    File(PathBuf),
    /// Delimited text on standard input.
    Stdin,
    /// Delimited text from anywhere else.
    Reader(Box<dyn Read + Send>),
}

/// Puts work for new contacts into the transaction that inserts them; the error is one sentence.
pub type Enqueue<'a> =
    dyn for<'c> Fn(&'c mut PgConnection, &'c [i64]) -> BoxFuture<'c, Result<(), String>> + Send + Sync + 'a;

/// Whether there is room for the work of so many contacts; while there is none, the import waits.
pub type Room<'a> = dyn Fn(usize) -> BoxFuture<'static, database::Result<bool>> + Send + Sync + 'a;

/// How often a full lane is asked for room again.
const ROOM_AGAIN: std::time::Duration = std::time::Duration::from_secs(1);

/// How a file is read, and what is done with its rows.
pub struct ImportOptions<'a> {
    /// Where numbers without `+` are dialled from.
    pub region: Region,
    /// Columns (by header, or by number from 1) and the fields that they fill; `extra` keeps one beside the contact.
    pub map: Vec<(String, String)>,
    /// Kept with each contact: the file's name, as a rule.
    pub source_name: Option<String>,
    /// Only find out what would happen; nothing is written but the rejects.
    pub dry_run: bool,
    /// Takes line number, reason and original text of every rejected row, as CSV.
    pub rejects: Option<Box<dyn Write + Send>>,
    /// Called with each batch of new ids, inside of their transaction.
    pub enqueue: Option<&'a Enqueue<'a>>,
    /// Asked before each batch, outside of any transaction.
    pub room: Option<&'a Room<'a>>,
    /// Ends the import after the batch that is under way.
    pub stop: CancellationToken,
}

impl Default for ImportOptions<'_> {
    fn default() -> Self {
        ImportOptions {
            region: Region::US,
            map: Vec::new(),
            source_name: None,
            dry_run: false,
            rejects: None,
            enqueue: None,
            room: None,
            stop: CancellationToken::new(),
        }
    }
}

/// What became of the rows: `read = inserted + updated + duplicates + rejected`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct ImportReport {
    /// Data rows: neither the header nor blank lines.
    pub read: u64,
    /// New contacts.
    pub inserted: u64,
    /// Always 0: what is already there stays as it is.
    pub updated: u64,
    /// Rows whose number was there already, in the database or earlier in the file.
    pub duplicates: u64,
    /// Rows without a number that could be called, or that can't be read.
    pub rejected: u64,
    /// How long it took.
    pub seconds: f64,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// What became of the rows so far.
    pub report: ImportReport,
    /// Bytes of text that were read; 0 for a workbook.
    pub bytes: u64,
    /// The file's size in bytes, where it is known.
    pub bytes_total: Option<u64>,
    /// Nothing moves until there is room for more work.
    pub waits_for_room: bool,
}

impl Progress {
    /// Part of the file that was read, 0 to 1, where its size is known.
    pub fn part(&self) -> Option<f64> {
        self.bytes_total.filter(|_| self.bytes > 0).map(|total| self.bytes as f64 / total.max(1) as f64)
    }
}

impl ImportReport {
    /// The whole in a line.
    pub fn words(&self) -> String {
        format!(
            "{} rows read, {} new, {} there already, {} rejected, in {:.1} s",
            self.read, self.inserted, self.duplicates, self.rejected, self.seconds
        )
    }
}

/// Why an import ended early. Unless it says otherwise, nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Missing, or not for us to read.
    #[error("{path} can't be opened ({source}): check the name and who may read it", path = .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A folder instead of a file.
    #[error("{path} is a folder: name a file in it", path = .0.display())]
    Folder(PathBuf),
    /// No row at all.
    #[error("the file is empty: there is nothing to import")]
    Empty,
    /// Something that has no rows.
    #[error("the file has no rows of text: it is {0}")]
    Binary(&'static str),
    /// A workbook that can't be read.
    #[error("{0}")]
    Sheet(String),
    /// No column of numbers, or a `--map` that does not fit.
    #[error("{0}")]
    Columns(String),
    /// The file broke off.
    #[error(
        "the file can't be read behind line {line} ({source}): rows before it are imported, run the import again to go on"
    )]
    Read {
        /// The last line that was read.
        line: u64,
        /// What the system says.
        source: std::io::Error,
    },
    /// The rejects file can't be written.
    #[error(
        "the rejects file can't be written ({0}): free some space or name another place, then run the import again"
    )]
    Rejects(std::io::Error),
    /// The database refused; committed batches stay.
    #[error(transparent)]
    Database(#[from] database::Error),
    /// New contacts could not be queued; committed batches stay.
    #[error("{0}")]
    Enqueue(String),
    /// Somebody ended it.
    #[error("stopped: rows before it are imported, the same import again goes on with the rest")]
    Stopped,
    /// A fault of this program.
    #[error("the file could not be read to its end: please report this with the kind of file it is")]
    Internal,
}

/// Imports `source`. `progress` is called after each batch.
pub async fn import(
    db: &Db,
    source: Source,
    options: ImportOptions<'_>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<ImportReport, ImportError> {
    let began = Instant::now();
    let bytes_total = match &source {
        Source::File(path) => std::fs::metadata(path).ok().map(|meta| meta.len()),
        _ => None,
    };
    let (sender, mut batches) = mpsc::channel::<Batch>(1);
    let plan = Plan { source, region: options.region, map: options.map, rejects: options.rejects };
    let (result, ended) = tokio::sync::oneshot::channel();
    // A thread of its own and not one of the runtime's: nobody has to wait for a pipe that never ends.
    let thread = std::thread::Builder::new().name("import".to_owned());
    let started = thread.spawn(move || drop(result.send(reader::run(plan, sender))));
    started.map_err(|source| ImportError::Read { line: 0, source })?;

    let mut rehearsal = if options.dry_run { Some(store::Rehearsal::begin(db).await?) } else { None };
    let mut report = ImportReport::default();
    while let Some(batch) = batches.recv().await {
        let so_far = Progress { report, bytes: batch.bytes, bytes_total, waits_for_room: true };
        let room = options.room.filter(|_| rehearsal.is_none());
        let mut waiting = || progress(so_far);
        let waits = wait_for_room(room, batch.contacts.len(), &mut waiting);
        options.stop.run_until_cancelled(waits).await.ok_or(ImportError::Stopped)??;
        let new = match &mut rehearsal {
            Some(rehearsal) => rehearsal.count(&batch.contacts).await?,
            None if batch.contacts.is_empty() => 0,
            None => store::insert(db, &batch.contacts, options.source_name.as_deref(), options.enqueue).await?,
        };
        report.read += batch.read;
        report.rejected += batch.rejected;
        report.inserted += new;
        report.duplicates += batch.contacts.len() as u64 - new;
        report.seconds = began.elapsed().as_secs_f64();
        progress(Progress { waits_for_room: false, report, ..so_far });
    }
    ended.await.unwrap_or(Err(ImportError::Internal))?;
    report.seconds = began.elapsed().as_secs_f64();
    Ok(report)
}

async fn wait_for_room(
    room: Option<&Room<'_>>,
    wanted: usize,
    waits: &mut (dyn FnMut() + Send),
) -> Result<(), ImportError> {
    let Some(room) = room.filter(|_| wanted > 0) else { return Ok(()) };
    while !room(wanted).await? {
        waits();
        tokio::time::sleep(ROOM_AGAIN).await;
    }
    Ok(())
}
