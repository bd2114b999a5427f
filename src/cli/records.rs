//! `timeline`, `audit`, `nodes`, `undo`: what happened, who did it, who is there, and taking it back.

use std::process::ExitCode;

use super::Failure;
use super::args::{AuditArgs, Common, NodesArgs, NodesVerb, RecordsArgs};
use super::output;
use crate::operations::actions::{self, Action, Actor};
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

pub async fn audit(common: &Common, args: &AuditArgs) -> Result<ExitCode, Failure> {
    if args.verify {
        return verify(common, args.head.as_deref()).await;
    }
    let args = &args.records;
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

/// Walks the audit log's chain; 1 when it is broken.
async fn verify(common: &Common, noted: Option<&str>) -> Result<ExitCode, Failure> {
    let noted = noted.map(parse_head).transpose()?;
    let opened = super::open::open(common).await?;
    let chain = views::audit_chain(opened.db(), noted).await?;
    opened.close().await?;
    if common.json {
        output::json(&chain)?;
    } else {
        let verdict = chain.problem.as_deref().unwrap_or("no row was changed and none is missing");
        output::line(&format!("{} rows checked: {verdict}", chain.rows))?;
        output::line(&format!("head {}:{}", chain.head_seq, chain.head))?;
    }
    Ok(if chain.whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn parse_head(text: &str) -> Result<(i64, String), Failure> {
    let parts = text.trim().split_once(':').and_then(|(seq, hash)| Some((seq.parse().ok()?, hash)));
    match parts {
        Some((seq, hash)) if hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            Ok((seq, hash.to_owned()))
        }
        _ => Err(Failure::usage(format!(
            "{text} is no head: give what `switchboard audit --verify` printed, such as 41:ab12…"
        ))),
    }
}

pub async fn nodes(common: &Common, args: &NodesArgs) -> Result<ExitCode, Failure> {
    let opened = super::open::open(common).await?;
    let action = match args.verb.clone() {
        None | Some(NodesVerb::List) => None,
        Some(NodesVerb::Quiet { node, reason }) => Some(Action::QuietNode { node, reason }),
        Some(NodesVerb::Wake { node }) => Some(Action::WakeNode { node }),
        Some(NodesVerb::Drain { node, reason }) => Some(Action::DrainNode { node, reason }),
    };
    if let Some(action) = action {
        super::confirm::act(opened.db(), common, action, None).await?;
        opened.close().await?;
        return Ok(ExitCode::SUCCESS);
    }
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
                n.wish.as_ref().map_or_else(|| n.state.clone(), |wish| format!("{}, {wish}", n.state)),
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
