//! Every operator's act of the command line can be typed in the console, with the same words and options; every twin is a line
//! of that command line.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta};
use clap::{Command, CommandFactory, Parser};

use super::args::Cli;
use crate::console::command::tree;
use crate::operations::actions::{Action, Chore, Enrich, JobChange, JobTarget, LookUp, OneStep, Schedule, twin};

/// What is no operator's act: it measures, packs, serves or starts a process.
const NO_ACT: [&str; 10] =
    ["bench", "completions", "man", "redact", "serve", "sandbox", "migrate", "console", "worker", "help"];

/// Options that are for a script alone: pages are turned by keys, a price is shown before it is agreed to, and the console
/// draws as it was started.
const FOR_SCRIPTS: [&str; 6] = ["limit", "before", "max-cost", "headless", "ascii", "help"];

/// What the console does on a screen of its own.
const ON_A_SCREEN: [&str; 2] = ["ask", "credentials"];

/// Each command that does something, with its options.
fn leaves(command: &Command, path: &str, found: &mut BTreeMap<String, BTreeSet<String>>) {
    let mut below = command.get_subcommands().filter(|c| c.get_name() != "help").peekable();
    if below.peek().is_some() {
        return below.for_each(|c| leaves(c, format!("{path} {}", c.get_name()).trim(), found));
    }
    let options =
        command.get_arguments().filter(|a| !a.is_global_set()).filter_map(|a| a.get_long().map(str::to_owned));
    found.insert(path.to_owned(), options.collect());
}

fn all(command: &Command) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    leaves(command, "", &mut found);
    found
}

#[test]
fn what_the_command_line_can_do_can_be_typed_in_the_console() {
    let (here, there) = (all(&Cli::command()), all(&tree()));
    let mut missing = Vec::new();
    for (path, options) in &here {
        let first = path.split(' ').next().unwrap();
        if NO_ACT.contains(&first) || ON_A_SCREEN.contains(&first) {
            continue;
        }
        match there.get(path) {
            None => missing.push(path.clone()),
            Some(known) => {
                let wanted = options.iter().filter(|o| !FOR_SCRIPTS.contains(&o.as_str()) && !known.contains(*o));
                missing.extend(wanted.map(|option| format!("{path} --{option}")));
            }
        }
    }
    assert!(here.len() > 50, "only {} commands were seen", here.len());
    assert!(missing.is_empty(), "the console's grammar (console/command/grammar) lacks {missing:#?}");
}

#[test]
fn the_exceptions_are_still_there() {
    let here: BTreeSet<String> = Cli::command().get_subcommands().map(|c| c.get_name().to_owned()).collect();
    for name in ON_A_SCREEN {
        assert!(here.contains(name), "{name} is no command any more");
    }
}

/// One of each action that has a command of its own.
fn actions() -> Vec<Action> {
    let text = |text: &str| text.to_owned();
    let (ids, filter) = (JobTarget::Ids(vec![3, 4]), JobTarget::Filter("lane:twilio error:\"it's\"".into()));
    let until = Some(DateTime::UNIX_EPOCH + TimeDelta::minutes(30));
    let reason = || Some("it's -- $(down)".to_owned());
    let look_up = |filter: &str, again| LookUp {
        filter: filter.into(),
        again,
        packages: String::new(),
        attempts: 5,
        lane_limit: 100,
    };
    let enrich = |checks_only| Enrich { filter: "status:failed".into(), again: false, checks_only };
    let schedule = |work| Schedule {
        name: "night ly".into(),
        every: "0 3 * * *".into(),
        work,
        paused: false,
        zone: Default::default(),
    };
    vec![
        Action::PauseLane { lane: text("twilio"), reason: reason() },
        Action::ResumeLane { lane: text("all") },
        Action::ScaleLane { lane: text("twilio"), concurrency: Some(3), per_node: true },
        Action::ScaleLane { lane: text("twilio"), concurrency: None, per_node: false },
        Action::RateLane { lane: text("twilio"), rate: Some(0.5) },
        Action::BudgetLane { lane: text("all"), usd: None },
        Action::BatchLane { lane: text("twilio"), size: Some(50) },
        Action::BatchLane { lane: text("twilio"), size: None },
        Action::QuietNode { node: text("eu-1:4711"), reason: reason() },
        Action::WakeNode { node: text("eu-1:4711") },
        Action::DrainNode { node: text("eu-1:4711"), reason: None },
        Action::ResetBreaker { name: text("hunter-api"), reason: Some("-x".into()) },
        Action::HoldBreakerOpen { name: text("hunter-api"), reason: text("it's down"), until },
        Action::HoldBreakerClosed { name: text("hunter-api"), reason: text("x"), until: None },
        Action::ReleaseBreaker { name: text("hunter-api") },
        Action::RetryJobs { target: JobTarget::Dead { lane: Some("twilio".into()) } },
        Action::CancelJobs { target: filter.clone() },
        Action::DiscardJobs { target: ids.clone() },
        Action::ReprioritiseJobs { target: ids, priority: 5 },
        Action::EditJob {
            job: 17,
            change: JobChange {
                priority: Some(5),
                run_at: until,
                attempts: Some(9),
                source: Some("hunter-domain".into()),
                fresh: Some(true),
            },
        },
        Action::EditJob { job: 17, change: JobChange { run_at: Some(DateTime::UNIX_EPOCH), ..JobChange::default() } },
        Action::RunStep(OneStep { contact: 7, step: text("email_find"), source: Some("hunter".into()), again: true }),
        Action::LookUp(look_up("", true)),
        Action::LookUp(look_up("status:failed", false)),
        Action::Enrich(enrich(false)),
        Action::Enrich(enrich(true)),
        Action::SetContact {
            contact: 7,
            fields: serde_json::Map::from_iter([("full_name".into(), "Jane O'Doe".into())]),
        },
        Action::Merge { primary: 3, duplicate: 4 },
        Action::Unmerge { merge: 5 },
        Action::ActivateCredential { slot: text("hunter"), version: 2, expects: None, unverified: false, watch_s: 60 },
        Action::RollBackCredential { slot: text("hunter") },
        Action::RetireCredential { slot: text("hunter"), version: 1 },
        Action::AckAlert { id: 7, taken: false },
        Action::SilenceAlert { key: text("depth/twilio"), until, reason: reason() },
        Action::SilenceAlert { key: text("depth/twilio"), until: None, reason: None },
        Action::AddSchedule(schedule(Chore::LookUp(look_up("status:failed", true)))),
        Action::AddSchedule(schedule(Chore::Enrich(enrich(true)))),
        Action::RemoveSchedule { name: text("night ly") },
        Action::PauseSchedule { name: text("night ly"), paused: true },
        Action::PauseSchedule { name: text("night ly"), paused: false },
    ]
}

#[test]
fn every_twin_is_a_line_that_the_command_line_takes() {
    for action in actions() {
        let twin = twin(&action, DateTime::UNIX_EPOCH);
        let words = shell_words::split(&twin).unwrap();
        Cli::try_parse_from(&words).unwrap_or_else(|error| panic!("{twin}: {error}"));
        if let Some(reason) = action.reason() {
            assert!(words.iter().any(|word| word.ends_with(reason)), "{twin} does not say why");
        }
    }
}
