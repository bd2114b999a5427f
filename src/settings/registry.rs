//! Every setting, one row each: its name, what it accepts, where the value goes.

use std::time::Duration;

use super::Settings;
use super::entry::{Entry, variable};
use super::error::{Origin, SettingsError};
use super::sections::{BreakerSettings, Link, ProviderSettings};
use super::steps::{OF_STEP, STEPS};
use super::value::{database_url, duration, http_url, limit, models, whole, word, words, yes};
use crate::catalogue::{self, LOOKUP_PACKAGES, PROVIDERS, Provider, Slot};

const DURATION: &str = "a duration such as 500ms, 6s, 2m, 1h or 30d";
const YES: &str = "true or false";
const HTTP: &str = "an address such as https://host or http://127.0.0.1:8080, without user or query";
const DATABASE: &str = "an address such as postgres://user@host:5432/database";
const LIMIT: &str = "a number above 0, or none";
const ATTEMPTS: &str = "a whole number from 1 to 100";
const COUNT: &str = "a whole number from 1 to 1000000000";
const PACKAGES: &str = "none, or a comma list of validation, caller_name, sim_swap, call_forwarding, line_status, \
    line_type_intelligence, identity_match, reassigned_number, sms_pumping_risk, phone_number_quality_score, pre_fill";
const CALLS: &str = "a whole number from 1 to 10000";

const THEMES: &[&str] = &["terminal", "dusk", "paper", "contrast", "deuteranopia", "mono"];

/// A setting that stands once. `set` puts a good value in its place and refuses others by `None`.
struct Single(&'static str, &'static str, fn(&mut Settings, &str) -> Option<()>);
/// A setting that every provider has.
struct OfProvider(&'static str, &'static str, fn(&mut ProviderSettings, &str) -> Option<()>);
/// A setting that every breaker has.
struct OfBreaker(&'static str, &'static str, fn(&mut BreakerSettings, &str) -> Option<()>);

/// Puts a value that was understood where it belongs.
fn put<T>(place: &mut T, value: Option<T>) -> Option<()> {
    *place = value?;
    Some(())
}
fn lasting(place: &mut Duration, text: &str) -> Option<()> {
    put(place, duration(text))
}

