//! Several people at once: who has a console open, who asks the same question, and the second person of what is heavy.

use std::time::Duration;

use serde_json::Value;
use sqlx::AssertSqlSafe;
use switchboard::database::Db;

use crate::support::TestDb;
use crate::support::logins::{Login, login};
use crate::support::program::Program;
use crate::support::pty::Pty;
use crate::support::work::{count, until};

const LIMIT: Duration = Duration::from_secs(30);

/// A lane with dead jobs, and its breaker open.
async fn stage() -> TestDb {
    let test = TestDb::new().await;
    switchboard::queue::lane::seed(&test.db).await.unwrap();
    for sql in [
        "INSERT INTO contacts (raw_phone_number, phone_e164, status) SELECT n, n, 'failed' FROM (SELECT '+1415555010' || i AS n FROM generate_series(0, 2) i) x",
        "INSERT INTO jobs (lane, kind, contact_id, state, last_error) SELECT 'twilio', 'lookup', id, 'dead', 'bad answer' FROM contacts",
        "INSERT INTO lane_deltas (lane, dead) VALUES ('twilio', 3)",
        "UPDATE breakers SET state = 'open', opened_at = now(), retry_at = now() + interval '1 hour', consecutive_failures = 5,
             generation = generation + 1, last_failure = '503 upstream overloaded' WHERE name = 'twilio'",
    ] {
        sqlx::query(sql).execute(test.db.pool()).await.unwrap();
    }
    test
}

/// The program as this person calls it.
fn person(login: &Login, name: &str) -> Program {
    Program::new().with("DATABASE_URL", &login.url).with("SUDO_USER", name)
}

fn console(program: &Program) -> Pty {
    let pty = Pty::of(program, &["console", "--no-workers"], (120, 36));
    pty.shows(&["LIVE"]);
    pty
}

