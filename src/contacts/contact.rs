//! A contact as lists show it, and all that is known of one.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::fields;
use crate::database::{Db, Result};

/// Most raw answers that a detail carries, newest first.
const PROVIDER_RESULTS_MAX: i64 = 50;

/// What a list shows of a contact.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct ContactRow {
    /// Its id.
    pub id: i64,
    /// Its number.
    pub phone_e164: String,
    /// Where its lookup stands.
    pub status: String,
    /// The person.
    pub full_name: Option<String>,
    /// The business.
    pub business_name: Option<String>,
    /// Its e-mail.
    pub email: Option<String>,
    /// Mobile, landline and so on, as Twilio says it.
    pub line_type: Option<String>,
    /// Who carries it.
    pub carrier_name: Option<String>,
    /// Of the business, else of the consumer, else of the number.
    pub country: Option<String>,
    /// 0 to 100.
    pub quality_score: i32,
    /// Why it failed, or why the last attempt did.
    pub error_kind: Option<String>,
    /// When it was imported.
    pub created_at: DateTime<Utc>,
}

/// All that is known of one contact.
#[derive(Debug, Clone, PartialEq)]
pub struct ContactDetail {
    /// Every stored field in the registry's order, null where nothing is known.
    pub fields: Vec<(&'static str, Value)>,
    /// Columns of its file that map to no field.
    pub extra: Value,
    /// A row per step; queued and running are read from the live job.
    pub steps: Vec<Value>,
    /// Raw answers of providers, newest first.
    pub provider_results: Vec<Value>,
}

impl ContactDetail {
    /// The object that `contacts show --json` prints: the fields by their names, `extra`, `steps`, `provider_results`.
    pub fn to_json(&self) -> Value {
        let mut object: serde_json::Map<_, _> =
            self.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        object.insert("extra".to_owned(), self.extra.clone());
        object.insert("steps".to_owned(), Value::Array(self.steps.clone()));
        object.insert("provider_results".to_owned(), Value::Array(self.provider_results.clone()));
        Value::Object(object)
    }
}

/// The contact of this id, or of this number in E.164; none if there is none.
pub async fn show(db: &Db, id_or_e164: &str) -> Result<Option<ContactDetail>> {
    let asked = id_or_e164.trim();
    let row: Option<(i64, Value)> = match asked.parse::<i64>() {
        Ok(id) if !asked.starts_with('+') => {
            sqlx::query_as("SELECT id, to_jsonb(c) FROM contacts c WHERE id = $1")
                .bind(id)
                .fetch_optional(db.pool())
                .await?
        }
        _ if asked.contains('\0') => None,
        _ => {
            sqlx::query_as("SELECT id, to_jsonb(c) FROM contacts c WHERE phone_e164 = $1")
                .bind(asked)
                .fetch_optional(db.pool())
                .await?
        }
    };
    let Some((id, mut columns)) = row else { return Ok(None) };
    let steps = sqlx::query_scalar(
        "SELECT to_jsonb(s) - 'contact_id' || CASE WHEN j.id IS NULL THEN '{}' ELSE jsonb_build_object(
             'state', CASE j.state WHEN 'running' THEN 'running' ELSE 'queued' END,
             'job_id', j.id, 'lane', j.lane, 'run_at', j.run_at, 'attempts', j.attempt) END
         FROM (SELECT contact_id, step, state, reason, provider, attempts, error_kind, error_message, cost, started_at, finished_at
                   FROM contact_steps WHERE contact_id = $1
               UNION ALL
               SELECT contact_id, kind, 'queued', NULL, NULL, attempt, NULL, NULL, 0, NULL, NULL
                   FROM jobs WHERE contact_id = $1 AND state IN ('waiting', 'scheduled', 'running')
                   AND NOT EXISTS (SELECT FROM contact_steps x WHERE x.contact_id = jobs.contact_id AND x.step = jobs.kind)) AS s
         LEFT JOIN jobs AS j ON j.contact_id = s.contact_id AND j.kind = s.step AND j.state IN ('waiting', 'scheduled', 'running')
         ORDER BY s.started_at NULLS LAST, s.step",
    )
    .bind(id)
    .fetch_all(db.pool())
    .await?;
    let provider_results = sqlx::query_scalar(
        "SELECT to_jsonb(r) - 'contact_id' FROM provider_results r WHERE contact_id = $1 ORDER BY fetched_at DESC LIMIT $2",
    )
    .bind(id)
    .bind(PROVIDER_RESULTS_MAX)
    .fetch_all(db.pool())
    .await?;
    let mut take = |name: &str| columns.get_mut(name).map(Value::take).unwrap_or_default();
    Ok(Some(ContactDetail {
        fields: fields::stored().map(|field| (field.name, take(field.name))).collect(),
        extra: take("extra"),
        steps,
        provider_results,
    }))
}
