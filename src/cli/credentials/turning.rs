//! Entering, verifying, making current, watching: the steps of a rotation, each of which the database keeps.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;

use super::super::args::Common;
use super::super::confirm;
use super::super::{Failure, crew, desks, open, output};
use super::{EnterArgs, VerifyArgs, entry};
use crate::operations::actions::{Actor, Receipt, credentials as actions};
use crate::operations::credentials::{CredentialDesk, Entry, Judged};
use crate::vault::{Credentials, KeySource, State, store};

const LOOK: Duration = Duration::from_millis(250);

fn actor() -> Actor {
    Actor::here("command line")
}

fn desk(common: &Common, opened: &open::Opened) -> Result<(CredentialDesk, Credentials), Failure> {
    let here = crew::credentials(common, &opened.settings);
    let keys = KeySource::here(opened.settings.master_key.clone());
    Ok((desks::credential_desk(opened.db(), &opened.settings, &here, keys)?, here))
}

/// `set` and `rotate`.
pub async fn enter(common: &Common, args: &EnterArgs) -> Result<ExitCode, Failure> {
    let slot = store::slot(&args.slot)?;
    let opened = open::open(common).await?;
    let (desk, here) = desk(common, &opened)?;
    // Said before a person types a secret for nothing.
    if let Some(sentence) = actions::given_by_environment(&here, slot.name) {
        return Err(Failure::new(sentence));
    }
    let fields = entry::fields(slot)?;
    let entry = Entry { slot: slot.name, fields, expires_at: args.expires, replace: args.replace };
    let mut turned = Turned { judged: desk.enter(&entry, &actor()).await?, receipt: None };
    if !args.no_activate {
        turned = activate(common, (&opened, &desk), turned, args.unverified).await?;
    }
    let code = if args.watch { watched(&opened, &turned).await? } else { ExitCode::SUCCESS };
    opened.close().await?;
    turned.print(common)?;
    Ok(code)
}

/// `verify`.
pub async fn verify(common: &Common, args: &VerifyArgs) -> Result<ExitCode, Failure> {
    let opened = open::open(common).await?;
    let (desk, _) = desk(common, &opened)?;
    let mut turned = Turned { judged: desk.verify(&args.slot, args.version, &actor()).await?, receipt: None };
    if args.activate && turned.judged.version.as_ref().is_some_and(|version| version.state == State::Pending) {
        turned = activate(common, (&opened, &desk), turned, false).await?;
    }
    opened.close().await?;
    turned.print(common)?;
    Ok(if turned.judged.is_taken() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn activate(
    common: &Common,
    (opened, desk): (&open::Opened, &CredentialDesk),
    turned: Turned,
    unverified: bool,
) -> Result<Turned, Failure> {
    let Judged { slot, label, detail: why, .. } = &turned.judged;
    if turned.judged.verdict == "refused" {
        return Err(Failure::new(format!(
            "{slot} {label} was refused by the provider ({why}): what was current stays so"
        )));
    }
    if !turned.judged.is_taken() && !unverified {
        return Err(Failure::new(format!(
            "{slot} {label} could not be verified ({why}): it stays pending; `switchboard credentials verify {slot} --activate` tries again, --unverified does without"
        )));
    }
    let action = match turned.judged.activate.clone() {
        Some(action) => action,
        None => desk.finish(slot, unverified).await?,
    };
    let receipt = confirm::confirmed(opened.db(), common, action, None).await?;
    let version = match &turned.judged.version {
        Some(version) => Some(actions::look(opened.db(), slot, version.version).await?),
        None => None,
    };
    Ok(Turned { judged: Judged { version, ..turned.judged }, receipt: Some(receipt) })
}

/// Waits for the end of the watch; 1 if the version was rolled back.
async fn watched(opened: &open::Opened, turned: &Turned) -> Result<ExitCode, Failure> {
    let Some(version) = &turned.judged.version else { return Ok(ExitCode::SUCCESS) };
    loop {
        let now = actions::look(opened.db(), &version.slot, version.version).await?;
        if now.state != State::Current {
            let why = now.life.ended_why.unwrap_or_default();
            return Err(Failure::new(format!("{} of {} did not hold: {why}", version.label(), version.slot)));
        }
        let over: bool = sqlx::query_scalar("SELECT coalesce($1 < now(), true)")
            .bind(now.life.watch_until)
            .fetch_one(opened.db().pool())
            .await?;
        if over {
            return Ok(ExitCode::SUCCESS);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// How far a version has come.
struct Turned {
    judged: Judged,
    receipt: Option<Receipt>,
}

impl Turned {
    fn print(&self, common: &Common) -> Result<(), Failure> {
        let Turned { judged, receipt } = self;
        // Of the environment's credential nothing is written down.
        let Some(version) = &judged.version else {
            let Judged { slot, label, verdict, detail, .. } = judged;
            if common.json {
                let said = json!({"slot": slot, "version": label, "verdict": verdict, "verdict_detail": detail});
                return output::json(&said);
            }
            return output::line(&format!("{slot} {label}: {detail}"));
        };
        if common.json {
            let mut value = serde_json::to_value(version)?;
            value["audit_id"] = json!(receipt.as_ref().map(|r| r.audit_id));
            return output::json(&value);
        }
        let detail = version.seen.verdict_detail.as_deref().unwrap_or("not asked");
        output::line(&format!(
            "{} {} is {}: {detail}",
            version.slot,
            version.label(),
            format!("{:?}", version.state).to_lowercase()
        ))?;
        if let (Some(_), Some(until)) = (receipt, version.life.watch_until) {
            output::line(&format!("watched until {}: a refusal rolls it back by itself", until.format("%H:%M:%SZ")))?;
        }
        Ok(())
    }
}
