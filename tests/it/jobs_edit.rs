//! One waiting job changed by hand, and one step of one contact begun by hand: what was claimed meanwhile stays as it is.

use serde_json::{Value, json};
use switchboard::database::Db;
use switchboard::enrichment::graph::Step;
use switchboard::operations::actions::{Action, Actor, Confirmation, JobChange, plan, run};
use switchboard::queue::claim::claim;

use crate::support::pty::Pty;
use crate::support::settlement::{found, settle};
use crate::support::work::{count, epoch, queued, until};
use crate::support::{Program, TestDb};

/// The job as the database has it, with the depths of its lane as nobody counts them.
async fn there(db: &Db, id: &str) -> Value {
    let sql = "SELECT jsonb_build_object('lane', lane, 'state', state, 'priority', priority, 'attempt', attempt, 'most', max_attempts,
                   'args', args, 'later_s', extract(epoch FROM run_at - now())::bigint) FROM jobs WHERE id = $1::bigint";
    sqlx::query_scalar(sql).bind(id).fetch_one(db.pool()).await.unwrap()
}

async fn depth(db: &Db, lane: &str) -> (i64, i64, i64) {
    let depth = switchboard::queue::depth::of_lane(db, lane).await.unwrap();
    (depth.waiting, depth.scheduled, depth.running)
}

#[tokio::test]
async fn a_waiting_job_is_changed_and_changed_back_unless_it_was_claimed() {
    let test = TestDb::new().await;
    let db = &test.db;
    queued(db, 1).await;
    let program = Program::on(&test);
    let id = count(db, "SELECT id FROM jobs").await.to_string();
    let before = there(db, &id).await;
    let edit = ["jobs", "edit", &id, "--priority", "5", "--at", "30m", "--attempts", "9"];
    let receipt = program.json(&edit).await;
    let now = there(db, &id).await;
    assert_eq!((&now["priority"], &now["most"], &now["state"]), (&json!(5), &json!(9), &json!("scheduled")), "{now}");
    assert!((1..=1800).contains(&now["later_s"].as_i64().unwrap()), "{now}");
    assert_eq!(depth(db, "twilio").await, (0, 1, 0));
    let twin = receipt["twin"].as_str().unwrap();
    assert!(twin.starts_with(&format!("switchboard jobs edit {id} --priority 5 --at 20")), "{twin}");
    let audited: (Value, Value) = sqlx::query_as("SELECT before, after FROM audit_log WHERE verb = 'jobs edit'")
        .fetch_one(db.pool())
        .await
        .unwrap();
    assert_eq!((&audited.0["priority"], &audited.1["priority"]), (&json!(100), &json!(5)));
    program.json(&["undo", &receipt["audit_id"].to_string()]).await;
    let back = there(db, &id).await;
    for name in ["priority", "most", "state", "args", "lane"] {
        assert_eq!(back[name], before[name], "{name}");
    }
    assert_eq!(depth(db, "twilio").await, (1, 0, 0));
    let receipt = program.json(&["jobs", "edit", &id, "--priority", "7"]).await;
    let epoch = epoch(db).await;
    assert_eq!(claim(db, "twilio", epoch, 4).await.unwrap().len(), 1);
    let refusal = program.run(&["jobs", "edit", &id, "--priority", "8"]).await.refusal(1);
    assert!(refusal.contains("was claimed and runs"), "{refusal}");
    let refusal = program.run(&["undo", &receipt["audit_id"].to_string()]).await.refusal(1);
    assert!(refusal.contains("has changed since"), "{refusal}");
    assert_eq!(there(db, &id).await["priority"], 7);
    assert_eq!(program.run(&["jobs", "edit", &id]).await.code, 2, "something has to change");
}

#[tokio::test]
async fn a_job_that_is_claimed_between_the_dry_run_and_the_act_is_left_alone() {
    let test = TestDb::new().await;
    let db = &test.db;
    queued(db, 1).await;
    let job = count(db, "SELECT id FROM jobs").await;
    let change = JobChange { priority: Some(1), ..JobChange::default() };
    let agreed = plan(db, Action::EditJob { job, change }).await.unwrap().confirm(Confirmation::None).unwrap();
    let epoch = epoch(db).await;
    claim(db, "twilio", epoch, 4).await.unwrap();
    let refusal = run(db, agreed, &Actor::here("test")).await.unwrap_err().to_string();
    assert!(refusal.contains("was claimed and runs: nothing was changed"), "{refusal}");
    assert_eq!(there(db, &job.to_string()).await["priority"], 100);
    assert_eq!(depth(db, "twilio").await, (0, 0, 1));
    let told: Vec<(String, i64, String)> =
        sqlx::query_as("SELECT verb, radius, result FROM audit_log").fetch_all(db.pool()).await.unwrap();
    assert_eq!(told, [("jobs edit".to_owned(), 0, format!("refused: {refusal}"))]);
}

/// A contact that was looked up, with what an address is found by.
async fn contact(db: &Db, name: Option<&str>) -> i64 {
    switchboard::queue::lane::seed(db).await.unwrap();
    let sql = "INSERT INTO contacts (raw_phone_number, phone_e164, full_name, business_website) VALUES ($1, $1, $2, 'https://acme.example') RETURNING id";
    let phone = if name.is_some() { "+14155550123" } else { "+14155550124" };
    let id: i64 = sqlx::query_scalar(sql).bind(phone).bind(name).fetch_one(db.pool()).await.unwrap();
    for status in ["processing", "completed"] {
        let sql = "UPDATE contacts SET status = $2, lookup_performed_at = now() WHERE id = $1";
        sqlx::query(sql).bind(id).bind(status).execute(db.pool()).await.unwrap();
    }
    id
}

