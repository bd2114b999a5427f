//! Claiming from a real table: batches in order, never twice, never while it must not be, and never by a scan.

use switchboard::database::Db;
use switchboard::fleet::node;
use switchboard::queue::Place;
use switchboard::queue::claim::{ANY, CLAIM, CLAIM_PLAIN, Claimed, PROMOTE, claim, promote};
use switchboard::queue::depth;
use switchboard::queue::end::{FENCE, FINISH, FINISH_MOVED};

use crate::support::TestDb;
use crate::support::fleet::lead;
use crate::support::work::{contacts, count, epoch, look_up, queued, statuses};

async fn claimed(db: &Db, epoch: i64, limit: i64) -> Vec<Claimed> {
    claim(db, "twilio", epoch, limit).await.unwrap()
}

#[tokio::test]
async fn a_claim_takes_a_batch_and_its_contacts_are_processing() {
    let test = TestDb::new().await;
    let ids = queued(&test.db, 10).await;
    let epoch = epoch(&test.db).await;
    let jobs = claimed(&test.db, epoch, 4).await;
    assert_eq!(jobs.iter().map(|j| j.contact_id).collect::<Vec<_>>(), ids[..4]);
    assert!(jobs.iter().all(|j| j.attempt == 1 && j.kind == "lookup"));
    assert_eq!(statuses(&test.db).await, (6, 4, 0, 0));
    let held = "SELECT count(*) FROM contacts c JOIN jobs j ON j.contact_id = c.id WHERE (c.status = 'processing') <> (j.state = 'running')";
    assert_eq!(count(&test.db, held).await, 0);
}

#[tokio::test]
async fn urgent_jobs_go_first_and_then_the_oldest() {
    let test = TestDb::new().await;
    let ids = queued(&test.db, 6).await;
    let sql = "UPDATE jobs SET priority = CASE WHEN contact_id = $1 THEN 10 ELSE 100 END,
               run_at = now() - CASE WHEN contact_id = $2 THEN interval '1 hour' ELSE interval '1 minute' END";
    sqlx::query(sql).bind(ids[4]).bind(ids[2]).execute(test.db.pool()).await.unwrap();
    let epoch = epoch(&test.db).await;
    let order: Vec<i64> = claimed(&test.db, epoch, 6).await.iter().map(|j| j.contact_id).collect();
    assert_eq!(order, [ids[4], ids[2], ids[0], ids[1], ids[3], ids[5]]);
}

#[tokio::test]
async fn claimers_side_by_side_never_hold_the_same_job() {
    let test = TestDb::new().await;
    queued(&test.db, 400).await;
    let claimers = (0..8).map(|_| async {
        let (epoch, mut mine) = (epoch(&test.db).await, Vec::new());
        loop {
            let jobs = claimed(&test.db, epoch, 7).await;
            if jobs.is_empty() {
                return mine;
            }
            mine.extend(jobs.into_iter().map(|j| j.id));
        }
    });
    let mut all = futures_util::future::join_all(claimers).await.concat();
    all.sort_unstable();
    let claims = all.len();
    all.dedup();
    assert_eq!((claims, all.len()), (400, 400));
}

#[tokio::test]
async fn a_locked_job_is_passed_over_and_not_waited_for() {
    let test = TestDb::new().await;
    let ids = queued(&test.db, 3).await;
    let epoch = epoch(&test.db).await;
    let mut other = test.db.begin().await.unwrap();
    sqlx::query("SELECT FROM jobs WHERE contact_id = $1 FOR UPDATE").bind(ids[0]).execute(&mut *other).await.unwrap();
    let order: Vec<i64> = claimed(&test.db, epoch, 3).await.iter().map(|j| j.contact_id).collect();
    assert_eq!(order, ids[1..]);
}

#[tokio::test]
async fn nothing_is_claimed_from_a_paused_lane_or_for_a_node_that_is_not_live() {
    let test = TestDb::new().await;
    queued(&test.db, 3).await;
    let live = epoch(&test.db).await;
    sqlx::query("UPDATE lanes SET paused = true").execute(test.db.pool()).await.unwrap();
    assert_eq!(claimed(&test.db, live, 3).await, []);
    sqlx::query("UPDATE lanes SET paused = false").execute(test.db.pool()).await.unwrap();
    assert_eq!(claimed(&test.db, live + 1, 3).await, []);
    node::drain(&test.db, live).await.unwrap();
    assert_eq!(claimed(&test.db, live, 3).await, []);
    assert_eq!(statuses(&test.db).await, (3, 0, 0, 0));
    let next = epoch(&test.db).await;
    assert_eq!(claimed(&test.db, next, 3).await.len(), 3);
}

