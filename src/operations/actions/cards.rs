//! One contact's columns set by hand, and taken back.

use serde_json::{Map, Value, json};
use sqlx::PgConnection;

use super::draft::{Done, Draft, Inverse, Refusal};
use super::{Action, Tier};
use crate::contacts::fields::{self, Field, Kind};
use crate::database::Db;

/// Columns of an address that say nothing about a new one.
const OF_EMAIL: [&str; 5] = ["email_status", "email_sub_status", "email_verified", "email_score", "email_source"];

fn settable(name: &str) -> Result<&'static Field, Refusal> {
    let known = fields::find(name)
        .filter(|field| field.import || field.name == "is_business" || OF_EMAIL.contains(&field.name));
    known.filter(|field| field.name != "phone_e164" && field.name != "raw_phone_number").ok_or_else(|| {
        let names = fields::all().filter(|field| field.import).map(|field| field.name);
        let near = crate::catalogue::nearest(name, names).unwrap_or("full_name");
        Refusal::Impossible(format!("{name} can not be set by hand: did you mean {near}?"))
    })
}

/// The fields by their columns' names, each in its column's type; an empty text empties the column.
fn typed(wished: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    let mut out = Map::new();
    for (name, value) in wished {
        let field = settable(name)?;
        let wrong = |what: &str| Refusal::Impossible(format!("{name} holds {what}"));
        let text = value.as_str().map(str::trim);
        let value = match (field.kind, text) {
            (_, Some("")) => Value::Null,
            (Kind::Integer, Some(text)) => text.parse::<i32>().map(Value::from).map_err(|_| wrong("a whole number"))?,
            (Kind::Date, Some(text)) => {
                let day = text.parse::<chrono::NaiveDate>();
                day.map(|day| day.to_string().into()).map_err(|_| wrong("a day such as 2025-01-31"))?
            }
            (Kind::Bool, Some(text)) => text.parse::<bool>().map(Value::from).map_err(|_| wrong("true or false"))?,
            (_, Some(text)) => Value::from(text.replace('\0', "")),
            (_, None) => value.clone(),
        };
        out.insert(field.name.to_owned(), value);
    }
    if out.contains_key("email") && !out.contains_key("email_status") {
        out.extend(OF_EMAIL.map(|column| (column.to_owned(), Value::Null)));
        out.insert("email_source".into(), "import".into());
    }
    Ok(out)
}

pub(super) async fn plan(db: &Db, contact: i64, wished: &Map<String, Value>) -> Result<Draft, Refusal> {
    typed(wished)?;
    let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM contacts WHERE id = $1)")
        .bind(contact)
        .fetch_one(db.pool())
        .await?;
    if !there {
        return Err(Refusal::Impossible(format!("there is no contact {contact}")));
    }
    let names: Vec<&str> = wished.keys().map(String::as_str).collect();
    let sentence = format!("Set {} of contact {contact}.", names.join(", "));
    Ok(Draft { things: 1, sentence, cost_usd: 0.0, undoable: true, least: Tier::Light, bound: 0 })
}

/// The named columns of a contact as they are.
pub(super) async fn state(tx: &mut PgConnection, contact: i64, wished: &Map<String, Value>) -> Result<Value, Refusal> {
    let card: Option<Value> = sqlx::query_scalar("SELECT to_jsonb(c) FROM contacts c WHERE id = $1 FOR UPDATE")
        .bind(contact)
        .fetch_optional(tx)
        .await?;
    let card = card.ok_or_else(|| Refusal::Impossible(format!("there is no contact {contact}")))?;
    Ok(typed(wished)?.keys().map(|column| (column.clone(), card[column].clone())).collect::<Map<_, _>>().into())
}

pub(super) async fn act(tx: &mut PgConnection, contact: i64, wished: &Map<String, Value>) -> Result<Done, Refusal> {
    let columns = typed(wished)?;
    let before = state(tx, contact, wished).await?;
    update(tx, contact, &columns).await?;
    let after = state(tx, contact, wished).await?;
    let back = before.as_object().cloned().unwrap_or_default();
    let inverse = Inverse { action: Action::SetContact { contact, fields: back }, expects: after.clone() };
    let summary = format!("set {} of contact {contact}", wished.keys().cloned().collect::<Vec<_>>().join(", "));
    Ok(Done { changed: 1, summary, before, after, inverse: Some(inverse) })
}

/// Writes columns of one contact; the names come from the registry, never from a person.
pub(super) async fn update(tx: &mut PgConnection, contact: i64, columns: &Map<String, Value>) -> Result<(), Refusal> {
    let sets: Vec<String> = columns.keys().map(|column| format!("\"{column}\" = p.\"{column}\"")).collect();
    let sql = format!(
        "UPDATE contacts c SET {}, updated_at = now() FROM jsonb_populate_record(NULL::contacts, $2) p WHERE c.id = $1",
        sets.join(", ")
    );
    sqlx::query(sqlx::AssertSqlSafe(sql)).bind(contact).bind(json!(columns)).execute(tx).await?;
    Ok(())
}
