//! `handover`: the shift as Markdown, for the person who comes next.

use std::process::ExitCode;

use chrono::TimeDelta;
use clap::Args;

use super::args::Common;
use super::{Failure, output};
use crate::operations::handover;
use crate::settings::parse_duration;

/// Options of `handover`.
#[derive(Debug, Clone, Args)]
pub struct HandoverArgs {
    /// How far back the shift began, for example 8h.
    #[arg(long, default_value = "8h", value_name = "DURATION", value_parser = back)]
    pub since: TimeDelta,
}

fn back(text: &str) -> Result<TimeDelta, String> {
    let span = parse_duration(text).and_then(|span| TimeDelta::from_std(span).ok());
    span.ok_or_else(|| "a duration is wanted, such as 8h, 90m or 2d".to_owned())
}

pub async fn run(common: &Common, args: &HandoverArgs) -> Result<ExitCode, Failure> {
    let opened = super::open::open(common).await?;
    let shift = handover::gather(opened.db(), args.since).await?;
    opened.close().await?;
    if common.json {
        output::json(&shift)?;
    } else {
        output::line(handover::markdown(&shift).trim_end())?;
    }
    Ok(ExitCode::SUCCESS)
}
