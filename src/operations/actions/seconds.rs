//! A second person: whoever is about to do something heavy asks another one, who agrees to exactly that, once, in time. The
//! database refuses an answer of the same person, and any other use of it.

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::draft::{Done, Draft, Refusal, misplaced};
use super::{Action, Actor, Plan, Tier};
use crate::database::Db;

/// How often an answer is looked for.
const LOOK: Duration = Duration::from_millis(500);

/// What a plan knows of a second person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Second {
    /// Whether this environment asks for one.
    pub required: bool,
    /// The ask that was agreed to.
    pub ask: Option<i64>,
}

/// How an ask was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Whether it was agreed to.
    pub yes: bool,
    /// By whom, as claimed.
    pub by: String,
}

#[derive(Debug, sqlx::FromRow)]
struct Asked {
    name: String,
    login: String,
    verb: String,
    target: String,
    sentence: String,
    reason: Option<String>,
    expires_at: DateTime<Utc>,
    open: bool,
}

async fn asked(on: impl sqlx::PgExecutor<'_>, id: i64) -> Result<Asked, Refusal> {
    let sql = "SELECT name, login, verb, target, sentence, reason, expires_at,
                      expires_at > now() AND used_at IS NULL AND NOT EXISTS (SELECT FROM second_answers WHERE ask_id = id) AS open
               FROM second_asks WHERE id = $1";
    let found: Option<Asked> = sqlx::query_as(sql).bind(id).fetch_optional(on).await?;
    let found = found.ok_or_else(|| Refusal::Impossible(format!("nobody asked {id}: `deck` lists who asks")))?;
    if !found.open {
        return Err(Refusal::Impossible(format!("ask {id} was answered already, or its time is over")));
    }
    Ok(found)
}

/// Asks the others; the number of the ask, and until when an answer counts.
pub async fn ask_second(db: &Db, plan: &Plan, actor: &Actor) -> Result<(i64, DateTime<Utc>), Refusal> {
    let action = serde_json::to_value(&plan.action).map_err(|e| Refusal::Impossible(e.to_string()))?;
    let sql = "INSERT INTO second_asks (name, claimed, node, door, action, verb, target, things, cost_usd, sentence, reason, request_id)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id, expires_at";
    let query = sqlx::query_as(sql).bind(short(&actor.name)).bind(&actor.claimed).bind(&actor.node).bind(actor.door);
    let query = query.bind(action).bind(plan.action.verb()).bind(plan.action.target()).bind(plan.things);
    let query = query.bind(plan.cost_usd).bind(&plan.sentence).bind(&plan.reason).bind(Uuid::new_v4());
    Ok(query.fetch_one(db.pool()).await?)
}

/// Waits for the answer; none when the time is over.
pub async fn await_second(db: &Db, ask: i64) -> Result<Option<Answered>, Refusal> {
    let sql = "SELECT s.yes, s.name, a.expires_at <= now() FROM second_asks a LEFT JOIN second_answers s ON s.ask_id = a.id WHERE a.id = $1";
    loop {
        let row: (Option<bool>, Option<String>, bool) = sqlx::query_as(sql).bind(ask).fetch_one(db.pool()).await?;
        match row {
            (Some(yes), Some(by), _) => return Ok(Some(Answered { yes, by })),
            (_, _, true) => return Ok(None),
            _ => tokio::time::sleep(LOOK).await,
        }
    }
}

/// Uses what was agreed to: nothing else than this plan, and only once. The actor then names the second person.
pub(super) async fn named<'a>(tx: &mut PgConnection, plan: &Plan, actor: &'a Actor) -> Result<Cow<'a, Actor>, Refusal> {
    let Some(ask) = plan.second.ask else { return Ok(Cow::Borrowed(actor)) };
    let action = serde_json::to_value(&plan.action).map_err(|e| Refusal::Impossible(e.to_string()))?;
    let sql = "UPDATE second_asks a SET used_at = now() FROM second_answers s
               WHERE a.id = $1 AND s.ask_id = a.id AND s.yes AND a.used_at IS NULL AND a.expires_at > now()
                 AND a.login = session_user::text AND a.action = $2 AND a.things = $3
               RETURNING s.login, s.name";
    let used: Option<(String, String)> =
        sqlx::query_as(sql).bind(ask).bind(action).bind(plan.things).fetch_optional(tx).await?;
    let (login, name) = used.ok_or_else(|| {
        Refusal::Impossible(format!(
            "nothing was done: ask {ask} was not agreed to, is over, or was about something else; ask anew"
        ))
    })?;
    let mut actor = actor.clone();
    actor.claimed["second"] = json!({"ask": ask, "login": login, "name": name});
    Ok(Cow::Owned(actor))
}

