//! `bench`: measures this machine, each figure beside its ceiling, which is measured in the same run, in turns with it.

mod base;
mod console;
mod crash;
mod figure;
mod pipeline;
mod queue;
mod redact;
mod rotation;

use std::process::ExitCode;

use clap::{Args, Subcommand};

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
        What::Console(args) => console::run(common, args).await,
        What::Crash(args) => crash::run(common, args).await,
        What::Pipeline(args) => pipeline::run(common, args).await,
        What::Queue(args) => queue::run(common, args).await,
        What::Redact(args) => redact::run(common, args),
        What::Rotation(args) => rotation::run(common, args).await,
    }
}
