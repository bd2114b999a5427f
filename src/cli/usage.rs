//! `usage`: calls, answers of the cache and cost by provider and day.

use std::process::ExitCode;

use super::Failure;
use super::args::{Common, UsageArgs};
use super::output::{self, or_dash};
use crate::operations::views;

pub async fn run(common: &Common, args: &UsageArgs) -> Result<ExitCode, Failure> {
    let opened = super::open::open(common).await?;
    let rows = views::spend(opened.db(), args.days).await?;
    opened.close().await?;
    if common.json {
        output::json(&rows)?;
        return Ok(ExitCode::SUCCESS);
    }
    let line = |r: &views::SpendRow| {
        vec![
            r.day.to_string(),
            r.provider.clone(),
            r.calls.to_string(),
            r.failures.to_string(),
            r.cached.to_string(),
            format!("{:.4}", r.cost),
            or_dash(r.mean_ms),
        ]
    };
    let rows: Vec<Vec<String>> = rows.iter().map(line).collect();
    output::table(&["day", "provider", "calls", "failed", "cached", "usd", "mean ms"], &rows)?;
    Ok(ExitCode::SUCCESS)
}
