//! `worker`: a pool without a console. SIGTERM or SIGINT drains; a second signal leaves at once.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Failure;
use super::args::{Common, WorkerArgs};
use super::crew::{self, Crew, CrewOptions};
use super::until_empty::until_empty;
use crate::operations::views;
use crate::settings::Settings;
use crate::telemetry::{self, TraceGuard, TraceOptions};
use crate::vault::KeySource;

/// How long somebody who is in a hurry waits for the database.
const LEAVE_LIMIT: Duration = Duration::from_secs(2);

pub async fn run(common: &Common, args: &WorkerArgs) -> Result<ExitCode, Failure> {
    let opened = super::open::open(common).await?;
    let credentials = crew::credentials(common, &opened.settings);
    let _trace = trace(common, &opened.settings, true)?;
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let db = opened.worker_db().await?;
    if let Some(sentence) = views::access(opened.db(), &db).await?.no_pool {
        return Err(Failure::new(sentence));
    }
    let keys = Some(KeySource::here(opened.settings.master_key.clone()));
    let options =
        CrewOptions { db: &db, settings: &opened.settings, credentials, kind: "worker", runs_jobs: true, keys };
    let crew = Crew::start(options).await?;
    let member = Arc::clone(&crew.member);
    tracing::info!(lanes = crew.serves.join(","), "working");
    let ended = tokio::select! {
        () = either(&mut term, &mut int) => Ok(()),
        () = member.dismissed.cancelled() => Ok(()),
        result = until_empty(&db), if args.until_empty => result,
        // Without the flag it stays, as a service that is about to be replaced: ended, it would be started again and again.
        why = member.refused(), if args.until_empty => Err(Failure::new(why)),
    };
    tracing::info!("draining");
    tokio::select! {
        result = crew.dismiss() => result?,
        () = either(&mut term, &mut int) => {
            let left = tokio::time::timeout(LEAVE_LIMIT, member.abandon()).await;
            let back = if matches!(left, Ok(Ok(()))) { "are back in their lanes" } else { "go back to their lanes within 20 s" };
            return Err(Failure::new(format!("left before the drain ended; its jobs {back}")));
        }
    }
    opened.close().await?;
    ended?;
    Ok(ExitCode::SUCCESS)
}

async fn either(term: &mut Signal, int: &mut Signal) {
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}

/// Sets the log up: file and ring, and stderr for processes without a console.
pub fn trace(common: &Common, settings: &Settings, to_stderr: bool) -> Result<TraceGuard, Failure> {
    let telemetry = &settings.telemetry;
    Ok(telemetry::init(TraceOptions {
        log_dir: telemetry.log_dir.clone().unwrap_or_else(telemetry::log_dir),
        level: telemetry.log_level.to_string(),
        to_stderr,
        redactor: common.redactor.clone(),
        mask_pii: telemetry.mask_pii,
        keep_files: settings.retention.log_files as usize,
    })?)
}
