//! `jobs`: list, show, dead, and what is done to them.

use std::process::ExitCode;

use chrono::{DateTime, Utc};

use super::Failure;
use super::args::{Common, EditJob, JobsArgs, JobsVerb, WhichJobs};
use super::confirm::act;
use super::output::{self, thousands};
use crate::catalogue;
use crate::contacts::filter::{Filter, JOBS};
use crate::database::Db;
use crate::operations::actions::{Action, JobChange, JobTarget, run_at};
use crate::operations::views::{self, JobPage};

pub async fn run(common: &Common, args: &JobsArgs) -> Result<ExitCode, Failure> {
    let action = match &args.verb {
        JobsVerb::List { lane, .. } | JobsVerb::Dead { lane } => {
            known(lane.as_deref())?;
            None
        }
        JobsVerb::Show { .. } | JobsVerb::Edit { .. } => None,
        JobsVerb::Retry(which) => Some(Action::RetryJobs { target: dead_target(which)? }),
        JobsVerb::Cancel(which) => Some(Action::CancelJobs { target: target(which)? }),
        JobsVerb::Discard(which) => Some(Action::DiscardJobs { target: dead_target(which)? }),
        JobsVerb::Reprioritise { which, priority } => {
            Some(Action::ReprioritiseJobs { target: target(which)?, priority: *priority })
        }
    };
    let opened = super::open::open(common).await?;
    let db = opened.db();
    match (action, &args.verb) {
        (Some(action), _) => {
            let action = action.dated(super::open::anchor(&opened.settings))?;
            act(db, common, action, None).await?;
        }
        (None, JobsVerb::Edit { id, change }) => {
            let now = super::ends(db, std::time::Duration::ZERO).await?;
            act(db, common, Action::EditJob { job: *id, change: changed(change, now)? }, None).await?;
        }
        (None, JobsVerb::Show { id }) => show(db, common, *id).await?,
        (None, JobsVerb::Dead { lane }) => dead(db, common, lane.as_deref()).await?,
        (None, JobsVerb::List { filter: Some(filter), limit, .. }) => {
            let filter = Filter::parse_for(&JOBS, filter, super::open::anchor(&opened.settings))?;
            print(common, &views::jobs_matching(db, &filter, None, *limit).await?)?;
        }
        (None, JobsVerb::List { lane, state, limit, .. }) => {
            print(common, &views::jobs(db, lane.as_deref(), state.as_deref(), None, *limit).await?)?;
        }
        _ => {}
    }
    opened.close().await?;
    Ok(ExitCode::SUCCESS)
}

fn changed(change: &EditJob, now: DateTime<Utc>) -> Result<JobChange, Failure> {
    let EditJob { priority, at, attempts, source, fresh } = change.clone();
    let run_at = at.map(|at| run_at(&at, now)).transpose().map_err(Failure::usage)?;
    Ok(JobChange { priority, run_at, attempts, source, fresh: fresh.map(|fresh| fresh == "yes") })
}

fn known(lane: Option<&str>) -> Result<(), Failure> {
    match lane.filter(|name| !catalogue::lanes().any(|lane| lane == *name)) {
        Some(unknown) => Err(Failure::new(catalogue::no_such_lane(unknown))),
        None => Ok(()),
    }
}

/// The verb itself says which states it is for.
fn target(which: &WhichJobs) -> Result<JobTarget, Failure> {
    known(which.lane.as_deref())?;
    Ok(match (&which.lane, &which.filter) {
        (Some(lane), _) => JobTarget::Filter(format!("lane:{lane}")),
        (None, Some(filter)) => JobTarget::Filter(filter.clone()),
        (None, None) if which.ids.is_empty() => JobTarget::Filter(String::new()),
        (None, None) => JobTarget::Ids(which.ids.clone()),
    })
}

/// For verbs that are for dead jobs alone.
fn dead_target(which: &WhichJobs) -> Result<JobTarget, Failure> {
    let all = which.filter.is_none() && which.ids.is_empty();
    if all {
        known(which.lane.as_deref()).map(|()| JobTarget::Dead { lane: which.lane.clone() })
    } else {
        target(which)
    }
}

async fn dead(db: &Db, common: &Common, lane: Option<&str>) -> Result<(), Failure> {
    let groups = views::dead_groups(db, lane).await?;
    if common.json {
        return output::json(&groups);
    }
    let rows: Vec<Vec<String>> = groups
        .iter()
        .map(|g| vec![thousands(g.count), g.lane.clone(), g.example.to_string(), g.error.clone()])
        .collect();
    output::table(&["jobs", "lane", "for example", "error"], &rows)
}

fn print(common: &Common, page: &JobPage) -> Result<(), Failure> {
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
                j.priority.to_string(),
                format!("{} of {}", j.attempt, j.max_attempts),
                j.run_at.format("%H:%M:%SZ").to_string(),
                j.last_error.clone().unwrap_or_default(),
            ]
        })
        .collect();
    output::table(&["job", "lane", "step", "state", "number", "first", "attempt", "runs at", "last error"], &rows)
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
    let asks = Some(detail.asks()).filter(|asks| !asks.is_empty()).map_or_else(String::new, |asks| format!("; {asks}"));
    output::line(&format!("priority {}, runs at {}{asks}", j.priority, j.run_at.format("%m-%d %H:%M:%SZ")))?;
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
