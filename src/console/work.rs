//! Imports and exports in the background: how far they are comes home as messages; ended, what was done stays.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::Utc;
use chrono_tz::Tz;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use super::effect::{Import, Job};
use super::message::Msg;
use super::model::Step;
use crate::contacts::export::{Format, export};
use crate::contacts::filter::{Anchor, Filter};
use crate::contacts::import::{ImportOptions, ImportReport, Source};
use crate::contacts::page;
use crate::contacts::phone::Region;
use crate::database::Db;
use crate::operations::actions::{self, Actor, Confirmed, ImportWish, Limits, Watch, run_import};

/// How often one work says how far it is.
const STEP: Duration = Duration::from_millis(500);

/// All works under way, by number.
#[derive(Debug, Clone, Default)]
pub struct Works {
    running: Arc<Mutex<BTreeMap<u64, End>>>,
}

/// How a work is ended.
#[derive(Debug)]
enum End {
    /// At once; what was done stays.
    Abort(AbortHandle),
    /// After the batch that is under way; the second says that it has ended.
    Stop(CancellationToken, CancellationToken),
}

/// What a work needs.
pub struct Bench {
    /// The database.
    pub db: Db,
    /// Who does it.
    pub actor: Actor,
    /// Where it says how far it is.
    pub home: mpsc::UnboundedSender<Msg>,
}

impl Works {
    /// Begins a work.
    pub fn begin(&self, runtime: &Handle, bench: Bench, id: u64, job: Job) {
        let home = bench.home.clone();
        let running = Arc::clone(&self.running);
        let task = runtime.spawn(async move {
            let result = match job {
                Job::Import(file, limits) => import(&bench, id, &file, limits).await,
                Job::Text { path, text } => keep(&path, &text),
                Job::Export { path, filter, zone } => write(&bench, id, &path, (&filter, zone)).await,
            };
            locked(&running).remove(&id);
            // Nobody listens any more once the console was left.
            let _ = home.send(Msg::Ended(id, result));
        });
        locked(&self.running).insert(id, End::Abort(task.abort_handle()));
    }

    /// Carries out an action of many rows, in batches; ended before its end, what was done stays and is told.
    pub fn act(&self, runtime: &Handle, bench: Bench, id: u64, confirmed: Confirmed) {
        let running = Arc::clone(&self.running);
        let stop = CancellationToken::new();
        let (asked, over) = (stop.clone(), CancellationToken::new());
        let guard = over.clone().drop_guard();
        locked(&self.running).insert(id, End::Stop(stop, over));
        runtime.spawn(async move {
            let _told = guard;
            let whole = confirmed.plan().things;
            let mut teller = Teller { bench: &bench, id, last: None };
            let mut progress = |rows: i64| {
                let part = (whole > 0).then(|| (rows as f64 / whole as f64).min(0.99));
                teller.tell(Step { rows: u64::try_from(rows).unwrap_or(0), part });
            };
            let watch = Watch { progress: &mut progress, stop: &asked };
            let done = actions::run_bulk(&bench.db, confirmed, &bench.actor, watch).await.map_err(|e| e.to_string());
            locked(&running).remove(&id);
            let said = done.as_ref().map(|receipt| receipt.summary.clone()).map_err(Clone::clone);
            let _ = bench.home.send(Msg::Ended(id, said));
            let _ = bench.home.send(Msg::Done(done));
        });
    }

    /// Stops what is done in batches, and waits until it has written how far it came, at most so long.
    pub async fn wind_up(&self, limit: Duration) {
        let stop = |end: &End| match end {
            End::Stop(stop, over) => {
                stop.cancel();
                Some(over.clone())
            }
            End::Abort(_) => None,
        };
        let stopped: Vec<CancellationToken> = locked(&self.running).values().filter_map(stop).collect();
        let all = async {
            for over in stopped {
                over.cancelled().await;
            }
        };
        if tokio::time::timeout(limit, all).await.is_err() {
            tracing::warn!("a bulk action did not end in time: the fleet will say how far it came");
        }
    }

    /// Ends a work.
    pub fn end(&self, id: u64, home: &mpsc::UnboundedSender<Msg>) {
        let mut running = locked(&self.running);
        match running.get(&id) {
            Some(End::Abort(task)) => {
                task.abort();
                let _ = home.send(Msg::Ended(id, Err("ended by hand: what was done stays".into())));
                running.remove(&id);
            }
            Some(End::Stop(stop, _)) => stop.cancel(),
            None => {}
        }
    }
}

