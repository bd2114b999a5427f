//! `migrate`: apply what is pending.

use std::process::ExitCode;

use serde_json::json;

use super::Failure;
use super::args::Common;
use super::output;
use crate::database::migrate;
use crate::queue::lane;

pub async fn run(common: &Common) -> Result<ExitCode, Failure> {
    let settings = super::open::settings(common)?;
    let database = super::open::database(&settings).await?;
    let applied = migrate::run(&database.db).await?;
    migrate::grant_roles(&database.db).await?;
    lane::seed(&database.db).await?;
    database.close().await?;
    if common.json {
        output::json(&json!({"applied": applied.count, "version": applied.version}))?;
    } else {
        output::line(&format!("applied {} migrations; the schema is at version {}", applied.count, applied.version))?;
    }
    Ok(ExitCode::SUCCESS)
}
