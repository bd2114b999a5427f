//! What the chart tells of a span: done, failed, tried again.

use switchboard::operations::views;

use crate::support::TestDb;

#[tokio::test]
async fn attempts_that_failed_are_told_apart_from_those_after_which_the_job_goes_on() {
    let test = TestDb::new().await;
    switchboard::queue::lane::seed(&test.db).await.unwrap();
    for sql in [
        "INSERT INTO contacts (raw_phone_number, phone_e164) SELECT n, n FROM (SELECT '+1415555010' || i AS n FROM generate_series(0, 3) i) x",
        // One died at its second failure, one waits after its first, one succeeded after its first, one was over with it.
        "INSERT INTO jobs (id, lane, kind, contact_id, state, attempt) OVERRIDING SYSTEM VALUE VALUES (1, 'twilio', 'lookup', 1, 'dead', 2), (2, 'twilio', 'lookup', 2, 'scheduled', 1)",
        "INSERT INTO job_failures (job_id, lane, contact_id, attempt, burnt, lease_epoch, error_kind, message, started_at, took_ms)
         SELECT job, 'twilio', job, attempt, true, 1, kind, 'x', now(), 5
         FROM (VALUES (1, 1, 'timeout'), (1, 2, 'timeout'), (2, 1, 'network'), (3, 1, 'upstream_error'), (4, 1, 'invalid_input')) f (job, attempt, kind)",
        "INSERT INTO samples (at, lane, waiting, scheduled, running, dead, done_total, failed_total, breaker, lane_state)
         SELECT now() - s * interval '1 minute', 'twilio', 0, 0, 0, 0, 100 - s, 20 - s, 'closed', 'ok' FROM (VALUES (1), (6)) v (s)",
    ] {
        sqlx::query(sql).execute(test.db.pool()).await.unwrap();
    }
    let sums = views::chart(&test.db, 60).await.unwrap().sums;
    assert_eq!((sums.done, sums.failed, sums.retried), (5, 5, 3));
}
