//! Where the private server lives and as whom it runs.
//!
//! PostgreSQL refuses to run as root, so root's server runs as another user, in a folder which that user can reach. The same
//! wish must lead to the same folder each time, or data would seem lost. A socket's path ends at 107 bytes.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User, getegid, geteuid};
use sha2::{Digest, Sha256};

use crate::database::{Error, Result};

/// Longest path of a socket on Linux (108 bytes with the closing zero), less `/.s.PGSQL.5432`.
const LONGEST_SOCKET_FOLDER: usize = 107 - "/.s.PGSQL.5432".len();
/// Where root's servers live whose own folder is out of reach.
const ROOTS_FOLDER: &str = "/var/lib/switchboard";

/// Who runs the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// The folder of a private server: `data/`, `run/`, `scratch/`, the locks and the log are in it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) home: PathBuf,
    pub(super) owner: Owner,
    /// Whether this process is root and must step down to `owner` for the server.
    pub(super) step_down: bool,
}

impl Place {
    /// The place for the wished folder (default: in the XDG data folder). Makes its folders.
    pub(super) fn find(wished: Option<PathBuf>) -> Result<Place> {
        let wished = match wished {
            Some(path) => std::path::absolute(path).map_err(|cause| failed("find", Path::new("."), &cause))?,
            None => xdg_folder(|name| std::env::var_os(name))?,
        };
        let mut place = if geteuid().is_root() {
            roots_place(wished, Path::new(ROOTS_FOLDER))?
        } else {
            let owner = Owner { uid: geteuid().as_raw(), gid: getegid().as_raw() };
            Place { home: wished, owner, step_down: false }
        };
        make_folders(&place.home, place.step_down)?;
        place.home = place.home.canonicalize().map_err(|cause| failed("find", &place.home, &cause))?;
        if place.step_down && !reaches(place.owner, &place.home) {
            return Err(out_of_reach(&place.home, place.owner));
        }
        Ok(place)
    }

    /// PostgreSQL's own folder.
    pub(super) fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    /// What the server has to say.
    pub(super) fn log(&self) -> PathBuf {
        self.home.join("server.log")
    }

    /// The folder of the socket: here, or under /tmp where this path is too long or holds what a setting can't.
    pub(super) fn socket_folder(&self) -> Result<PathBuf> {
        let here = self.home.join("run");
        let path = here.as_os_str().as_bytes();
        let plain = std::str::from_utf8(path).is_ok_and(|p| !p.contains(['"', ',', '\'', '\\', '\n']));
        let folder = if path.len() <= LONGEST_SOCKET_FOLDER && plain {
            here
        } else {
            PathBuf::from(format!("/tmp/switchboard-{}-{}", self.owner.uid, fingerprint(&self.home)))
        };
        self.make_private(&folder)?;
        Ok(folder)
    }

    /// Makes a 0700 folder of the server's user, or checks that an existing one is just that.
    pub(super) fn make_private(&self, folder: &Path) -> Result<()> {
        match std::fs::DirBuilder::new().mode(0o700).create(folder) {
            Ok(()) if self.step_down => std::os::unix::fs::chown(folder, Some(self.owner.uid), Some(self.owner.gid))
                .map_err(|cause| failed("hand over", folder, &cause))?,
            Ok(()) => {}
            Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(failed("make", folder, &cause)),
        }
        let found = std::fs::symlink_metadata(folder).map_err(|cause| failed("look at", folder, &cause))?;
        if found.is_dir() && found.uid() == self.owner.uid && found.mode() & 0o077 == 0 {
            return Ok(());
        }
        Err(Error::Unavailable(format!(
            "{} is not a folder that only user {} may enter: remove it and start again",
            folder.display(),
            name_of(self.owner.uid)
        )))
    }
}

/// `$XDG_DATA_HOME/switchboard/postgres`, by the XDG base directory specification (a relative value counts as unset).
fn xdg_folder(env: impl Fn(&str) -> Option<std::ffi::OsString>) -> Result<PathBuf> {
    let absolute = |name: &str| env(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let base = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
    base.map(|base| base.join("switchboard/postgres")).ok_or_else(|| {
        Error::Unavailable(
            "Neither XDG_DATA_HOME nor HOME names a folder for the private database: set one of them".into(),
        )
    })
}

/// Data that exists keeps its place and its owner; else the wished folder if the server's user can get there.
fn roots_place(wished: PathBuf, fallback: &Path) -> Result<Place> {
    let fallback = fallback.join(fingerprint(&wished));
    let has_data = |home: &Path| home.join("data/PG_VERSION").exists();
    let home = if has_data(&wished) || (!has_data(&fallback) && reaches(owner_for(&wished)?, &wished)) {
        wished
    } else {
        fallback
    };
    let owner = owner_for(&home)?;
    if has_data(&home) && !reaches(owner, &home) {
        return Err(out_of_reach(&home, owner));
    }
    Ok(Place { home, owner, step_down: true })
}

/// The owner of the data that is there already, else `postgres`, else `nobody`.
fn owner_for(home: &Path) -> Result<Owner> {
    if let Some(data) = std::fs::metadata(home.join("data")).ok().filter(|data| data.uid() != 0) {
        return Ok(Owner { uid: data.uid(), gid: data.gid() });
    }
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| User::from_name(name).ok().flatten())
        .map(|user| Owner { uid: user.uid.as_raw(), gid: user.gid.as_raw() })
        .ok_or_else(|| {
            Error::Unavailable(
                "PostgreSQL does not run as root and there is no user `postgres` or `nobody`: add one, or run as another user".into(),
            )
        })
}

/// Whether each folder on the way that exists already lets this user through.
fn reaches(owner: Owner, path: &Path) -> bool {
    let Some(existing) = path.ancestors().find_map(|p| p.canonicalize().ok()) else { return false };
    existing.ancestors().all(|folder| {
        std::fs::metadata(folder).is_ok_and(|m| {
            let bit = match () {
                () if m.uid() == owner.uid => 0o100,
                () if m.gid() == owner.gid => 0o010,
                () => 0o001,
            };
            m.is_dir() && m.mode() & bit != 0
        })
    })
}

/// As a user: closed to all others. As root: open for passing through, since the server is someone else.
fn make_folders(home: &Path, for_another: bool) -> Result<()> {
    let mode = if for_another { 0o755 } else { 0o700 };
    let missing: Vec<_> = home.ancestors().take_while(|p| !p.exists()).collect();
    for folder in missing.into_iter().rev() {
        match std::fs::create_dir(folder) {
            Ok(()) => std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode))
                .map_err(|cause| failed("open", folder, &cause))?,
            Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(failed("make", folder, &cause)),
        }
    }
    Ok(())
}

fn fingerprint(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_bytes());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// A user's name, or its number where it has none.
pub(super) fn name_of(uid: u32) -> String {
    User::from_uid(Uid::from_raw(uid)).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name)
}

fn out_of_reach(home: &Path, owner: Owner) -> Error {
    Error::Unavailable(format!(
        "User {} of the private database can not enter {}: open each folder above it (chmod o+x), or set XDG_DATA_HOME elsewhere",
        name_of(owner.uid),
        home.display()
    ))
}

/// The sentence for a folder or file that the system refuses.
pub(super) fn failed(verb: &str, path: &Path, cause: &std::io::Error) -> Error {
    let path = path.display();
    Error::Unavailable(format!(
        "Could not {verb} {path} for the private database ({cause}): make it writable, or set XDG_DATA_HOME elsewhere"
    ))
}
