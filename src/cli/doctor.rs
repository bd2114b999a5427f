//! `doctor`: what works, what is missing, and what to do about it.

use std::io::IsTerminal;
use std::process::ExitCode;

use serde::Serialize;

use super::Failure;
use super::args::{Common, DoctorArgs};
use super::output;
use crate::catalogue::{self, PROVIDERS};
use crate::database::{Db, migrate};
use crate::operations::views;
use crate::providers::registry;
use crate::settings::Settings;
use crate::vault::{Credentials, KeySource};

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

/// All findings: whether each is as it should be, what it is about, and what to do.
pub(super) async fn findings(common: &Common) -> Vec<(bool, String, String)> {
    examined(common).await.into_iter().map(|c| (c.ok, c.what, c.detail)).collect()
}

async fn examined(common: &Common) -> Vec<Check> {
    let mut checks = Vec::new();
    match super::open::settings(common) {
        Ok(settings) => {
            checks.push(check("settings", true, "read"));
            let given = super::crew::credentials(common, &settings);
            database(&settings, &given, &mut checks).await;
            credentials(&given, &mut checks);
            providers(&settings, &given, &mut checks);
        }
        Err(error) => checks.push(check("settings", false, error.to_string())),
    }
    checks.push(terminal());
    checks
}

pub async fn run(common: &Common, args: &DoctorArgs) -> Result<ExitCode, Failure> {
    if let Some(size) = args.batch {
        return super::batch::switch(common, size).await;
    }
    let checks = examined(common).await;
    // A provider that is off or has no key is a choice, not a fault: only the rest decides the exit code.
    let chosen = |c: &Check| c.what.starts_with("credential") || c.what.starts_with("provider");
    let failed = checks.iter().any(|c| !c.ok && !chosen(c));
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

async fn database(settings: &Settings, credentials: &Credentials, checks: &mut Vec<Check>) {
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
    let roles = match views::access(&database.db, &database.db).await {
        Ok(access) => check("roles", true, access.sentence()),
        Err(error) => check("roles", false, error.to_string()),
    };
    checks.push(roles);
    let keys = KeySource::here(settings.master_key.clone());
    checks.push(match keys.load() {
        Ok(loaded) if loaded.first().is_some() => {
            check("master key", true, format!("holds {}", loaded.ids().join(", ")))
        }
        Ok(_) => check("master key", true, "none yet: the first credential that is set here makes a key file"),
        Err(error) => check("master key", false, error.to_string()),
    });
    packages(&database.db, checks).await;
    // Who may not read sealed values is told of the versions by `credentials list`.
    if let Err(error) = credentials.attach(database.db.clone(), keys).await {
        tracing::debug!(%error, "the vault can't be read here");
    }
    if let Err(error) = database.close().await {
        checks.push(check("database", false, error.to_string()));
    }
}

/// What the account of a provider does not have; asked for again after a day.
async fn packages(db: &Db, checks: &mut Vec<Check>) {
    let sql = "SELECT DISTINCT provider, package FROM lacking_packages WHERE until > now() ORDER BY 1, 2";
    let rows: Result<Vec<(String, String)>, _> = sqlx::query_as(sql).fetch_all(db.pool()).await;
    for (provider, package) in rows.unwrap_or_default() {
        let detail = "the account does not have it (60606), and it is not asked for: have it enabled, or take it from the setting `packages`";
        checks.push(check(format!("provider {provider}, package {package}"), false, detail));
    }
}

fn credentials(credentials: &Credentials, checks: &mut Vec<Check>) {
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
                format!(
                    "version {}; not tried: `switchboard credentials verify {}` asks the provider",
                    credential.version, slot.name
                ),
            ),
            None => {
                let ways =
                    format!("none; `switchboard credentials set {}`, or set {}", slot.name, Credentials::missing(slot));
                check(format!("credential {}", slot.name), false, credentials.trouble(slot.name).unwrap_or(ways))
            }
        });
    }
}

/// Of each provider: on or off, where, whether its credential is there, and what became of it.
fn providers(settings: &Settings, credentials: &Credentials, checks: &mut Vec<Check>) {
    for provider in PROVIDERS.iter().filter(|p| p.has_lane) {
        let (Some(slot), own) = (provider.slot, settings.provider(provider.id)) else { continue };
        let at = registry::base_url(provider.id, own);
        let key = if credentials.take(slot.name).is_some() { "with a credential" } else { "without a credential" };
        let state = match (own.enabled, &at) {
            (false, _) => "off".to_owned(),
            (true, None) => format!("on, but has no address: set {}", registry::base_url_variable(provider)),
            (true, Some(_)) => "on".to_owned(),
        };
        let at = at.map(|url| format!(" at {url} (dialect {})", own.dialect)).unwrap_or_default();
        let fate = catalogue::fate(provider.id).map(|fate| format!("; {fate}")).unwrap_or_default();
        let works = own.enabled && credentials.take(slot.name).is_some();
        checks.push(check(format!("provider {}", provider.id), works, format!("{state}{at}, {key}; not called{fate}")));
    }
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
