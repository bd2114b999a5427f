//! A process's membership: it beats, reads the switches and breakers that rule its work, and leads when its turn comes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::hints::{self, Hints};
use super::node::{self, Joining, Wish};
use super::{duties, leader};
use crate::breakers::store;
use crate::database::{Clock, Db, Error, Result, answered, migrate};
use crate::providers::Gateway;
use crate::queue::lane::{self, Switch};
use crate::queue::orphans;

/// How often switches and breakers are read when no hint came.
const CONTROL_PERIOD: Duration = Duration::from_secs(1);

/// What a member needs.
#[derive(Debug, Clone)]
pub struct MemberOptions {
    /// Who joins.
    pub joining: Joining,
    /// Time between beats.
    pub heartbeat: Duration,
    /// Seconds to hold back before standing for election: consoles let workers go first.
    pub stand_late: Duration,
    /// What it goes by when it leads.
    pub orders: duties::Orders,
}

/// Where this process stands in the fleet, as last read.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Fence of its leases.
    pub epoch: i64,
    /// Until when it may make calls without a further beat.
    pub valid_until: Instant,
    /// By lane: how many live nodes serve it, and this node's rank among them.
    pub places: Arc<BTreeMap<String, (u32, u32)>>,
    /// Switches by lane.
    pub switches: Arc<BTreeMap<String, Switch>>,
    /// A person wants it to claim nothing.
    pub quiet: bool,
}

