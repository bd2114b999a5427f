//! The worker pool: the engine over the lanes of this process, and the reporter of what calls say about providers.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::lacking;
use super::outlook::Rules;
use super::settle::Books;
use super::step::Bench;
use super::work::Steps;
use crate::breakers::{Event, store};
use crate::database::Db;
use crate::fleet::{Member, Standing};
use crate::providers::Gateway;
use crate::queue::engine::{Engine, EngineOptions, Wakes};

/// A process reports failures of a breaker in at most one batch in this time.
const REPORT_PERIOD: Duration = Duration::from_millis(100);

/// The lane of our own work.
const LOCAL: &str = "local";

/// How long a suspension waits for calls in flight.
pub const REST_MAX: Duration = Duration::from_secs(2);

/// What a pool needs.
#[derive(Debug)]
pub struct PoolOptions {
    /// The database.
    pub db: Db,
    /// This process's membership.
    pub member: Arc<Member>,
    /// What runs of steps need.
    pub bench: Arc<Bench>,
    /// What planning goes by.
    pub rules: Rules,
}

/// A running pool.
#[derive(Debug)]
pub struct Pool {
    member: Arc<Member>,
    engine: Engine,
    helpers: [tokio::task::JoinHandle<()>; 2],
    reporter: tokio::task::JoinHandle<()>,
    reporter_stop: CancellationToken,
}

impl Pool {
    /// Starts runners for every lane that this process could serve (a credential may come while it runs), and for our own work. `outlook` keeps the world up to date.
    pub fn start(options: PoolOptions, outlook: impl Future<Output = ()> + Send + 'static) -> Pool {
        let PoolOptions { db, member, bench, rules } = options;
        let wakes = member.hints.work.clone();
        let nudger = tokio::spawn(nudge(member.standing(), member.resting.subscribe(), wakes.clone()));
        let helpers = [nudger, tokio::spawn(outlook)];
        let steps = Arc::new(Steps::new(db.clone(), &member, Arc::clone(&bench)));
        let options = EngineOptions { db: db.clone(), wakes, in_flight: Arc::clone(&member.in_flight) };
        let books = Books::new(bench.world.clone(), rules, member.hints.work.clone());
        let engine = Engine::start(options, bench.gateway.callable().chain([LOCAL]), &steps, books);
        let reporter_stop = CancellationToken::new();
        let reporter = tokio::spawn(report(db, Arc::clone(&bench.gateway), reporter_stop.clone()));
        Pool { member, engine, helpers, reporter, reporter_stop }
    }

    /// Jobs in flight now.
    pub fn in_flight(&self) -> i32 {
        self.member.in_flight.load(Ordering::Relaxed)
    }

    /// `true`: claims nothing and hands back what was not begun, for at most [`REST_MAX`]; `false`: claims again.
    /// A suspended process can't beat, and what it held would wait for the reaper.
    pub async fn rest(member: &Member, rest: bool) {
        member.resting.send_replace(rest);
        if !rest {
            return;
        }
        let idle = async {
            while member.in_flight.load(Ordering::Relaxed) > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        // What is still in flight then is reaped and done again by others: the settle is fenced.
        let _ = tokio::time::timeout(REST_MAX, idle).await;
    }

    /// Stops claiming, finishes what is in flight, gives the rest back, settles everything.
    pub async fn drain(self) {
        self.engine.stop();
        if let Err(error) = self.member.drain().await {
            tracing::warn!(%error, "the fleet could not be told of the drain");
        }
        self.engine.drain().await;
        self.helpers.iter().for_each(tokio::task::JoinHandle::abort);
        self.reporter_stop.cancel();
        if self.reporter.await.is_err() {
            tracing::error!("the reporter of breakers broke");
        }
    }
}

/// What gates depend on wakes all runners when it changes.
async fn nudge(mut standing: watch::Receiver<Standing>, mut resting: watch::Receiver<bool>, wakes: Wakes) {
    loop {
        let changed = tokio::select! {
            changed = standing.changed() => changed,
            changed = resting.changed() => changed,
        };
        if changed.is_err() {
            return;
        }
        wakes.wake_all();
    }
}

async fn report(db: Db, gateway: Arc<Gateway>, stop: CancellationToken) {
    let mut last = false;
    while !last {
        tokio::select! {
            () = stop.cancelled() => last = true,
            () = tokio::time::sleep(REPORT_PERIOD) => {}
        }
        for line in gateway.lines() {
            if let Err(error) = lacking::tell(&db, &gateway, line).await {
                tracing::warn!(%error, provider = line.provider, "lacking packages not told; trying again");
            }
            let Some(report) = line.guard.take_report() else { continue };
            let event = Event::Reported(report.clone());
            match store::apply_now(&db, line.guard.name(), event, line.guard.rules(), "switchboard").await {
                Ok(applied) => line.guard.delivered(applied.breaker),
                Err(error) => {
                    tracing::warn!(%error, breaker = line.guard.name(), "verdicts not reported; trying again");
                    line.guard.put_back(report);
                }
            }
        }
    }
}
