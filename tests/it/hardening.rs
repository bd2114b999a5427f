//! What a process must not leave behind or show: a core file, a mute terminal.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use switchboard::vault::store;

use crate::support::planted::plant;
use crate::support::pty::Pty;
use crate::support::rotation::vaulted;
use crate::support::work::{count, sandbox, until};
use crate::support::{Program, TestDb, binary, eventually};

const PATIENCE: Duration = Duration::from_secs(30);

/// Ends a process of a shell that allows core files of any size; `ready` waits until it is at work.
async fn struck<F: Future<Output = ()>>(command: &str, program: &Program, ready: F, signal: Signal) -> ExitStatus {
    let script = format!("ulimit -c unlimited 2>/dev/null; exec {command}");
    let mut child = Command::new("sh")
        .args(["-c", &script])
        .env_clear()
        .envs(program.variables())
        .current_dir(program.home())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    ready.await;
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    let mut status = None;
    eventually(PATIENCE, || {
        // The guard against overflowing stacks lets a first SIGSEGV pass that no instruction caused.
        let _ = kill(pid, signal);
        status = child.try_wait().unwrap();
        std::future::ready(status.is_some())
    })
    .await;
    status.unwrap()
}

fn cores(program: &Program) -> usize {
    let files = std::fs::read_dir(program.home()).unwrap().flatten();
    files.filter(|file| file.file_name().to_string_lossy().starts_with("core")).count()
}

#[tokio::test]
async fn a_process_that_is_struck_dead_leaves_no_core_file_where_another_does() {
    let test = TestDb::new().await;
    let program = Program::on(&test);
    for signal in [Signal::SIGABRT, Signal::SIGSEGV] {
        sqlx::query("DELETE FROM nodes").execute(test.db.pool()).await.unwrap();
        let ready = until(&test.db, "SELECT count(*) = 1 FROM nodes");
        let ended = struck(&format!("{} worker", binary()), &program, ready, signal).await;
        assert_eq!(ended.signal(), Some(signal as i32));
        assert!(!ended.core_dumped() && cores(&program) == 0, "{ended:?}");
    }
    // Where this system writes cores at all, a process without our care leaves one.
    let pattern = std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    if !pattern.starts_with(['|', '/']) {
        let ended = struck("sleep 60", &program, tokio::time::sleep(Duration::from_millis(200)), Signal::SIGABRT).await;
        assert_eq!(ended.core_dumped(), cores(&program) == 1, "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_prompt_shows_nothing_takes_long_pastes_and_gives_the_terminal_back() {
    let test = TestDb::new().await;
    let sandbox = sandbox("ok").await;
    let program = vaulted(&test, &sandbox);
    let mut pty = Pty::of(&program, &["credentials", "set", "hunter"], (100, 30));
    pty.shows(&["what you type or paste is not shown", "api_key: "]);
    pty.press("half\x03");
    assert_eq!(pty.ends(PATIENCE).exit_code(), 1);
    assert!(pty.screen().contains("nothing was entered") && !pty.screen().contains("half"), "{}", pty.screen());
    assert_eq!(pty.termios(), pty.before);
    assert_eq!(count(&test.db, "SELECT count(*) FROM credentials").await, 0);
    // Longer than a line of a terminal may be, and as long as the vault takes it.
    let long = format!("{}{}", plant("long"), "x".repeat(4096 - 36));
    let mut pty = Pty::of(&program, &["credentials", "set", "truecaller", "--unverified", "--yes"], (100, 30));
    pty.shows(&["token: "]);
    pty.press(&format!("\u{1b}[200~{long}\u{1b}[201~\r"));
    assert!(pty.ends(PATIENCE).success(), "{}", pty.screen());
    let raw = String::from_utf8_lossy(&pty.raw()).into_owned();
    assert!(!raw.contains(&long[..20]) && !raw.contains("xxxxxxxx"), "{raw}");
    assert_eq!(pty.termios(), pty.before);
    let stored = "SELECT octet_length(sealed)::bigint FROM credential_secrets";
    assert!(count(&test.db, stored).await > 4000);
    assert!(store::slot("truecaller").is_ok());
}
