//! `bench`: measures this machine, each figure beside its ceiling, which is measured in the same run, in turns with it.

mod base;
mod console;
mod crash;
mod figure;
mod panic;
mod pipeline;
mod queue;
mod redact;
mod rotation;
mod told;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use super::Failure;
use super::args::Common;

/// Options of `bench`.
#[derive(Debug, Clone, Args)]
pub struct BenchArgs {
    /// What to measure.
    #[command(subcommand)]
    pub what: What,
}

/// What can be measured.
#[derive(Debug, Clone, Subcommand)]
pub enum What {
    /// The console on a pseudo-terminal: key to screen, bytes, processor time, memory; also pictures of its panes.
    Console(console::ConsoleBenchArgs),
    /// Kill, freeze and cut off workers, restart their database, and account for every job.
    Crash(crash::CrashArgs),
    /// Break on purpose while credentials are loaded, and quote them: the report must show none.
    #[command(hide = true)]
    Panic,
    /// What the pipeline promises: outages that cost nothing, recovery without a burst, lanes side by side, the cache.
    Pipeline(pipeline::PipelineArgs),
    /// The job engine: enqueue, drain, pickup, waiting handlers.
    Queue(queue::QueueArgs),
    /// The redactor on one core: ordinary lines beside a plain copy, and the worst ones.
    Redact(redact::RedactBenchArgs),
    /// Turn credentials under full load: failed lookups, and how soon every worker calls with the new one.
    Rotation(rotation::RotationArgs),
}

/// Measures and prints.
pub async fn run(common: &Common, args: &BenchArgs) -> Result<ExitCode, Failure> {
    match &args.what {
        What::Console(args) => told::until_told(console::run(common, args)).await,
        What::Crash(args) => until_told(crash::run(common, args)).await,
        What::Panic => panic::run(common).await,
        What::Pipeline(args) => until_told(pipeline::run(common, args)).await,
        What::Queue(args) => until_told(queue::run(common, args)).await,
        What::Redact(args) => redact::run(common, args),
        What::Rotation(args) => until_told(rotation::run(common, args)).await,
    }
}

/// A signal ends the measurement with all that it started: what is dropped kills its processes and stops its server.
async fn until_told(measurement: impl Future<Output = Result<ExitCode, Failure>>) -> Result<ExitCode, Failure> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let told = tokio::select! {
        ended = measurement => return ended,
        _ = term.recv() => SignalKind::terminate(),
        _ = int.recv() => SignalKind::interrupt(),
    };
    // As a shell says it: 128 and the signal.
    Ok(ExitCode::from(u8::try_from(128 + told.as_raw_value()).unwrap_or(1)))
}
