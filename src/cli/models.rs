//! Models from the settings: who may be asked, where each lives, and what limits it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use secrecy::SecretString;

use super::Failure;
use super::crew::rules;
use crate::ask::models::{MAKERS, Maker, ModelDesk, ModelOptions};
use crate::breakers::{Breaker, Guard};
use crate::catalogue;
use crate::database::{Clock, Db, roles};
use crate::operations::ask::AskDesk;
use crate::providers::gateway::Lookup;
use crate::providers::limiter::Limiter;
use crate::providers::{Gateway, Line};
use crate::settings::Settings;
use crate::vault::{Credentials, KeySource};

/// Stands for the key of a server on one's own machine, which asks for none.
const NO_KEY: &str = "no-key-is-needed";

/// Ask for this process, with the keys of its environment.
pub fn ask_desk(db: &Db, settings: &Settings) -> Result<AskDesk, Failure> {
    desk(db, settings, Credentials::from_environment(|slot| settings.credential_fields(slot).cloned()))
}

/// Ask with the keys of the environment, else those of the vault, where this login may read them. A vault that can't be
/// read is no reason not to answer.
pub async fn ask_desk_with(
    db: &Db,
    settings: &Settings,
    here: &Credentials,
    keys: KeySource,
) -> Result<AskDesk, Failure> {
    if roles::rights(db).await?.worker
        && let Err(error) = here.attach(db.clone(), keys).await
    {
        tracing::warn!(%error, "the vault can't be read: only keys of the environment are used");
    }
    desk(db, settings, here.clone())
}

fn desk(db: &Db, settings: &Settings, credentials: Credentials) -> Result<AskDesk, Failure> {
    // A compatible server on one's own machine asks for no key: it comes last, where no key was given.
    let gateways = [credentials, no_key()].into_iter().map(|keys| {
        let lines = MAKERS.iter().filter_map(|maker| line(settings, maker)).collect();
        Gateway::new(lines, keys, Clock::default()).map_err(|error| {
            Failure::new(format!("the HTTP client could not be set up ({error}); check the system's certificates"))
        })
    });
    let gateways = gateways.collect::<Result<Vec<_>, _>>()?;
    let of = |maker: &Maker| (maker.id, settings.provider(maker.id));
    let options = ModelOptions {
        order: settings.ask.models.clone(),
        budgets: MAKERS.iter().map(of).map(|(id, own)| (id, own.budget.usd)).collect(),
        rates: MAKERS.iter().map(of).map(|(id, own)| (id, own.rate)).collect(),
        zone: settings.time_zone,
    };
    Ok(AskDesk::new(db.clone(), ModelDesk::new(db.clone(), gateways, options), settings.time_zone))
}

/// What is sent to a compatible server that asks for no key.
fn no_key() -> Credentials {
    let key = || BTreeMap::from([("api_key".to_owned(), SecretString::from(NO_KEY.to_owned()))]);
    Credentials::from_environment(|slot| (slot == "compatible").then(key))
}

/// The line of a model that is switched on; one whose address is a setting has none without it.
pub fn line(settings: &Settings, maker: &Maker) -> Option<Line> {
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
        stopped: Default::default(),
        guard: Guard::new(breaker, rules(settings, breaker, provider.id), Breaker::new()),
        limiter: Mutex::new(Limiter::new(own.concurrency_start, own.concurrency_cap)),
    })
}
