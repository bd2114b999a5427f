//! A runbook as a POSIX shell script. Pure. Whatever the audit log holds stays within a comment or within one quoted word.

use std::collections::BTreeSet;
use std::fmt::Write;

use chrono::{DateTime, Utc};

use super::gather::Runbook;
use super::judge::Step;
use crate::operations::actions::word;
use crate::telemetry::inert::inert;

/// Asks before each step. A script that is piped into a shell has no terminal on its standard input, and ends.
const FRAME: &str = r#"
set -eu
if [ ! -t 0 ]; then
    echo 'This runbook asks before each step: run it on a terminal, as sh FILE.' >&2
    exit 2
fi
step() {
    printf '\nStep %s:' "$1"
    shift
    printf ' %s' "$@"
    printf '\nRun it? [y/N] '
    read -r answer || exit 1
    case $answer in
        y | Y | yes) "$@" ;;
        *) echo 'Passed over.' ;;
    esac
}
"#;

/// The script, with a line break at its end.
pub fn script(book: &Runbook) -> String {
    let runs = book.steps.iter().filter(|step| step.command.is_some()).count();
    let people: BTreeSet<&str> = book.steps.iter().map(|step| step.row.by.as_str()).collect();
    let people = if people.is_empty() { "nobody".into() } else { people.into_iter().collect::<Vec<_>>().join(", ") };
    let mut out = String::from("#!/bin/sh\n");
    for line in [
        format!("Switchboard runbook of environment {}", book.environment),
        format!("From {} to {}, by {people}.", time(book.since), time(book.until)),
        format!(
            "{runs} to run, {} only told. All of it is from the audit log; times are UTC.",
            book.steps.len() - runs
        ),
    ] {
        comment(&mut out, &line);
    }
    if book.cut {
        comment(&mut out, "There was more: these are the first 1,000 rows. A shorter span has all of its own.");
    }
    for line in [
        "",
        "Each step is shown and asked for: y runs it, anything else passes it over, Ctrl-C ends. A step that fails ends it, too.",
        "What takes care asks again by itself, for a number or a name to be typed: nothing here says yes beforehand.",
        "No secret is in this file: where one was entered, a comment names the command that asks for it.",
        "It acts on the database that DATABASE_URL or your settings name.",
    ] {
        comment(&mut out, line);
    }
    out.push_str(FRAME);
    let mut number = 0;
    for step in &book.steps {
        number += usize::from(step.command.is_some());
        write_step(&mut out, step, number);
    }
    if book.steps.is_empty() {
        out.push_str("\n# Nobody did anything in this span.\n");
    }
    out
}

fn write_step(out: &mut String, step: &Step, number: usize) {
    let row = &step.row;
    out.push('\n');
    comment(out, &format!("{}  {}, {}; audit {}", time(row.at), row.by, row.door, row.id));
    let changed = if row.radius == 1 { "1 row".to_owned() } else { format!("{} rows", row.radius) };
    comment(out, &format!("{} {}: {}, {changed}", row.verb, row.target, row.result));
    if let Some(reason) = row.reason.as_deref().filter(|reason| !reason.is_empty()) {
        comment(out, &format!("reason: {reason}"));
    }
    if let Some(note) = &step.note {
        comment(out, note);
    }
    if let Some(words) = &step.command {
        let words: Vec<String> = words.iter().map(|each| word(each)).collect();
        // Writing to a string never fails.
        let _ = writeln!(out, "step {number} {}", words.join(" "));
    }
}

/// One comment line, whatever the text holds.
fn comment(out: &mut String, text: &str) {
    let _ = writeln!(out, "{}", format!("# {}", inert(text)).trim_end());
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::gather::Row;
    use super::super::judge::steps;
    use super::super::judge::tests::row;
    use super::*;

    fn book(rows: Vec<Row>) -> Runbook {
        let (since, until) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(2));
        Runbook { environment: "eu".into(), since, until, who: None, steps: steps(rows), cut: false }
    }

    #[test]
    fn an_incident_reads_as_it_was() {
        let paused = Row {
            reason: Some("vendor asked".into()),
            ..row(1, "lanes pause", "switchboard lanes pause twilio --reason 'vendor asked'")
        };
        let failed = Row { result: "the database went away".into(), ..row(2, "lookup", "switchboard lookup --all") };
        let written = script(&book(vec![paused, failed]));
        assert!(written.starts_with("#!/bin/sh\n# Switchboard runbook of environment eu\n"), "{written}");
        assert!(written.contains("by ada.\n# 1 to run, 1 only told."), "{written}");
        let told = "\n# 1970-01-01 00:01:00Z  ada, console; audit 1\n# lanes pause twilio: done, 1 row\n# reason: vendor asked\n\
                    step 1 switchboard lanes pause twilio --reason 'vendor asked'\n";
        assert!(written.contains(told), "{written}");
        assert!(
            written.ends_with("# lookup twilio: the database went away, 1 row\n# not a step: it did not end well\n")
        );
        assert!(!written.contains("--yes"));
    }

    proptest! {
        /// Neither a reason nor a command of the log gets a line of its own, or more than its words.
        #[test]
        fn foreign_text_stays_a_comment_or_a_word(
            texts in proptest::collection::vec("\\PC*|[\\n\\r'\"$`;#\\\\ a-z\u{2028}\u{1b}-]{0,20}", 7),
            twin in "switchboard lanes pause [\\PC\\n'\"$`;|&<>#\\\\ -]{0,30}|\\PC*",
            done in any::<bool>(),
        ) {
            let one = Row {
                by: texts[0].clone(),
                door: texts[1].clone(),
                verb: if done { "lanes pause".into() } else { texts[2].clone() },
                target: texts[3].clone(),
                reason: Some(texts[4].clone()),
                result: if done { "done".into() } else { texts[5].clone() },
                ..row(1, "", &twin)
            };
            let told = Runbook { environment: texts[6].clone(), ..book(vec![one]) };
            let written = script(&told);
            let rest = written.replacen(FRAME, "\n", 1);
            for line in rest.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
                let words = shell_words::split(line).unwrap();
                prop_assert_eq!(&words[..2], &["step", "1"]);
                prop_assert_eq!(Some(&words[2..]), told.steps[0].command.as_deref());
                prop_assert_eq!(&words[2..4], &["switchboard", "lanes"]);
            }
        }
    }
}
