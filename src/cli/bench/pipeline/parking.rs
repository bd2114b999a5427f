//! What stands still, and how soon: a pause, an open breaker, a spent budget and a refused credential park the lane, what was already
//! claimed goes back to it, and nothing of it is burnt. Moments are those of the database.

use std::time::Duration;

use super::super::super::Failure;
use super::super::super::args::Common;
use super::super::super::evidence::bar::Row;
use super::field::Field;
use super::form::Form;
use super::worker::Worker;
use crate::operations::actions::Action;

/// A lane parks within this time.
const ALLOWED: f64 = 1.0;
/// How long a call takes: what is in flight ends by itself.
const LATENCY: Duration = Duration::from_millis(50);
/// Lookups, far more than the calls before the cause.
const CONTACTS: usize = 600;
/// Calls before the cause.
const BEFORE: u64 = 80;
/// How often the lane is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// Why a lane parks: its name, and the moment as the database knows it.
const CAUSES: [(&str, &str); 4] = [
    ("pause", "SELECT paused_at FROM lanes WHERE lane = 'twilio'"),
    ("breaker", "SELECT opened_at FROM breakers WHERE lane = 'twilio' AND state = 'open'"),
    ("budget", "SELECT parked_at FROM lanes WHERE lane = 'twilio' AND parked_reason = 'budget'"),
    ("credential", "SELECT parked_at FROM lanes WHERE lane = 'twilio' AND parked_reason = 'credential'"),
];

/// Shows it for each cause.
pub async fn show(common: &Common, form: &Form) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for (cause, moment) in CAUSES {
        let field = Field::lay(common, form, CONTACTS, Some(LATENCY)).await?;
        let long = |key: &str| (format!("SWITCHBOARD_BREAKERS__TWILIO__{key}"), "5m".to_owned());
        let mut settings = vec![long("COOL_OFF"), long("COOL_OFF_CAP")];
        if cause == "budget" {
            settings.push(("SWITCHBOARD_PROVIDERS__TWILIO__BUDGET_CALLS".to_owned(), (2 * BEFORE).to_string()));
        }
        let mut worker = field.worker(&settings, false)?;
        field.calls(&mut worker, "twilio", BEFORE).await?;
        bring_about(&field, cause).await?;
        let took = parked(&field, &mut worker, moment).await?;
        let burnt = field.count("SELECT count(*) FROM jobs WHERE lane = 'twilio' AND attempt > 0 AND NOT EXISTS (SELECT FROM job_failures f WHERE f.job_id = jobs.id)").await?;
        worker.stop().await?;
        field.clear().await?;
        rows.push(
            Row::at_most(format!("parking/{cause}"), took, "s", ALLOWED)
                .note("from the cause until nobody holds a job of the lane"),
        );
        rows.push(
            Row::at_most(format!("parking/{cause}/burnt"), burnt as f64, "attempts", 0.0).note("of what went back"),
        );
    }
    Ok(rows)
}

async fn bring_about(field: &Field, cause: &str) -> Result<(), Failure> {
    match cause {
        "pause" => {
            field.act(Action::PauseLane { lane: "twilio".to_owned(), reason: Some("measured".into()) }).await?;
        }
        "breaker" => field.sandbox.begin_script("twilio", "503".parse()?)?,
        "credential" => field.sandbox.begin_script("twilio", "401".parse()?)?,
        // It comes by itself.
        _ => {}
    }
    Ok(())
}

/// Seconds from the moment of the cause until no job of the lane is held.
async fn parked(field: &Field, worker: &mut Worker, moment: &'static str) -> Result<f64, Failure> {
    field.until(worker, "SELECT EXISTS (SELECT FROM lanes WHERE lane = 'twilio' AND (paused OR parked_reason IS NOT NULL)) OR EXISTS (SELECT FROM breakers WHERE lane = 'twilio' AND state = 'open')").await?;
    let sql = format!(
        "/* sample */ SELECT extract(epoch FROM clock_timestamp() - ({moment}))::float8 WHERE NOT EXISTS (SELECT FROM jobs WHERE lane = 'twilio' AND state = 'running')"
    );
    loop {
        let took: Option<Option<f64>> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str())).fetch_optional(field.db.pool()).await?;
        if let Some(Some(took)) = took {
            return Ok(took);
        }
        if worker.has_failed()? {
            return Err(Failure::new(format!("a worker failed while its lane was parked; it said: {}", worker.said())));
        }
        tokio::time::sleep(LOOK).await;
    }
}
