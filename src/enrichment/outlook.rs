//! The world as the planner sees it, read anew every few seconds: prices, hit rates, the day's spending, breakers, and who in
//! the fleet has a credential.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::graph::{self, Source, Step};
use super::hurry;
use super::lacking;
use super::world::{Offer, Policy, StepRules, World};
use crate::breakers::{State, store};
use crate::database::{Db, Result};
use crate::fleet::Member;
use crate::providers::gateway::Line;
use crate::providers::gateway::budget::{Room, Spent, spent_since};
use crate::providers::{Gateway, MicroUsd, PriceBook, registry};
use crate::settings::{Settings, day_start};

/// So many answers make a hit rate that is believed.
const MEASURED_MIN: i64 = 50;

/// What stays the same while the process runs.
#[derive(Debug, Clone)]
pub struct Rules {
    /// By step.
    pub steps: BTreeMap<Step, StepRules>,
    /// Whether an address is looked for while nobody knows whether it is a consumer.
    pub address_for_unknown: bool,
    /// What "today" means for budgets.
    pub time_zone: chrono_tz::Tz,
    /// Attempts of a step's job.
    pub step_attempts: i16,
    /// Pairs that match so far are suggested as duplicates, 0 to 100.
    pub duplicates_from: i32,
}

impl Rules {
    /// Those of the settings.
    pub fn of(settings: &Settings) -> Rules {
        let rules = |step: Step| {
            let own = settings.step(step.name())?;
            let policy = if own.prefer_speed { Policy::PreferSpeed } else { Policy::Wait };
            Some((step, StepRules { enabled: own.enabled, policy, threshold: own.threshold }))
        };
        let threshold = settings.step(Step::Duplicates.name()).map_or(80, |own| i32::from(own.threshold));
        Rules {
            steps: Step::ALL.into_iter().filter_map(rules).collect(),
            address_for_unknown: settings.step(Step::Address.name()).is_some_and(|own| own.for_unknown),
            time_zone: settings.time_zone,
            step_attempts: i16::try_from(settings.jobs.step_attempts).unwrap_or(i16::MAX),
            duplicates_from: threshold,
        }
    }
}

/// How often the world is looked at.
const PERIOD: Duration = Duration::from_secs(2);
/// How soon where something waits for what is read.
const SOON: Duration = Duration::from_millis(250);

/// Looks at the world.
#[derive(Debug, Clone)]
pub struct Outlook {
    /// The database.
    pub db: Db,
    /// What stays the same.
    pub rules: Rules,
    /// Who can be called, whose budgets are told.
    pub gateway: Arc<Gateway>,
    /// Says who else is in the fleet.
    pub member: Arc<Member>,
}

impl Outlook {
    /// The first look.
    pub async fn look(&self) -> Result<watch::Sender<Arc<World>>> {
        Ok(watch::Sender::new(Arc::new(self.read().await?)))
    }

    /// Looks again and again until it is dropped.
    pub async fn keep(self, world: watch::Sender<Arc<World>>) {
        loop {
            self.rest().await;
            match self.read().await {
                Ok(read) => {
                    if let Err(error) = hurry::pass_on(&self.db, &read).await {
                        tracing::debug!(%error, "jobs that would not wait stay where they are");
                    }
                    world.send_replace(Arc::new(read));
                }
                Err(error) => tracing::debug!(%error, "prices, hit rates and budgets were not read"),
            }
        }
    }

    /// Until the next look, which comes soon where a call waits for what the budget has left.
    async fn rest(&self) {
        let begun = Instant::now();
        while begun.elapsed() < PERIOD {
            tokio::time::sleep(SOON).await;
            if self.gateway.lines().any(|line| line.room() == Room::Later) {
                return;
            }
        }
    }

    /// Reads prices, hit rates and the day's spending; tells the gateway's budgets, and makes the world of it all.
    async fn read(&self) -> Result<World> {
        let Outlook { db, rules, gateway, member } = self;
        let places = Arc::clone(&member.standing().borrow().places);
        let prices = PriceBook::load(db).await?;
        let hits = hit_rates(db).await?;
        let began = Instant::now();
        let spent = spent_since(db.pool(), day_start(rules.time_zone, member.clock.now())).await?;
        for line in gateway.lines() {
            // On a new day there is no row.
            let own = spent.iter().find(|(id, _)| id == line.provider).map_or(Spent::default(), |(_, spent)| *spent);
            line.read_spent((own, began), dearest(line, &prices));
        }
        lacking::learn(db, gateway).await?;
        let fleet = |lane: &str| places.contains_key(lane);
        let offer = |source: &'static Source| (source.name, offer(source, gateway, fleet, (&prices, &hits)));
        let offers = graph::sources().map(|(_, source)| offer(source)).collect();
        let (rules, address_for_unknown) = (rules.steps.clone(), rules.address_for_unknown);
        let lanes = gateway.callable().filter_map(|lane| gateway.line(lane));
        let open = lanes.filter(|line| !line.guard.shared().admits()).count();
        let incident = i64::try_from(open).unwrap_or(i64::MAX) >= store::INCIDENT;
        Ok(World { rules, offers, prices, address_for_unknown, incident })
    }
}

/// The highest price of a call for one number: with all of its packages, or the dearest of what is asked there.
fn dearest(line: &Line, prices: &PriceBook) -> MicroUsd {
    let packages = line.lookup.packages.asked();
    let packages: MicroUsd = packages.iter().map(|package| prices.price(line.provider, package)).sum();
    let sources = graph::sources().map(|(_, source)| source).filter(|source| source.lane == line.provider);
    sources.map(|source| prices.price(line.provider, source.operation)).fold(packages, MicroUsd::max)
}

fn offer(
    source: &Source,
    gateway: &Gateway,
    fleet: impl Fn(&str) -> bool,
    (prices, hits): (&PriceBook, &BTreeMap<String, f64>),
) -> Offer {
    let ours = source.endpoint.is_empty();
    let line = gateway.line(source.lane).filter(|_| registry::endpoint(source.lane, source.endpoint).is_some());
    Offer {
        on: ours || line.is_some(),
        credential: ours || fleet(source.lane) || line.is_some_and(|line| gateway.has_credential(line)),
        spent: line.is_some_and(|line| line.room() == Room::Spent),
        open: line.is_some_and(|line| matches!(line.guard.shared().state, State::Open | State::ForcedOpen)),
        price: prices.price(source.lane, source.operation),
        hit_rate: hits.get(source.name).copied(),
    }
}

/// Share of answers with data, by source, over 30 days.
async fn hit_rates(db: &Db) -> Result<BTreeMap<String, f64>> {
    let sql = "/* sample */ SELECT operation, sum(calls)::bigint, sum(no_data)::bigint FROM usage
               WHERE hour > now() - interval '30 days' AND operation <> 'call' GROUP BY operation";
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(sql).fetch_all(db.pool()).await?;
    let rate = |(source, answers, no_data): (String, i64, i64)| {
        (answers >= MEASURED_MIN).then(|| (source, (answers - no_data).max(0) as f64 / answers as f64))
    };
    Ok(rows.into_iter().filter_map(rate).collect())
}
