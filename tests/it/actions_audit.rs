//! What a person does: one audit row each, its line on the timeline, and the way back while it is still true.

use serde_json::{Value, json};
use switchboard::database::Db;

use crate::support::program::Ran;
use crate::support::settlement::failed;
use crate::support::work::{contacts, count, epoch, queued, statuses};
use crate::support::{Program, TestDb};

async fn audit(db: &Db, id: &Value) -> Value {
    let sql = "SELECT to_jsonb(a) FROM audit_log a WHERE id = $1";
    sqlx::query_scalar(sql).bind(id.as_i64().unwrap()).fetch_one(db.pool()).await.unwrap()
}

/// Verbs and results of what was refused while it was acted, oldest first.
async fn refusals(db: &Db) -> Value {
    let sql = "SELECT coalesce(jsonb_agg(jsonb_build_array(verb, result) ORDER BY id), '[]') FROM audit_log WHERE result LIKE 'refused: %'";
    sqlx::query_scalar(sql).fetch_one(db.pool()).await.unwrap()
}

async fn lane(db: &Db) -> (bool, Option<i32>) {
    sqlx::query_as("SELECT paused, concurrency FROM lanes WHERE lane = 'twilio'").fetch_one(db.pool()).await.unwrap()
}

async fn breaker(db: &Db) -> String {
    sqlx::query_scalar("SELECT state FROM breakers WHERE name = 'twilio'").fetch_one(db.pool()).await.unwrap()
}

/// Dead jobs of so many contacts.
async fn dead(db: &Db, how_many: usize) -> Vec<i64> {
    queued(db, how_many).await;
    let epoch = epoch(db).await;
    let jobs = switchboard::queue::claim::claim(db, "twilio", epoch, how_many as i64).await.unwrap();
    let ids = jobs.iter().map(|job| job.id).collect();
    let kind = switchboard::outcome::ErrorKind::UpstreamError;
    let batch: Vec<_> = jobs.into_iter().map(|job| failed(job, epoch, kind, switchboard::queue::End::Dead)).collect();
    crate::support::settlement::settle(db, &batch).await.unwrap();
    ids
}

#[tokio::test]
async fn each_action_has_its_audit_row_and_its_line_on_the_timeline() {
    let test = TestDb::new().await;
    let jobs = dead(&test.db, 2).await;
    let program = Program::on(&test);
    let retried = jobs[0].to_string();
    for (command, verb, target) in [
        (&["lanes", "pause", "twilio", "--reason", "check"][..], "lanes pause", "twilio"),
        (&["lanes", "resume", "twilio"], "lanes resume", "twilio"),
        (&["lanes", "scale", "twilio", "3"], "lanes scale", "twilio"),
        (&["breakers", "open", "twilio", "--reason", "drill", "--for", "30m"], "breakers open", "twilio"),
        (&["breakers", "close", "twilio", "--reason", "drill"], "breakers close", "twilio"),
        (&["breakers", "auto", "twilio"], "breakers auto", "twilio"),
        (&["jobs", "retry", &retried], "jobs retry", &retried),
        (&["jobs", "retry", "--all"], "jobs retry", "dead jobs of all lanes"),
    ] {
        let receipt = program.json(command).await;
        let row = audit(&test.db, &receipt["audit_id"]).await;
        assert_eq!((row["verb"].as_str(), row["target"].as_str()), (Some(verb), Some(target)), "{row}");
        assert_eq!((&row["result"], &row["door"]), (&json!("done"), &json!("command line")));
        assert!(
            row["login"].is_string() && row["claimed"]["user"].is_string() && row["claimed"]["host"].is_string(),
            "{row}"
        );
        assert!(row["request_id"].is_string() && row["before"] != row["after"], "{row}");
        assert_eq!(row["inverse"].is_object(), receipt["undoable"].as_bool().unwrap(), "{row}");
        let told: String = sqlx::query_scalar("SELECT summary FROM timeline WHERE audit_id = $1")
            .bind(receipt["audit_id"].as_i64())
            .fetch_one(test.db.pool())
            .await
            .unwrap();
        assert!(told.starts_with(receipt["summary"].as_str().unwrap()), "{told}");
    }
    let listed = program.json(&["audit"]).await;
    assert_eq!(listed.as_array().unwrap().len(), 8);
    assert_eq!(listed[7]["reason"], "check");
}

