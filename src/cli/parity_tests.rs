//! Every operator's act of the command line can be typed in the console, with the same words and options.

use std::collections::{BTreeMap, BTreeSet};

use clap::{Command, CommandFactory};

use super::args::Cli;
use crate::console::command::tree;

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
