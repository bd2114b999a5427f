//! Merging two contacts and undoing it: both rows are kept as they were, and nothing is guessed when they changed since.

use serde_json::{Map, Value, json};
use sqlx::PgConnection;

use super::cards::update;
use super::draft::{Done, Draft, Inverse, Refusal};
use super::{Action, Actor, Tier};
use crate::contacts::duplicates::merge::merged;
use crate::database::Db;

type Card = Map<String, Value>;

/// Both rows, locked in the order of their ids: the primary's first.
async fn cards(tx: &mut PgConnection, primary: i64, duplicate: i64) -> Result<(Card, Card), Refusal> {
    let sql = "SELECT id, to_jsonb(c) FROM contacts c WHERE id = ANY($1) ORDER BY id FOR UPDATE";
    let rows: Vec<(i64, Value)> = sqlx::query_as(sql).bind(vec![primary, duplicate]).fetch_all(tx).await?;
    let card = |id: i64| {
        let found = rows.iter().find(|(row, _)| *row == id).and_then(|(_, card)| card.as_object().cloned());
        found.ok_or_else(|| Refusal::Impossible(format!("there is no contact {id}")))
    };
    Ok((card(primary)?, card(duplicate)?))
}

fn refuse_decided(cards: &(Card, Card)) -> Result<(), Refusal> {
    for card in [&cards.0, &cards.1] {
        if card.get("is_duplicate").and_then(Value::as_bool) == Some(true) {
            let id = card.get("id").cloned().unwrap_or_default();
            return Err(Refusal::Impossible(format!("contact {id} is a duplicate already: undo that merge first")));
        }
    }
    Ok(())
}

pub(super) async fn plan(db: &Db, primary: i64, duplicate: i64) -> Result<Draft, Refusal> {
    if primary == duplicate {
        return Err(Refusal::Impossible("a contact can not be merged with itself".into()));
    }
    let mut tx = db.begin().await?;
    let both = cards(&mut tx, primary, duplicate).await?;
    drop(tx);
    refuse_decided(&both)?;
    let gains = merged(&both.0, &both.1);
    let gained = if gains.is_empty() { "nothing".into() } else { gains.keys().cloned().collect::<Vec<_>>().join(", ") };
    let sentence = format!("Merge contact {duplicate} into {primary}, which gains {gained}.");
    Ok(Draft { things: 1, sentence, cost_usd: 0.0, undoable: true, least: Tier::Wide, bound: 0 })
}

pub(super) async fn act(
    tx: &mut PgConnection,
    (primary, duplicate): (i64, i64),
    actor: &Actor,
) -> Result<Done, Refusal> {
    let both = cards(tx, primary, duplicate).await?;
    refuse_decided(&both)?;
    let gains = merged(&both.0, &both.1);
    let before: Card =
        gains.keys().map(|column| (column.clone(), both.0.get(column).cloned().unwrap_or_default())).collect();
    if !gains.is_empty() {
        update(tx, primary, &gains).await?;
    }
    let mark = "UPDATE contacts SET is_duplicate = true, duplicate_of_id = $2, duplicate_confidence = 100, updated_at = now() WHERE id = $1";
    sqlx::query(mark).bind(duplicate).bind(primary).execute(&mut *tx).await?;
    let sql = "INSERT INTO merges (actor, primary_id, duplicate_id, primary_before, duplicate_before, primary_after) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id";
    let id: i64 = sqlx::query_scalar(sql)
        .bind(&actor.name)
        .bind(primary)
        .bind(duplicate)
        .bind(json!(before))
        .bind(json!({"duplicate_confidence": both.1.get("duplicate_confidence")}))
        .bind(json!(gains))
        .fetch_one(&mut *tx)
        .await?;
    let decided =
        "UPDATE duplicate_pairs SET merge_id = $1 WHERE (first_id, second_id) = (least($2, $3), greatest($2, $3))";
    sqlx::query(decided).bind(id).bind(primary).bind(duplicate).execute(&mut *tx).await?;
    let expects = state(tx, id).await?;
    let inverse = Inverse { action: Action::Unmerge { merge: id }, expects };
    let summary = format!("merged contact {duplicate} into {primary} (merge {id})");
    Ok(Done { changed: 1, summary, before: json!(before), after: json!(gains), inverse: Some(inverse) })
}

/// What an undo goes by: whether the merge still stands.
pub(super) async fn state(tx: &mut PgConnection, merge: i64) -> Result<Value, Refusal> {
    let row: Option<bool> = sqlx::query_scalar("SELECT undone_at IS NULL FROM merges WHERE id = $1 FOR UPDATE")
        .bind(merge)
        .fetch_optional(tx)
        .await?;
    let stands = row.ok_or_else(|| {
        Refusal::Impossible(format!("there is no merge {merge}; `switchboard duplicates list` shows pairs"))
    })?;
    Ok(json!({"merge": merge, "stands": stands}))
}

pub(super) async fn plan_undo(db: &Db, merge: i64) -> Result<Draft, Refusal> {
    // Without a lock: an undo by its audit row holds one already.
    let stands: Option<bool> = sqlx::query_scalar("SELECT undone_at IS NULL FROM merges WHERE id = $1")
        .bind(merge)
        .fetch_optional(db.pool())
        .await?;
    if stands != Some(true) {
        return Err(Refusal::Impossible(format!("merge {merge} was undone already, or never was")));
    }
    let sentence = format!("Undo merge {merge}: both contacts as they were.");
    Ok(Draft { things: 1, sentence, cost_usd: 0.0, undoable: false, least: Tier::Light, bound: 0 })
}

pub(super) async fn undo(tx: &mut PgConnection, merge: i64) -> Result<Done, Refusal> {
    if state(tx, merge).await?["stands"] != true {
        return Err(Refusal::Impossible(format!("merge {merge} was undone already")));
    }
    let sql = "UPDATE merges SET undone_at = now() WHERE id = $1 RETURNING primary_id, duplicate_id, primary_before, primary_after, duplicate_before";
    let (primary, duplicate, before, after, other): (i64, i64, Value, Value, Value) =
        sqlx::query_as(sql).bind(merge).fetch_one(&mut *tx).await?;
    let (now, _) = cards(tx, primary, duplicate).await?;
    // A column that somebody changed since stays as it is.
    let same = |(column, value): (&String, &Value)| {
        let kept = now.get(column) == after.get(column);
        kept.then(|| (column.clone(), value.clone()))
    };
    let back: Card = before.as_object().into_iter().flatten().filter_map(same).collect();
    if !back.is_empty() {
        update(tx, primary, &back).await?;
    }
    let free = "UPDATE contacts SET is_duplicate = false, duplicate_of_id = NULL, duplicate_confidence = ($2)::integer, updated_at = now() WHERE id = $1";
    sqlx::query(free).bind(duplicate).bind(other["duplicate_confidence"].as_i64()).execute(&mut *tx).await?;
    sqlx::query("UPDATE duplicate_pairs SET merge_id = NULL WHERE merge_id = $1").bind(merge).execute(&mut *tx).await?;
    let summary = format!("undid merge {merge}: contacts {primary} and {duplicate} are two again");
    Ok(Done { changed: 1, summary, before: after, after: json!(back), inverse: None })
}
