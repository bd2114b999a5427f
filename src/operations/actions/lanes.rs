//! Pause, resume and scale a lane: one row each, heard by every node within a second.

use serde_json::{Value, json};
use sqlx::PgConnection;

use super::draft::{Done, Draft, Inverse, Refusal};
use super::{Action, Actor, Tier, twin};
use crate::catalogue;
use crate::database::Db;
use crate::queue;

pub(super) async fn plan(db: &Db, action: &Action) -> Result<Draft, Refusal> {
    let lane = action.target();
    known(&lane)?;
    let waiting: i64 = queue::depth::of_lane(db, &lane).await?.waiting;
    let (sentence, twin) = match action {
        Action::PauseLane { reason, .. } => (
            format!("Pause lane {lane}: {waiting} jobs wait until it is resumed."),
            format!("switchboard lanes pause {lane}{}", twin::option("reason", reason.as_deref())),
        ),
        Action::ScaleLane { concurrency: Some(n), .. } => (
            format!("Run at most {n} jobs of lane {lane} at once in the fleet."),
            format!("switchboard lanes scale {lane} {n}"),
        ),
        Action::RateLane { rate: Some(rate), .. } if !(*rate > 0.0 && *rate <= 1e6) => {
            return Err(Refusal::Impossible(format!("{rate} is no rate: write calls a second above 0, or auto")));
        }
        Action::RateLane { rate: Some(rate), .. } => (
            format!("Make at most {rate} calls a second for lane {lane} in the fleet."),
            format!("switchboard lanes rate {lane} {rate}"),
        ),
        Action::RateLane { .. } => (
            format!("Let the settings decide how many calls a second lane {lane} makes."),
            format!("switchboard lanes rate {lane} auto"),
        ),
        Action::BatchLane { size: Some(size), .. } => (
            format!("Ask for {size} numbers of lane {lane} in one request."),
            format!("switchboard doctor --batch {size}"),
        ),
        Action::BatchLane { .. } => (
            format!("Let the settings decide how many numbers of lane {lane} go into one request."),
            "switchboard doctor --batch auto".to_owned(),
        ),
        Action::ScaleLane { .. } => {
            (format!("Let lane {lane} find its own limit again."), format!("switchboard lanes scale {lane} auto"))
        }
        _ => (format!("Resume lane {lane}: {waiting} jobs may run."), format!("switchboard lanes resume {lane}")),
    };
    Ok(Draft { things: 1, sentence, cost_usd: 0.0, undoable: true, least: Tier::Light, bound: 0, twin })
}

fn known(lane: &str) -> Result<(), Refusal> {
    if catalogue::lanes().any(|l| l == lane) {
        return Ok(());
    }
    Err(Refusal::Impossible(catalogue::no_such_lane(lane)))
}

/// The part of a lane that these actions change.
pub(super) async fn state(tx: &mut PgConnection, lane: &str) -> Result<Value, Refusal> {
    let (paused, concurrency, rate, batch): (bool, Option<i32>, Option<f64>, Option<i16>) =
        sqlx::query_as("SELECT paused, concurrency, rate, batch FROM lanes WHERE lane = $1 FOR UPDATE")
            .bind(lane)
            .fetch_one(tx)
            .await?;
    Ok(json!({"paused": paused, "concurrency": concurrency, "rate": rate, "batch": batch}))
}

pub(super) async fn act(tx: &mut PgConnection, action: &Action, actor: &Actor) -> Result<Done, Refusal> {
    let lane = action.target();
    let before = state(tx, &lane).await?;
    let summary = match action {
        Action::PauseLane { reason, .. } => {
            let sql =
                "UPDATE lanes SET paused = true, paused_by = $2, paused_at = now(), pause_reason = $3 WHERE lane = $1";
            sqlx::query(sql).bind(&lane).bind(&actor.name).bind(reason).execute(&mut *tx).await?;
            format!("paused lane {lane}")
        }
        Action::ScaleLane { concurrency, .. } => {
            sqlx::query("UPDATE lanes SET concurrency = $2 WHERE lane = $1")
                .bind(&lane)
                .bind(concurrency)
                .execute(&mut *tx)
                .await?;
            match concurrency {
                Some(n) => format!("scaled lane {lane} to {n} at once"),
                None => format!("lane {lane} finds its own limit again"),
            }
        }
        Action::RateLane { rate, .. } => {
            let sql = "UPDATE lanes SET rate = $2 WHERE lane = $1";
            sqlx::query(sql).bind(&lane).bind(rate).execute(&mut *tx).await?;
            match rate {
                Some(rate) => format!("lane {lane} makes at most {rate} calls a second"),
                None => format!("lane {lane} calls as often as the settings say"),
            }
        }
        Action::BatchLane { size, .. } => {
            let sql = "UPDATE lanes SET batch = $2 WHERE lane = $1";
            sqlx::query(sql).bind(&lane).bind(size).execute(&mut *tx).await?;
            match size {
                Some(size) => format!("lane {lane} asks for {size} numbers in one request"),
                None => format!("lane {lane} asks for as many numbers in one request as the settings say"),
            }
        }
        _ => {
            let sql = "UPDATE lanes SET paused = false, paused_by = NULL, paused_at = NULL, pause_reason = NULL WHERE lane = $1";
            sqlx::query(sql).bind(&lane).execute(&mut *tx).await?;
            format!("resumed lane {lane}")
        }
    };
    queue::lane::announce(tx).await?;
    let after = state(tx, &lane).await?;
    let inverse = (before != after).then(|| Inverse { action: opposite(action, &before), expects: after.clone() });
    Ok(Done { changed: 1, summary, before, after, inverse })
}

fn opposite(action: &Action, before: &Value) -> Action {
    let lane = action.target();
    match action {
        Action::PauseLane { .. } => Action::ResumeLane { lane },
        Action::ResumeLane { .. } => Action::PauseLane { lane, reason: Some("undo of a resume".into()) },
        Action::RateLane { .. } => Action::RateLane { lane, rate: before["rate"].as_f64() },
        Action::BatchLane { .. } => {
            Action::BatchLane { lane, size: before["batch"].as_i64().and_then(|n| i16::try_from(n).ok()) }
        }
        _ => {
            Action::ScaleLane { lane, concurrency: before["concurrency"].as_i64().and_then(|n| i32::try_from(n).ok()) }
        }
    }
}
