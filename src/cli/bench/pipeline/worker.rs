//! A worker as a process of this very program, with nothing of the user's environment.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use super::super::super::Failure;

/// How long a worker may take to end.
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// How much of what it said is told.
const SAID_MAX: usize = 300;

/// A running worker; killed when it is dropped.
pub struct Worker {
    child: Child,
    log: PathBuf,
}

impl Worker {
    /// Starts it with these variables and folders below `home`.
    pub fn start(home: &Path, variables: Vec<(String, String)>, until_empty: bool) -> Result<Worker, Failure> {
        let log = home.join("worker.log");
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("worker").env_clear().envs(variables).kill_on_drop(true);
        if until_empty {
            command.arg("--until-empty");
        }
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"] {
            command.env(name, home);
        }
        command.env("PATH", std::env::var("PATH").unwrap_or_default());
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log)?).spawn()?;
        Ok(Worker { child, log })
    }

    /// Whether it ended in another way than well.
    pub fn has_failed(&mut self) -> Result<bool, Failure> {
        Ok(self.child.try_wait()?.is_some_and(|status| !status.success()))
    }

    /// The end of what it said.
    pub fn said(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let from = text.char_indices().rev().nth(SAID_MAX).map_or(0, |(at, _)| at);
        text.get(from..).unwrap_or_default().trim().replace('\n', " | ")
    }

    /// Waits for its end, which must be a good one.
    pub async fn ended(mut self) -> Result<(), Failure> {
        let status = tokio::time::timeout(STOP_LIMIT, self.child.wait()).await;
        if matches!(status, Ok(Ok(status)) if status.success()) {
            return Ok(());
        }
        Err(Failure::new(format!("a worker did not end well; it said: {}", self.said())))
    }

    /// Tells it to drain and waits for its end.
    pub async fn stop(self) -> Result<(), Failure> {
        if let Some(id) = self.child.id().and_then(|id| i32::try_from(id).ok()) {
            let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
        self.ended().await
    }
}
