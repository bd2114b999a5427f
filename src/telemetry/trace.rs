//! Where log lines go: every event is formatted, redacted, made inert, then written to file, ring and stderr.
//!
//! Redaction stands at the writer, behind the formatting: a line of a dependency has no fields to trust. Times are
//! UTC. Writing never fails the caller and never blocks on the disk (lines beyond the buffer are dropped).

use std::io::{self, Write};
use std::path::PathBuf;

use chrono::{SecondsFormat, Utc};
use tracing::{Level as Gravity, Metadata};
use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, filter::ParseError, fmt};

use super::file::DailyFile;
use super::inert::inert;
use super::redact::{Level, SharedRedactor};
use super::ring::{RING_LINES, RingReader};

/// Dependencies that say much at `info`; a directive of the operator for one of them still wins.
const QUIET: &str = "hyper=warn,hyper_util=warn,h2=warn,reqwest=warn,rustls=warn,sqlx=warn,tower=warn,";

/// How the trace is set up.
#[derive(Debug)]
pub struct TraceOptions {
    /// Folder of the log files.
    pub log_dir: PathBuf,
    /// Filter in the syntax of env-filter, such as `info` or `info,switchboard::queue=debug`.
    pub level: String,
    /// Write to stderr too (`worker`, `serve`).
    pub to_stderr: bool,
    /// The redactor that every line passes.
    pub redactor: SharedRedactor,
    /// Mask e-mail addresses and phone numbers too.
    pub mask_pii: bool,
    /// How many daily files are kept, at least 1.
    pub keep_files: usize,
}

/// Keeps the trace alive; dropping it writes out what is buffered.
#[derive(Debug)]
pub struct TraceGuard {
    /// The last lines, for the log pane.
    pub ring: RingReader,
    _worker: WorkerGuard,
}

