//! What of an audited row may stand as a command. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use super::gather::Row;
use crate::operations::actions::REFUSED;
use crate::telemetry::inert::inert;

/// Longest command that is taken, in bytes: a thousand job numbers fit.
const COMMAND_MAX: usize = 32_768;

/// Options that a command of a runbook may have. Neither what answers a question beforehand (`--yes`) nor what leads to
/// another database is among them.
const OPTIONS: [&str; 20] = [
    "--reason",
    "--for",
    "--filter",
    "--priority",
    "--again",
    "--all",
    "--lane",
    "--per-node",
    "--version",
    "--lookup",
    "--region",
    "--map",
    "--end",
    "--back",
    "--batch",
    "--work",
    "--at",
    "--attempts",
    "--source",
    "--fresh",
];

/// Verbs whose targets are numbers or processes of that day.
const BY_NUMBER: [&str; 7] =
    ["jobs ", "alerts ack", "duplicates ", "contacts set", "contacts step", "nodes ", "credentials retire"];

/// One audited action, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// What was done.
    #[serde(flatten)]
    pub row: Row,
    /// Words of the command that does it again; none: it is told as a comment alone.
    pub command: Option<Vec<String>>,
    /// What a reader has to know of it.
    pub note: Option<String>,
}

/// What becomes of each row. What was accepted and has its end in another row is told once, at its end.
pub(super) fn steps(rows: Vec<Row>) -> Vec<Step> {
    let there: BTreeMap<i64, Option<i64>> = rows.iter().map(|row| (row.id, row.undoes)).collect();
    let begun = |row: &Row| row.result == "accepted" && row.followed_by.is_some_and(|end| there.contains_key(&end));
    rows.into_iter().filter(|row| !begun(row)).map(|row| step(row, &there)).collect()
}

/// Whether a row takes back what is told here too: an undo does, an undo of that undo does again what was done.
fn takes_back(row: &Row, there: &BTreeMap<i64, Option<i64>>) -> bool {
    let (mut odd, mut undone) = (false, row.undoes);
    while let Some(before) = undone.and_then(|id| there.get(&id)) {
        (odd, undone) = (!odd, *before);
    }
    odd
}

fn step(row: Row, there: &BTreeMap<i64, Option<i64>>) -> Step {
    let (command, note) = match judge(&row, takes_back(&row, there)) {
        Ok(words) => {
            let by_number = BY_NUMBER.iter().any(|verb| row.verb.starts_with(verb)) && numbered(&words);
            (Some(words), by_number.then(|| "names numbers of that day: look which ones are meant now".to_owned()))
        }
        Err(why) => (None, Some(why)),
    };
    Step { row, command, note }
}

/// The words that do it again, or why there are none.
fn judge(row: &Row, takes_back: bool) -> Result<Vec<String>, String> {
    match (row.result.as_str(), takes_back, row.followed_by) {
        ("accepted", _, Some(end)) => {
            return Err(format!("not a step: it was accepted here, audit {end} tells its end"));
        }
        ("accepted", ..) => return Err("not a step: it was accepted, and its end is not known".into()),
        (result, ..) if result.starts_with(REFUSED) => {
            return Err("not a step: it was refused, nothing was changed".into());
        }
        (result, ..) if result != "done" => return Err("not a step: it did not end well".into()),
        (_, _, Some(back)) => return Err(format!("not a step: audit {back} took it back")),
        (_, true, _) => {
            return Err(format!("not a step: it took back audit {} above", row.undoes.unwrap_or_default()));
        }
        _ => {}
    }
    if row.door == "switchboard" {
        return Err("not a step: Switchboard did it by itself".into());
    }
    match row.verb.as_str() {
        "credentials set" | "credentials activate" => {
            let slot = crate::operations::actions::word(&row.target);
            return Err(format!("not a step, a secret is typed: switchboard credentials rotate {slot}"));
        }
        "deck approve" | "deck refuse" => return Err("not a step: it answered somebody of that day".into()),
        "credentials rekey" => return Err("not a step: switchboard credentials rekey, once the keys are there".into()),
        _ => {}
    }
    match &row.twin {
        Some(twin) => words(twin, &row.verb),
        None if row.verb == "import" => Err("not a step: the file came through a pipe".into()),
        None => Err("not a step: no command was kept with it".into()),
    }
}

/// The words of a kept command, if it is one of this program's, of this verb, and none of its words could do harm.
fn words(twin: &str, verb: &str) -> Result<Vec<String>, String> {
    let unread = || "not a step: the kept command is not one that this program writes".to_owned();
    if twin.len() > COMMAND_MAX {
        return Err("not a step: the command is too long to be read by anybody".into());
    }
    let words = shell_words::split(twin).map_err(|_| unread())?;
    if words.get(1).is_some_and(|word| word == "undo") {
        return Err("not a step: it took something back that is not in this span".into());
    }
    // This verb is an option of its command.
    let path = if verb == "doctor batch" { "doctor" } else { verb };
    let named = ["switchboard"].into_iter().chain(path.split(' '));
    if !named
        .zip(words.iter().map(Some).chain(std::iter::repeat(None)))
        .all(|(name, word)| word.is_some_and(|w| w == name))
    {
        return Err(unread());
    }
    let allowed = |word: &String| {
        let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
        !word.starts_with('-') || OPTIONS.contains(&name)
    };
    if !words.iter().all(allowed) {
        return Err(unread());
    }
    if words.iter().any(|word| inert(word) != word.as_str()) {
        return Err("not a step: it holds characters that a terminal would obey".into());
    }
    Ok(words)
}

