//! What is read aside, once: lines for a paper over the screen, or for the plain console.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use chrono_tz::Tz;

use crate::console::effect::Import;
use crate::console::model::{PaperLine, Reading};
use crate::console::widget::words;
use crate::console::work;
use crate::contacts::filter::{Anchor, Filter, JOBS};
use crate::database::Db;
use crate::operations::actions::{self, Action};
use crate::operations::runbook::{self, Wanted};
use crate::operations::views::{self, AlertView, Deck, JobGroup, JobRow, PairView, ScheduleView, ThroughputRow};
use crate::operations::{handover, why};
use crate::providers::PriceBook;
use crate::providers::twilio::Ask;
use crate::telemetry;

/// Lines of a node's log.
const LOG_LINES: usize = 1_000;
/// Rows of a list that is read aside.
const ROWS: i64 = 200;

type Lines = Result<Vec<PaperLine>, String>;

/// Findings of the doctor: whether each is as it should be, what it is about, and what to do.
pub type Doctor = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Vec<(bool, String, String)>> + Send>> + Send + Sync>;

/// Where things are read from that no pane shows.
#[derive(Clone)]
pub struct Sources {
    /// The database.
    pub db: Db,
    /// Asks the doctor.
    pub doctor: Option<Doctor>,
    /// The folder of log files of this machine.
    pub logs: Option<PathBuf>,
    /// Whose days filters mean.
    pub zone: Tz,
}

/// Reads; the error is one sentence.
pub async fn read_aside(sources: &Sources, reading: &Reading) -> Lines {
    match (reading, &sources.doctor) {
        (Reading::Doctor, Some(doctor)) => Ok(doctor().await.into_iter().map(finding).collect()),
        (Reading::Doctor, None) => Err("nobody can be asked here: run `switchboard doctor`".into()),
        (Reading::Log(node), _) => log(sources.logs.as_deref(), node),
        (Reading::Jobs(filter), _) => jobs(sources, filter).await,
        _ => aside(&sources.db, reading).await,
    }
}

/// The newest lines of a node of this machine; a node's name is its host and its process.
fn log(folder: Option<&Path>, node: &str) -> Lines {
    let named = node.rsplit_once(':').and_then(|(host, pid)| Some((host, pid.parse::<u32>().ok()?)));
    let (host, pid) = named.ok_or_else(|| format!("{node} is no node: `nodes` lists them"))?;
    let here = nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if host != here {
        return Err(format!(
            "{node} keeps its log on {host}: open a console there, or read the file that its settings name"
        ));
    }
    let folder = folder.ok_or("this console keeps no log file")?;
    let lines = telemetry::tail(folder, pid, LOG_LINES)
        .map_err(|e| format!("today's log in {} can't be read: {e}", folder.display()))?;
    if lines.is_empty() {
        return Ok(vec![PaperLine::says(format!("{node} has written nothing today into {}.", folder.display()))]);
    }
    let grave = |line: &str| matches!(line.split_whitespace().nth(1), Some("WARN" | "ERROR"));
    Ok(lines.into_iter().map(|line| PaperLine::says(line.as_str()).grave(grave(&line))).collect())
}

fn finding((good, what, detail): (bool, String, String)) -> PaperLine {
    let sign = if good { "ok" } else { "--" };
    PaperLine::says(format!("{sign}  {what}: {detail}")).grave(!good)
}