/// Why the trace could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The folder or the file can't be made or opened.
    #[error("can't write the log in {dir}: {source}; choose another folder or give this user the right to it")]
    File {
        /// The folder of the log.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The filter can't be read.
    #[error("the log level {level:?} can't be read: {source}; use error, warn, info, debug, trace or target=level")]
    Level {
        /// What was given.
        level: String,
        /// What is wrong with it.
        source: ParseError,
    },
    /// Something else in this process took the trace already.
    #[error("the log is already set up in this process; set it up once, at its start")]
    Twice(#[from] TryInitError),
}

/// Sets up the trace of this process; call it once, keep the guard until the end.
pub fn init(options: TraceOptions) -> Result<TraceGuard, TraceError> {
    let (subscriber, guard) = build(options)?;
    subscriber.try_init()?;
    Ok(guard)
}

/// `$XDG_STATE_HOME/switchboard/log`, or the same below `~/.local/state`; below the folder for temporary files when
/// there is no home.
pub fn log_dir() -> PathBuf {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
    let user = nix::unistd::getuid();
    let base = state.unwrap_or_else(|| std::env::temp_dir().join(format!("switchboard-{user}")));
    base.join("switchboard/log")
}

fn build(options: TraceOptions) -> Result<(impl tracing::Subscriber + Send + Sync, TraceGuard), TraceError> {
    let filter = EnvFilter::try_new(format!("{QUIET}{}", options.level))
        .map_err(|source| TraceError::Level { level: options.level.clone(), source })?;
    let file = DailyFile::open(&options.log_dir, options.keep_files)
        .map_err(|source| TraceError::File { dir: options.log_dir.clone(), source })?;
    let (file, worker) = tracing_appender::non_blocking(file);
    let ring = RingReader::new(RING_LINES);
    let level = if options.mask_pii { Level::SecretsAndPeople } else { Level::Secrets };
    let sink = Sink { redactor: options.redactor, level, file, ring: ring.clone(), to_stderr: options.to_stderr };
    // Time, level and target are written by the sink; it also escapes what must not reach a terminal.
    let layer = fmt::layer()
        .without_time()
        .with_level(false)
        .with_target(false)
        .with_ansi(false)
        .with_ansi_sanitization(false)
        .log_internal_errors(false)
        .with_writer(sink);
    Ok((tracing_subscriber::registry().with(filter).with(layer), TraceGuard { ring, _worker: worker }))
}

/// Where formatted events end.
struct Sink {
    redactor: SharedRedactor,
    level: Level,
    file: NonBlocking,
    ring: RingReader,
    to_stderr: bool,
}

impl Sink {
    fn take(&self, event: &str, gravity: Gravity, target: &str) {
        let redacted = self.redactor.redact(event.trim_end_matches('\n'), self.level);
        let text = inert(&redacted);
        let at = Utc::now();
        self.ring.push(at, gravity, target, &text);
        let time = at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let line = format!("{time} {gravity:>5} {target}: {text}\n");
        // All processes of a machine share the file: each line says whose it is.
        let kept = format!("{time} {gravity:>5} {} {target}: {text}\n", std::process::id());
        // The log must not stop the work: a closed pipe or a full disk loses lines, nothing else.
        _ = self.file.clone().write_all(kept.as_bytes());
        if self.to_stderr {
            _ = io::stderr().lock().write_all(line.as_bytes());
        }
    }
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = EventWriter<'a>;

    fn make_writer(&'a self) -> EventWriter<'a> {
        EventWriter { sink: self, gravity: Gravity::INFO, target: "switchboard".to_owned(), text: Vec::new() }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> EventWriter<'a> {
        EventWriter { sink: self, gravity: *meta.level(), target: meta.target().to_owned(), text: Vec::new() }
    }
}

/// Gathers one whole event, so that a secret can't hide between two writes.
struct EventWriter<'a> {
    sink: &'a Sink,
    gravity: Gravity,
    target: String,
    text: Vec<u8>,
}

impl Write for EventWriter<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for EventWriter<'_> {
    fn drop(&mut self) {
        self.sink.take(&String::from_utf8_lossy(&self.text), self.gravity, &self.target);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::LiveSecret;
    use secrecy::SecretString;

    fn options(dir: &std::path::Path, level: &str, live: &[LiveSecret]) -> TraceOptions {
        TraceOptions {
            log_dir: dir.to_owned(),
            level: level.to_owned(),
            to_stderr: false,
            redactor: SharedRedactor::new(live),
            mask_pii: true,
            keep_files: 7,
        }
    }

    #[test]
    fn file_and_ring_hold_the_line_redacted_and_inert() {
        let temp = tempfile::tempdir().unwrap();
        let secret = "s3cret".repeat(4);
        let live = LiveSecret { kind: "twilio/env".to_owned(), value: SecretString::from(secret.clone()) };
        let (subscriber, guard) = build(options(temp.path(), "info", &[live])).unwrap();
        let dispatch: tracing::Dispatch = subscriber.into();
        tracing::dispatcher::with_default(&dispatch, || {
            tracing::info!(lane = "twilio", "sent {secret} to +15550100123\u{1b}[2J\nnext");
            tracing::info!(target: "hyper::client", "pooled");
            tracing::warn!(target: "hyper::client", "reset");
        });
        let ring = guard.ring.clone();
        drop(dispatch);
        drop(guard);
        let lines = ring.since(0);
        assert_eq!(lines.len(), 2);
        let text = "sent [redacted:twilio/env] to +1•••••••123\\x1b[2J\\nnext lane=\"twilio\"";
        assert_eq!((lines[0].text.as_str(), lines[0].level), (text, Gravity::INFO));
        assert_eq!(lines[1].target, "hyper::client");
        let file = std::fs::read_dir(temp.path()).unwrap().next().unwrap().unwrap().path();
        let written = std::fs::read_to_string(file).unwrap();
        let first = written.lines().next().unwrap();
        let process = std::process::id();
        assert!(first.ends_with(&format!("Z  INFO {process} switchboard::telemetry::trace::tests: {text}")), "{first}");
    }

    #[test]
    fn a_wrong_level_and_an_unwritable_folder_are_told_in_a_sentence() {
        let temp = tempfile::tempdir().unwrap();
        let wrong = build(options(temp.path(), "switchboard=loud", &[])).err().unwrap().to_string();
        assert!(wrong.starts_with("the log level \"switchboard=loud\" can't be read"), "{wrong}");
        let file = temp.path().join("file");
        std::fs::write(&file, "").unwrap();
        let wrong = build(options(&file, "info", &[])).err().unwrap().to_string();
        assert!(wrong.starts_with("can't write the log in "), "{wrong}");
    }
}