fn locked<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says how far a work is, at most twice a second.
struct Teller<'a> {
    bench: &'a Bench,
    id: u64,
    last: Option<Instant>,
}

impl Teller<'_> {
    fn tell(&mut self, step: Step) {
        if self.last.is_none_or(|last| last.elapsed() >= STEP) {
            self.last = Some(Instant::now());
            let _ = self.bench.home.send(Msg::Step(self.id, step));
        }
    }
}

/// How a file is read.
fn options(import: &Import, rejects: bool) -> Result<ImportOptions<'static>, String> {
    let name = Path::new(&import.path).file_name();
    let name = name.map_or_else(|| import.path.clone(), |n| n.to_string_lossy().into_owned());
    let region =
        import.region.as_deref().map(str::parse).transpose().map_err(|e| format!("{e}"))?.unwrap_or(Region::US);
    let rejects = import.rejects.as_deref().filter(|_| rejects).map(|path| {
        let path = expanded(path);
        created(&path).map_err(|e| format!("{} can't be written: {e}", path.display()))
    });
    let rejects = rejects.transpose()?.map(|file| Box::new(BufWriter::new(file)) as Box<dyn Write + Send>);
    Ok(ImportOptions { region, map: import.map.clone(), source_name: Some(name), rejects, ..ImportOptions::default() })
}

/// What a file would bring; nothing is written.
pub(super) async fn rehearse(db: &Db, import: &Import) -> Result<ImportReport, String> {
    let options = ImportOptions { dry_run: true, ..options(import, false)? };
    let wish = ImportWish { source: Source::File(expanded(&import.path)), options, lookups: None };
    run_import(db, wish, &Actor::here("console"), &mut |_| {}).await.map_err(|e| e.to_string())
}

async fn import(bench: &Bench, id: u64, file: &Import, limits: Limits) -> Result<String, String> {
    let source = Source::File(expanded(&file.path));
    let wish = ImportWish { source, options: options(file, true)?, lookups: file.lookup.then_some(limits) };
    let mut teller = Teller { bench, id, last: None };
    let mut progress = |p: crate::contacts::import::Progress| {
        let part = p.bytes_total.filter(|_| p.bytes > 0).map(|total| p.bytes as f64 / total.max(1) as f64);
        teller.tell(Step { rows: p.report.read, part });
    };
    let report = run_import(&bench.db, wish, &bench.actor, &mut progress).await.map_err(|e| e.to_string())?;
    Ok(format!(
        "{} rows read, {} new, {} there already, {} rejected, in {:.1} s",
        report.read, report.inserted, report.duplicates, report.rejected, report.seconds
    ))
}

async fn write(bench: &Bench, id: u64, path: &str, (filter, zone): (&str, Tz)) -> Result<String, String> {
    let format = match Path::new(path).extension().and_then(|e| e.to_str()) {
        Some("csv") => Format::Csv,
        Some("tsv") => Format::Tsv,
        Some("jsonl") => Format::Jsonl,
        _ => return Err("the name's end says the format: .csv, .tsv or .jsonl".into()),
    };
    let filter = Filter::parse(filter, Anchor::new(Utc::now(), zone)).map_err(|e| e.to_string())?;
    let whole = page::estimate(&bench.db, &filter).await.map_err(|e| e.to_string())?.rows;
    let path = expanded(path);
    let mut file = BufWriter::new(created(&path).map_err(|e| format!("{} can't be written: {e}", path.display()))?);
    let mut teller = Teller { bench, id, last: None };
    let mut progress = |rows: u64| {
        let part = (whole > 0).then(|| (rows as f64 / whole as f64).min(0.99));
        teller.tell(Step { rows, part });
    };
    let rows = export(&bench.db, &filter, format, &mut file, &mut progress).await.map_err(|e| e.to_string())?;
    file.flush().map_err(|e| format!("{} can't be written to its end: {e}", path.display()))?;
    Ok(format!("{rows} contacts written"))
}

/// Writes a text to a new file; returns what to say of it.
pub(super) fn keep(path: &str, text: &str) -> Result<String, String> {
    let path = expanded(path);
    let written = created(&path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|e| format!("{} can't be written: {e}", path.display()))?;
    Ok(format!("{} lines written to {}", text.lines().count(), path.display()))
}

/// A new file that only its owner may read: contacts are people. A file that is there already is not overwritten.
fn created(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

/// `~/` is the home folder, as in a shell.
pub(super) fn expanded(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}
