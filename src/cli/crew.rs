//! A process at work: credentials, gateway, membership of the fleet, and the worker pool where one is wanted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use chrono_tz::Tz;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};

use super::Failure;
use super::args::Common;
use crate::ask::models::MAKERS;
use crate::breakers::{self, Breaker, Guard};
use crate::catalogue::{self, Provider};
use crate::database::{Clock, Db};
use crate::enrichment::outlook::{Outlook, Rules};
use crate::enrichment::{Pool, PoolOptions, step::Bench};
use crate::fleet::{
    Member, MemberOptions,
    alerts::{Budgets, Thresholds},
    duties::{Keep, Orders},
    node::Joining,
};
use crate::operations::actions::{close_left, fire_due};
use crate::providers::batching::Batching;
use crate::providers::gateway::Lookup;
use crate::providers::gateway::budget::{Allowance, Budget};
use crate::providers::gateway::rate::Pacing;
use crate::providers::limiter::Limiter;
use crate::providers::packages::Packages;
use crate::providers::{Gateway, Line, registry, verify};
use crate::queue::lane;
use crate::queue::retry::Backoff;
use crate::settings::{LookupSettings, ProviderSettings, Settings};
use crate::telemetry::LiveSecret;
use crate::vault::record::node_here;
use crate::vault::{Credentials, Keeping, KeySource};

/// What a crew is made of.
pub struct CrewOptions<'a> {
    /// The database.
    pub db: &'a Db,
    /// Settings.
    pub settings: &'a Settings,
    /// Credentials.
    pub credentials: Credentials,
    /// `worker`, `console`, `demo`.
    pub kind: &'static str,
    /// Whether it runs jobs.
    pub runs_jobs: bool,
    /// Where the vault's keys come from; none = only the environment's credentials.
    pub keys: Option<KeySource>,
}

/// A process at work.
#[derive(Debug)]
pub struct Crew {
    /// The pool, if this process runs jobs.
    pub pool: Option<Pool>,
    /// Membership of the fleet.
    pub member: Arc<Member>,
    /// Lanes that this process can serve.
    pub serves: Vec<String>,
}

impl Crew {
    /// Joins the fleet and starts working.
    pub async fn start(options: CrewOptions<'_>) -> Result<Crew, Failure> {
        let CrewOptions { db, settings, credentials, kind, runs_jobs, keys } = options;
        let clock = Clock::default();
        let keys = keys.filter(|_| runs_jobs);
        if let Some(keys) = &keys {
            credentials.attach(db.clone(), keys.clone()).await?;
        }
        let gateway = Arc::new(gateway(settings, credentials.clone(), clock.clone())?);
        let serves: Vec<String> = if runs_jobs { gateway.served().map(str::to_owned).collect() } else { Vec::new() };
        let joining = Joining { runs_jobs, ..Joining::here(kind, serves.clone()) };
        welcome(db, &serves).await?;
        let member =
            Member::join(db.clone(), member_options(settings, joining), Arc::clone(&gateway), clock.clone()).await?;
        if keys.is_some() {
            keep(credentials, &member, &gateway, settings);
        }
        let pool = if runs_jobs {
            let rules = Rules::of(settings);
            let outlook = Outlook {
                db: db.clone(),
                rules: rules.clone(),
                gateway: Arc::clone(&gateway),
                member: Arc::clone(&member),
            };
            let world = outlook.look().await?;
            let bench = Bench { gateway, world: world.subscribe(), backoff: backoff(settings), clock };
            let options = PoolOptions { db: db.clone(), member: Arc::clone(&member), bench: Arc::new(bench), rules };
            Some(Pool::start(options, outlook.keep(world)))
        } else {
            None
        };
        Ok(Crew { pool, member, serves })
    }

    /// Finishes what is in flight, gives the rest back and leaves the fleet.
    pub async fn dismiss(self) -> Result<(), Failure> {
        if let Some(pool) = self.pool {
            pool.drain().await;
        }
        Ok(self.member.leave().await?)
    }
}

