//! `redact` as a person uses it: a log in, the same log without secrets out.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::support::planted::{plant, plant_hex};
use crate::support::{Program, binary};

#[tokio::test]
async fn a_log_comes_out_line_by_line_as_it_was_but_for_its_secrets() {
    let live = plant("hunter");
    let program = Program::new().with("SWITCHBOARD_PROVIDERS__HUNTER__API_KEY", &live);
    let (token, body) = (plant_hex(32), plant_hex(60));
    let innocent =
        "2026-11-24T11:45:02Z  INFO queue: claimed 12 jobs lane=twilio took_ms=12\r\n\u{1b}[31mred\u{1b}[0m \t x\n\n";
    let key = format!("-----BEGIN {0}-----\n{body}\n-----END {0}-----\n", "RSA PRIVATE KEY");
    let log = format!(
        "{innocent}GET https://h.example/v2?domain=a.example&api_key={token}&page=2 401\nsent {live} to +14155550123\n{key}jane.doe@a.example"
    );
    let clean =
        "GET https://h.example/v2?domain=a.example&api_key=[redacted:token]&page=2 401\nsent [redacted:hunter/env] to ";
    let ran = program.fed(&["redact"], &log).await;
    let rest = "+14155550123\n[redacted:private-key]\njane.doe@a.example";
    assert_eq!((ran.code, ran.out), (0, format!("{innocent}{clean}{rest}")), "{}", ran.err);
    let ran = program.fed(&["redact", "--pii"], &log).await;
    let rest = "+1•••••••123\n[redacted:private-key]\nj***@a.example";
    assert_eq!((ran.code, ran.out), (0, format!("{innocent}{clean}{rest}")), "{}", ran.err);
    assert_eq!(program.fed(&["redact"], "").await.out, "");
}

#[test]
fn a_line_comes_out_while_more_is_waited_for() {
    let program = Program::new();
    let mut child = Command::new(binary())
        .arg("redact")
        .env_clear()
        .envs(program.variables())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..2 {
        stdin.write_all(b"password: hunter2-and-more\xff\n").unwrap();
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert!(line.starts_with("password: [redacted:secret]"), "{line}");
    }
    // Whoever read it goes away, as `head` does: that is no failure.
    drop(out);
    while stdin.write_all(&b"x\n".repeat(10_000)).is_ok() {}
    assert!(child.wait().unwrap().success());
}
