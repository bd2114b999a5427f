//! One provider goes down in the middle of the work. Its calls while it is open are probes alone, no attempt is burnt, lanes that
//! need nothing from it keep their rate, and every contact ends.
//!
//! Lanes are held to three quarters of what comes in, so that each has work waiting for the whole time and its rate is its own.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use clap::ValueEnum;

use super::super::super::Failure;
use super::super::super::args::Common;
use super::super::super::demo::report::{Report, report};
use super::super::figure::median;
use super::PipelineArgs;
use super::bar::Row;
use super::field::{Field, census};
use super::form::{Form, rate};
use crate::enrichment::graph;
use crate::sandbox::Sandbox;

/// The outage begins after this part of the lookups, and they go on for as long as it lasts.
const BEFORE: f64 = 0.35;
/// The rate before it is taken over this part of the lookups' time.
const WINDOW: f64 = 0.2;
/// A lane's part of what comes in.
const HELD: f64 = 0.75;
/// Lanes with fewer calls before it have no rate worth the name.
const CALLS_MIN: usize = 8;
/// Outages that are long enough for a rate to be measured in.
const LONG_ENOUGH: Duration = Duration::from_secs(20);
/// Lanes keep so much of their rate.
const KEPT: f64 = 0.95;

/// How a provider goes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// It answers 503.
    #[value(name = "5xx")]
    Status,
    /// It does not answer.
    Timeout,
    /// It tears connections down.
    Reset,
    /// It answers 200 with what is no JSON.
    Garbage,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Status => "5xx",
            Kind::Timeout => "timeout",
            Kind::Reset => "reset",
            Kind::Garbage => "garbage",
        }
    }

    fn mode(self) -> &'static str {
        match self {
            Kind::Status => "503",
            Kind::Timeout => "hang",
            Kind::Reset => "reset",
            Kind::Garbage => "garbage",
        }
    }
}

/// What one run showed.
struct Run {
    report: Report,
    /// Part of its rate that each untouched lane kept.
    kept: BTreeMap<&'static str, f64>,
}

/// Rates that hold every lane, and the time that the lookups take by them.
struct Pace {
    variables: Vec<(String, String)>,
    lookups: Duration,
}

/// Shows it for each kind.
pub async fn show(common: &Common, form: &Form, args: &PipelineArgs) -> Result<Vec<Row>, Failure> {
    let provider = Sandbox::providers().find(|id| *id == args.provider);
    let provider = provider.ok_or_else(|| Failure::usage(format!("there is no stand-in for `{}`", args.provider)))?;
    let pace = pace(&census(common, form, form.contacts).await?, form, provider);
    let kinds = if args.kind.is_empty() { Kind::value_variants() } else { &args.kind };
    let mut rows = Vec::new();
    for kind in kinds {
        let mut runs = Vec::new();
        for _ in 0..form.runs {
            runs.push(once(common, form, (provider, *kind), &pace).await?);
        }
        rows.extend(told(*kind, form, &runs));
    }
    Ok(rows)
}

fn pace(calls: &BTreeMap<&'static str, u64>, form: &Form, provider: &str) -> Pace {
    let lookups = form.outage.as_secs_f64() / (1.0 - BEFORE) * 1.05;
    let per_second = form.contacts as f64 / lookups;
    let mut variables = vec![rate("twilio", per_second), form.impatience(provider)];
    for lane in graph::untouched_by(provider).into_iter().filter(|lane| *lane != "twilio") {
        let part = calls.get(lane).map_or(0.0, |n| *n as f64 / form.contacts as f64);
        variables.push(rate(lane, part * per_second * HELD));
    }
    Pace { variables, lookups: Duration::from_secs_f64(lookups) }
}

