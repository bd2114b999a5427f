//! One provider goes down in the middle of the work. Its calls while it is open are probes alone, no attempt is burnt, lanes that
//! need nothing from it keep their rate, and every contact ends.
//!
//! Each lane is held to three quarters of what comes in from the lanes before it, so that each has work waiting for the whole time and its rate is its own, and
//! the processor is far from busy. The rate in the outage is compared with that of an equal time before it; then lanes go free.

use std::collections::BTreeMap;

use chrono::Utc;
use clap::ValueEnum;

use super::super::super::Failure;
use super::super::super::args::Common;
use super::super::super::demo::report::{Report, report};
use super::super::super::evidence::bar::Row;
use super::super::super::evidence::rates::{CALLS_MIN, KEPT, LONG_ENOUGH, around};
use super::super::figure::median;
use super::PipelineArgs;
use super::field::{Field, census};
use super::form::{Form, rate};
use crate::enrichment::graph::{self, Step};
use crate::operations::actions::Action;
use crate::sandbox::Sandbox;

/// Before what is measured: the lanes fill. A part of the outage's length, as are all of these.
const WARM: f64 = 0.2;
/// Lookups go on for so long after the outage.
const BEHIND: f64 = 0.1;
/// A lane's part of what comes in, for each lane before it.
const HELD: f64 = 0.75;
/// Calls a second that hold nothing back.
const FREE: f64 = 1e5;

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
    /// Calls of each untouched lane before it and in it, in equal times.
    calls: BTreeMap<&'static str, (usize, usize)>,
}

/// Rates that hold every lane, and when it is time for the outage.
struct Pace {
    variables: Vec<(String, String)>,
    held: Vec<&'static str>,
    lookups_before: u64,
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
    let lookups = form.outage.as_secs_f64() * (WARM + 2.0 + BEHIND);
    let per_second = form.contacts as f64 / lookups;
    let mut variables = vec![rate("twilio", per_second), form.impatience(provider)];
    let held = graph::untouched_by(provider);
    for lane in held.iter().filter(|lane| **lane != "twilio") {
        let part = calls.get(lane).map_or(0.0, |n| *n as f64 / form.contacts as f64);
        variables.push(rate(lane, part * per_second * HELD.powi(depth(lane))));
    }
    let lookups_before = (form.outage.as_secs_f64() * (WARM + 1.0) * per_second) as u64;
    Pace { variables, held, lookups_before }
}

/// How many lanes are before it on the longest way from the lookup.
fn depth(lane: &str) -> i32 {
    let mut depths: BTreeMap<Step, i32> = BTreeMap::new();
    let mut deepest = 0;
    // Edges point to earlier steps: one walk finds them all.
    for step in Step::ALL {
        let before = step.after().iter().chain(step.needs().iter().flat_map(|need| need.givers()));
        let longest = before.map(|before| depths.get(before).copied().unwrap_or(0)).max().unwrap_or(0);
        let own = if step == Step::Lookup { 0 } else { longest + 1 };
        depths.insert(step, own);
        // A source gets what those before it had no answer to.
        let place = step.sources().iter().position(|source| source.lane == lane);
        deepest = place.map_or(deepest, |place| deepest.max(own + i32::try_from(place).unwrap_or(0)));
    }
    deepest
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
    field.calls(&mut worker, "twilio", pace.lookups_before).await?;
    let script = format!("{}:{}ms ok", kind.mode(), form.outage.as_millis());
    field.sandbox.begin_script(provider, script.parse()?)?;
    let down = Utc::now();
    tokio::time::sleep(form.outage).await;
    for lane in &pace.held {
        field.act(Action::RateLane { lane: (*lane).to_owned(), rate: Some(FREE) }).await?;
    }
    field.empty(&mut worker).await?;
    worker.ended().await?;
    let seconds = (Utc::now() - begun).as_seconds_f64();
    let report = report(&field.db, &field.sandbox, seconds).await?;
    let calls = around(&field.sandbox.calls(), &pace.held, (down, form.outage));
    field.clear().await?;
    Ok(Run { report, calls })
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
    rows.push(rate_kept(name("rate_kept"), form, runs));
    rows
}

/// The part of its rate that the slowest of the untouched lanes kept, by the medians of the runs.
fn rate_kept(name: String, form: &Form, runs: &[Run]) -> Row {
    let lanes: Vec<&'static str> = runs.first().map(|run| run.calls.keys().copied().collect()).unwrap_or_default();
    let of = |lane: &str| runs.iter().filter_map(|run| run.calls.get(lane).copied()).collect::<Vec<_>>();
    let (mut judged, mut told) = (Vec::new(), Vec::new());
    for lane in lanes {
        let calls = of(lane);
        let parts: Vec<f64> = calls.iter().map(|(before, during)| *during as f64 / (*before).max(1) as f64).collect();
        let (kept, before) = (median(&parts), calls.iter().map(|(before, _)| *before).min().unwrap_or(0));
        if before >= CALLS_MIN {
            judged.push(kept);
        }
        told.push(format!("{lane} {kept:.3} of {:.1}/s", before as f64 / form.outage.as_secs_f64()));
    }
    let note = format!(
        "the slowest lane; medians of {} runs over {} s each: {}",
        runs.len(),
        form.outage.as_secs(),
        told.join(", ")
    );
    let worst = judged.iter().copied().fold(f64::MAX, f64::min);
    if judged.is_empty() {
        return Row::figure(name, 0.0, "lanes judged").note(note);
    }
    // A few seconds are too short for a rate: the short form tells it and judges nothing by it.
    let row = if form.outage >= LONG_ENOUGH {
        Row::at_least(name, worst, "of the rate before", KEPT)
    } else {
        Row::figure(name, worst, "of the rate before")
    };
    row.note(note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_is_held_below_what_the_lanes_before_it_let_through() {
        let depths =
            ["twilio", "clearbit-phone", "clearbit-company", "whitepages", "truecaller", "zerobounce"].map(depth);
        assert_eq!(depths, [0, 1, 2, 1, 2, 4]);
    }
}
