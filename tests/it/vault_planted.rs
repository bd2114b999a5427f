//! Secrets planted in every slot by every route, through lookups, a rotation, echoing providers and a killed process: none is
//! found again, and the same search finds one that was planted in clear.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nix::sys::signal::Signal;
use serde_json::json;
use sqlx::AssertSqlSafe;
use switchboard::database::private::{PrivateOptions, PrivateServer};
use switchboard::database::{Db, migrate};

use crate::support::planted::{descendants, folder, found, plant, plant_hex, process};
use crate::support::pty::Pty;
use crate::support::work::{count, queued};
use crate::support::{Program, echo, eventually};

const PATIENCE: Duration = Duration::from_secs(60);

struct Ground {
    server: PrivateServer,
    db: Db,
    program: Program,
    secrets: Vec<String>,
    /// Everything that any process printed.
    printed: String,
}

/// A server whose folder is nobody else's, with a password in its address that it does not ask for.
async fn ground(echo: &str) -> Ground {
    let program = Program::new();
    let home = Some(program.home().join("pg"));
    let server = PrivateServer::start(PrivateOptions { home, durable: true }).await.unwrap();
    server.create_database("planted").await.unwrap();
    let db = Db::connect(server.options("planted"), 4).await.unwrap();
    migrate::run(&db).await.unwrap();
    let [hunter, password, master, openai, anthropic] =
        [plant("hunter"), plant_hex(24), plant_hex(64), format!("sk-{}", plant_hex(40)), plant("anthropic")];
    let logs = program.home().join("logs").to_string_lossy().into_owned();
    let url = server.url("planted");
    let url = format!("{url}{}password={password}", if url.contains('?') { '&' } else { '?' });
    let mut program = program
        .with("DATABASE_URL", &url)
        .with("SWITCHBOARD_MASTER_KEY", &master)
        .with("SWITCHBOARD_PROVIDERS__HUNTER__API_KEY", &hunter)
        .with("SWITCHBOARD_PROVIDERS__OPENAI__API_KEY", &openai)
        .with("SWITCHBOARD_PROVIDERS__ANTHROPIC__API_KEY", &anthropic)
        .with("SWITCHBOARD_TELEMETRY__LOG_LEVEL", "trace")
        .with("SWITCHBOARD_TELEMETRY__LOG_DIR", &logs)
        .with("SWITCHBOARD_JOBS__RETRY_BASE", "50ms")
        .with("SWITCHBOARD_JOBS__RETRY_CAP", "200ms")
        .with("SWITCHBOARD_BREAKERS__TWILIO__COOL_OFF", "500ms")
        .with("SWITCHBOARD_PROVIDERS__TRUECALLER__ENABLED", "true")
        .with("SWITCHBOARD_PROVIDERS__WHITEPAGES__ENABLED", "true");
    for name in [
        "TWILIO",
        "HUNTER",
        "NUMVERIFY",
        "ZEROBOUNCE",
        "CLEARBIT_COMPANY",
        "WHITEPAGES",
        "TRUECALLER",
        "OPENAI",
        "ANTHROPIC",
    ] {
        program = program.with(&format!("SWITCHBOARD_PROVIDERS__{name}__BASE_URL"), echo);
    }
    Ground { server, db, program, secrets: vec![hunter, password, master, openai, anthropic], printed: String::new() }
}

impl Ground {
    /// Enters a credential by standard input; what it prints is kept.
    async fn enter(&mut self, verb: &str, slot: &str, input: &str) -> i32 {
        let ran = self.program.fed(&["credentials", verb, slot, "--unverified"], input).await;
        std::fs::remove_file(self.program.home().join("stdin")).unwrap();
        self.printed += &(ran.out + &ran.err);
        ran.code
    }

    fn planted(&mut self, name: &str) -> String {
        let secret = plant(name);
        self.secrets.push(secret.clone());
        secret
    }

    async fn run(&mut self, arguments: &[&str]) {
        let ran = self.program.run(arguments).await;
        self.printed += &(ran.out + &ran.err);
    }

