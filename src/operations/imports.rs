//! Imports of this machine: what each one reads and how far it is, in a file that outlives its process. A console that comes
//! back finds them there, sees them end, can end them, and goes on with what broke off.
//!
//! Beside each file stands a lock that its process holds for as long as it lives.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::database::Db;
use crate::telemetry;

/// How often a file is written anew.
const STEP: Duration = Duration::from_millis(500);
/// How long the end of an import can be read.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// Most files that are read.
const FILES_MAX: usize = 100;

/// One import.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// The file that is read, as an absolute path.
    pub file: String,
    /// Whether its new contacts are looked up.
    pub lookup: bool,
    /// Country of numbers without `+`.
    pub region: Option<String>,
    /// Columns and the fields that they fill.
    pub map: Vec<(String, String)>,
    /// Where rejected rows go.
    pub rejects: Option<String>,
    /// Which database it goes to.
    pub place: String,
    /// Its process.
    pub pid: u32,
    /// When it began.
    pub begun: DateTime<Utc>,
    /// How far it is.
    pub at: Reached,
    /// How it ended, and whether well.
    pub ended: Option<(String, bool)>,
}

impl Note {
    /// An import of this process into this database, as it begins: the numbers of its file as they stand, no lookups.
    pub fn of(db: &Db, file: String) -> Note {
        let begun = Utc::now();
        Note {
            file,
            lookup: false,
            region: None,
            map: Vec::new(),
            rejects: None,
            place: place(db),
            pid: std::process::id(),
            begun,
            at: Reached { rows: 0, part: None, when: begun },
            ended: None,
        }
    }
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reached {
    /// Rows that were read.
    pub rows: u64,
    /// Part of the file, 0 to 1, where its size is known.
    pub part: Option<f64>,
    /// When that was.
    pub when: DateTime<Utc>,
}

/// An import as others see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The name of its file.
    pub id: String,
    /// What it says.
    pub note: Note,
}

/// Keeps the note of an import of this process.
#[derive(Debug)]
pub struct Keeper {
    path: PathBuf,
    note: Note,
    written: Instant,
    _lock: File,
}

/// Where the notes of this user are: `$XDG_STATE_HOME/switchboard/imports`.
pub fn folder() -> PathBuf {
    telemetry::log_dir().with_file_name("imports")
}

/// The same text for the same database, without a login.
pub fn place(db: &Db) -> String {
    let options = db.pool().connect_options();
    let host = options.get_socket().map_or_else(|| options.get_host().to_owned(), |path| path.display().to_string());
    format!("{host}:{}/{}", options.get_port(), options.get_database().unwrap_or_default())
}

impl Keeper {
    /// Writes the first note; the lock is held until this is dropped.
    pub fn begin(folder: &Path, note: Note) -> io::Result<Keeper> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let path = folder.join(format!("{}.json", Uuid::new_v4()));
        let lock =
            File::options().write(true).create(true).truncate(false).mode(0o600).open(path.with_extension("lock"))?;
        lock.try_lock().map_err(io::Error::other)?;
        let keeper = Keeper { path, note, written: Instant::now(), _lock: lock };
        keeper.write()?;
        Ok(keeper)
    }

    /// Says how far it is, at most twice a second. A full disk holds no import up.
    pub fn reached(&mut self, rows: u64, part: Option<f64>) {
        self.note.at = Reached { rows, part, when: Utc::now() };
        if self.written.elapsed() >= STEP {
            self.written = Instant::now();
            let _ = self.write();
        }
    }

    /// Says how it ended.
    pub fn end(mut self, how: String, good: bool) {
        (self.note.ended, self.note.at.when) = (Some((how, good)), Utc::now());
        let _ = self.write();
        let _ = fs::remove_file(self.path.with_extension("lock"));
    }

    /// Takes the note away: another process goes on.
    pub fn forget(self) {
        remove(&self.path);
    }

    fn write(&self) -> io::Result<()> {
        let next = self.path.with_extension("next");
        let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&next)?;
        serde_json::to_writer(&mut file, &self.note)?;
        fs::rename(next, &self.path)
    }
}