const SINGLE: &[Single] = &[
    Single("database.url", DATABASE, |s, v| put(&mut s.database.url, database_url(v).map(|u| Some(u.into())))),
    Single("database.direct_url", DATABASE, |s, v| {
        put(&mut s.database.direct_url, database_url(v).map(|u| Some(u.into())))
    }),
    Single("database.worker_url", DATABASE, |s, v| {
        put(&mut s.database.worker_url, database_url(v).map(|u| Some(u.into())))
    }),
    Single("database.max_connections", "a whole number from 2 to 1000", |s, v| {
        put(&mut s.database.max_connections, whole(v, 2..=1000))
    }),
    Single("jobs.lookup_attempts", ATTEMPTS, |s, v| put(&mut s.jobs.lookup_attempts, whole(v, 1..=100))),
    Single("jobs.step_attempts", ATTEMPTS, |s, v| put(&mut s.jobs.step_attempts, whole(v, 1..=100))),
    Single("jobs.retry_base", DURATION, |s, v| lasting(&mut s.jobs.retry_base, v)),
    Single("jobs.retry_cap", DURATION, |s, v| lasting(&mut s.jobs.retry_cap, v)),
    Single("jobs.retry_after_cap", DURATION, |s, v| lasting(&mut s.jobs.retry_after_cap, v)),
    Single("jobs.heartbeat", DURATION, |s, v| lasting(&mut s.jobs.heartbeat, v)),
    Single("jobs.dead_after", DURATION, |s, v| lasting(&mut s.jobs.dead_after, v)),
    Single("jobs.lane_limit", COUNT, |s, v| put(&mut s.jobs.lane_limit, whole(v, 1..=1_000_000_000))),
    Single("cache.line", DURATION, |s, v| lasting(&mut s.cache.line, v)),
    Single("cache.risk", DURATION, |s, v| lasting(&mut s.cache.risk, v)),
    Single("cache.owner", DURATION, |s, v| lasting(&mut s.cache.owner, v)),
    Single("cache.company", DURATION, |s, v| lasting(&mut s.cache.company, v)),
    Single("cache.person", DURATION, |s, v| lasting(&mut s.cache.person, v)),
    Single("cache.address", DURATION, |s, v| lasting(&mut s.cache.address, v)),
    Single("cache.pattern", DURATION, |s, v| lasting(&mut s.cache.pattern, v)),
    Single("cache.verified", DURATION, |s, v| lasting(&mut s.cache.verified, v)),
    Single("cache.unverified", DURATION, |s, v| lasting(&mut s.cache.unverified, v)),
    Single("cache.nothing", DURATION, |s, v| lasting(&mut s.cache.nothing, v)),
    Single("alerts.depth_warning", COUNT, |s, v| put(&mut s.alerts.depth_warning, whole(v, 1..=1_000_000_000))),
    Single("alerts.depth_critical", COUNT, |s, v| put(&mut s.alerts.depth_critical, whole(v, 1..=1_000_000_000))),
    Single("alerts.total_critical", COUNT, |s, v| put(&mut s.alerts.total_critical, whole(v, 1..=1_000_000_000))),
    Single("alerts.oldest_warning", DURATION, |s, v| lasting(&mut s.alerts.oldest_warning, v)),
    Single("retention.usage", DURATION, |s, v| lasting(&mut s.retention.usage, v)),
    Single("retention.timeline", DURATION, |s, v| lasting(&mut s.retention.timeline, v)),
    Single("retention.samples", DURATION, |s, v| lasting(&mut s.retention.samples, v)),
    Single("retention.fine_samples", DURATION, |s, v| lasting(&mut s.retention.fine_samples, v)),
    Single("retention.job_failures", DURATION, |s, v| lasting(&mut s.retention.job_failures, v)),
    Single("retention.job_history", DURATION, |s, v| lasting(&mut s.retention.job_history, v)),
    Single("retention.job_trash", DURATION, |s, v| lasting(&mut s.retention.job_trash, v)),
    Single("retention.webhook_keys", DURATION, |s, v| lasting(&mut s.retention.webhook_keys, v)),
    Single("retention.payloads", DURATION, |s, v| lasting(&mut s.retention.payloads, v)),
    Single("retention.log_files", "a whole number from 1 to 3650", |s, v| {
        put(&mut s.retention.log_files, whole(v, 1..=3650))
    }),
    Single("inbound.public_url", HTTP, |s, v| put(&mut s.inbound.public_url, http_url(v).map(Some))),
    Single("inbound.listen", "an address such as 127.0.0.1:8080", |s, v| {
        put(&mut s.inbound.listen, v.trim().parse().ok().map(Some))
    }),
    Single("telemetry.mask_pii", YES, |s, v| put(&mut s.telemetry.mask_pii, yes(v))),
    Single("telemetry.log_level", "off, error, warn, info, debug or trace", |s, v| {
        let known = word(v, &["off", "error", "warn", "info", "debug", "trace"])?;
        put(&mut s.telemetry.log_level, known.parse().ok())
    }),
    Single("telemetry.log_dir", "an absolute path", |s, v| {
        put(&mut s.telemetry.log_dir, Some(std::path::PathBuf::from(v)).filter(|p| p.is_absolute()).map(Some))
    }),
    Single("console.theme", "terminal, dusk, paper, contrast, deuteranopia or mono", |s, v| {
        put(&mut s.console.theme, word(v, THEMES))
    }),
    Single("console.esc_delay", DURATION, |s, v| lasting(&mut s.console.esc_delay, v)),
    Single("console.notify", YES, |s, v| put(&mut s.console.notify, yes(v))),
    Single("console.link", "auto, slow or normal", |s, v| {
        let links = [("auto", Link::Measured), ("slow", Link::Slow), ("normal", Link::Normal)];
        put(&mut s.console.link, links.iter().find(|(name, _)| *name == v.trim()).map(|(_, link)| *link))
    }),
    Single(
        "ask.models",
        "a comma list of openai, anthropic, gemini, openrouter, compatible, each with :model behind it if you like",
        |s, v| put(&mut s.ask.models, models(v)),
    ),
    Single("time_zone", "a name such as UTC or Europe/Berlin", |s, v| put(&mut s.time_zone, v.trim().parse().ok())),
    Single("environment.name", "a name of at most 40 characters", |s, v| {
        let fits = (1..=40).contains(&v.chars().count()) && !v.chars().any(char::is_control);
        put(&mut s.environment.name, fits.then(|| Some(v.to_owned())))
    }),
    Single("environment.production", YES, |s, v| put(&mut s.environment.production, yes(v).map(Some))),
    Single("vault.watch", DURATION, |s, v| lasting(&mut s.vault.watch, v)),
    Single("vault.remind", DURATION, |s, v| lasting(&mut s.vault.remind, v)),
    Single(MASTER_KEY, "32 bytes in base64 or hex", |s, v| put(&mut s.master_key, Some(Some(v.into())))),
];
const MASTER_KEY: &str = "master_key";