async fn once(
    common: &Common,
    form: &Form,
    (provider, kind): (&'static str, Kind),
    pace: &Pace,
) -> Result<Run, Failure> {
    let field = Field::lay(common, form, form.contacts, form.latency).await?;
    let begun = Utc::now();
    let mut worker = field.worker(&pace.variables, true)?;
    field.calls(&mut worker, "twilio", (form.contacts as f64 * BEFORE) as u64).await?;
    let script = format!("{}:{}ms ok", kind.mode(), form.outage.as_millis());
    field.sandbox.set_script(provider, script.parse()?)?;
    let down = Utc::now();
    field.empty(&mut worker).await?;
    worker.ended().await?;
    let seconds = (Utc::now() - begun).as_seconds_f64();
    let report = report(&field.db, &field.sandbox, seconds).await?;
    let kept = kept(&field.sandbox, (provider, down), form, pace);
    field.clear().await?;
    Ok(Run { report, kept })
}

/// The part of its rate that each untouched lane kept.
fn kept(
    sandbox: &Sandbox,
    (provider, down): (&str, DateTime<Utc>),
    form: &Form,
    pace: &Pace,
) -> BTreeMap<&'static str, f64> {
    let delta = |time: Duration| TimeDelta::from_std(time).unwrap_or(TimeDelta::zero());
    let calls = sandbox.calls();
    let within = |lane: &str, from: DateTime<Utc>, length: Duration| {
        calls.iter().filter(|call| call.provider == lane && call.at >= from && call.at < from + delta(length)).count()
    };
    let window = pace.lookups.mul_f64(WINDOW);
    let mut kept = BTreeMap::new();
    for lane in graph::untouched_by(provider) {
        let (before, during) = (within(lane, down - delta(window), window), within(lane, down, form.outage));
        if before >= CALLS_MIN {
            let rate = |calls: usize, length: Duration| calls as f64 / length.as_secs_f64();
            kept.insert(lane, rate(during, form.outage) / rate(before, window));
        }
    }
    kept
}

fn told(kind: Kind, form: &Form, runs: &[Run]) -> Vec<Row> {
    let name = |figure: &str| format!("outage/{}/{figure}", kind.name());
    let most = |of: fn(&Report) -> f64| runs.iter().map(|run| of(&run.report)).fold(f64::MIN, f64::max);
    let probes = runs.iter().map(|run| run.report.calls.probes).sum::<i64>() as f64;
    let while_open = runs.iter().map(|run| run.report.calls.while_open).sum::<usize>() as f64;
    let unfinished = most(|r| (r.contacts.unfinished + r.jobs.left + r.jobs.dead) as f64);
    let openings = runs.iter().map(|run| run.report.breaker_openings).min().unwrap_or(0) as f64;
    let mut rows = vec![
        Row::at_least(name("openings"), openings, "breakers", 1.0).note("the least of the runs"),
        Row::at_most(name("calls_while_open"), while_open, "calls", probes)
            .note("at the stand-in, all runs; the bar is the number of probes"),
        Row::at_most(name("attempts_burnt_while_open"), most(|r| r.attempts_burnt_while_open as f64), "attempts", 0.0),
        Row::at_most(name("unfinished"), unfinished, "contacts", 0.0)
            .note(format!("unfinished contacts, jobs left and dead jobs, of {} contacts", form.contacts)),
    ];
    let lanes: Vec<&'static str> = runs.first().map(|run| run.kept.keys().copied().collect()).unwrap_or_default();
    let medians: Vec<(&str, f64)> = lanes
        .into_iter()
        .map(|lane| (lane, median(&runs.iter().filter_map(|run| run.kept.get(lane).copied()).collect::<Vec<_>>())))
        .collect();
    if let Some((lane, worst)) = medians.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1)) {
        let all: Vec<String> = medians.iter().map(|(lane, kept)| format!("{lane} {kept:.3}")).collect();
        let note = format!("{lane}; medians of {}: {}", runs.len(), all.join(", "));
        // A few seconds are too short for a rate: the short form tells it and judges nothing by it.
        let row = if form.outage >= LONG_ENOUGH {
            Row::at_least(name("rate_kept"), worst, "of the rate before", KEPT)
        } else {
            Row::figure(name("rate_kept"), worst, "of the rate before")
        };
        rows.push(row.note(note));
    }
    rows
}
