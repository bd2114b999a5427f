//! `bench panic`: breaks this process on purpose, with every credential loaded that it may use and all of them in the message:
//! whoever doubts that a report of a crash shows none tries it here, and nobody comes here by accident.

use std::process::ExitCode;

use secrecy::ExposeSecret;

use super::super::args::Common;
use super::super::{Failure, crew, open};
use crate::vault::KeySource;

/// Never returns well.
pub async fn run(common: &Common) -> Result<ExitCode, Failure> {
    let opened = open::open(common).await?;
    let credentials = crew::credentials(common, &opened.settings);
    credentials.attach(opened.db().clone(), KeySource::here(opened.settings.master_key.clone())).await?;
    let loaded = credentials.live_secrets();
    let quoted: Vec<&str> = loaded.iter().map(|secret| secret.value.expose_secret()).collect();
    panic!("broken on purpose with {} secrets, none of which may be seen here: {}", quoted.len(), quoted.join(" "));
}
