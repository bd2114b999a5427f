//! A gateway to the stand-ins, as a process at work has one.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use chrono::TimeDelta;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use switchboard::breakers::{Breaker, Guard, Rules};
use switchboard::catalogue;
use switchboard::database::Clock;
use switchboard::providers::gateway::Lookup;
use switchboard::providers::limiter::Limiter;
use switchboard::providers::packages::Packages;
use switchboard::providers::{Gateway, Input, Line};
use switchboard::sandbox::Sandbox;
use switchboard::vault::Credentials;

/// What a contact's columns are at the beginning.
pub fn columns(phone: &str, more: Value) -> Map<String, Value> {
    let mut columns = json!({"phone_e164": phone, "country_code": "US"});
    columns.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    columns.as_object().cloned().unwrap()
}

/// A contact of whom enough is known for every endpoint.
pub fn known(phone: &str) -> Input {
    Input::new(columns(
        phone,
        json!({"business_email_domain": "cedar-dental-417.example", "first_name": "Jane", "last_name": "Doe",
               "email": "jane.doe@cedar-dental-417.example"}),
    ))
}

/// Lines to the stand-ins: as they are, or with another base URL or dialect for one of them.
pub struct Wiring {
    lines: Vec<Line>,
    keys: BTreeMap<String, BTreeMap<String, SecretString>>,
}

impl Wiring {
    /// To all stand-ins of the sandbox, with what they accept.
    pub fn to(sandbox: &Sandbox) -> Wiring {
        let mut keys: BTreeMap<String, BTreeMap<String, SecretString>> = BTreeMap::new();
        for (slot, field, value) in sandbox.accepted() {
            keys.entry(slot.to_owned()).or_default().insert(field.to_owned(), value.to_owned().into());
        }
        let all = Sandbox::providers().chain(Sandbox::models());
        let lines = all.map(|id| line(id, sandbox.base_url(id).unwrap())).collect();
        Wiring { lines, keys }
    }

    /// With other keys in all slots.
    pub fn with_wrong_keys(mut self) -> Wiring {
        for value in self.keys.values_mut().flat_map(BTreeMap::values_mut) {
            *value = "0123456789abcdef0123456789abcdef".to_owned().into();
        }
        self
    }

    /// With the key of one slot in another.
    pub fn key_of(mut self, slot: &str, from: &str) -> Wiring {
        let key = self.keys[from].values().next().unwrap().clone();
        *self.keys.get_mut(slot).unwrap().values_mut().next().unwrap() = key;
        self
    }

    /// With one provider spoken to in another way, elsewhere.
    pub fn speaking(mut self, provider: &str, dialect: &'static str, base_url: String) -> Wiring {
        let line = self.lines.iter_mut().find(|line| line.provider == provider).unwrap();
        (line.dialect, line.base_url) = (dialect, base_url);
        self
    }

    /// With a short time-out.
    pub fn hurried(mut self) -> Wiring {
        self.lines.iter_mut().for_each(|line| line.timeout = Duration::from_millis(300));
        self
    }

    /// The credentials.
    pub fn credentials(&self) -> Credentials {
        Credentials::from_environment(|slot| self.keys.get(slot).cloned())
    }

    /// The gateway.
    pub fn gateway(self) -> Gateway {
        let credentials = self.credentials();
        Gateway::new(self.lines, credentials, Clock::default()).unwrap()
    }
}

fn line(id: &'static str, base_url: String) -> Line {
    let rules = Rules {
        threshold: 5,
        cool_off: TimeDelta::seconds(60),
        cool_off_cap: TimeDelta::seconds(900),
        rate_rule: true,
        full: 16,
        probe_lease: TimeDelta::seconds(30),
    };
    let provider = catalogue::provider(id).unwrap();
    Line {
        provider: provider.id,
        slot: provider.slot.unwrap().name,
        base_url,
        dialect: catalogue::dialects(id).first().map_or("", |dialect| dialect.name),
        lookup: Lookup {
            packages: Packages::new(vec!["line_type_intelligence", "caller_name"]),
            verify_number: "+14155552671".into(),
            ..Lookup::default()
        },
        timeout: Duration::from_secs(10),
        keep: None,
        rate: Mutex::default(),
        budget: Mutex::default(),
        stopped: Default::default(),
        guard: Guard::new(provider.breaker.unwrap(), rules, Breaker::new()),
        limiter: Mutex::new(Limiter::new(16, 64)),
    }
}
