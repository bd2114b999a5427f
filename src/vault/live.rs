//! The credentials that this process may use now: those of its environment, else the vault's current versions.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};

use super::doubt::Doubts;
use super::keeper::Store;
use super::version::State;
use crate::catalogue::{PROVIDERS, Slot};
use crate::telemetry::{LiveSecret, SharedRedactor};

/// A version that was not confirmed for so long is not sent any more: it may have been turned meanwhile.
pub const CONFIRMED_MAX: Duration = Duration::from_secs(30);

/// The fields of one slot, as they were given.
pub type Given = BTreeMap<String, SecretString>;

/// A whole credential and the version that a call records.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Slot.
    pub slot: &'static str,
    /// `env`, or the vault's `v7`.
    pub version: String,
    /// Number of the vault's row; none for the environment's.
    pub(super) row: Option<i64>,
    fields: Arc<Given>,
    /// When it was last sent, in microseconds since 1970; 0 = never by this process.
    used_us: Arc<AtomicI64>,
}

impl Credential {
    /// A credential that is in no place yet: one that was just entered, or one of the vault's rows.
    pub fn new(slot: &'static str, version: String, row: Option<i64>, fields: Given) -> Credential {
        Credential { slot, version, row, fields: Arc::new(fields), used_us: Arc::default() }
    }

    /// One field; none if the slot has no such field or it was not given.
    pub fn field(&self, name: &str) -> Option<&SecretString> {
        self.fields.get(name)
    }

    /// User name and password for Basic authentication at Twilio: the API key pair where there is one, else the account.
    pub fn basic(&self) -> Option<(&SecretString, &SecretString)> {
        let pair = |user, password| Some((self.field(user)?, self.field(password)?));
        pair("api_key_sid", "api_key_secret").or_else(|| pair("account_sid", "auth_token"))
    }

    /// Whether it comes from this process's environment.
    pub fn is_env(&self) -> bool {
        self.row.is_none()
    }

    /// A call is being made with it.
    pub fn used(&self, at: DateTime<Utc>) {
        self.used_us.fetch_max(at.timestamp_micros(), Ordering::Relaxed);
    }

    pub(super) fn last_used(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_micros(self.used_us.load(Ordering::Relaxed)).filter(|at| *at > DateTime::UNIX_EPOCH)
    }

    /// Its secrets, each with the kind under which the redactor hides it: `twilio/v7`.
    pub fn secrets(&self) -> impl Iterator<Item = LiveSecret> {
        let hidden =
            self.fields.iter().filter(|(name, value)| !value.expose_secret().is_empty() && !is_public(self.slot, name));
        hidden.map(|(_, value)| LiveSecret { kind: format!("{}/{}", self.slot, self.version), value: value.clone() })
    }
}

/// What the vault gave this process.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub current: BTreeMap<&'static str, Credential>,
    /// Pending, previous and refused ones: hidden in logs, verified when somebody asks, kept for the way back.
    pub others: Vec<(State, Credential)>,
    /// Why a slot's version can't be used here.
    pub troubles: BTreeMap<&'static str, String>,
    /// The vault's version that this is.
    pub seen: i64,
    /// When that was last known to be so.
    pub confirmed: Option<Instant>,
}

/// All slots; cheap to clone, shared by every call of the process.
#[derive(Debug, Clone)]
pub struct Credentials {
    env: Arc<BTreeMap<&'static str, Credential>>,
    pub(super) held: Arc<RwLock<Held>>,
    /// Environment's credentials that the provider refused: not sent again.
    refused: Arc<RwLock<BTreeMap<&'static str, String>>>,
    /// Further secrets of the process: master keys, passwords of the database.
    extra: Arc<RwLock<Vec<LiveSecret>>>,
    redactor: SharedRedactor,
    pub(super) store: Arc<OnceLock<Store>>,
    pub(super) doubts: Arc<Doubts>,
}

impl Default for Credentials {
    fn default() -> Self {
        Credentials::from_environment(|_| None)
    }
}

impl Credentials {
    /// Takes what the environment gave: slots whose fields make a whole credential; the rest counts as missing.
    pub fn from_environment(given: impl Fn(&str) -> Option<Given>) -> Credentials {
        Credentials::hiding_in(SharedRedactor::new(&[]), given)
    }