    /// A panic that quotes every credential of this process: its report names the place and none of them.
    async fn broken(&mut self) {
        let ran = self.program.run(&["bench", "panic"]).await;
        let report = ran.err;
        assert!(
            ran.code == 101 && report.contains("panicked") && report.contains("src/cli/bench/panic.rs"),
            "{report}"
        );
        let marks =
            ["hunter/env", "openai/env", "twilio/v2", "numverify/v1", "whitepages/v1", "master-key", "database"];
        for mark in marks {
            assert!(report.contains(&format!("[redacted:{mark}]")), "{mark} in {report}");
        }
        self.printed += &(ran.out + &report);
    }

    /// At the masked prompt of a terminal, pasted as a terminal pastes; what the terminal was sent.
    fn prompted(&self, slot: &str, secret: &str) -> Vec<u8> {
        let mut pty = Pty::of(&self.program, &["credentials", "set", slot, "--unverified", "--yes"], (100, 30));
        pty.shows(&["api_key: "]);
        pty.press(&format!("\u{1b}[200~{secret}\u{1b}[201~\r"));
        assert!(pty.ends(PATIENCE).success(), "{}", pty.screen());
        let screen = pty.screen();
        assert!(screen.contains("is current") && !screen.contains('~'), "{screen}");
        pty.raw()
    }

    /// The dump, as it would be kept.
    fn dump(&self) -> Vec<u8> {
        let ran =
            Command::new("pg_dump").arg(self.server.url("planted")).env_clear().env("PATH", path()).output().unwrap();
        assert!(ran.status.success() && ran.stdout.len() > 10_000, "{ran:?}");
        ran.stdout
    }
}

