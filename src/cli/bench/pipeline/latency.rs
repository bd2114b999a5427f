//! Providers that take 50 ms: contacts a second, and what each contact costs the processor and the server.

use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};

use super::super::super::Failure;
use super::super::super::args::Common;
use super::super::super::demo::report::report;
use super::super::super::evidence::bar::Row;
use super::super::super::evidence::process;
use super::field::Field;
use super::form::Form;

const LATENCY: Duration = Duration::from_millis(50);

/// Shows it.
pub async fn show(common: &Common, form: &Form) -> Result<Vec<Row>, Failure> {
    let field = Field::lay(common, form, form.contacts, Some(LATENCY)).await?;
    // What the import did is not counted.
    let reset = "SELECT pg_stat_statements_reset(0, (SELECT oid FROM pg_database WHERE datname = current_database()))";
    drop(sqlx::query(reset).execute(field.db.pool()).await);
    let server = field.server_pid().and_then(|pid| u32::try_from(pid).ok());
    let (workers_before, server_before) = (children(), server.and_then(process::family));
    let took = field.work(&[]).await?;
    let (workers_after, server_after) = (children(), server.and_then(process::family));
    let report = report(&field.db, &field.sandbox, took.as_secs_f64()).await?;
    let jobs = field.count("SELECT count(*) FROM job_history").await?;
    field.clear().await?;
    let contacts = form.contacts as f64;
    let each = |time: Duration| time.as_secs_f64() * 1000.0 / contacts;
    let mut rows = vec![
        Row::figure("latency/contacts", contacts / took.as_secs_f64(), "contacts/s").note(format!(
            "{} contacts, {jobs} jobs, {} calls of 50 ms, from an empty start to the last job",
            form.contacts, report.calls.total
        )),
        Row::figure("latency/worker_cpu", each(workers_after.saturating_sub(workers_before)), "ms/contact")
            .note("the worker's process"),
    ];
    if let Some((before, after)) = server_before.zip(server_after) {
        rows.push(
            Row::figure("latency/server_cpu", each(after.saturating_sub(before)), "ms/contact")
                .note("all processes of the server"),
        );
    }
    if let Some(statements) = report.sql_statements {
        rows.push(
            Row::figure("latency/statements", statements as f64 / contacts, "statements/contact")
                .note(format!("{statements} counted by the server (pg_stat_statements), less heartbeats and samples")),
        );
    }
    rows.push(Row::at_most(
        "latency/unfinished",
        (report.contacts.unfinished + report.jobs.dead) as f64,
        "contacts",
        0.0,
    ));
    Ok(rows)
}

/// Processor time of all children of this process that have ended.
fn children() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_CHILDREN) else { return Duration::ZERO };
    let time = |t: nix::sys::time::TimeVal| {
        Duration::from_secs(u64::try_from(t.tv_sec()).unwrap_or(0))
            + Duration::from_micros(u64::try_from(t.tv_usec()).unwrap_or(0))
    };
    time(usage.user_time()) + time(usage.system_time())
}
