//! Words of lanes, breakers, jobs, alerts and schedules.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::super::Command;
use crate::catalogue;
use crate::console::confirm;
use crate::console::model::{JOB_TABS, Reading, Screen};
use crate::operations::actions::{Action, Chore, Enrich, JobChange, JobTarget, Schedule, run_at};

#[derive(Debug, Subcommand)]
pub(super) enum Lanes {
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
        rate: String,
    },
    Scale {
        lane: String,
        concurrency: String,
        #[arg(long)]
        per_node: bool,
    },
    Budget {
        lane: String,
        usd: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Breakers {
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

#[derive(Debug, Args)]
pub(super) struct Hold {
    name: String,
    #[arg(long = "for")]
    lasts: Option<String>,
    #[arg(long, default_value = "")]
    reason: String,
}

#[derive(Debug, Subcommand)]
pub(super) enum Jobs {
    List {
        words: Vec<String>,
        #[arg(long)]
        lane: Option<String>,
        #[arg(long, requires = "lane")]
        state: Option<String>,
        #[arg(long, conflicts_with_all = ["lane", "state", "words"])]
        filter: Option<String>,
    },
    Show {
        id: i64,
    },
    Retry(Which),
    Cancel(Which),
    Discard(Which),
    Reprioritise {
        #[command(flatten)]
        which: Which,
        #[arg(long)]
        priority: i16,
    },
    Edit {
        id: i64,
        #[command(flatten)]
        change: Edit,
    },
    Dead {
        #[arg(long)]
        lane: Option<String>,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true, id = "change")]
pub(super) struct Edit {
    #[arg(long, group = "change")]
    priority: Option<i16>,
    #[arg(long, group = "change")]
    at: Option<String>,
    #[arg(long, group = "change")]
    attempts: Option<i16>,
    #[arg(long, group = "change")]
    source: Option<String>,
    #[arg(long, value_parser = ["yes", "no"], group = "change")]
    fresh: Option<String>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false, id = "jobs")]
pub(super) struct Which {
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
pub(super) enum Alerts {
    List,
    Ack {
        id: i64,
        #[arg(long)]
        back: bool,
    },
    Silence {
        key: String,
        #[arg(long = "for", default_value = "1h")]
        lasts: String,
        #[arg(long)]
        reason: Option<String>,
        #[arg(long, conflicts_with_all = ["lasts", "reason"])]
        end: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Schedules {
    List,
    Add {
        name: String,
        every: String,
        #[arg(long, default_value = "")]
        filter: String,
        #[arg(long)]
        again: bool,
        #[arg(long, default_value = "lookup", value_parser = ["lookup", "enrich", "rescore"])]
        work: String,
    },
    Pause {
        name: String,
    },
    Resume {
        name: String,
    },
    Remove {
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Nodes {
    List,
    Quiet {
        node: String,
        #[arg(long)]
        reason: Option<String>,
    },
    Wake {
        node: String,
    },
    Drain {
        node: String,
        #[arg(long)]
        reason: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Deck {
    Approve {
        ask: i64,
    },
    Refuse {
        ask: i64,
    },
    Require {
        #[arg(value_parser = ["on", "off"])]
        state: String,
    },
}

pub(super) fn deck(verb: Option<Deck>) -> Command {
    Command::Act(match verb {
        None => return Command::Read(Reading::Deck),
        Some(Deck::Approve { ask }) => Action::AnswerSecond { ask, yes: true },
        Some(Deck::Refuse { ask }) => Action::AnswerSecond { ask, yes: false },
        Some(Deck::Require { state }) => Action::RequireSecond { on: state == "on" },
    })
}

pub(super) fn nodes(verb: Option<Nodes>) -> Command {
    Command::Act(match verb {
        None | Some(Nodes::List) => return Command::Show(Screen::Fleet),
        Some(Nodes::Quiet { node, reason }) => Action::QuietNode { node, reason },
        Some(Nodes::Wake { node }) => Action::WakeNode { node },
        Some(Nodes::Drain { node, reason }) => Action::DrainNode { node, reason },
    })
}

fn lane(name: String) -> Result<String, String> {
    if catalogue::lanes().any(|l| l == name) { Ok(name) } else { Err(catalogue::no_such_lane(&name)) }
}

/// One lane, or `all`.
fn lanes_of(name: String) -> Result<String, String> {
    if name == "all" { Ok(name) } else { lane(name) }
}

fn breaker(name: &str) -> Result<String, String> {
    let known = catalogue::by_breaker(name).and_then(|p| p.breaker);
    known.map(str::to_owned).ok_or_else(|| catalogue::no_such_breaker(name))
}

pub(super) fn lanes(verb: Lanes) -> Result<Command, String> {
    Ok(Command::Act(match verb {
        Lanes::List => return Ok(Command::Show(Screen::Lanes)),
        Lanes::Show { lane: name } => return Ok(Command::Lane(lane(name)?)),
        Lanes::Pause { lane, reason } => Action::PauseLane { lane: lanes_of(lane)?, reason },
        Lanes::Resume { lane } => Action::ResumeLane { lane: lanes_of(lane)? },
        Lanes::Rate { lane, rate: calls } => Action::RateLane { lane: lanes_of(lane)?, rate: rate(&calls)? },
        Lanes::Budget { lane, usd } => Action::BudgetLane { lane: lanes_of(lane)?, usd: budget(&usd)? },
        Lanes::Scale { lane, concurrency, per_node } => {
            Action::ScaleLane { lane: lanes_of(lane)?, concurrency: limit(&concurrency)?, per_node }
        }
    }))
}

fn rate(text: &str) -> Result<Option<f64>, String> {
    match text.parse::<f64>() {
        _ if text == "auto" => Ok(None),
        Ok(n) if n > 0.0 && n.is_finite() => Ok(Some(n)),
        _ => Err(format!("{text} is no rate: write calls a second, above 0, or auto for what the settings say")),
    }
}

fn budget(text: &str) -> Result<Option<f64>, String> {
    match text.trim_start_matches('$').parse::<f64>() {
        _ if text == "auto" => Ok(None),
        Ok(usd) if usd > 0.0 && usd <= 1e9 => Ok(Some(usd)),
        _ => Err(format!("{text} is no budget: write dollars a day, above 0, or auto for what the settings say")),
    }
}

fn limit(text: &str) -> Result<Option<i32>, String> {
    match text.parse::<i32>() {
        _ if text == "auto" => Ok(None),
        Ok(n) if (0..=10_000).contains(&n) => Ok(Some(n)),
        _ => Err(format!("{text} is no limit: write 0 to 10000 jobs at once, or auto")),
    }
}

/// Switches batches of lookups off, or back to the settings. On takes a call that proves that the account has them.
pub(super) fn batch(size: &str) -> Result<Action, String> {
    let size = match size {
        "auto" => None,
        "1" => Some(1),
        _ => {
            return Err(format!(
                "batches are switched on by `switchboard doctor --batch {size}`, which asks Twilio first; 1 and auto do without"
            ));
        }
    };
    Ok(Action::BatchLane { lane: "twilio".into(), size })
}

/// When something ends that begins now.
fn end(lasts: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    confirm::duration(lasts).map(|d| now + d).ok_or_else(|| format!("--for {lasts}: write 30m, 2h or 1d"))
}

pub(super) fn breakers(verb: Breakers, now: DateTime<Utc>) -> Result<Command, String> {
    let until = |lasts: Option<String>| lasts.map(|lasts| end(&lasts, now)).transpose();
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

pub(super) fn jobs(verb: Jobs, now: DateTime<Utc>) -> Result<Command, String> {
    Ok(Command::Act(match verb {
        Jobs::Show { id } => return Ok(Command::Job(id)),
        Jobs::Dead { lane: Some(name) } => return Ok(Command::Jobs(lane(name)?, place("dead"))),
        Jobs::Dead { lane: None } => return Ok(Command::Read(Reading::Dead)),
        Jobs::List { filter: Some(filter), .. } => return Ok(Command::Read(Reading::Jobs(filter))),
        Jobs::List { words, lane, state, .. } => return listed(&words, lane, state),
        Jobs::Cancel(which) => Action::CancelJobs { target: target(which)? },
        Jobs::Discard(which) => Action::DiscardJobs { target: dead(which)? },
        Jobs::Retry(which) => Action::RetryJobs { target: dead(which)? },
        Jobs::Edit { id, change } => Action::EditJob { job: id, change: changed(change, now)? },
        Jobs::Reprioritise { which, priority } => Action::ReprioritiseJobs { target: target(which)?, priority },
    }))
}

fn changed(change: Edit, now: DateTime<Utc>) -> Result<JobChange, String> {
    let Edit { priority, at, attempts, source, fresh } = change;
    let run_at = at.map(|at| run_at(&at, now)).transpose()?;
    Ok(JobChange { priority, run_at, attempts, source, fresh: fresh.map(|fresh| fresh == "yes") })
}

/// The verb itself says which states it is for.
fn target(which: Which) -> Result<JobTarget, String> {
    Ok(match which {
        Which { lane: Some(name), .. } => JobTarget::Filter(format!("lane:{}", lane(name)?)),
        Which { filter: Some(filter), .. } => JobTarget::Filter(filter),
        Which { all: true, .. } => JobTarget::Filter(String::new()),
        Which { ids, .. } => JobTarget::Ids(ids),
    })
}

/// For verbs that are for dead jobs alone.
fn dead(which: Which) -> Result<JobTarget, String> {
    match which {
        Which { lane: Some(name), .. } => Ok(JobTarget::Dead { lane: Some(lane(name)?) }),
        Which { all: true, .. } => Ok(JobTarget::Dead { lane: None }),
        other => target(other),
    }
}

fn place(state: &str) -> Option<usize> {
    JOB_TABS.iter().position(|tab| *tab == state)
}

/// `lane:twilio state:dead`, or the same as options.
fn listed(words: &[String], lane_named: Option<String>, state: Option<String>) -> Result<Command, String> {
    let value = |key: &str| words.iter().find_map(|w| w.strip_prefix(key)).map(str::to_owned);
    let state = state.or_else(|| value("state:"));
    let no_state = |state: &str| format!("jobs are waiting, scheduled, running or dead, not {state}");
    let tab = state.map(|state| place(&state).ok_or_else(|| no_state(&state))).transpose()?;
    match lane_named.or_else(|| value("lane:")) {
        Some(name) => Ok(Command::Jobs(lane(name)?, tab)),
        None if words.is_empty() => Ok(Command::Read(Reading::Jobs(String::new()))),
        None => Ok(Command::Read(Reading::Jobs(words.join(" ")))),
    }
}

pub(super) fn alerts(verb: Alerts, now: DateTime<Utc>) -> Result<Command, String> {
    Ok(Command::Act(match verb {
        Alerts::List => return Ok(Command::Read(Reading::Alerts)),
        Alerts::Ack { id, back } => Action::AckAlert { id, taken: !back },
        Alerts::Silence { key, end: true, .. } => Action::SilenceAlert { key, until: None, reason: None },
        Alerts::Silence { key, lasts, reason, .. } => {
            Action::SilenceAlert { key, until: Some(end(&lasts, now)?), reason }
        }
    }))
}

pub(super) fn schedules(verb: Schedules) -> Command {
    match verb {
        Schedules::List => Command::Read(Reading::Schedules),
        Schedules::Add { name, every, filter, again, work } if work != "lookup" => {
            let work = Chore::Enrich(Enrich { filter, again, checks_only: work == "rescore" });
            Command::Act(Action::AddSchedule(Schedule { name, every, work, paused: false, zone: Default::default() }))
        }
        Schedules::Add { name, every, filter, again, .. } => Command::Schedule { name, every, filter, again },
        Schedules::Pause { name } => Command::Act(Action::PauseSchedule { name, paused: true }),
        Schedules::Resume { name } => Command::Act(Action::PauseSchedule { name, paused: false }),
        Schedules::Remove { name } => Command::Act(Action::RemoveSchedule { name }),
    }
}