async fn aside(db: &Db, reading: &Reading) -> Lines {
    let lines = match reading {
        Reading::Why(subject) => {
            let chain = why::why(db, subject).await.map_err(text)?;
            let link = |(depth, link): (usize, &why::Link)| PaperLine::says(format!("{} {}", depth + 1, link.text()));
            chain.iter().enumerate().map(link).collect()
        }
        Reading::Alerts => views::alerts(db).await.map_err(text)?.iter().map(alert).collect(),
        Reading::Schedules => views::schedules(db).await.map_err(text)?.iter().map(schedule).collect(),
        Reading::Duplicates => views::duplicates(db, ROWS).await.map_err(text)?.iter().map(pair).collect(),
        Reading::Merge { primary, duplicate } => merge(db, *primary, *duplicate).await?,
        Reading::Throughput(span) => throughput(&views::throughput(db, *span).await.map_err(text)?, *span),
        Reading::Dead => views::dead_groups(db, None).await.map_err(text)?.iter().map(dead).collect(),
        Reading::Handover(span) => {
            let shift = handover::gather(db, *span).await.map_err(text)?;
            handover::markdown(&shift).lines().map(PaperLine::says).collect()
        }
        Reading::Runbook(wanted, file) => runbook(db, wanted, file.as_deref()).await?,
        Reading::Audit(noted) => audit(db, noted.clone()).await?,
        Reading::Preflight(import) => preflight(db, import).await?,
        Reading::Deck => deck(&views::deck(db).await.map_err(text)?),
        Reading::Doctor | Reading::Log(_) | Reading::Jobs(_) => Vec::new(),
    };
    if lines.is_empty() { Ok(vec![nothing(reading)]) } else { Ok(lines) }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// What an empty list says, and how it gets its first row.
fn nothing(reading: &Reading) -> PaperLine {
    match reading {
        Reading::Alerts => PaperLine::says("No alert is open."),
        Reading::Schedules => PaperLine::says("Nothing is done again and again yet: Enter adds a schedule.")
            .then("add a schedule: its name, when, and what", "schedules add NAME 'every 30d' --filter "),
        Reading::Duplicates => {
            PaperLine::says("No pair is known: contacts are compared as they are enriched, or anew with rescore.")
                .then("look for duplicates among all contacts", "contacts rescore --all")
        }
        Reading::Dead => PaperLine::says("No job is dead."),
        Reading::Deck => PaperLine::says("Nobody has a console open that is listed; one with --read-only is not."),
        _ => PaperLine::says("Nothing matches."),
    }
}

fn alert(alert: &AlertView) -> PaperLine {
    let since = alert.raised_at.format("%H:%M:%SZ");
    let by = alert.acked_by.as_ref().map_or_else(String::new, |by| format!("; {by} looks after it"));
    let quiet = alert.silenced_until.map_or_else(String::new, |t| format!("; silent until {}", t.format("%H:%M:%SZ")));
    let line = PaperLine::says(format!(
        "{:<9} {:<18} {}, since {since}{by}{quiet}",
        alert.severity, alert.subject, alert.summary
    ))
    .grave(alert.severity == "critical");
    let line = match alert.acked_by {
        None => line.then("take it on: others see who looks after it", format!("alerts ack {}", alert.id)),
        Some(_) => line.then("give it back", format!("alerts ack {} --back", alert.id)),
    };
    match alert.silenced_until {
        None => line.then("be told nothing of it for an hour", format!("alerts silence {} --for 1h", alert.key)),
        Some(_) => line.then("end the silence", format!("alerts silence {} --end", alert.key)),
    }
}

fn schedule(schedule: &ScheduleView) -> PaperLine {
    let time = |at: Option<chrono::DateTime<Utc>>| {
        at.map_or_else(|| "-".to_owned(), |at| at.format("%m-%d %H:%M").to_string())
    };
    let what = if schedule.filter.is_empty() { "all contacts" } else { &schedule.filter };
    let next = match &schedule.paused_by {
        Some(by) => format!("paused by {by}"),
        None => format!("next {}", time(schedule.next_at)),
    };
    let last =
        schedule.last_result.as_ref().map_or_else(String::new, |r| format!("; last {}: {r}", time(schedule.last_at)));
    let again = if schedule.again { ", again" } else { "" };
    let name = shell_words::quote(&schedule.name).into_owned();
    let line = PaperLine::says(format!(
        "{:<16} {:<14} {next:<18} {} of {what}{again}{last}",
        schedule.name, schedule.every, schedule.work
    ));
    let line = match schedule.paused_by {
        None => line.then("pause it", format!("schedules pause {name}")),
        Some(_) => line.then("resume it", format!("schedules resume {name}")),
    };
    line.then("remove it", format!("schedules remove {name}"))
        .then("add another one", "schedules add NAME 'every 30d' --filter ")
}

fn pair(pair: &PairView) -> PaperLine {
    let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "-".into());
    let (a, b) = (pair.first_id, pair.second_id);
    PaperLine::says(format!(
        "{:>3} %  {a} {} {}  =  {b} {} {}",
        pair.confidence,
        pair.first_phone,
        name(&pair.first_name),
        pair.second_phone,
        name(&pair.second_name)
    ))
    .then(&format!("what {a} would gain from {b}"), format!("duplicates merge {a} {b} --preview"))
    .then(&format!("make {a} stand for {b}"), format!("duplicates merge {a} {b}"))
    .then(&format!("make {b} stand for {a}"), format!("duplicates merge {b} {a}"))
    .then(&format!("show {a}"), format!("contacts show {a}"))
    .then(&format!("show {b}"), format!("contacts show {b}"))
}

