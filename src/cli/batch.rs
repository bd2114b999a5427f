//! `doctor --batch`: asks whether Twilio's account has `batch/query`, and switches it on if it has.

use std::process::ExitCode;

use super::args::Common;
use super::{Failure, confirm, crew, open};
use crate::database::Clock;
use crate::operations::actions::Action;
use crate::providers::twilio::batch;
use crate::vault::KeySource;

const LANE: &str = "twilio";

/// How many numbers go into one request: a size, or what the settings say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// So many; 1 switches batches off.
    Of(i16),
    /// As the settings say.
    Auto,
}

/// Reads `50` or `auto`.
pub fn size(text: &str) -> Result<Size, String> {
    let wrong = || format!("{text} is no size of a batch: write a number from 1 to 1000, or auto");
    match text {
        "auto" => Ok(Size::Auto),
        _ => text.parse().ok().filter(|n| (1..=1000).contains(n)).map(Size::Of).ok_or_else(wrong),
    }
}

/// Switches, after a free call that proves that the account has batches where more than one number is wished.
pub async fn switch(common: &Common, size: Size) -> Result<ExitCode, Failure> {
    let opened = open::open(common).await?;
    if matches!(size, Size::Of(2..)) {
        probe(common, &opened).await?;
    }
    let size = match size {
        Size::Of(n) => Some(n),
        Size::Auto => None,
    };
    confirm::act(opened.db(), common, Action::BatchLane { lane: LANE.to_owned(), size }, None).await?;
    opened.close().await?;
    Ok(ExitCode::SUCCESS)
}

async fn probe(common: &Common, opened: &open::Opened) -> Result<(), Failure> {
    let here = crew::credentials(common, &opened.settings);
    if let Err(error) = here.attach(opened.db().clone(), KeySource::here(opened.settings.master_key.clone())).await {
        tracing::debug!(%error, "the vault can't be read here");
    }
    let gateway = crew::gateway(&opened.settings, here, Clock::default())?;
    let number = &opened.settings.provider(LANE).lookup.verify_number;
    match batch::probe(&gateway, number).await {
        Ok(answered) if answered.value => Ok(()),
        Ok(_) => Err(Failure::new(
            "this account of Twilio's has no batch/query, so batches stay off: numbers are asked for one by one",
        )),
        Err(unanswered) => Err(Failure::new(format!(
            "whether this account has batch/query could not be found out ({}): try again, or see `switchboard credentials verify twilio`",
            unanswered.error
        ))),
    }
}