    /// The same with the redactor that learns each secret, now and at every turn.
    pub fn hiding_in(redactor: SharedRedactor, given: impl Fn(&str) -> Option<Given>) -> Credentials {
        let mut env = BTreeMap::new();
        for slot in PROVIDERS.iter().filter_map(|p| p.slot) {
            let Some(fields) = given(slot.name) else { continue };
            if is_whole(slot, &fields) {
                env.insert(slot.name, Credential::new(slot.name, "env".into(), None, fields));
            }
        }
        let all = Credentials {
            env: Arc::new(env),
            held: Arc::default(),
            refused: Arc::default(),
            extra: Arc::default(),
            redactor,
            store: Arc::default(),
            doubts: Arc::default(),
        };
        all.teach();
        all
    }

    /// The redactor that knows every secret of these.
    pub fn redactor(&self) -> &SharedRedactor {
        &self.redactor
    }

    /// The credential of a slot now; none if it is missing, not whole, was refused in this version, or is not known to be
    /// the current one any more.
    pub fn take(&self, slot: &str) -> Option<Credential> {
        if let Some(credential) = self.env.get(slot) {
            let refused = self.refused.read().unwrap_or_else(PoisonError::into_inner);
            return (refused.get(credential.slot) != Some(&credential.version)).then(|| credential.clone());
        }
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = held.confirmed.is_some_and(|at| at.elapsed() < CONFIRMED_MAX);
        held.current.get(slot).filter(|_| is_fresh).cloned()
    }

    /// Current and previous, for what comes in signed: inside the overlap either may have been used.
    pub fn take_both(&self, slot: &str) -> Vec<Credential> {
        let mut both: Vec<_> = self.take(slot).into_iter().collect();
        if both.first().is_some_and(|current| !current.is_env()) {
            let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
            let previous = held.others.iter().filter(|(state, c)| *state == State::Previous && c.slot == slot);
            both.extend(previous.map(|(_, c)| c.clone()));
        }
        both
    }

