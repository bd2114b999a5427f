//! The grammar: subcommands with the same words and options as on the command line.

use chrono::{DateTime, Days, NaiveTime, Utc};
use clap::{Parser, Subcommand};

use super::Command;
use crate::catalogue;
use crate::console::confirm;
use crate::console::model::{JOB_TABS, Screen, TimelineTab};
use crate::operations::actions::{Action, JobTarget};

#[derive(Debug, Parser)]
#[command(name = "", no_binary_name = true, disable_help_flag = true, disable_help_subcommand = true)]
struct Line {
    #[command(subcommand)]
    typed: Typed,
}

#[derive(Debug, Subcommand)]
enum Typed {
    #[command(subcommand)]
    Lanes(Lanes),
    #[command(subcommand)]
    Breakers(Breakers),
    #[command(subcommand)]
    Jobs(Jobs),
    #[command(subcommand)]
    Alerts(Alerts),
    #[command(subcommand)]
    Contacts(Contacts),
    Lookup(LookUp),
    Undo {
        audit_id: i64,
    },
    Import {
        file: String,
        #[arg(long)]
        lookup: bool,
    },
    Export {
        file: String,
        #[arg(long, default_value = "")]
        filter: String,
    },
    Status,
    Nodes,
    Timeline {
        words: Vec<String>,
    },
    Audit {
        words: Vec<String>,
    },
    Logs {
        words: Vec<String>,
    },
    Theme {
        name: String,
    },
    Link {
        #[arg(value_parser = ["slow", "normal", "auto"])]
        speed: String,
    },
    At {
        #[arg(allow_hyphen_values = true)]
        time: String,
    },
}

#[derive(Debug, Subcommand)]
enum Lanes {
    List,
    Show {
        lane: String,
    },
    Pause {
        lane: String,
        #[arg(long)]
        reason: Option<String>,
    },
    Resume {
        lane: String,
    },
    Rate {
        lane: String,
        calls: String,
    },
    Scale {
        lane: String,
        jobs: String,
    },
}

#[derive(Debug, Subcommand)]
enum Breakers {
    List,
    Show {
        name: String,
    },
    Reset {
        name: String,
        #[arg(long)]
        reason: Option<String>,
    },
    Open(Hold),
    Close(Hold),
    Auto {
        name: String,
    },
}

#[derive(Debug, clap::Args)]
struct Hold {
    name: String,
    #[arg(long = "for")]
    lasts: Option<String>,
    #[arg(long, default_value = "")]
    reason: String,
}

#[derive(Debug, Subcommand)]
enum Jobs {
    List {
        words: Vec<String>,
    },
    Show {
        id: i64,
    },
    Cancel(Which),
    Discard(Which),
    Reprioritise {
        #[command(flatten)]
        which: Which,
        #[arg(long)]
        priority: i16,
    },
    Retry {
        ids: Vec<i64>,
        #[arg(long)]
        lane: Option<String>,
        #[arg(long)]
        all: bool,
    },
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false, id = "jobs")]
struct Which {
    #[arg(group = "jobs")]
    ids: Vec<i64>,
    #[arg(long, group = "jobs")]
    lane: Option<String>,
    #[arg(long, group = "jobs")]
    filter: Option<String>,
    #[arg(long, group = "jobs")]
    all: bool,
}

