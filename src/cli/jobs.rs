//! `jobs`: list, show, retry.

use std::process::ExitCode;

use super::Failure;
use super::args::{Common, JobsArgs, JobsVerb};
use super::confirm::act;
use super::output;
use crate::catalogue;
use crate::database::Db;
use crate::operations::actions::{Action, JobTarget};
use crate::operations::views;

pub async fn run(common: &Common, args: &JobsArgs) -> Result<ExitCode, Failure> {
    let named = match &args.verb {
        JobsVerb::List { lane, .. } | JobsVerb::Retry { lane, .. } => lane.as_deref(),
        JobsVerb::Show { .. } => None,
    };
    if let Some(unknown) = named.filter(|name| !catalogue::lanes().any(|lane| lane == *name)) {
        return Err(Failure::new(catalogue::no_such_lane(unknown)));
    }
    let opened = super::open::open(common).await?;
    match &args.verb {
        JobsVerb::List { lane, state, limit } => {
            list(opened.db(), common, (lane.as_deref(), state.as_deref()), *limit).await?
        }
        JobsVerb::Show { id } => show(opened.db(), common, *id).await?,
        JobsVerb::Retry { ids, lane, all } => {
            if ids.is_empty() && lane.is_none() && !all {
                return Err(Failure::usage("say which dead jobs: their numbers, --lane LANE or --all"));
            }
            let target =
                if ids.is_empty() { JobTarget::Dead { lane: lane.clone() } } else { JobTarget::Ids(ids.clone()) };
            act(opened.db(), common, Action::RetryJobs { target }, None).await?;
        }
    }
    opened.close().await?;
    Ok(ExitCode::SUCCESS)
}

async fn list(db: &Db, common: &Common, which: (Option<&str>, Option<&str>), limit: i64) -> Result<(), Failure> {
    let page = views::jobs(db, which.0, which.1, None, limit).await?;
    if common.json {
        return output::json(&page.rows);
    }
    let rows: Vec<Vec<String>> = page
        .rows
        .iter()
        .map(|j| {
            vec![
                j.id.to_string(),
                j.lane.clone(),
                j.kind.clone(),
                j.state.clone(),
                j.phone.clone().unwrap_or_default(),
                format!("{} of {}", j.attempt, j.max_attempts),
                j.run_at.format("%H:%M:%SZ").to_string(),
                j.last_error.clone().unwrap_or_default(),
            ]
        })
        .collect();
    output::table(&["job", "lane", "step", "state", "number", "attempt", "runs at", "last error"], &rows)
}

async fn show(db: &Db, common: &Common, id: i64) -> Result<(), Failure> {
    let Some(detail) = views::job(db, id).await? else {
        return Err(Failure::new(format!("there is no live or dead job {id}: it has finished, or never was")));
    };
    if common.json {
        return output::json(&detail);
    }
    let j = &detail.job;
    output::line(&format!(
        "job {} in lane {}: {} of contact {}, {}, attempt {} of {}",
        j.id, j.lane, j.kind, j.contact_id, j.state, j.attempt, j.max_attempts
    ))?;
    let rows: Vec<Vec<String>> = detail
        .failures
        .iter()
        .map(|f| {
            let note = if f.probe {
                "probe"
            } else if f.burnt {
                ""
            } else {
                "not counted"
            };
            vec![
                f.attempt.to_string(),
                f.started_at.format("%H:%M:%SZ").to_string(),
                format!("{}ms", f.took_ms),
                note.to_owned(),
                f.message.clone(),
            ]
        })
        .collect();
    output::table(&["attempt", "began", "took", "", "error"], &rows)
}