fn remove(path: &Path) {
    for extension in ["json", "lock", "next"] {
        let _ = fs::remove_file(path.with_extension(extension));
    }
}

/// Whether its process holds the lock.
fn lives(path: &Path) -> bool {
    File::open(path.with_extension("lock")).is_ok_and(|lock| lock.try_lock().is_err())
}

/// Imports of other processes into this database, oldest first; those whose process is gone have ended.
pub fn of_others(folder: &Path, place: &str) -> Vec<Seen> {
    let mut seen = Vec::new();
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).take(FILES_MAX * 3) {
        let text = if path.extension().is_some_and(|e| e == "json") { fs::read(&path).ok() } else { None };
        let Some(mut note) = text.and_then(|text| serde_json::from_slice::<Note>(&text).ok()) else { continue };
        let living = lives(&path);
        if !living && note.at.when < Utc::now() - KEPT {
            remove(&path);
            continue;
        }
        if note.place != place || note.pid == std::process::id() {
            continue;
        }
        if !living && note.ended.is_none() {
            note.ended = Some(("its process is gone: what was read is in, begun again it goes on".into(), false));
        }
        let id = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        seen.push(Seen { id, note });
    }
    seen.sort_by(|a, b| (a.note.begun, &a.id).cmp(&(b.note.begun, &b.id)));
    seen.truncate(FILES_MAX);
    seen
}

/// Asks the process of an import to end it after its batch; false where it lives no more.
pub fn end(folder: &Path, id: &str) -> bool {
    let Ok(id) = id.parse::<Uuid>() else { return false };
    let path = folder.join(format!("{id}.json"));
    let note = fs::read(&path).ok().and_then(|text| serde_json::from_slice::<Note>(&text).ok());
    let pid = note.and_then(|note| i32::try_from(note.pid).ok()).filter(|pid| *pid > 0 && lives(&path));
    pid.is_some_and(|pid| kill(Pid::from_raw(pid), Signal::SIGTERM).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(pid: u32, begun: DateTime<Utc>) -> Note {
        let at = Reached { rows: 0, part: None, when: begun };
        let (file, place) = ("/tmp/spring.csv".into(), "here:5432/a".into());
        Note { file, lookup: true, region: None, map: Vec::new(), rejects: None, place, pid, begun, at, ended: None }
    }

    #[test]
    fn what_others_import_is_seen_until_it_ends_and_when_its_process_is_gone() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("imports");
        let mut keeper = Keeper::begin(&folder, note(1, Utc::now())).unwrap();
        keeper.written = Instant::now() - STEP;
        keeper.reached(12, Some(0.5));
        let seen = of_others(&folder, "here:5432/a");
        assert_eq!((seen.len(), seen[0].note.at.rows, seen[0].note.ended.clone()), (1, 12, None));
        assert!(of_others(&folder, "here:5432/b").is_empty(), "another database is another matter");
        drop(keeper);
        let (text, good) = of_others(&folder, "here:5432/a")[0].note.ended.clone().unwrap();
        assert!(!good && text.contains("gone"), "{text}");
        Keeper::begin(&folder, note(2, Utc::now())).unwrap().end("50 rows".into(), true);
        assert_eq!(of_others(&folder, "here:5432/a")[1].note.ended, Some(("50 rows".into(), true)));
        Keeper::begin(&folder, note(std::process::id(), Utc::now())).unwrap().forget();
        assert_eq!(of_others(&folder, "here:5432/a").len(), 2);
    }

    #[test]
    fn what_ended_long_ago_is_taken_away() {
        let home = tempfile::tempdir().unwrap();
        drop(Keeper::begin(home.path(), note(1, Utc::now() - TimeDelta::hours(25))).unwrap());
        assert!(of_others(home.path(), "here:5432/a").is_empty());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }
}
