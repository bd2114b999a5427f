//! `alerts`: list open ones, take one on, be told nothing of one for a while.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::Failure;
use super::args::Common;
use super::confirm::act;
use super::output;
use crate::database::Db;
use crate::operations::actions::Action;
use crate::operations::views;

/// Subcommands of `alerts`.
#[derive(Debug, Clone, Args)]
pub struct AlertsArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: AlertsVerb,
}

/// What can be done with alerts.
#[derive(Debug, Clone, Subcommand)]
pub enum AlertsVerb {
    /// Open alerts, critical ones first.
    List,
    /// Take an open alert on: reminders end, others see who looks after it.
    Ack {
        /// Its number.
        id: i64,
        /// Give it back instead.
        #[arg(long)]
        back: bool,
    },
    /// Be told nothing of an alert for a while, open or not.
    Silence {
        /// Its key: depth/LANE, oldest/LANE or depth/total.
        key: String,
        /// How long, for example 30m.
        #[arg(long = "for", value_name = "DURATION", default_value = "1h")]
        duration: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
        /// End the silence.
        #[arg(long, conflicts_with_all = ["duration", "reason"])]
        end: bool,
    },
}

pub async fn run(common: &Common, args: &AlertsArgs) -> Result<ExitCode, Failure> {
    let lasts = match &args.verb {
        AlertsVerb::Silence { duration, end: false, .. } => Some(super::duration(duration)?),
        _ => None,
    };
    let opened = super::open::open(common).await?;
    match &args.verb {
        AlertsVerb::List => list(opened.db(), common).await?,
        AlertsVerb::Ack { id, back } => {
            act(opened.db(), common, Action::AckAlert { id: *id, taken: !back }, None).await?;
        }
        AlertsVerb::Silence { key, reason, .. } => {
            let until = match lasts {
                Some(lasts) => Some(super::ends(opened.db(), lasts).await?),
                None => None,
            };
            let action = Action::SilenceAlert { key: key.clone(), until, reason: reason.clone() };
            act(opened.db(), common, action, None).await?;
        }
    }
    opened.close().await?;
    Ok(ExitCode::SUCCESS)
}

async fn list(db: &Db, common: &Common) -> Result<(), Failure> {
    let alerts = views::alerts(db).await?;
    if common.json {
        return output::json(&alerts);
    }
    let time = |at: DateTime<Utc>| at.format("%H:%M:%SZ").to_string();
    let rows: Vec<Vec<String>> = alerts
        .iter()
        .map(|a| {
            let note = match (&a.acked_by, a.silenced_until) {
                (Some(by), _) => format!("taken on by {by}"),
                (None, Some(until)) => format!("silenced until {}", time(until)),
                _ if a.incident => "filed under its incident".to_owned(),
                _ => String::new(),
            };
            vec![a.id.to_string(), a.severity.clone(), a.key.clone(), time(a.raised_at), a.summary.clone(), note]
        })
        .collect();
    output::table(&["alert", "severity", "key", "since", "what", ""], &rows)
}