/// A process that comes with a credential frees the lanes that waited for one: a refused one, or one whose quota was used
/// up, is tried anew, once.
async fn welcome(db: &Db, serves: &[String]) -> Result<(), Failure> {
    let mut tx = db.begin().await?;
    for name in serves {
        lane::unpark(&mut tx, name, &["no_credential", "credential", "budget", "configuration"]).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Keeps the credentials in step with the vault for as long as this process is in the fleet.
fn keep(credentials: Credentials, member: &Arc<Member>, gateway: &Arc<Gateway>, settings: &Settings) {
    let (of_epoch, caller) = (Arc::downgrade(member), Arc::clone(gateway));
    let keeping = Keeping {
        node: node_here(),
        epoch: Box::new(move || of_epoch.upgrade().map_or(0, |member| member.epoch())),
        hint: Arc::clone(&member.hints.vault),
        slots_changed: Arc::clone(&member.hints.beat),
        verify: Box::new(move |credential| {
            let gateway = Arc::clone(&caller);
            Box::pin(async move { verify::verify(&gateway, credential).await })
        }),
        remind: settings.vault.remind,
    };
    member.accompany(|stop| credentials.keep(keeping, stop));
}

/// The gateway of a process.
pub fn gateway(settings: &Settings, credentials: Credentials, clock: Clock) -> Result<Gateway, Failure> {
    Gateway::new(lines(settings), credentials, clock).map_err(|error| {
        Failure::new(format!("the HTTP client could not be set up ({error}); check the system's certificates"))
    })
}

/// Credentials of the environment; the redactor of this process learns them, and every other secret of the settings.
pub fn credentials(common: &Common, settings: &Settings) -> Credentials {
    let all = Credentials::hiding_in(common.redactor.clone(), |slot| settings.credential_fields(slot).cloned());
    let live = |kind: &str, value: SecretString| LiveSecret { kind: kind.to_owned(), value };
    let database = &settings.database;
    let passwords =
        [&database.url, &database.direct_url, &database.worker_url].into_iter().flatten().filter_map(password);
    // What the driver takes from the environment where the address has no password.
    let passwords = passwords.chain(std::env::var("PGPASSWORD").ok().map(SecretString::from));
    let mut more: Vec<LiveSecret> = passwords.map(|password| live("database", password)).collect();
    if let Some(keys) = &settings.master_key {
        more.extend(keys.expose_secret().split(',').map(|key| live("master-key", key.trim().into())));
    }
    all.hide(more);
    all
}

/// The password in a database's address.
fn password(url: &SecretString) -> Option<SecretString> {
    let url = url::Url::parse(url.expose_secret()).ok()?;
    let in_query = || url.query_pairs().find(|(name, _)| name == "password").map(|(_, value)| value.into_owned());
    url.password().map(percent_decoded).or_else(in_query).map(SecretString::from)
}

fn percent_decoded(coded: &str) -> String {
    url::form_urlencoded::parse(format!("p={}", coded.replace('+', "%2B")).as_bytes())
        .next()
        .map_or_else(String::new, |(_, v)| v.into_owned())
}

/// One line a provider that is switched on and has an address. Those of models are there for the call that verifies a key.
fn lines(settings: &Settings) -> Vec<Line> {
    let called = catalogue::PROVIDERS.iter().filter(|p| p.has_lane && settings.provider(p.id).enabled);
    let models = MAKERS.iter().filter_map(|maker| super::models::line(settings, maker));
    called.filter_map(|provider| line(settings, provider)).chain(models).collect()
}

fn line(settings: &Settings, provider: &'static Provider) -> Option<Line> {
    let (slot, breaker, own) = (provider.slot?, provider.breaker?, settings.provider(provider.id));
    let base_url = registry::base_url(provider.id, own)?;
    Some(Line {
        provider: provider.id,
        slot: slot.name,
        base_url,
        dialect: own.dialect,
        lookup: lookup(&own.lookup),
        timeout: own.timeout,
        keep: own.cache.then(|| settings.cache.clone()),
        rate: Mutex::new(Pacing::new(own.rate)),
        budget: Mutex::new(Budget::new(allowance(own))),
        stopped: Default::default(),
        guard: Guard::new(breaker, rules(settings, breaker, provider.id), Breaker::new()),
        limiter: Mutex::new(Limiter::new(own.concurrency_start, own.concurrency_cap)),
    })
}

fn lookup(own: &LookupSettings) -> Lookup {
    let known =
        catalogue::LOOKUP_PACKAGES.into_iter().filter(|name| own.packages.iter().any(|own| own == name)).collect();
    Lookup {
        packages: Packages::new(known),
        verify_number: own.verify_number.clone(),
        partner_sub_id: own.partner_sub_id.clone(),
        batching: Batching::new(own.batch),
    }
}

/// The rules of every breaker, by its name, as the settings say.
pub fn all_rules(settings: &Settings) -> BTreeMap<String, breakers::Rules> {
    let named = catalogue::PROVIDERS.iter().filter_map(|p| p.breaker.map(|breaker| (p.id, breaker)));
    named.map(|(id, breaker)| (breaker.to_owned(), rules(settings, breaker, id))).collect()
}

fn allowance(own: &ProviderSettings) -> Allowance {
    Allowance { money: own.budget.usd.map(|usd| (usd * 1e6) as i64), calls: own.budget.calls }
}

pub(super) fn rules(settings: &Settings, breaker: &str, provider: &str) -> breakers::Rules {
    let own = settings.breaker(breaker);
    let delta = |d: Duration| TimeDelta::from_std(d).unwrap_or(TimeDelta::days(1));
    breakers::Rules {
        threshold: own.threshold.max(1),
        cool_off: delta(own.cool_off),
        cool_off_cap: delta(own.cool_off_cap),
        rate_rule: own.rate_rule,
        full: settings.provider(provider).concurrency_start,
        // Whoever has not ended its probe by then is dead by the rules of the fleet, too.
        probe_lease: delta(settings.provider(provider).timeout + settings.jobs.dead_after + settings.jobs.heartbeat),
    }
}

fn backoff(settings: &Settings) -> Backoff {
    let jobs = &settings.jobs;
    Backoff { base: jobs.retry_base, cap: jobs.retry_cap, retry_after_cap: jobs.retry_after_cap }
}

/// How a member beats and what it goes by when it leads.
pub fn member_options(settings: &Settings, joining: Joining) -> MemberOptions {
    let keep = &settings.retention;
    MemberOptions {
        stand_late: if joining.kind == "console" { Duration::from_secs(5) } else { Duration::ZERO },
        joining,
        heartbeat: settings.jobs.heartbeat,
        orders: Orders {
            dead_after: settings.jobs.dead_after,
            thresholds: Thresholds::from(&settings.alerts),
            budgets: Budgets { zone: settings.time_zone, allowances: allowances(settings) },
            keep: Keep {
                job_history: keep.job_history,
                job_trash: keep.job_trash,
                job_failures: keep.job_failures,
                timeline: keep.timeline,
                samples: keep.samples,
                fine_samples: keep.fine_samples,
                usage: keep.usage,
                payloads: keep.payloads,
            },
            errand: Some(errands),
        },
    }
}

fn allowances(settings: &Settings) -> Arc<[(&'static str, Allowance)]> {
    catalogue::PROVIDERS.iter().map(|p| (p.id, allowance(settings.provider(p.id)))).collect()
}

fn errands(db: Db, zone: Tz) -> BoxFuture<'static, ()> {
    async move {
        match close_left(&db).await {
            Ok(0) => {}
            Ok(closed) => tracing::warn!(closed, "ended bulk actions whose process went away"),
            Err(error) => tracing::warn!(%error, "bulk actions that were left behind were not looked for"),
        }
        match fire_due(&db, zone).await {
            Ok(0) => {}
            Ok(fired) => tracing::info!(fired, "fired schedules"),
            Err(error) => tracing::warn!(%error, "schedules were not fired"),
        }
    }
    .boxed()
}
