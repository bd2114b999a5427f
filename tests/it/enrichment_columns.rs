//! The columns that steps write, against the table that has them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use switchboard::enrichment::patch::{self, COLUMNS, Kind};

use crate::support::TestDb;
use crate::support::work::contacts;

fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Bool => "boolean",
        Kind::Int => "integer",
        Kind::Big => "bigint",
        Kind::Decimal => "numeric",
        Kind::Date => "date",
        Kind::Time | Kind::Moment => "timestamp with time zone",
        Kind::Texts => "ARRAY",
        Kind::Json => "jsonb",
    }
}

#[tokio::test]
async fn every_column_that_a_step_writes_is_there_with_its_type() {
    let test = TestDb::new().await;
    let sql = "SELECT column_name::text, data_type::text FROM information_schema.columns WHERE table_name = 'contacts'";
    let there: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(test.db.pool()).await.unwrap();
    let there: BTreeMap<_, _> = there.into_iter().collect();
    for (column, kind) in COLUMNS {
        assert_eq!(there.get(*column).map(String::as_str), Some(type_of(*kind)), "{column}");
    }
}

#[tokio::test]
async fn a_patch_of_every_kind_arrives_as_it_was_meant() {
    let test = TestDb::new().await;
    let id = contacts(&test.db, 1).await[0];
    let given = json!({
        "business_name": "Northwind Harbor", "business_annual_revenue": 50_000_000_000_i64, "business_tags": ["a", "b"], "business_enriched": true,
        "business_enriched_at": true, "email_enriched_at": "2025-01-02T03:04:05Z", "position": "Mate", "latitude": 37.8, "longitude": "far",
        "email_sub_status": null, "business_founded_year": "1998",
    });
    let given: Map<String, Value> = patch::fit(given.as_object().cloned().unwrap());
    let sql = format!(
        "UPDATE contacts c SET {} updated_at = now() FROM (SELECT $2::jsonb AS patch) p WHERE c.id = $1
         RETURNING to_jsonb(c) || jsonb_build_object('now', business_enriched_at = now())",
        patch::assignments([&given].into_iter())
    );
    let row: Value = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .bind(id)
        .bind(Value::Object(given))
        .fetch_one(test.db.pool())
        .await
        .unwrap();
    for (column, value) in json!({
        "business_name": "Northwind Harbor", "business_annual_revenue": 50_000_000_000_i64, "business_tags": ["a", "b"], "business_enriched": true, "now": true,
        "email_enriched_at": "2025-01-02T03:04:05+00:00", "position": "Mate", "latitude": 37.8, "longitude": null, "email_sub_status": null,
        "business_founded_year": 1998, "completeness": 20,
    })
    .as_object()
    .unwrap()
    {
        assert_eq!(&row[column], value, "{column} of {row}");
    }
}