/// Who agreed, for a line on the timeline.
pub(super) fn words(actor: &Actor) -> String {
    actor.claimed["second"]["name"].as_str().map_or_else(String::new, |name| format!("; {name} agreed to it"))
}

pub(super) async fn plan(db: &Db, action: &Action) -> Result<Draft, Refusal> {
    let draft =
        |sentence: String, least: Tier| Draft { things: 1, sentence, cost_usd: 0.0, undoable: false, least, bound: 0 };
    match action {
        Action::AnswerSecond { ask, .. } => {
            let asked = asked(db.pool(), *ask).await?;
            let who = if asked.login == asked.name { asked.name } else { format!("{} ({})", asked.name, asked.login) };
            let reason = asked.reason.map_or_else(String::new, |reason| format!(" Why: {reason}."));
            let until = asked.expires_at.format("%H:%M:%S");
            let sentence = format!(
                "{who} asks a second person for {} {}. {}{reason} It can be done until {until}Z.",
                asked.verb, asked.target, asked.sentence
            );
            Ok(draft(sentence, Tier::Wide))
        }
        Action::RequireSecond { on } => {
            let was: bool = required(db.pool()).await?;
            if was == *on {
                let state = if was { "is asked for already" } else { "is not asked for" };
                return Err(Refusal::Impossible(format!("a second person {state} in this environment")));
            }
            let (sentence, least) = match on {
                true => (
                    "From now on whatever is heavy needs a second person, in every console and on the command line of this environment.",
                    Tier::Wide,
                ),
                false => ("Whatever is heavy can be done by one person alone again.", Tier::Heavy),
            };
            Ok(draft(sentence.into(), least))
        }
        _ => Err(misplaced()),
    }
}

/// Whether this environment asks for a second person.
pub(super) async fn required(on: impl sqlx::PgExecutor<'_>) -> Result<bool, Refusal> {
    Ok(sqlx::query_scalar("SELECT second_person FROM environment").fetch_one(on).await?)
}

pub(super) async fn act(tx: &mut PgConnection, action: &Action, actor: &Actor) -> Result<Done, Refusal> {
    let done =
        |summary: String, before: Value, after: Value| Done { changed: 1, summary, before, after, inverse: None };
    match action {
        Action::AnswerSecond { ask, yes } => {
            let asked = asked(&mut *tx, *ask).await?;
            let sql = "INSERT INTO second_answers (ask_id, name, claimed, yes) VALUES ($1, $2, $3, $4)";
            let query = sqlx::query(sql).bind(ask).bind(short(&actor.name)).bind(&actor.claimed).bind(yes);
            query.execute(&mut *tx).await.map_err(own)?;
            let word = if *yes { "agreed to" } else { "refused" };
            let summary = format!("{word} what {} asked: {} {}", asked.name, asked.verb, asked.target);
            Ok(done(summary, json!(null), json!({"yes": yes})))
        }
        Action::RequireSecond { on } => {
            let sql = "UPDATE environment SET second_person = $1";
            sqlx::query(sql).bind(on).execute(&mut *tx).await?;
            let word = if *on { "now needs" } else { "no longer needs" };
            Ok(done(format!("what is heavy {word} a second person"), json!(!on), json!(on)))
        }
        _ => Err(misplaced()),
    }
}

/// The database's word against an answer to oneself, in ours.
fn own(error: sqlx::Error) -> Refusal {
    let said = error.as_database_error().map(|e| (e.code().map(Cow::into_owned), e.message().to_owned()));
    match said {
        Some((Some(code), words)) if code == "42501" && words.starts_with("nobody is") => {
            Refusal::Impossible("you asked for this yourself: another person has to answer".into())
        }
        Some((Some(code), _)) if code == "23505" => Refusal::Impossible("somebody answered it a moment ago".into()),
        _ => error.into(),
    }
}

/// Names are claimed, so they may have any length.
fn short(name: &str) -> String {
    name.chars().take(100).collect()
}
