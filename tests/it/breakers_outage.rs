//! An outage over real HTTP: the breaker opens, only probes go out, nothing is burnt, and the lane drains when it is over.

use chrono::{DateTime, TimeDelta, Utc};
use switchboard::database::Db;
use switchboard::sandbox::{Mode, Sandbox};

use crate::support::work::{PATIENCE, count, events, play, queued, sandbox, statuses, until};
use crate::support::{Program, TestDb, eventually};

/// After this much of an outage only probes may arrive: more than a fleet needs to hear of it, since here workers, database
/// and far end share a machine with other tests.
const HEARING: TimeDelta = TimeDelta::milliseconds(900);

/// A worker's program whose cool-offs are longer than that.
fn program(test: &TestDb, sandbox: &Sandbox) -> Program {
    Program::calling(test, sandbox)
        .with("SWITCHBOARD_BREAKERS__TWILIO__COOL_OFF", "1300ms")
        .with("SWITCHBOARD_BREAKERS__TWILIO__COOL_OFF_CAP", "1500ms")
}

/// When the breaker let nothing but probes through: from each opening to the probe that succeeded.
async fn outages(db: &Db) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let sql = "SELECT at, event FROM breaker_events WHERE breaker = 'twilio' AND event IN ('opened', 'ramp_failed', 'probe_succeeded') ORDER BY id";
    let events: Vec<(DateTime<Utc>, String)> = sqlx::query_as(sql).fetch_all(db.pool()).await.unwrap();
    let mut found = Vec::new();
    let mut since = None;
    for (at, event) in events {
        if event == "probe_succeeded" {
            found.extend(since.take().map(|from| (from, at)));
        } else {
            since = since.or(Some(at));
        }
    }
    found.extend(since.map(|from| (from, DateTime::<Utc>::MAX_UTC)));
    found
}

/// Calls that began while the breaker was open and were no probes, as each attempt has its moment written down. The far end can't
/// tell: on a busy machine it reads a call long after it was sent.
async fn begun_while_open(db: &Db) -> i64 {
    let (from, until): (Vec<_>, Vec<_>) = outages(db).await.into_iter().unzip();
    let from: Vec<DateTime<Utc>> = from.into_iter().map(|from| from + HEARING).collect();
    let sql = "WITH o AS (SELECT * FROM unnest($1::timestamptz[], $2::timestamptz[]) AS o(since, ended)),
            answered AS (SELECT fetched_at - make_interval(secs => took_ms / 1000.0) AS at FROM provider_results),
            answers AS (SELECT count(*) AS n FROM answered a WHERE EXISTS (SELECT FROM o WHERE a.at > o.since AND a.at < o.ended)),
            probes AS (SELECT count(*) AS n FROM breaker_events WHERE event = 'probe_succeeded'),
            failed AS (SELECT count(*) AS n FROM job_failures f WHERE NOT f.probe AND EXISTS (SELECT FROM o WHERE f.started_at > o.since AND f.started_at < o.ended))
        SELECT failed.n + greatest(answers.n - probes.n, 0) FROM failed, answers, probes";
    sqlx::query_scalar(sql).bind(from).bind(until).fetch_one(db.pool()).await.unwrap()
}

/// No call was made that left neither an answer nor a failure; those of a worker that was killed or taken for dead apart.
async fn all_calls_are_known(db: &Db, sandbox: &Sandbox, lost: i64) {
    let known = count(db, "SELECT (SELECT count(*) FROM job_failures) + (SELECT count(*) FROM provider_results)").await;
    let calls = i64::try_from(sandbox.counters()["twilio"].total).unwrap();
    let taken_for_dead = count(db, "SELECT count(*) FROM nodes WHERE state = 'lost'").await;
    assert!(calls <= known + lost || taken_for_dead > 0, "{calls} calls, {known} known");
}

async fn burnt_while_open(db: &Db) -> i64 {
    let (from, until): (Vec<_>, Vec<_>) = outages(db).await.into_iter().unzip();
    let sql = "SELECT count(*) FROM job_failures f WHERE burnt AND NOT probe AND EXISTS (
                   SELECT FROM unnest($1::timestamptz[], $2::timestamptz[]) AS o(since, ended) WHERE f.started_at > since AND f.started_at < ended)";
    sqlx::query_scalar(sql).bind(from).bind(until).fetch_one(db.pool()).await.unwrap()
}

/// What must hold after every outage that ended, whatever the provider did in it.
async fn nothing_was_wasted(db: &Db, sandbox: &Sandbox, contacts: i64) {
    assert_eq!(statuses(db).await, (0, 0, contacts, 0));
    assert_eq!(count(db, "SELECT count(*) FROM job_history WHERE kind = 'lookup'").await, contacts);
    assert_eq!(begun_while_open(db).await, 0, "{:?}", events(db).await);
    all_calls_are_known(db, sandbox, 0).await;
    assert_eq!(burnt_while_open(db).await, 0);
}

