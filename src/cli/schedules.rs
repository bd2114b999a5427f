//! `schedules`: recurring lookups, enrichment, searches for duplicates.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};

use super::Failure;
use super::args::Common;
use super::confirm::act;
use super::output::{self, or_dash};
use crate::database::Db;
use crate::operations::actions::{Action, Chore, Enrich, Limits, LookUp, Schedule};
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
    /// Do something again and again: one firing in the whole fleet.
    Add {
        /// Its name.
        name: String,
        /// "every 30d", or five cron fields in UTC such as "0 3 1 * *".
        every: String,
        /// Which contacts; all without it.
        #[arg(long, default_value = "")]
        filter: String,
        /// What is there already, too: a re-verification.
        #[arg(long)]
        again: bool,
        /// What to do.
        #[arg(long, value_enum, default_value_t = Recurring::Lookup)]
        work: Recurring,
    },
    /// Let it rest: it keeps its times and fires nothing.
    Pause {
        /// Its name.
        name: String,
    },
    /// Let it fire again, at its next time.
    Resume {
        /// Its name.
        name: String,
    },
    /// Fire it no more.
    Remove {
        /// Its name.
        name: String,
    },
}

/// What may recur.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Recurring {
    /// Look numbers up.
    Lookup,
    /// Plan the steps of completed contacts anew.
    Enrich,
    /// Look for duplicates anew.
    Rescore,
}

pub async fn run(common: &Common, args: &SchedulesArgs) -> Result<ExitCode, Failure> {
    let opened = super::open::open(common).await?;
    let action = match &args.verb {
        SchedulesVerb::List => None,
        SchedulesVerb::Pause { name } => Some(Action::PauseSchedule { name: name.clone(), paused: true }),
        SchedulesVerb::Resume { name } => Some(Action::PauseSchedule { name: name.clone(), paused: false }),
        SchedulesVerb::Remove { name } => Some(Action::RemoveSchedule { name: name.clone() }),
        SchedulesVerb::Add { name, every, filter, again, work } => {
            let work = chore(&opened.settings, *work, filter, *again);
            Some(Action::AddSchedule(Schedule {
                name: name.clone(),
                every: every.clone(),
                work,
                paused: false,
                zone: Default::default(),
            }))
        }
    };
    match action {
        Some(action) => {
            let action = action.dated(super::open::anchor(&opened.settings))?;
            act(opened.db(), common, action, None).await?;
        }
        None => list(opened.db(), common).await?,
    }
    opened.close().await?;
    Ok(ExitCode::SUCCESS)
}

fn chore(settings: &Settings, work: Recurring, filter: &str, again: bool) -> Chore {
    let filter = filter.to_owned();
    let checks_only = match work {
        Recurring::Lookup => {
            let Limits { attempts, lane_limit } = super::lookup::limits(settings);
            let packages = settings.provider("twilio").lookup.packages.join(",");
            return Chore::LookUp(LookUp { filter, again, packages, attempts, lane_limit });
        }
        Recurring::Enrich => false,
        Recurring::Rescore => true,
    };
    Chore::Enrich(Enrich { filter, again, checks_only })
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
                s.work.clone(),
                format!("{filter}{}", if s.again { ", again" } else { "" }),
                s.paused_by.as_ref().map_or_else(|| or_dash(s.next_at.map(time)), |by| format!("paused by {by}")),
                or_dash(s.last_at.map(time)),
                or_dash(s.last_result.clone()),
            ]
        })
        .collect();
    output::table(&["schedule", "when (UTC)", "does", "for", "next", "last", "what came of it"], &rows)
}
