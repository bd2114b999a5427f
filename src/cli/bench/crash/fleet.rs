//! The workers: processes of this very program, with short heartbeats, so that a death is noticed within seconds.

use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use super::super::super::Failure;
use super::load::Load;

/// Silence after which the leader takes a worker for dead.
pub const DEAD_AFTER: Duration = Duration::from_millis(1500);
/// How long a worker may take to drain.
const STOP_LIMIT: Duration = Duration::from_secs(30);

const SETTINGS: [(&str, &str); 5] = [
    ("SWITCHBOARD_JOBS__HEARTBEAT", "300ms"),
    ("SWITCHBOARD_JOBS__DEAD_AFTER", "1500ms"),
    ("SWITCHBOARD_JOBS__RETRY_BASE", "100ms"),
    ("SWITCHBOARD_JOBS__RETRY_CAP", "1s"),
    // A death costs a running job an attempt: here workers die all the time, and no job is to end dead for it.
    ("SWITCHBOARD_PROVIDERS__TWILIO__CONCURRENCY_CAP", "16"),
];

pub struct Fleet {
    workers: Vec<Child>,
    /// Workers that ended although nobody killed them: as a rule they found no database when they began.
    pub gave_up: u32,
    program: PathBuf,
    folder: PathBuf,
    variables: Vec<(String, String)>,
}

impl Fleet {
    pub fn start(load: &Load, workers: usize) -> Result<Fleet, Failure> {
        let folder = load.folder().join("workers");
        std::fs::create_dir_all(&folder)?;
        let mut variables: Vec<(String, String)> =
            SETTINGS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        variables.push(("DATABASE_URL".into(), load.url()));
        let accepted = load.sandbox.credential();
        for (name, value) in [
            ("BASE_URL", load.sandbox.url()),
            ("ACCOUNT_SID", accepted.account_sid.clone()),
            ("AUTH_TOKEN", accepted.auth_token.clone()),
        ] {
            variables.push((format!("SWITCHBOARD_PROVIDERS__TWILIO__{name}"), value));
        }
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"] {
            variables.push((name.to_owned(), folder.to_string_lossy().into_owned()));
        }
        variables.push(("PATH".into(), std::env::var("PATH").unwrap_or_default()));
        let mut fleet = Fleet { workers: Vec::new(), gave_up: 0, program: std::env::current_exe()?, folder, variables };
        for _ in 0..workers {
            let worker = fleet.spawn()?;
            fleet.workers.push(worker);
        }
        Ok(fleet)
    }

    fn spawn(&self) -> Result<Child, Failure> {
        let log = File::options().create(true).append(true).open(self.folder.join("stderr"))?;
        let mut command = Command::new(&self.program);
        command.arg("worker").env_clear().envs(self.variables.iter().cloned()).kill_on_drop(true);
        Ok(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn()?)
    }

    fn any(&self) -> usize {
        rand::random_range(0..self.workers.len())
    }

    fn signal(&self, worker: usize, signal: Signal) {
        if let Some(id) = self.workers[worker].id().and_then(|id| i32::try_from(id).ok()) {
            let _ = kill(Pid::from_raw(id), signal);
        }
    }

    /// Starts workers anew that ended by themselves, as a service manager would.
    pub fn supervise(&mut self) -> Result<(), Failure> {
        for worker in 0..self.workers.len() {
            if self.workers[worker].try_wait()?.is_some() {
                self.gave_up += 1;
                self.workers[worker] = self.spawn()?;
            }
        }
        Ok(())
    }

    /// Whether a worker broke: a panic is a defect, whatever was done to it.
    fn panicked(&self) -> bool {
        std::fs::read_to_string(self.folder.join("stderr")).is_ok_and(|log| log.contains("panicked"))
    }

    /// Kills a worker, whatever it does, and starts another in its place.
    pub async fn kill_one(&mut self) -> Result<(), Failure> {
        let worker = self.any();
        self.workers[worker].kill().await?;
        self.workers[worker] = self.spawn()?;
        Ok(())
    }

    /// Stops a worker until it was taken for dead, then lets it go on.
    pub async fn freeze_one(&self) {
        let worker = self.any();
        self.signal(worker, Signal::SIGSTOP);
        tokio::time::sleep(DEAD_AFTER + Duration::from_millis(700)).await;
        self.signal(worker, Signal::SIGCONT);
    }

    /// Tells all to drain; says whether all ended well and none broke.
    pub async fn stop(mut self) -> Result<bool, Failure> {
        for worker in 0..self.workers.len() {
            self.signal(worker, Signal::SIGTERM);
        }
        let mut well = !self.panicked();
        for worker in &mut self.workers {
            let ended = tokio::time::timeout(STOP_LIMIT, worker.wait()).await;
            well &= ended.is_ok_and(|status| status.is_ok_and(|status| status.success()));
        }
        Ok(well)
    }
}
