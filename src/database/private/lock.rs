//! Locks between processes: `flock` on files of our own, which the kernel lets go when a process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::database::{Error, Result};

/// How often a lock that someone else holds is asked for again.
const ASK_AGAIN: Duration = Duration::from_millis(10);

/// Opens (or makes) a lock file; it is never written to.
pub(super) fn open(path: &Path) -> Result<File> {
    let opened = OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o600).open(path);
    opened.map_err(|cause| {
        Error::Unavailable(format!(
            "{} could not be opened ({cause}): give this user its folder back, or set XDG_DATA_HOME to one of its own",
            path.display()
        ))
    })
}

/// Takes the whole lock if nobody holds any of it.
pub(super) fn try_whole(file: &File) -> Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(cause)) => Err(no_locks(&cause)),
    }
}

/// Takes a share of the lock, for the life of `file`. Waits only for a holder of the whole lock.
pub(super) fn share(file: &File) -> Result<()> {
    file.lock_shared().map_err(|cause| no_locks(&cause))
}

/// Waits for the whole lock, blocking this thread, at most `limit`.
pub(super) fn wait_whole(file: &File, limit: Duration) -> Result<bool> {
    let deadline = Instant::now() + limit;
    loop {
        if try_whole(file)? {
            return Ok(true);
        }
        if Instant::now() >= deadline {
            return Ok(false);
        }
        std::thread::sleep(ASK_AGAIN);
    }
}

fn no_locks(cause: &std::io::Error) -> Error {
    Error::Unavailable(format!(
        "The file system of the data folder can not lock files ({cause}): set XDG_DATA_HOME to a local folder, or use DATABASE_URL"
    ))
}