const OF_PROVIDER: &[OfProvider] = &[
    OfProvider("enabled", YES, |p, v| put(&mut p.enabled, yes(v))),
    OfProvider("base_url", HTTP, |p, v| put(&mut p.base_url, http_url(v).map(Some))),
    OfProvider("rate", LIMIT, |p, v| put(&mut p.rate, limit(v))),
    OfProvider("budget_usd", LIMIT, |p, v| put(&mut p.budget.usd, limit(v))),
    OfProvider("budget_calls", "a whole number from 1 to 1000000000, or none", |p, v| {
        put(
            &mut p.budget.calls,
            if matches!(v.trim(), "none" | "off") { Some(None) } else { whole(v, 1..=1_000_000_000).map(Some) },
        )
    }),
    OfProvider("concurrency_start", CALLS, |p, v| put(&mut p.concurrency_start, whole(v, 1..=10_000))),
    OfProvider("concurrency_cap", CALLS, |p, v| put(&mut p.concurrency_cap, whole(v, 1..=10_000))),
    OfProvider("timeout", DURATION, |p, v| lasting(&mut p.timeout, v)),
    OfProvider("cache", YES, |p, v| put(&mut p.cache, yes(v))),
];
/// Settings of Twilio alone.
const OF_TWILIO: &[OfProvider] = &[
    OfProvider("packages", PACKAGES, |p, v| put(&mut p.lookup.packages, words(v, &LOOKUP_PACKAGES))),
    OfProvider("verify_number", "a number in E.164, such as +14155552671", |p, v| {
        let digits =
            v.strip_prefix('+').filter(|d| (7..=15).contains(&d.len()) && d.bytes().all(|b| b.is_ascii_digit()));
        put(&mut p.lookup.verify_number, digits.map(|_| v.to_owned()))
    }),
    OfProvider("partner_sub_id", "1 to 64 characters, which is what Twilio takes", |p, v| {
        let fits = (1..=64).contains(&v.chars().count()) && !v.chars().any(char::is_control);
        put(&mut p.lookup.partner_sub_id, fits.then(|| Some(v.to_owned())))
    }),
    OfProvider("batch", "a whole number from 1 to 1000", |p, v| put(&mut p.lookup.batch, whole(v, 1..=1000))),
];
const OF_ZEROBOUNCE: &[OfProvider] =
    &[OfProvider("batch", "a whole number from 1 to 100", |p, v| put(&mut p.lookup.batch, whole(v, 1..=100)))];

