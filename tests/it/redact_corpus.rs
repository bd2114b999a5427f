//! The redactor on several hundred lines that hold a secret and several hundred that hold none.

use switchboard::telemetry::redact::Lines;
use switchboard::telemetry::{Level, Redactor};

use crate::support::corpus::{self, Sample};

/// Of a secret so much may not be left in one piece, in bytes; the beginnings of some kinds are shorter.
const LEFT_MAX: usize = 9;
/// Bars, in parts of a thousand.
const HIDDEN: usize = 990;
const UNCHANGED: usize = 990;
const KEPT: usize = 990;
/// Each template so many times: several hundred lines of each sort.
const TIMES: usize = 4;
const SEED: u64 = 2026;

fn redacted(redactor: &Redactor, text: &str) -> String {
    let mut lines = Lines::new(redactor, Level::Secrets);
    let clean: Vec<_> = text.split('\n').filter_map(|line| lines.next(line).map(|line| line.into_owned())).collect();
    clean.join("\n")
}

fn is_hidden(out: &str, secret: &str) -> bool {
    let pieces = secret.as_bytes().windows(LEFT_MAX);
    let mut pieces = pieces.map(String::from_utf8_lossy).filter(|piece| !piece.starts_with("-----"));
    let is_whole_left = secret.len() < LEFT_MAX && out.contains(secret);
    let labels = ["BEGIN ", "END ", "PRIVATE"];
    !is_whole_left && !pieces.any(|piece| !labels.iter().any(|label| piece.contains(label)) && out.contains(&*piece))
}

/// Whether what stands beside the secrets is there, in its order.
fn is_kept(out: &str, sample: &Sample) -> bool {
    let mut rest = out;
    sample.beside.iter().all(|piece| {
        let found = rest.find(piece.as_str());
        rest = found.map_or("", |at| &rest[at + piece.len()..]);
        found.is_some()
    })
}

fn parts(of: usize, all: usize) -> usize {
    of * 1000 / all
}

#[test]
fn nearly_every_secret_is_hidden_and_what_stands_beside_it_is_kept() {
    let redactor = Redactor::new(&[]);
    let samples = corpus::secrets(SEED, TIMES);
    let (mut leaks, mut losses) = (Vec::new(), Vec::new());
    for sample in &samples {
        let out = redacted(&redactor, &sample.line);
        if !sample.secrets.iter().all(|secret| is_hidden(&out, secret)) {
            leaks.push(format!("{}\n    -> {out}", sample.line));
        } else if !is_kept(&out, sample) {
            losses.push(format!("{}\n    -> {out}", sample.line));
        }
    }
    let (all, hidden) = (samples.len(), samples.len() - leaks.len());
    let kept = hidden - losses.len();
    println!("{all} lines: {hidden} hidden, {kept} of them with all that stands beside");
    assert!(all > 600 && parts(hidden, all) >= HIDDEN, "{hidden} of {all} hidden; not:\n{}", leaks.join("\n"));
    assert!(parts(kept, hidden) >= KEPT, "{kept} of {hidden} keep what stands beside; not:\n{}", losses.join("\n"));
}

#[test]
fn nearly_every_innocent_line_comes_out_byte_for_byte() {
    let redactor = Redactor::new(&[]);
    let samples = corpus::innocent(SEED, TIMES);
    let altered: Vec<String> = samples
        .iter()
        .filter_map(|sample| {
            let out = redacted(&redactor, &sample.line);
            (out != sample.line).then(|| format!("{}\n    -> {out}", sample.line))
        })
        .collect();
    let (all, same) = (samples.len(), samples.len() - altered.len());
    println!("{all} lines: {same} unchanged");
    assert!(all > 600 && parts(same, all) >= UNCHANGED, "{same} of {all} unchanged; not:\n{}", altered.join("\n"));
}
