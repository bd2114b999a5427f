//! The rotations, and what the stand-ins saw of each.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::super::super::Failure;
use super::Pace;
use super::stage::Stage;

/// A worker that has not called with the new secret by then never will.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(2);
/// Between the death of an old secret and the next rotation: time in which it would be missed.
const AFTER: Duration = Duration::from_millis(200);

/// What was measured.
#[derive(Debug, Default)]
pub struct Turns {
    /// Milliseconds from an activation to the first call with it, for each worker and rotation.
    pub heard_ms: Vec<f64>,
    /// Lookups in flight at each activation.
    pub in_flight: Vec<f64>,
}

impl Turns {
    /// One good rotation, to the credential with this number; the one before dies soon after.
    pub async fn turn(&mut self, stage: &mut Stage, number: u32, pace: Pace) -> Result<(), Failure> {
        let credential = stage.accept(number);
        let turned = stage.enter("rotate", &credential).await?;
        self.in_flight.push(stage.in_flight() as f64);
        let at = activated(&turned)?;
        let since = (Utc::now() - at).to_std().unwrap_or_default();
        stage.refuse(number - 1, pace.dies_after.saturating_sub(since));
        self.heard(stage, number, at).await?;
        let since = (Utc::now() - at).to_std().unwrap_or_default();
        tokio::time::sleep(pace.dies_after.saturating_sub(since) + AFTER).await;
        Ok(())
    }

    /// Waits until every worker has called with it.
    async fn heard(&mut self, stage: &Stage, number: u32, at: DateTime<Utc>) -> Result<(), Failure> {
        let begun = Instant::now();
        loop {
            let first: Vec<_> = stage.doors.iter().filter_map(|door| door.first_seen(number)).collect();
            if first.len() == stage.doors.len() {
                let ms = |seen: &DateTime<Utc>| (*seen - at).num_microseconds().unwrap_or(i64::MAX) as f64 / 1000.0;
                self.heard_ms.extend(first.iter().map(ms));
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err(Failure::new(format!("a worker never called with credential {number}; please report it")));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// A secret that passes its verification and is refused by all the rest: milliseconds until the one before is current
    /// again in the database. The refusal, its confirmation and the word about the one before each take an answer's time.
    pub async fn bad_one(&mut self, stage: &mut Stage, number: u32, pace: Pace) -> Result<f64, Failure> {
        let credential = stage.accept(number);
        stage.refuse(number, Duration::ZERO);
        let turned = stage.enter("rotate", &credential).await?;
        let at = activated(&turned)?;
        let sql = "SELECT (SELECT min(at) FROM timeline WHERE kind = 'credential' AND actor = 'switchboard' AND at > $1 AND summary LIKE '%refused within its watch%')";
        let begun = Instant::now();
        loop {
            let back: Option<DateTime<Utc>> = sqlx::query_scalar(sql).bind(at).fetch_one(stage.db.pool()).await?;
            if let Some(back) = back {
                return Ok((back - at).num_microseconds().unwrap_or(i64::MAX) as f64 / 1000.0);
            }
            if begun.elapsed() > PATIENCE + pace.latency * 4 {
                return Err(Failure::new("a refused secret was not rolled back; please report it with this output"));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// When the activating transaction began, by the database's clock: earlier than its commit, so that nothing is flattered.
fn activated(turned: &Value) -> Result<DateTime<Utc>, Failure> {
    let at = turned["activated_at"].as_str().and_then(|text| text.parse().ok());
    at.ok_or_else(|| Failure::new("a rotation did not say when it was activated; please report it"))
}