/// Who asks comes first: they wait.
fn deck(deck: &Deck) -> Vec<PaperLine> {
    let asks = deck.asks.iter().map(|a| {
        let why = a.reason.as_ref().map_or_else(String::new, |why| format!(", '{why}'"));
        let by = a.answered_by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
        let until = a.expires_at.format("%H:%M:%SZ");
        let rows = words::of(a.things, "row", "rows");
        let line =
            format!("ask {} of {}: {} {}, {rows}{why}; {}{by}, until {until}", a.id, a.name, a.verb, a.target, a.state);
        let open = a.state == "open";
        let line = PaperLine::says(line).grave(open);
        if !open {
            return line;
        }
        line.then("agree to it", format!("deck approve {}", a.id)).then("refuse it", format!("deck refuse {}", a.id))
    });
    let consoles = deck.consoles.iter().map(|c| {
        let on = c.chosen.as_ref().map_or_else(String::new, |on| format!(" {on}"));
        let asks = c.verb.as_ref().zip(c.target.as_ref());
        let asks = asks.map_or_else(String::new, |(verb, target)| format!(", asks itself: {verb} {target}"));
        let since = c.since.format("%m-%d %H:%M:%SZ");
        PaperLine::says(format!("{} ({}) at {}: {}{on}{asks}; open since {since}", c.name, c.login, c.node, c.screen))
    });
    let policy =
        deck.second_person.then(|| PaperLine::says("What is heavy needs a second person in this environment."));
    asks.chain(consoles).chain(policy).collect()
}

async fn merge(db: &Db, primary: i64, duplicate: i64) -> Lines {
    let plan = actions::plan(db, Action::Merge { primary, duplicate }).await.map_err(text)?;
    Ok(vec![
        PaperLine::says(plan.sentence),
        PaperLine::says("Enter makes it so; it can be undone.")
            .then("merge", format!("duplicates merge {primary} {duplicate}")),
    ])
}

fn dead(group: &JobGroup) -> PaperLine {
    let line =
        PaperLine::says(format!("{:>9}  {:<18} {}", words::count(group.count), group.lane, group.error)).grave(true);
    line.then("show them", format!("jobs list lane:{} state:dead", group.lane))
        .then("show an example", format!("jobs show {}", group.example))
        .then("retry all dead jobs of this lane", format!("jobs retry --lane {}", group.lane))
        .then("discard all dead jobs of this lane", format!("jobs discard --lane {}", group.lane))
}

fn throughput(rows: &[ThroughputRow], span: TimeDelta) -> Vec<PaperLine> {
    let ms = |ms: Option<i32>| ms.map_or_else(|| "-".to_owned(), |ms| words::millis(i64::from(ms)));
    let head = PaperLine::says(format!(
        "{:<17} {:>10} {:>9} {:>9} {:>8} {:>8} {:>8} {:>8} {:>10} {:>8} {:>6}",
        "lane", "done", "done/s", "failed", "p50", "p95", "p99", "p95 worst", "deepest", "oldest", "shut"
    ));
    let line = |r: &ThroughputRow| {
        let rate = words::rate(r.done as f64 / span.num_seconds().max(1) as f64);
        let oldest = r.oldest_s.map_or_else(|| "-".to_owned(), |s| words::span(i64::from(s)));
        PaperLine::says(format!(
            "{:<17} {:>10} {rate:>9} {:>9} {:>8} {:>8} {:>8} {:>8} {:>10} {oldest:>8} {:>4.0} %",
            r.lane,
            words::count(r.done),
            words::count(r.failed),
            ms(r.p50_ms),
            ms(r.p95_ms),
            ms(r.p99_ms),
            ms(r.worst_ms),
            words::count(r.deepest),
            r.shut * 100.0
        ))
        .grave(r.shut > 0.0)
        .then("show this lane", format!("lanes show {}", r.lane))
    };
    let spans = [("5m", "5 minutes"), ("1h", "an hour"), ("6h", "6 hours"), ("1d", "a day"), ("7d", "7 days")];
    let spans = spans
        .iter()
        .fold(PaperLine::says("another span"), |line, (span, label)| line.then(label, format!("throughput {span}")));
    std::iter::once(head).chain(rows.iter().map(line)).chain([spans]).collect()
}

async fn jobs(sources: &Sources, filter: &str) -> Lines {
    let filter = Filter::parse_for(&JOBS, filter, Anchor::new(Utc::now(), sources.zone)).map_err(text)?;
    let page = views::jobs_matching(&sources.db, &filter, None, ROWS).await.map_err(text)?;
    let none = || vec![PaperLine::says("Nothing matches.")];
    Ok(if page.rows.is_empty() { none() } else { page.rows.iter().map(job).collect() })
}

