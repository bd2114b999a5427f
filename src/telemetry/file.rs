//! The log file: one a day (UTC), readable by its owner alone, the oldest ones removed.
//!
//! Written by one thread behind a channel. An error of the disk is swallowed here: the log must not stop the work,
//! nor write over a full-screen console.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use chrono::{NaiveDate, Utc};

const PREFIX: &str = "switchboard.";
const SUFFIX: &str = ".log";

/// Appends to today's file in a folder.
#[derive(Debug)]
pub(super) struct DailyFile {
    dir: PathBuf,
    keep_files: usize,
    day: NaiveDate,
    file: Option<File>,
}

impl DailyFile {
    /// Makes the folder private, opens today's file and removes the oldest ones beyond `keep_files`.
    pub fn open(dir: &Path, keep_files: usize) -> io::Result<Self> {
        if !dir.is_dir() {
            DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        }
        fs::set_permissions(dir, Permissions::from_mode(0o700))?;
        let day = Utc::now().date_naive();
        let file = Some(open_day(dir, day)?);
        prune(dir, keep_files);
        Ok(Self { dir: dir.to_owned(), keep_files, day, file })
    }

    fn turn_to(&mut self, day: NaiveDate) {
        if day != self.day || self.file.is_none() {
            self.day = day;
            self.file = open_day(&self.dir, day).ok();
            prune(&self.dir, self.keep_files);
        }
    }
}

impl Write for DailyFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.turn_to(Utc::now().date_naive());
        if let Some(file) = &mut self.file {
            _ = file.write_all(line);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The file of a day.
pub(super) fn path_of(dir: &Path, day: NaiveDate) -> PathBuf {
    dir.join(format!("{PREFIX}{day}{SUFFIX}"))
}

fn open_day(dir: &Path, day: NaiveDate) -> io::Result<File> {
    let path = path_of(dir, day);
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

/// Removes the oldest of our own files; names carry the day, so their order is that of time.
fn prune(dir: &Path, keep_files: usize) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| is_ours(name))
        .collect();
    names.sort_unstable();
    for name in names.iter().take(names.len().saturating_sub(keep_files.max(1))) {
        _ = fs::remove_file(dir.join(name));
    }
}

fn is_ours(name: &str) -> bool {
    let day = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    day.is_some_and(|day| day.parse::<NaiveDate>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_and_the_file_are_the_owners_alone_and_old_files_go() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("state/log");
        DailyFile::open(&dir, 2).unwrap();
        for name in ["switchboard.2001-01-01.log", "switchboard.2001-01-02.log", "switchboard.notes.log"] {
            fs::write(dir.join(name), "old").unwrap();
        }
        let mut file = DailyFile::open(&dir, 2).unwrap();
        file.write_all(b"line\n").unwrap();
        let today = dir.join(format!("switchboard.{}.log", Utc::now().date_naive()));
        assert_eq!(fs::read_to_string(&today).unwrap(), "line\n");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&dir), mode(&today)), (0o700, 0o600));
        assert!(!dir.join("switchboard.2001-01-01.log").exists());
        assert!(dir.join("switchboard.2001-01-02.log").exists());
        assert!(dir.join("switchboard.notes.log").exists());
    }

    #[test]
    fn a_new_day_gets_a_new_file() {
        let temp = tempfile::tempdir().unwrap();
        let mut file = DailyFile::open(temp.path(), 7).unwrap();
        let day = NaiveDate::from_ymd_opt(2001, 2, 3).unwrap();
        file.turn_to(day);
        assert!(temp.path().join("switchboard.2001-02-03.log").exists());
    }
}
