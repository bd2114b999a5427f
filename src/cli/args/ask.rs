//! Options of `ask`.

use std::path::PathBuf;

use clap::Args;

/// Options of `ask`.
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct AskArgs {
    /// The question, in plain words or in the filter language; @NAME is what was saved under that name.
    pub question: Vec<String>,
    /// Show the filter and its SQL, or what would be sent, and stop there.
    #[arg(long)]
    pub dry_run: bool,
    /// Ask a model about the contacts that match, instead of for a filter.
    #[arg(long, value_name = "FILTER")]
    pub about: Option<String>,
    /// Send phone numbers and e-mail addresses as they are, for this question.
    #[arg(long, requires = "about")]
    pub allow_pii: bool,
    /// Translate without a model.
    #[arg(long)]
    pub built_in: bool,
    /// Keep the filter under this name.
    #[arg(long, value_name = "NAME")]
    pub save: Option<String>,
    /// Forget what is kept under this name.
    #[arg(long, value_name = "NAME", group = "instead")]
    pub forget: Option<String>,
    /// List what is kept.
    #[arg(long, group = "instead")]
    pub saved: bool,
    /// List the last questions.
    #[arg(long, group = "instead")]
    pub history: bool,
    /// Run pairs of question and filter (JSON lines) and report how many come out right.
    #[arg(long, value_name = "FILE", group = "instead")]
    pub eval: Option<PathBuf>,
    /// Print the JSON Schema of the filter language.
    #[arg(long, group = "instead")]
    pub schema: bool,
}
