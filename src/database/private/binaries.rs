//! Where PostgreSQL's server programs are. Found, not assumed: PATH, `pg_config`, the folders of packagers.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::install;
use crate::database::{Error, Result};

/// The oldest server that our SQL runs on.
const OLDEST_MAJOR: u32 = 14;

/// Folders in which packagers keep one subfolder (or sibling) a version.
const PACKAGED: &[(&str, &str, &str)] = &[
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/libexec", "postgresql", ""),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql@", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// A folder with `postgres` and `initdb` of one major version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    pub(super) folder: PathBuf,
    pub(super) major: u32,
}

/// The first usable binaries, or those of `wanted` when a data folder of that major version exists.
/// The inner error: the major versions that are here, where the wanted one is not.
pub(super) fn find(path: Option<OsString>, wanted: Option<u32>) -> Result<std::result::Result<Binaries, Vec<u32>>> {
    let mut seen = Vec::new();
    for folder in folders(path) {
        let Some(found) = at(&folder) else { continue };
        if found.major < OLDEST_MAJOR || seen.contains(&found.major) {
            continue;
        }
        if wanted.is_none_or(|major| major == found.major) {
            return Ok(Ok(found));
        }
        seen.push(found.major);
    }
    if seen.is_empty() { Err(Error::Unavailable(install::sentence())) } else { Ok(Err(seen)) }
}

/// The library of statement statistics, where it is installed beside these binaries.
pub(super) fn has_statement_statistics(binaries: &Binaries) -> bool {
    let beside = |name: &str| binaries.folder.parent().map(|up| up.join(name));
    let asked = ask(&binaries.folder.join("pg_config"), "--pkglibdir").map(PathBuf::from);
    let folders =
        asked.into_iter().chain(["lib", "lib/postgresql", "lib64", "lib64/pgsql"].iter().filter_map(|n| beside(n)));
    folders.into_iter().any(|f| ["so", "dylib"].iter().any(|end| f.join(format!("pg_stat_statements.{end}")).is_file()))
}

fn folders(path: Option<OsString>) -> Vec<PathBuf> {
    let path = path.unwrap_or_default();
    let mut all: Vec<PathBuf> = std::env::split_paths(&path).filter(|p| p.is_absolute()).collect();
    let configs: Vec<_> = all.iter().map(|p| p.join("pg_config")).filter(|p| p.is_file()).collect();
    all.extend(configs.iter().filter_map(|c| ask(c, "--bindir")).map(PathBuf::from));
    for (parent, prefix, inner) in PACKAGED {
        all.extend(packaged(Path::new(parent), prefix, inner));
    }
    all.extend(["/opt/homebrew/bin", "/usr/local/bin", "/usr/local/pgsql/bin"].map(PathBuf::from));
    all
}

/// Folders of one packager, newest version first.
fn packaged(parent: &Path, prefix: &str, inner: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let version = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path().join(inner)))
        })
        .collect();
    versions.sort_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

/// Both programs must be there; links are followed, since the server finds its library beside the real file.
fn at(folder: &Path) -> Option<Binaries> {
    let postgres = folder.join("postgres").canonicalize().ok()?;
    let folder = postgres.parent()?.to_path_buf();
    if !folder.join("initdb").is_file() {
        return None;
    }
    Some(Binaries { major: major(&ask(&postgres, "--version")?)?, folder })
}

fn ask(program: &Path, option: &str) -> Option<String> {
    let output = Command::new(program).arg(option).current_dir("/").env_clear().envs(inherited()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` is 15; so is a beta, `17beta1` is 17.
fn major(version: &str) -> Option<u32> {
    let number = version.split_once("PostgreSQL)")?.1.trim_start();
    number[..number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len())].parse().ok()
}

/// What a command of PostgreSQL's may inherit of this process's environment. The rest may speak of other servers or hold
/// credentials, and would be readable there for as long as it runs.
pub(super) fn inherited() -> impl Iterator<Item = (&'static str, std::ffi::OsString)> {
    const NAMES: [&str; 8] =
        ["PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"];
    NAMES.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_what_the_server_says_of_itself() {
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major("postgres (Something) else"), None);
    }

    #[test]
    fn packaged_versions_come_newest_first_and_as_numbers() {
        let parent = tempfile::tempdir().unwrap();
        for version in ["9", "15", "100", "notes"] {
            std::fs::create_dir(parent.path().join(version)).unwrap();
        }
        let found = packaged(parent.path(), "", "bin");
        let names: Vec<_> = found.iter().map(|p| p.strip_prefix(parent.path()).unwrap().to_owned()).collect();
        assert_eq!(names, ["100/bin", "15/bin", "9/bin"].map(PathBuf::from));
    }

    #[test]
    fn the_first_usable_binaries_win_and_a_missing_version_says_what_is_there() {
        let path = std::env::var_os("PATH");
        let found = find(path.clone(), None).unwrap().unwrap();
        assert_eq!(find(path.clone(), Some(found.major)).unwrap(), Ok(found.clone()));
        assert!(find(path, Some(3)).unwrap().unwrap_err().contains(&found.major));
    }
}
