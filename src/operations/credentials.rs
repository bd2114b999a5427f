//! The desk of credentials, for a door that stays open: enter, let the provider judge, and what follows. A secret is an
//! argument on its way to the seal or to the provider's check, and nothing of it stays here.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::actions::{Action, Actor, Refusal, credentials as actions};
use crate::database::{Db, roles};
use crate::providers::{Gateway, verify as providers};
use crate::vault::{Credential, Credentials, Given, KeySource, State, Verdict, Version, store};

/// All that turning credentials needs in a process.
#[derive(Debug)]
pub struct CredentialDesk {
    db: Db,
    /// Reads the vault for this desk alone; the pool keeps its own.
    here: Credentials,
    gateway: Arc<Gateway>,
    keys: KeySource,
    watch_s: u64,
}

/// What a person entered.
#[derive(Debug)]
pub struct Entry {
    /// Slot.
    pub slot: &'static str,
    /// Its fields.
    pub fields: Given,
    /// When the provider will stop taking it.
    pub expires_at: Option<DateTime<Utc>>,
    /// Discard the pending version that the person saw.
    pub replace: bool,
}

/// What the provider said of a version.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Slot.
    pub slot: &'static str,
    /// `v8`, or `env`.
    pub label: String,
    /// As the database has it; none for the environment's, of which nothing is written down.
    pub version: Option<Version>,
    /// `accepted`, `refused`, `unknown` or `no_call`.
    pub verdict: String,
    /// In words.
    pub detail: String,
    /// What would make it current, if it is pending and may be.
    pub activate: Option<Action>,
}

impl Judged {
    /// Whether the provider takes it, or has no call that could tell.
    pub fn is_taken(&self) -> bool {
        matches!(self.verdict.as_str(), "accepted" | "no_call")
    }
}

impl CredentialDesk {
    /// A desk over this gateway, which makes the checking calls with `here`'s redactor.
    pub fn new(db: Db, here: Credentials, gateway: Arc<Gateway>, keys: KeySource, watch_s: u64) -> CredentialDesk {
        CredentialDesk { db, here, gateway, keys, watch_s }
    }

    /// Slots whose credential this process's environment gives.
    pub fn of_environment(&self) -> Vec<&'static str> {
        self.here.of_environment()
    }

    /// Seals a new pending version and asks the provider whether it takes it.
    pub async fn enter(&self, entry: &Entry, actor: &Actor) -> Result<Judged, Refusal> {
        let Entry { slot, fields, expires_at, replace } = entry;
        let slot = *slot;
        if let Some(sentence) = actions::given_by_environment(&self.here, slot) {
            return Err(Refusal::Impossible(sentence));
        }
        let credential = Credential::new(slot, "new".into(), None, fields.clone());
        self.here.hide(credential.secrets().collect());
        let wish = actions::Wish { slot, fields, expires_at: *expires_at, replace: *replace };
        let version = actions::enter(&self.db, &self.keys, wish, actor).await?;
        let verdict = providers::verify(&self.gateway, credential).await;
        let version = actions::judged(&self.db, &version, &verdict, actor).await?;
        self.judged(slot, version).await
    }

    /// Asks the provider about the named version, else the pending, the current, or the last refused one; about the
    /// environment's where that is what calls are made with.
    pub async fn verify(&self, slot: &str, version: Option<i32>, actor: &Actor) -> Result<Judged, Refusal> {
        let slot = store::slot(slot)?.name;
        if let Some(credential) = self.here.take(slot).filter(Credential::is_env) {
            let verdict = providers::verify(&self.gateway, credential).await;
            return Ok(Judged {
                slot,
                label: "env".into(),
                version: None,
                verdict: verdict.name().into(),
                detail: verdict.detail().into(),
                activate: None,
            });
        }
        let version = self.which(slot, version).await?;
        let version = if roles::rights(&self.db).await?.worker {
            self.ask_provider(version, actor).await?
        } else {
            actions::judged_by_fleet(&self.db, &version).await?
        };
        self.judged(slot, version).await
    }

    async fn ask_provider(&self, version: Version, actor: &Actor) -> Result<Version, Refusal> {
        self.here.attach(self.db.clone(), self.keys.clone()).await?;
        let gone = || {
            let lost = format!("{} of {} has no secret any more: enter it anew", version.label(), version.slot);
            Refusal::Impossible(self.here.trouble(&version.slot).unwrap_or(lost))
        };
        let credential = self.here.stored(&version).ok_or_else(gone)?;
        let verdict = providers::verify(&self.gateway, credential).await;
        actions::judged(&self.db, &version, &verdict, actor).await
    }

    async fn which(&self, slot: &str, version: Option<i32>) -> Result<Version, Refusal> {
        if let Some(version) = version {
            return actions::look(&self.db, slot, version).await;
        }
        for state in [State::Pending, State::Current, State::Refused] {
            if let Some(version) = actions::in_state(&self.db, slot, state).await? {
                return Ok(version);
            }
        }
        Err(Refusal::Impossible(format!(
            "{slot} has no credential: enter one with `switchboard credentials set {slot}`, or `:rotate {slot}` in the console"
        )))
    }

    async fn judged(&self, slot: &'static str, version: Version) -> Result<Judged, Refusal> {
        let verdict = version.seen.verdict.clone().unwrap_or_else(|| Verdict::NoCall.name().into());
        let detail = version.seen.verdict_detail.clone().unwrap_or_default();
        let label = version.label();
        let mut judged = Judged { slot, label, version: Some(version), verdict, detail, activate: None };
        if let Some(version) = judged.version.as_ref().filter(|v| v.state == State::Pending && judged.is_taken()) {
            judged.activate = Some(self.activation(slot, version, false).await?);
        }
        Ok(judged)
    }

    /// What makes the slot's pending version current. `unverified`: also where the provider did not say that it takes it;
    /// a provider that has no call which could tell needs no such leave.
    pub async fn finish(&self, slot: &str, unverified: bool) -> Result<Action, Refusal> {
        let slot = store::slot(slot)?.name;
        let Some(pending) = actions::in_state(&self.db, slot, State::Pending).await? else {
            return Err(Refusal::Impossible(format!("no version of {slot} waits to be made current: r enters one")));
        };
        self.activation(slot, &pending, unverified).await
    }

    async fn activation(&self, slot: &'static str, version: &Version, unverified: bool) -> Result<Action, Refusal> {
        let expects = actions::in_state(&self.db, slot, State::Current).await?.map(|current| current.version);
        let unverified = unverified || version.seen.verdict.as_deref() == Some(Verdict::NoCall.name());
        let (slot, version, watch_s) = (slot.to_owned(), version.version, self.watch_s);
        Ok(Action::ActivateCredential { slot, version, expects, unverified, watch_s })
    }
}
