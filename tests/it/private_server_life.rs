//! The private server from its first start to its last user's leave, and after every kind of death between.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use switchboard::database::Db;
use switchboard::database::private::{PrivateOptions, PrivateServer};
use tempfile::TempDir;

use crate::support::eventually;

/// A short folder that every user can reach.
pub fn home() -> TempDir {
    let folder = tempfile::Builder::new().prefix("sb-").tempdir_in("/tmp").unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).unwrap();
    folder
}

pub async fn start(home: &Path) -> switchboard::database::Result<PrivateServer> {
    PrivateServer::start(PrivateOptions { home: Some(home.to_owned()), durable: true }).await
}

fn is_running(pid: i32) -> bool {
    kill(Pid::from_raw(pid), None).is_ok()
}

async fn write_a_row(server: &PrivateServer) {
    let db = Db::connect(server.options("switchboard"), 1).await.unwrap();
    sqlx::raw_sql("CREATE TABLE kept (x int); INSERT INTO kept VALUES (1)").execute(db.pool()).await.unwrap();
    db.close().await;
}

async fn rows(server: &PrivateServer) -> i64 {
    let db = Db::connect(server.options("switchboard"), 1).await.unwrap();
    let rows = sqlx::query_scalar("SELECT count(*) FROM kept").fetch_one(db.pool()).await.unwrap();
    db.close().await;
    rows
}

#[tokio::test]
async fn users_share_one_server_and_the_last_one_stops_it() {
    let home = home();
    let (first, second) = tokio::join!(start(home.path()), start(home.path()));
    let (first, second) = (first.unwrap(), second.unwrap());
    let pid = first.pid().unwrap();
    assert_eq!(second.pid(), Some(pid));
    first.release().await.unwrap();
    write_a_row(&second).await;
    second.release().await.unwrap();
    eventually(Duration::from_secs(5), || async { !is_running(pid) }).await;
    let again = start(home.path()).await.unwrap();
    assert_eq!(rows(&again).await, 1);
    again.release().await.unwrap();
}

#[tokio::test]
async fn a_dropped_hold_stops_the_server_too() {
    let home = home();
    let server = start(home.path()).await.unwrap();
    let pid = server.pid().unwrap();
    tokio::task::spawn_blocking(move || drop(server)).await.unwrap();
    eventually(Duration::from_secs(5), || async { !is_running(pid) }).await;
}

#[tokio::test]
async fn a_start_that_is_given_up_half_way_leaves_nothing_running() {
    let home = home();
    let pid_file = home.path().join("data/postmaster.pid");
    tokio::select! {
        _ = start(home.path()) => unreachable!("it answers only after its lock file is there"),
        () = eventually(Duration::from_secs(20), || async { pid_file.exists() }) => {}
    }
    eventually(Duration::from_secs(5), || async { !pid_file.exists() }).await;
    start(home.path()).await.unwrap().release().await.unwrap();
}

#[tokio::test]
async fn a_killed_server_starts_again_with_all_that_was_committed() {
    let home = home();
    let killed = start(home.path()).await.unwrap();
    write_a_row(&killed).await;
    let pid = killed.pid().unwrap();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    eventually(Duration::from_secs(5), || async { !is_running(pid) }).await;
    let again = start(home.path()).await.unwrap();
    assert_ne!(again.pid(), Some(pid));
    assert_eq!(rows(&again).await, 1);
    drop(killed);
    assert_eq!(rows(&again).await, 1, "the old hold must not stop the new server");
    again.release().await.unwrap();
}

#[tokio::test]
async fn a_crash_is_mended_for_whoever_still_uses_the_server() {
    let home = home();
    let server = start(home.path()).await.unwrap();
    write_a_row(&server).await;
    let pid = server.pid().unwrap();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    eventually(Duration::from_secs(20), || async { server.pid().is_some_and(|now| now != pid && is_running(now)) })
        .await;
    let answers = || async { Db::connect(server.options("switchboard"), 1).await.is_ok() };
    eventually(Duration::from_secs(20), answers).await;
    assert_eq!(rows(&server).await, 1);
    server.release().await.unwrap();
    assert!(!home.path().join("data/postmaster.pid").exists(), "the last user stops it as ever");
}

