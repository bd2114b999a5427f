//! `deck`: who has a console open, on what, with which question; who asks for a second person, and answering them.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};

use super::Failure;
use super::args::Common;
use super::output::{self, or_dash};
use crate::operations::actions::Action;
use crate::operations::views::{self, AskView, ConsoleView};

/// Arguments of `deck`.
#[derive(Debug, Clone, Args)]
pub struct DeckArgs {
    /// What to do; nothing lists who is there and who asks.
    #[command(subcommand)]
    pub verb: Option<DeckVerb>,
}

/// What can be done on deck.
#[derive(Debug, Clone, Subcommand)]
pub enum DeckVerb {
    /// Agree to what another person is about to do.
    Approve {
        /// Number of the ask, as listed.
        ask: i64,
    },
    /// Refuse it.
    Refuse {
        /// Number of the ask, as listed.
        ask: i64,
    },
    /// Let what is heavy need a second person in this environment, or no more.
    Require {
        /// From now on.
        state: Switch,
    },
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// It is needed.
    On,
    /// It is not.
    Off,
}

pub async fn run(common: &Common, args: &DeckArgs) -> Result<ExitCode, Failure> {
    let opened = super::open::open(common).await?;
    match &args.verb {
        None => {
            let deck = views::deck(opened.db()).await?;
            if common.json {
                output::json(&deck)?;
            } else {
                print(&deck)?;
            }
        }
        Some(verb) => {
            let action = match verb {
                DeckVerb::Approve { ask } => Action::AnswerSecond { ask: *ask, yes: true },
                DeckVerb::Refuse { ask } => Action::AnswerSecond { ask: *ask, yes: false },
                DeckVerb::Require { state } => Action::RequireSecond { on: *state == Switch::On },
            };
            super::confirm::act(opened.db(), common, action, None).await?;
        }
    }
    opened.close().await?;
    Ok(ExitCode::SUCCESS)
}

fn print(deck: &views::Deck) -> Result<(), Failure> {
    let console = |c: &ConsoleView| {
        let question = c.verb.as_ref().zip(c.target.as_ref()).map(|(verb, target)| format!("{verb} {target}"));
        vec![
            c.name.clone(),
            c.login.clone(),
            c.node.clone(),
            c.since.format("%Y-%m-%d %H:%M:%SZ").to_string(),
            c.screen.clone(),
            or_dash(c.chosen.clone()),
            or_dash(question),
        ]
    };
    let rows: Vec<Vec<String>> = deck.consoles.iter().map(console).collect();
    output::table(&["who", "login", "node", "since", "screen", "on", "question"], &rows)?;
    let ask = |a: &AskView| {
        vec![
            a.id.to_string(),
            a.name.clone(),
            a.state.clone(),
            a.expires_at.format("%H:%M:%SZ").to_string(),
            format!("{} {}", a.verb, a.target),
            output::thousands(a.things),
            or_dash(a.reason.clone()),
            or_dash(a.answered_by.clone()),
        ]
    };
    let rows: Vec<Vec<String>> = deck.asks.iter().map(ask).collect();
    if !rows.is_empty() {
        output::line("")?;
        output::table(&["ask", "by", "state", "until", "to do", "rows", "why", "answered by"], &rows)?;
    }
    if deck.second_person {
        output::line("What is heavy needs a second person in this environment.")?;
    }
    Ok(())
}
