//! A signal for a measurement that does not await: it is heard at its next pause, and what was started ends as ever.

use std::process::ExitCode;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::super::Failure;

/// The signal that came; 0 = none.
static TOLD: AtomicI32 = AtomicI32::new(0);

/// Longest time until a signal is heard.
pub const HEARD: Duration = Duration::from_millis(50);

/// Runs a measurement that looks here; after a signal its failure is the signal's exit code, as a shell says it.
pub async fn until_told(measurement: impl Future<Output = Result<ExitCode, Failure>>) -> Result<ExitCode, Failure> {
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        tokio::spawn(listen(signal(kind)?, kind));
    }
    let ended = measurement.await;
    match TOLD.load(Ordering::Relaxed) {
        0 => ended,
        told => Ok(ExitCode::from(u8::try_from(128 + told).unwrap_or(1))),
    }
}

async fn listen(mut signal: Signal, kind: SignalKind) {
    while signal.recv().await.is_some() {
        TOLD.store(kind.as_raw_value(), Ordering::Relaxed);
    }
}

/// Whether a signal has come.
pub fn has_come() -> bool {
    TOLD.load(Ordering::Relaxed) != 0
}

/// Sleeps; fails when a signal comes.
pub fn pause(time: Duration) -> Result<(), Failure> {
    let end = Instant::now() + time;
    loop {
        if has_come() {
            return Err(Failure::new("ended by a signal"));
        }
        match end.saturating_duration_since(Instant::now()) {
            Duration::ZERO => return Ok(()),
            left => std::thread::sleep(left.min(HEARD)),
        }
    }
}

/// Awaits; drops what it awaits, and fails, when a signal comes.
pub async fn unless<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::pin!(work);
    while !has_come() {
        if let Ok(done) = tokio::time::timeout(HEARD, &mut work).await {
            return done;
        }
    }
    Err(Failure::new("ended by a signal"))
}
