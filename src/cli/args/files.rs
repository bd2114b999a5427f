//! Options of what reads and writes files.

use std::path::PathBuf;

use clap::Args;

/// Options of `import`.
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// File, or - for standard input.
    pub file: PathBuf,
    /// Country of numbers without +.
    #[arg(long, default_value = "US")]
    pub region: String,
    /// Which column fills which field; may be repeated.
    #[arg(long = "map", value_name = "COLUMN=FIELD")]
    pub map: Vec<String>,
    /// Enqueue the lookup of each new contact.
    #[arg(long)]
    pub lookup: bool,
    /// Only find out what would happen.
    #[arg(long)]
    pub dry_run: bool,
    /// Where rejected rows go, with their reasons.
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Refuse when the estimated price of the lookups is above this.
    #[arg(long, value_name = "USD")]
    pub max_cost: Option<f64>,
}

/// Options of `export`.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// Which contacts; all without it.
    #[arg(long, default_value = "")]
    pub filter: String,
    /// csv, tsv or jsonl.
    #[arg(long, default_value = "csv", value_parser = ["csv", "tsv", "jsonl"])]
    pub format: String,
    /// File; stdout without it.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}