#[tokio::test]
async fn undo_restores_what_was_before_and_leaves_its_own_audit_row() {
    let test = TestDb::new().await;
    let program = Program::on(&test);
    let undo = async |receipt: &Value| program.json(&["undo", &receipt["audit_id"].to_string()]).await;
    let paused = program.json(&["lanes", "pause", "twilio"]).await;
    assert_eq!(lane(&test.db).await, (true, None));
    let undone = undo(&paused).await;
    assert_eq!(lane(&test.db).await, (false, None));
    undo(&undone).await;
    assert_eq!(lane(&test.db).await, (true, None), "an undo can be undone, too");
    program.json(&["lanes", "scale", "twilio", "5"]).await;
    let scaled = program.json(&["lanes", "scale", "twilio", "9"]).await;
    undo(&scaled).await;
    assert_eq!(lane(&test.db).await, (true, Some(5)));
    let held = program.json(&["breakers", "close", "twilio", "--reason", "drill"]).await;
    assert_eq!(breaker(&test.db).await, "forced_closed");
    undo(&held).await;
    assert_eq!(breaker(&test.db).await, "closed");
    assert_eq!(count(&test.db, "SELECT count(*) FROM audit_log").await, 8);
    let twice = program.run(&["undo", &held["audit_id"].to_string()]).await.refusal(1);
    assert!(twice.contains("was taken back already"), "{twice}");
}

#[tokio::test]
async fn undo_refuses_when_somebody_else_acted_since() {
    let test = TestDb::new().await;
    let program = Program::on(&test);
    let scaled = program.json(&["lanes", "scale", "twilio", "5"]).await;
    program.json(&["lanes", "scale", "twilio", "7"]).await;
    let refusal = program.run(&["undo", &scaled["audit_id"].to_string()]).await.refusal(1);
    assert_eq!(refusal, "twilio has changed since; nothing was taken back");
    assert_eq!(lane(&test.db).await, (false, Some(7)));
    let told = json!([["lanes scale", "refused: twilio has changed since; nothing was taken back"]]);
    assert_eq!(refusals(&test.db).await, told);
    let refusal = program.run(&["undo", "4711"]).await.refusal(1);
    assert!(refusal.starts_with("there is no audit row 4711"), "{refusal}");
    assert_eq!(count(&test.db, "SELECT count(*) FROM audit_log").await, 3, "what is not there is not wished for");
    let told = program.json(&["audit"]).await[0].clone();
    assert_eq!((&told["twin"], &told["radius"]), (&json!("switchboard undo 1"), &json!(0)), "{told}");
    let refusal = program.run(&["undo", &told["id"].to_string()]).await.refusal(1);
    assert!(refusal.contains("has nothing to take back"), "{refusal}");
    program.json(&["lanes", "scale", "twilio", "5"]).await;
    program.json(&["undo", &scaled["audit_id"].to_string()]).await;
    assert_eq!(lane(&test.db).await, (false, None), "the refused undo did not use it up");
    assert!(switchboard::operations::views::audit_chain(&test.db, None).await.unwrap().whole);
}

#[tokio::test]
async fn what_the_state_forbids_is_refused_and_leaves_no_audit_row() {
    let test = TestDb::new().await;
    let program = Program::on(&test);
    for (command, why) in [
        (&["breakers", "reset", "twilio"][..], "is closed: there is nothing to reset"),
        (&["breakers", "auto", "twilio"], "is not held"),
        (&["jobs", "retry", "4711"], "no dead job matches"),
        (&["jobs", "retry", "--lane", "twilio"], "no dead job matches"),
    ] {
        let refusal = program.run(command).await.refusal(1);
        assert!(refusal.contains(why), "{command:?}: {refusal}");
    }
    assert_eq!(count(&test.db, "SELECT (SELECT count(*) FROM audit_log) + (SELECT count(*) FROM timeline)").await, 0);
}

