//! `bench console`: drives the built program on a pseudo-terminal, idle and while its pool runs flat out, and measures what a
//! person at the keys would notice. After `--` it drives any other command, as far as the figures apply.

mod drive;
mod pictures;
mod pty;
mod stage;
mod svg;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use super::super::Failure;
use super::super::args::Common;
use super::super::output;
use super::figure::{self, Figure};
use super::told;
use drive::{Key, Measured};
use pty::{Line, Pty};
use rand::RngExt;

/// Options of `bench console`.
#[derive(Debug, Clone, clap::Args)]
pub struct ConsoleBenchArgs {
    /// Contacts in the database.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    contacts: u32,
    /// Keys that are pressed for each distribution.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(10..=10_000))]
    keys: u32,
    /// Seconds of silence that are measured idle; of work, at most 20 are.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(2..=600))]
    seconds: u32,
    /// Instead of measuring: write pictures of the panes of a running demo into this folder, as SVG.
    #[arg(long, value_name = "FOLDER")]
    pictures: Option<PathBuf>,
    /// Another command to drive in the same way.
    #[arg(last = true)]
    command: Vec<String>,
}

/// Columns and rows of the terminal that is measured on.
const SIZE: (u16, u16) = (120, 36);

/// Longest time that is measured while the pool runs: its jobs must not run out.
const BUSY: Duration = Duration::from_secs(20);

/// Measures and prints.
pub async fn run(common: &Common, args: &ConsoleBenchArgs) -> Result<ExitCode, Failure> {
    if let Some(folder) = &args.pictures {
        pictures::take(folder).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let seconds = Duration::from_secs(u64::from(args.seconds));
    let measured = match args.command.is_empty() {
        true => ours(args, seconds).await?,
        false => vec![other(args, seconds)?],
    };
    let echo = drive::echo(args.keys)?;
    let figures: Vec<Figure> = measured.iter().flat_map(|m| m.figures(&echo)).collect();
    if !common.json {
        for line in measured.iter().map(Measured::says) {
            output::line(&line)?;
        }
    }
    figure::print(&figures, common.json)?;
    Ok(ExitCode::SUCCESS)
}

/// The built program: idle, on a slow link, and while its pool runs flat out.
async fn ours(args: &ConsoleBenchArgs, seconds: Duration) -> Result<Vec<Measured>, Failure> {
    let stage = stage::Stage::open(args.contacts).await?;
    let measured = match told::unless(stage.set(args.contacts)).await {
        Ok(()) => on_stage(&stage, args, seconds).await,
        Err(failure) => Err(failure),
    };
    stage.strike().await?;
    measured
}

async fn on_stage(stage: &stage::Stage, args: &ConsoleBenchArgs, seconds: Duration) -> Result<Vec<Measured>, Failure> {
    let keys = [Key::new("8", "Fleet:"), Key::new("9", "Usage by day")];
    let rows = stage.rows().await?;
    let idle = {
        let mut pty = Pty::start(&stage.console(&["--no-workers"])?, SIZE, Line::DIRECT)?;
        let mut measured = Measured::begin("idle", rows.clone(), &pty, "LIVE")?;
        measured.quiet(&mut pty, seconds)?;
        measured.keys(&mut pty, &keys, args.keys)?;
        measured.moves(&mut pty, "4", "+1", 20)?;
        for reason in ["bench one", "bench two", "bench three"] {
            // Until the console is at its idle pace again, and at any moment of it.
            told::pause(Duration::from_millis(rand::rng().random_range(6_000..10_000)))?;
            stage.open_breaker(reason).await?;
            measured.seen(&pty, "1", reason)?;
            stage.close_breaker().await?;
        }
        measured.end(pty)?
    };
    let slow = {
        let mut pty = Pty::start(&stage.console(&["--no-workers"])?, SIZE, Line::SLOW)?;
        let mut measured =
            Measured::begin("slow link", format!("{rows}, 8 KB/s and 300 ms there and back"), &pty, "LIVE")?;
        measured.keys(&mut pty, &keys, 20.min(args.keys))?;
        measured.end(pty)?
    };
    let jobs = told::unless(stage.load()).await?;
    let busy = {
        let mut pty = Pty::start(&stage.console(&[])?, SIZE, Line::DIRECT)?;
        let mut measured = Measured::begin("busy", String::new(), &pty, "LIVE")?;
        let before = stage.done().await?;
        measured.quiet(&mut pty, seconds.min(BUSY))?;
        measured.keys(&mut pty, &keys, args.keys)?;
        let rate = (stage.done().await? - before) as f64 / measured.lasted().as_secs_f64();
        measured.what =
            format!("{} jobs at the start, {rate:.0} jobs/s done while it was measured", output::thousands(jobs));
        measured.end(pty)?
    };
    Ok(vec![idle, slow, busy])
}

/// Any other command: nothing is known of its screen, so any byte after a key counts as its answer.
fn other(args: &ConsoleBenchArgs, seconds: Duration) -> Result<Measured, Failure> {
    let (program, arguments) = args.command.split_first().ok_or_else(|| Failure::new("name a command after --"))?;
    let mut pty = Pty::start(&pty::Started::new(program, arguments), SIZE, Line::DIRECT)?;
    let mut measured = Measured::begin("other", args.command.join(" "), &pty, "")?;
    measured.quiet(&mut pty, seconds)?;
    measured.keys(&mut pty, &[Key::new("j", ""), Key::new("k", "")], args.keys)?;
    measured.end(pty)
}
