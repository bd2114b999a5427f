//! The workers: processes of this very program, each with a stand-in of its own.

use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use super::super::super::Failure;
use super::stage::Stage;

/// How long a worker may take to drain.
const STOP_LIMIT: Duration = Duration::from_secs(60);

pub struct Workers(Vec<Child>);

impl Workers {
    /// Starts one for each stand-in; the lane's limit is raised to what shall be in flight.
    pub fn start(stage: &Stage, in_flight: u32) -> Result<Workers, Failure> {
        let mut all = Vec::new();
        for (number, door) in stage.doors.iter().enumerate() {
            let log = File::create(stage.home.path().join(format!("worker.{number}")))?;
            let child = Command::new(std::env::current_exe()?)
                .arg("worker")
                .env_clear()
                .envs(stage.variables(door))
                .env("SWITCHBOARD_PROVIDERS__TWILIO__CONCURRENCY_START", in_flight.to_string())
                .env("SWITCHBOARD_PROVIDERS__TWILIO__CONCURRENCY_CAP", in_flight.to_string())
                // A slow answer is none of what is measured here.
                .env("SWITCHBOARD_PROVIDERS__TWILIO__TIMEOUT", "2m")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log)
                .kill_on_drop(true)
                .spawn()?;
            all.push(child);
        }
        Ok(Workers(all))
    }

    /// Tells all to drain; says whether all ended well.
    pub async fn stop(mut self) -> Result<bool, Failure> {
        for worker in &self.0 {
            if let Some(id) = worker.id().and_then(|id| i32::try_from(id).ok()) {
                let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
            }
        }
        let mut well = true;
        for worker in &mut self.0 {
            let ended = tokio::time::timeout(STOP_LIMIT, worker.wait()).await;
            well &= ended.is_ok_and(|status| status.is_ok_and(|status| status.success()));
        }
        Ok(well)
    }
}