#[tokio::test]
async fn a_lock_whose_number_went_to_a_stranger_is_taken_over() {
    let home = home();
    let server = start(home.path()).await.unwrap();
    let pid_file = server.folder().join("data/postmaster.pid");
    let text = std::fs::read_to_string(&pid_file).unwrap();
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&pid_file).unwrap());
    server.release().await.unwrap();
    let mut stranger = Command::new("sleep");
    std::os::unix::process::CommandExt::uid(&mut stranger, owner).arg("60").current_dir("/");
    let mut stranger = stranger.spawn().unwrap();
    let rest = text.split_once('\n').unwrap().1;
    std::fs::write(&pid_file, format!("{}\n{rest}", stranger.id())).unwrap();
    let again = start(home.path()).await;
    let alive = stranger.try_wait().unwrap().is_none();
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    again.unwrap().release().await.unwrap();
    assert!(alive, "the stranger was not touched");
}

#[tokio::test]
async fn an_orphaned_server_is_used_and_stopped_by_the_next() {
    let home = home();
    let server = start(home.path()).await.unwrap();
    let pid = server.pid().unwrap();
    std::mem::forget(server);
    let next = start(home.path()).await.unwrap();
    assert_eq!(next.pid(), Some(pid));
    kill(Pid::from_raw(pid), Signal::SIGINT).unwrap();
    eventually(Duration::from_secs(5), || async { !is_running(pid) }).await;
    drop(next);
}

/// Not a test of its own: the process that the next test kills.
#[tokio::test]
#[ignore = "is run by another test, in a process of its own"]
async fn holder() {
    let Some(home) = std::env::var_os("HOLDER_HOME") else { return };
    let server = start(Path::new(&home)).await.unwrap();
    println!("\nholding {}", server.pid().unwrap());
    std::io::stdin().read_line(&mut String::new()).unwrap();
    drop(server);
}

#[tokio::test]
async fn a_killed_process_counts_no_longer_and_takes_nobody_elses_server_with_it() {
    let home = home();
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "private_server_life::holder", "--ignored", "--nocapture"])
        .env("HOLDER_HOME", home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(holder.stdout.take().unwrap()).lines().map_while(Result::ok);
    let held = lines.filter_map(|line| line.strip_prefix("holding ")?.parse::<i32>().ok()).next().unwrap();
    let server = start(home.path()).await.unwrap();
    assert_eq!(server.pid(), Some(held));
    holder.kill().unwrap();
    holder.wait().unwrap();
    write_a_row(&server).await;
    server.release().await.unwrap();
    assert!(!home.path().join("data/postmaster.pid").exists(), "the last user left");
}

#[tokio::test]
async fn a_data_folder_of_another_major_version_is_refused_with_what_to_do() {
    let home = home();
    let server = start(home.path()).await.unwrap();
    let version = server.folder().join("data/PG_VERSION");
    server.release().await.unwrap();
    std::fs::write(version, "12\n").unwrap();
    let refusal = start(home.path()).await.unwrap_err().to_string();
    assert!(refusal.contains("was made by PostgreSQL 12, but here is"), "{refusal}");
    assert!(refusal.contains("install PostgreSQL 12, or move that folder away"), "{refusal}");
}

#[tokio::test]
async fn a_scratch_database_is_swept_only_when_its_process_is_gone() {
    let server = crate::support::postgres::server().await;
    let used = server.scratch_database("sweep").await.unwrap();
    let left = server.scratch_database("sweep").await.unwrap();
    let orphan = left.name().to_owned();
    drop(left);
    assert_eq!(server.sweep_scratch("sweep").await.unwrap(), [orphan]);
    Db::connect(server.options(used.name()), 1).await.unwrap().close().await;
    used.drop().await.unwrap();
    assert!(server.sweep_scratch("sweep").await.unwrap().is_empty());
}
