//! Imports and exports in the background: how far they are comes home as messages; ended, what was done stays.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::Utc;
use chrono_tz::Tz;
use secrecy::{ExposeSecret, SecretString};
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
use crate::operations::imports::{self, Keeper, Note};

/// How often it is looked for imports of other processes.
const OTHERS: Duration = Duration::from_secs(1);
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
    /// The same; another process can go on with it.
    Import(CancellationToken, Import),
}

/// How another process of this program reaches the same database.
#[derive(Clone, Default)]
pub struct Away {
    /// Variables that it needs beside those of this process.
    pub variables: Vec<(&'static str, SecretString)>,
}

/// Longest time that a batch under way is waited for before another process goes on.
const BATCH: Duration = Duration::from_secs(10);

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
        let stop = CancellationToken::new();
        let asked = stop.clone();
        let import_of = if let Job::Import(file, _) = &job { Some(file.clone()) } else { None };
        // Held until it is written down: a work that ends at once is taken out after that.
        let mut written = locked(&self.running);
        let task = runtime.spawn(async move {
            let result = match job {
                Job::Import(file, limits) => import(&bench, id, &file, (limits, asked)).await,
                Job::Text { path, text } => keep(&path, &text),
                Job::Export { path, filter, zone } => write(&bench, id, &path, (&filter, zone)).await,
            };
            locked(&running).remove(&id);
            // Nobody listens any more once the console was left.
            let _ = home.send(Msg::Ended(id, result));
        });
        let end = import_of.map_or_else(|| End::Abort(task.abort_handle()), |file| End::Import(stop, file));
        written.insert(id, end);
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
            End::Abort(_) | End::Import(..) => None,
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
            Some(End::Stop(stop, _) | End::Import(stop, _)) => stop.cancel(),
            None => {}
        }
    }

    /// Ends the imports of this process and lets processes of their own go on with them; how many.
    pub async fn hand_over(&self, away: &Away) -> usize {
        let mut files = Vec::new();
        for end in locked(&self.running).values() {
            if let End::Import(stop, file) = end {
                stop.cancel();
                files.push(file.clone());
            }
        }
        let until = Instant::now() + BATCH;
        while locked(&self.running).values().any(|end| matches!(end, End::Import(..))) && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        files.iter().filter(|file| away.go_on(file).is_ok()).count()
    }
}

impl Away {
    /// Goes on with an import in a process of its own: rows that are in already are passed over.
    fn go_on(&self, file: &Import) -> io::Result<()> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("import").arg(std::path::absolute(expanded(&file.path))?).arg("--yes");
        if file.lookup {
            command.arg("--lookup");
        }
        if let Some(region) = &file.region {
            command.args(["--region", region]);
        }
        for (column, field) in &file.map {
            command.arg("--map").arg(format!("{column}={field}"));
        }
        if let Some(rejects) = &file.rejects {
            command.arg("--rejects").arg(std::path::absolute(expanded(rejects))?);
        }
        for (name, value) in &self.variables {
            command.env(name, value.expose_secret());
        }
        // A group of its own: what ends the terminal does not end it.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        command.spawn().map(|_| ())
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

async fn import(
    bench: &Bench,
    id: u64,
    file: &Import,
    (limits, stop): (Limits, CancellationToken),
) -> Result<String, String> {
    let source = Source::File(expanded(&file.path));
    let options = ImportOptions { stop, ..options(file, true)? };
    let wish = ImportWish { source, options, lookups: file.lookup.then_some(limits) };
    let mut teller = Teller { bench, id, last: None };
    let mut kept = note(bench, file);
    let mut progress = |p: crate::contacts::import::Progress| {
        let part = p.part();
        teller.tell(Step { rows: p.report.read, part });
        if let Some(kept) = &mut kept {
            kept.reached(p.report.read, part);
        }
    };
    let result = run_import(&bench.db, wish, &bench.actor, &mut progress).await;
    // What ends while somebody looks is told here.
    kept.into_iter().for_each(Keeper::forget);
    result.map(|report| report.words()).map_err(|e| e.to_string())
}

/// Consoles that come later see it, should this process be gone by then.
fn note(bench: &Bench, file: &Import) -> Option<Keeper> {
    let absolute =
        |path: &str| std::path::absolute(expanded(path)).map(|path| path.to_string_lossy().into_owned()).ok();
    let note = Note {
        lookup: file.lookup,
        region: file.region.clone(),
        map: file.map.clone(),
        rejects: file.rejects.as_deref().and_then(absolute),
        ..Note::of(&bench.db, absolute(&file.path)?)
    };
    Keeper::begin(&imports::folder(), note).ok()
}

/// Says what other processes of this machine import into this database, whenever that changes, until nobody listens.
pub async fn watch_others(db: Db, home: mpsc::UnboundedSender<Msg>) {
    let (folder, place) = (imports::folder(), imports::place(&db));
    let mut before = Vec::new();
    while !home.is_closed() {
        let seen = imports::of_others(&folder, &place);
        if seen != before {
            before.clone_from(&seen);
            let _ = home.send(Msg::Others(seen));
        }
        tokio::time::sleep(OTHERS).await;
    }
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
