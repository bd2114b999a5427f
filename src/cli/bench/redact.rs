//! `bench redact`: the redactor on one core, on ordinary lines beside a plain copy of the same lines, and on the worst ones.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use secrecy::SecretString;

use super::super::Failure;
use super::super::args::Common;
use super::figure::{self, Figure, median};
use crate::telemetry::{Level, LiveSecret, Redactor};

/// Each figure is the median of so many rounds, in turns with its ceiling.
const ROUNDS: usize = 5;
/// Secrets that are loaded: a version or three of every slot.
const LIVE: usize = 30;
/// Lengths of the worst lines, in bytes; the longest is what the redactor takes whole.
const LONG: usize = 64 * 1024;
const SHORT: usize = 8 * 1024;

/// Options of `bench redact`.
#[derive(Debug, Clone, Args)]
pub struct RedactBenchArgs {
    /// Megabytes of ordinary lines a round.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub megabytes: u32,
}

/// Ordinary lines of a log; `#` is a number that grows.
const ORDINARY: [&str; 16] = [
    "2026-11-24T11:45:02.#Z  INFO switchboard::queue: claimed # jobs lane=twilio took_ms=12",
    "2026-11-24T11:45:02.#Z DEBUG switchboard::providers: answered provider=\"hunter\" request=3f2c7a1e-9b4d-4c2a-8e1f-00000000# status=200 took_ms=81",
    "2026-11-24T11:45:02.#Z  WARN switchboard::breakers: clearbit-phone opened after 5 failures in a row; next probe in # s",
    "2026-11-24T11:45:02.#Z ERROR settle failed: duplicate key value violates unique constraint \"jobs_live_key\"",
    "203.0.113.# - - [24/Nov/2026:11:45:02 +0000] \"GET /v1/contacts/#?page=2&sort=name HTTP/2.0\" 200 512 \"-\" \"Mozilla/5.0\"",
    "{\"time\":\"2026-11-24T11:45:02Z\",\"level\":\"INFO\",\"target\":\"queue\",\"fields\":{\"lane\":\"hunter\",\"depth\":#}}",
    "LOG:  duration: #.481 ms  execute <unnamed>: UPDATE lanes SET paused = $1 WHERE lane = $2",
    "  12: switchboard::vault::keeper::Credentials::refresh_since at ./src/vault/keeper.rs:#",
    "switchboard_queue_depth{lane=\"twilio\",state=\"waiting\"} #",
    "usage: {\"prompt_tokens\":#,\"completion_tokens\":88,\"total_tokens\":400}",
    "imported # rows of contacts.csv, 12 duplicates, 0 rejected, from /srv/data/2026/contacts.csv",
    "docker.io/library/postgres@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f0#",
    "commit 59807616e1fa2540724bfbac14d7976d7e4a# merged into main by otter",
    "contact # +14155550123 is a mobile number of US, carrier Northwind Wireless, quality 71",
    "node harbor-2:# live, heartbeat 1.2 s ago, 64 in flight, serves twilio, hunter, zerobounce",
    "session of otter ended after # s; 12 panes drawn, 81 keys, p99 12 ms",
];

/// Pieces that, repeated, make a pattern begin again and again.
const WORST: [&str; 14] = [
    "key=",
    "token ",
    "\"secret\":\"",
    "Bearer ",
    "ey.",
    "a:b@",
    "https://x:",
    "-----BEGIN PRIVATE KEY",
    "[redacted:",
    "curl -u a ",
    "password for x ",
    "AC0",
    "\\\\\\\"",
    "%3D",
];

pub fn run(common: &Common, args: &RedactBenchArgs) -> Result<ExitCode, Failure> {
    let redactor = Redactor::new(&(0..LIVE).map(live).collect::<Vec<_>>());
    let ordinary = ordinary(args.megabytes as usize * 1_000_000);
    let telling = telling(args.megabytes as usize * 100_000);
    let mut figures = vec![
        beside_a_copy("redact_ordinary", &redactor, &ordinary),
        beside_a_copy("redact_telling", &redactor, &telling),
    ];
    figures.extend(worst(&redactor));
    figure::print(&figures, common.json)?;
    Ok(ExitCode::SUCCESS)
}

fn live(number: usize) -> LiveSecret {
    let digits: String = (0..4).map(|part| format!("{:08x}", (number * 7919 + part * 104_729 + 13) as u32)).collect();
    LiveSecret { kind: "twilio/v7".into(), value: SecretString::from(digits) }
}

fn ordinary(bytes: usize) -> Vec<String> {
    let (mut lines, mut all) = (Vec::new(), 0);
    for number in 100_000.. {
        let line = ORDINARY[number % ORDINARY.len()].replace('#', &number.to_string());
        all += line.len() + 1;
        lines.push(line);
        if all >= bytes {
            break;
        }
    }
    lines
}

/// Lines that hold a secret each.
fn telling(bytes: usize) -> Vec<String> {
    let line = |number: usize| {
        let key = format!("{:040x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        format!(
            "2026-11-24T11:45:02Z DEBUG call url=https://api.example/v2/find?domain=a.example&api_key={key}&page=2 status=200"
        )
    };
    (0..bytes / 150).map(line).collect()
}

/// Megabytes a second of the redactor, beside those of a copy of the same lines.
fn beside_a_copy(name: &'static str, redactor: &Redactor, lines: &[String]) -> Figure {
    let bytes: usize = lines.iter().map(|line| line.len() + 1).sum();
    let mut out: Vec<u8> = Vec::with_capacity(bytes * 2);
    let (mut redacted, mut copied) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        redacted.push(rate(bytes, &mut out, |out| {
            for line in lines {
                out.extend_from_slice(redactor.redact(line, Level::Secrets).as_bytes());
                out.push(b'\n');
            }
        }));
        copied.push(rate(bytes, &mut out, |out| {
            for line in lines {
                out.extend_from_slice(line.as_bytes());
                out.push(b'\n');
            }
        }));
    }
    Figure::new(name, "MB/s", &redacted, ("a copy of the same lines", &copied))
}

fn rate(bytes: usize, out: &mut Vec<u8>, work: impl FnOnce(&mut Vec<u8>)) -> f64 {
    out.clear();
    let begun = Instant::now();
    work(out);
    black_box(&out);
    bytes as f64 / 1e6 / begun.elapsed().as_secs_f64()
}

/// The slowest of the worst lines, and how much longer a byte takes in a line that is eight times as long: 1 is linear.
fn worst(redactor: &Redactor) -> Vec<Figure> {
    let of = |piece: &str, bytes: usize| {
        let text = piece.repeat(bytes / piece.len());
        let rounds = (0..ROUNDS).map(|_| {
            let begun = Instant::now();
            black_box(redactor.redact(&text, Level::Secrets));
            text.len() as f64 / 1e6 / begun.elapsed().as_secs_f64()
        });
        median(&rounds.collect::<Vec<_>>())
    };
    let rates: Vec<(f64, f64)> = WORST.iter().map(|piece| (of(piece, LONG), of(piece, SHORT))).collect();
    let slowest = rates.iter().map(|(long, _)| *long).fold(f64::MAX, f64::min);
    let growth = rates.iter().map(|(long, short)| short / long.max(f64::MIN_POSITIVE)).fold(0.0, f64::max);
    vec![
        Figure::new("redact_worst_line", "MB/s", &[slowest], ("the aim for ordinary lines", &[100.0])),
        Figure::new("redact_growth", "x", &[growth], ("linear: as much a byte in 64 KiB as in 8", &[1.0])),
    ]
}
