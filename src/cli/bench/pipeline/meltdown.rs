//! Four providers go down at one moment, each in a way of its own. At recovery no more calls are at once than the ramp allows,
//! and no time is lost beyond the outage, the rest of the cool-off, the ramp and the work itself (`sums.rs`).

use chrono::{TimeDelta, Utc};

use super::super::super::Failure;
use super::super::super::args::Common;
use super::super::super::demo::report::report;
use super::super::super::evidence::bar::Row;
use super::super::super::evidence::bursts::bursts;
use super::super::super::evidence::schedule::{history, recoveries};
use super::super::super::evidence::sums::{Calm, Down, told, ways};
use super::field::Field;
use super::form::Form;

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
    let until = down + TimeDelta::from_std(form.outage).unwrap_or(TimeDelta::zero());
    let downs = DOWN.map(|(provider, ..)| Down { provider, from: down, until });
    let ways = ways(&calm, (begun, &downs), &recoveries, &calls);
    let mut rows = vec![Row::figure("meltdown/calm", calm.took, "s").note("the same contacts without an outage")];
    rows.extend(told("meltdown", &ways, &history));
    let (longest, least) = ways.first().map_or(("none", calm.took), |way| (way.provider, way.sum()));
    let note = format!("the bar is {ALLOWED} times the longest of these ways, {longest}'s {least:.1} s");
    rows.push(Row::at_most("meltdown/time", took, "s", least * ALLOWED).note(note));
    rows.extend(bursts("meltdown", &recoveries, &calls));
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
