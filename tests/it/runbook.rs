//! What was done in an incident as a script: it tells all of it, runs only what a person says yes to, and nothing else.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use switchboard::operations::views::audit_chain;

use crate::support::pty::Pty;
use crate::support::{Program, TestDb};

const LIMIT: Duration = Duration::from_secs(15);

async fn write(test: &TestDb, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(test.db.pool()).await.unwrap();
}

/// A pause that was taken back, a limit that stands, a hold with a reason full of traps.
async fn incident(program: &Program) {
    let paused = program.json(&["lanes", "pause", "hunter", "--reason", "cost"]).await;
    program.json(&["undo", &paused["audit_id"].to_string()]).await;
    program.json(&["lanes", "scale", "twilio", "3"]).await;
    program.json(&["breakers", "open", "hunter-api", "--reason", "it's $(touch x) `y`; \"z\"", "--for", "30m"]).await;
}

/// Somebody who may write audit rows tries to have commands run by whoever runs the script.
const FORGED: &str = "INSERT INTO audit_log (node, door, verb, target, radius, request_id, result, reason, twin) VALUES
    ('n', 'console', 'lanes pause', E'all\\nrm -rf x', 1, gen_random_uuid(), 'done', E'x\\nrm -rf x\\r\\nrm', 'rm -rf x'),
    ('n', 'console', 'lanes pause', 'all', 1, gen_random_uuid(), 'done', NULL, 'switchboard lanes pause all --yes; rm -rf x'),
    ('n', 'console', 'lanes pause', 'all', 1, gen_random_uuid(), 'done', NULL, E'switchboard lanes pause all\\nrm x'),
    ('n', 'console', 'credentials set', 'hunter', 1, gen_random_uuid(), 'done', NULL, NULL),
    ('n', 'console', 'lookup', 'all contacts', 9, gen_random_uuid(), 'ended by hand', NULL, 'switchboard lookup --all')";

/// Lines that a shell would run, apart from the frame that asks.
fn run_lines(script: &str) -> Vec<&str> {
    script.lines().filter(|line| line.starts_with("step ") && !line.ends_with('{')).collect()
}

#[tokio::test]
async fn a_runbook_tells_everything_and_repeats_what_stands() {
    let test = TestDb::new().await;
    let program = Program::on(&test);
    incident(&program).await;
    write(&test, FORGED).await;
    let book = program.json(&["runbook", "--since", "1h"]).await;
    let script = book["script"].as_str().unwrap();
    let steps = run_lines(script);
    assert_eq!(steps[0], "step 1 switchboard lanes scale twilio 3", "{script}");
    let hold = r#"step 2 switchboard breakers open hunter-api --for 30m --reason 'it'\''s $(touch x) `y`; "z"'"#;
    assert_eq!(steps[1], hold, "{script}");
    assert_eq!(steps[2..], ["step 3 switchboard lanes pause all rm x"], "its words are words: {script}");
    for part in [
        "# lanes pause hunter: done, 1 row\n# reason: cost\n# not a step: audit 2 took it back\n",
        "# not a step: it took back audit 1 above\n",
        "# lanes pause all\\nrm -rf x: done, 1 row\n# reason: x\\nrm -rf x\\r\\nrm\n# not a step: the kept command is not one",
        "# not a step, a secret is typed: switchboard credentials rotate hunter\n",
        "# lookup all contacts: ended by hand, 9 rows\n# not a step: it did not end well\n",
    ] {
        assert!(script.contains(part), "no {part:?} in {script}");
    }
    assert!(script.lines().all(|line| !line.trim_start().starts_with("rm")) && !script.contains("--yes"), "{script}");
    assert_eq!(book["steps"].as_array().map(Vec::len), Some(9), "{book}");
    let one = program.json(&["runbook", "3"]).await;
    assert_eq!((one["steps"].as_array().map(Vec::len), &one["steps"][0]["audit_id"]), (Some(1), &json!(3)), "{one}");
    let none = program.json(&["runbook", "--who", "nobody-of-this-name"]).await;
    assert_eq!(none["steps"], json!([]), "{none}");
    assert_eq!(program.run(&["runbook", "--since", "soon"]).await.code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runbook_asks_before_each_step_and_is_nothing_without_a_terminal() {
    let test = TestDb::new().await;
    let program = Program::on(&test);
    incident(&program).await;
    let file = program.home().join("fix.sh");
    let path = file.to_str().unwrap();
    let written = program.run(&["runbook", "--output", path]).await;
    assert!(written.code == 0 && written.out.starts_with("2 steps written to "), "{written:?}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(
        program.run(&["runbook", "--output", path]).await.refusal(1).contains("not there"),
        "nothing is overwritten"
    );
    // What the script calls writes its words down.
    let log = program.home().join("log");
    let stub = program.file("switchboard", &format!("#!/bin/sh\nprintf '<%s>' \"$@\" >> {}\n", log.display()));
    std::fs::set_permissions(&stub, PermissionsExt::from_mode(0o755)).unwrap();
    let search = format!("{}:{}", program.home().display(), std::env::var("PATH").unwrap());
    let mut pty = Pty::program("/bin/sh", &[path], &[("PATH", &search)], (120, 36));
    pty.shows(&["Step 1: switchboard lanes scale twilio 3", "Run it? [y/N]"]);
    pty.press("\r");
    pty.shows(&["Passed over.", "Step 2: switchboard breakers open hunter-api"]);
    pty.press("y\r");
    assert!(pty.ends(LIMIT).success());
    let called = std::fs::read_to_string(&log).unwrap();
    let hold = r#"<breakers><open><hunter-api><--for><30m><--reason><it's $(touch x) `y`; "z">"#;
    assert_eq!(called, hold);
    let piped = std::process::Command::new("/bin/sh")
        .arg(path)
        .env("PATH", &search)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(piped.status.code(), Some(2), "{piped:?}");
    assert_eq!(std::fs::read_to_string(&log).unwrap(), hold, "nothing ran");
}

#[tokio::test]
async fn a_twin_is_part_of_the_chain_and_rows_without_one_are_hashed_as_before_there_were_any() {
    let test = TestDb::new().await;
    let program = Program::on(&test);
    program.json(&["lanes", "pause", "twilio"]).await;
    write(&test, "INSERT INTO audit_log (node, door, verb, target, radius, request_id, result) VALUES ('n', 'd', 'v', 't', 1, gen_random_uuid(), 'done')").await;
    let old = "SELECT hash = sha256(prev_hash || convert_to(jsonb_build_array(seq, id, extract(epoch FROM at), login, claimed, node, door,
                   verb, target, radius, before, after, reason, request_id, inverse, result, undoes)::text, 'UTF8'))
               FROM audit_log ORDER BY id";
    let as_before: Vec<bool> = sqlx::query_scalar(old).fetch_all(test.db.pool()).await.unwrap();
    assert_eq!(as_before, [false, true]);
    let listed = program.json(&["audit"]).await;
    assert_eq!((&listed[1]["twin"], &listed[0]["twin"]), (&json!("switchboard lanes pause twilio"), &Value::Null));
    assert!(audit_chain(&test.db, None).await.unwrap().whole);
    for (row, sql) in [(1, "SET twin = 'switchboard lanes pause all' WHERE id = 1"), (2, "SET twin = '' WHERE id = 2")]
    {
        let before = "CREATE TABLE kept AS SELECT id, twin FROM audit_log";
        let back = "UPDATE audit_log a SET twin = k.twin FROM kept k WHERE k.id = a.id; DROP TABLE kept";
        let replica = "SET LOCAL session_replication_role = replica";
        write(&test, &format!("BEGIN; {replica}; {before}; UPDATE audit_log {sql}; COMMIT")).await;
        let found = audit_chain(&test.db, None).await.unwrap();
        let says = format!("audit row {row} is not as it was written");
        assert_eq!(found.problem.as_deref(), Some(says.as_str()));
        write(&test, &format!("BEGIN; {replica}; {back}; COMMIT")).await;
    }
}

