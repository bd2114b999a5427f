//! Models from the settings: who may be asked, where each lives, and what limits it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use secrecy::{ExposeSecret, SecretString};

use super::Failure;
use super::crew::rules;
use crate::ask::models::{MAKERS, Maker, ModelDesk, ModelOptions};
use crate::breakers::{Breaker, Guard};
use crate::catalogue;
use crate::database::{Clock, Db};
use crate::operations::ask::AskDesk;
use crate::providers::gateway::Lookup;
use crate::providers::limiter::Limiter;
use crate::providers::{Gateway, Line};
use crate::settings::Settings;
use crate::vault::Credentials;

/// Stands for the key of a server on one's own machine, which asks for none.
const NO_KEY: &str = "no-key-is-needed";

/// Ask for this process.
pub fn ask_desk(db: &Db, settings: &Settings) -> Result<AskDesk, Failure> {
    let gateway = Gateway::new(
        MAKERS.iter().filter_map(|maker| line(settings, maker)).collect(),
        keys(settings),
        Clock::default(),
    );
    let gateway = gateway.map_err(|error| {
        Failure::new(format!("the HTTP client could not be set up ({error}); check the system's certificates"))
    })?;
    let of = |maker: &Maker| (maker.id, settings.provider(maker.id));
    let options = ModelOptions {
        order: settings.ask.models.clone(),
        budgets: MAKERS.iter().map(of).map(|(id, own)| (id, own.budget.usd)).collect(),
        rates: MAKERS.iter().map(of).map(|(id, own)| (id, own.rate)).collect(),
        zone: settings.time_zone,
    };
    Ok(AskDesk::new(db.clone(), ModelDesk::new(db.clone(), gateway, options), settings.time_zone))
}

/// Keys of the environment; a compatible server needs none.
fn keys(settings: &Settings) -> Credentials {
    Credentials::from_environment(|slot| {
        let given = settings.credential_fields(slot).cloned();
        let key =
            given.as_ref().and_then(|fields| fields.get("api_key")).is_some_and(|key| !key.expose_secret().is_empty());
        if slot == "compatible" && !key {
            return Some(BTreeMap::from([("api_key".to_owned(), SecretString::from(NO_KEY.to_owned()))]));
        }
        given
    })
}

/// The line of a model that is switched on; one whose address is a setting has none without it.
fn line(settings: &Settings, maker: &Maker) -> Option<Line> {
    let provider = catalogue::provider(maker.id)?;
    let own = settings.provider(maker.id);
    let base_url = own.base_url.as_deref().or(maker.base_url).filter(|_| own.enabled)?;
    let breaker = provider.breaker?;
    Some(Line {
        provider: provider.id,
        slot: provider.slot?.name,
        base_url: base_url.trim_end_matches('/').to_owned(),
        dialect: own.dialect,
        lookup: Lookup::default(),
        timeout: own.timeout,
        keep: None,
        rate: Mutex::default(),
        budget: Mutex::default(),
        guard: Guard::new(breaker, rules(settings, breaker, provider.id), Breaker::new()),
        limiter: Mutex::new(Limiter::new(own.concurrency_start, own.concurrency_cap)),
    })
}