    /// Why a slot has no credential here although the vault has one, if that is so.
    pub fn trouble(&self, slot: &str) -> Option<String> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let stale = held.confirmed.is_some_and(|at| at.elapsed() >= CONFIRMED_MAX) && held.current.contains_key(slot);
        let stale = stale.then(|| "the database could not be asked for 30 s whether it is still current".to_owned());
        held.troubles.get(slot).cloned().or(stale)
    }

    /// The environment's credential of a slot was refused: it is not sent again. Some providers block an address that
    /// repeats a wrong key.
    pub fn refuse(&self, slot: &'static str, version: &str) {
        self.refused.write().unwrap_or_else(PoisonError::into_inner).insert(slot, version.to_owned());
    }

    /// Slots whose credential the environment gives.
    pub fn of_environment(&self) -> Vec<&'static str> {
        self.env.keys().copied().collect()
    }

    /// By slot, the version that is in use here.
    pub fn in_use(&self) -> BTreeMap<&'static str, String> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.current.iter().chain(self.env.iter()).map(|(slot, c)| (*slot, c.version.clone())).collect()
    }

    /// Hides these, too, from now on.
    pub fn hide(&self, more: Vec<LiveSecret>) {
        self.extra.write().unwrap_or_else(PoisonError::into_inner).extend(more);
        self.teach();
    }

    /// Tells the redactor every secret that is loaded now.
    fn teach(&self) {
        self.redactor.set_live(&self.live_secrets());
    }

    /// Tells it every secret that will be loaded in a moment.
    pub(super) fn teach_with(&self, next: &Held) {
        self.redactor.set_live(&self.secrets_with(next));
    }

    /// Every live secret with the kind under which the redactor hides it: `twilio/env`.
    pub fn live_secrets(&self) -> Vec<LiveSecret> {
        self.secrets_with(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn secrets_with(&self, held: &Held) -> Vec<LiveSecret> {
        let others = held.others.iter().map(|(_, credential)| credential);
        let all = self.env.values().chain(held.current.values()).chain(others).flat_map(Credential::secrets);
        all.chain(self.extra.read().unwrap_or_else(PoisonError::into_inner).iter().cloned()).collect()
    }

    /// What is missing in a slot, as the variables that would give it: for error messages.
    pub fn missing(slot: &Slot) -> String {
        let sets: Vec<String> = slot
            .complete
            .iter()
            .rev()
            .map(|set| {
                let names: Vec<_> = set
                    .iter()
                    .map(|field| format!("SWITCHBOARD_PROVIDERS__{}__{}", slot.settings, field.to_uppercase()))
                    .collect();
                names.join(" and ")
            })
            .collect();
        sets.join(", or ")
    }
}

/// Whether the fields make a whole credential of the slot.
pub(super) fn is_whole(slot: &Slot, fields: &Given) -> bool {
    let given = |name: &str| fields.get(name).is_some_and(|value| !value.expose_secret().trim().is_empty());
    slot.complete.iter().any(|set| set.iter().all(|name| given(name)))
}

fn is_public(slot: &str, field: &str) -> bool {
    let known = PROVIDERS.iter().filter_map(|p| p.slot).find(|s| s.name == slot);
    known.is_some_and(|s| s.fields.iter().any(|f| f.name == field && !f.secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(pairs: &[(&str, &str)]) -> Given {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), SecretString::from((*v).to_owned()))).collect()
    }

    fn twilio(pairs: &[(&str, &str)]) -> Credentials {
        Credentials::from_environment(|slot| (slot == "twilio").then(|| given(pairs)))
    }

    /// As the keeper would have read it, so long ago.
    fn vaulted(pairs: &[(&str, &str)], confirmed_ago: Duration) -> Credentials {
        let all = Credentials::default();
        {
            let mut held = all.held.write().unwrap();
            held.current.insert("twilio", Credential::new("twilio", "v7".into(), Some(1), given(pairs)));
            held.confirmed = Instant::now().checked_sub(confirmed_ago);
        }
        all
    }

    #[test]
    fn half_a_credential_counts_as_missing() {
        assert!(twilio(&[("account_sid", "AC1")]).take("twilio").is_none());
        assert!(twilio(&[("account_sid", "AC1"), ("auth_token", " ")]).take("twilio").is_none());
        assert!(twilio(&[("account_sid", "AC1"), ("auth_token", "t")]).take("twilio").is_some());
    }

    #[test]
    fn an_api_key_pair_wins_over_the_auth_token() {
        let all = [("account_sid", "AC1"), ("auth_token", "t"), ("api_key_sid", "SK1"), ("api_key_secret", "s")];
        let credential = twilio(&all).take("twilio").unwrap();
        assert_eq!(credential.basic().unwrap().0.expose_secret(), "SK1");
    }

    #[test]
    fn a_refused_version_is_not_sent_again() {
        let credentials = twilio(&[("account_sid", "AC1"), ("auth_token", "t")]);
        credentials.refuse("twilio", "v1");
        assert!(credentials.take("twilio").is_some());
        credentials.refuse("twilio", "env");
        assert!(credentials.take("twilio").is_none());
    }

    #[test]
    fn a_version_that_nobody_could_confirm_for_half_a_minute_is_not_sent() {
        let pairs = [("account_sid", "AC1"), ("auth_token", "t")];
        assert_eq!(vaulted(&pairs, Duration::from_secs(29)).take("twilio").unwrap().version, "v7");
        let stale = vaulted(&pairs, Duration::from_secs(31));
        assert!(stale.take("twilio").is_none());
        assert!(stale.trouble("twilio").unwrap().contains("30 s"));
    }

    #[test]
    fn no_secret_shows_in_debug_output() {
        let credentials = twilio(&[("account_sid", "AC1"), ("auth_token", "hush-hush")]);
        assert!(!format!("{credentials:?}").contains("hush-hush"));
    }

    #[test]
    fn the_missing_fields_are_named_as_variables() {
        let text = Credentials::missing(&crate::catalogue::TWILIO);
        assert!(
            text.starts_with(
                "SWITCHBOARD_PROVIDERS__TWILIO__ACCOUNT_SID and SWITCHBOARD_PROVIDERS__TWILIO__AUTH_TOKEN"
            ),
            "{text}"
        );
    }
}
