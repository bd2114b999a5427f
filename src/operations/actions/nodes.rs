//! Quiet a node, wake it, let it drain: wishes of a person that the node itself reads within a second.

use serde_json::{Value, json};
use sqlx::PgConnection;

use super::draft::{Done, Draft, Inverse, Refusal, misplaced};
use super::{Action, Actor, Tier};
use crate::database::Db;
use crate::queue;

/// A node that is there.
#[derive(Debug, sqlx::FromRow)]
struct Present {
    epoch: i64,
    kind: String,
    runs_jobs: bool,
    in_flight: i32,
}

const PRESENT: &str = "SELECT epoch, kind, runs_jobs, in_flight FROM nodes WHERE node = $1 AND state IN ('live', 'draining') ORDER BY epoch DESC LIMIT 1";

async fn present(on: impl sqlx::PgExecutor<'_>, node: &str) -> Result<Present, Refusal> {
    let found: Option<Present> = sqlx::query_as(PRESENT).bind(node).fetch_optional(on).await?;
    found.ok_or_else(|| Refusal::Impossible(format!("{node} is no node of the fleet now: `nodes` lists them")))
}

pub(super) async fn plan(db: &Db, action: &Action) -> Result<Draft, Refusal> {
    let node = action.target();
    let there = present(db.pool(), &node).await?;
    if !there.runs_jobs {
        return Err(Refusal::Impossible(format!("{node} runs no jobs: there is nothing to quiet or to drain")));
    }
    let held = there.in_flight;
    let (sentence, undoable) = match action {
        Action::DrainNode { .. } if there.kind != "worker" => {
            return Err(Refusal::Impossible(format!(
                "{node} is a {}, somebody sits at it: quiet it instead, it claims nothing then",
                there.kind
            )));
        }
        Action::DrainNode { .. } => {
            (format!("Let {node} finish the {held} jobs in its hands, leave the fleet and end."), false)
        }
        Action::QuietNode { .. } => (
            format!("Let {node} claim nothing more; {held} jobs are in its hands, the other nodes take its part."),
            true,
        ),
        _ => (format!("Let {node} claim again."), true),
    };
    let least = if undoable { Tier::Light } else { Tier::Wide };
    Ok(Draft { things: 1, sentence, cost_usd: 0.0, undoable, least, bound: 0 })
}

/// What a person wants of a node now.
pub(super) async fn state(tx: &mut PgConnection, node: &str) -> Result<Value, Refusal> {
    let there = present(&mut *tx, node).await?;
    let sql = "SELECT wish, reason FROM node_wishes WHERE epoch = $1 FOR UPDATE";
    let wish: Option<(String, Option<String>)> = sqlx::query_as(sql).bind(there.epoch).fetch_optional(&mut *tx).await?;
    Ok(json!({"epoch": there.epoch, "wish": wish.map(|(wish, _)| wish)}))
}

pub(super) async fn act(tx: &mut PgConnection, action: &Action, actor: &Actor) -> Result<Done, Refusal> {
    let node = action.target();
    let before = state(tx, &node).await?;
    let (wish, summary, opposite) = match action {
        Action::QuietNode { .. } => {
            (Some("quiet"), format!("{node} claims nothing more"), Some(Action::WakeNode { node: node.clone() }))
        }
        Action::DrainNode { .. } => (Some("drain"), format!("{node} drains and ends"), None),
        Action::WakeNode { .. } => {
            (None, format!("{node} claims again"), Some(Action::QuietNode { node: node.clone(), reason: None }))
        }
        _ => return Err(misplaced()),
    };
    match wish {
        Some(wish) => {
            let sql = "INSERT INTO node_wishes (epoch, wish, wished_by, reason) VALUES ($1, $2, $3, $4)
                       ON CONFLICT (epoch) DO UPDATE SET wish = excluded.wish, wished_by = excluded.wished_by, wished_at = now(), reason = excluded.reason";
            let query = sqlx::query(sql).bind(before["epoch"].as_i64()).bind(wish).bind(&actor.name);
            query.bind(action.reason()).execute(&mut *tx).await?;
        }
        None => {
            let sql = "DELETE FROM node_wishes WHERE epoch = $1";
            sqlx::query(sql).bind(before["epoch"].as_i64()).execute(&mut *tx).await?;
        }
    }
    queue::lane::announce(tx).await?;
    let after = state(tx, &node).await?;
    let inverse = opposite.filter(|_| before != after).map(|action| Inverse { action, expects: after.clone() });
    Ok(Done { changed: 1, summary, before, after, inverse })
}
