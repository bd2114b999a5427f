//! The snapshot of the whole: every second while work or an incident goes on, else every five.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::{Notify, watch};

use super::bounded;
use crate::console::message::{Pulse, TREND_MINUTES};
use crate::database::{Db, Result};
use crate::operations::views;

/// One reading, or when and why there was none.
pub type Beat = std::result::Result<Arc<Pulse>, (DateTime<Utc>, String)>;

const BUSY: Duration = Duration::from_secs(1);
/// What another process changes shows within 5 s, reading and drawing included.
const IDLE: Duration = Duration::from_secs(4);
/// Mean prices move slowly.
const COSTS_AGE: Duration = Duration::from_secs(60);
/// Samples are taken every 5 s; reading them more often shows nothing new.
const TREND_AGE: Duration = Duration::from_secs(5);
/// Newest lines of the timeline that the Overview shows.
const RECENT: i64 = 20;

/// Reads until nobody listens any more. `poke` asks for a reading at once; `slow`: never more often than every 5 s.
pub async fn watch_pulse(db: Db, poke: Arc<Notify>, slow: Arc<AtomicBool>, send: watch::Sender<Option<Beat>>) {
    let mut trend = (None::<Instant>, Vec::new());
    let mut costs = (None::<Instant>, BTreeMap::new());
    while !send.is_closed() {
        let (at, read) = bounded(read(&db, &mut trend, &mut costs)).await;
        let busy = read.as_ref().map_or(true, |read| is_busy(&read.status));
        let beat = read
            .map(|Read { status, recent, deck }| {
                Arc::new(Pulse { at, status, trend: trend.1.clone(), recent, costs: costs.1.clone(), deck })
            })
            .map_err(|error| (at, error));
        send.send_replace(Some(beat));
        let pause = if busy && !slow.load(Ordering::Relaxed) { BUSY } else { IDLE };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = poke.notified() => trend.0 = None,
            () = send.closed() => {}
        }
    }
}

type Trend = (Option<Instant>, Vec<views::SamplePoint>);

type Costs = (Option<Instant>, BTreeMap<String, f64>);

/// What is read anew each time.
struct Read {
    status: views::Status,
    recent: Vec<views::TimelineRow>,
    deck: views::Deck,
}

async fn read(db: &Db, trend: &mut Trend, costs: &mut Costs) -> Result<Read> {
    let status = views::status(db).await?;
    let recent = views::timeline(db, None, RECENT).await?;
    if trend.0.is_none_or(|read| read.elapsed() >= TREND_AGE) {
        *trend = (Some(Instant::now()), views::lane_trend(db, TREND_MINUTES).await?);
    }
    if costs.0.is_none_or(|read| read.elapsed() >= COSTS_AGE) {
        *costs = (Some(Instant::now()), views::unit_costs(db).await?);
    }
    Ok(Read { status, recent, deck: views::deck(db).await? })
}

/// One reading, without a feed.
pub async fn reading(db: &Db) -> Beat {
    let (mut trend, mut costs) = ((None, Vec::new()), (None, BTreeMap::new()));
    let (at, read) = bounded(read(db, &mut trend, &mut costs)).await;
    read.map(|Read { status, recent, deck }| {
        Arc::new(Pulse { at, status, trend: trend.1, recent, costs: costs.1, deck })
    })
    .map_err(|error| (at, error))
}

fn is_busy(status: &views::Status) -> bool {
    let moving = status.lanes.iter().any(|l| l.running > 0 || (l.depth > 0 && l.state != "paused"));
    moving || status.breakers.iter().any(|b| b.state == "open" || b.state == "half_open")
}
