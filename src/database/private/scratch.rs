//! Databases for a while: dropped at their end, or by whoever comes after a process that was killed.
//!
//! A database lives as long as a process holds the lock on the file of its name; the kernel lets go for the dead.

use std::fs::File;
use std::path::{Path, PathBuf};

use sqlx::postgres::PgConnectOptions;

use super::{databases, lock};
use crate::database::Result;

/// A database of this process alone.
#[derive(Debug)]
pub struct ScratchDatabase {
    name: String,
    admin: PgConnectOptions,
    path: PathBuf,
    held: File,
}

impl ScratchDatabase {
    /// The database's name, for [`super::PrivateServer::options`].
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Drops the database, with whoever is connected to it.
    pub async fn drop(self) -> Result<()> {
        databases::drop_it(&self.admin, &self.name).await?;
        forget(&self.path, &self.held);
        Ok(())
    }
}

/// Makes `<prefix>_<random>`; its lock is held before it exists.
pub(super) async fn make(folder: &Path, admin: PgConnectOptions, prefix: &str) -> Result<ScratchDatabase> {
    let name = format!("{prefix}_{:012x}", rand::random::<u64>() >> 16);
    let path = folder.join(&name);
    let held = lock::open(&path)?;
    lock::try_whole(&held)?;
    databases::create(&admin, &name, None).await?;
    Ok(ScratchDatabase { name, admin, path, held })
}

/// Drops what the dead left; returns the names.
pub(super) async fn sweep(folder: &Path, admin: &PgConnectOptions, prefix: &str) -> Result<Vec<String>> {
    let mut dropped = Vec::new();
    for name in databases::beginning_with(admin, &format!("{prefix}_")).await? {
        let path = folder.join(&name);
        let file = lock::open(&path)?;
        if lock::try_whole(&file)? {
            databases::drop_it(admin, &name).await?;
            forget(&path, &file);
            dropped.push(name);
        }
    }
    Ok(dropped)
}

fn forget(path: &Path, held: &File) {
    drop(std::fs::remove_file(path));
    drop(held.unlock());
}