/// A joined process.
#[derive(Debug)]
pub struct Member {
    db: Db,
    standing: watch::Sender<Standing>,
    /// Hints of changes and of work.
    pub hints: Hints,
    /// Jobs in this process's hands: shown with each beat.
    pub in_flight: Arc<AtomicI32>,
    /// While true this process claims nothing and holds nothing back: it is about to be suspended.
    pub resting: watch::Sender<bool>,
    /// Why this program may not work with this database any more: a newer one has changed the schema.
    refusal: watch::Sender<Option<String>>,
    /// The database's clock.
    pub clock: Clock,
    /// Cancelled when a person wants this process to drain and end.
    pub dismissed: CancellationToken,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Member {
    /// Joins and starts beating. The gateway's guards are refreshed from the shared breakers from now on.
    pub async fn join(db: Db, options: MemberOptions, gateway: Arc<Gateway>, clock: Clock) -> Result<Arc<Member>> {
        clock.measure(&db).await?;
        let epoch = node::join(&db, &options.joining).await?;
        let standing = Standing {
            epoch,
            valid_until: Instant::now() + options.orders.dead_after,
            places: Arc::default(),
            switches: Arc::new(lane::switches(&db).await?),
            quiet: false,
        };
        let member = Arc::new(Member {
            db,
            standing: watch::Sender::new(standing),
            hints: Hints::default(),
            in_flight: Arc::default(),
            resting: watch::Sender::new(false),
            refusal: watch::Sender::default(),
            clock,
            dismissed: CancellationToken::new(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        member.refresh(&gateway).await?;
        member.tasks.spawn(hints::listen(member.db.clone(), member.hints.clone(), member.stop.clone()));
        member.tasks.spawn(Arc::clone(&member).control(Arc::clone(&gateway)));
        member.tasks.spawn(Arc::clone(&member).pulse(options, gateway));
        Ok(member)
    }

    /// Where it stands; changes wake the receiver.
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// Spawns what belongs to the membership and ends with it.
    pub fn accompany<F: Future<Output = ()> + Send + 'static>(&self, task: impl FnOnce(CancellationToken) -> F) {
        self.tasks.spawn(task(self.stop.clone()));
    }

    /// Fence of its leases now.
    pub fn epoch(&self) -> i64 {
        self.standing.borrow().epoch
    }

    /// Claims nothing more from now on.
    pub async fn drain(&self) -> Result<()> {
        node::drain(&self.db, self.epoch()).await
    }

    /// Leaves the fleet: everything has been given back.
    pub async fn leave(&self) -> Result<()> {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        let epoch = self.epoch();
        node::leave(&self.db, epoch).await
    }

    /// Leaves without waiting for what is in flight: its jobs go back to their lanes now, and what its calls still find is
    /// not settled.
    pub async fn abandon(&self) -> Result<()> {
        self.stop.cancel();
        node::leave(&self.db, self.epoch()).await?;
        orphans::free(&self.db).await.map(|_| ())
    }

    /// Reads switches, breakers and rank anew.
    pub async fn refresh(&self, gateway: &Gateway) -> Result<()> {
        let (rows, _) = store::load(&self.db).await?;
        for line in gateway.lines() {
            if let Some(row) = rows.get(line.guard.name()) {
                line.guard.refresh(row.clone());
            }
        }
        let switches = Arc::new(lane::switches(&self.db).await?);
        let places = Arc::new(node::places(&self.db, self.epoch()).await?);
        for line in gateway.lines() {
            let switch = switches.get(line.provider);
            let place = places.get(line.provider).copied().unwrap_or((1, 0));
            line.allow(switch.and_then(|switch| switch.budget_usd), place);
            line.share_rate(switch.and_then(|switch| switch.rate), place.0);
        }
        let wish = node::wish(&self.db, self.epoch()).await?;
        if wish == Some(Wish::Drain) {
            self.dismissed.cancel();
        }
        self.standing.send_modify(|s| {
            s.switches = switches;
            s.places = places;
            s.quiet = wish.is_some();
        });
        Ok(())
    }

    async fn control(self: Arc<Self>, gateway: Arc<Gateway>) {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.hints.control.notified() => {}
                () = tokio::time::sleep(CONTROL_PERIOD) => {}
            }
            if let Err(error) = answered(self.refresh(&gateway)).await {
                tracing::debug!(%error, "switches could not be read");
            }
        }
    }

    async fn pulse(self: Arc<Self>, options: MemberOptions, gateway: Arc<Gateway>) {
        let begun = Instant::now();
        // After a time without the database all beats are old: the others get a chance to beat before anyone is reaped.
        let (mut last_beat, mut calm_until) = (begun, begun);
        // Duties run beside the beat: a slow round must not make its leader look dead.
        let mut duties: Option<tokio::task::JoinHandle<()>> = None;
        // Twice a beat: a node that died is missed by half a beat at most, whoever leads.
        let mut ticks = tokio::time::interval(options.heartbeat / 2);
        let mut full = false;
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                _ = ticks.tick() => {}
                () = self.hints.beat.notified() => {}
            }
            full = !full;
            if full && let Err(error) = answered(self.beat(&options, &gateway)).await {
                tracing::warn!(%error, "no beat");
                full = false;
                continue;
            }
            if full && last_beat.elapsed() > options.heartbeat * 2 {
                calm_until = Instant::now() + options.heartbeat * 2;
            }
            if full {
                last_beat = Instant::now();
            }
            let idle = duties.as_ref().is_none_or(tokio::task::JoinHandle::is_finished);
            if idle && begun.elapsed() >= options.stand_late {
                let round = duties::Round { may_reap: Instant::now() >= calm_until, full };
                duties = Some(self.tasks.spawn(Arc::clone(&self).lead(options.clone(), round)));
            }
        }
    }

    async fn beat(&self, options: &MemberOptions, gateway: &Gateway) -> Result<()> {
        let sent = Instant::now();
        let epoch = self.epoch();
        // A lane without a credential runs nothing here: its limit is no capacity of this node.
        let lines = gateway.served().filter_map(|lane| gateway.line(lane));
        let limits: Vec<(&str, u32)> =
            lines.map(|l| (l.provider, l.limiter.lock().map_or(0, |limiter| limiter.limit()))).collect();
        let capacity: u32 = limits.iter().map(|(_, limit)| limit).sum();
        let pulse = node::Pulse {
            in_flight: self.in_flight.load(Ordering::Relaxed),
            capacity: i32::try_from(capacity).unwrap_or(i32::MAX),
            serves: if options.joining.runs_jobs { gateway.served().map(str::to_owned).collect() } else { Vec::new() },
        };
        let known = node::beat(&self.db, epoch, &pulse).await?;
        let epoch = if known {
            epoch
        } else {
            tracing::warn!(epoch, "this process was taken for dead; it drops what it held and joins anew");
            node::join(&self.db, &options.joining).await?
        };
        self.standing.send_modify(|s| {
            s.epoch = epoch;
            s.valid_until = sent + options.orders.dead_after;
        });
        self.look_at_schema(epoch).await?;
        if options.joining.runs_jobs {
            node::show_limits(&self.db, &limits).await?;
        }
        self.clock.measure(&self.db).await
    }

    /// A program that the schema no longer admits claims nothing more. It hears of it once, and stays out.
    async fn look_at_schema(&self, epoch: i64) -> Result<()> {
        let Err(refusal @ Error::Migration(_)) = migrate::admits(&self.db).await else { return Ok(()) };
        self.refusal.send_replace(Some(refusal.to_string()));
        if !self.resting.send_replace(true) {
            tracing::error!(%refusal, "this program claims nothing more");
            node::drain(&self.db, epoch).await?;
        }
        Ok(())
    }

    /// Waits until this program may not work with this database any more; says why.
    pub async fn refused(&self) -> String {
        let mut refusal = self.refusal.subscribe();
        // The sender lives as long as this member.
        let Ok(known) = refusal.wait_for(Option::is_some).await else { return std::future::pending().await };
        known.clone().unwrap_or_default()
    }

    async fn lead(self: Arc<Self>, options: MemberOptions, round: duties::Round) {
        let orders = &options.orders;
        let led = async {
            if leader::stand(&self.db, self.epoch(), &options.joining.node, orders.dead_after).await? {
                duties::round(&self.db, orders, round).await?;
            }
            Ok::<(), crate::database::Error>(())
        };
        if let Err(error) = answered(led).await {
            tracing::warn!(%error, "a duty of the leader failed");
        }
    }
}
