//! Pause, resume and limit a lane, or all of them: one statement, heard by every node within a second.

use serde_json::{Map, Value, json};
use sqlx::{FromRow, PgConnection};

use super::draft::{Done, Draft, Inverse, Refusal, misplaced};
use super::{Action, Actor, Tier};
use crate::catalogue;
use crate::database::Db;
use crate::queue;

/// Stands for every lane.
const ALL: &str = "all";

/// The part of a lane that these actions change.
#[derive(Debug, Clone, PartialEq, FromRow)]
struct State {
    lane: String,
    paused: bool,
    concurrency: Option<i32>,
    node_concurrency: Option<i32>,
    rate: Option<f64>,
    budget_usd: Option<f64>,
    batch: Option<i16>,
}

const STATES: &str = "SELECT lane, paused, concurrency, node_concurrency, rate, budget_usd, batch FROM lanes";

impl State {
    /// What is kept of it, to be compared and restored.
    fn json(&self) -> Value {
        json!({"paused": self.paused, "concurrency": self.concurrency, "node_concurrency": self.node_concurrency,
               "rate": self.rate, "budget_usd": self.budget_usd, "batch": self.batch})
    }

    /// Whether the action would change it.
    fn differs(&self, action: &Action) -> bool {
        match action {
            Action::PauseLane { .. } => !self.paused,
            Action::ResumeLane { .. } => self.paused,
            Action::ScaleLane { concurrency, per_node: true, .. } => self.node_concurrency != *concurrency,
            Action::ScaleLane { concurrency, .. } => self.concurrency != *concurrency,
            Action::RateLane { rate, .. } => self.rate != *rate,
            Action::BudgetLane { usd, .. } => self.budget_usd != *usd,
            Action::BatchLane { size, .. } => self.batch != *size,
            _ => false,
        }
    }
}

pub(super) async fn plan(db: &Db, action: &Action) -> Result<Draft, Refusal> {
    if let Action::RestoreLanes { lanes } = action {
        let things = lanes.len() as i64;
        let sentence = format!("Set {things} lanes back to what they were.");
        return Ok(Draft { things, sentence, cost_usd: 0.0, undoable: true, least: Tier::Light, bound: 0 });
    }
    let lane = action.target();
    known(&lane)?;
    possible(action)?;
    let (things, waiting) = if lane == ALL {
        let states: Vec<State> = sqlx::query_as(STATES).fetch_all(db.pool()).await?;
        let things = states.iter().filter(|state| state.differs(action)).count() as i64;
        let waiting = super::super::views::lanes(db).await?.iter().map(|lane| lane.depth).sum();
        (things, waiting)
    } else {
        (1, queue::depth::of_lane(db, &lane).await?.waiting)
    };
    if things == 0 {
        return Err(Refusal::Impossible("every lane is so already: nothing to change".into()));
    }
    let name = if lane == ALL { "all lanes".to_owned() } else { format!("lane {lane}") };
    let sentence = sentence(action, &name, waiting);
    Ok(Draft { things, sentence, cost_usd: 0.0, undoable: true, least: Tier::Light, bound: 0 })
}

/// What it means, in a sentence.
fn sentence(action: &Action, name: &str, waiting: i64) -> String {
    match action {
        Action::PauseLane { .. } => format!("Pause {name}: {waiting} jobs wait until it is resumed."),
        Action::ResumeLane { .. } => format!("Resume {name}: {waiting} jobs may run."),
        Action::ScaleLane { concurrency, per_node, .. } => {
            let place = if *per_node { "on each node" } else { "in the fleet" };
            match concurrency {
                Some(n) => format!("Run at most {n} jobs of {name} at once {place}."),
                None => format!("Let {name} find its own limit {place} again."),
            }
        }
        Action::RateLane { rate: Some(rate), .. } => {
            format!("Make at most {rate} calls a second for {name} in the fleet.")
        }
        Action::RateLane { .. } => format!("Let the settings decide how many calls a second {name} makes."),
        Action::BudgetLane { usd: Some(usd), .. } => {
            format!("Spend at most ${usd:.2} a day on {name}; it waits for the next day then.")
        }
        Action::BudgetLane { .. } => format!("Let the settings decide what {name} may cost in a day."),
        Action::BatchLane { size: Some(size), .. } => format!("Ask for {size} numbers of {name} in one request."),
        _ => format!("Let the settings decide how many numbers of {name} go into one request."),
    }
}

