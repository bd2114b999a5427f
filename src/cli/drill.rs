//! `drill`: people practise before the night. The demo's stage with an outage, a clock, and a debrief at the end.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use serde::Serialize;
use tokio::runtime::Runtime;

use super::args::{Common, DemoArgs};
use super::demo::{Stage, drained};
use super::{Failure, output};
use crate::operations::handover::{self, Handover};
use crate::sandbox::Scenario;

/// Options of `drill`.
#[derive(Debug, Clone, Args)]
pub struct DrillArgs {
    /// What is rehearsed: flaky, outage or meltdown.
    pub scenario: Scenario,
    /// Contacts to look up meanwhile.
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub contacts: u32,
    /// Watch without a console until the queue is empty.
    #[arg(long)]
    pub headless: bool,
    /// Draw with ASCII characters only.
    #[arg(long)]
    pub ascii: bool,
}

/// One moment of the drill.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Moment {
    /// Seconds since the drill began.
    at_s: f64,
    /// `outage`, `person` or `recovery`.
    kind: &'static str,
    /// What happened, in words.
    what: String,
}

/// What a drill leaves.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Debrief {
    scenario: &'static str,
    seconds: f64,
    /// From the first opening to the first act of a person; none if nobody acted.
    first_act_s: Option<f64>,
    moments: Vec<Moment>,
}

pub fn run(common: &Common, args: &DrillArgs, runtime: &Runtime) -> Result<ExitCode, Failure> {
    let DrillArgs { scenario, contacts, headless, ascii } = *args;
    let on_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let mut stage = runtime.block_on(Stage::set(&DemoArgs::of(scenario, contacts, (headless, ascii))))?;
    let begun = Instant::now();
    let ended = if headless || common.json || !on_terminal {
        runtime.block_on(drained(stage.db(), begun, common.json)).map(|()| ExitCode::SUCCESS)
    } else {
        stage.show(ascii, runtime)
    };
    let length = TimeDelta::from_std(begun.elapsed()).unwrap_or(TimeDelta::days(1));
    let shift = runtime.block_on(handover::gather(stage.db(), length));
    runtime.block_on(stage.strike())?;
    let ended = ended?;
    let debrief = debrief(scenario, &shift?);
    if common.json {
        output::json(&debrief)?;
    } else {
        print(&debrief)?;
    }
    Ok(ended)
}

/// Who needed how long for what. Pure.
fn debrief(scenario: Scenario, shift: &Handover) -> Debrief {
    let at_s = |at: DateTime<Utc>| ((at - shift.since).num_milliseconds().max(0) as f64 / 100.0).round() / 10.0;
    let mut moments = Vec::new();
    for outage in &shift.outages {
        let what = format!("{} opened: {}", outage.breaker, outage.cause);
        moments.push(Moment { at_s: at_s(outage.opened_at), kind: "outage", what });
        if let Some(closed) = outage.closed_at {
            let what = format!("{} closed after {} failed probes", outage.breaker, outage.failed_probes);
            moments.push(Moment { at_s: at_s(closed), kind: "recovery", what });
        }
    }
    for act in shift.actions.iter().filter(|act| act.at >= shift.since) {
        let what = format!("{} {}: {}", act.verb, act.target, act.result);
        moments.push(Moment { at_s: at_s(act.at), kind: "person", what });
    }
    moments.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    let first = |kind: &str, after: f64| moments.iter().find(|m| m.kind == kind && m.at_s >= after).map(|m| m.at_s);
    let opened = first("outage", 0.0);
    let first_act_s =
        opened.and_then(|opened| first("person", opened).map(|act| ((act - opened) * 10.0).round() / 10.0));
    Debrief { scenario: scenario.name(), seconds: at_s(shift.until), first_act_s, moments }
}

fn print(debrief: &Debrief) -> Result<(), Failure> {
    output::line("")?;
    output::line(&format!("Drill {}, {:.0} s", debrief.scenario, debrief.seconds))?;
    let rows: Vec<Vec<String>> =
        debrief.moments.iter().map(|m| vec![format!("{:.1} s", m.at_s), m.kind.to_owned(), m.what.clone()]).collect();
    output::table(&["at", "kind", "what"], &rows)?;
    output::line(&match debrief.first_act_s {
        Some(seconds) => format!("The first act came {seconds:.1} s after the first opening."),
        None => "Nobody acted: the breakers opened, probed and closed by themselves.".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::handover::Outage;

    #[test]
    fn the_clock_of_a_drill_begins_with_it() {
        let since = DateTime::UNIX_EPOCH;
        let shift = Handover {
            since,
            until: since + TimeDelta::seconds(60),
            environment: "drill".into(),
            lanes: Vec::new(),
            breakers: Vec::new(),
            alerts: Vec::new(),
            outages: vec![Outage {
                breaker: "twilio".into(),
                opened_at: since + TimeDelta::seconds(10),
                closed_at: Some(since + TimeDelta::seconds(30)),
                cause: "HTTP 503".into(),
                failed_probes: 1,
            }],
            events: Vec::new(),
            actions: Vec::new(),
            work: Vec::new(),
            dead: Vec::new(),
        };
        let debrief = debrief(Scenario::Outage, &shift);
        assert_eq!(
            debrief.moments.iter().map(|m| (m.at_s, m.kind)).collect::<Vec<_>>(),
            [(10.0, "outage"), (30.0, "recovery")]
        );
        assert_eq!(debrief.first_act_s, None);
        assert_eq!(debrief.seconds, 60.0);
    }
}
