//! The engine itself, with handlers that answer as a job's contact says: nothing of a provider is in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::time::Duration;

use sqlx::PgConnection;
use switchboard::database::{Db, Result};
use switchboard::queue::engine::{Engine, EngineOptions, Gate, Ledger, Settlement, Turn, Wakes, Work};
use switchboard::queue::enqueue::{self, Work as Load, enqueue};
use switchboard::queue::{Claimed, End, depth, lane};

use crate::support::TestDb;
use crate::support::work::{count, epoch, until};

/// What a job does goes by its contact's number.
struct Drill {
    epoch: i64,
    open: AtomicU32,
    began: AtomicI32,
    /// From so many jobs on each takes its time.
    slow_from: AtomicI32,
}

/// No contact has this number.
const GONE: i64 = 1;
const BREAKS: i64 = 2;
const HANGS: i64 = 3;
const MOVES: i64 = 4;
const URGENT: i64 = 50;

impl Work for Drill {
    type Input = ();
    type Result = ();

    fn epoch(&self) -> i64 {
        self.epoch
    }

    fn gate(&self, _lane: &'static str) -> Gate {
        match self.open.load(Ordering::Relaxed) {
            0 => Gate::Shut,
            allowed => Gate::Open(allowed),
        }
    }

    async fn load(&self, _lane: &'static str, jobs: &[Claimed]) -> Result<Vec<Option<()>>> {
        Ok(jobs.iter().map(|job| (job.contact_id != GONE).then_some(())).collect())
    }

