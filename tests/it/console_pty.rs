//! The console in a real pseudo-terminal: look at every screen, act, and get the terminal back whatever ends it.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use switchboard::database::Db;

use crate::support::TestDb;
use crate::support::pty::Pty;

const LIMIT: Duration = Duration::from_secs(15);

/// Contacts, jobs and an open breaker, as an outage leaves them.
async fn outage(db: &Db) {
    switchboard::queue::lane::seed(db).await.unwrap();
    let contacts = "INSERT INTO contacts (raw_phone_number, phone_e164) SELECT n, n FROM (SELECT '+1415555' || lpad(i::text, 4, '0') AS n FROM generate_series(100, 199) i) x";
    sqlx::query(contacts).execute(db.pool()).await.unwrap();
    let jobs =
        "INSERT INTO jobs (lane, kind, contact_id, state) SELECT 'twilio', 'lookup', id, 'waiting' FROM contacts";
    sqlx::query(jobs).execute(db.pool()).await.unwrap();
    sqlx::query("INSERT INTO lane_deltas (lane, waiting, enqueued) VALUES ('twilio', 100, 100)")
        .execute(db.pool())
        .await
        .unwrap();
    let open = "UPDATE breakers SET state = 'open', opened_at = now(), retry_at = now() + interval '1 hour', consecutive_failures = 5,
                    generation = generation + 1, last_failure = '503 upstream overloaded' WHERE name = 'twilio'";
    assert_eq!(sqlx::query(open).execute(db.pool()).await.unwrap().rows_affected(), 1);
}

fn console(test: &TestDb, args: &[&str], size: (u16, u16)) -> (Pty, tempfile::TempDir) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().to_str().unwrap().to_owned();
    let vars = [
        ("DATABASE_URL", test.url.as_str()),
        ("HOME", &path),
        ("XDG_CONFIG_HOME", &path),
        ("XDG_STATE_HOME", &path),
        ("XDG_DATA_HOME", &path),
    ];
    (Pty::start(&[&["console", "--no-workers"], args].concat(), &vars, size), home)
}

