//! Options of `timeline`, `audit`, `nodes` and their like.

use clap::{Args, Subcommand};

/// Options of `timeline` and `audit`.
#[derive(Debug, Clone, Args)]
pub struct RecordsArgs {
    /// How many lines, at most 1,000.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=1000))]
    pub limit: i64,
    /// Only older than this number.
    #[arg(long)]
    pub before: Option<i64>,
}

/// Arguments of `nodes`.
#[derive(Debug, Clone, Args)]
pub struct NodesArgs {
    /// What to do; nothing lists them.
    #[command(subcommand)]
    pub verb: Option<NodesVerb>,
}

/// What can be done with a node.
#[derive(Debug, Clone, Subcommand)]
pub enum NodesVerb {
    /// List them, as without a verb.
    List,
    /// Let it claim nothing more.
    Quiet {
        /// Node, as listed.
        node: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Let it claim again.
    Wake {
        /// Node, as listed.
        node: String,
    },
    /// Let a worker finish what is in its hands, and end.
    Drain {
        /// Node, as listed.
        node: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
}

/// Arguments of `throughput`.
#[derive(Debug, Clone, Args)]
pub struct ThroughputArgs {
    /// How far back: 5m, 1h, 6h, 1d or 7d; at most 31 days.
    #[arg(default_value = "1h")]
    pub back: String,
}

/// Options of `audit`.
#[derive(Debug, Clone, Args)]
pub struct AuditArgs {
    /// Which lines.
    #[command(flatten)]
    pub records: RecordsArgs,
    /// Check that no row was changed or taken out, and print the head to be noted elsewhere.
    #[arg(long)]
    pub verify: bool,
    /// With --verify: a head noted earlier, which must still be in the chain.
    #[arg(long, value_name = "SEQ:HASH", requires = "verify")]
    pub head: Option<String>,
}

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// Ask Twilio whether the account has batch/query, and if so ask for this many numbers in one request; 1: off, auto: as
    /// the settings say.
    #[arg(long, value_name = "N", value_parser = crate::cli::batch::size)]
    pub batch: Option<crate::cli::batch::Size>,
}