fn job(job: &JobRow) -> PaperLine {
    let error = job.last_error.as_deref().unwrap_or("-");
    let phone = job.phone.as_deref().unwrap_or("-");
    let line = PaperLine::says(format!(
        "{:>10}  {:<16} {:<12} {:<10} {phone:<16} {error}",
        job.id, job.lane, job.kind, job.state
    ))
    .grave(job.state == "dead")
    .then("show it", format!("jobs show {}", job.id));
    match job.state.as_str() {
        "dead" => line
            .then("retry it", format!("jobs retry {}", job.id))
            .then("discard it", format!("jobs discard {}", job.id)),
        "running" => line,
        _ => line.then("cancel it", format!("jobs cancel {}", job.id)),
    }
}

/// The script line by line; each step can be done from here, through the same gate as if it were typed.
async fn runbook(db: &Db, wanted: &Wanted, file: Option<&str>) -> Lines {
    let script = runbook::script(&runbook::gather(db, wanted).await.map_err(text)?);
    let kept = file.map(|path| work::keep(path, &script)).transpose()?;
    let line = |line: &str| match line.strip_prefix("step ").and_then(|rest| rest.split_once(" switchboard ")) {
        Some((_, command)) => PaperLine::says(line)
            .then("do it now", command)
            .then("change it in the palette first", format!("{command} ")),
        None => PaperLine::says(line),
    };
    Ok(kept.map(PaperLine::says).into_iter().chain(script.lines().map(line)).collect())
}

async fn audit(db: &Db, noted: Option<(i64, String)>) -> Lines {
    let chain = views::audit_chain(db, noted).await.map_err(text)?;
    let rows = words::count(chain.rows);
    Ok(vec![
        match &chain.problem {
            None => PaperLine::says(format!("Whole: {rows} rows, none changed, none missing.")),
            Some(problem) => PaperLine::says(format!("NOT whole: {problem}")).grave(true),
        },
        PaperLine::says(format!(
            "Head {}:{}; note it elsewhere: `audit --verify --head` checks that it is still in the chain.",
            chain.head_seq, chain.head
        )),
    ])
}

/// What a file would bring, what it would cost, and what is missing before work can start.
async fn preflight(db: &Db, import: &Import) -> Lines {
    let report = work::rehearse(db, import).await?;
    let count = |n: u64| words::count(i64::try_from(n).unwrap_or(i64::MAX));
    let mut lines = vec![PaperLine::says(format!(
        "{} rows: {} new, {} there already, {} rejected.",
        count(report.read),
        count(report.inserted),
        count(report.duplicates),
        count(report.rejected)
    ))];
    if report.rejected > 0 && import.rejects.is_none() {
        lines.push(PaperLine::says("--rejects FILE keeps the rejected rows with their reasons."));
    }
    let quoted = |text: &str| shell_words::quote(text).into_owned();
    let mut line = format!("import {}", quoted(&import.path));
    for (name, value) in [("region", &import.region), ("rejects", &import.rejects)] {
        line.push_str(&value.as_ref().map_or_else(String::new, |value| format!(" --{name} {}", quoted(value))));
    }
    for (column, field) in &import.map {
        line.push_str(&format!(" --map {}", quoted(&format!("{column}={field}"))));
    }
    if import.lookup {
        let ask = Ask::parse(&import.packages)?;
        let prices = PriceBook::load(db).await.map_err(text)?;
        let each = ask.packages.iter().map(|p| prices.price("twilio", p)).sum::<i64>() as f64 / 1e6;
        let cost = words::dollars(each * report.inserted as f64);
        lines.push(PaperLine::says(format!("Looking the new ones up costs about {cost} (${each:.4} each).")));
        let lanes = views::lanes(db).await.map_err(text)?;
        let twilio = lanes.iter().find(|lane| lane.lane == "twilio" && lane.state != "ok");
        lines.extend(twilio.map(|lane| {
            let why = lane.reason.as_deref().unwrap_or("by hand");
            PaperLine::says(format!("They would wait: lane twilio is {} ({why}).", lane.state)).grave(true)
        }));
        line.push_str(" --lookup --yes");
    }
    if report.inserted + report.duplicates > 0 {
        let words = if import.lookup {
            "Enter imports the file and looks its new contacts up."
        } else {
            "Enter imports the file."
        };
        lines.insert(0, PaperLine::says(words).then("import", line));
    }
    let name =
        Path::new(&import.path).file_name().map_or_else(|| import.path.clone(), |n| n.to_string_lossy().into_owned());
    lines.push(PaperLine::says(format!("Nothing was written yet; the same file ({name}) twice changes nothing.")));
    Ok(lines)
}
