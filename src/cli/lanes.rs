//! `lanes`: list, pause, resume, scale, rate, budget.

use std::process::ExitCode;

use super::Failure;
use super::args::{Common, LanesArgs, LanesVerb};
use super::confirm::act;
use super::output::{self, or_dash, thousands};
use crate::operations::actions::Action;
use crate::operations::views::{self, LaneView};

pub async fn run(common: &Common, args: &LanesArgs) -> Result<ExitCode, Failure> {
    let action = match &args.verb {
        LanesVerb::List => None,
        LanesVerb::Pause { lane, reason } => Some(Action::PauseLane { lane: lane.clone(), reason: reason.clone() }),
        LanesVerb::Resume { lane } => Some(Action::ResumeLane { lane: lane.clone() }),
        LanesVerb::Scale { lane, concurrency, per_node } => {
            let (lane, concurrency) = (lane.clone(), parse_concurrency(concurrency)?);
            Some(Action::ScaleLane { lane, concurrency, per_node: *per_node })
        }
        LanesVerb::Budget { lane, usd } => Some(Action::BudgetLane { lane: lane.clone(), usd: parse_budget(usd)? }),
        LanesVerb::Rate { lane, rate } => Some(Action::RateLane { lane: lane.clone(), rate: parse_rate(rate)? }),
    };
    let opened = super::open::open(common).await?;
    match action {
        Some(action) => {
            act(opened.db(), common, action, None).await?;
        }
        None => {
            let lanes = views::lanes(opened.db()).await?;
            if common.json { output::json(&lanes)? } else { print_lanes(&lanes)? }
        }
    }
    opened.close().await?;
    Ok(ExitCode::SUCCESS)
}

fn parse_concurrency(text: &str) -> Result<Option<i32>, Failure> {
    if text == "auto" {
        return Ok(None);
    }
    match text.parse::<i32>() {
        Ok(n) if (0..=10_000).contains(&n) => Ok(Some(n)),
        _ => Err(Failure::usage(format!("{text} is no concurrency: write a number from 0 to 10000, or auto"))),
    }
}

fn parse_budget(text: &str) -> Result<Option<f64>, Failure> {
    if text == "auto" {
        return Ok(None);
    }
    match text.trim_start_matches('$').parse::<f64>() {
        Ok(usd) if usd > 0.0 && usd <= 1e9 => Ok(Some(usd)),
        _ => Err(Failure::usage(format!("{text} is no budget: write dollars a day above 0, or auto"))),
    }
}

fn parse_rate(text: &str) -> Result<Option<f64>, Failure> {
    if text == "auto" {
        return Ok(None);
    }
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= 1e6 => Ok(Some(rate)),
        _ => Err(Failure::usage(format!("{text} is no rate: write calls a second above 0, or auto"))),
    }
}

pub(super) fn print_lanes(lanes: &[LaneView]) -> Result<(), Failure> {
    let rows: Vec<Vec<String>> = lanes
        .iter()
        .map(|l| {
            vec![
                l.lane.clone(),
                l.state.clone(),
                thousands(l.depth),
                thousands(l.running),
                thousands(l.scheduled),
                thousands(l.dead),
                or_dash(l.oldest_s.map(|s| format!("{s}s"))),
                or_dash(l.done_per_s.map(|r| format!("{r:.1}"))),
                or_dash(l.p95_ms.map(|ms| format!("{ms}ms"))),
                l.reason.clone().unwrap_or_default(),
            ]
        })
        .collect();
    output::table(
        &["lane", "state", "depth", "running", "scheduled", "dead", "oldest", "done/s", "p95", "reason"],
        &rows,
    )
}