#[tokio::test]
async fn a_hold_ends_by_itself_and_a_reset_lets_the_next_probe_start_now() {
    let test = TestDb::new().await;
    let program = Program::on(&test);
    program.json(&["breakers", "open", "twilio", "--reason", "drill", "--for", "30m"]).await;
    let shown = program.json(&["breakers", "show", "twilio"]).await;
    assert_eq!((&shown["state"], &shown["held_reason"]), (&json!("forced_open"), &json!("drill")));
    assert!(shown["held_until"].is_string() && shown["held_by"].is_string(), "{shown}");
    program.json(&["breakers", "reset", "twilio"]).await;
    let shown = program.json(&["breakers", "show", "twilio"]).await;
    assert_eq!((&shown["state"], &shown["next_probe_s"], &shown["held_by"]), (&json!("open"), &json!(0), &Value::Null));
    program.json(&["breakers", "open", "twilio", "--reason", "short", "--for", "1ms"]).await;
    let worker = Program::on(&test).with("SWITCHBOARD_JOBS__HEARTBEAT", "200ms").start(&["worker"]);
    crate::support::work::until(
        &test.db,
        "SELECT held_by IS NULL AND state = 'open' FROM breakers WHERE name = 'twilio'",
    )
    .await;
    drop(worker);
    assert_eq!(program.json(&["breakers", "show", "twilio"]).await["history"][0]["cause"], "the hold ended");
}

#[tokio::test]
async fn lookup_takes_what_is_neither_completed_nor_queued_and_again_takes_more() {
    let test = TestDb::new().await;
    contacts(&test.db, 8).await;
    let program = Program::on(&test);
    let sql = "UPDATE contacts SET status = 'processing' WHERE id % 4 <> 0";
    sqlx::query(sql).execute(test.db.pool()).await.unwrap();
    let sql = "UPDATE contacts SET status = CASE id % 4 WHEN 1 THEN 'completed' WHEN 2 THEN 'failed' ELSE status END,
               lookup_performed_at = CASE id % 4 WHEN 1 THEN now() END, error_kind = CASE id % 4 WHEN 2 THEN 'timeout' END WHERE id % 4 <> 0";
    sqlx::query(sql).execute(test.db.pool()).await.unwrap();
    let sql = "UPDATE contact_totals SET pending = 2, processing = 2, completed = 2, failed = 2";
    sqlx::raw_sql("DELETE FROM contact_deltas").execute(test.db.pool()).await.unwrap();
    sqlx::query(sql).execute(test.db.pool()).await.unwrap();
    assert_eq!(statuses(&test.db).await, (2, 2, 2, 2));
    let failed = program.json(&["lookup", "--filter", "status = failed"]).await;
    assert_eq!(failed["changed"], 2);
    assert_eq!(program.json(&["lookup", "--all"]).await["changed"], 2);
    assert_eq!(program.json(&["lookup", "--all"]).await["changed"], 0);
    assert_eq!(program.json(&["lookup", "--all", "--again"]).await["changed"], 2);
    assert_eq!(statuses(&test.db).await, (6, 2, 0, 0));
    assert_eq!(count(&test.db, "SELECT count(*) FROM contacts WHERE error_kind IS NOT NULL").await, 0);
    let status = program.json(&["status"]).await;
    assert_eq!(status["contacts"], json!({"pending": 6, "processing": 2, "completed": 0, "failed": 0}));
    let refusal = program.run(&["lookup", "--filter", "nonsense = 1"]).await.refusal(1);
    assert!(refusal.contains("no field \"nonsense\""), "{refusal}");
}

