//! `credentials`: list, set, verify, rotate, roll back, retire, rekey. A secret comes in by standard input or a prompt alone.

mod args;
mod entry;
mod show;
mod turning;

use std::process::ExitCode;

use serde_json::json;

use super::Failure;
use super::args::Common;
use super::confirm::act;
use super::{crew, open, output};
use crate::operations::actions::{Action, Actor, credentials as actions};
use crate::operations::views;
use crate::vault::{KeySource, State};

pub use args::{CredentialsArgs, CredentialsVerb, EnterArgs, VerifyArgs};

pub async fn run(common: &Common, args: &CredentialsArgs) -> Result<ExitCode, Failure> {
    match &args.verb {
        CredentialsVerb::List => list(common).await,
        CredentialsVerb::Set(args) | CredentialsVerb::Rotate(args) => turning::enter(common, args).await,
        CredentialsVerb::Verify(args) => turning::verify(common, args).await,
        CredentialsVerb::Rollback { slot } => simple(common, Action::RollBackCredential { slot: slot.clone() }).await,
        CredentialsVerb::Retire { slot, version } => retire(common, slot, *version).await,
        CredentialsVerb::Rekey => rekey(common).await,
    }
}

async fn list(common: &Common) -> Result<ExitCode, Failure> {
    let opened = open::open(common).await?;
    let here = crew::credentials(common, &opened.settings);
    let slots = views::credentials(opened.db(), &here.of_environment()).await?;
    opened.close().await?;
    if common.json {
        output::json(&slots)?
    } else {
        show::print(&slots)?
    }
    Ok(ExitCode::SUCCESS)
}

async fn simple(common: &Common, action: Action) -> Result<ExitCode, Failure> {
    let opened = open::open(common).await?;
    let here = crew::credentials(common, &opened.settings);
    if let Some(sentence) = actions::given_by_environment(&here, &action.target()) {
        return Err(Failure::new(sentence));
    }
    act(opened.db(), common, action, None).await?;
    opened.close().await?;
    Ok(ExitCode::SUCCESS)
}

async fn retire(common: &Common, slot: &str, version: Option<i32>) -> Result<ExitCode, Failure> {
    let opened = open::open(common).await?;
    let version = match version {
        Some(version) => version,
        None => {
            let previous = actions::in_state(opened.db(), slot, State::Previous).await?;
            let name = || {
                Failure::new(format!(
                    "{slot} has no previous version: name one with --version, `switchboard credentials list` shows them"
                ))
            };
            previous.ok_or_else(name)?.version
        }
    };
    act(opened.db(), common, Action::RetireCredential { slot: slot.to_owned(), version }, None).await?;
    opened.close().await?;
    Ok(ExitCode::SUCCESS)
}

async fn rekey(common: &Common) -> Result<ExitCode, Failure> {
    let opened = open::open(common).await?;
    let keys = KeySource::here(opened.settings.master_key.clone());
    let (key_id, versions) = actions::rekey(opened.db(), &keys, &Actor::here("command line")).await?;
    opened.close().await?;
    if common.json {
        output::json(&json!({"key_id": key_id, "versions": versions}))?;
    } else {
        output::line(&format!(
            "the keys of {versions} versions are under master key {key_id} now; the old one may go"
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
