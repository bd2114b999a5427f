//! `throughput`: what lanes did over a span, and how long calls took.

use std::process::ExitCode;

use chrono::TimeDelta;

use super::Failure;
use super::args::{Common, ThroughputArgs};
use super::output::{self, or_dash};
use crate::operations::views::{self, ThroughputRow};

/// The longest span: samples of a minute are kept as long.
const LONGEST: TimeDelta = TimeDelta::days(31);

pub async fn run(common: &Common, args: &ThroughputArgs) -> Result<ExitCode, Failure> {
    let span = TimeDelta::from_std(super::duration(&args.back)?).ok().filter(|span| *span <= LONGEST);
    let span = span.ok_or_else(|| Failure::usage(format!("{} is too long: at most 31 days are kept", args.back)))?;
    let opened = super::open::open(common).await?;
    let rows = views::throughput(opened.db(), span).await?;
    opened.close().await?;
    if common.json {
        output::json(&rows)?;
        return Ok(ExitCode::SUCCESS);
    }
    let line = |r: &ThroughputRow| {
        vec![
            r.lane.clone(),
            r.done.to_string(),
            format!("{:.1}", r.done as f64 / span.num_seconds().max(1) as f64),
            r.failed.to_string(),
            or_dash(r.p50_ms),
            or_dash(r.p95_ms),
            or_dash(r.p99_ms),
            or_dash(r.worst_ms),
            r.deepest.to_string(),
            or_dash(r.oldest_s),
            format!("{:.0}", r.shut * 100.0),
        ]
    };
    let rows: Vec<Vec<String>> = rows.iter().map(line).collect();
    let heads = [
        "lane",
        "done",
        "done/s",
        "failed",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "p95 worst ms",
        "deepest",
        "oldest s",
        "shut %",
    ];
    output::table(&heads, &rows)?;
    Ok(ExitCode::SUCCESS)
}
