//! What the screens show, as sentences.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::PlainOptions;
use super::answers::answer_lines;
use crate::console::command::Command;
use crate::console::effect::Query;
use crate::console::feed;
use crate::console::keys::{Place, REGISTRY};
use crate::console::message::Pulse;
use crate::console::model::{JOB_TABS, PaperLine, Reading, Screen, Search, TimelineTab};
use crate::console::widget::words;
use crate::contacts::page::{Sort, Start};
use crate::operations::views::{BreakerView, LaneView};

/// Rows of a list that are said at once.
pub(super) const ROWS: usize = 40;

/// What is new since the picture before: incidents and alerts that came or went; all of them at first.
pub fn news(before: Option<&Pulse>, now: &Pulse) -> Vec<String> {
    let told = |pulse: &Pulse| -> BTreeSet<String> {
        let alerts = pulse.status.alerts.iter().map(|a| format!("ALERT {}. {}: {}.", a.severity, a.subject, a.summary));
        let open = pulse.status.breakers.iter().filter(|b| b.state != "closed");
        let asks = pulse.deck.asks.iter().filter(|ask| ask.state == "open").map(|ask| {
            format!(
                "{} asks for a second person: {} {}, {} rows. Another one types deck approve {} or deck refuse {}.",
                ask.name, ask.verb, ask.target, ask.things, ask.id, ask.id
            )
        });
        alerts
            .chain(asks)
            .chain(open.map(|b| format!("Breaker {} is {}.", b.name, b.state.replace('_', "-"))))
            .collect()
    };
    let at = now.at.format("%H:%M:%S");
    let here = told(now);
    let Some(before) = before else {
        let mut lines = overview(now);
        lines.push("Type help for the commands, quit to leave.".into());
        return lines;
    };
    let was = told(before);
    let came = here.difference(&was).map(|text| format!("{at}Z {text}"));
    let went = was.difference(&here).map(|text| format!("{at}Z Over: {text}"));
    came.chain(went).collect()
}

/// Every command, in words.
pub fn help() -> Vec<String> {
    let mut lines = vec!["Commands are those of the command line, without the program's name:".to_owned()];
    for line in [
        "status, lanes list, lanes show LANE, lanes pause LANE, lanes resume LANE, lanes scale LANE N|auto",
        "lanes rate LANE CALLS|auto, alerts list|ack|silence, schedules list|add|pause|resume|remove",
        "breakers list, breakers show|reset|open|close|auto NAME [--for 30m] [--reason TEXT]",
        "jobs list lane:LANE state:waiting|scheduled|running|dead, jobs show ID, jobs retry ID... | --lane LANE | --all",
        "jobs dead|cancel|discard|reprioritise ID... | --lane LANE | --filter FILTER | --all, jobs edit ID --at 30m",
        "contacts FILTER, contacts show|set|retry|enrich|step|rescore, duplicates list|merge|undo, lookup --all | --filter FILTER [--again]",
        "ask QUESTION, credentials list, credentials verify SLOT, credentials activate SLOT, credentials rollback SLOT",
        "import FILE [--lookup], export FILE [--filter FILTER]",
        "why contact|job|lane NAME, handover 8h, runbook 2h [--output FILE], doctor, audit --verify, usage --days N",
        "deck, deck approve|refuse NUMBER, deck require on|off",
        "timeline [WORDS], audit [WORDS], logs [WORDS], nodes, usage, undo [NUMBER], quit",
    ] {
        lines.push(format!("  {line}"));
    }
    lines
}

/// The rows that a command asks for.
pub async fn show(options: &PlainOptions, pulse: Option<&Pulse>, command: Command, now: DateTime<Utc>) -> Vec<String> {
    let Some(pulse) = pulse else { return vec!["The database has not answered yet.".into()] };
    let query = match &command {
        Command::Show(screen) => return screen_of(options, pulse, *screen, now).await,
        Command::Do(id) => match screen_named(id) {
            Some(screen) => return screen_of(options, pulse, screen, now).await,
            None => return vec![format!("{id} is for the screen; here every line is new.")],
        },
        Command::Lane(lane) => return pulse.status.lanes.iter().filter(|l| l.lane == *lane).map(lane_line).collect(),
        Command::Breaker(name) => Query::History(name.clone()),
        Command::Jobs(lane, Some(3)) => Query::Groups(lane.clone()),
        Command::Jobs(lane, tab) => {
            let state = JOB_TABS[tab.unwrap_or(0).min(JOB_TABS.len() - 1)];
            Query::Jobs {
                lane: lane.clone(),
                state,
                filter: String::new(),
                before: None,
                limit: ROWS as i64,
                zone: options.facts.zone,
            }
        }
        Command::Job(id) => Query::Job(*id),
        Command::Contacts(filter) => Query::Contacts {
            filter: filter.clone(),
            sort: Sort::default(),
            start: Start::First,
            zone: options.facts.zone,
        },
        Command::Contact(id) => Query::Contact(*id),
        Command::Credential(..) => Query::Credentials(options.facts.of_environment.clone()),
        Command::Usage(days) => Query::Spend(*days),
        Command::Read(reading) => return aside_lines(options, reading).await,
        Command::Records(TimelineTab::Events, _) => Query::Timeline(None),
        Command::Records(TimelineTab::Audit, _) => Query::Audit(None),
        Command::Records(TimelineTab::Logs, words) => return logs(options, words),
        _ => return vec!["That is for the screen only.".into()],
    };
    let words = match &command {
        Command::Records(_, words) => words.clone(),
        _ => String::new(),
    };
    match feed::answer(&options.db, &query, &mut None).await {
        Ok(answer) => answer_lines(&answer, &words, now),
        Err(error) => vec![error.to_string()],
    }
}

