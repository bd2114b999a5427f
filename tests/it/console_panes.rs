//! Each pane in a real terminal at three sizes, on data with an incident in it and on none. What differs from run to run
//! (times, numbers, charts) is left out: what is agreed is which facts stand where.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use switchboard::database::Db;

use crate::support::TestDb;
use crate::support::pty::Pty;

const LIMIT: Duration = Duration::from_secs(15);

/// Name, the keys that lead to it from the pane before, and what its data brings.
const PANES: [(&str, &[&str], &str); 11] = [
    ("overview", &[], "TOTAL"),
    ("lanes", &["2"], "zerobounce"),
    ("jobs", &["\r"], "[waiting"),
    ("breakers", &["3"], "history"),
    ("contacts", &["4"], "+14155550199"),
    ("ask", &["5"], "Ask"),
    ("credentials", &["6"], "twilio"),
    ("timeline", &["7"], "[events]"),
    ("audit", &["\t", "\t"], "[audit]"),
    ("fleet", &["8"], "eu-1:4711"),
    ("usage", &["9"], "Usage by day"),
];

async fn data(db: &Db, incident: bool) {
    switchboard::queue::lane::seed(db).await.unwrap();
    let calm = [
        "INSERT INTO contacts (raw_phone_number, phone_e164) SELECT n, n FROM (SELECT '+1415555' || lpad(i::text, 4, '0') AS n FROM generate_series(100, 199) i) x",
        "INSERT INTO contact_deltas (pending) VALUES (100)",
        "INSERT INTO usage (provider, operation, hour, calls, failures, cached, cost, took_ms) SELECT 'twilio', 'lookup', date_trunc('day', now()), 5, 1, 2, 0.04, 900",
        // The console itself only looks: else it would join and lead, at a moment of its own.
        // It beats ahead of time: however slow the machine is, it stays fresh.
        "INSERT INTO nodes (node, kind, host, pid, version, runs_jobs, capacity, heartbeat_at) VALUES ('eu-1:4711', 'worker', 'eu-1', 4711, '1.0.0', true, 64, now() + interval '1 hour')",
        "INSERT INTO timeline (kind, subject, summary, actor) VALUES ('node', 'eu-1:4711', 'joined as worker, version 1.0.0', 'switchboard')",
    ];
    let outage = [
        "INSERT INTO jobs (lane, kind, contact_id, state) SELECT 'twilio', 'lookup', id, 'waiting' FROM contacts",
        "INSERT INTO lane_deltas (lane, waiting, enqueued) VALUES ('twilio', 100, 100)",
        "UPDATE breakers SET state = 'open', opened_at = now(), retry_at = now() + interval '1 hour', consecutive_failures = 5, generation = generation + 1, last_failure = '503 upstream overloaded' WHERE name = 'twilio'",
        "INSERT INTO breaker_events (breaker, at, generation, from_state, to_state, event, cause, actor) VALUES ('twilio', now(), 1, 'closed', 'open', 'opened', '5 consecutive failures: 503 x5', 'switchboard')",
    ];
    let rows = if incident { [calm.as_slice(), &outage].concat() } else { calm.to_vec() };
    for sql in rows {
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(db.pool()).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
}

fn console(test: &TestDb, args: &[&str], size: (u16, u16)) -> (Pty, tempfile::TempDir) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().to_str().unwrap().to_owned();
    let mut vars = vec![("DATABASE_URL", test.url.as_str())];
    vars.extend(["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"].map(|name| (name, path.as_str())));
    (Pty::start(&[&["console", "--no-workers", "--link", "normal", "--ascii"], args].concat(), &vars, size), home)
}

/// What stays of a screen: words and frames, without numbers, names of this machine, and charts.
fn agreed(screen: &str) -> String {
    let user = std::env::var("USER").unwrap_or_else(|_| "root".into());
    let text = screen.replace(&format!("  {user} "), "  USER ");
    let number = regex::Regex::new(r"[+-]?\$?[0-9][0-9.,:/-]*(Z|ms|s|m|h|d|%)?([0-9]+(s|m|h))*").unwrap();
    let filler = regex::Regex::new(r"[-+_.:=*#~^ ]{2,}").unwrap();
    let lines = text.lines().map(|line| filler.replace_all(&number.replace_all(line, "9"), " ").trim().to_owned());
    lines.filter(|line| line.chars().any(char::is_alphabetic)).collect::<Vec<_>>().join("\n")
}

