//! What can be typed behind `:`, in plain mode, or copied from a toast: the grammar of the subcommands, and the console's
//! own words. Every action and every screen is reachable by a line of text.

mod desks;
mod grammar;
mod offers;

use chrono::{DateTime, Utc};

use super::effect::Import;
use super::keys::Binding;
use super::model::{Reading, Screen};
use crate::operations::actions::Action;

pub(crate) use grammar::pairs;
pub use grammar::tree;
pub use offers::{Offer, offers};

/// A line that was understood.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// What a key does, by its name.
    Do(&'static str),
    /// Show a screen.
    Show(Screen),
    /// The jobs of a lane, by the index of their tab.
    Jobs(String, Option<usize>),
    /// A lane.
    Lane(String),
    /// A breaker.
    Breaker(String),
    /// Contacts that match; empty = all.
    Contacts(String),
    /// One contact.
    Contact(i64),
    /// One job.
    Job(i64),
    /// Events, logs or audit rows with these words.
    Records(super::model::TimelineTab, String),
    /// Wish for an action.
    Act(Action),
    /// Look up what matches; the settings say the rest.
    LookUp {
        /// Filter; empty = all.
        filter: String,
        /// Also completed ones.
        again: bool,
    },
    /// Ask a question; empty = begin to type one.
    Ask(String),
    /// Do something with the credential of a slot; none = all of them.
    Credential(Option<&'static str>, Turn),
    /// Take back an audited action.
    Undo(i64),
    /// Import a file.
    Import {
        /// The file, and how it is read.
        file: Import,
        /// Whether it begins at once; else what it would bring and cost is shown first.
        agreed: bool,
    },
    /// Look something up again and again; the settings say the rest.
    Schedule {
        /// Its name.
        name: String,
        /// When.
        every: String,
        /// Which contacts; empty = all.
        filter: String,
        /// Also completed ones.
        again: bool,
    },
    /// Read something aside.
    Read(Reading),
    /// So many days of usage.
    Usage(i32),
    /// A demo or a drill, in a database of its own: the words of this program that begin it.
    Rehearse(Vec<String>),
    /// Write what matches to a file.
    Export {
        /// The file.
        path: String,
        /// Filter; empty = all.
        filter: String,
    },
    /// Another theme.
    Theme(String),
    /// Whether the link is slow; none = it is measured anew.
    Link(Option<bool>),
    /// Record what leaves for the terminal in this file; none: no more.
    Record(Option<String>),
    /// The state at a moment.
    At(DateTime<Utc>),
}

/// What is done with a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Look at it.
    Show,
    /// Enter a new one.
    Enter,
    /// Ask the provider about this version; none = the pending, else the current one.
    Verify(Option<i32>),
    /// Make the pending version current.
    Finish {
        /// Also where the provider did not say that it takes it.
        unverified: bool,
    },
}

/// Understands a line, or says in one sentence what is wrong with it.
pub fn parse(line: &str, now: DateTime<Utc>) -> Result<Command, String> {
    let line = line.trim();
    let line = line.strip_prefix("switchboard ").unwrap_or(line).trim();
    if let Some(binding) = by_id(line) {
        return Ok(Command::Do(binding.id));
    }
    if let Some(command) = desks::parse(line) {
        return command;
    }
    if let Some(filter) = contacts(line) {
        return Ok(Command::Contacts(filter));
    }
    grammar::parse(line, now)
}

/// The row of the table of keys with this name.
pub fn by_id(id: &str) -> Option<&'static Binding> {
    super::keys::REGISTRY.iter().find(|b| b.id == id)
}

