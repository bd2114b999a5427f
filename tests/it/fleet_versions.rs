//! A fleet whose members differ: a newer program that migrates while older ones run, and hosts whose clocks are wrong.

use std::path::PathBuf;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::support::work::{accounted, count, play, queued, sandbox, until};
use crate::support::{Program, TestDb};

/// What a later migration does: columns and indexes for its own program, in one transaction with its line.
const LATER: &str = "BEGIN;
    ALTER TABLE jobs ADD COLUMN later text NOT NULL DEFAULT 'x';
    ALTER TABLE contacts ADD COLUMN later integer;
    ALTER TABLE lanes ADD COLUMN later boolean NOT NULL DEFAULT false;
    ALTER TABLE nodes ADD COLUMN later text;
    ALTER TABLE history_batches ADD COLUMN later text;
    CREATE INDEX jobs_later ON jobs (later) WHERE state = 'waiting';
    INSERT INTO schema_migrations (version, description, checksum) VALUES (9001, 'later', 'x');
    COMMIT;";

#[tokio::test]
async fn a_newer_program_migrates_while_an_older_one_works_and_every_job_is_done_once() {
    let test = TestDb::new().await;
    queued(&test.db, 300).await;
    let sandbox = sandbox("slow=60ms").await;
    let older = Program::calling(&test, &sandbox).twilio("CONCURRENCY_CAP", "16").start(&["worker", "--until-empty"]);
    until(&test.db, "SELECT count(*) > 20 FROM job_history").await;
    sqlx::raw_sql(LATER).execute(test.db.pool()).await.unwrap();
    let at_once = count(&test.db, "SELECT count(*) FROM job_history").await;
    assert!(at_once < 300, "it was at work: {at_once} were done");
    play(&sandbox, "ok");
    let ran = older.ended().await;
    assert_eq!(ran.code, 0, "{ran:?}");
    accounted(&test.db, 300).await;
    assert_eq!(count(&test.db, "SELECT max(attempt)::bigint FROM job_history").await, 1, "no attempt was lost to it");
}

#[tokio::test]
async fn a_schema_that_no_longer_admits_a_program_lets_it_finish_what_it_holds_and_leaves_the_rest_to_the_newer() {
    let test = TestDb::new().await;
    queued(&test.db, 300).await;
    let sandbox = sandbox("slow=60ms").await;
    let program = Program::calling(&test, &sandbox).twilio("CONCURRENCY_CAP", "16");
    let older = program.start(&["worker"]);
    until(&test.db, "SELECT count(*) > 20 FROM job_history").await;
    let raises = "INSERT INTO schema_migrations (version, description, checksum) VALUES (9001, 'later', 'x');
                  UPDATE schema_info SET oldest_program = '99.0.0'";
    sqlx::raw_sql(raises).execute(test.db.pool()).await.unwrap();
    until(&test.db, "SELECT count(*) = 1 FROM nodes WHERE state = 'draining'").await;
    until(&test.db, "SELECT count(*) = 0 FROM jobs WHERE state = 'running'").await;
    let left =
        count(&test.db, "SELECT count(*) FROM jobs WHERE kind = 'lookup' AND state = 'waiting' AND attempt = 0").await;
    assert_eq!(left + count(&test.db, "SELECT count(*) FROM job_history WHERE kind = 'lookup'").await, 300);
    assert!(left > 0, "it claimed on");
    let refusal = program.run(&["worker", "--until-empty"]).await.refusal(1);
    assert!(refusal.contains("99.0.0 or newer"), "{refusal}");
    older.signal(Signal::SIGTERM);
    assert_eq!(older.ended().await.code, 0);
    // The newer one.
    sqlx::query("UPDATE schema_info SET oldest_program = '0.1.0'").execute(test.db.pool()).await.unwrap();
    play(&sandbox, "ok");
    let newer = program.start(&["worker"]);
    until(&test.db, "SELECT count(*) = 300 FROM job_history WHERE kind = 'lookup'").await;
    newer.signal(Signal::SIGTERM);
    assert_eq!(newer.ended().await.code, 0);
    accounted(&test.db, 300).await;
}

#[tokio::test]
async fn a_worker_that_waits_for_the_end_says_why_it_may_not_go_on_and_ends() {
    let test = TestDb::new().await;
    queued(&test.db, 300).await;
    let sandbox = sandbox("slow=60ms").await;
    let older = Program::calling(&test, &sandbox)
        .with("SWITCHBOARD_JOBS__HEARTBEAT", "300ms")
        .twilio("CONCURRENCY_CAP", "16")
        .start(&["worker", "--until-empty"]);
    until(&test.db, "SELECT count(*) > 20 FROM job_history").await;
    sqlx::query("UPDATE schema_info SET oldest_program = '99.0.0'").execute(test.db.pool()).await.unwrap();
    let ran = older.ended().await;
    assert!(ran.code == 1 && ran.err.contains("99.0.0 or newer"), "{ran:?}");
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs WHERE state = 'running'").await, 0, "it held something back");
}

