//! The grammar: subcommands with the same words and options as on the command line.

mod contacts;
mod queue;

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use clap::{CommandFactory, Parser, Subcommand};

use super::Command;
use crate::console::confirm;
use crate::console::model::{Reading, Screen, TimelineTab};
use crate::operations::runbook::{Edge, Wanted};
use crate::operations::why::Subject;

pub(crate) use contacts::pairs;

#[derive(Debug, Parser)]
#[command(name = "", no_binary_name = true, disable_help_flag = true, disable_help_subcommand = true)]
struct Line {
    #[command(subcommand)]
    typed: Typed,
}

#[derive(Debug, Subcommand)]
enum Typed {
    #[command(subcommand)]
    Lanes(queue::Lanes),
    #[command(subcommand)]
    Breakers(queue::Breakers),
    #[command(subcommand)]
    Jobs(queue::Jobs),
    #[command(subcommand)]
    Alerts(queue::Alerts),
    #[command(subcommand)]
    Schedules(queue::Schedules),
    #[command(subcommand)]
    Contacts(contacts::Contacts),
    #[command(subcommand)]
    Duplicates(contacts::Duplicates),
    Lookup(contacts::LookUp),
    Undo {
        audit_id: i64,
    },
    Import(contacts::Import),
    Export(contacts::Export),
    Status,
    Nodes {
        #[command(subcommand)]
        verb: Option<queue::Nodes>,
    },
    Deck {
        #[command(subcommand)]
        verb: Option<queue::Deck>,
    },
    Doctor {
        #[arg(long)]
        batch: Option<String>,
    },
    Usage {
        #[arg(long, value_parser = clap::value_parser!(i32).range(1..=400))]
        days: Option<i32>,
    },
    Why {
        #[arg(value_parser = ["contact", "job", "lane"])]
        what: String,
        id: String,
    },
    Timeline {
        words: Vec<String>,
    },
    Audit {
        words: Vec<String>,
        #[arg(long)]
        verify: bool,
        #[arg(long, requires = "verify")]
        head: Option<String>,
    },
    Logs {
        words: Vec<String>,
        #[arg(long, conflicts_with = "words")]
        node: Option<String>,
    },
    Handover {
        back: Option<String>,
        #[arg(long, conflicts_with = "back")]
        since: Option<String>,
    },
    Runbook(Runbook),
    Throughput {
        back: Option<String>,
    },
    Demo {
        #[command(flatten)]
        rest: Rehearsal,
        #[arg(long)]
        down: Option<String>,
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=600))]
        outage: Option<u32>,
    },
    Drill {
        #[arg(value_parser = ["flaky", "outage", "meltdown"])]
        scenario: String,
        #[command(flatten)]
        rest: Rehearsal,
    },
    Theme {
        name: String,
    },
    Link {
        #[arg(value_parser = ["slow", "normal", "auto"])]
        speed: String,
    },
    Record {
        file: String,
    },
    At {
        #[arg(allow_hyphen_values = true)]
        time: String,
    },
}

/// A span of the audit log, or rows of it.
#[derive(Debug, clap::Args)]
struct Runbook {
    /// `2h`, or numbers of rows.
    #[arg(conflicts_with = "since")]
    words: Vec<String>,
    #[arg(long)]
    since: Option<String>,
    #[arg(long)]
    until: Option<String>,
    #[arg(long)]
    who: Option<String>,
    #[arg(long)]
    output: Option<String>,
}

/// Options of what plays in a database of its own.
#[derive(Debug, clap::Args)]
struct Rehearsal {
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    contacts: Option<u32>,
    #[arg(long = "scenario", value_parser = ["calm", "flaky", "outage", "meltdown"])]
    scenario_of_demo: Option<String>,
}

/// The grammar as a tree of commands, for who wants to compare it.
pub fn tree() -> clap::Command {
    Line::command()
}

pub(super) fn parse(line: &str, now: DateTime<Utc>) -> Result<Command, String> {
    let words = shell_words::split(line).map_err(|_| "a quote is open: close it".to_owned())?;
    let typed = Line::try_parse_from(words).map_err(|error| sentence(&error))?.typed;
    Ok(match typed {
        Typed::Lanes(verb) => queue::lanes(verb)?,
        Typed::Breakers(verb) => queue::breakers(verb, now)?,
        Typed::Jobs(verb) => queue::jobs(verb, now)?,
        Typed::Alerts(verb) => queue::alerts(verb, now)?,
        Typed::Schedules(verb) => queue::schedules(verb),
        Typed::Contacts(verb) => contacts::contacts(verb)?,
        Typed::Duplicates(verb) => contacts::duplicates(verb),
        Typed::Lookup(wish) => contacts::look_up(wish),
        Typed::Import(wish) => contacts::import(wish)?,
        Typed::Export(wish) => contacts::export(wish)?,
        Typed::Undo { audit_id } => Command::Undo(audit_id),
        Typed::Demo { rest, down, outage } => {
            let mut words = rehearsal("demo", None, rest);
            words.extend(down.into_iter().flat_map(|who| ["--down".to_owned(), who]));
            words.extend(outage.into_iter().flat_map(|seconds| ["--outage".to_owned(), seconds.to_string()]));
            Command::Rehearse(words)
        }
        Typed::Drill { scenario, rest } => Command::Rehearse(rehearsal("drill", Some(scenario), rest)),
        Typed::Theme { name } => Command::Theme(name),
        Typed::Link { speed } => Command::Link((speed != "auto").then_some(speed == "slow")),
        Typed::Record { file } => Command::Record(Some(file).filter(|file| file != "stop")),
        Typed::At { time } => Command::At(moment(&time, now)?),
        looks => look(looks)?,
    })
}

