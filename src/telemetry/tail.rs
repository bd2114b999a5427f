//! The end of the log file of this machine, as far as one process wrote it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use chrono::Utc;

/// Bytes of a file's end that are looked through: some ten thousand lines.
const LOOKED_THROUGH: u64 = 4 * 1024 * 1024;

/// The newest lines of today (UTC) that process `pid` wrote into the folder's file, newest first; at most `lines`.
pub fn tail(dir: &Path, pid: u32, lines: usize) -> io::Result<Vec<String>> {
    let mut file = File::open(super::file::path_of(dir, Utc::now().date_naive()))?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOOKED_THROUGH)))?;
    let mut bytes = Vec::new();
    file.take(LOOKED_THROUGH).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let pid = pid.to_string();
    // Time, level, process, module.
    let of_it = |line: &&str| line.split_whitespace().nth(2) == Some(pid.as_str());
    Ok(text.lines().rev().filter(of_it).take(lines).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lines_of_one_process_are_read_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = super::super::file::path_of(folder.path(), Utc::now().date_naive());
        let text = "2026-01-01T00:00:00Z  INFO 12 a: one\n2026-01-01T00:00:01Z  WARN 7 a: other\n2026-01-01T00:00:02Z  INFO 12 a: two\n";
        std::fs::write(path, text).unwrap();
        let read = tail(folder.path(), 12, 10).unwrap();
        assert!(read[0].ends_with("two") && read[1].ends_with("one") && read.len() == 2, "{read:?}");
        assert_eq!(tail(folder.path(), 12, 1).unwrap().len(), 1);
    }
}
