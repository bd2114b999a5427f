//! `runbook`: what was done in a span of the audit log, as a script that asks before each step.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::args::Common;
use super::{Failure, output};
use crate::operations::runbook::{self, Edge, Wanted};

/// Options of `runbook`.
#[derive(Debug, Clone, Args)]
pub struct RunbookArgs {
    /// Numbers of audit rows, instead of a span.
    #[arg(value_name = "AUDIT_ID", conflicts_with_all = ["since", "until"])]
    pub rows: Vec<i64>,
    /// Where the span begins: so long ago, or a time such as 2026-08-22T11:59:00Z.
    #[arg(long, default_value = "2h", value_name = "WHEN", value_parser = Edge::parse)]
    pub since: Edge,
    /// Where it ends; now without it.
    #[arg(long, value_name = "WHEN", value_parser = Edge::parse)]
    pub until: Option<Edge>,
    /// Only what this login or user did.
    #[arg(long, value_name = "NAME")]
    pub who: Option<String>,
    /// Write it to this new file, which only you may read and run; stdout without it.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

pub async fn run(common: &Common, args: &RunbookArgs) -> Result<ExitCode, Failure> {
    let RunbookArgs { rows, since, until, who, output } = args.clone();
    let opened = super::open::open(common).await?;
    let book = runbook::gather(opened.db(), &Wanted { rows, since, until, who }).await?;
    opened.close().await?;
    let script = runbook::script(&book);
    if let Some(path) = &output {
        write(path, &script).map_err(|e| {
            Failure::new(format!("{} can not be written ({e}); name a file that is not there", path.display()))
        })?;
    }
    if common.json {
        let mut value = serde_json::to_value(&book)?;
        value["script"] = json!(script);
        output::json(&value)?;
    } else if let Some(path) = &output {
        let runs = book.steps.iter().filter(|step| step.command.is_some()).count();
        output::line(&format!("{runs} steps written to {}: sh runs it, and asks before each", path.display()))?;
    } else {
        output::line(script.trim_end())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A file that is there already stays as it is.
fn write(path: &Path, script: &str) -> std::io::Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(0o700).open(path)?;
    file.write_all(script.as_bytes())
}
