//! The audit log as a chain: it takes rows, never changes them, and shows where somebody did.

use serde_json::json;
use sqlx::AssertSqlSafe;
use switchboard::operations::views::audit_chain;

use crate::support::work::count;
use crate::support::{Program, TestDb};

/// Pauses and resumes a lane so many times: two rows each.
async fn acted(program: &Program, times: usize) {
    for _ in 0..times {
        program.json(&["lanes", "pause", "twilio"]).await;
        program.json(&["lanes", "resume", "twilio"]).await;
    }
}

/// As somebody who owns the server, and means it.
async fn tamper(test: &TestDb, sql: &str) {
    let sql = format!("BEGIN; SET LOCAL session_replication_role = replica; {sql}; COMMIT");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(test.db.pool()).await.unwrap();
}

#[tokio::test]
async fn the_head_is_printed_and_an_earlier_head_is_still_in_the_chain() {
    let test = TestDb::new().await;
    let program = Program::on(&test);
    acted(&program, 1).await;
    let first = program.json(&["audit", "--verify"]).await;
    assert_eq!((&first["whole"], &first["rows"], &first["head_seq"]), (&json!(true), &json!(2), &json!(2)), "{first}");
    acted(&program, 1).await;
    let noted = format!("2:{}", first["head"].as_str().unwrap());
    assert_eq!(program.json(&["audit", "--verify", "--head", &noted]).await["rows"], 4);
    let other = format!("2:{}", "0".repeat(64));
    let ran = program.run(&["audit", "--verify", "--head", &other]).await;
    assert!(ran.code == 1 && ran.out.contains("another hash than the one that was noted"), "{ran:?}");
    assert_eq!(program.run(&["audit", "--verify", "--head", "2"]).await.code, 2);
}

#[tokio::test]
async fn the_database_refuses_to_change_or_remove_a_row_whoever_asks() {
    let test = TestDb::new().await;
    acted(&Program::on(&test), 1).await;
    for sql in ["UPDATE audit_log SET reason = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"] {
        let refusal = sqlx::query(sql).execute(test.db.pool()).await.unwrap_err().to_string();
        assert!(refusal.contains("the audit log is append-only"), "{sql}: {refusal}");
    }
    assert_eq!(count(&test.db, "SELECT count(*) FROM audit_log").await, 2);
}

#[tokio::test]
async fn every_kind_of_tampering_shows_with_its_row() {
    for (what, sql) in [
        ("audit row 2 is not as it was written", "UPDATE audit_log SET login = 'somebody else' WHERE id = 2"),
        ("audit row 3 is not as it was written", "UPDATE audit_log SET at = at - interval '1 us' WHERE id = 3"),
        ("links 2 to 2 are missing before audit row 3", "DELETE FROM audit_log WHERE id = 2"),
        ("the last 1 rows are missing", "DELETE FROM audit_log WHERE id = 4"),
        ("audit row 3 does not follow", "UPDATE audit_log SET prev_hash = sha256('x') WHERE id = 3"),
        (
            "links 1 to 1 are missing",
            "DELETE FROM audit_log WHERE id = 1; UPDATE audit_log SET prev_hash = sha256('switchboard audit log') WHERE id = 2",
        ),
        ("the head does not fit", "UPDATE audit_head SET hash = sha256('x')"),
    ] {
        let test = TestDb::new().await;
        acted(&Program::on(&test), 2).await;
        assert!(audit_chain(&test.db, None).await.unwrap().whole);
        tamper(&test, sql).await;
        let found = audit_chain(&test.db, None).await.unwrap();
        assert!(!found.whole && found.problem.as_deref().unwrap_or_default().starts_with(what), "{what}: {found:?}");
    }
}

#[tokio::test]
async fn many_who_act_at_once_make_one_chain_and_undo_marks_its_row_without_changing_it() {
    let test = TestDb::new().await;
    let insert = "INSERT INTO audit_log (node, door, verb, target, radius, request_id, result, login, at, seq)
                  SELECT 'n', 'test', 'v', 't', 1, gen_random_uuid(), 'done', 'forged', now() - interval '1 year', 7 FROM generate_series(1, 5)";
    let writes = (0..8).map(|_| sqlx::query(insert).execute(test.db.pool()));
    futures_util::future::try_join_all(writes).await.unwrap();
    let forged = "SELECT count(*) FROM audit_log WHERE login = 'forged' OR at < now() - interval '1 hour'";
    assert_eq!(count(&test.db, forged).await, 0, "who and when are the server's word");
    let program = Program::on(&test);
    let paused = program.json(&["lanes", "pause", "twilio"]).await;
    let undo = paused["audit_id"].to_string();
    program.json(&["undo", &undo]).await;
    let refusal = program.run(&["undo", &undo]).await.refusal(1);
    assert!(refusal.contains("taken back already"), "{refusal}");
    let chain = audit_chain(&test.db, None).await.unwrap();
    assert!(chain.whole && chain.rows == 42, "{chain:?}");
}
