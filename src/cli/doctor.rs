//! `doctor`: what works, what is missing, and what to do about it.

use std::io::IsTerminal;
use std::process::ExitCode;

use serde::Serialize;

use super::Failure;
use super::args::Common;
use super::output;
use crate::catalogue::PROVIDERS;
use crate::database::migrate;
use crate::providers::twilio;
use crate::settings::Settings;
use crate::vault::Credentials;

/// One finding.
#[derive(Debug, Serialize)]
struct Check {
    what: String,
    ok: bool,
    detail: String,
}

fn check(what: impl Into<String>, ok: bool, detail: impl Into<String>) -> Check {
    Check { what: what.into(), ok, detail: detail.into() }
}

pub async fn run(common: &Common) -> Result<ExitCode, Failure> {
    let mut checks = Vec::new();
    match super::open::settings(common) {
        Ok(settings) => {
            checks.push(check("settings", true, "read"));
            database(&settings, &mut checks).await;
            credentials(&settings, &mut checks);
        }
        Err(error) => checks.push(check("settings", false, error.to_string())),
    }
    checks.push(terminal());
    // A provider without a key is a choice, not a fault: only the rest decides the exit code.
    let failed = checks.iter().any(|c| !c.ok && !c.what.starts_with("credential"));
    if common.json {
        output::json(&checks)?;
    } else {
        let rows: Vec<Vec<String>> = checks
            .iter()
            .map(|c| vec![if c.ok { "ok" } else { "--" }.to_owned(), c.what.clone(), c.detail.clone()])
            .collect();
        output::table(&["", "what", "detail"], &rows)?;
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn database(settings: &Settings, checks: &mut Vec<Check>) {
    let named = if settings.database.url.is_some() { "named by DATABASE_URL" } else { "private server" };
    let database = match super::open::database(settings).await {
        Ok(database) => database,
        Err(error) => return checks.push(check("database", false, error.to_string())),
    };
    let version: Result<String, _> = sqlx::query_scalar("SHOW server_version").fetch_one(database.db.pool()).await;
    checks.push(match version {
        Ok(version) => check("database", true, format!("PostgreSQL {version}, {named}")),
        Err(error) => check("database", false, error.to_string()),
    });
    checks.push(match migrate::pending(&database.db).await {
        Ok(pending) if pending.count == 0 => check("schema", true, format!("version {}", pending.version)),
        Ok(pending) => {
            check("schema", false, format!("{} migrations are pending: run `switchboard migrate`", pending.count))
        }
        Err(error) => check("schema", false, error.to_string()),
    });
    let login = sqlx::query_scalar::<_, String>("SELECT session_user::text")
        .fetch_one(database.db.pool())
        .await
        .unwrap_or_default();
    checks.push(check("roles", true, format!("not enforced here: whoever connects (now {login}) may do everything; console --read-only is the lesser role")));
    if let Err(error) = database.close().await {
        checks.push(check("database", false, error.to_string()));
    }
}

fn credentials(settings: &Settings, checks: &mut Vec<Check>) {
    let credentials = super::crew::credentials(settings);
    let mut seen = Vec::new();
    for slot in PROVIDERS.iter().filter_map(|p| p.slot) {
        if seen.contains(&slot.name) {
            continue;
        }
        seen.push(slot.name);
        checks.push(match credentials.take(slot.name) {
            Some(credential) => check(
                format!("credential {}", slot.name),
                true,
                format!("version {}; set, not tried: a lookup shows whether it is accepted", credential.version),
            ),
            None => {
                check(format!("credential {}", slot.name), false, format!("none; set {}", Credentials::missing(slot)))
            }
        });
    }
    let url = settings.provider("twilio").base_url.clone().unwrap_or_else(|| twilio::BASE_URL.to_owned());
    checks.push(check("provider twilio", settings.provider("twilio").enabled, format!("at {url}; not called")));
}

fn terminal() -> Check {
    let term = std::env::var("TERM").unwrap_or_default();
    let is_terminal = std::io::stdout().is_terminal();
    let detail = match (is_terminal, term.as_str()) {
        (false, _) => "output is not a terminal: the console needs one, everything else works".to_owned(),
        (true, "" | "dumb") => "TERM names no capable terminal: set it, for example to xterm-256color".to_owned(),
        (true, term) => term.to_owned(),
    };
    check("terminal", !is_terminal || !matches!(term.as_str(), "" | "dumb"), detail)
}
