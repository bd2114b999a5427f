//! From the commit of a job to the start of its handler: on an idle engine, and for urgent jobs on a busy one. Beside it the
//! bare trip of a NOTIFY.

use std::time::{Duration, Instant};

use sqlx::postgres::PgListener;
use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::super::super::Failure;
use super::super::figure::{Figure, percentile};
use super::drill::{Began, Rig, URGENT};
use super::ground::Ground;
use super::{KIND, LANE, ROUNDS};
use crate::queue::enqueue::{Work, enqueue, wake};

/// Samples in a round.
const SAMPLES: usize = 200;
/// Between two samples: longer than what the settling of the last one takes.
const PAUSE: Duration = Duration::from_millis(15);
/// Contacts of urgent jobs begin here, where no filled queue reaches.
const URGENT_CONTACTS: i64 = 1_000_000_000;
/// A job that did not start in this time is a bug.
const PATIENCE: Duration = Duration::from_secs(30);
const CHANNEL: &str = "switchboard_bench";

struct Clerk<'a> {
    ground: &'a Ground,
    began: UnboundedReceiver<Began>,
    listener: PgListener,
    next: i64,
}

pub async fn measure(ground: &Ground, jobs: i64) -> Result<Vec<Figure>, Failure> {
    let rig = Rig::join(&ground.db).await?;
    let samples = SAMPLES.min(usize::try_from(jobs).unwrap_or(SAMPLES) / 10).max(10);
    let (mut idle, mut trips, mut loaded, mut loaded_trips) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut listener = PgListener::connect_with(ground.db.pool()).await?;
    listener.listen(CHANNEL).await?;
    let (tell, began) = mpsc::unbounded_channel();
    let mut clerk = Clerk { ground, began, listener, next: URGENT_CONTACTS };
    ground.clear().await?;
    for _ in 0..ROUNDS {
        let engine = rig.engine(None, Some(tell.clone()));
        let (mut waits, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..samples {
            tokio::time::sleep(PAUSE).await;
            bare.push(clerk.trip().await?);
            tokio::time::sleep(PAUSE).await;
            waits.push(clerk.wait().await?);
        }
        engine.drain().await;
        idle.push(waits);
        trips.push(bare);
        ground.clear().await?;
        ground.fill(jobs.min(200_000)).await?;
        let engine = rig.engine(None, Some(tell.clone()));
        let (mut waits, mut bare) = (Vec::new(), Vec::new());
        while waits.is_empty() || crate::queue::depth::of_lane(&ground.db, LANE).await?.waiting > 1000 {
            bare.push(clerk.trip().await?);
            waits.push(clerk.wait().await?);
        }
        engine.drain().await;
        loaded.push(waits);
        loaded_trips.push(bare);
        ground.clear().await?;
    }
    rig.leave().await?;
    let cut = |rounds: &[Vec<f64>], part: f64| rounds.iter().map(|r| percentile(r, part)).collect::<Vec<f64>>();
    let beside = "a bare NOTIFY trip";
    let figure = |name, part| Figure::new(name, "ms", &cut(&idle, part), (beside, &cut(&trips, part)));
    Ok(vec![
        figure("pickup_p50", 0.5),
        figure("pickup_p95", 0.95),
        figure("pickup_p99", 0.99),
        Figure::new(
            "pickup_loaded_p99",
            "ms",
            &cut(&loaded, 0.99),
            ("a bare NOTIFY trip under the same load", &cut(&loaded_trips, 0.99)),
        ),
    ])
}

impl Clerk<'_> {
    /// Milliseconds from the commit of an urgent job to the start of its handler.
    async fn wait(&mut self) -> Result<f64, Failure> {
        self.next += 1;
        let mut tx = self.ground.db.begin().await?;
        let work = Work { lane: LANE, kind: KIND, max_attempts: 5, priority: URGENT };
        enqueue(&mut tx, work, &[self.next]).await?;
        wake(&mut tx, LANE).await?;
        tx.commit().await?;
        let committed = Instant::now();
        let waited = async {
            loop {
                match self.began.recv().await {
                    Some((contact, at)) if contact == self.next => return Some(at),
                    Some(_) => {}
                    None => return None,
                }
            }
        };
        let at = tokio::time::timeout(PATIENCE, waited).await.ok().flatten();
        let at = at.ok_or_else(|| Failure::new("an urgent job did not start within 30 s; run the bench again"))?;
        Ok(ms(at.saturating_duration_since(committed)))
    }

    /// Milliseconds from sending an autocommitted NOTIFY to its receipt on another connection.
    async fn trip(&mut self) -> Result<f64, Failure> {
        let sent = Instant::now();
        let notify = sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(self.ground.db.pool());
        let (sending, receiving) = tokio::join!(notify, async { self.listener.recv().await.map(|_| sent.elapsed()) });
        sending?;
        Ok(ms(receiving?))
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