/// Settings that one provider alone has.
fn of_one(provider: &str) -> &'static [OfProvider] {
    match provider {
        "twilio" => OF_TWILIO,
        "zerobounce" => OF_ZEROBOUNCE,
        _ => &[],
    }
}
/// The setting of providers that can be spoken to in several ways.
const DIALECT: &str = "dialect";

const OF_BREAKER: &[OfBreaker] = &[
    OfBreaker("threshold", "a whole number from 1 to 1000", |b, v| put(&mut b.threshold, whole(v, 1..=1000))),
    OfBreaker("cool_off", DURATION, |b, v| lasting(&mut b.cool_off, v)),
    OfBreaker("cool_off_cap", DURATION, |b, v| lasting(&mut b.cool_off_cap, v)),
    OfBreaker("rate_rule", YES, |b, v| put(&mut b.rate_rule, yes(v))),
];

/// Puts one entry in its place.
pub(super) fn apply(settings: &mut Settings, entry: &Entry) -> Result<(), SettingsError> {
    let path = entry.path.as_str();
    let set = if let Some(Single(_, accepts, set)) = SINGLE.iter().find(|single| single.0 == path) {
        Some((*accepts, path == MASTER_KEY && refuse_secret(entry)?, set(settings, &entry.value)))
    } else {
        match path.split('.').collect::<Vec<_>>()[..] {
            ["providers", name, key] => of_provider(settings, entry, name, key)?,
            ["breakers", name, key] => of_breaker(settings, entry, name, key),
            ["steps", name, key] => of_step(settings, entry, name, key),
            _ => None,
        }
    };
    match set {
        None => Err(unknown(entry)),
        Some((_, _, Some(()))) => Ok(()),
        Some((accepts, secret, None)) => Err(SettingsError::Value {
            path: path.to_owned(),
            value: if secret || path.ends_with("_url") || path == "database.url" {
                "this".into()
            } else {
                shown(&entry.value)
            },
            origin: entry.origin.clone(),
            accepts,
        }),
    }
}

/// What it accepts, whether it is secret, and whether it was accepted.
type Set = Option<(&'static str, bool, Option<()>)>;

fn of_provider(settings: &mut Settings, entry: &Entry, name: &str, key: &str) -> Result<Set, SettingsError> {
    if let Some((slot, field)) = slot_field(name, key) {
        refuse_secret(entry)?;
        let given = settings.credentials.entry(slot.name).or_default();
        given.insert(field.to_owned(), entry.value.as_str().into());
        return Ok(Some(("", true, Some(()))));
    }
    let Some(provider) = PROVIDERS.iter().find(|p| is_named(p.settings, name)) else { return Ok(None) };
    if key == DIALECT && !catalogue::dialects(provider.id).is_empty() {
        return Ok(Some(dialect(settings, provider.id, &entry.value)));
    }
    let row = OF_PROVIDER.iter().find(|row| row.0 == key);
    let row = row.or_else(|| of_one(provider.id).iter().find(|row| row.0 == key));
    let (Some(row), Some(place)) = (row, settings.providers.get_mut(provider.id)) else { return Ok(None) };
    Ok(Some((row.1, false, row.2(place, &entry.value))))
}

fn dialect(settings: &mut Settings, id: &str, value: &str) -> (&'static str, bool, Option<()>) {
    let known = catalogue::dialects(id).iter().map(|dialect| dialect.name).find(|name| *name == value.trim());
    let set = known.zip(settings.providers.get_mut(id)).map(|(name, place)| place.dialect = name);
    (dialect_words(id), false, set)
}

/// What `dialect` of a provider accepts.
fn dialect_words(id: &str) -> &'static str {
    match id {
        "clearbit-phone" => "bearer or basic",
        "clearbit-company" | "clearbit-email" => "bearer, basic or hunter",
        "numverify" => "legacy, gateway or marketplace",
        "whitepages" => "phone or caller_id",
        "truecaller" => "v1",
        _ => "v2",
    }
}

