//! Options of `jobs` and `lanes`.

use clap::{Args, Subcommand};

/// Subcommands of `jobs`.
#[derive(Debug, Clone, Args)]
pub struct JobsArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: JobsVerb,
}

/// What can be done with jobs.
#[derive(Debug, Clone, Subcommand)]
pub enum JobsVerb {
    /// Live and dead jobs, newest first.
    List {
        /// Of this lane.
        #[arg(long)]
        lane: Option<String>,
        /// In this state.
        #[arg(long, value_parser = ["waiting", "scheduled", "running", "dead"])]
        state: Option<String>,
        /// How many, at most 1,000.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=1000))]
        limit: i64,
    },
    /// One job with its failed attempts.
    Show {
        /// Its number.
        id: i64,
    },
    /// Give dead jobs their attempts anew.
    Retry {
        /// Their numbers.
        ids: Vec<i64>,
        /// All dead ones of this lane.
        #[arg(long, conflicts_with = "ids")]
        lane: Option<String>,
        /// All dead ones.
        #[arg(long, conflicts_with_all = ["ids", "lane"])]
        all: bool,
    },
}

/// Subcommands of `lanes`.
#[derive(Debug, Clone, Args)]
pub struct LanesArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: LanesVerb,
}

/// What can be done with lanes.
#[derive(Debug, Clone, Subcommand)]
pub enum LanesVerb {
    /// All lanes.
    List,
    /// Claim nothing more from a lane.
    Pause {
        /// Lane.
        lane: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Claim from it again.
    Resume {
        /// Lane.
        lane: String,
    },
    /// Limit how many of its jobs run at once in the fleet.
    Scale {
        /// Lane.
        lane: String,
        /// Jobs at once, or auto.
        concurrency: String,
    },
}
