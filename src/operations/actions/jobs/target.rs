//! Which jobs an action means: the part of a statement that picks them, the same for the count and for the write.

use chrono::Utc;
use sqlx::Row;

use super::super::JobTarget;
use super::super::draft::{Reach, Refusal};
use crate::contacts::filter::{Bind, Filter, JOBS, Statement};
use crate::database::Db;

/// A verb's own words.
pub(super) struct Verb {
    /// As on the command line.
    pub name: &'static str,
    /// The jobs that it may touch, as a condition on `j` (and `c`, its contact).
    pub eligible: &'static str,
    /// What is counted: rows, or something that several rows stand for.
    pub counts: &'static str,
    /// What is said when there is none.
    pub nothing: &'static str,
}

const FROM: &str = " FROM jobs AS j LEFT JOIN contacts AS c ON c.id = j.contact_id WHERE (";

/// `chosen` and the statements that follow it: jobs of the target within reach, locked in their order.
pub(super) fn write(verb: &Verb, target: &JobTarget, reach: Reach, rest: &'static str) -> Result<Statement, Refusal> {
    let start =
        Statement::new("WITH chosen AS MATERIALIZED (SELECT j.id, j.kind, j.contact_id, j.lane, j.priority").text(FROM);
    let picked = condition(start, target)?.text(") AND ").text(verb.eligible).text(" AND j.id <= ");
    let picked = picked.bind(Bind::Integer(reach.bound)).text(" AND j.id > ").bind(Bind::Integer(reach.after));
    let picked = picked.text(" ORDER BY j.id LIMIT ").bind(Bind::Integer(reach.limit));
    Ok(picked.text(" FOR UPDATE OF j), ").text(rest))
}

/// How many jobs up to `bound` the verb would touch, and the highest number among them.
pub(super) async fn count(db: &Db, verb: &Verb, target: &JobTarget, bound: i64) -> Result<(i64, i64), Refusal> {
    let start = Statement::new("SELECT count(").text(verb.counts).text("), coalesce(max(j.id), 0)").text(FROM);
    let statement = condition(start, target)?.text(") AND ").text(verb.eligible);
    let statement = statement.text(" AND j.id <= ").bind(Bind::Integer(bound));
    let mut tx = db.begin().await?;
    sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *tx).await?;
    let row = statement.query().fetch_one(&mut *tx).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

fn condition(start: Statement, target: &JobTarget) -> Result<Statement, Refusal> {
    Ok(match target {
        JobTarget::Ids(ids) => start.text("j.id = ANY(").bind(Bind::Integers(ids.clone())).text(")"),
        JobTarget::Dead { lane: None } => start.text("j.state = 'dead'"),
        JobTarget::Dead { lane: Some(lane) } => {
            start.text("j.state = 'dead' AND j.lane = ").bind(Bind::Text(lane.clone()))
        }
        JobTarget::Filter(text) => {
            let filter = Filter::parse_for(&JOBS, text, Utc::now());
            let filter = filter.map_err(|error| Refusal::Impossible(format!("the filter can not be read: {error}")))?;
            start.filter(&filter)
        }
    })
}
