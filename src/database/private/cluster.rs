//! The data folder: made whole or not at all, and never opened by a server of another major version.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::binaries::{self, Binaries};
use super::place::{Place, failed};
use crate::database::{Error, Result};

/// Name of the superuser in a private server; the socket's folder is what keeps others out.
pub(super) const USER: &str = "switchboard";

/// The binaries for this place; makes the data folder where there is none. The gate must be held.
pub(super) fn prepare(place: &Place, durable: bool) -> Result<Binaries> {
    let data = place.data();
    let version = match std::fs::read_to_string(data.join("PG_VERSION")) {
        Ok(text) => Some(text.trim().to_owned()),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => None,
        Err(cause) => return Err(failed("read", &data, &cause)),
    };
    let wanted =
        version.as_deref().map(|text| text.parse().map_err(|_| other_version(&data, text, &[]))).transpose()?;
    let binaries = binaries::find(std::env::var_os("PATH"), wanted)?
        .map_err(|found| other_version(&data, version.as_deref().unwrap_or("?"), &found))?;
    if wanted.is_none() {
        make(place, &binaries, durable)?;
    }
    Ok(binaries)
}

/// A command of PostgreSQL's, as the user who owns the data, with next to nothing of this process's environment.
pub(super) fn command(place: &Place, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/").stdin(Stdio::null());
    command.env_clear().envs(binaries::inherited());
    if place.step_down {
        command.uid(place.owner.uid).gid(place.owner.gid).env("HOME", "/");
    }
    command
}

/// Made beside its final name and then renamed, so that a crash leaves no half of it.
fn make(place: &Place, binaries: &Binaries, durable: bool) -> Result<()> {
    let new = place.home.join("data.new");
    let data = place.data();
    if data.exists() && std::fs::read_dir(&data).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Error::Unavailable(format!(
            "{} holds files but no database: move it away and start again",
            data.display()
        )));
    }
    let mut refusal = String::new();
    for locale in locales(binaries.major) {
        if new.exists() {
            std::fs::remove_dir_all(&new).map_err(|cause| failed("remove", &new, &cause))?;
        }
        place.make_private(&new)?;
        let mut initdb = command(place, &binaries.folder.join("initdb"));
        initdb
            .arg("-D")
            .arg(&new)
            .args(["-U", USER, "--auth=trust", "--encoding=UTF8", "--no-instructions"])
            .args(*locale);
        if !durable {
            initdb.arg("--no-sync");
        }
        let output = initdb.output().map_err(|cause| failed("run initdb for", &new, &cause))?;
        if output.status.success() {
            return std::fs::rename(&new, &data).map_err(|cause| failed("make", &data, &cause));
        }
        refusal = String::from_utf8_lossy(&output.stderr).trim().replace('\n', " ");
    }
    Err(Error::Unavailable(format!("PostgreSQL could not make a database in {}: {refusal}", place.home.display())))
}

/// Unicode's letters, the order of bytes: the same on every machine. Not every system has this locale.
fn locales(major: u32) -> &'static [&'static [&'static str]] {
    if major >= 17 {
        &[&["--locale-provider=builtin", "--locale=C.UTF-8"]]
    } else {
        &[&["--locale=C.UTF-8"], &["--locale=C"]]
    }
}

fn other_version(data: &Path, version: &str, found: &[u32]) -> Error {
    let found: Vec<_> = found.iter().map(u32::to_string).collect();
    let found = if found.is_empty() { "none that fits".to_owned() } else { found.join(", ") };
    Error::Unavailable(format!(
        "{} was made by PostgreSQL {version}, but here is {found}: install PostgreSQL {version}, or move that folder away to start with an empty database",
        data.display()
    ))
}
