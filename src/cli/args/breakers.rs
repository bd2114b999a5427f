//! Options of `breakers`.

use clap::{Args, Subcommand};

/// Subcommands of `breakers`.
#[derive(Debug, Clone, Args)]
pub struct BreakersArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: BreakersVerb,
}

/// What can be done with breakers.
#[derive(Debug, Clone, Subcommand)]
pub enum BreakersVerb {
    /// All breakers, the worst first.
    List,
    /// One breaker with its history.
    Show {
        /// Breaker's or lane's name.
        name: String,
    },
    /// Let the next probe start now.
    Reset {
        /// Breaker's or lane's name.
        name: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Hold it open: no call is made.
    Open(HoldArgs),
    /// Hold it closed: every call is made.
    Close(HoldArgs),
    /// Give it back to itself.
    Auto {
        /// Breaker's or lane's name.
        name: String,
    },
}

/// A hold.
#[derive(Debug, Clone, Args)]
pub struct HoldArgs {
    /// Breaker's or lane's name.
    pub name: String,
    /// How long, for example 30m; until released without it.
    #[arg(long = "for", value_name = "DURATION")]
    pub duration: Option<String>,
    /// Why.
    #[arg(long, default_value = "by hand")]
    pub reason: String,
}