fn possible(action: &Action) -> Result<(), Refusal> {
    match action {
        Action::RateLane { rate: Some(rate), .. } if !(*rate > 0.0 && *rate <= 1e6) => {
            Err(Refusal::Impossible(format!("{rate} is no rate: write calls a second above 0, or auto")))
        }
        Action::BudgetLane { usd: Some(usd), .. } if !(*usd > 0.0 && *usd <= 1e9) => {
            Err(Refusal::Impossible(format!("{usd} is no budget: write dollars a day above 0, or auto")))
        }
        _ => Ok(()),
    }
}

fn known(lane: &str) -> Result<(), Refusal> {
    if lane == ALL || catalogue::lanes().any(|l| l == lane) {
        return Ok(());
    }
    Err(Refusal::Impossible(catalogue::no_such_lane(lane)))
}

/// The lanes that an action means, locked in their order.
async fn locked(tx: &mut PgConnection, lane: &str) -> Result<Vec<State>, Refusal> {
    let sql = format!("{STATES} WHERE lane = $1 OR $1 = 'all' ORDER BY lane FOR UPDATE");
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(lane).fetch_all(tx).await?)
}

/// The part of a lane that these actions change.
pub(super) async fn state(tx: &mut PgConnection, lane: &str) -> Result<Value, Refusal> {
    Ok(locked(tx, lane).await?.first().map_or(Value::Null, State::json))
}

/// The same of several, by name.
pub(super) async fn states(tx: &mut PgConnection, lanes: &Map<String, Value>) -> Result<Value, Refusal> {
    let all = locked(tx, ALL).await?;
    Ok(by_name(all.iter().filter(|state| lanes.contains_key(&state.lane))))
}

fn by_name<'a>(states: impl Iterator<Item = &'a State>) -> Value {
    states.map(|state| (state.lane.clone(), state.json())).collect::<Map<_, _>>().into()
}

pub(super) async fn act(tx: &mut PgConnection, action: &Action, actor: &Actor) -> Result<Done, Refusal> {
    if let Action::RestoreLanes { lanes } = action {
        return restore(tx, lanes, actor).await;
    }
    let lane = action.target();
    let before = locked(tx, &lane).await?;
    let meant: Vec<&State> = before.iter().filter(|state| lane != ALL || state.differs(action)).collect();
    let names: Vec<String> = meant.iter().map(|state| state.lane.clone()).collect();
    write(tx, action, &names, actor).await?;
    queue::lane::announce(tx).await?;
    let name = if lane == ALL { "all lanes".to_owned() } else { format!("lane {lane}") };
    let summary = done(action, &name);
    let changed = names.len() as i64;
    if lane == ALL {
        let lanes: Map<String, Value> = meant.iter().map(|state| (state.lane.clone(), state.json())).collect();
        let after = states(tx, &lanes).await?;
        let inverse = Inverse { action: Action::RestoreLanes { lanes: lanes.clone() }, expects: after.clone() };
        return Ok(Done { changed, summary, before: lanes.into(), after, inverse: Some(inverse) });
    }
    let (before, after) = (before.first().map_or(Value::Null, State::json), state(tx, &lane).await?);
    let inverse = (before != after).then(|| Inverse { action: opposite(action, &before), expects: after.clone() });
    Ok(Done { changed, summary, before, after, inverse })
}

async fn write(tx: &mut PgConnection, action: &Action, lanes: &[String], actor: &Actor) -> Result<(), Refusal> {
    let query = match action {
        Action::PauseLane { reason, .. } => sqlx::query(
            "UPDATE lanes SET paused = true, paused_by = $2, paused_at = now(), pause_reason = $3 WHERE lane = ANY($1)",
        )
        .bind(lanes)
        .bind(&actor.name)
        .bind(reason),
        Action::ResumeLane { .. } => sqlx::query(
            "UPDATE lanes SET paused = false, paused_by = NULL, paused_at = NULL, pause_reason = NULL WHERE lane = ANY($1)",
        )
        .bind(lanes),
        Action::ScaleLane { concurrency, per_node: true, .. } => {
            sqlx::query("UPDATE lanes SET node_concurrency = $2 WHERE lane = ANY($1)").bind(lanes).bind(concurrency)
        }
        Action::ScaleLane { concurrency, .. } => {
            sqlx::query("UPDATE lanes SET concurrency = $2 WHERE lane = ANY($1)").bind(lanes).bind(concurrency)
        }
        Action::RateLane { rate, .. } => {
            sqlx::query("UPDATE lanes SET rate = $2 WHERE lane = ANY($1)").bind(lanes).bind(rate)
        }
        Action::BudgetLane { usd, .. } => {
            sqlx::query("UPDATE lanes SET budget_usd = $2 WHERE lane = ANY($1)").bind(lanes).bind(usd)
        }
        Action::BatchLane { size, .. } => {
            sqlx::query("UPDATE lanes SET batch = $2 WHERE lane = ANY($1)").bind(lanes).bind(size)
        }
        _ => return Err(misplaced()),
    };
    query.execute(&mut *tx).await?;
    if matches!(action, Action::BudgetLane { .. }) {
        for lane in lanes {
            // Where the new budget is spent as well, the next call parks it again.
            queue::lane::unpark(tx, lane, &["budget"]).await?;
        }
    }
    Ok(())
}