/// The filter language has quotes of its own: what follows `contacts` is taken as it is.
fn contacts(line: &str) -> Option<String> {
    let rest = line.strip_prefix("contacts")?;
    let rest = rest.strip_prefix(" list").unwrap_or(rest);
    let first = rest.split_whitespace().next().unwrap_or("");
    let verb = ["show", "set", "retry", "enrich", "rescore"].contains(&first) || first.starts_with("--");
    let mine = rest.is_empty() || (rest.starts_with(' ') && !verb);
    mine.then(|| rest.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::fixture::now;
    use crate::console::model::TimelineTab;
    use crate::operations::actions::JobTarget;
    use chrono::TimeDelta;

    fn read(line: &str) -> Command {
        parse(line, now()).unwrap_or_else(|e| panic!("{line}: {e}"))
    }

    #[test]
    fn the_grammar_of_the_command_line_is_understood() {
        let pause = Action::PauseLane { lane: "hunter".into(), reason: Some("too dear".into()) };
        assert_eq!(read("lanes pause hunter --reason 'too dear'"), Command::Act(pause));
        assert_eq!(
            read("switchboard lanes scale twilio auto"),
            Command::Act(Action::ScaleLane { lane: "twilio".into(), concurrency: None, per_node: false })
        );
        let until = Some(now() + TimeDelta::minutes(30));
        let hold = Action::HoldBreakerOpen { name: "hunter".into(), reason: "x".into(), until };
        assert_eq!(read("breakers open hunter --for 30m --reason x"), Command::Act(hold));
        let retry = Action::RetryJobs { target: JobTarget::Dead { lane: Some("twilio".into()) } };
        assert_eq!(read("jobs retry --lane twilio"), Command::Act(retry));
        assert_eq!(read("jobs retry 1 2"), Command::Act(Action::RetryJobs { target: JobTarget::Ids(vec![1, 2]) }));
        assert_eq!(read("jobs list lane:twilio state:dead"), Command::Jobs("twilio".into(), Some(3)));
        assert_eq!(
            read("contacts company:\"Acme Inc\" status:failed"),
            Command::Contacts("company:\"Acme Inc\" status:failed".into())
        );
        assert_eq!(read("contacts show 5"), Command::Contact(5));
        assert_eq!(read("logs level:warn"), Command::Records(TimelineTab::Logs, "level:warn".into()));
        assert_eq!(read("undo 4812"), Command::Undo(4812));
        assert_eq!(read("freeze"), Command::Do("freeze"));
        assert_eq!(
            read("lookup --filter 'status:pending'"),
            Command::LookUp { filter: "status:pending".into(), again: false }
        );
        let import = |line: &str| match read(line) {
            Command::Import { file, agreed } => (file.path, file.lookup, file.map.len(), agreed),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            import("import /tmp/a.csv --lookup"),
            ("/tmp/a.csv".into(), true, 0, false),
            "money is looked at first"
        );
        assert_eq!(import("import a.csv --lookup --yes --map Mobile=phone"), ("a.csv".into(), true, 1, true));
        assert_eq!(import("import a.csv"), ("a.csv".into(), false, 0, true));
        assert_eq!(read("theme dusk"), Command::Theme("dusk".into()));
    }

    #[test]
    fn a_moment_is_a_clock_time_of_today_or_a_time_ago() {
        assert_eq!(read("at 11:59"), Command::At("2026-08-22T11:59:00Z".parse().unwrap()));
        assert_eq!(read("at 23:00:05"), Command::At("2026-08-21T23:00:05Z".parse().unwrap()), "the last one that was");
        assert_eq!(read("at -10m"), Command::At(now() - TimeDelta::minutes(10)));
        assert!(parse("at noon", now()).unwrap_err().contains("11:59"));
    }

    #[test]
    fn a_mistake_is_one_sentence() {
        for wrong in [
            "lane pause twilio",
            "lanes pause",
            "lanes pause twlio",
            "jobs retry",
            "undo x",
            "lanes scale twilio -3",
            "'",
            "",
        ] {
            let error = parse(wrong, now()).unwrap_err();
            assert!(!error.contains('\n') && !error.is_empty(), "{wrong}: {error}");
        }
        assert!(parse("lane pause twilio", now()).unwrap_err().contains("lanes"));
        assert!(parse("lanes pause twlio", now()).unwrap_err().contains("did you mean twilio?"));
        assert!(parse("breakers reset huntr", now()).unwrap_err().contains("did you mean hunter-api?"));
    }
}
