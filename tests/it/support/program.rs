//! The built program as a process: nothing of this machine's environment reaches it, and its folders are its own.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use switchboard::sandbox::Sandbox;
use tempfile::TempDir;

use super::{TestDb, binary, eventually};

/// Longer than any command of a test takes.
const LIMIT: Duration = Duration::from_secs(90);

/// Times that let an outage, a retry and the death of a node fit into seconds.
const SHORT_TIMES: [(&str, &str); 6] = [
    ("SWITCHBOARD_JOBS__HEARTBEAT", "300ms"),
    ("SWITCHBOARD_JOBS__DEAD_AFTER", "1500ms"),
    ("SWITCHBOARD_JOBS__RETRY_BASE", "50ms"),
    ("SWITCHBOARD_JOBS__RETRY_CAP", "200ms"),
    ("SWITCHBOARD_BREAKERS__TWILIO__COOL_OFF", "700ms"),
    ("SWITCHBOARD_BREAKERS__TWILIO__COOL_OFF_CAP", "1s"),
];

/// The program with its environment.
pub struct Program {
    home: Arc<TempDir>,
    variables: BTreeMap<String, String>,
    runs: AtomicU32,
}

/// What a command left.
#[derive(Debug)]
pub struct Ran {
    /// Exit code; -1 after a signal.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// A process on its way; killed when it is dropped.
pub struct Running {
    child: Child,
    _home: Arc<TempDir>,
    out: PathBuf,
    err: PathBuf,
}

impl Program {
    /// With folders of its own, and nothing else set.
    pub fn new() -> Program {
        // Short, and open to the user as whom a private server runs.
        let home = tempfile::Builder::new().prefix("sb-").tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(home.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let mut variables = BTreeMap::from([("PATH".to_owned(), std::env::var("PATH").unwrap_or_default())]);
        let path = |name: &str| home.path().join(name).to_string_lossy().into_owned();
        variables.insert("HOME".into(), path("home"));
        for (variable, folder) in [("DATA", "data"), ("CONFIG", "config"), ("STATE", "state"), ("CACHE", "cache")] {
            variables.insert(format!("XDG_{variable}_HOME"), path(folder));
        }
        Program { home: Arc::new(home), variables, runs: AtomicU32::new(0) }
    }

    /// On the database of a test.
    pub fn on(test: &TestDb) -> Program {
        Program::new().with("DATABASE_URL", &test.url)
    }

    /// On the database of a test, with short times, calling `sandbox` with what it accepts.
    pub fn calling(test: &TestDb, sandbox: &Sandbox) -> Program {
        let accepted = sandbox.credential();
        Program::quick(test, &sandbox.url(), &accepted.account_sid, &accepted.auth_token)
    }

    /// The same for any server.
    pub fn quick(test: &TestDb, base_url: &str, account_sid: &str, auth_token: &str) -> Program {
        let mut program = Program::on(test)
            .with("SWITCHBOARD_PROVIDERS__TWILIO__BASE_URL", base_url)
            .with("SWITCHBOARD_PROVIDERS__TWILIO__ACCOUNT_SID", account_sid)
            .with("SWITCHBOARD_PROVIDERS__TWILIO__AUTH_TOKEN", auth_token);
        for (name, value) in SHORT_TIMES {
            program = program.with(name, value);
        }
        program
    }

    /// With a variable set.
    pub fn with(mut self, name: &str, value: &str) -> Program {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With a setting of Twilio's: `TIMEOUT`, `PACKAGES`, `CONCURRENCY_START`.
    pub fn twilio(self, name: &str, value: &str) -> Program {
        self.with(&format!("SWITCHBOARD_PROVIDERS__TWILIO__{name}"), value)
    }

    /// Without a variable.
    pub fn without(mut self, name: &str) -> Program {
        self.variables.remove(name);
        self
    }

    /// Its folder.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// A file of its own with this text; returns the path.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.home().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    }

    /// Its variables, for a terminal of its own.
    pub fn variables(&self) -> Vec<(&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// Starts it.
    pub fn start(&self, arguments: &[&str]) -> Running {
        self.spawn(arguments, Stdio::null())
    }

    /// Starts it with this file as its standard input.
    pub fn start_fed(&self, arguments: &[&str], input: &str) -> Running {
        self.spawn(arguments, File::open(input).unwrap().into())
    }

    /// Runs it to its end.
    pub async fn run(&self, arguments: &[&str]) -> Ran {
        self.start(arguments).ended().await
    }

    /// Runs it with this on its standard input.
    pub async fn fed(&self, arguments: &[&str], input: &str) -> Ran {
        let path = self.file("stdin", input);
        self.spawn(arguments, File::open(path).unwrap().into()).ended().await
    }

    /// Runs it with `--json`, wants exit 0 and one line, and returns the value.
    pub async fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(&[arguments, &["--json"]].concat()).await;
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        ran.json()
    }

    fn spawn(&self, arguments: &[&str], input: Stdio) -> Running {
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let path = |name: &str| self.home().join(format!("{name}.{run}"));
        let (out, err) = (path("out"), path("err"));
        let child = Command::new(binary())
            .args(arguments)
            .env_clear()
            .envs(&self.variables)
            .stdin(input)
            .stdout(File::create(&out).unwrap())
            .stderr(File::create(&err).unwrap())
            .spawn()
            .unwrap();
        Running { child, _home: Arc::clone(&self.home), out, err }
    }
}

impl Running {
    /// Its process.
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).unwrap();
    }

    /// What it has printed so far.
    pub fn output(&self) -> String {
        std::fs::read_to_string(&self.out).unwrap()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    pub async fn ended(mut self) -> Ran {
        let child = &mut self.child;
        let mut code = None;
        eventually(LIMIT, || {
            code = child.try_wait().unwrap();
            std::future::ready(code.is_some())
        })
        .await;
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        Ran { code: code.and_then(|c| c.code()).unwrap_or(-1), out: read(&self.out), err: read(&self.err) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Ran {
    /// The one JSON value on the one line of its output.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.out.lines().count(), 1, "{self:?}");
        serde_json::from_str(&self.out).unwrap()
    }

    /// The one sentence on standard error, after wanting this exit code and an empty output.
    #[track_caller]
    pub fn refusal(&self, code: i32) -> String {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{self:?}");
        let lines: Vec<&str> = self.err.lines().filter(|line| !line.is_empty()).collect();
        assert!(lines.len() == 1 && lines[0].starts_with("switchboard: "), "{self:?}");
        lines[0].trim_start_matches("switchboard: ").to_owned()
    }
}
