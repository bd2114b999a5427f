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
        /// That match, such as "priority<100 error:timeout".
        #[arg(long, conflicts_with_all = ["lane", "state"])]
        filter: Option<String>,
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
    Retry(WhichJobs),
    /// Take live jobs out of their lanes; undo puts them back.
    Cancel(WhichJobs),
    /// Take dead jobs out; undo puts them back.
    Discard(WhichJobs),
    /// Change who is claimed first.
    Reprioritise {
        /// Which.
        #[command(flatten)]
        which: WhichJobs,
        /// 0 to 1000; smaller goes first, 100 is ordinary.
        #[arg(long)]
        priority: i16,
    },
    /// Change what one waiting job will do; undo takes it back.
    Edit {
        /// Its number.
        id: i64,
        /// What of it.
        #[command(flatten)]
        change: EditJob,
    },
    /// Dead jobs by what went wrong, the largest group first.
    Dead {
        /// Of this lane.
        #[arg(long)]
        lane: Option<String>,
    },
}

/// What of a waiting job is changed.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = true, id = "change")]
pub struct EditJob {
    /// 0 to 1000; smaller goes first, 100 is ordinary.
    #[arg(long, group = "change")]
    pub priority: Option<i16>,
    /// Not before: now, 30m for so long from now, or a time such as 2026-08-22T11:59:00Z.
    #[arg(long, value_name = "WHEN", group = "change")]
    pub at: Option<String>,
    /// Attempts allowed in all.
    #[arg(long, group = "change")]
    pub attempts: Option<i16>,
    /// Whom it asks, of those who can answer its step, such as hunter-domain; in another lane its attempts begin anew.
    #[arg(long, group = "change")]
    pub source: Option<String>,
    /// Whether no answer of the cache will do.
    #[arg(long, value_parser = ["yes", "no"], group = "change")]
    pub fresh: Option<String>,
}

/// Which jobs a verb means.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false, id = "jobs")]
pub struct WhichJobs {
    /// Their numbers.
    #[arg(group = "jobs")]
    pub ids: Vec<i64>,
    /// All of this lane that the verb is for.
    #[arg(long, group = "jobs")]
    pub lane: Option<String>,
    /// Those that match, such as "lane:twilio error:timeout age>2h".
    #[arg(long, group = "jobs")]
    pub filter: Option<String>,
    /// All that the verb is for.
    #[arg(long, group = "jobs")]
    pub all: bool,
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
        /// Lane, or all.
        lane: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Claim from it again.
    Resume {
        /// Lane, or all.
        lane: String,
    },
    /// Limit how many of its jobs run at once.
    Scale {
        /// Lane, or all.
        lane: String,
        /// Jobs at once, or auto.
        concurrency: String,
        /// On each node; else in the fleet.
        #[arg(long)]
        per_node: bool,
    },
    /// Limit what its provider may cost in a day.
    Budget {
        /// Lane, or all.
        lane: String,
        /// USD a day, or auto for what the settings say.
        usd: String,
    },
    /// Limit how many calls a second its jobs make in the fleet.
    Rate {
        /// Lane, or all.
        lane: String,
        /// Calls a second, or auto for what the settings say.
        rate: String,
    },
}
