//! What an operator does with the console's hands: palette, import and export, the past, keys of one's own, the mouse.

use std::time::Duration;

use switchboard::database::Db;

use crate::support::program::Program;
use crate::support::pty::Pty;
use crate::support::{TestDb, eventually};

const LIMIT: Duration = Duration::from_secs(15);

struct Desk {
    test: TestDb,
    home: tempfile::TempDir,
}

impl Desk {
    async fn new() -> Desk {
        let test = TestDb::new().await;
        switchboard::queue::lane::seed(&test.db).await.unwrap();
        Desk { test, home: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    }

    fn console(&self, args: &[&str]) -> Pty {
        self.console_with(args, &[])
    }

    fn console_with(&self, args: &[&str], more: &[(&str, &str)]) -> Pty {
        let path = self.home.path().to_str().unwrap();
        let vars = [
            ("DATABASE_URL", self.test.url.as_str()),
            ("HOME", path),
            ("XDG_CONFIG_HOME", path),
            ("XDG_STATE_HOME", path),
            ("XDG_DATA_HOME", path),
            ("EDITOR", "sed -i s/old/new/"),
        ];
        Pty::start(&[&["console", "--no-workers"], args].concat(), &[&vars, more].concat(), (120, 36))
    }
}

fn quit(mut pty: Pty) {
    pty.press("\x03");
    assert!(pty.ends(LIMIT).success());
}

async fn count(db: &Db, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(db.pool()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_says_what_to_do_and_it_is_done_from_there() {
    let desk = Desk::new().await;
    let numbers: String = (100..150).map(|n| format!("+1415555{n:04}\n")).collect();
    let path = desk.file("spring.csv", &format!("phone\n{numbers}"));
    let mut pty = desk.console(&[]);
    pty.shows(&["there are no contacts yet", "imports a CSV", "starts a demo"]);
    pty.press("i");
    pty.shows(&["Import a file"]);
    pty.press(&format!("\x1b[200~{path}\x1b[201~"));
    pty.press("\r");
    pty.shows(&["50 rows: 50 new", "costs about $0."]);
    pty.press("\r");
    pty.shows(&["50 rows read, 50 new", "lane"]);
    assert_eq!(count(&desk.test.db, "SELECT count(*) FROM jobs WHERE kind = 'lookup'").await, 50);
    let target = desk.home.path().join("out.jsonl");
    pty.press("4");
    pty.shows(&["+14155550149"]);
    pty.press("\x13");
    pty.shows(&["Export all contacts"]);
    pty.press("\x15");
    pty.press(&format!("\x1b[200~{}\x1b[201~", target.display()));
    pty.press("\r");
    pty.shows(&["50 contacts written"]);
    assert_eq!(std::fs::read_to_string(&target).unwrap().lines().count(), 50);
    pty.press("\x13\x15");
    pty.shows(&["Export all contacts"]);
    pty.press(&format!("\x1b[200~{}\x1b[201~", target.display()));
    pty.press("\r");
    pty.shows(&["can't be written"]);
    quit(pty);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_palette_acts_copies_and_leads_everywhere() {
    let desk = Desk::new().await;
    let mut pty = desk.console(&[]);
    pty.shows(&["LIVE"]);
    pty.press(":");
    pty.shows(&["Enter runs"]);
    pty.press("scale zero");
    pty.shows(&["lanes scale zerobounce..."]);
    pty.press("\t");
    pty.press("3\r");
    pty.shows(&["same as: switchboard lanes scale zerobounce 3", "u undo"]);
    assert_eq!(count(&desk.test.db, "SELECT concurrency::bigint FROM lanes WHERE lane = 'zerobounce'").await, 3);
    pty.press("8");
    pty.shows(&["Fleet: 1 node", "o live", "leader"]);
    pty.press("9");
    pty.shows(&["no call has been made in this time"]);
    pty.press(":audit\r");
    pty.shows(&["[audit]", "lanes scale", "zerobounce"]);
    pty.press("y");
    pty.shows(&["last action as a command"]);
    pty.press("\r");
    pty.shows(&["if it takes OSC 52"]);
    pty.press("u");
    pty.shows(&["took back"]);
    pty.press("m");
    pty.shows(&["the mouse is on"]);
    // The third tab.
    pty.press("\x1b[<0;27;2M");
    pty.shows(&["Breakers ("]);
    quit(pty);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_is_shown_as_it_was_sampled() {
    let desk = Desk::new().await;
    let sample = "INSERT INTO samples (at, lane, waiting, scheduled, running, dead, done_total, failed_total, breaker, lane_state)
                  SELECT now() - interval '20 min' + i * interval '5 s', lane, 777, 0, 0, 0, i * 50, 0, 'open', 'parked'
                  FROM generate_series(0, 60) i, lanes";
    sqlx::query(sample).execute(desk.test.db.pool()).await.unwrap();
    let event = "INSERT INTO breaker_events (breaker, at, generation, from_state, to_state, event, cause, actor)
                 VALUES ('twilio', now() - interval '20 min', 1, 'closed', 'open', 'opened', '5x 503', 'switchboard')";
    sqlx::query(event).execute(desk.test.db.pool()).await.unwrap();
    let mut pty = desk.console(&[]);
    pty.shows(&["LIVE"]);
    pty.press(":at -16m\r");
    pty.shows(&["AT ", "(-1", "777", "twilio x OPEN"]);
    pty.press("p");
    pty.shows(&["this is the past"]);
    pty.press("4");
    pty.shows(&["Contacts keep no past"]);
    pty.press("0");
    pty.shows(&["LIVE"]);
    pty.press(":at -9h\r");
    pty.shows(&["no samples of that time are kept"]);
    quit(pty);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_themes_and_the_editor_are_ones_own() {
    let desk = Desk::new().await;
    desk.file("switchboard/themes/night.toml", "title = \"magenta\"");
    desk.file("switchboard/keys.toml", "fleet = \"K\"");
    let mut pty = desk.console(&[]);
    pty.shows(&["LIVE"]);
    pty.press("K");
    pty.shows(&["Fleet: 1 node"]);
    pty.press("T");
    pty.shows(&["deuteranopia", "night"]);
    pty.press("G\r");
    pty.shows(&["theme night"]);
    desk.file("switchboard/keys.toml", "flet = \"f\"");
    pty.shows(&["there is no action flet: did you mean fleet?"]);
    pty.press(":");
    pty.shows(&["Enter runs"]);
    pty.press("breakers open hunter --reason 'old reason'");
    pty.shows(&["'old reason'"]);
    pty.press("\r");
    pty.shows(&["old reason", "Cancel"]);
    pty.press("\x0f");
    pty.shows(&["new reason", "Cancel"]);
    pty.press("\x1b");
    quit(pty);
    let wrong = desk.file("wrong.toml", "reset = \"q\"");
    let ran = Program::on(&desk.test).run(&["console", "--keys", &wrong]).await;
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("q would mean both reset") && ran.err.trim().lines().count() == 1, "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plain_console_reaches_the_same_facts_and_verbs() {
    let desk = Desk::new().await;
    let open = "UPDATE breakers SET state = 'open', opened_at = now(), retry_at = now() + interval '1 hour', consecutive_failures = 5,
                    generation = generation + 1, last_failure = E'503 \\x1b[31mdown' WHERE name = 'twilio'";
    sqlx::query(open).execute(desk.test.db.pool()).await.unwrap();
    let contacts = "INSERT INTO contacts (raw_phone_number, phone_e164) VALUES ('+14155550100', '+14155550100')";
    sqlx::query(contacts).execute(desk.test.db.pool()).await.unwrap();
    let typed = "lanes pause hunter --reason cost\nbreakers reset twilio\nvendor says fixed\nno\nbreakers reset twilio --reason fixed\nyes\n\
                 lanes list\nbreakers show twilio\ncontacts phone:+14155550100\nnodes\naudit hunter\nundo\nlane paws\nusage\ntimeline\n";
    let ran = Program::on(&desk.test).fed(&["console", "--plain", "--no-workers"], typed).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    for text in [
        "Breaker twilio: open, 5 failures in a row",
        "Done: paused lane hunter",
        "Nothing was done.",
        "Type yes to go on",
        "Done: reset breaker twilio",
        "Lane hunter: paused",
        "reset",
        "Contact 1: +14155550100, pending",
        "live, console",
        "lanes pause hunter, 1 rows, done",
        "Not understood",
        "The console has ended.",
    ] {
        assert!(ran.out.contains(text), "{text} is missing in:\n{}", ran.out);
    }
    assert!(!ran.out.contains('\u{1b}'), "a raw escape left: {:?}", ran.out);
    assert_eq!(count(&desk.test.db, "SELECT count(*) FROM audit_log WHERE verb = 'breakers reset'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_jobs_of_one_error_are_taken_out_and_put_back() {
    let desk = Desk::new().await;
    for sql in [
        "INSERT INTO contacts (raw_phone_number, phone_e164, status) SELECT n, n, 'failed' FROM (SELECT '+1415555010' || i AS n FROM generate_series(1, 6) i) x",
        "INSERT INTO jobs (lane, kind, contact_id, state, last_error) SELECT 'twilio', 'lookup', id, 'dead', CASE WHEN id < 5 THEN 'bad answer' ELSE 'HTTP 422' END FROM contacts",
        "INSERT INTO lane_deltas (lane, dead) VALUES ('twilio', 6)",
    ] {
        sqlx::query(sql).execute(desk.test.db.pool()).await.unwrap();
    }
    let mut pty = desk.console(&[]);
    pty.shows(&["LIVE"]);
    pty.press(":");
    pty.shows(&["Enter runs"]);
    pty.press("jobs list lane:twilio state:dead");
    pty.shows(&["state:dead"]);
    pty.press("\r");
    pty.shows(&["[dead 6]", "bad answer", "HTTP 422"]);
    pty.press("x");
    pty.shows(&["Cancel", "switchboard jobs discard"]);
    pty.agree("asked by sales", "4");
    pty.shows(&["same as: switchboard jobs discard", "[dead 2]"]);
    assert_eq!(count(&desk.test.db, "SELECT count(*) FROM jobs").await, 2);
    pty.press("u");
    pty.shows(&["took back", "[dead 6]"]);
    assert_eq!(count(&desk.test.db, "SELECT count(*) FROM jobs").await, 6);
    quit(pty);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_goes_on_without_its_console_and_the_next_one_sees_it_ends_it_and_resumes_it() {
    let desk = Desk::new().await;
    let numbers: String = (0..5_500).map(|n| format!("+1415{:07}\n", 2_000_000 + n)).collect();
    let path = desk.file("large.csv", &format!("phone\n{numbers}"));
    // The lane is full after the first batch of 5,000: the import waits for room.
    let limit = [("SWITCHBOARD_JOBS__LANE_LIMIT", "5000")];
    let mut pty = desk.console_with(&[], &limit);
    pty.shows(&["there are no contacts yet"]);
    pty.press(":");
    pty.shows(&["Command"]);
    pty.press(&format!("\x1b[200~import {path} --lookup --yes\x1b[201~"));
    pty.shows(&["--lookup --yes"]);
    pty.press("\r");
    let rows = "SELECT count(*) FROM contacts";
    eventually(LIMIT, || async { count(&desk.test.db, rows).await == 5_000 }).await;
    pty.press("q");
    pty.shows(&["1 import goes on without this console"]);
    pty.press("y");
    assert!(pty.ends(LIMIT).success());
    let mut pty = desk.console_with(&[], &limit);
    pty.shows(&["LIVE", "import of"]);
    pty.press("J");
    pty.shows(&["(process", "Enter ends it"]);
    pty.press("\r");
    pty.shows(&["stopped: rows before it are imported"]);
    pty.press("J");
    pty.shows(&["Enter goes on"]);
    pty.press("\r");
    pty.shows(&["rest of"]);
    let room = "WITH gone AS (DELETE FROM jobs RETURNING 1), folded AS (DELETE FROM lane_deltas)
                UPDATE lanes SET waiting = 0 WHERE lane = 'twilio'";
    sqlx::query(room).execute(desk.test.db.pool()).await.unwrap();
    pty.shows(&["5500 rows read, 500 new, 5000 there already"]);
    assert_eq!(count(&desk.test.db, rows).await, 5_500);
    let ends = "SELECT count(*) FROM audit_log WHERE verb = 'import' AND result LIKE 'stopped%'";
    assert_eq!(count(&desk.test.db, ends).await, 2, "the audit log says how each of its processes ended");
    quit(pty);
}