fn of_breaker(settings: &mut Settings, entry: &Entry, name: &str, key: &str) -> Set {
    let named = |p: &&Provider| is_named(p.settings, name) || p.breaker.is_some_and(|breaker| is_named(breaker, name));
    let breaker = PROVIDERS.iter().find(named)?.breaker?;
    let row = OF_BREAKER.iter().find(|row| row.0 == key)?;
    Some((row.1, false, row.2(settings.breakers.get_mut(breaker)?, &entry.value)))
}

fn of_step(settings: &mut Settings, entry: &Entry, name: &str, key: &str) -> Set {
    let place = settings.steps.get_mut(name)?;
    let (_, accepts, set) = OF_STEP.iter().find(|row| row.0 == key)?;
    Some((accepts, false, set(place, &entry.value)))
}

fn slot_field(name: &str, key: &str) -> Option<(&'static Slot, &'static str)> {
    let slot = PROVIDERS.iter().filter_map(|p| p.slot).find(|slot| is_named(slot.settings, name))?;
    slot.fields.iter().find(|field| field.name == key).map(|field| (slot, field.name))
}

/// Names are told apart by letters and digits alone: `CLEARBIT_PHONE` is `clearbit-phone`.
fn is_named(known: &str, name: &str) -> bool {
    known.replace('-', "_").eq_ignore_ascii_case(&name.replace('-', "_"))
}

/// True, or an error where the entry stands in the file.
fn refuse_secret(entry: &Entry) -> Result<bool, SettingsError> {
    match entry.origin {
        Origin::File(_) => Err(SettingsError::SecretInFile {
            path: entry.path.clone(),
            origin: entry.origin.clone(),
            variable: variable(&entry.path),
        }),
        _ => Ok(true),
    }
}

/// The nearest known name, in the spelling of the place where the wrong one stands.
fn unknown(entry: &Entry) -> SettingsError {
    let known = all_paths();
    let hint = match catalogue::nearest(&entry.path, known.iter().map(String::as_str)) {
        Some(near) if matches!(entry.origin, Origin::Variable(_)) => format!("did you mean {}?", variable(near)),
        Some(near) => format!("did you mean {near}?"),
        None => {
            let mut sections: Vec<_> = known.iter().map(|path| path.split('.').next().unwrap_or(path)).collect();
            sections.dedup();
            format!("known are {}", sections.join(", "))
        }
    };
    SettingsError::Unknown { path: entry.path.clone(), origin: entry.origin.clone(), hint }
}

fn all_paths() -> Vec<String> {
    let mut all: Vec<String> = SINGLE.iter().map(|single| single.0.to_owned()).collect();
    for provider in PROVIDERS {
        let name = provider.settings.to_lowercase();
        all.extend(OF_PROVIDER.iter().map(|row| format!("providers.{name}.{}", row.0)));
        if !catalogue::dialects(provider.id).is_empty() {
            all.push(format!("providers.{name}.{DIALECT}"));
        }
        if provider.breaker.is_some() {
            all.extend(OF_BREAKER.iter().map(|row| format!("breakers.{name}.{}", row.0)));
        }
        if let Some(slot) = provider.slot {
            let name = slot.settings.to_lowercase();
            all.extend(slot.fields.iter().map(|field| format!("providers.{name}.{}", field.name)));
        }
    }
    all.extend(STEPS.iter().flat_map(|(name, _)| OF_STEP.iter().map(move |row| format!("steps.{name}.{}", row.0))));
    for id in ["twilio", "zerobounce"] {
        all.extend(of_one(id).iter().map(|row| format!("providers.{id}.{}", row.0)));
    }
    all.sort();
    all.dedup();
    all
}

/// A value fit for a sentence: one line, not long; its cut end shows.
fn shown(value: &str) -> String {
    let text: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).take(60).collect();
    format!("\"{text}{}\"", if value.chars().nth(60).is_some() { "…" } else { "" })
}
