//! Options of `contacts` and `lookup`.

use clap::{Args, Subcommand};

/// Subcommands of `contacts`.
#[derive(Debug, Clone, Args)]
pub struct ContactsArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: ContactsVerb,
}

/// What can be done with contacts.
#[derive(Debug, Clone, Subcommand)]
pub enum ContactsVerb {
    /// A page of contacts, newest first.
    List {
        /// Which; all without it.
        #[arg(long, default_value = "")]
        filter: String,
        /// How many, at most 1,000.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=1000))]
        limit: i64,
    },
    /// All that is known of one contact.
    Show {
        /// Its id or its number in E.164.
        contact: String,
    },
}

/// Options of `lookup`.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false, id = "which")]
pub struct Which {
    /// Every contact.
    #[arg(long)]
    pub all: bool,
    /// Contacts that match.
    #[arg(long)]
    pub filter: Option<String>,
}

/// Options of `lookup`.
#[derive(Debug, Clone, Args)]
pub struct LookupArgs {
    /// Which contacts.
    #[command(flatten)]
    pub which: Which,
    /// Completed ones, too.
    #[arg(long)]
    pub again: bool,
    /// Refuse when the estimated price is above this.
    #[arg(long, value_name = "USD")]
    pub max_cost: Option<f64>,
}
