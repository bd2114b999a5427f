//! What operators set of lanes and nodes beyond pause and rate: money, jobs at once on a node, all lanes at once; a node that
//! claims nothing, and one that is sent home.

use serde_json::{Value, json};
use switchboard::database::Db;
use switchboard::queue::lane;
use switchboard::sandbox::{Options, Sandbox};

use crate::support::work::{calls, count, queued, sandbox, statuses, until};
use crate::support::{Program, TestDb};

async fn lane(program: &Program, name: &str) -> Value {
    let lanes = program.json(&["lanes", "list"]).await;
    lanes.as_array().unwrap().iter().find(|l| l["lane"] == name).unwrap().clone()
}

/// The worker that came last.
async fn node(db: &Db) -> (String, i64) {
    let sql = "SELECT node, epoch FROM nodes WHERE state = 'live' AND runs_jobs ORDER BY epoch DESC LIMIT 1";
    sqlx::query_as(sql).fetch_one(db.pool()).await.unwrap()
}

#[tokio::test]
async fn all_lanes_are_paused_at_once_and_each_is_put_back_to_what_it_was() {
    let test = TestDb::new().await;
    lane::seed(&test.db).await.unwrap();
    let program = Program::on(&test);
    program.json(&["lanes", "pause", "hunter", "--reason", "cost"]).await;
    let whole = count(&test.db, "SELECT count(*) FROM lanes").await;
    let receipt = program.json(&["lanes", "pause", "all", "--reason", "drill"]).await;
    assert_eq!(receipt["changed"], json!(whole - 1), "hunter was paused already: {receipt}");
    let again = program.run(&["lanes", "pause", "all", "--json"]).await.refusal(1);
    assert!(again.contains("so already"), "{again}");
    program.json(&["undo", &receipt["audit_id"].to_string()]).await;
    assert_eq!(count(&test.db, "SELECT count(*) FROM lanes WHERE paused").await, 1, "hunter stays paused");
    program.json(&["lanes", "scale", "all", "3", "--per-node"]).await;
    assert_eq!(count(&test.db, "SELECT count(*) FROM lanes WHERE node_concurrency = 3").await, whole);
    assert_eq!(lane(&program, "twilio").await["node_concurrency"], 3);
}

#[tokio::test]
async fn an_operators_budget_stops_the_lane_and_a_larger_one_lets_it_go_on() {
    let test = TestDb::new().await;
    queued(&test.db, 200).await;
    let sandbox = sandbox("ok").await;
    let program = Program::calling(&test, &sandbox).with("SWITCHBOARD_JOBS__HEARTBEAT", "300ms");
    let receipt = program.json(&["lanes", "budget", "twilio", "0.05"]).await;
    assert_eq!(receipt["twin"], "switchboard lanes budget twilio 0.05");
    let worker = program.start(&["worker"]);
    until(&test.db, "SELECT coalesce(parked_reason, '') = 'budget' FROM lanes WHERE lane = 'twilio'").await;
    let twilio = lane(&program, "twilio").await;
    assert!(twilio["spent_today"].as_f64().unwrap() > 0.0 && twilio["budget_usd"] == 0.05, "{twilio}");
    assert!(statuses(&test.db).await.2 < 200);
    program.json(&["lanes", "budget", "twilio", "100"]).await;
    until(&test.db, "SELECT count(*) = 200 FROM contacts WHERE status = 'completed'").await;
    worker.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(worker.ended().await.code, 0);
}

/// The most that a lookup with the default packages costs, in millionths of a dollar.
const LOOKUP: &str = "SELECT (sum(usd) * 1000000)::bigint FROM prices WHERE provider = 'twilio' AND operation IN ('line_type_intelligence', 'caller_name')";
const COST: &str = "SELECT (coalesce(sum(cost), 0) * 1000000)::bigint FROM usage";