/// The server's programs are not always in the way.
fn path() -> String {
    let own = std::env::var("PATH").unwrap_or_default();
    let packaged = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    packaged.fold(own, |path, version| format!("{path}:{}/bin", version.path().display()))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_planted_secret_is_found_anywhere_and_the_same_search_finds_one_in_clear() {
    let echo = echo::start().await;
    let mut ground = ground(&echo).await;
    let [old, new] =
        [1, 2].map(|_| json!({"account_sid": format!("AC{}", plant_hex(32)), "auth_token": plant_hex(32)}));
    for fields in [&old, &new] {
        ground.secrets.extend(["account_sid", "auth_token"].map(|name| fields[name].as_str().unwrap().to_owned()));
    }
    assert_eq!(ground.enter("set", "twilio", &old.to_string()).await, 0, "{}", ground.printed);
    for (slot, field) in
        [("numverify", "access_key"), ("clearbit", "api_key"), ("zerobounce", "api_key"), ("truecaller", "token")]
    {
        let secret = ground.planted(slot);
        ground.enter("set", slot, &format!("{field}={secret}\n")).await;
    }
    let pasted = ground.planted("whitepages");
    let terminal = ground.prompted("whitepages", &pasted);
    queued(&ground.db, 40).await;
    let worker = ground.program.start(&["worker"]);
    eventually(PATIENCE, || async { count(&ground.db, "SELECT count(*) FROM provider_results").await > 2 }).await;
    assert_eq!(ground.enter("rotate", "twilio", &new.to_string()).await, 0, "{}", ground.printed);
    for slot in ["hunter", "numverify", "zerobounce", "openai", "anthropic"] {
        ground.run(&["credentials", "verify", slot, "--verbose"]).await;
    }
    ground.run(&["ask", "who failed in Texas?"]).await;
    ground.run(&["doctor", "--verbose"]).await;
    ground.broken().await;
    ground.run(&["credentials", "list"]).await;
    eventually(PATIENCE, || async { count(&ground.db, "SELECT count(*) FROM provider_results").await > 10 }).await;
    let running = folder(&ground.program.home().join("pg"));
    // Whatever a process leaves that has no time to tidy up.
    worker.signal(Signal::SIGABRT);
    worker.ended().await;
    sqlx::query("CHECKPOINT").execute(ground.db.pool()).await.unwrap();
    let dump = ground.dump();
    assert!(ground.printed.len() > 2000 && found(&["[redacted:".to_owned()], &dump).is_some());
    let everything = folder(ground.program.home());
    for (place, bytes) in [("files", everything), ("running server", running), ("dump", dump), ("terminal", terminal)] {
        assert_eq!(found(&ground.secrets, &bytes), None, "{place}");
    }
    assert_eq!(found(&ground.secrets, ground.printed.as_bytes()), None, "output");
    in_clear(ground).await;
}

/// The search is as good as this: one secret in clear is found in each of the places.
async fn in_clear(ground: Ground) {
    let open = vec![plant("open")];
    let sql = format!("CREATE TABLE in_clear AS SELECT '{}'::text AS secret", open[0]);
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(ground.db.pool()).await.unwrap();
    assert!(found(&open, &folder(&ground.program.home().join("pg/data/pg_wal"))).is_some(), "write-ahead log");
    sqlx::query("CHECKPOINT").execute(ground.db.pool()).await.unwrap();
    assert!(found(&open, &folder(&ground.program.home().join("pg/data/base"))).is_some(), "data folder");
    assert!(found(&open, &ground.dump()).is_some(), "dump");
    let log = ground.program.home().join("logs/more.log");
    std::fs::write(&log, format!("Basic {}", STANDARD.encode(format!("a:{}", open[0])))).unwrap();
    assert!(found(&open, &folder(&ground.program.home().join("logs"))).is_some(), "log, as base64");
    let mut pty = Pty::program("echo", &[&open[0]], &[], (100, 30));
    pty.ends(PATIENCE);
    assert!(found(&open, &pty.raw()).is_some(), "terminal");
    let mut child = Command::new("sleep").arg("60").env("PLANTED", &open[0]).stdout(Stdio::null()).spawn().unwrap();
    // Until it is another program it is still a copy of this one.
    let pid = i32::try_from(child.id()).unwrap();
    eventually(PATIENCE, || std::future::ready(found(&open, &process(pid)).is_some())).await;
    child.kill().unwrap();
    child.wait().unwrap();
    ground.db.close().await;
    ground.server.release().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_process_that_the_program_starts_inherits_a_credential() {
    let secrets = [plant("hunter"), plant_hex(64)];
    let program = Program::new();
    let seen = program.home().join("seen").to_string_lossy().into_owned();
    let editor = program.file(
        "editor.sh",
        &format!("#!/bin/sh\nenv > {seen}.new\nps -o args= -p $$ >> {seen}.new\nmv {seen}.new {seen}\n"),
    );
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = program
        .with("SWITCHBOARD_PROVIDERS__HUNTER__API_KEY", &secrets[0])
        .with("SWITCHBOARD_MASTER_KEY", &secrets[1])
        .with("EDITOR", &editor);
    let mut pty = Pty::of(&program, &["console"], (100, 30));
    pty.shows(&["LIVE"]);
    let children = descendants(pty.pid());
    assert!(!children.is_empty() || postmaster(&program).is_some(), "a private server runs");
    for pid in children.into_iter().chain(postmaster(&program)) {
        assert_eq!(found(&secrets, &process(pid)), None, "process {pid}");
    }
    pty.press(":");
    pty.shows(&["Enter runs"]);
    pty.press("breakers open hunter --reason x");
    pty.shows(&["--reason x"]);
    pty.press("\r");
    pty.shows(&["Cancel"]);
    pty.press("\x0f");
    eventually(PATIENCE, || std::future::ready(std::path::Path::new(&seen).exists())).await;
    let environment = std::fs::read(&seen).unwrap();
    assert!(found(&["XDG_DATA_HOME".to_owned()], &environment).is_some(), "the rest of it is inherited");
    assert_eq!(found(&secrets, &environment), None);
    pty.shows(&["Cancel"]);
    pty.press("\x1b");
    pty.press("\x03\x03");
}

/// The private server's first process.
fn postmaster(program: &Program) -> Option<i32> {
    let mut folders = vec![program.home().to_owned()];
    while let Some(next) = folders.pop() {
        let file = next.join("postmaster.pid");
        if let Ok(text) = std::fs::read_to_string(file) {
            return text.lines().next()?.trim().parse().ok();
        }
        let entries = std::fs::read_dir(next).into_iter().flatten().flatten();
        folders.extend(entries.filter(|e| e.file_type().is_ok_and(|kind| kind.is_dir())).map(|e| e.path()));
    }
    None
}
