//! The server's process: is it there, is it ours, start it, stop it.
//!
//! It gets a process group of its own, so that the terminal's Ctrl-C never reaches it, and is waited for by a thread, so that
//! it is no zombie when another process ends it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::binaries::{self, Binaries};
use super::cluster;
use super::place::{Place, failed};
use crate::database::Result;

/// The log starts anew beyond this size; with these settings the server writes a few lines a day.
const LOG_LIMIT_BYTES: u64 = 4 * 1024 * 1024;

/// How long the end of a server is waited for that was given up while it started.
const GIVE_UP_LIMIT: Duration = Duration::from_secs(2);

/// What `postmaster.pid` says: <https://www.postgresql.org/docs/current/storage-file-layout.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Postmaster {
    pub(super) pid: i32,
    pub(super) socket_folder: PathBuf,
}

impl Postmaster {
    /// The server that the data folder names, if it names any.
    pub(super) fn read(data: &Path) -> Option<Postmaster> {
        let text = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok().filter(|pid| *pid > 0)?;
        Some(Postmaster { pid, socket_folder: PathBuf::from(lines.nth(3).unwrap_or("").trim()) })
    }

    /// Whether this process lives and is a server on this very data folder, not a stranger who got its number.
    pub(super) fn is_alive(&self, data: &Path) -> bool {
        let (Ok(()) | Err(Errno::EPERM)) = kill(Pid::from_raw(self.pid), None) else { return false };
        command_line(self.pid).is_some_and(|line| line.contains("postgres") && line.contains(&*data.to_string_lossy()))
    }

    /// Asks for a fast shutdown (clients are sent away, data is written) and waits for the end of the process.
    pub(super) fn stop(&self, data: &Path, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let pid = Pid::from_raw(self.pid);
        if !self.is_alive(data) || kill(pid, Signal::SIGINT).is_err() {
            return true;
        }
        while Instant::now() < deadline {
            if Postmaster::read(data).is_none_or(|now| now.pid != self.pid) || !self.is_alive(data) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        false
    }
}

/// Makes a lock file harmless whose number now belongs to a stranger. The file stays, since PostgreSQL reads from it whether
/// an old backend still lives; a number that is its own parent's it takes for stale.
pub(super) fn disown(data: &Path, stale: &Postmaster) -> Result<()> {
    let path = data.join("postmaster.pid");
    let text = std::fs::read_to_string(&path).map_err(|cause| failed("read", &path, &cause))?;
    let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    tracing::warn!(pid = stale.pid, "took over the lock of a private database whose server is gone");
    // Root writes here where another user may: a link that it left must not lead elsewhere.
    let opened = OpenOptions::new().write(true).truncate(true).custom_flags(OFlag::O_NOFOLLOW.bits()).open(&path);
    let text = format!("{}\n{rest}", std::process::id());
    opened.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|cause| failed("write", &path, &cause))
}

/// A server on its way up. Dropped before it answers, it is ended: its lock file may still be empty, so that nobody else
/// would find it.
pub(super) struct Starting {
    pid: Pid,
    ended: mpsc::Receiver<String>,
    /// It answers or has ended: there is nothing to give up.
    settled: bool,
}

impl Starting {
    /// How its process ended, if it did.
    pub(super) fn ended(&mut self) -> Option<String> {
        let status = self.ended.try_recv().ok();
        self.settled |= status.is_some();
        status
    }

    /// It answers: from now on its lock file tells of it.
    pub(super) fn answers(mut self) {
        self.settled = true;
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if !self.settled && kill(self.pid, Signal::SIGINT).is_ok() {
            drop(self.ended.recv_timeout(GIVE_UP_LIMIT));
        }
    }
}

/// Starts the server.
pub(super) fn spawn(place: &Place, binaries: &Binaries, durable: bool) -> Result<Starting> {
    let log = open_log(&place.log())?;
    let errors = log.try_clone().map_err(|cause| failed("open", &place.log(), &cause))?;
    let mut command = cluster::command(place, &binaries.folder.join("postgres"));
    command.arg("-D").arg(place.data()).process_group(0).stdout(log).stderr(errors);
    for (name, value) in settings(place, binaries, durable)? {
        command.arg("-c").arg(format!("{name}={value}"));
    }
    let mut child = command.spawn().map_err(|cause| failed("start the server in", &place.home, &cause))?;
    let (ended, receiver) = mpsc::channel();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX));
    std::thread::spawn(move || {
        let status = child.wait().map(|s| s.signal().map_or(format!("{s}"), |signal| format!("signal {signal}")));
        drop(ended.send(status.unwrap_or_else(|cause| cause.to_string())));
    });
    Ok(Starting { pid, ended: receiver, settled: false })
}

/// The last complaint in the log, for the sentence about a server that did not start.
pub(super) fn last_complaint(place: &Place) -> String {
    let read = || {
        let mut file = File::open(place.log()).ok()?;
        let length = file.metadata().ok()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(4096))).ok()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let said = text.lines().rev().find_map(|line| line.split_once("FATAL:").or_else(|| line.split_once("PANIC:")));
        said.map(|(_, complaint)| complaint.trim().to_owned()).or_else(|| text.lines().last().map(str::to_owned))
    };
    read().unwrap_or_else(|| "it left no word".into())
}

fn open_log(path: &Path) -> Result<File> {
    let log = OpenOptions::new().create(true).append(true).open(path).map_err(|cause| failed("open", path, &cause))?;
    if log.metadata().is_ok_and(|found| found.len() > LOG_LIMIT_BYTES) {
        log.set_len(0).map_err(|cause| failed("empty", path, &cause))?;
    }
    Ok(log)
}

fn settings(place: &Place, binaries: &Binaries, durable: bool) -> Result<Vec<(&'static str, String)>> {
    let mut all: Vec<(&str, String)> = [
        ("listen_addresses", ""),
        ("port", "5432"),
        ("unix_socket_permissions", "0700"),
        ("max_connections", "200"),
        ("shared_buffers", "256MB"),
        // At the default of 1 GB a queue at full speed forces a checkpoint every seven seconds, and writes whole pages after each.
        ("max_wal_size", "4GB"),
        ("jit", "off"),
        ("timezone", "UTC"),
        ("log_timezone", "UTC"),
        ("logging_collector", "off"),
        ("log_min_messages", "log"),
        ("log_checkpoints", "off"),
        ("log_autovacuum_min_duration", "-1"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec();
    all.push(("unix_socket_directories", format!("\"{}\"", place.socket_folder()?.display())));
    if binaries::has_statement_statistics(binaries) {
        all.push(("shared_preload_libraries", "pg_stat_statements".into()));
    }
    if !durable {
        all.extend(["fsync", "synchronous_commit", "full_page_writes"].map(|name| (name, "off".to_owned())));
    }
    Ok(all)
}

/// A process's command line: from /proc, or from `ps` where there is none.
fn command_line(pid: i32) -> Option<String> {
    if Path::new("/proc/self").exists() {
        let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        return Some(String::from_utf8_lossy(&bytes).replace('\0', " "));
    }
    let output = Command::new("ps")
        .args(["-o", "command=", "-p", &pid.to_string()])
        .env_clear()
        .envs(binaries::inherited())
        .output()
        .ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}
