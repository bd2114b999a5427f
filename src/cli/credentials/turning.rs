//! Entering, verifying, making current, watching: the steps of a rotation, each of which the database keeps.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;

use super::super::args::Common;
use super::super::confirm;
use super::super::{Failure, crew, open, output};
use super::{EnterArgs, VerifyArgs, entry};
use crate::database::{Clock, roles};
use crate::operations::actions::{Action, Actor, Receipt, credentials as actions};
use crate::providers::verify as providers;
use crate::vault::{Credential, Credentials, KeySource, State, Verdict, Version, store};

const LOOK: Duration = Duration::from_millis(250);

fn actor() -> Actor {
    Actor::here("command line")
}

/// `set` and `rotate`.
pub async fn enter(common: &Common, args: &EnterArgs) -> Result<ExitCode, Failure> {
    let slot = store::slot(&args.slot)?;
    let opened = open::open(common).await?;
    let here = crew::credentials(common, &opened.settings);
    if let Some(sentence) = actions::given_by_environment(&here, slot.name) {
        return Err(Failure::new(sentence));
    }
    let fields = entry::fields(slot)?;
    let credential = Credential::new(slot.name, "new".into(), None, fields.clone());
    here.hide(credential.secrets().collect());
    let keys = KeySource::here(opened.settings.master_key.clone());
    let wish = actions::Wish { slot: slot.name, fields: &fields, expires_at: args.expires, replace: args.replace };
    let version = actions::enter(opened.db(), &keys, wish, &actor()).await?;
    let gateway = crew::gateway(&opened.settings, here, Clock::default())?;
    let verdict = providers::verify(&gateway, credential).await;
    let version = actions::judged(opened.db(), &version, &verdict, &actor()).await?;
    let mut turned = Turned { version, receipt: None };
    if !args.no_activate {
        turned = activate(common, &opened, turned, args.unverified || verdict == Verdict::NoCall).await?;
    }
    let code = if args.watch { watched(&opened, &turned).await? } else { ExitCode::SUCCESS };
    opened.close().await?;
    turned.print(common)?;
    Ok(code)
}

/// `verify`.
pub async fn verify(common: &Common, args: &VerifyArgs) -> Result<ExitCode, Failure> {
    let opened = open::open(common).await?;
    let here = crew::credentials(common, &opened.settings);
    let slot = store::slot(&args.slot)?.name;
    if let Some(credential) = here.take(slot).filter(Credential::is_env) {
        return environments(common, &opened, here, credential).await;
    }
    let version = which(&opened, slot, args.version).await?;
    let version = if roles::rights(opened.db()).await?.worker {
        here.attach(opened.db().clone(), KeySource::here(opened.settings.master_key.clone())).await?;
        let credential = here.stored(&version).ok_or_else(|| {
            Failure::new(
                here.trouble(slot)
                    .unwrap_or_else(|| format!("{} of {slot} has no secret any more: enter it anew", version.label())),
            )
        })?;
        let verdict = providers::verify(&crew::gateway(&opened.settings, here, Clock::default())?, credential).await;
        actions::judged(opened.db(), &version, &verdict, &actor()).await?
    } else {
        actions::judged_by_fleet(opened.db(), &version).await?
    };
    let mut turned = Turned { version, receipt: None };
    if args.activate && turned.version.state == State::Pending {
        turned = activate(common, &opened, turned, false).await?;
    }
    opened.close().await?;
    turned.print(common)?;
    let accepted = matches!(turned.version.seen.verdict.as_deref(), Some("accepted" | "no_call"));
    Ok(if accepted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the provider says of the environment's credential: nothing is written down.
async fn environments(
    common: &Common,
    opened: &open::Opened,
    here: Credentials,
    credential: Credential,
) -> Result<ExitCode, Failure> {
    let slot = credential.slot;
    let verdict = providers::verify(&crew::gateway(&opened.settings, here, Clock::default())?, credential).await;
    if common.json {
        output::json(
            &json!({"slot": slot, "version": "env", "verdict": verdict.name(), "verdict_detail": verdict.detail()}),
        )?;
    } else {
        output::line(&format!("{slot} env: {}", verdict.detail()))?;
    }
    Ok(if matches!(verdict, Verdict::Accepted | Verdict::NoCall) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The named version, else the pending, else the current, else the newest that was refused.
async fn which(opened: &open::Opened, slot: &str, version: Option<i32>) -> Result<Version, Failure> {
    if let Some(version) = version {
        return Ok(actions::look(opened.db(), slot, version).await?);
    }
    for state in [State::Pending, State::Current, State::Refused] {
        if let Some(version) = actions::in_state(opened.db(), slot, state).await? {
            return Ok(version);
        }
    }
    Err(Failure::new(format!("{slot} has no credential: enter one with `switchboard credentials set {slot}`")))
}

async fn activate(common: &Common, opened: &open::Opened, turned: Turned, unverified: bool) -> Result<Turned, Failure> {
    let version = turned.version;
    let (slot, label) = (version.slot.clone(), version.label());
    if version.state == State::Refused {
        let why = version.seen.verdict_detail.unwrap_or_default();
        return Err(Failure::new(format!(
            "{slot} {label} was refused by the provider ({why}): what was current stays so"
        )));
    }
    if version.seen.verdict.as_deref() != Some("accepted") && !unverified {
        let why = version.seen.verdict_detail.unwrap_or_default();
        return Err(Failure::new(format!(
            "{slot} {label} could not be verified ({why}): it stays pending; `switchboard credentials verify {slot} --activate` tries again, --unverified does without"
        )));
    }
    let expects = actions::in_state(opened.db(), &slot, State::Current).await?.map(|v| v.version);
    let watch_s = opened.settings.vault.watch.as_secs();
    let action =
        Action::ActivateCredential { slot: slot.clone(), version: version.version, expects, unverified, watch_s };
    let receipt = confirm::confirmed(opened.db(), common, action, None).await?;
    let version = actions::look(opened.db(), &slot, version.version).await?;
    Ok(Turned { version, receipt: Some(receipt) })
}

/// Waits for the end of the watch; 1 if the version was rolled back.
async fn watched(opened: &open::Opened, turned: &Turned) -> Result<ExitCode, Failure> {
    let version = &turned.version;
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
    version: Version,
    receipt: Option<Receipt>,
}

impl Turned {
    fn print(&self, common: &Common) -> Result<(), Failure> {
        let Turned { version, receipt } = self;
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
