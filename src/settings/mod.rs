//! Settings: defaults < `config.toml` < environment < flags.
//!
//! The core is pure: texts in, [`Settings`] or one sentence out. Every key is a row of `registry`, so that reading, checking
//! and "did you mean" can't drift apart. A secret comes from the environment only, and `Debug` never shows one.

mod day;
mod entry;
mod error;
mod load;
mod registry;
mod sections;
mod steps;
mod value;

use std::collections::BTreeMap;

use secrecy::SecretString;

pub use day::{day_start, next_day};
pub use error::{Origin, SettingsError};
pub use load::config_folder;
pub use sections::{
    AlertSettings, AskSettings, BreakerSettings, BudgetSettings, CacheSettings, ConsoleSettings, DatabaseSettings,
    EnvironmentSettings, InboundSettings, JobSettings, Link, LookupSettings, ProviderSettings, RetentionSettings,
    TelemetrySettings, VaultSettings,
};
pub use steps::{STEPS, StepSettings};
pub use value::duration as parse_duration;

use crate::catalogue;
use entry::Entry;

/// What a credential slot was given by the environment: field to value.
pub type CredentialFields = BTreeMap<String, SecretString>;

/// All settings of a process, resolved once at its start.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which database, and how.
    pub database: DatabaseSettings,
    /// Attempts, delays and leases of jobs.
    pub jobs: JobSettings,
    /// How long answers stay fresh.
    pub cache: CacheSettings,
    /// Thresholds of alerts.
    pub alerts: AlertSettings,
    /// How long what is kept.
    pub retention: RetentionSettings,
    /// HTTP in.
    pub inbound: InboundSettings,
    /// Logs.
    pub telemetry: TelemetrySettings,
    /// The terminal.
    pub console: ConsoleSettings,
    /// Models for questions.
    pub ask: AskSettings,
    /// What "today" means in filters and budgets; stored and printed times are UTC.
    pub time_zone: chrono_tz::Tz,
    /// Name and kind of a database that is new.
    pub environment: EnvironmentSettings,
    /// Credentials in the database.
    pub vault: VaultSettings,
    /// Key of the vault, as given; the vault reads its form.
    pub master_key: Option<SecretString>,
    providers: BTreeMap<&'static str, ProviderSettings>,
    breakers: BTreeMap<&'static str, BreakerSettings>,
    steps: BTreeMap<&'static str, StepSettings>,
    credentials: BTreeMap<&'static str, CredentialFields>,
    unlisted: (ProviderSettings, BreakerSettings),
}

impl Default for Settings {
    fn default() -> Self {
        let provider = |p: &catalogue::Provider| ProviderSettings::of(p.id, p.has_lane);
        let breakers = catalogue::PROVIDERS.iter().filter_map(|p| p.breaker);
        Settings {
            database: DatabaseSettings::default(),
            jobs: JobSettings::default(),
            cache: CacheSettings::default(),
            alerts: AlertSettings::default(),
            retention: RetentionSettings::default(),
            inbound: InboundSettings::default(),
            telemetry: TelemetrySettings::default(),
            console: ConsoleSettings::default(),
            ask: AskSettings::default(),
            time_zone: chrono_tz::UTC,
            environment: EnvironmentSettings::default(),
            vault: VaultSettings::default(),
            master_key: None,
            providers: catalogue::PROVIDERS.iter().map(|p| (p.id, provider(p))).collect(),
            breakers: breakers.map(|name| (name, BreakerSettings::default())).collect(),
            steps: steps::defaults(),
            credentials: BTreeMap::new(),
            unlisted: (ProviderSettings::of("", true), BreakerSettings::default()),
        }
    }
}

impl Settings {
    /// Lays file, environment (all of it; others' variables are passed over) and overrides over the defaults, in this order.
    /// An override is a path such as `providers.twilio.base_url` with its value.
    pub fn resolve(
        file: Option<&str>,
        environment: impl Iterator<Item = (String, String)>,
        overrides: &[(String, String)],
    ) -> Result<Settings, SettingsError> {
        let mut settings = Settings::default();
        let mut entries = file.map(entry::from_file).transpose()?.unwrap_or_default();
        entries.extend(entry::from_environment(environment));
        entries.extend(overrides.iter().map(|(path, value)| Entry::flag(path, value)));
        for entry in &entries {
            registry::apply(&mut settings, entry)?;
        }
        settings.check()?;
        Ok(settings)
    }

    /// Reads `config.toml` of the XDG config folder and this process's environment.
    pub fn load(overrides: &[(String, String)]) -> Result<Settings, SettingsError> {
        load::load(overrides)
    }

    /// Defaults and `overrides` alone: neither file nor environment is looked at. For `demo` and tests.
    pub fn isolated(overrides: &[(String, String)]) -> Result<Settings, SettingsError> {
        Settings::resolve(None, std::iter::empty(), overrides)
    }

    /// Settings of a provider, by its id. An id that the catalogue lacks gets the defaults.
    pub fn provider(&self, id: &str) -> &ProviderSettings {
        self.providers.get(id).unwrap_or(&self.unlisted.0)
    }

    /// Settings of a breaker, by its name or its lane's. A name that the catalogue lacks gets the defaults.
    pub fn breaker(&self, name: &str) -> &BreakerSettings {
        let breaker = catalogue::by_breaker(name).and_then(|p| p.breaker);
        breaker.and_then(|breaker| self.breakers.get(breaker)).unwrap_or(&self.unlisted.1)
    }

    /// Settings of a step, by its name; none for the lookup, which is not to be set.
    pub fn step(&self, name: &str) -> Option<&StepSettings> {
        self.steps.get(name)
    }

    /// What the environment gave for a credential slot, if anything; whether it is complete the catalogue's slot says.
    pub fn credential_fields(&self, slot: &str) -> Option<&CredentialFields> {
        self.credentials.get(slot)
    }

    /// What no single key can see.
    fn check(&self) -> Result<(), SettingsError> {
        let conflict = |text: String| Err(SettingsError::Conflict(text));
        if self.jobs.dead_after < self.jobs.heartbeat * 2 {
            return conflict(
                "jobs.dead_after must be at least twice jobs.heartbeat, or living nodes count as dead".into(),
            );
        }
        if self.jobs.retry_base > self.jobs.retry_cap {
            return conflict("jobs.retry_base is above jobs.retry_cap: raise the cap or lower the base".into());
        }
        if self.alerts.depth_warning > self.alerts.depth_critical {
            return conflict("alerts.depth_warning is above alerts.depth_critical: swap them".into());
        }
        for (id, provider) in &self.providers {
            if provider.concurrency_start > provider.concurrency_cap {
                return conflict(format!(
                    "providers.{id}.concurrency_start is above its concurrency_cap: raise the cap"
                ));
            }
        }
        for (name, breaker) in &self.breakers {
            if breaker.cool_off > breaker.cool_off_cap {
                return conflict(format!("breakers.{name}.cool_off is above its cool_off_cap: raise the cap, too"));
            }
        }
        Ok(())
    }
}