#[tokio::test]
async fn five_failures_open_it_only_probes_go_out_and_the_lane_drains_when_it_is_over() {
    let test = TestDb::new().await;
    queued(&test.db, 200).await;
    let sandbox = sandbox("ok:40c 503").await;
    let program = program(&test, &sandbox);
    let worker = program.start(&["worker", "--until-empty"]);
    until(&test.db, "SELECT count(*) >= 3 FROM breaker_events WHERE event = 'probe_failed'").await;
    let parked: (String, String) = sqlx::query_as(
        "SELECT (SELECT state FROM breakers WHERE name = 'twilio'), (SELECT coalesce(parked_reason, 'not parked') FROM lanes WHERE lane = 'twilio')",
    )
    .fetch_one(test.db.pool())
    .await
    .unwrap();
    assert!(["open", "half_open"].contains(&parked.0.as_str()) && parked.1 == "not parked", "{parked:?}");
    let lane = &program.json(&["lanes", "list"]).await;
    let lane = lane.as_array().unwrap().iter().find(|l| l["lane"] == "twilio").unwrap().clone();
    assert_eq!(lane["state"], "parked", "{lane}");
    // Slow enough that the lane is not empty before the ramp has ended.
    play(&sandbox, "slow=20ms");
    let ran = worker.ended().await;
    assert_eq!(ran.code, 0, "{ran:?}");
    nothing_was_wasted(&test.db, &sandbox, 200).await;
    let events = events(&test.db).await;
    assert_eq!(events[0], "opened");
    assert!(
        events.ends_with(&["probe_succeeded".into(), "ramp".into(), "ramp".into(), "ramp".into(), "closed".into()]),
        "{events:?}"
    );
    let opened = "SELECT cause LIKE '% consecutive failures: HTTP 503; next probe in % s' FROM breaker_events ORDER BY id LIMIT 1";
    assert!(sqlx::query_scalar::<_, bool>(opened).fetch_one(test.db.pool()).await.unwrap());
    let told = "SELECT count(*) FROM timeline WHERE kind = 'breaker' AND severity = 'critical' AND subject = 'twilio'";
    assert!(count(&test.db, told).await >= 1);
}

#[tokio::test]
async fn two_workers_count_together_and_send_one_probe_at_a_time() {
    let test = TestDb::new().await;
    queued(&test.db, 120).await;
    let sandbox = sandbox("503:3s").await;
    // Eight calls at once in the fleet are four a worker: neither sees five failures of its own.
    let program = program(&test, &sandbox).twilio("CONCURRENCY_START", "8").twilio("CONCURRENCY_CAP", "8");
    let both = (program.start(&["worker", "--until-empty"]), program.start(&["worker", "--until-empty"]));
    let (one, two) = tokio::join!(both.0.ended(), both.1.ended());
    assert_eq!((one.code, two.code), (0, 0), "{one:?}{two:?}");
    nothing_was_wasted(&test.db, &sandbox, 120).await;
    assert_eq!(count(&test.db, "SELECT count(DISTINCT lease_epoch) FROM job_history").await, 2);
}

#[tokio::test]
async fn timeouts_resets_garbage_and_half_a_provider_open_it_too() {
    tokio::join!(
        opens_by("hang", "timeout: no whole answer within 0.2 s"),
        opens_by("reset", "network: "),
        opens_by("garbage", "invalid_response: HTTP 200 without an answer"),
        opens_by("half", "calls in a minute failed: HTTP 500"),
    );
}

async fn opens_by(script: &str, cause: &str) {
    let test = TestDb::new().await;
    queued(&test.db, 60).await;
    let sandbox = sandbox(script).await;
    let program = program(&test, &sandbox);
    let program = if script == "hang" { program.twilio("TIMEOUT", "200ms") } else { program };
    // One at a time: every other failure then never makes a row, and only the rate rule sees it.
    let program = if script == "half" { program.twilio("CONCURRENCY_START", "1") } else { program };
    let worker = program.start(&["worker", "--until-empty"]);
    until(&test.db, "SELECT count(*) > 0 FROM breaker_events WHERE event = 'opened'").await;
    let why = "SELECT cause FROM breaker_events ORDER BY id LIMIT 1";
    let why: String = sqlx::query_scalar(why).fetch_one(test.db.pool()).await.unwrap();
    assert!(why.contains(cause), "{script}: {why}");
    play(&sandbox, "ok");
    let ran = worker.ended().await;
    assert_eq!(ran.code, 0, "{script}: {ran:?}");
    nothing_was_wasted(&test.db, &sandbox, 60).await;
}

#[tokio::test]
async fn a_prober_that_is_killed_gives_the_probe_to_the_next_when_its_lease_ends() {
    let test = TestDb::new().await;
    queued(&test.db, 30).await;
    let sandbox = sandbox("503").await;
    let program = program(&test, &sandbox).twilio("TIMEOUT", "1s");
    let first = program.start(&["worker"]);
    until(&test.db, "SELECT count(*) > 0 FROM breaker_events WHERE event = 'probe_failed'").await;
    play(&sandbox, "hang");
    let hangs = || sandbox.calls().last().is_some_and(|call| call.mode == Mode::Hang);
    eventually(PATIENCE, || std::future::ready(hangs())).await;
    drop(first);
    let held = "SELECT count(*) FROM breakers WHERE name = 'twilio' AND state = 'half_open' AND ramp_limit = 0 AND probe_until > now()";
    assert_eq!(count(&test.db, held).await, 1);
    play(&sandbox, "ok");
    let ran = program.run(&["worker", "--until-empty"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    nothing_was_wasted(&test.db, &sandbox, 30).await;
}
