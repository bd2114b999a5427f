//! The facts of a batch's contacts: locked in the order of their ids, then read, each in one statement.

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::PgConnection;

use super::judge::is_over;
use crate::database::Result;
use crate::enrichment::facts::{Facts, Standing};
use crate::enrichment::graph::Step;
use crate::enrichment::load::COLUMNS;
use crate::enrichment::step::Settlement;
use crate::providers::Input;

/// Facts of the contacts whose steps ended in this batch.
pub(super) async fn facts(tx: &mut PgConnection, batch: &[Settlement]) -> Result<BTreeMap<i64, Facts>> {
    let mut ids: Vec<i64> = batch.iter().filter(|s| is_over(s)).map(|s| s.job.contact_id).collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    ids.sort_unstable();
    ids.dedup();
    // The facts are read by a second statement: one that waited for a lock would still see the steps as they were before.
    let lock = "SELECT FROM contacts WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";
    sqlx::query(lock).bind(&ids).execute(&mut *tx).await?;
    let sql = format!(
        "SELECT to_jsonb(c),
                (SELECT jsonb_object_agg(s.step, CASE WHEN s.state = 'skipped' AND s.reason LIKE 'missing_input%' THEN 'missing'
                        WHEN s.state = 'skipped' AND s.reason = 'already_done' THEN 'had' ELSE s.state END)
                 FROM contact_steps s WHERE s.contact_id = c.id),
                ARRAY(SELECT j.kind FROM jobs j WHERE j.contact_id = c.id AND j.state IN ('waiting', 'scheduled', 'running'))
         FROM (SELECT {} FROM contacts c WHERE c.id = ANY($1)) c",
        *COLUMNS
    );
    let rows: Vec<(Value, Option<Value>, Vec<String>)> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(&ids).fetch_all(tx).await?;
    Ok(rows.into_iter().filter_map(|(card, states, live)| decode(card, states.as_ref(), &live)).collect())
}

fn decode(card: Value, states: Option<&Value>, live: &[String]) -> Option<(i64, Facts)> {
    let Value::Object(card) = card else { return None };
    let contact = card.get("id")?.as_i64()?;
    let mut facts = Facts { contact, card: Input::new(card), ..Facts::default() };
    for (name, state) in states.and_then(Value::as_object).into_iter().flatten() {
        let (Some(step), Some(state)) = (Step::parse(name), state.as_str()) else { continue };
        let standing = match state {
            "blocked" => Standing::Blocked,
            "done" => Standing::Done,
            "missing" => {
                facts.missing.insert(step);
                continue;
            }
            "had" => {
                facts.had.insert(step);
                Standing::Without
            }
            _ => Standing::Without,
        };
        facts.steps.insert(step, standing);
    }
    for step in live.iter().filter_map(|kind| Step::parse(kind)) {
        facts.steps.insert(step, Standing::Live);
    }
    Some((contact, facts))
}