    async fn run(&self, turn: Turn, job: Claimed, _input: ()) -> Settlement<()> {
        let before = self.began.fetch_add(1, Ordering::Relaxed);
        if before >= self.slow_from.load(Ordering::Relaxed) && job.contact_id != URGENT {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let end = match job.contact_id {
            BREAKS => panic!("as it was told"),
            HANGS => std::future::pending().await,
            MOVES if turn.lane == "twilio" => End::Moved { lane: "local" },
            _ => End::Done,
        };
        Settlement::bare(job, turn.lane, turn.epoch, end)
    }

    fn time_limit(&self) -> Duration {
        Duration::from_millis(300)
    }
}

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

async fn put(db: &Db, contacts: &[i64]) {
    put_at(db, 100, contacts).await;
}

async fn put_at(db: &Db, priority: i16, contacts: &[i64]) {
    lane::seed(db).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    let load = Load { lane: "twilio", kind: "drill", max_attempts: 2, priority };
    enqueue(&mut tx, load, contacts).await.unwrap();
    enqueue::wake(&mut tx, "twilio").await.unwrap();
    tx.commit().await.unwrap();
}

async fn start(db: &Db, open: u32) -> (Engine, Arc<Drill>, Wakes, Arc<AtomicI32>) {
    let drill = Arc::new(Drill {
        epoch: epoch(db).await,
        open: AtomicU32::new(open),
        began: AtomicI32::new(0),
        slow_from: AtomicI32::new(i32::MAX),
    });
    let (wakes, in_flight) = (Wakes::default(), Arc::new(AtomicI32::new(0)));
    let options = EngineOptions { db: db.clone(), wakes: wakes.clone(), in_flight: Arc::clone(&in_flight) };
    (Engine::start(options, ["twilio", "local"], &drill, NoBooks), drill, wakes, in_flight)
}

#[tokio::test]
async fn every_job_runs_once_and_nothing_is_held_at_the_end() {
    let test = TestDb::new().await;
    put(&test.db, &(100..3100).collect::<Vec<_>>()).await;
    let (engine, drill, _, in_flight) = start(&test.db, 50).await;
    until(&test.db, "SELECT count(*) = 3000 FROM job_history WHERE outcome = 'done'").await;
    engine.drain().await;
    assert_eq!((drill.began.load(Ordering::Relaxed), in_flight.load(Ordering::Relaxed)), (3000, 0));
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs").await, 0);
    assert_eq!(depth::of_lane(&test.db, "twilio").await.unwrap(), depth::Depth::default());
}

#[tokio::test]
async fn an_urgent_job_overtakes_what_is_in_hand_and_waits_for_no_batch() {
    let test = TestDb::new().await;
    put(&test.db, &(1000..9000).collect::<Vec<_>>()).await;
    // Handlers that take no time at first, so that much is held; then each takes its time, one after the other.
    let (engine, drill, wakes, _) = start(&test.db, 0).await;
    drill.slow_from.store(600, Ordering::Relaxed);
    drill.open.store(1, Ordering::Relaxed);
    wakes.wake("twilio");
    until(&test.db, "SELECT count(*) >= 600 FROM job_history").await;
    until(&test.db, "SELECT count(*) > 200 FROM jobs WHERE state = 'running'").await;
    put_at(&test.db, 1, &[URGENT]).await;
    wakes.wake("twilio");
    until(&test.db, "SELECT count(*) = 1 FROM job_history WHERE contact_id = 50").await;
    let held = count(&test.db, "SELECT count(*) FROM jobs WHERE state = 'running'").await;
    assert!(held > 100, "{held} held: it waited until the buffer was low");
    drill.slow_from.store(i32::MAX, Ordering::Relaxed);
    engine.drain().await;
}

#[tokio::test]
async fn what_is_enqueued_in_bulk_is_counted_new_or_already_there_and_named_twice_is_once() {
    let test = TestDb::new().await;
    put(&test.db, &(100..1100).collect::<Vec<_>>()).await;
    let mut again: Vec<i64> = (600..1600).collect();
    again.push(1599);
    let mut tx = test.db.begin().await.unwrap();
    let load = Load { lane: "twilio", kind: "drill", max_attempts: 2, priority: 7 };
    let did = enqueue(&mut tx, load, &again).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((did.new, did.already), (500, 501));
    let rows = "SELECT count(*) FILTER (WHERE priority = 100 AND contact_id < 1100 AND max_attempts = 2 AND state = 'waiting') * 10000
                     + count(*) FILTER (WHERE priority = 7 AND contact_id BETWEEN 1100 AND 1599 AND args = '{}' AND run_at <= now()) FROM jobs";
    assert_eq!(count(&test.db, rows).await, 10_000_500);
    assert_eq!(depth::of_lane(&test.db, "twilio").await.unwrap().waiting, 1500);
}

#[tokio::test]
async fn a_job_whose_row_was_written_while_it_ran_is_ended_all_the_same() {
    let test = TestDb::new().await;
    put(&test.db, &[100, 101]).await;
    let (engine, drill, wakes, _) = start(&test.db, 0).await;
    drill.slow_from.store(0, Ordering::Relaxed);
    drill.open.store(2, Ordering::Relaxed);
    wakes.wake("twilio");
    until(&test.db, "SELECT count(*) = 2 FROM jobs WHERE state = 'running'").await;
    let touch = "UPDATE jobs SET priority = 5 WHERE contact_id = 100 AND state = 'running'";
    assert_eq!(sqlx::query(touch).execute(test.db.pool()).await.unwrap().rows_affected(), 1);
    until(&test.db, "SELECT count(*) = 2 FROM job_history WHERE outcome = 'done' AND attempt = 1").await;
    engine.drain().await;
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs").await, 0);
    assert_eq!(depth::of_lane(&test.db, "twilio").await.unwrap(), depth::Depth::default());
}

#[tokio::test]
async fn a_job_whose_subject_is_gone_ends_as_cancelled_and_is_not_lost() {
    let test = TestDb::new().await;
    put(&test.db, &[GONE, 100]).await;
    let (engine, drill, ..) = start(&test.db, 2).await;
    until(&test.db, "SELECT count(*) = 2 FROM job_history").await;
    engine.drain().await;
    let cancelled = "SELECT count(*) FROM job_history WHERE contact_id = 1 AND outcome = 'cancelled'";
    assert_eq!((count(&test.db, cancelled).await, drill.began.load(Ordering::Relaxed)), (1, 1));
    assert_eq!(count(&test.db, "SELECT sum(done)::bigint FROM lane_deltas").await, 1);
    assert_eq!(depth::of_lane(&test.db, "twilio").await.unwrap().live(), 0);
}

#[tokio::test]
async fn a_handler_that_breaks_or_hangs_costs_its_attempt_and_frees_its_slot() {
    let test = TestDb::new().await;
    put(&test.db, &[BREAKS, HANGS, 100, 101]).await;
    let (engine, _, _, in_flight) = start(&test.db, 1).await;
    until(&test.db, "SELECT count(*) = 2 FROM job_history").await;
    until(&test.db, "SELECT count(*) = 2 FROM jobs WHERE state = 'scheduled' AND attempt = 1 AND run_at > now()").await;
    sqlx::query("UPDATE jobs SET run_at = now()").execute(test.db.pool()).await.unwrap();
    until(&test.db, "SELECT count(*) = 2 FROM jobs WHERE state = 'dead'").await;
    engine.drain().await;
    let why: Vec<String> =
        sqlx::query_scalar("SELECT last_error FROM jobs ORDER BY contact_id").fetch_all(test.db.pool()).await.unwrap();
    assert_eq!(why, ["internal: its handler broke; see the log", "internal: its handler did not end within 300ms"]);
    assert_eq!(in_flight.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_moved_job_runs_in_its_new_lane_with_its_attempts_anew() {
    let test = TestDb::new().await;
    put(&test.db, &[MOVES]).await;
    let (engine, ..) = start(&test.db, 1).await;
    until(&test.db, "SELECT count(*) = 1 FROM job_history").await;
    engine.drain().await;
    let ended: (String, i16) =
        sqlx::query_as("SELECT lane, attempt FROM job_history").fetch_one(test.db.pool()).await.unwrap();
    assert_eq!(ended, ("local".into(), 1));
    for lane in ["twilio", "local"] {
        assert_eq!(depth::of_lane(&test.db, lane).await.unwrap(), depth::Depth::default(), "{lane}");
    }
}

#[tokio::test]
async fn a_gate_that_shuts_gives_everything_back_unburnt_and_one_that_opens_is_heard_at_once() {
    let test = TestDb::new().await;
    let (engine, drill, wakes, in_flight) = start(&test.db, 0).await;
    put(&test.db, &[HANGS, 100, 101, 102]).await;
    drill.open.store(1, Ordering::Relaxed);
    wakes.wake_all();
    until(&test.db, "SELECT count(*) > 0 FROM jobs WHERE state = 'running'").await;
    drill.open.store(0, Ordering::Relaxed);
    wakes.wake("twilio");
    until(&test.db, "SELECT count(*) = 0 FROM jobs WHERE state = 'running'").await;
    assert_eq!(in_flight.load(Ordering::Relaxed), 0);
    let burnt = count(&test.db, "SELECT count(*) FROM jobs WHERE state = 'waiting' AND attempt > 0").await;
    engine.drain().await;
    assert_eq!(burnt, 0);
    let all = "SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM job_history)";
    assert_eq!(count(&test.db, all).await, 4);
}