#[tokio::test]
async fn a_schema_that_could_not_be_asked_refuses_nobody() {
    let test = TestDb::new().await;
    queued(&test.db, 300).await;
    let sandbox = sandbox("slow=1s").await;
    let program = Program::calling(&test, &sandbox).with("SWITCHBOARD_JOBS__HEARTBEAT", "300ms");
    let worker = program.twilio("CONCURRENCY_CAP", "16").start(&["worker", "--until-empty"]);
    until(&test.db, "SELECT count(*) > 5 FROM job_history").await;
    sqlx::query("ALTER TABLE schema_info RENAME TO elsewhere").execute(test.db.pool()).await.unwrap();
    sqlx::query("CREATE TABLE beat AS SELECT max(heartbeat_at) AS at FROM nodes")
        .execute(test.db.pool())
        .await
        .unwrap();
    until(&test.db, "SELECT max(heartbeat_at) > (SELECT at + interval '1 s' FROM beat) FROM nodes").await;
    sqlx::query("ALTER TABLE elsewhere RENAME TO schema_info").execute(test.db.pool()).await.unwrap();
    play(&sandbox, "ok");
    let ran = worker.ended().await;
    assert_eq!(ran.code, 0, "{ran:?}");
    accounted(&test.db, 300).await;
}

/// A library that a process loads first, and that moves its wall clock.
fn wrong_clock(program: &Program) -> Option<PathBuf> {
    let source = program.file(
        "clock.c",
        "#define _GNU_SOURCE
         #include <stdlib.h>
         #include <time.h>
         #include <unistd.h>
         #include <sys/syscall.h>
         int clock_gettime(clockid_t clock, struct timespec *at) {
             int failed = (int) syscall(SYS_clock_gettime, clock, at);
             const char *ahead = getenv(\"CLOCK_AHEAD_S\");
             if (failed == 0 && clock == CLOCK_REALTIME && ahead) at->tv_sec += atol(ahead);
             return failed;
         }",
    );
    let library = program.home().join("clock.so");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).status();
    built.is_ok_and(|status| status.success()).then_some(library)
}

#[tokio::test]
async fn hosts_whose_clocks_are_hours_apart_do_each_job_once_and_write_the_databases_time() {
    let test = TestDb::new().await;
    // Failures first: retries, their times and the breaker's count go by a clock, too.
    let sandbox = sandbox("503:3c slow=60ms").await;
    let right = Program::calling(&test, &sandbox);
    let Some(library) = wrong_clock(&right).filter(|_| cfg!(target_os = "linux")) else {
        eprintln!("skipped: no C compiler here that builds a library which moves a process's clock");
        return;
    };
    let library = library.to_string_lossy().into_owned();
    let start = |ahead| {
        let host = Program::calling(&test, &sandbox).twilio("CONCURRENCY_START", "8").twilio("CONCURRENCY_CAP", "8");
        host.with("LD_PRELOAD", &library).with("CLOCK_AHEAD_S", ahead).start(&["worker"])
    };
    let workers = [start("7200"), start("-7200")];
    until(&test.db, "SELECT count(*) = 2 FROM nodes WHERE state = 'live' AND runs_jobs").await;
    queued(&test.db, 200).await;
    until(&test.db, "SELECT count(*) = 200 FROM job_history WHERE kind = 'lookup'").await;
    for worker in workers {
        worker.signal(Signal::SIGTERM);
        let ran = worker.ended().await;
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    accounted(&test.db, 200).await;
    assert_eq!(count(&test.db, "SELECT count(DISTINCT lease_epoch) FROM job_history").await, 2, "both worked");
    assert_eq!(
        count(&test.db, "SELECT count(*) FROM nodes WHERE state = 'lost'").await,
        0,
        "nobody was taken for dead"
    );
    assert!(count(&test.db, "SELECT count(*) FROM job_failures").await >= 3);
    let strange = "SELECT count(*) FROM (
            SELECT finished_at AS at FROM job_history UNION ALL SELECT claimed_at FROM job_history
            UNION ALL SELECT lookup_performed_at FROM contacts UNION ALL SELECT updated_at FROM contacts
            UNION ALL SELECT started_at FROM job_failures UNION ALL SELECT fetched_at FROM provider_results
            UNION ALL SELECT at FROM timeline UNION ALL SELECT at FROM samples UNION ALL SELECT at FROM breaker_events
            UNION ALL SELECT heartbeat_at FROM nodes UNION ALL SELECT started_at FROM contact_steps) times
        WHERE at NOT BETWEEN (SELECT min(created_at) FROM contacts) - interval '1 s' AND now() + interval '1 s'";
    assert_eq!(count(&test.db, strange).await, 0, "a time of a wrong clock was written");
}
