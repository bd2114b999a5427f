//! The step `duplicates`: other contacts with the same address or the same name, and how far they match.

use serde_json::{Value, json};
use sqlx::PgConnection;

use super::sheet::{Pair, Sheet};
use crate::contacts::duplicates::{Fingerprints, compare};
use crate::database::Result;
use crate::enrichment::graph::Step;
use crate::enrichment::load::COLUMNS;
use crate::enrichment::step::Settlement;
use crate::providers::is_free_mail;
use crate::queue::End;

/// A name that half of all contacts bear says nothing; so many of each kind are looked at.
const CANDIDATES_MAX: i64 = 20;

/// Looks for duplicates of the contacts whose step ended in this batch: two statements for all of them.
pub(super) async fn find(tx: &mut PgConnection, batch: &[Settlement], sheet: &mut Sheet, from: i32) -> Result<()> {
    let asked = batch.iter().filter(|s| s.end == End::Done && s.job.kind == Step::Duplicates.name());
    let ids: Vec<i64> = asked.map(|s| s.job.contact_id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let mine = format!("SELECT to_jsonb(c) FROM (SELECT {} FROM contacts c WHERE c.id = ANY($1)) c", *COLUMNS);
    let cards: Vec<Value> = sqlx::query_scalar(sqlx::AssertSqlSafe(mine)).bind(&ids).fetch_all(&mut *tx).await?;
    let prints: Vec<Fingerprints> = cards.iter().filter_map(Value::as_object).map(Fingerprints::of).collect();
    let side = |column: &str| {
        format!(
            "(SELECT {} FROM contacts c WHERE c.{column} = u.{column} AND c.id <> u.id AND NOT c.is_duplicate ORDER BY c.id LIMIT $4)",
            *COLUMNS
        )
    };
    let sql = format!(
        "SELECT u.id, to_jsonb(o) FROM unnest($1::bigint[], $2::text[], $3::text[]) AS u(id, name_fingerprint, email_fingerprint)
         CROSS JOIN LATERAL ({} UNION ALL {}) o",
        side("name_fingerprint"),
        side("email_fingerprint")
    );
    let own: Vec<i64> = cards.iter().filter_map(|card| card["id"].as_i64()).collect();
    let others: Vec<(i64, Value)> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(&own)
        .bind(prints.iter().map(|p| p.name.clone()).collect::<Vec<_>>())
        .bind(prints.iter().map(|p| p.email.clone()).collect::<Vec<_>>())
        .bind(CANDIDATES_MAX)
        .fetch_all(tx)
        .await?;
    for card in &cards {
        let candidates = others.iter().filter(|(id, _)| Some(*id) == card["id"].as_i64()).map(|(_, other)| other);
        enter(sheet, card, candidates, from);
    }
    Ok(())
}

fn enter<'a>(sheet: &mut Sheet, card: &Value, others: impl Iterator<Item = &'a Value>, from: i32) {
    let Some((id, mine)) = card["id"].as_i64().zip(card.as_object()) else { return };
    let mut best: Option<i32> = None;
    for other in others {
        let Some((other_id, theirs)) = other["id"].as_i64().zip(other.as_object()) else { continue };
        let found = compare(mine, theirs, is_free_mail);
        if found.confidence < from {
            continue;
        }
        best = best.max(Some(found.confidence));
        let pair = Pair {
            first: id.min(other_id),
            second: id.max(other_id),
            confidence: found.confidence,
            parts: found.parts,
        };
        if !sheet.pairs.iter().any(|known| (known.first, known.second) == (pair.first, pair.second)) {
            sheet.pairs.push(pair);
        }
    }
    let patch = &mut sheet.change(id).patch;
    patch.insert("duplicate_confidence".into(), json!(best));
    patch.insert("duplicate_checked_at".into(), json!(true));
}
