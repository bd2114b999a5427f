//! The desks of a console: questions, and credentials. They share the process's credentials, and so its redactor.

use std::sync::Arc;

use super::{Failure, crew, models};
use crate::console::desks::Desks;
use crate::database::{Clock, Db};
use crate::operations::credentials::CredentialDesk;
use crate::settings::Settings;
use crate::vault::{Credentials, KeySource};

/// Desks over these credentials; `keys` seal what is entered.
pub async fn desks(db: &Db, settings: &Settings, here: &Credentials, keys: KeySource) -> Result<Desks, Failure> {
    let ask = models::ask_desk_with(db, settings, here, keys.clone()).await?;
    let credentials = credential_desk(db, settings, here, keys)?;
    Ok(Desks { ask: Some(Arc::new(ask)), credentials: Some(Arc::new(credentials)) })
}

/// The desk of credentials alone.
pub fn credential_desk(
    db: &Db,
    settings: &Settings,
    here: &Credentials,
    keys: KeySource,
) -> Result<CredentialDesk, Failure> {
    let gateway = Arc::new(crew::gateway(settings, here.clone(), Clock::default())?);
    Ok(CredentialDesk::new(db.clone(), here.clone(), gateway, keys, settings.vault.watch.as_secs()))
}
