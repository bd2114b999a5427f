//! The credentials that this process may use now.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use secrecy::{ExposeSecret, SecretString};

use crate::catalogue::{PROVIDERS, Slot};

/// The fields of one slot, as they were given.
pub type Given = BTreeMap<String, SecretString>;

/// A whole credential and the version that a call records.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Slot.
    pub slot: &'static str,
    /// `env`, or the vault's `v7`.
    pub version: String,
    fields: Arc<Given>,
}

impl Credential {
    /// One field; none if the slot has no such field or it was not given.
    pub fn field(&self, name: &str) -> Option<&SecretString> {
        self.fields.get(name)
    }

    /// User name and password for Basic authentication at Twilio: the API key pair where there is one, else the account.
    pub fn basic(&self) -> Option<(&SecretString, &SecretString)> {
        let pair = |user, password| Some((self.field(user)?, self.field(password)?));
        pair("api_key_sid", "api_key_secret").or_else(|| pair("account_sid", "auth_token"))
    }
}

/// All slots; cheap to clone, shared by every call of the process.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    slots: Arc<RwLock<BTreeMap<&'static str, Credential>>>,
    refused: Arc<RwLock<BTreeMap<&'static str, String>>>,
}

impl Credentials {
    /// Takes what the environment gave: slots whose fields make a whole credential; the rest counts as missing.
    pub fn from_environment(given: impl Fn(&str) -> Option<Given>) -> Credentials {
        let mut slots = BTreeMap::new();
        for slot in PROVIDERS.iter().filter_map(|p| p.slot) {
            let Some(fields) = given(slot.name) else { continue };
            if is_whole(slot, &fields) {
                let credential = Credential { slot: slot.name, version: "env".into(), fields: Arc::new(fields) };
                slots.insert(slot.name, credential);
            }
        }
        Credentials { slots: Arc::new(RwLock::new(slots)), refused: Arc::default() }
    }

    /// The credential of a slot now; none if it is missing, not whole, or was refused in this version.
    pub fn take(&self, slot: &str) -> Option<Credential> {
        let credential = self.slots.read().unwrap_or_else(PoisonError::into_inner).get(slot).cloned()?;
        let refused = self.refused.read().unwrap_or_else(PoisonError::into_inner);
        (refused.get(credential.slot) != Some(&credential.version)).then_some(credential)
    }

    /// The provider refused this version: it is not sent again. Some providers block an address that repeats a wrong key.
    pub fn refuse(&self, slot: &'static str, version: &str) {
        self.refused.write().unwrap_or_else(PoisonError::into_inner).insert(slot, version.to_owned());
    }

    /// Every live secret with the kind under which the redactor hides it: `twilio/env`.
    pub fn live_secrets(&self) -> Vec<(String, SecretString)> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        let mut all = Vec::new();
        for credential in slots.values() {
            for (name, value) in credential.fields.iter() {
                if !value.expose_secret().is_empty() && !is_public(credential.slot, name) {
                    all.push((format!("{}/{}", credential.slot, credential.version), value.clone()));
                }
            }
        }
        all
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

fn is_whole(slot: &Slot, fields: &Given) -> bool {
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
