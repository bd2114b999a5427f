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
    /// Set fields of one contact by hand.
    Set {
        /// Its id.
        contact: i64,
        /// FIELD=VALUE; an empty value empties the field.
        #[arg(required = true, value_name = "FIELD=VALUE")]
        fields: Vec<String>,
    },
    /// Enqueue the lookups of failed contacts anew.
    Retry {
        /// Which of them; all without it.
        #[arg(long, default_value = "")]
        filter: String,
    },
    /// Plan every step anew; answers that are fresh come from the cache and cost nothing.
    Enrich {
        /// Which contacts.
        #[command(flatten)]
        which: Which,
        /// Ask anew also where a fresh answer is there.
        #[arg(long)]
        again: bool,
        /// Refuse when the estimated price is above this.
        #[arg(long, value_name = "USD")]
        max_cost: Option<f64>,
    },
    /// Run one step of one contact now.
    Step {
        /// Its id.
        contact: i64,
        /// carrier_check, business, company, address, email_find, email_verify, person or duplicates.
        step: String,
        /// Whom it asks, such as hunter-domain; the first who can be asked without it.
        #[arg(long)]
        source: Option<String>,
        /// Ask anew also where a fresh answer is there.
        #[arg(long)]
        again: bool,
        /// Refuse when the estimated price is above this.
        #[arg(long, value_name = "USD")]
        max_cost: Option<f64>,
    },
    /// Look for duplicates anew; quality scores are always current.
    Rescore {
        /// Which contacts.
        #[command(flatten)]
        which: Which,
    },
}

/// Subcommands of `duplicates`.
#[derive(Debug, Clone, Args)]
pub struct DuplicatesArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: DuplicatesVerb,
}

/// What can be done with duplicates.
#[derive(Debug, Clone, Subcommand)]
pub enum DuplicatesVerb {
    /// Pairs that may be the same, the surest first.
    List {
        /// How many, at most 1,000.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=1000))]
        limit: i64,
    },
    /// Make one contact stand for another; `--preview` shows what it gains and changes nothing.
    Merge {
        /// Id of the one that stays.
        primary: i64,
        /// Id of the one that it stands for.
        duplicate: i64,
        /// Only show what would happen.
        #[arg(long)]
        preview: bool,
    },
    /// Make them two again.
    Undo {
        /// Number of the merge.
        merge: i64,
    },
}

/// Options of `usage`.
#[derive(Debug, Clone, Args)]
pub struct UsageArgs {
    /// Days, at most 400.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(i32).range(1..=400))]
    pub days: i32,
}

/// Options of `why`.
#[derive(Debug, Clone, Args)]
pub struct WhyArgs {
    /// contact, job or lane.
    #[arg(value_parser = ["contact", "job", "lane"])]
    pub what: String,
    /// Its id, number or name.
    pub id: String,
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
