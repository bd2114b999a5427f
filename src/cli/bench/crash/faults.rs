//! What strikes.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::super::super::Failure;
use super::fleet::Fleet;
use super::load::Load;

/// Milliseconds between two faults.
const PAUSE_MS: std::ops::Range<u64> = 200..1200;

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// kill -9 of a worker.
    Kill,
    /// SIGSTOP beyond the lease, then SIGCONT.
    Freeze,
    /// PostgreSQL ends, politely or at once, and comes back.
    Restart {
        /// Without a checkpoint, as after a crash.
        immediate: bool,
    },
    /// Every other connection is terminated.
    Cut,
}

/// Long enough for work to be done, at a moment that nobody chose.
pub async fn pause() {
    tokio::time::sleep(Duration::from_millis(rand::random_range(PAUSE_MS))).await;
}

impl Fault {
    pub async fn strike(self, fleet: &mut Fleet, load: &Load) -> Result<(), Failure> {
        match self {
            Fault::Kill => fleet.kill_one().await?,
            Fault::Freeze => fleet.freeze_one().await,
            // The private server is started again by whoever uses it.
            Fault::Restart { immediate } => {
                let signal = if immediate { Signal::SIGQUIT } else { Signal::SIGINT };
                if let Some(pid) = load.server.pid() {
                    let _ = kill(Pid::from_raw(pid), signal);
                }
            }
            Fault::Cut => {
                let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";
                drop(sqlx::query(sql).execute(load.db.pool()).await);
            }
        }
        Ok(())
    }
}