/// What only looks.
fn look(typed: Typed) -> Result<Command, String> {
    Ok(match typed {
        Typed::Nodes { verb } => queue::nodes(verb),
        Typed::Deck { verb } => queue::deck(verb),
        Typed::Usage { days: Some(days) } => Command::Usage(days),
        Typed::Usage { days: None } => Command::Show(Screen::Usage),
        Typed::Doctor { batch: None } => Command::Read(Reading::Doctor),
        Typed::Doctor { batch: Some(size) } => Command::Act(queue::batch(&size)?),
        Typed::Why { what, id } => Command::Read(Reading::Why(subject(&what, id)?)),
        Typed::Timeline { words } => Command::Records(TimelineTab::Events, words.join(" ")),
        Typed::Audit { verify: true, head, .. } => {
            Command::Read(Reading::Audit(head.map(|head| noted(&head)).transpose()?))
        }
        Typed::Audit { words, .. } => Command::Records(TimelineTab::Audit, words.join(" ")),
        Typed::Logs { node: Some(node), .. } => Command::Read(Reading::Log(node)),
        Typed::Logs { words, .. } => Command::Records(TimelineTab::Logs, words.join(" ")),
        Typed::Handover { back, since } => Command::Read(Reading::Handover(span(back.or(since), "8h")?)),
        Typed::Runbook(wish) => Command::Read(runbook(wish)?),
        Typed::Throughput { back } => Command::Read(Reading::Throughput(span(back, "1h")?)),
        _ => Command::Show(Screen::Overview),
    })
}

/// How far back something goes.
fn span(typed: Option<String>, otherwise: &str) -> Result<TimeDelta, String> {
    let text = typed.unwrap_or_else(|| otherwise.to_owned());
    confirm::duration(&text).ok_or_else(|| format!("{text} is no span: write 8h, 90m or 2d"))
}

/// One span, or numbers alone.
fn runbook(wish: Runbook) -> Result<Reading, String> {
    let rows: Vec<i64> = wish.words.iter().filter_map(|word| word.parse().ok()).collect();
    let begin = match (wish.words.as_slice(), rows.len()) {
        ([span], 0) => span,
        (words, n) if words.len() == n => wish.since.as_deref().unwrap_or("2h"),
        _ => return Err("write one span, such as 2h, or numbers of audit rows".into()),
    };
    let until = wish.until.as_deref().map(Edge::parse).transpose()?;
    let wanted = Wanted { since: Edge::parse(begin)?, until, who: wish.who, rows };
    Ok(Reading::Runbook(Box::new(wanted), wish.output))
}

fn subject(what: &str, id: String) -> Result<Subject, String> {
    Ok(match what {
        "contact" => Subject::Contact(id),
        "job" => Subject::Job(id.parse().map_err(|_| format!("{id} is no number of a job"))?),
        _ => Subject::Lane(id),
    })
}

/// A head of the audit log that was noted earlier: `41:ab12...`.
fn noted(head: &str) -> Result<(i64, String), String> {
    let parts = head.split_once(':').and_then(|(seq, hash)| Some((seq.parse::<i64>().ok()?, hash.to_owned())));
    parts.ok_or_else(|| format!("{head} is no head: give what `audit --verify` showed, such as 41:ab12"))
}

/// The words of this program that play something in a database of its own.
fn rehearsal(name: &str, scenario: Option<String>, rest: Rehearsal) -> Vec<String> {
    let mut words = vec![name.to_owned()];
    words.extend(scenario);
    words.extend(rest.scenario_of_demo.into_iter().flat_map(|scenario| ["--scenario".to_owned(), scenario]));
    words.extend(rest.contacts.into_iter().flat_map(|n| ["--contacts".to_owned(), n.to_string()]));
    words
}

/// The first line of what the parser says, with its hint.
pub(super) fn sentence(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let line = |begin: &str| text.lines().map(str::trim).find_map(|l| l.strip_prefix(begin)).map(str::to_owned);
    let said = line("error: ").unwrap_or_else(|| "type a command; Down chooses one".into());
    let missing = text.lines().map(str::trim).find(|l| l.starts_with('<') && said.ends_with("provided:"));
    match (missing, line("tip: ")) {
        (Some(what), _) => format!("{said} {what}"),
        (None, Some(tip)) => format!("{said}; {tip}"),
        (None, None) => said,
    }
}

/// `11:59` and `11:59:30` (the last one that was, UTC), `-10m`, or a whole time stamp.
fn moment(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let wrong = || format!("{text} is no moment: write 11:59, 11:59:30, -10m or a whole time as 2026-08-22T11:59:00Z");
    if let Some(ago) = text.strip_prefix('-') {
        return confirm::duration(ago).map(|d| now - d).ok_or_else(wrong);
    }
    if let Ok(at) = text.parse::<DateTime<Utc>>() {
        return if at <= now { Ok(at) } else { Err("that is still to come".into()) };
    }
    let text = text.trim_end_matches(['Z', 'z']);
    let parsed = NaiveTime::parse_from_str(text, "%H:%M:%S").or_else(|_| NaiveTime::parse_from_str(text, "%H:%M"));
    let time = parsed.map_err(|_| wrong())?;
    let today = now.date_naive().and_time(time).and_utc();
    Ok(if today <= now { today } else { today.checked_sub_days(Days::new(1)).unwrap_or(today) })
}