/// What is read aside, and what can be typed next.
pub async fn aside_lines(options: &PlainOptions, reading: &Reading) -> Vec<String> {
    let (db, doctor, logs) = (options.db.clone(), options.doctor.clone(), options.log_dir.clone());
    let (sources, read) = (feed::Sources { db, doctor, logs, zone: options.facts.zone }, reading.clone());
    // Not on the console's own thread.
    let lines = options.workers.spawn(async move { feed::read_aside(&sources, &read).await }).await;
    match lines {
        Ok(Ok(lines)) => lines.iter().flat_map(said).collect(),
        Ok(Err(error)) => vec![error],
        Err(_) => vec!["It broke off.".into()],
    }
}

fn said(line: &PaperLine) -> Vec<String> {
    let next = |(label, line): &(String, String)| format!("  To {label}, type: {line}");
    std::iter::once(line.text.clone()).chain(line.verbs.iter().map(next)).collect()
}

fn screen_named(id: &str) -> Option<Screen> {
    let binding = REGISTRY.iter().find(|b| b.id == id && b.places.contains(&Place::Anywhere))?;
    match binding.does {
        crate::console::keys::Do::Show(screen) => Some(screen),
        _ => None,
    }
}

async fn screen_of(options: &PlainOptions, pulse: &Pulse, screen: Screen, now: DateTime<Utc>) -> Vec<String> {
    let query = match screen {
        Screen::Overview => return overview(pulse),
        Screen::Lanes => return pulse.status.lanes.iter().map(lane_line).collect(),
        Screen::Breakers => return pulse.status.breakers.iter().map(breaker_line).collect(),
        Screen::Fleet => {
            let nodes = pulse.status.nodes.iter();
            return nodes
                .map(|n| format!("Node {}: {}, {}, {} in flight.", n.node, n.state, n.kind, n.in_flight))
                .collect();
        }
        Screen::Contacts => {
            let zone = options.facts.zone;
            Query::Contacts { filter: String::new(), sort: Sort::default(), start: Start::First, zone }
        }
        Screen::Ask => return vec!["Type ask and a question, such as: ask failed mobile numbers in Texas.".into()],
        Screen::Credentials => Query::Credentials(options.facts.of_environment.clone()),
        Screen::Timeline => Query::Timeline(None),
        Screen::Usage => Query::Spend(31),
    };
    match feed::answer(&options.db, &query, &mut None).await {
        Ok(answer) => answer_lines(&answer, "", now),
        Err(error) => vec![error.to_string()],
    }
}

fn overview(pulse: &Pulse) -> Vec<String> {
    let (status, at) = (&pulse.status, pulse.at.format("%H:%M:%S"));
    let c = status.contacts;
    let mut lines = vec![format!(
        "{at}Z {} contacts: {} completed, {} failed, {} pending, {} processing. Spent today {}.",
        c.total(),
        c.completed,
        c.failed,
        c.pending,
        c.processing,
        words::dollars(status.cost_today)
    )];
    let alerts = status.alerts.iter();
    lines.extend(alerts.map(|a| format!("{at}Z ALERT {}. {}: {}.", a.severity, a.subject, a.summary)));
    lines.extend(status.breakers.iter().filter(|b| b.state != "closed").map(breaker_line));
    let work = |l: &&LaneView| l.depth + l.running + l.scheduled + l.dead > 0 || l.state == "paused";
    lines.extend(status.lanes.iter().filter(work).map(lane_line));
    lines
}

fn lane_line(lane: &LaneView) -> String {
    let reason = lane.reason.as_ref().map_or_else(String::new, |r| format!(" ({r})"));
    let oldest = lane.oldest_s.map_or_else(String::new, |s| format!(", oldest {}", words::span(s)));
    let rate = words::rate(lane.done_per_s.unwrap_or(0.0));
    format!(
        "Lane {}: {}{reason}. {} wait{oldest}, {} run, {} later, {} dead, {rate} done.",
        lane.lane, lane.state, lane.depth, lane.running, lane.scheduled, lane.dead
    )
}

fn breaker_line(breaker: &BreakerView) -> String {
    let probe = breaker.next_probe_s.map_or_else(String::new, |s| format!(" Next probe in {}.", words::span(s)));
    let cause = breaker.last_failure.as_ref().filter(|_| breaker.state != "closed");
    let cause = cause.map_or_else(String::new, |c| format!(" Cause: {c}."));
    let state = breaker.state.replace('_', "-");
    format!(
        "Breaker {}: {state}, {} failures in a row, {} jobs wait.{probe}{cause}",
        breaker.name, breaker.consecutive_failures, breaker.waiting
    )
}

fn logs(options: &PlainOptions, typed: &str) -> Vec<String> {
    let Some(ring) = &options.logs else { return vec!["This process keeps no log in memory.".into()] };
    let search = Search::of(typed);
    let lines = ring.since(ring.last_seq().saturating_sub(2_000));
    let shown =
        lines.iter().filter(|l| search.takes(&[("level", l.level.as_str()), ("from", &l.target), ("text", &l.text)]));
    let mut shown: Vec<String> =
        shown.map(|l| format!("{}Z {} {}", l.at.format("%H:%M:%S"), l.level, l.text)).collect();
    shown.split_off(shown.len().saturating_sub(ROWS))
}