/// What was done, in a sentence.
fn done(action: &Action, name: &str) -> String {
    match action {
        Action::PauseLane { .. } => format!("paused {name}"),
        Action::ResumeLane { .. } => format!("resumed {name}"),
        Action::ScaleLane { concurrency, per_node, .. } => {
            let place = if *per_node { " on each node" } else { "" };
            match concurrency {
                Some(n) => format!("scaled {name} to {n} at once{place}"),
                None => format!("{name} finds its own limit{place} again"),
            }
        }
        Action::RateLane { rate: Some(rate), .. } => format!("{name} makes at most {rate} calls a second"),
        Action::RateLane { .. } => format!("{name} calls as often as the settings say"),
        Action::BudgetLane { usd: Some(usd), .. } => format!("{name} may cost ${usd:.2} a day"),
        Action::BudgetLane { .. } => format!("{name} may cost what the settings say"),
        Action::BatchLane { size: Some(size), .. } => format!("{name} asks for {size} numbers in one request"),
        _ => format!("{name} asks for as many numbers in one request as the settings say"),
    }
}

/// Sets lanes back to what they were, all at once.
async fn restore(tx: &mut PgConnection, lanes: &Map<String, Value>, actor: &Actor) -> Result<Done, Refusal> {
    let before = states(tx, lanes).await?;
    let sql = "UPDATE lanes l SET paused = w.paused, concurrency = w.concurrency, node_concurrency = w.node_concurrency, rate = w.rate,
                   budget_usd = w.budget_usd, batch = w.batch, paused_by = CASE WHEN w.paused THEN $2 END,
                   paused_at = CASE WHEN w.paused THEN now() END, pause_reason = CASE WHEN w.paused THEN 'undo' END
               FROM (SELECT key AS lane, r.* FROM jsonb_each($1), jsonb_to_record(value)
                     AS r(paused boolean, concurrency integer, node_concurrency integer, rate float8, budget_usd float8, batch smallint)) w
               WHERE l.lane = w.lane";
    let done = sqlx::query(sql).bind(Value::from(lanes.clone())).bind(&actor.name).execute(&mut *tx).await?;
    queue::lane::announce(tx).await?;
    let after = states(tx, lanes).await?;
    let changed = done.rows_affected() as i64;
    let back = before.as_object().cloned().unwrap_or_default();
    let inverse = Inverse { action: Action::RestoreLanes { lanes: back }, expects: after.clone() };
    let summary = format!("set {changed} lanes back to what they were");
    Ok(Done { changed, summary, before, after, inverse: Some(inverse) })
}

fn opposite(action: &Action, before: &Value) -> Action {
    let lane = action.target();
    let number = |name: &str| before[name].as_i64().and_then(|n| i32::try_from(n).ok());
    match action {
        Action::PauseLane { .. } => Action::ResumeLane { lane },
        Action::ResumeLane { .. } => Action::PauseLane { lane, reason: Some("undo of a resume".into()) },
        Action::RateLane { .. } => Action::RateLane { lane, rate: before["rate"].as_f64() },
        Action::BudgetLane { .. } => Action::BudgetLane { lane, usd: before["budget_usd"].as_f64() },
        Action::BatchLane { .. } => {
            Action::BatchLane { lane, size: before["batch"].as_i64().and_then(|n| i16::try_from(n).ok()) }
        }
        Action::ScaleLane { per_node: true, .. } => {
            Action::ScaleLane { lane, concurrency: number("node_concurrency"), per_node: true }
        }
        _ => Action::ScaleLane { lane, concurrency: number("concurrency"), per_node: false },
    }
}