#[tokio::test]
async fn a_contact_has_at_most_one_live_lookup_however_often_it_is_enqueued() {
    let test = TestDb::new().await;
    let ids = contacts(&test.db, 5).await;
    tokio::join!(look_up(&test.db, &ids[..4]), look_up(&test.db, &ids[1..]));
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs").await, 5);
    assert_eq!(depth::of_lane(&test.db, "twilio").await.unwrap().waiting, 5);
}

#[tokio::test]
async fn only_jobs_whose_time_has_come_are_promoted() {
    let test = TestDb::new().await;
    queued(&test.db, 4).await;
    let sql = "UPDATE jobs SET state = 'scheduled', run_at = now() + CASE WHEN id % 2 = 0 THEN interval '1 hour' ELSE interval '-1 s' END";
    sqlx::query(sql).execute(test.db.pool()).await.unwrap();
    assert_eq!(promote(&test.db, "twilio").await.unwrap(), 2);
    assert_eq!(promote(&test.db, "twilio").await.unwrap(), 0);
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs WHERE state = 'waiting' AND run_at <= now()").await, 2);
}

#[tokio::test]
async fn claim_and_promotion_never_scan_a_large_table_once_the_leader_has_seen_it() {
    let test = TestDb::new().await;
    look_up(&test.db, &[]).await;
    // Plans that are kept may have been made while the table was empty.
    check_plans(test.db.hot()).await;
    let fill = "INSERT INTO jobs (lane, kind, contact_id, state, run_at)
                SELECT 'twilio', 'lookup', g, CASE WHEN g % 4 = 0 THEN 'scheduled' ELSE 'waiting' END, now() - make_interval(secs => g % 1000)
                FROM generate_series(1, 200000) g";
    sqlx::query(fill).execute(test.db.pool()).await.unwrap();
    let delta = "INSERT INTO lane_deltas (lane, waiting, scheduled) VALUES ('twilio', 150000, 50000)";
    sqlx::query(delta).execute(test.db.pool()).await.unwrap();
    lead(&test.db).await;
    check_plans(test.db.hot()).await;
    check_plans(test.db.pool()).await;
}

async fn check_plans(pool: &sqlx::PgPool) {
    let (ids, claims): (Vec<i64>, Vec<_>) = (1..=500).map(|id| (id, chrono::Utc::now())).unzip();
    let places = vec![Place::default(); 500];
    for (statement, ways) in [
        (CLAIM, ["Index Scan using jobs_claim on jobs", "Tid Scan on jobs"].as_slice()),
        (CLAIM_PLAIN, &["Index Scan using jobs_claim on jobs", "Tid Scan on jobs"]),
        (PROMOTE, &["Index Scan using jobs_scheduled on jobs"]),
        (FENCE, &["Index Scan using jobs_pkey on jobs"]),
        (FINISH, &["Tid Scan on jobs"]),
        (FINISH_MOVED, &["Index Scan using jobs_pkey on jobs"]),
    ] {
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("EXPLAIN {statement}")));
        let query = match statement {
            CLAIM | CLAIM_PLAIN => query.bind("twilio").bind(1_i64).bind(500_i64).bind(ANY),
            PROMOTE => query.bind("twilio"),
            FENCE => query.bind(&ids).bind(&claims).bind(1_i64),
            _ => query.bind(&ids).bind(&claims).bind(1_i64).bind("twilio").bind(Vec::<i64>::new()).bind(&places),
        };
        let rows: Vec<String> = query.fetch_all(pool).await.unwrap();
        let plan = rows.join("\n");
        for way in ways {
            assert!(plan.contains(way), "{way}: {plan}");
        }
        assert!(!plan.contains("Seq Scan on jobs") && !plan.contains("Sort Key: jobs"), "{plan}");
    }
}