async fn every_pane(incident: bool) {
    let test = TestDb::new().await;
    data(&test.db, incident).await;
    let name = if incident { "incident" } else { "calm" };
    for size in [(80, 24), (120, 36), (200, 60)] {
        let (mut pty, _home) = console(&test, &["--read-only"], size);
        pty.shows(&["LIVE", if incident { "twilio x OPEN" } else { "TOTAL" }]);
        let mut all = String::new();
        for (pane, keys, shows) in PANES {
            for key in keys {
                pty.press(key);
                std::thread::sleep(Duration::from_millis(60));
            }
            pty.shows(&[shows]);
            let screen = settled(&pty);
            assert_eq!(screen.lines().count(), usize::from(size.1).min(screen.lines().count()), "{pane}");
            all.push_str(&format!("==== {pane}\n{}\n", agreed(&screen)));
        }
        pty.press("\x03");
        assert!(pty.ends(LIMIT).success());
        insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), all);
    }
}

/// The screen once nothing is read any more and nothing has arrived for a while.
fn settled(pty: &Pty) -> String {
    let until = std::time::Instant::now() + LIMIT;
    let mut before = pty.bytes();
    loop {
        std::thread::sleep(Duration::from_millis(150));
        let screen = pty.screen();
        let quiet = std::mem::replace(&mut before, pty.bytes()) == pty.bytes() && !screen.contains("reading");
        if quiet || std::time::Instant::now() > until {
            return screen;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_pane_shows_an_incident_at_every_size() {
    every_pane(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_pane_is_calm_without_one_at_every_size() {
    every_pane(false).await;
}

/// What a monkey may press on a real terminal: it leads nowhere outside, writes no file, and does not leave.
const KEYS: &str = "/jkgGpoxcbwesVnhlrtzT+-#123456789`,.0?a*u qyFWLJm";

#[tokio::test(flavor = "multi_thread")]
async fn a_monkey_at_a_real_terminal_breaks_nothing_and_acts_only_where_it_was_asked() {
    let var = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let keys = var("SWITCHBOARD_MONKEY_PTY_KEYS").unwrap_or(400);
    let seed = var("SWITCHBOARD_MONKEY_SEED").unwrap_or_else(rand::random);
    println!("seed {seed}, {keys} keys");
    let mut dice = StdRng::seed_from_u64(seed);
    let test = TestDb::new().await;
    data(&test.db, true).await;
    let (mut pty, _home) = console(&test, &[], (100, 30));
    pty.shows(&["twilio x OPEN"]);
    let all: Vec<char> = KEYS.chars().collect();
    let mut asked: Vec<String> = Vec::new();
    for _ in 0..keys {
        let screen = pty.screen();
        asked.extend(screen.lines().find(|_| screen.contains("Tab moves, Esc cancels")).map(|_| screen.clone()));
        let key = match dice.random_range(0..20) {
            // A drill would make a server of its own, and the way out ends the test.
            _ if screen.contains(" stay") || screen.contains("rehearse an outage") => "\x1b".to_owned(),
            0 => {
                pty.resize(dice.random_range(10..160), dice.random_range(5..50));
                String::new()
            }
            1 => "\x1b[200~y\r1\x1b[201~".to_owned(),
            2 => "\r".to_owned(),
            3 => "\t".to_owned(),
            4 => "\x1b[B".to_owned(),
            _ => all[dice.random_range(0..all.len())].to_string(),
        };
        pty.press(&key);
        std::thread::sleep(Duration::from_millis(12));
    }
    pty.resize(120, 36);
    pty.press("\x03");
    assert!(pty.ends(LIMIT).success(), "seed {seed}: {}", pty.screen());
    assert!(!pty.full_screen(), "seed {seed}: the terminal was not given back");
    let wide = "SELECT verb FROM audit_log WHERE undoes IS NULL AND result NOT LIKE 'refused: %' AND (radius > 1 OR verb IN ('breakers reset', 'breakers open', 'breakers close', 'lookup'))";
    let done: Vec<String> = sqlx::query_scalar(wide).fetch_all(test.db.pool()).await.unwrap();
    for verb in &done {
        assert!(asked.iter().any(|screen| screen.contains(verb)), "seed {seed}: {verb} was done and never asked about");
    }
    println!("{} wide acts, each after a question; {} screens showed one", done.len(), asked.len());
}