#[tokio::test]
async fn the_price_of_a_lookup_names_what_its_answer_sets_off() {
    let test = TestDb::new().await;
    contacts(&test.db, 100).await;
    let program = Program::on(&test);
    let plan = |ran: &Ran| ran.err.lines().next().unwrap_or_default().to_owned();
    let unknown = program.run(&["lookup", "--all", "--max-cost", "1"]).await;
    assert_eq!(plan(&unknown), "Look up 100 contacts at about $1.80. What follows a lookup comes on top.");
    let node = "INSERT INTO nodes (node, kind, host, pid, version, serves, runs_jobs) VALUES ('eu-1', 'worker', 'eu-1', 1, '1', '{twilio,whitepages}', true)";
    sqlx::query(node).execute(test.db.pool()).await.unwrap();
    let most = program.run(&["lookup", "--all", "--max-cost", "2"]).await;
    assert_eq!(plan(&most), "Look up 100 contacts at about $1.80, and up to $5.00 for what follows.");
    assert!(most.err.contains("estimated at $6.80, above --max-cost 2"), "{most:?}");
    sqlx::raw_sql("UPDATE contacts SET status = 'processing'; UPDATE contacts SET status = 'completed', phone_valid = true, lookup_performed_at = now()").execute(test.db.pool()).await.unwrap();
    let enrich = program.run(&["contacts", "enrich", "--all", "--max-cost", "1"]).await;
    assert!(enrich.err.contains("Enrich 100 contacts at up to $5.00; fresh answers cost nothing."), "{enrich:?}");
    let used = "INSERT INTO usage (provider, hour, operation, calls, cost) VALUES
        ('twilio', date_trunc('hour', now()), 'call', 200, 0), ('whitepages', date_trunc('hour', now()), 'whitepages', 40, 2)";
    sqlx::query(used).execute(test.db.pool()).await.unwrap();
    let usual = program.run(&["lookup", "--all", "--again", "--max-cost", "2"]).await;
    assert_eq!(plan(&usual), "Look up 100 contacts at about $1.80, and about $1.00 for what follows.");
}

#[tokio::test]
async fn a_price_above_the_limit_is_refused_and_the_estimate_is_a_line_on_stderr() {
    let test = TestDb::new().await;
    contacts(&test.db, 100).await;
    let program = Program::on(&test);
    let ran = program.run(&["lookup", "--all", "--max-cost", "1"]).await;
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("Look up 100 contacts at about $1.80."), "{ran:?}");
    assert!(ran.err.contains("nothing was done: estimated at $1.80, above --max-cost 1"), "{ran:?}");
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs").await, 0);
    let ran = program.run(&["lookup", "--all", "--max-cost", "2", "--json"]).await;
    assert_eq!((ran.code, &ran.json()["changed"]), (0, &json!(100)));
    let file = program.file("more.csv", "phone\n+442079460000\n+442079460001\n");
    let ran = program.run(&["import", &file, "--lookup", "--max-cost", "0.02"]).await;
    assert!(ran.code == 1 && ran.err.contains("nothing was imported"), "{ran:?}");
    assert_eq!(statuses(&test.db).await.0, 100);
}

#[tokio::test]
async fn a_retried_job_has_its_attempts_anew_and_its_contact_waits_again() {
    let test = TestDb::new().await;
    let jobs = dead(&test.db, 3).await;
    let program = Program::on(&test);
    let shown = program.json(&["jobs", "show", &jobs[0].to_string()]).await;
    assert_eq!((&shown["job"]["state"], shown["failures"].as_array().unwrap().len()), (&json!("dead"), 1));
    assert_eq!(program.json(&["jobs", "list", "--state", "dead"]).await.as_array().unwrap().len(), 3);
    assert_eq!(program.json(&["jobs", "retry", "--lane", "twilio"]).await["changed"], 3);
    assert_eq!(statuses(&test.db).await, (3, 0, 0, 0));
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs WHERE state = 'waiting' AND attempt = 0").await, 3);
    assert_eq!(count(&test.db, "SELECT count(*) FROM contacts WHERE error_kind IS NOT NULL").await, 0);
}

#[tokio::test]
async fn lookups_have_as_many_attempts_as_the_settings_say() {
    let test = TestDb::new().await;
    contacts(&test.db, 1).await;
    let program = Program::on(&test).with("SWITCHBOARD_JOBS__LOOKUP_ATTEMPTS", "3");
    program.json(&["lookup", "--all"]).await;
    program.fed(&["import", "-", "--lookup"], "phone\n+442079460000\n").await;
    let attempts: Vec<i16> =
        sqlx::query_scalar("SELECT max_attempts FROM jobs").fetch_all(test.db.pool()).await.unwrap();
    assert_eq!(attempts, [3, 3]);
}
