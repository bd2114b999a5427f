//! `timeline`, `audit`, `nodes`, `undo`: what happened, who did it, who is there, and taking it back.

use std::process::ExitCode;

use super::Failure;
use super::args::{Common, RecordsArgs};
use super::output;
use crate::operations::actions::{self, Actor};
use crate::operations::views;

pub async fn timeline(common: &Common, args: &RecordsArgs) -> Result<ExitCode, Failure> {
    let opened = super::open::open(common).await?;
    let lines = views::timeline(opened.db(), args.before, args.limit).await?;
    opened.close().await?;
    if common.json {
        output::json(&lines)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|l| {
            vec![
                l.at.format("%Y-%m-%d %H:%M:%SZ").to_string(),
                l.kind.clone(),
                l.severity.clone(),
                l.subject.clone(),
                l.actor.clone(),
                l.summary.clone(),
            ]
        })
        .collect();
    output::table(&["at", "kind", "severity", "what", "by", "summary"], &rows)?;
    Ok(ExitCode::SUCCESS)
}

pub async fn audit(common: &Common, args: &RecordsArgs) -> Result<ExitCode, Failure> {
    let opened = super::open::open(common).await?;
    let lines = views::audit(opened.db(), args.before, args.limit).await?;
    opened.close().await?;
    if common.json {
        output::json(&lines)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|l| {
            let user = l.claimed["user"].as_str().unwrap_or("-").to_owned();
            vec![
                l.id.to_string(),
                l.at.format("%Y-%m-%d %H:%M:%SZ").to_string(),
                l.login.clone(),
                user,
                l.verb.clone(),
                l.target.clone(),
                l.radius.to_string(),
                l.result.clone(),
            ]
        })
        .collect();
    output::table(&["audit", "at", "login", "claimed", "verb", "target", "changed", "result"], &rows)?;
    Ok(ExitCode::SUCCESS)
}

pub async fn nodes(common: &Common) -> Result<ExitCode, Failure> {
    let opened = super::open::open(common).await?;
    let nodes = views::nodes(opened.db()).await?;
    opened.close().await?;
    if common.json {
        output::json(&nodes)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = nodes
        .iter()
        .map(|n| {
            vec![
                n.node.clone(),
                n.kind.clone(),
                n.version.clone(),
                n.state.clone(),
                format!("{:.0}s", n.heartbeat_age_s),
                n.in_flight.to_string(),
            ]
        })
        .collect();
    output::table(&["node", "kind", "version", "state", "heartbeat", "in flight"], &rows)?;
    Ok(ExitCode::SUCCESS)
}

pub async fn undo(common: &Common, audit_id: i64) -> Result<ExitCode, Failure> {
    let opened = super::open::open(common).await?;
    let receipt = actions::undo(opened.db(), audit_id, &Actor::here("command line")).await?;
    opened.close().await?;
    if common.json {
        output::json(&receipt)?;
    } else {
        output::line(&format!("{} (audit {})", receipt.summary, receipt.audit_id))?;
    }
    Ok(ExitCode::SUCCESS)
}