#[track_caller]
fn is_given_back(pty: &Pty) {
    assert!(!pty.full_screen(), "the terminal is still in full-screen mode");
    assert_eq!(pty.termios(), pty.before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_looks_at_every_screen_resets_a_breaker_and_quits() {
    let test = TestDb::new().await;
    outage(&test.db).await;
    for size in [(120, 36), (80, 24)] {
        let (mut pty, _home) = console(&test, &[], size);
        pty.shows(&["twilio x OPEN", "100 jobs", " wait", "resume: ~", "LIVE"]);
        pty.press("2");
        pty.shows(&["breaker open: 503", "limit 16"]);
        pty.press("\r");
        pty.shows(&["Lanes > twilio > waiting", "+14155550199"]);
        pty.press("7");
        pty.shows(&["Timeline > [events]"]);
        pty.press("\t");
        pty.shows(&["[logs]"]);
        pty.press("?");
        pty.shows(&["Help", "next tab"]);
        pty.press("q");
        pty.press("4");
        pty.shows(&["Contacts", "+14155550199", "pending"]);
        pty.press("/");
        pty.shows(&["Ctrl-U clear"]);
        pty.press("phone:+14155550142");
        pty.shows(&["1 match"]);
        pty.press("\r");
        pty.press("\r");
        pty.shows(&["Contacts > ", "Steps", "+14155550142"]);
        pty.press("3");
        pty.shows(&["twilio: history"]);
        pty.press("r");
        pty.shows(&["Cancel", "switchboard breakers reset twilio"]);
        pty.press("\r");
        pty.press("q");
        pty.shows(&["quit", "stay"]);
        pty.press("y");
        assert!(pty.ends(LIMIT).success());
        is_given_back(&pty);
    }
    assert_eq!(audited(&test.db).await, 0, "Enter rests on Cancel");
    let (mut pty, _home) = console(&test, &[], (120, 36));
    pty.shows(&["twilio x OPEN"]);
    pty.press("3r");
    pty.yes();
    pty.shows(&["same as: switchboard breakers reset twilio"]);
    assert_eq!(audited(&test.db).await, 1);
    pty.press("\x03");
    assert!(pty.ends(LIMIT).success());
}

async fn audited(db: &Db) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM audit_log WHERE verb = 'breakers reset'")
        .fetch_one(db.pool())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_is_paused_at_once_and_taken_back_with_one_key() {
    let test = TestDb::new().await;
    outage(&test.db).await;
    let (mut pty, _home) = console(&test, &[], (120, 36));
    pty.shows(&["x PARKED"]);
    pty.press("p");
    pty.shows(&["= paused", "u undo"]);
    pty.press("u");
    pty.shows(&["took back", "x PARKED"]);
    pty.resize(80, 24);
    pty.shows(&["x PARKED", "q quit"]);
    pty.press("\x03");
    assert!(pty.ends(LIMIT).success());
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_end_it_with_the_terminal_given_back() {
    let test = TestDb::new().await;
    outage(&test.db).await;
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let (mut pty, _home) = console(&test, &["--read-only"], (80, 24));
        pty.shows(&["twilio x OPEN", "(read-only)"]);
        kill(Pid::from_raw(pty.pid()), signal).unwrap();
        assert!(pty.ends(LIMIT).success(), "{signal}");
        is_given_back(&pty);
    }
}

#[test]
fn the_first_frame_waits_for_no_database_and_ctrl_c_ends_the_wait() {
    // It takes connections and never says a word.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://nobody@{}/none", silent.local_addr().unwrap());
    let home = tempfile::tempdir().unwrap();
    let path = home.path().to_str().unwrap().to_owned();
    let mut vars = vec![("DATABASE_URL", url.as_str())];
    vars.extend(["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"].map(|name| (name, path.as_str())));
    let mut pty = Pty::start(&["console", "--no-workers"], &vars, (80, 24));
    pty.shows(&["Switchboard", "1 Over", "reading the database"]);
    pty.press("2\x03");
    assert!(pty.ends(LIMIT).success());
    is_given_back(&pty);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_terminal_ends_it() {
    let test = TestDb::new().await;
    outage(&test.db).await;
    let (mut pty, _home) = console(&test, &[], (80, 24));
    pty.shows(&["twilio x OPEN"]);
    pty.hang_up();
    // It ends although nobody reads what it says at the end.
    pty.ends(LIMIT);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_console_gives_the_terminal_to_the_shell_and_comes_back() {
    let test = TestDb::new().await;
    outage(&test.db).await;
    let home = tempfile::tempdir().unwrap();
    let path = home.path().to_str().unwrap();
    let vars = [("DATABASE_URL", test.url.as_str()), ("HOME", path), ("XDG_STATE_HOME", path), ("PS1", "ready> ")];
    let mut pty = Pty::program("bash", &["--norc", "--noprofile", "-i"], &vars, (100, 30));
    pty.shows(&["ready> "]);
    pty.press(&format!("{} console --no-workers\r", crate::support::binary()));
    pty.shows(&["twilio x OPEN"]);
    pty.press("\x1a");
    pty.shows(&["Stopped"]);
    assert!(!pty.alternate_screen());
    pty.press("echo still $((40 + 2))\r");
    pty.shows(&["still 42"]);
    pty.press("fg\r");
    pty.shows(&["twilio x OPEN", "q quit"]);
    pty.press("\x03");
    pty.shows(&["still 42"]);
    pty.press("exit\r");
    assert!(pty.ends(LIMIT).success());
}

#[tokio::test(flavor = "multi_thread")]
async fn torn_arrows_and_pastes_press_no_verb() {
    let test = TestDb::new().await;
    outage(&test.db).await;
    let (mut pty, _home) = console(&test, &[], (120, 36));
    pty.shows(&["twilio x OPEN"]);
    for part in ["\x1b", "[", "B"] {
        pty.press(part);
        std::thread::sleep(Duration::from_millis(15));
    }
    pty.press("\x1b[200~pry\r\x1b[201~");
    pty.shows(&["a paste was dropped"]);
    let paused: i64 =
        sqlx::query_scalar("SELECT count(*) FROM lanes WHERE paused").fetch_one(test.db.pool()).await.unwrap();
    assert_eq!(paused, 0);
    pty.press("\x03");
    assert!(pty.ends(LIMIT).success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_console_is_silent_and_still_sees_what_others_change() {
    let test = TestDb::new().await;
    switchboard::queue::lane::seed(&test.db).await.unwrap();
    let (mut pty, _home) = console(&test, &["--read-only", "--link", "normal"], (120, 36));
    pty.shows(&["there are no contacts yet"]);
    std::thread::sleep(Duration::from_secs(2));
    let before = pty.bytes();
    std::thread::sleep(Duration::from_secs(6));
    assert!(pty.bytes() - before <= 60, "{} bytes in 6 idle seconds", pty.bytes() - before);
    outage(&test.db).await;
    pty.shows(&["twilio x OPEN"]);
    pty.press("qy");
    assert!(pty.ends(LIMIT).success());
}
