//! `status`: everything at one glance.

use std::process::ExitCode;

use super::Failure;
use super::args::Common;
use super::lanes::print_lanes;
use super::output::{self, thousands};
use crate::operations::views;

pub async fn run(common: &Common) -> Result<ExitCode, Failure> {
    let opened = super::open::open(common).await?;
    let status = views::status(opened.db()).await?;
    opened.close().await?;
    if common.json {
        output::json(&status)?;
        return Ok(ExitCode::SUCCESS);
    }
    let c = status.contacts;
    let production = if status.environment.production { ", production" } else { "" };
    output::line(&format!("environment {}{production}", status.environment.name))?;
    output::line(&format!(
        "contacts    {} pending, {} processing, {} completed, {} failed",
        thousands(c.pending),
        thousands(c.processing),
        thousands(c.completed),
        thousands(c.failed)
    ))?;
    output::line(&format!("spent today ${:.2}", status.cost_today))?;
    let leader = match &status.leader {
        Some(l) if l.present => format!("led by {}", l.node),
        Some(l) => format!("no leader since {}", l.until.format("%H:%M:%SZ")),
        None => "no leader yet".into(),
    };
    output::line(&format!("nodes       {} ({leader})", status.nodes.iter().filter(|n| n.state == "live").count()))?;
    for alert in &status.alerts {
        output::line(&format!("ALERT       {}: {} {}", alert.severity, alert.subject, alert.summary))?;
    }
    output::line("")?;
    print_lanes(&status.lanes)?;
    Ok(ExitCode::SUCCESS)
}