#[tokio::test]
async fn one_step_runs_for_one_contact_and_may_be_sent_to_somebody_else_while_it_waits() {
    let test = TestDb::new().await;
    let db = &test.db;
    let id = contact(db, Some("Jane Doe")).await.to_string();
    let nameless = contact(db, None).await.to_string();
    let program = Program::on(&test);
    let receipt = program.json(&["contacts", "step", &id, "email_find", "--again"]).await;
    let twin = format!("switchboard contacts step {id} email_find --source 'hunter-finder' --again");
    assert_eq!(receipt["twin"], json!(twin), "{receipt}");
    let job = count(db, "SELECT id FROM jobs WHERE kind = 'email_find' AND lane = 'hunter'").await.to_string();
    assert_eq!(there(db, &job).await["args"], json!({"source": "hunter-finder", "fresh": true}));
    for (words, says) in [
        ([id.as_str(), "email_find"], "does so already"),
        ([id.as_str(), "email"], "is no step: name one of carrier_check"),
        ([nameless.as_str(), "email_find"], "needs person_name"),
        (["999", "email_find"], "there is no contact 999"),
    ] {
        let refusal = program.run(&[&["contacts", "step"], words.as_slice()].concat()).await.refusal(1);
        assert!(refusal.contains(says), "{refusal}");
    }
    program.json(&["jobs", "edit", &job, "--source", "hunter-domain", "--fresh", "no"]).await;
    assert_eq!(there(db, &job).await["args"], json!({"source": "hunter-domain"}));
    let shown = program.run(&["jobs", "show", &job]).await.out;
    assert!(shown.contains("asks hunter-domain"), "{shown}");
    let refusal = program.run(&["jobs", "edit", &job, "--source", "zerobounce"]).await.refusal(1);
    assert!(refusal.contains("name one of hunter-finder, hunter-domain"), "{refusal}");
    let epoch = epoch(db).await;
    let claimed = claim(db, "hunter", epoch, 4).await.unwrap().remove(0);
    let mut answer = found(claimed, epoch, json!({"email": "jane@acme.example"}));
    (answer.lane, answer.result.source) = ("hunter", Some(&Step::EmailFind.sources()[1]));
    settle(db, &[answer]).await.unwrap();
    let step = "SELECT count(*) FROM contact_steps s JOIN contacts c ON c.id = s.contact_id
                WHERE s.step = 'email_find' AND s.state = 'done' AND c.email = 'jane@acme.example'";
    assert_eq!(count(db, step).await, 1);
    assert_eq!(depth(db, "hunter").await.2, 0);
}

#[tokio::test]
async fn a_step_goes_on_in_the_lane_of_another_provider() {
    let test = TestDb::new().await;
    let db = &test.db;
    let id = contact(db, Some("Jane Doe")).await.to_string();
    let program = Program::on(&test);
    program.json(&["contacts", "step", &id, "address", "--source", "whitepages"]).await;
    let job = count(db, "SELECT id FROM jobs").await.to_string();
    sqlx::query("UPDATE jobs SET attempt = 2").execute(db.pool()).await.unwrap();
    let moved = program.json(&["jobs", "edit", &job, "--source", "truecaller"]).await;
    let now = there(db, &job).await;
    assert_eq!((&now["lane"], &now["attempt"]), (&json!("truecaller"), &json!(0)), "{now}");
    assert_eq!((depth(db, "whitepages").await, depth(db, "truecaller").await), ((0, 0, 0), (1, 0, 0)));
    program.json(&["undo", &moved["audit_id"].to_string()]).await;
    let back = there(db, &job).await;
    assert_eq!((&back["lane"], &back["attempt"]), (&json!("whitepages"), &json!(2)), "{back}");
    assert_eq!((depth(db, "whitepages").await, depth(db, "truecaller").await), ((1, 0, 0), (0, 0, 0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_changes_a_job_from_its_own_page_and_starts_a_step_from_a_contact() {
    let test = TestDb::new().await;
    let db = &test.db;
    let id = contact(db, Some("Jane Doe")).await;
    let program = Program::on(&test);
    program.json(&["contacts", "step", &id.to_string(), "email_find"]).await;
    let job = count(db, "SELECT id FROM jobs").await;
    let mut pty = Pty::of(&program, &["console", "--no-workers"], (120, 36));
    pty.shows(&["LIVE"]);
    pty.press(":");
    pty.shows(&["Enter runs"]);
    pty.press(&format!("\x1b[200~jobs show {job}\x1b[201~"));
    pty.shows(&[&format!(": jobs show {job}")]);
    pty.press("\r");
    pty.shows(&["email_find in lane hunter, priority 50", "asks hunter-finder"]);
    pty.press("a");
    pty.shows(&["Actions", "let it run at once", "ask somebody else"]);
    // The second to last line names the other source.
    pty.press("G\x1b[A");
    pty.press("\r");
    pty.shows(&["asks hunter-domain"]);
    until(db, "SELECT count(*) = 1 FROM jobs WHERE args->>'source' = 'hunter-domain'").await;
    pty.press("u");
    pty.shows(&["took back", "asks hunter-finder"]);
    pty.press("\x03");
    assert!(pty.ends(std::time::Duration::from_secs(15)).success());
}
