//! `bench queue` measures in a database of its own and prints what scripts rely on.

use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::planted::descendants;
use crate::support::{Program, TestDb, eventually};

const PATIENCE: Duration = Duration::from_secs(90);

const NAMES: [&str; 9] = [
    "enqueue",
    "drain",
    "drain_two_processes",
    "drain_own_sql",
    "pickup_p50",
    "pickup_p95",
    "pickup_p99",
    "pickup_loaded_p99",
    "io_bound",
];

#[tokio::test]
async fn bench_queue_prints_every_figure_beside_its_ceiling_and_leaves_nothing_behind() {
    let test = TestDb::new().await;
    let program = Program::new().with("DATABASE_URL", &test.url);
    let report = program.json(&["bench", "queue", "--jobs", "200"]).await;
    let results = report["results"].as_array().unwrap();
    for name in NAMES {
        let row = results.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no {name} in {report}"));
        for key in ["value", "ceiling", "ratio"] {
            assert!(row[key].as_f64().unwrap() > 0.0, "{row}");
        }
        assert!(row["spread"].is_number() && row["unit"].is_string(), "{row}");
    }
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_database WHERE datname LIKE 'bench%'")
        .fetch_one(test.db.pool())
        .await
        .unwrap();
    let touched: i64 = sqlx::query_scalar("SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM nodes)")
        .fetch_one(test.db.pool())
        .await
        .unwrap();
    assert_eq!((left, touched), (0, 0));
}

/// The server's process, once its folder tells.
fn postmaster(folder: &Path) -> Option<i32> {
    let inside = |path: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let files = inside(folder).into_iter().map(|bench| bench.join("postgres/data/postmaster.pid"));
    let text = files.filter_map(|file| std::fs::read_to_string(file).ok()).next()?;
    text.lines().next()?.parse().ok()
}

#[tokio::test]
async fn a_bench_that_is_told_to_end_takes_its_workers_and_its_server_with_it() {
    let program = Program::new();
    let temporary = program.home().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let program = program.with("TMPDIR", &temporary.to_string_lossy());
    let running = program.start(&["bench", "crash", "--workers", "2"]);
    let mut started = Vec::new();
    eventually(PATIENCE, || {
        started = descendants(running.pid());
        std::future::ready(started.iter().filter(|pid| is_worker(**pid)).count() > 1)
    })
    .await;
    started.push(postmaster(&temporary).unwrap());
    running.signal(Signal::SIGTERM);
    let ran = running.ended().await;
    assert_eq!(ran.code, 128 + Signal::SIGTERM as i32, "{ran:?}");
    let gone = |pid: &i32| kill(Pid::from_raw(*pid), None).is_err();
    eventually(PATIENCE, || std::future::ready(started.iter().all(gone))).await;
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0, "its folder is gone");
}

#[tokio::test]
async fn a_bench_of_the_console_that_is_told_to_end_takes_its_console_and_its_database_with_it() {
    let program = Program::new();
    let running = program.start(&["bench", "console", "--contacts", "1000", "--seconds", "60"]);
    let is_console =
        |pid: &i32| std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.ends_with(b"\0--no-workers\0"));
    let mut started = Vec::new();
    eventually(PATIENCE, || {
        started = descendants(running.pid());
        std::future::ready(started.iter().any(is_console))
    })
    .await;
    let databases = || std::fs::read_dir(base(program.home()).unwrap()).unwrap().count();
    let before = databases();
    running.signal(Signal::SIGINT);
    let ran = running.ended().await;
    assert_eq!(ran.code, 128 + Signal::SIGINT as i32, "{ran:?}");
    assert!(!started.iter().any(is_console), "its console is gone");
    assert_eq!(databases(), before - 1, "its database is gone");
}

/// The folder in which a private server keeps its databases, one folder each.
fn base(home: &Path) -> Option<PathBuf> {
    let folders = |path: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let mut known = vec![home.to_path_buf()];
    while let Some(folder) = known.pop() {
        if folder.join("PG_VERSION").exists() && folder.join("base").is_dir() {
            return Some(folder.join("base"));
        }
        known.extend(folders(&folder).into_iter().filter(|path| path.is_dir() && !path.is_symlink()));
    }
    None
}

fn is_worker(pid: i32) -> bool {
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.ends_with(b"\0worker\0"))
}
