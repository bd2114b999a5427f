//! `console`: the full-screen console, with a worker pool in the same process.

use std::process::ExitCode;

use tokio::runtime::Runtime;

use super::Failure;
use super::args::{Common, ConsoleArgs};

pub fn run(_common: &Common, _args: &ConsoleArgs, _runtime: &Runtime) -> Result<ExitCode, Failure> {
    Err(Failure::new("the console comes with the next change"))
}
