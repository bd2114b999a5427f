//! `schedules`: recurring lookups.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::Failure;
use super::args::Common;
use super::confirm::act;
use super::output::{self, or_dash};
use crate::database::Db;
use crate::operations::actions::{Action, Limits, LookUp, Schedule};
use crate::operations::views;
use crate::settings::Settings;

/// Subcommands of `schedules`.
#[derive(Debug, Clone, Args)]
pub struct SchedulesArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: SchedulesVerb,
}

/// What can be done with schedules.
#[derive(Debug, Clone, Subcommand)]
pub enum SchedulesVerb {
    /// All schedules, the next to fire first.
    List,
    /// Look contacts up again and again: one firing in the whole fleet.
    Add {
        /// Its name.
        name: String,
        /// "every 30d", or five cron fields in UTC such as "0 3 1 * *".
        every: String,
        /// Which contacts; all without it.
        #[arg(long, default_value = "")]
        filter: String,
        /// Completed ones, too: a re-verification.
        #[arg(long)]
        again: bool,
    },
    /// Fire it no more.
    Remove {
        /// Its name.
        name: String,
    },
}

pub async fn run(common: &Common, args: &SchedulesArgs) -> Result<ExitCode, Failure> {
    let opened = super::open::open(common).await?;
    let action = match &args.verb {
        SchedulesVerb::List => None,
        SchedulesVerb::Remove { name } => Some(Action::RemoveSchedule { name: name.clone() }),
        SchedulesVerb::Add { name, every, filter, again } => {
            let work = work(&opened.settings, filter, *again);
            Some(Action::AddSchedule(Schedule { name: name.clone(), every: every.clone(), work }))
        }
    };
    match action {
        Some(action) => {
            act(opened.db(), common, action, None).await?;
        }
        None => list(opened.db(), common).await?,
    }
    opened.close().await?;
    Ok(ExitCode::SUCCESS)
}

fn work(settings: &Settings, filter: &str, again: bool) -> LookUp {
    let Limits { attempts, lane_limit } = super::lookup::limits(settings);
    let packages = settings.provider("twilio").lookup.packages.join(",");
    LookUp { filter: filter.to_owned(), again, packages, attempts, lane_limit }
}

async fn list(db: &Db, common: &Common) -> Result<(), Failure> {
    let schedules = views::schedules(db).await?;
    if common.json {
        return output::json(&schedules);
    }
    let time = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%MZ").to_string();
    let rows: Vec<Vec<String>> = schedules
        .iter()
        .map(|s| {
            let filter = if s.filter.is_empty() { "all contacts" } else { &s.filter };
            vec![
                s.name.clone(),
                s.every.clone(),
                format!("{filter}{}", if s.again { ", again" } else { "" }),
                or_dash(s.next_at.map(time)),
                or_dash(s.last_at.map(time)),
                or_dash(s.last_result.clone()),
            ]
        })
        .collect();
    output::table(&["schedule", "when (UTC)", "looks up", "next", "last", "what came of it"], &rows)
}
