//! `lookup`: enqueue lookups of what matches.

use std::process::ExitCode;

use super::Failure;
use super::args::{Common, LookupArgs};
use super::confirm::act;
use crate::contacts::filter::Filter;
use crate::operations::actions::{Action, Limits, LookUp};
use crate::settings::Settings;

pub async fn run(common: &Common, args: &LookupArgs) -> Result<ExitCode, Failure> {
    let opened = super::open::open(common).await?;
    let limits = limits(&opened.settings);
    // Times become absolute here, with the days of the setting `time_zone`.
    let filter = args.which.filter.as_deref().unwrap_or_default();
    let filter = Filter::parse(filter, super::open::anchor(&opened.settings))?.text();
    let wish = LookUp {
        filter,
        again: args.again,
        packages: opened.settings.provider("twilio").lookup.packages.join(","),
        attempts: limits.attempts,
        lane_limit: limits.lane_limit,
    };
    act(opened.db(), common, Action::LookUp(wish), args.max_cost).await?;
    opened.close().await?;
    Ok(ExitCode::SUCCESS)
}

/// How far lookups may go by the settings.
pub fn limits(settings: &Settings) -> Limits {
    let jobs = &settings.jobs;
    Limits { attempts: jobs.lookup_attempts, lane_limit: i64::try_from(jobs.lane_limit).unwrap_or(i64::MAX) }
}