#[derive(Debug, Subcommand)]
enum Alerts {
    Ack {
        id: i64,
    },
    Release {
        id: i64,
    },
    Silence {
        key: String,
        #[arg(long = "for")]
        lasts: Option<String>,
        #[arg(long)]
        reason: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
enum Contacts {
    Show {
        id: i64,
    },
    List {
        #[arg(long, default_value = "")]
        filter: String,
    },
}

#[derive(Debug, clap::Args)]
struct LookUp {
    #[arg(long)]
    all: bool,
    #[arg(long)]
    filter: Option<String>,
    #[arg(long)]
    again: bool,
}

pub(super) fn parse(line: &str, now: DateTime<Utc>) -> Result<Command, String> {
    let words = shell_words::split(line).map_err(|_| "a quote is open: close it".to_owned())?;
    let typed = Line::try_parse_from(words).map_err(|error| sentence(&error))?.typed;
    Ok(match typed {
        Typed::Lanes(verb) => lanes(verb)?,
        Typed::Breakers(verb) => breakers(verb, now)?,
        Typed::Jobs(verb) => jobs(verb)?,
        Typed::Alerts(verb) => alerts(verb, now)?,
        Typed::Contacts(Contacts::Show { id }) => Command::Contact(id),
        Typed::Contacts(Contacts::List { filter }) => Command::Contacts(filter),
        Typed::Lookup(wish) => look_up(wish)?,
        Typed::Undo { audit_id } => Command::Undo(audit_id),
        Typed::Import { file, lookup } => Command::Import { path: file, lookup },
        Typed::Export { file, filter } => Command::Export { path: file, filter },
        Typed::Status => Command::Show(Screen::Overview),
        Typed::Nodes => Command::Show(Screen::Fleet),
        Typed::Timeline { words } => Command::Records(TimelineTab::Events, words.join(" ")),
        Typed::Audit { words } => Command::Records(TimelineTab::Audit, words.join(" ")),
        Typed::Logs { words } => Command::Records(TimelineTab::Logs, words.join(" ")),
        Typed::Theme { name } => Command::Theme(name),
        Typed::Link { speed } => Command::Link((speed != "auto").then_some(speed == "slow")),
        Typed::At { time } => Command::At(moment(&time, now)?),
    })
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

fn lane(name: String) -> Result<String, String> {
    if catalogue::lanes().any(|l| l == name) { Ok(name) } else { Err(catalogue::no_such_lane(&name)) }
}

fn breaker(name: &str) -> Result<String, String> {
    let known = catalogue::by_breaker(name).and_then(|p| p.breaker);
    known.map(str::to_owned).ok_or_else(|| catalogue::no_such_breaker(name))
}

fn lanes(verb: Lanes) -> Result<Command, String> {
    Ok(Command::Act(match verb {
        Lanes::List => return Ok(Command::Show(Screen::Lanes)),
        Lanes::Show { lane: name } => return Ok(Command::Lane(lane(name)?)),
        Lanes::Pause { lane: name, reason } => Action::PauseLane { lane: lane(name)?, reason },
        Lanes::Resume { lane: name } => Action::ResumeLane { lane: lane(name)? },
        Lanes::Rate { lane: name, calls } => Action::RateLane { lane: lane(name)?, rate: rate(&calls)? },
        Lanes::Scale { lane: name, jobs } => Action::ScaleLane { lane: lane(name)?, concurrency: limit(&jobs)? },
    }))
}

fn rate(text: &str) -> Result<Option<f64>, String> {
    match text.parse::<f64>() {
        _ if text == "auto" => Ok(None),
        Ok(n) if n > 0.0 && n.is_finite() => Ok(Some(n)),
        _ => Err(format!("{text} is no rate: write calls a second, above 0, or auto for what the settings say")),
    }
}

fn limit(text: &str) -> Result<Option<i32>, String> {
    match text.parse::<i32>() {
        _ if text == "auto" => Ok(None),
        Ok(n) if (0..=10_000).contains(&n) => Ok(Some(n)),
        _ => Err(format!("{text} is no limit: write 0 to 10000 jobs at once, or auto")),
    }
}

fn breakers(verb: Breakers, now: DateTime<Utc>) -> Result<Command, String> {
    let until = |lasts: Option<String>| match lasts {
        None => Ok(None),
        Some(text) => {
            confirm::duration(&text).map(|d| Some(now + d)).ok_or(format!("--for {text}: write 30m, 2h or 1d"))
        }
    };
    Ok(Command::Act(match verb {
        Breakers::List => return Ok(Command::Show(Screen::Breakers)),
        Breakers::Show { name } => return Ok(Command::Breaker(breaker(&name)?)),
        Breakers::Reset { name, reason } => Action::ResetBreaker { name: breaker(&name)?, reason },
        Breakers::Open(hold) => {
            breaker(&hold.name)?;
            Action::HoldBreakerOpen { name: hold.name, reason: hold.reason, until: until(hold.lasts)? }
        }
        Breakers::Close(hold) => {
            breaker(&hold.name)?;
            Action::HoldBreakerClosed { name: hold.name, reason: hold.reason, until: until(hold.lasts)? }
        }
        Breakers::Auto { name } => Action::ReleaseBreaker { name: breaker(&name)? },
    }))
}

fn jobs(verb: Jobs) -> Result<Command, String> {
    match verb {
        Jobs::Show { id } => Ok(Command::Job(id)),
        Jobs::Cancel(which) => Ok(Command::Act(Action::CancelJobs { target: target(which)? })),
        Jobs::Discard(which) => Ok(Command::Act(Action::DiscardJobs { target: target(which)? })),
        Jobs::Reprioritise { which, priority } => {
            Ok(Command::Act(Action::ReprioritiseJobs { target: target(which)?, priority }))
        }
        Jobs::Retry { ids, lane: None, all: false } if !ids.is_empty() => {
            Ok(Command::Act(Action::RetryJobs { target: JobTarget::Ids(ids) }))
        }
        Jobs::Retry { ids, lane: Some(name), all: false } if ids.is_empty() => {
            Ok(Command::Act(Action::RetryJobs { target: JobTarget::Dead { lane: Some(lane(name)?) } }))
        }
        Jobs::Retry { ids, lane: None, all: true } if ids.is_empty() => {
            Ok(Command::Act(Action::RetryJobs { target: JobTarget::Dead { lane: None } }))
        }
        Jobs::Retry { .. } => Err("say which jobs: their numbers, --lane LANE, or --all".into()),
        Jobs::List { words } => listed(&words),
    }
}

fn target(which: Which) -> Result<JobTarget, String> {
    Ok(match which {
        Which { lane: Some(name), .. } => JobTarget::Filter(format!("lane:{}", lane(name)?)),
        Which { filter: Some(filter), .. } => JobTarget::Filter(filter),
        Which { all: true, .. } => JobTarget::Filter(String::new()),
        Which { ids, .. } => JobTarget::Ids(ids),
    })
}

fn alerts(verb: Alerts, now: DateTime<Utc>) -> Result<Command, String> {
    Ok(Command::Act(match verb {
        Alerts::Ack { id } => Action::AckAlert { id, taken: true },
        Alerts::Release { id } => Action::AckAlert { id, taken: false },
        Alerts::Silence { key, lasts, reason } => {
            let lasts = lasts.unwrap_or_else(|| "1h".into());
            let end = confirm::duration(&lasts).map(|d| now + d);
            let until = Some(end.ok_or_else(|| format!("--for {lasts}: write 30m, 2h or 1d"))?);
            Action::SilenceAlert { key, until, reason }
        }
    }))
}

fn listed(words: &[String]) -> Result<Command, String> {
    let value = |key: &str| words.iter().find_map(|w| w.strip_prefix(key)).map(str::to_owned);
    let tab = match value("state:") {
        None => None,
        Some(state) => {
            let at = JOB_TABS.iter().position(|tab| *tab == state);
            Some(at.ok_or_else(|| format!("jobs are waiting, scheduled, running or dead, not {state}"))?)
        }
    };
    match value("lane:") {
        Some(name) => Ok(Command::Jobs(lane(name)?, tab)),
        None => Err("say whose jobs: lane:twilio state:dead".into()),
    }
}

fn look_up(wish: LookUp) -> Result<Command, String> {
    match (wish.all, wish.filter) {
        (true, None) => Ok(Command::LookUp { filter: String::new(), again: wish.again }),
        (false, Some(filter)) => Ok(Command::LookUp { filter, again: wish.again }),
        _ => Err("say which contacts: --all, or --filter 'status:pending'".into()),
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
