//! Four providers go down at one moment, each in a way of its own. At recovery no more calls are at once than the ramp allows,
//! and no time is lost beyond the outage, the rest of the cool-off, the ramp and the work itself (`sums.rs`).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{TimeDelta, Utc};

use super::super::super::Failure;
use super::super::super::args::Common;
use super::super::super::demo::report::report;
use super::bar::Row;
use super::field::Field;
use super::form::Form;
use super::schedule::{Recovery, history, recoveries};
use super::sums::{Calm, Way, ways};
use crate::sandbox::CallRecord;

/// Who, and how in the first two thirds of the outage and in the last.
const DOWN: [(&str, &str, &str); 4] = [
    ("twilio", "503", "reset"),
    ("clearbit-company", "reset", "500"),
    ("hunter", "502", "504"),
    ("zerobounce", "500", "garbage"),
];
/// The one whose calls say when it is time for the outage.
const FIRST: &str = "twilio";
/// Time beyond the unavoidable.
const ALLOWED: f64 = 1.15;
/// Tenths of a second after the recovery that are told.
const TENTHS: i64 = 12;

/// Shows it: a calm run, then the same work through the meltdown.
pub async fn show(common: &Common, form: &Form) -> Result<Vec<Row>, Failure> {
    let calm = calm(common, form).await?;
    let field = Field::lay(common, form, form.contacts, form.latency).await?;
    let begun = Utc::now();
    let mut worker = field.worker(&[], true)?;
    field.calls(&mut worker, FIRST, form.contacts as u64 / 5).await?;
    let down = Utc::now();
    let (most, rest) = (form.outage * 2 / 3, form.outage / 3);
    for (provider, first, then) in DOWN {
        let script = format!("{first}:{}ms {then}:{}ms ok", most.as_millis(), rest.as_millis());
        field.sandbox.begin_script(provider, script.parse()?)?;
    }
    field.empty(&mut worker).await?;
    let took = (Utc::now() - begun).as_seconds_f64();
    worker.ended().await?;
    let report = report(&field.db, &field.sandbox, took).await?;
    let (recoveries, history) = (recoveries(&field.db).await?, history(&field.db, down).await?);
    let calls = field.sandbox.calls();
    let incidents = field.count("SELECT count(*) FROM alerts WHERE key = 'incident/breakers'").await?;
    field.clear().await?;
    let ways = ways(&calm, (begun, down, form.outage), &recoveries, &calls);
    let mut rows = times(&ways, (calm.took, took), &history);
    rows.extend(bursts(&recoveries, &calls));
    let name = |figure: &str| format!("meltdown/{figure}");
    let left = report.contacts.unfinished + report.jobs.left + report.jobs.dead;
    rows.extend([
        Row::at_most(name("calls_while_open"), report.calls.while_open as f64, "calls", report.calls.probes as f64)
            .note("at the stand-ins; the bar is the number of probes"),
        Row::at_most(name("attempts_burnt_while_open"), report.attempts_burnt_while_open as f64, "attempts", 0.0),
        Row::at_most(name("unfinished"), left as f64, "contacts", 0.0)
            .note(format!("unfinished contacts, jobs left and dead jobs, of {} contacts", form.contacts)),
        Row::at_most(name("incidents"), incidents as f64, "alerts", 1.0)
            .note("three or more breakers open are one incident, however many they are"),
    ]);
    Ok(rows)
}

/// The same work without an outage.
async fn calm(common: &Common, form: &Form) -> Result<Calm, Failure> {
    let field = Field::lay(common, form, form.contacts, form.latency).await?;
    let begun = Utc::now();
    let took = field.work(&[]).await?;
    let calm = Calm::of(begun, took, &field.sandbox.calls());
    field.clear().await?;
    Ok(calm)
}

/// The time beside the sum of what can't be avoided: providers recover side by side, and the longest way counts.
fn times(ways: &[Way], (calm, took): (f64, f64), history: &BTreeMap<&'static str, String>) -> Vec<Row> {
    let mut rows = vec![Row::figure("meltdown/calm", calm, "s").note("the same contacts without an outage")];
    for way in ways {
        let Way { before, outage, rest, ramp, work, .. } = way;
        let told = history.get(way.provider).map_or("", String::as_str);
        rows.push(Row::figure(format!("meltdown/unavoidable/{}", way.provider), way.sum(), "s").note(format!(
            "before it {before:.1} + outage {outage:.1} + rest of the cool-off {rest:.1} + ramp {ramp:.1} + work left at the calm rate {work:.1}; {told}"
        )));
    }
    let least = ways.first().map_or(calm, Way::sum);
    let longest = ways.first().map_or("none", |way| way.provider);
    let note = format!("the bar is {ALLOWED} times the longest of these ways, {longest}'s {least:.1} s");
    rows.push(Row::at_most("meltdown/time", took, "s", least * ALLOWED).note(note));
    rows
}

/// Calls at once during each ramp beside what its step allowed.
fn bursts(recoveries: &[Recovery], calls: &[CallRecord]) -> Vec<Row> {
    let mut rows = Vec::new();
    for recovery in recoveries {
        let own: Vec<&CallRecord> = calls.iter().filter(|call| call.provider == recovery.provider).collect();
        let over = recovery.ramp.iter().flat_map(|step| {
            let within = own.iter().filter(move |call| call.at >= step.from && call.at < step.until);
            within.map(move |call| f64::from(call.at_once) - f64::from(step.at_once))
        });
        let over = over.fold(0.0, f64::max);
        let steps: Vec<String> = recovery.ramp.iter().map(|step| step.at_once.to_string()).collect();
        let note =
            format!("steps {}; most at once in each tenth of a second: {}", steps.join(", "), tenths(recovery, &own));
        let name = format!("meltdown/{}/at_once_above_the_ramp", recovery.provider);
        rows.push(Row::at_most(name, over, "calls", 0.0).note(note));
    }
    rows
}

/// The most calls at once in each tenth of a second from the probe on.
fn tenths(recovery: &Recovery, own: &[&CallRecord]) -> String {
    let mut text = String::new();
    for tenth in 0..TENTHS {
        let from = recovery.answered + TimeDelta::milliseconds(100 * tenth);
        let within = own.iter().filter(|call| call.at >= from && call.at < from + TimeDelta::milliseconds(100));
        let _ =
            write!(text, "{}{}", if tenth > 0 { " " } else { "" }, within.map(|call| call.at_once).max().unwrap_or(0));
    }
    text
}