fn quit(mut pty: Pty) {
    pty.press("\x03");
    assert!(pty.ends(LIMIT).success());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_see_each_other_and_that_they_are_about_to_do_the_same() {
    let test = stage().await;
    let (ada, bo) = (login(&test, "operator").await, login(&test, "admin").await);
    let (of_ada, of_bo) = (person(&ada, "ada"), person(&bo, "bo"));
    let (mut hers, mut his) = (console(&of_ada), console(&of_bo));
    hers.shows(&["with bo"]);
    hers.press("8");
    hers.shows(&["On deck: 2 consoles", "bo (admin_of_", "this console"]);
    his.press("3");
    his.shows(&["twilio: history"]);
    his.press("r");
    his.shows(&["switchboard breakers reset twilio"]);
    hers.shows(&["Breakers twilio", "? breakers reset twilio"]);
    hers.press("3");
    hers.shows(&["twilio: history"]);
    hers.press("r");
    hers.shows(&["switchboard breakers reset twilio", "! bo has the same dialog open since "]);
    his.shows(&["! ada has the same dialog open since "]);
    let told = of_ada.json(&["deck"]).await;
    let screens: Vec<&Value> = told["consoles"].as_array().unwrap().iter().map(|c| &c["target"]).collect();
    assert_eq!(screens, ["twilio", "twilio"], "{told}");
    let warned = of_ada.run(&["breakers", "reset", "twilio"]).await;
    assert!(warned.err.contains("bo has the same dialog open"), "{warned:?}");
    hers.press("\x1b");
    quit(hers);
    assert_eq!(count(&test.db, "SELECT count(*) FROM deck WHERE name = 'ada'").await, 0, "a clean quit leaves no row");
    his.press("\x1b");
    his.press("8");
    his.shows(&["On deck: 1 console"]);
    let mut silent = Pty::of(&of_ada, &["console", "--read-only"], (120, 36));
    silent.shows(&["LIVE", "with bo"]);
    silent.press("\x03");
    assert!(silent.ends(LIMIT).success());
    assert_eq!(count(&test.db, "SELECT count(*) FROM deck").await, 1, "--read-only writes nothing");
    quit(his);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_heavy_is_done_when_a_second_person_has_agreed() {
    let test = stage().await;
    Program::on(&test).json(&["deck", "require", "on", "--yes"]).await;
    let (ada, bo) = (login(&test, "operator").await, login(&test, "admin").await);
    let (mut hers, mut his) = (console(&person(&ada, "ada")), console(&person(&bo, "bo")));
    hers.press(":");
    hers.shows(&["Enter runs"]);
    hers.press("jobs discard --lane twilio");
    hers.shows(&["jobs discard --lane twilio"]);
    hers.press("\r");
    hers.shows(&["needs a second person here: Ctrl-T asks"]);
    hers.press("bad deploy");
    hers.shows(&["bad deploy"]);
    hers.press("\r");
    hers.press("3");
    hers.shows(&["type 3      3"]);
    hers.press("\x14");
    hers.shows(&["waiting for another person until "]);
    his.shows(&["ada asks for a second person: jobs discard dead jobs of twilio, 3 rows", "@ answers"]);
    his.press("@");
    his.shows(&["ada (operator_of_", "Why: bad deploy.", "y Agree", "n Refuse"]);
    his.answer("y");
    hers.shows(&["bo agreed"]);
    hers.answer("\r");
    hers.shows(&["same as: switchboard jobs discard --lane twilio"]);
    let sql = "SELECT claimed -> 'second', reason FROM audit_log WHERE verb = 'jobs discard'";
    let (second, reason): (Value, Option<String>) = sqlx::query_as(sql).fetch_one(test.db.pool()).await.unwrap();
    assert_eq!((second["name"].as_str(), second["login"].as_str()), (Some("bo"), Some(bo.name.as_str())));
    assert_eq!(reason.as_deref(), Some("bad deploy"));
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs").await, 0);
    let told = "SELECT count(*) FROM timeline WHERE summary LIKE '%bo agreed to it'";
    assert_eq!(count(&test.db, told).await, 1);
    quit(hers);
    quit(his);
}

#[tokio::test]
async fn the_command_line_asks_a_second_person_and_nobody_is_their_own() {
    let test = stage().await;
    Program::on(&test).json(&["deck", "require", "on", "--yes"]).await;
    let (ada, bo, cy) = (login(&test, "operator").await, login(&test, "admin").await, login(&test, "viewer").await);
    let (of_ada, of_bo) = (person(&ada, "ada"), person(&bo, "bo"));
    let asks = of_ada.start(&["jobs", "discard", "--lane", "twilio", "--yes"]);
    until(&test.db, "SELECT EXISTS (SELECT FROM second_asks WHERE id = 1)").await;
    let own = of_ada.run(&["deck", "approve", "1", "--yes"]).await.refusal(1);
    assert!(own.contains("another person has to answer"), "{own}");
    let viewer = person(&cy, "cy").run(&["deck", "approve", "1", "--yes"]).await.refusal(1);
    assert!(viewer.contains("this login may not do that"), "{viewer}");
    of_bo.json(&["deck", "refuse", "1"]).await;
    let refused = asks.ended().await;
    assert!(refused.code == 1 && refused.err.contains("nothing was done: bo refused it"), "{refused:?}");
    let told =
        "SELECT verb || ' by ' || login FROM audit_log WHERE result = 'refused: nothing was done: bo refused it'";
    let told: Vec<String> = sqlx::query_scalar(told).fetch_all(test.db.pool()).await.unwrap();
    assert_eq!(told, [format!("jobs discard by {}", ada.name)]);
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs").await, 3);
    let asks = of_ada.start(&["jobs", "discard", "--lane", "twilio", "--yes"]);
    until(&test.db, "SELECT EXISTS (SELECT FROM second_asks WHERE id = 2)").await;
    of_bo.json(&["deck", "approve", "2"]).await;
    let done = asks.ended().await;
    assert_eq!(done.code, 0, "{done:?}");
    let states: Vec<Value> =
        of_bo.json(&["deck"]).await["asks"].as_array().unwrap().iter().map(|a| a["state"].clone()).collect();
    assert_eq!(states, ["used", "refused"]);
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs").await, 0);
}

async fn sent(db: &Db, sql: &str) -> Result<u64, sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(db.pool()).await.map(|done| done.rows_affected())
}

#[tokio::test]
async fn a_login_writes_its_own_place_on_deck_and_no_answer_that_is_not_its_own() {
    let test = stage().await;
    let (viewer, ada, bo) = (login(&test, "viewer").await, login(&test, "operator").await, login(&test, "admin").await);
    let enter =
        "INSERT INTO deck (id, name, node, door, screen) VALUES (gen_random_uuid(), 'x', 'n', 'console', 'Fleet')";
    for who in [&viewer, &ada] {
        assert_eq!(sent(&who.db, enter).await.unwrap(), 1, "{}", who.name);
    }
    let others = format!("login <> '{}'", viewer.name);
    for sql in [format!("UPDATE deck SET screen = 'Ask' WHERE {others}"), format!("DELETE FROM deck WHERE {others}")] {
        assert_eq!(sent(&viewer.db, &sql).await.unwrap(), 0, "{sql}");
    }
    assert_eq!(sent(&viewer.db, "UPDATE deck SET screen = 'Ask'").await.unwrap(), 1, "its own");
    let ask = "INSERT INTO second_asks (name, claimed, node, door, action, verb, target, things, cost_usd, sentence, request_id)
               VALUES ('ada', '{}', 'n', 'd', '{}', 'v', 't', 1, 0, 's', gen_random_uuid())";
    sent(&ada.db, ask).await.unwrap();
    let answer = "INSERT INTO second_answers (ask_id, name, claimed, yes) VALUES (1, 'ada', '{}', true)";
    for (who, sql) in [
        (
            &viewer,
            "INSERT INTO deck (id, login, name, node, door, screen) VALUES (gen_random_uuid(), 'y', 'x', 'n', 'd', 's')",
        ),
        (&viewer, "UPDATE deck SET seen_at = now() + interval '1 year'"),
        (&viewer, answer),
        (&viewer, ask),
        (&ada, answer),
        (&ada, "UPDATE second_asks SET used_at = now()"),
        (&ada, "UPDATE second_asks SET expires_at = now() + interval '1 year'"),
        (&ada, "INSERT INTO second_answers (ask_id, login, name, claimed, yes) VALUES (1, 'bo', 'bo', '{}', true)"),
        (&ada, "UPDATE environment SET second_person = false"),
    ] {
        assert!(sent(&who.db, sql).await.is_err(), "{} was allowed: {sql}", who.name);
    }
    sent(&bo.db, &answer.replace("'ada'", "'bo'")).await.unwrap();
    assert!(sent(&bo.db, "UPDATE second_asks SET used_at = now()").await.is_err(), "only who asked uses it");
    assert_eq!(sent(&ada.db, "UPDATE second_asks SET used_at = now()").await.unwrap(), 1);
    assert!(sent(&ada.db, "UPDATE second_asks SET used_at = now()").await.is_err(), "once");
    assert!(sent(&bo.db, "UPDATE second_answers SET yes = false").await.is_err());
}
