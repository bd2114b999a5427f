//! `lookup`: enqueue lookups of what matches.

use std::process::ExitCode;

use super::Failure;
use super::args::{Common, LookupArgs};
use super::confirm::act;
use crate::operations::actions::{Action, LookUp};

pub async fn run(common: &Common, args: &LookupArgs) -> Result<ExitCode, Failure> {
    let opened = super::open::open(common).await?;
    let wish = LookUp {
        filter: args.which.filter.clone().unwrap_or_default(),
        again: args.again,
        packages: opened.settings.provider("twilio").packages.join(","),
        attempts: opened.settings.jobs.lookup_attempts,
        lane_limit: i64::try_from(opened.settings.jobs.lane_limit).unwrap_or(i64::MAX),
    };
    act(opened.db(), common, Action::LookUp(wish), args.max_cost).await?;
    opened.close().await?;
    Ok(ExitCode::SUCCESS)
}