#[tokio::test]
async fn a_bulk_import_is_told_once_with_its_file() {
    let test = TestDb::new().await;
    let program = Program::on(&test);
    let file = program.file("spring list.csv", "Mobile\n+14155550100\n");
    program.json(&["import", &file, "--map", "Mobile=phone"]).await;
    let script = program.run(&["runbook"]).await.out;
    assert_eq!(run_lines(&script), [format!("step 1 switchboard import '{file}' --map Mobile=phone")], "{script}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_opens_a_runbook_keeps_it_and_does_its_steps_through_the_gate() {
    let test = TestDb::new().await;
    switchboard::queue::lane::seed(&test.db).await.unwrap();
    let program = Program::on(&test);
    program.json(&["lanes", "pause", "hunter", "--reason", "cost"]).await;
    program.json(&["lanes", "pause", "twilio", "--reason", "vendor asked"]).await;
    sqlx::query("UPDATE lanes SET paused = false").execute(test.db.pool()).await.unwrap();
    let mut pty = Pty::of(&program, &["console", "--no-workers"], (120, 36));
    pty.shows(&["LIVE"]);
    pty.press(":audit\r");
    pty.shows(&["[audit]", "twin    switchboard lanes pause twilio --reason 'vendor asked'"]);
    // The second row is marked, and the runbook is about it alone.
    pty.press(" a");
    pty.shows(&["Actions, 1 marked", "the marked rows as a script to be run again"]);
    pty.press("G\x1b[A\x1b[A\r");
    pty.shows(&["Runbook: what was done", "1 to run, 0 only told"]);
    pty.press("G");
    pty.shows(&["step 1 switchboard lanes pause twilio --reason 'vendor asked'"]);
    pty.press("\r");
    pty.shows(&["do it now", "change it in the palette first"]);
    pty.press("\r");
    pty.shows(&["same as: switchboard lanes pause twilio --reason 'vendor asked'"]);
    pty.press(":");
    pty.shows(&["Enter runs"]);
    pty.press("\x1b[200~runbook 2h\x1b[201~");
    pty.shows(&[": runbook 2h"]);
    pty.press("\r");
    pty.shows(&["3 to run, 0 only told", "by "]);
    let kept = program.home().join("night.sh");
    pty.press("\x13");
    pty.shows(&["Esc"]);
    pty.press("\x15");
    pty.press(&format!("\x1b[200~{}\x1b[201~", kept.display()));
    pty.press("\r");
    pty.shows(&["lines written to"]);
    let script = std::fs::read_to_string(&kept).unwrap();
    assert!(script.starts_with("#!/bin/sh\n") && run_lines(&script).len() == 3, "{script}");
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    pty.press("\x03");
    assert!(pty.ends(LIMIT).success());
}
