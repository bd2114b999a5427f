//! Batches to the database: one transaction each, so that an interruption loses no row and repeats none.

use std::collections::BTreeSet;

use sqlx::{PgConnection, PgTransaction};

use super::row::NewContact;
use super::{Enqueue, ImportError};
use crate::database::{Db, Error};

/// How often a batch is tried when another import holds numbers in a different order.
const TRIES: usize = 5;

/// A number that is there already stays as it is; so does the second of two equal numbers in one statement.
const INSERT: &str = "
INSERT INTO contacts (raw_phone_number, phone_e164, country_code, source, extra, email_source,
    business_name, business_legal_name, business_type, business_category, business_industry, business_employee_count,
    business_founded_year, business_address, business_city, business_state, business_postal_code, business_country,
    business_website, business_email_domain, business_linkedin_url, business_twitter_handle, business_description,
    email, first_name, last_name, full_name, position, department, seniority, linkedin_url, twitter_url, facebook_url,
    consumer_address, consumer_city, consumer_state, consumer_postal_code, consumer_country,
    reassigned_last_verified)
SELECT raw_phone_number, phone_e164, country_code, $2, extra, email_source,
    business_name, business_legal_name, business_type, business_category, business_industry, business_employee_count,
    business_founded_year, business_address, business_city, business_state, business_postal_code, business_country,
    business_website, business_email_domain, business_linkedin_url, business_twitter_handle, business_description,
    email, first_name, last_name, full_name, position, department, seniority, linkedin_url, twitter_url, facebook_url,
    consumer_address, consumer_city, consumer_state, consumer_postal_code, consumer_country, reassigned_last_verified
FROM json_to_recordset($1::json) AS r (raw_phone_number text, phone_e164 text, country_code text, extra jsonb, email_source text,
    business_name text, business_legal_name text, business_type text, business_category text, business_industry text,
    business_employee_count integer, business_founded_year integer, business_address text, business_city text,
    business_state text, business_postal_code text, business_country text, business_website text,
    business_email_domain text, business_linkedin_url text, business_twitter_handle text, business_description text,
    email text, first_name text, last_name text, full_name text, position text, department text, seniority text,
    linkedin_url text, twitter_url text, facebook_url text, consumer_address text, consumer_city text,
    consumer_state text, consumer_postal_code text, consumer_country text, reassigned_last_verified date)
ON CONFLICT (phone_e164) DO NOTHING
RETURNING id";

/// Inserts a batch and hands the new ids to `enqueue`, all in one transaction. Answers how many were new.
pub(super) async fn insert(
    db: &Db,
    contacts: &[NewContact],
    source: Option<&str>,
    enqueue: Option<&Enqueue<'_>>,
) -> Result<u64, ImportError> {
    // As text: it is read once, and building jsonb first would cost more than the insert.
    let json = serde_json::to_string(contacts).map_err(|_| ImportError::Internal)?;
    for tries_left in (0..TRIES).rev() {
        let mut transaction = db.begin().await?;
        let inserted = sqlx::query_scalar(INSERT).bind(&json).bind(source).fetch_all(&mut *transaction).await;
        let ids: Vec<i64> = match inserted {
            Ok(ids) => ids,
            Err(error) if tries_left > 0 && is_deadlock(&error) => continue,
            Err(error) => return Err(Error::from(error).into()),
        };
        if let Some(enqueue) = enqueue.filter(|_| !ids.is_empty()) {
            enqueue(&mut transaction, &ids).await.map_err(ImportError::Enqueue)?;
        }
        transaction.commit().await.map_err(Error::from)?;
        return Ok(ids.len() as u64);
    }
    Ok(0)
}

fn is_deadlock(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "40P01" || code == "40001")
}

/// Finds out what an import would do, without a trace in the tables: numbers that were seen wait in a temporary one.
pub(super) struct Rehearsal {
    transaction: PgTransaction<'static>,
}

impl Rehearsal {
    pub(super) async fn begin(db: &Db) -> Result<Rehearsal, ImportError> {
        let mut transaction = db.begin().await?;
        let made = sqlx::query("CREATE TEMPORARY TABLE import_seen (phone text PRIMARY KEY) ON COMMIT DROP");
        made.execute(&mut *transaction).await.map_err(Error::from)?;
        Ok(Rehearsal { transaction })
    }

    /// How many of these would be new.
    pub(super) async fn count(&mut self, contacts: &[NewContact]) -> Result<u64, ImportError> {
        let phones: BTreeSet<&str> =
            contacts.iter().filter_map(|contact| contact.get("phone_e164")?.as_str()).collect();
        let phones: Vec<&str> = phones.into_iter().collect();
        let connection: &mut PgConnection = &mut self.transaction;
        let counted = sqlx::query(
            "INSERT INTO pg_temp.import_seen SELECT phone FROM unnest($1::text[]) AS phone
             WHERE NOT EXISTS (SELECT FROM contacts WHERE phone_e164 = phone) ON CONFLICT DO NOTHING",
        );
        let done = counted.bind(phones).execute(connection).await.map_err(Error::from)?;
        Ok(done.rows_affected())
    }
}

#[cfg(test)]
mod tests {
    use super::INSERT;
    use crate::contacts::fields;

    #[test]
    fn the_statement_fills_exactly_the_fields_that_the_registry_calls_importable() {
        let columns = INSERT.split(['(', ')']).nth(1).unwrap();
        let mut columns: Vec<_> = columns
            .split(',')
            .map(str::trim)
            .filter(|c| !["source", "extra", "email_source", "country_code"].contains(c))
            .collect();
        let mut fields: Vec<_> = fields::all().filter(|field| field.import).map(|field| field.name).collect();
        columns.sort_unstable();
        fields.sort_unstable();
        assert_eq!(columns, fields);
    }
}
