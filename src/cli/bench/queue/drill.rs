//! The engine with handlers that do nothing, or sleep, as a full member of a fleet: heartbeats, leases, leader's duties.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::PgConnection;
use tokio::sync::{mpsc, watch};

use super::super::super::{Failure, crew};
use super::LANE;
use crate::database::{Clock, Db, Result};
use crate::fleet::node::Joining;
use crate::fleet::{Member, Standing};
use crate::providers::Gateway;
use crate::queue::engine::{Engine, EngineOptions, Gate, Ledger, Settlement, Turn, Work};
use crate::queue::{Claimed, End};
use crate::settings::Settings;
use crate::vault::Credentials;

/// Jobs at once: what the waiting handlers are measured with.
pub const CONCURRENCY: u32 = 200;
/// Jobs that go before all others.
pub const URGENT: i16 = 1;

/// When the handler of an urgent job began.
pub type Began = (i64, Instant);

struct Drill {
    standing: watch::Receiver<Standing>,
    sleep: Option<Duration>,
    began: Option<mpsc::UnboundedSender<Began>>,
}

impl Work for Drill {
    type Input = ();
    type Result = ();

    fn epoch(&self) -> i64 {
        self.standing.borrow().epoch
    }

    fn gate(&self, _lane: &'static str) -> Gate {
        if Instant::now() < self.standing.borrow().valid_until { Gate::Open(CONCURRENCY) } else { Gate::Hold }
    }

    async fn load(&self, _lane: &'static str, jobs: &[Claimed]) -> Result<Vec<Option<()>>> {
        Ok(vec![Some(()); jobs.len()])
    }

    async fn run(&self, turn: Turn, job: Claimed, _input: ()) -> Settlement<()> {
        if let Some(began) = self.began.as_ref().filter(|_| job.priority == URGENT) {
            // Whoever measured may have gone.
            let _ = began.send((job.contact_id, Instant::now()));
        }
        if let Some(sleep) = self.sleep {
            tokio::time::sleep(sleep).await;
        }
        Settlement::bare(job, turn.lane, turn.epoch, End::Done)
    }
}

/// Nothing is found, so nothing is written but the ends of the jobs.
struct NoBooks;

impl Ledger for NoBooks {
    type Result = ();
    type Draft = ();
    const WRITES: bool = false;

    async fn reconsider(&self, _tx: &mut PgConnection, _batch: &mut [Settlement<()>]) -> Result<()> {
        Ok(())
    }

    async fn write(&self, _tx: &mut PgConnection, _held: &[Settlement<()>], _draft: &()) -> Result<()> {
        Ok(())
    }
}

/// A process of the fleet that can be set to work.
pub struct Rig {
    db: Db,
    member: Arc<Member>,
}

impl Rig {
    /// Joins the fleet.
    pub async fn join(db: &Db) -> std::result::Result<Rig, Failure> {
        let settings = Settings::isolated(&[])?;
        let clock = Clock::default();
        let gateway = Gateway::new(Vec::new(), Credentials::from_environment(|_| None), clock.clone())?;
        let joining = Joining { runs_jobs: true, ..Joining::here("bench", vec![LANE.to_owned()]) };
        let options = crew::member_options(&settings, joining);
        let member = Member::join(db.clone(), options, Arc::new(gateway), clock).await?;
        Ok(Rig { db: db.clone(), member })
    }

    /// Its epoch.
    pub fn epoch(&self) -> i64 {
        self.member.standing().borrow().epoch
    }

    /// Starts an engine whose handlers sleep so long, and tell when urgent jobs begin.
    pub fn engine(&self, sleep: Option<Duration>, began: Option<mpsc::UnboundedSender<Began>>) -> Engine {
        let drill = Arc::new(Drill { standing: self.member.standing(), sleep, began });
        let options = EngineOptions {
            db: self.db.clone(),
            wakes: self.member.hints.work.clone(),
            in_flight: Arc::clone(&self.member.in_flight),
        };
        Engine::start(options, [LANE], &drill, NoBooks)
    }

    /// Leaves the fleet.
    pub async fn leave(self) -> std::result::Result<(), Failure> {
        Ok(self.member.leave().await?)
    }
}
