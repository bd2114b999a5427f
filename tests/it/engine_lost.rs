//! Claims that were carried out although their answer never came: their jobs are held by a node that lives, and are freed.

use std::time::Duration;

use chrono::DateTime;
use switchboard::queue::claim::claim;
use switchboard::queue::{depth, orphans};

use crate::support::cut::Cut;
use crate::support::work::{PATIENCE, accounted, calls, count, epoch, queued, sandbox, statuses};
use crate::support::{Program, TestDb, eventually};

#[tokio::test]
async fn what_a_claim_without_an_answer_took_goes_back_unburnt_and_nothing_else_does() {
    let test = TestDb::new().await;
    queued(&test.db, 6).await;
    let (here, other) = (epoch(&test.db).await, epoch(&test.db).await);
    let answered = claim(&test.db, "twilio", here, 1).await.unwrap()[0].claimed_at;
    claim(&test.db, "twilio", here, 3).await.unwrap();
    claim(&test.db, "twilio", other, 1).await.unwrap();
    let known = (DateTime::UNIX_EPOCH, vec![answered]);
    assert_eq!(orphans::free_unanswered(&test.db, "local", here, known.clone()).await.unwrap(), 0);
    assert_eq!(orphans::free_unanswered(&test.db, "twilio", here, known.clone()).await.unwrap(), 3);
    assert_eq!(orphans::free_unanswered(&test.db, "twilio", here, known).await.unwrap(), 0);
    assert_eq!(statuses(&test.db).await, (4, 2, 0, 0));
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs WHERE state = 'waiting' AND attempt = 0").await, 4);
    let depth = depth::of_lane(&test.db, "twilio").await.unwrap();
    assert_eq!((depth.waiting, depth.running), (4, 2));
}

#[tokio::test]
async fn a_worker_whose_claim_was_not_answered_finishes_everything_all_the_same() {
    const LOOKUPS: i64 = 60;
    let test = TestDb::new().await;
    queued(&test.db, LOOKUPS as usize).await;
    let (sandbox, cut) = (sandbox("ok").await, Cut::once().await);
    let worker = Program::calling(&test, &sandbox).with("DATABASE_URL", &cut.url(&test)).start(&["worker"]);
    let all = || async { count(&test.db, "SELECT count(*) FROM contacts WHERE status = 'completed'").await == LOOKUPS };
    eventually(PATIENCE, all).await;
    assert!(cut.happened());
    eventually(Duration::from_secs(5), || async { depth::total(&test.db).await.unwrap().live() == 0 }).await;
    accounted(&test.db, LOOKUPS).await;
    assert_eq!(calls(&sandbox) as i64, LOOKUPS, "nothing was called for by a claim that nobody heard of");
    drop(worker);
}
