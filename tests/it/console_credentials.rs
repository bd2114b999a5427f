//! The Credentials screen in a real terminal: a rotation from the first key to the way back, found again after its console
//! died; and nothing of a secret ever leaves for the terminal, the log or the database.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use switchboard::sandbox::Credential;

use crate::support::logins::login;
use crate::support::pty::Pty;
use crate::support::rotation::{secret, set_first, states, vaulted};
use crate::support::work::{queued, sandbox, until};
use crate::support::{Program, TestDb};

const LIMIT: Duration = Duration::from_secs(20);

fn console(program: &Program, args: &[&str], size: (u16, u16)) -> Pty {
    Pty::of(program, &[&["console"], args].concat(), size)
}

/// Runs a line of the palette.
fn run(pty: &mut Pty, line: &str) {
    pty.press(":");
    pty.shows(&["Enter runs"]);
    pty.paste(line);
    pty.press("\r");
}

/// Agrees to what touches the credential of Twilio, and waits for these.
fn answer(pty: &mut Pty, texts: &[&str]) {
    pty.agree("asked by sales", "twilio");
    pty.shows(texts);
}

/// Types what Twilio's slot takes: the identifier and the token, and nothing in the fields of the other pair.
fn enter(pty: &mut Pty, credential: &Credential) {
    pty.shows(&["account_sid", "expires"]);
    pty.paste(&credential.account_sid);
    pty.press("\r");
    // What a file or a web page leaves around it does not matter.
    pty.paste(&format!("  {}\n", credential.auth_token));
    pty.shows(&["auth_token      ********"]);
    pty.press("\r\r\r");
    pty.press("\r");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_goes_from_the_first_key_to_the_way_back_without_a_trace() {
    let test = TestDb::new().await;
    queued(&test.db, 6).await;
    let sandbox = sandbox("ok").await;
    let program = vaulted(&test, &sandbox);
    let mut pty = console(&program, &[], (120, 36));
    pty.shows(&["LIVE"]);
    pty.press("6");
    pty.shows(&["Credentials", "- missing", "none yet: r enters the first"]);
    pty.press("r");
    pty.shows(&["Set twilio"]);
    enter(&mut pty, sandbox.credential());
    pty.shows(&["Make v1 of twilio current", "switchboard credentials verify twilio --activate"]);
    answer(&mut pty, &["v1 of twilio is current", "o in use", "1 of 1 nodes use it"]);
    until(&test.db, "SELECT count(*) = 6 FROM contacts WHERE status = 'completed'").await;

    sandbox.accept(secret(2));
    pty.press("r");
    pty.shows(&["Rotate twilio", "v1 stays current"]);
    enter(&mut pty, &secret(2));
    pty.shows(&["Make v2 of twilio current", "stays for the way back"]);
    answer(&mut pty, &["/ watched", "left: a refusal goes back to v1 by", "v1 last used", "1 of 1 nodes use it"]);
    pty.press("v");
    pty.shows(&["twilio v2: the provider accepts it"]);
    pty.press("b");
    pty.shows(&["Go back to v1 of twilio"]);
    answer(&mut pty, &["twilio is back on v1 from v2"]);
    pty.press("\r");
    pty.shows(&["twilio: versions", "previous"]);
    pty.press("x");
    pty.shows(&["Retire v2 of twilio and forget its secret"]);
    answer(&mut pty, &["retired v2 of twilio"]);
    assert_eq!(states(&program).await, [(2, "retired".to_owned()), (1, "current".to_owned())]);

    for credential in [sandbox.credential(), &secret(2)] {
        assert!(!pty.ever_wrote(&credential.auth_token), "a secret left for the terminal");
        assert!(!pty.ever_wrote(&credential.auth_token[..12]), "a part of a secret left for the terminal");
    }
    pty.press("\x03");
    assert!(pty.ends(LIMIT).success());
    let log = everything(program.home());
    assert!(!log.contains(&secret(2).auth_token), "a secret is in a file");
    assert!(log.contains(".log\n"), "there is no log among the files");
}

/// All that the program wrote in its folders.
fn everything(folder: &std::path::Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        all.push_str(&format!("{}\n", path.display()));
        if path.is_dir() {
            all.push_str(&everything(&path));
        } else if let Ok(bytes) = std::fs::read(&path) {
            all.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_is_found_again_after_its_console_died() {
    let test = TestDb::new().await;
    queued(&test.db, 1).await;
    let sandbox = sandbox("ok").await;
    let program = vaulted(&test, &sandbox);
    set_first(&program, &sandbox).await;
    sandbox.accept(secret(2));
    let mut pty = console(&program, &["--no-workers"], (80, 24));
    pty.shows(&["LIVE"]);
    run(&mut pty, "rotate twilio");
    enter(&mut pty, &secret(2));
    pty.shows(&["Make v2 of twilio current"]);
    kill(Pid::from_raw(pty.pid()), Signal::SIGKILL).unwrap();
    let _ = pty.ends(LIMIT);

    let mut pty = console(&program, &["--no-workers"], (80, 24));
    pty.shows(&["LIVE"]);
    pty.press("6");
    pty.shows(&["~ pending", "twilio v2", "f makes it current"]);
    pty.press("f");
    pty.shows(&["Make v2 of twilio current"]);
    answer(&mut pty, &["v2 of twilio is current", "/ watched"]);
    assert_eq!(states(&program).await, [(2, "current".to_owned()), (1, "previous".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_turned_here_says_why() {
    let test = TestDb::new().await;
    let sandbox = sandbox("ok").await;
    let program = vaulted(&test, &sandbox);
    set_first(&program, &sandbox).await;

    let refused = {
        let mut pty = console(&program, &["--no-workers"], (200, 60));
        pty.shows(&["LIVE"]);
        pty.press("6");
        pty.shows(&["o in use"]);
        pty.press("r");
        pty.shows(&["Rotate twilio"]);
        pty.press("\r\r\r\r\r");
        pty.shows(&["twilio needs account_sid + auth_token"]);
        pty.press("\x1b[A\x1b[A\x1b[A\x1b[A");
        enter(&mut pty, &secret(9));
        pty.shows(&["twilio v2 is refused", "what was current stays so"]);
        pty
    };
    assert!(!refused.ever_wrote(&secret(9).auth_token));

    let environment = program.with("SWITCHBOARD_PROVIDERS__OPENAI__API_KEY", "k");
    let mut pty = console(&environment, &["--no-workers"], (120, 36));
    pty.shows(&["LIVE"]);
    pty.press("6");
    pty.shows(&["= environment"]);
    run(&mut pty, "rotate openai");
    pty.shows(&["SWITCHBOARD_PROVIDERS__OPENAI__", "can't be turned here"]);

    let operator = login(&test, "operator").await;
    let mut pty = console(&environment.with("DATABASE_URL", &operator.url), &["--no-workers"], (120, 36));
    pty.shows(&["LIVE"]);
    pty.press("6");
    pty.shows(&["only to look at"]);
    pty.press("r");
    pty.shows(&["needs role admin; operator_of_"]);
}