/// Fifty hands begin at once, and nobody knows yet what a call costs: neither may go over the day's budget.
async fn budget_of_twenty(more: &[(&str, &str)], limit: impl Fn(i64) -> (&'static str, String)) -> (u64, i64, i64) {
    let test = TestDb::new().await;
    queued(&test.db, 150).await;
    let price = count(&test.db, LOOKUP).await;
    let latency = Some(std::time::Duration::from_millis(400));
    let sandbox = Sandbox::start(Options { latency, ..Options::default() }).await.unwrap();
    let (name, value) = limit(price * 20);
    let mut program = Program::calling(&test, &sandbox)
        .twilio("CONCURRENCY_START", "50")
        .twilio("CONCURRENCY_CAP", "50")
        .twilio(name, &value);
    for (name, value) in more {
        program = program.twilio(name, value);
    }
    let ran = program.run(&["worker", "--until-empty"]).await;
    assert!(ran.code == 1 && ran.err.contains("lane twilio: its quota is used up (budget"), "{ran:?}");
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs WHERE attempt > 0").await, 0);
    (calls(&sandbox), count(&test.db, COST).await, price)
}

#[tokio::test]
async fn no_call_goes_over_the_days_budget_however_many_begin_at_once() {
    let usd = |micro: i64| ("BUDGET_USD", format!("{:.6}", micro as f64 / 1e6));
    let single = budget_of_twenty(&[], usd).await;
    let together = budget_of_twenty(&[("BATCH", "50")], usd).await;
    let counted = budget_of_twenty(&[], |_| ("BUDGET_CALLS", "20".to_owned())).await;
    for (made, cost, price) in [single, together] {
        assert!(cost <= 20 * price && cost > 19 * price, "{cost} of {}: {made} requests", 20 * price);
    }
    assert_eq!(counted.0, 20, "calls at the stand-in");
}

#[tokio::test]
async fn a_quiet_node_leaves_the_work_to_others_until_it_is_woken_and_a_drained_one_ends() {
    let test = TestDb::new().await;
    let ids = queued(&test.db, 10).await;
    sqlx::query("UPDATE jobs SET state = 'scheduled', run_at = now() + interval '1 day' WHERE contact_id > $1")
        .bind(ids[4])
        .execute(test.db.pool())
        .await
        .unwrap();
    let sandbox = sandbox("ok").await;
    let program = Program::calling(&test, &sandbox).with("SWITCHBOARD_JOBS__HEARTBEAT", "300ms");
    program.json(&["lanes", "pause", "twilio"]).await;
    let first = program.start(&["worker"]);
    until(&test.db, "SELECT count(*) = 1 FROM nodes WHERE state = 'live' AND runs_jobs").await;
    let quiet = node(&test.db).await;
    let receipt = program.json(&["nodes", "quiet", &quiet.0, "--reason", "noisy disk"]).await;
    assert_eq!(receipt["undoable"], true);
    assert_eq!(program.json(&["nodes"]).await[0]["wish"], "quiet");
    // Whoever sees that the lane is open has read the wish as well: it is older.
    program.json(&["lanes", "resume", "twilio"]).await;
    let second = program.start(&["worker"]);
    until(&test.db, "SELECT count(*) = 5 FROM contacts WHERE status = 'completed'").await;
    let busy = node(&test.db).await;
    assert!(busy.1 > quiet.1);
    let claimed: i64 = sqlx::query_scalar("SELECT count(*) FROM job_history WHERE lease_epoch = $1")
        .bind(quiet.1)
        .fetch_one(test.db.pool())
        .await
        .unwrap();
    assert_eq!(claimed, 0, "the quiet node claimed");

    program.json(&["nodes", "drain", &busy.0]).await;
    assert_eq!(second.ended().await.code, 0, "it ended by itself");
    let refusal = program.run(&["nodes", "drain", &busy.0, "--json"]).await.refusal(1);
    assert!(refusal.contains("is no node of the fleet now"), "{refusal}");
    program.json(&["undo", &receipt["audit_id"].to_string()]).await;
    sqlx::query("UPDATE jobs SET run_at = now()").execute(test.db.pool()).await.unwrap();
    until(&test.db, "SELECT count(*) = 10 FROM contacts WHERE status = 'completed'").await;
    first.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(first.ended().await.code, 0);
}
