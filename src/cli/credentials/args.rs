//! Options of `credentials`. None of them takes a secret: it would stand in the shell's history and in the process list.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::{Args, Subcommand};

/// Subcommands of `credentials`.
#[derive(Debug, Clone, Args)]
pub struct CredentialsArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: CredentialsVerb,
}

/// What can be done with credentials.
#[derive(Debug, Clone, Subcommand)]
pub enum CredentialsVerb {
    /// All slots with their versions; never a secret.
    List,
    /// Enter a credential, ask the provider, make it current. Fields come from standard input, or are asked for.
    Set(EnterArgs),
    /// The same for a slot that has one: the old one stays for the way back.
    Rotate(EnterArgs),
    /// Ask the provider whether it takes a version: the pending one, else the current, else the last refused.
    Verify(VerifyArgs),
    /// Go back to the previous version.
    Rollback {
        /// Slot.
        slot: String,
    },
    /// End a version for good and forget its secret: the previous one if none is named.
    Retire {
        /// Slot.
        slot: String,
        /// Which version, as a number.
        #[arg(long)]
        version: Option<i32>,
    },
    /// Wrap every key anew under the first master key.
    Rekey,
}

/// Options of `set` and `rotate`.
#[derive(Debug, Clone, Args)]
pub struct EnterArgs {
    /// Slot; `credentials list` names them.
    pub slot: String,
    /// When the provider will stop taking it: YYYY-MM-DD.
    #[arg(long, value_name = "DATE", value_parser = end_of_day)]
    pub expires: Option<DateTime<Utc>>,
    /// Leave it pending.
    #[arg(long)]
    pub no_activate: bool,
    /// Make it current although the provider did not say that it takes it.
    #[arg(long, conflicts_with = "no_activate")]
    pub unverified: bool,
    /// Discard a version that somebody else left pending.
    #[arg(long)]
    pub replace: bool,
    /// Stay until the watch is over: 1 if it was rolled back.
    #[arg(long, conflicts_with = "no_activate")]
    pub watch: bool,
}

/// Options of `verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// Slot.
    pub slot: String,
    /// Which version, as a number.
    #[arg(long)]
    pub version: Option<i32>,
    /// Make a pending version current when the provider takes it.
    #[arg(long)]
    pub activate: bool,
}

fn end_of_day(text: &str) -> Result<DateTime<Utc>, String> {
    let day: NaiveDate = text.parse().map_err(|_| "write a date such as 2027-01-31".to_owned())?;
    let end = NaiveTime::from_hms_opt(23, 59, 59).unwrap_or_default();
    Ok(day.and_time(end).and_utc())
}