/// Whether a word that is no option's value begins as a number, or names a process (`host:pid`).
fn numbered(words: &[String]) -> bool {
    let number = |word: &str| word.rsplit(':').next().is_some_and(|end| end.parse::<u64>().is_ok());
    let value = |i: usize| words[i - 1].starts_with("--") && words[i - 1] != "--version";
    (2..words.len()).any(|i| number(&words[i]) && !value(i))
}

#[cfg(test)]
pub(super) mod tests {
    use chrono::DateTime;

    use super::*;

    pub(in super::super) fn row(id: i64, verb: &str, twin: &str) -> Row {
        Row {
            id,
            at: DateTime::UNIX_EPOCH + chrono::TimeDelta::minutes(id),
            by: "ada".into(),
            door: "console".into(),
            verb: verb.into(),
            target: "twilio".into(),
            radius: 1,
            reason: None,
            result: "done".into(),
            twin: Some(twin.into()),
            undoes: None,
            followed_by: None,
        }
    }

    fn judged(row: Row) -> (Option<Vec<String>>, String) {
        let step = steps(vec![row]).remove(0);
        (step.command, step.note.unwrap_or_default())
    }

    #[test]
    fn only_what_was_done_and_stands_is_done_again() {
        let pause = || row(7, "lanes pause", "switchboard lanes pause twilio --reason 'it'\\''s down'");
        let words = ["switchboard", "lanes", "pause", "twilio", "--reason", "it's down"].map(String::from).to_vec();
        assert_eq!(judged(pause()), (Some(words), String::new()));
        for (row, says) in [
            (Row { result: "ended by hand".into(), ..pause() }, "did not end well"),
            (Row { result: "refused: it was 5 when shown and is 3 now".into(), ..pause() }, "it was refused"),
            (Row { followed_by: Some(9), ..pause() }, "audit 9 took it back"),
            (Row { door: "switchboard".into(), ..pause() }, "by itself"),
            (Row { twin: None, ..pause() }, "no command was kept"),
            (Row { verb: "credentials set".into(), ..pause() }, "switchboard credentials rotate twilio"),
            (row(7, "jobs restore", "switchboard undo 5"), "took something back"),
        ] {
            let (command, note) = judged(row);
            assert!(command.is_none() && note.contains(says), "{note}");
        }
    }

    #[test]
    fn a_pair_of_act_and_undo_and_a_bulk_action_are_told_once_and_never_repeated() {
        let pause = Row { followed_by: Some(2), ..row(1, "lanes pause", "switchboard lanes pause twilio") };
        let resume = Row { undoes: Some(1), ..row(2, "lanes resume", "switchboard lanes resume twilio") };
        let told = steps(vec![pause, resume.clone()]);
        assert!(told.len() == 2 && told.iter().all(|step| step.command.is_none()), "{told:?}");
        assert!(steps(vec![resume.clone()])[0].command.is_some(), "what it took back lies before the span");
        let again = Row { undoes: Some(2), ..row(5, "lanes pause", "switchboard lanes pause twilio") };
        let told = steps(vec![row(1, "lanes pause", "switchboard lanes pause twilio"), resume, again]);
        assert!(told[1].command.is_none() && told[2].command.is_some(), "{told:?}");
        let begun =
            Row { result: "accepted".into(), followed_by: Some(4), ..row(3, "lookup", "switchboard lookup --all") };
        let ended = row(4, "lookup", "switchboard lookup --all");
        let told = steps(vec![begun, ended]);
        assert!(told.len() == 1 && told[0].row.id == 4 && told[0].command.is_some(), "{told:?}");
    }

    #[test]
    fn a_command_that_this_program_would_not_write_is_none() {
        for twin in [
            "rm -rf /",
            "switchboard; rm x",
            "switchboard lanes pause all --yes",
            "switchboard lanes pause all -y",
            "switchboard lanes pause all --database-url=postgres://elsewhere",
            "switchboard jobs discard --all",
            "switchboard lanes pause 'open",
            "",
        ] {
            assert_eq!(judged(row(1, "lanes pause", twin)).0, None, "{twin}");
        }
        let (none, note) = judged(row(1, "lanes pause", "switchboard lanes pause all --reason '\x1b[2J'"));
        assert!(none.is_none() && note.contains("terminal"), "{note}");
    }

    #[test]
    fn numbers_of_that_day_are_pointed_at() {
        for (verb, twin, points) in [
            ("jobs retry", "switchboard jobs retry 17 18", true),
            ("jobs reprioritise", "switchboard jobs reprioritise --lane twilio --priority 5", false),
            ("nodes quiet", "switchboard nodes quiet eu-1:4711", true),
            ("lanes scale", "switchboard lanes scale twilio 3", false),
            ("credentials retire", "switchboard credentials retire twilio --version 2", true),
        ] {
            let (command, note) = judged(row(1, verb, twin));
            assert!(command.is_some() && note.contains("that day") == points, "{twin}: {note}");
        }
    }
}
