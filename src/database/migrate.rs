//! Brings the schema up to this program: all that is pending in one transaction, under a lock of that transaction.
//!
//! What must stay true: nothing here needs a session, so that it works through a pooler; a file that was applied is never
//! changed afterwards; a schema from the future is used only if it admits this program.

use std::collections::BTreeMap;

use sqlx::migrate::{Migration, Migrator};
use sqlx::{Executor, PgConnection, PgTransaction};

use super::{Db, Error, Result};

static EMBEDDED: Migrator = sqlx::migrate!();

/// Key of the advisory lock: "switchbd" in ASCII.
const LOCK: i64 = 0x7377_6974_6368_6264;

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// Migrations that this run applied.
    pub count: usize,
    /// The schema's version now.
    pub version: i64,
}

/// How far the schema is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// Migrations that this program has and the database lacks.
    pub count: usize,
    /// The schema's version, 0 for an empty database.
    pub version: i64,
}

type Done = BTreeMap<i64, Vec<u8>>;

/// Applies what is pending. Safe in any number of processes at once; does nothing where nothing is pending.
pub async fn run(db: &Db) -> Result<Applied> {
    let mut transaction = db.begin_directly().await?;
    let before = look(&mut transaction).await?;
    if before.count == 0 {
        return Ok(Applied { count: 0, version: before.version });
    }
    if !may_change_schema(&mut transaction).await? {
        return Err(Error::Migration(format!(
            "The database lacks {} migrations and this login may not apply them: run `switchboard migrate` as the owner of its schema",
            before.count
        )));
    }
    let applied = apply(&mut transaction).await?;
    super::roles::grant(&mut transaction).await?;
    transaction.commit().await?;
    Ok(applied)
}

/// Grants the roles anew: they may have been made after the tables, by somebody who may make roles.
pub async fn grant_roles(db: &Db) -> Result<()> {
    let mut transaction = db.begin_directly().await?;
    super::roles::grant(&mut transaction).await?;
    Ok(transaction.commit().await?)
}

/// What [`run`] would do; an error where it would refuse.
pub async fn pending(db: &Db) -> Result<Pending> {
    let mut transaction = db.begin_directly().await?;
    look(&mut transaction).await
}

/// Whether the schema, which a newer program may have changed meanwhile, still admits this one; an error where it does not.
pub async fn admits(db: &Db) -> Result<()> {
    let sql = "/* heartbeat */ SELECT oldest_program, (SELECT max(version) FROM schema_migrations) FROM schema_info";
    let (oldest, version): (String, i64) = sqlx::query_as(sql).fetch_one(db.pool()).await?;
    admitted(&oldest, env!("CARGO_PKG_VERSION"), version)
}

/// The lock ends with the transaction. Limits of the session are for queries, not for building indexes.
async fn apply(transaction: &mut PgTransaction<'_>) -> Result<Applied> {
    transaction.execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0").await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut **transaction).await?;
    let sql = "CREATE TABLE IF NOT EXISTS schema_migrations (version bigint PRIMARY KEY, description text NOT NULL, \
               checksum bytea NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())";
    transaction.execute(sql).await?;
    let done = done(transaction).await?;
    let mut count = 0;
    for migration in EMBEDDED.iter().filter(|migration| !done.contains_key(&migration.version)) {
        one(transaction, migration).await?;
        count += 1;
    }
    Ok(Applied { count, version: EMBEDDED.iter().map(|m| m.version).chain(done.into_keys()).max().unwrap_or(0) })
}

async fn one(transaction: &mut PgTransaction<'_>, migration: &Migration) -> Result<()> {
    transaction.execute(migration.sql.clone()).await.map_err(|cause| {
        Error::Migration(format!(
            "Migration {} ({}) failed and nothing was changed: {cause}",
            migration.version, migration.description
        ))
    })?;
    sqlx::query("INSERT INTO schema_migrations (version, description, checksum) VALUES ($1, $2, $3)")
        .bind(migration.version)
        .bind(&*migration.description)
        .bind(&*migration.checksum)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

async fn look(connection: &mut PgConnection) -> Result<Pending> {
    let present: bool =
        sqlx::query_scalar("SELECT to_regclass('schema_migrations') IS NOT NULL").fetch_one(&mut *connection).await?;
    let done = if present { done(connection).await? } else { Done::new() };
    let newest = EMBEDDED.iter().map(|m| m.version).max().unwrap_or(0);
    let version = done.keys().max().copied().unwrap_or(0);
    if version > newest {
        let oldest: String =
            sqlx::query_scalar("SELECT oldest_program FROM schema_info").fetch_one(&mut *connection).await?;
        admitted(&oldest, env!("CARGO_PKG_VERSION"), version)?;
    }
    let count = EMBEDDED.iter().filter(|m| !done.contains_key(&m.version)).count();
    Ok(Pending { count, version })
}

/// What was applied; refuses a file that differs from what was applied under its number.
async fn done(connection: &mut PgConnection) -> Result<Done> {
    let rows: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT version, checksum FROM schema_migrations").fetch_all(connection).await?;
    let done: Done = rows.into_iter().collect();
    match EMBEDDED.iter().find(|m| done.get(&m.version).is_some_and(|checksum| checksum.as_slice() != &*m.checksum)) {
        None => Ok(done),
        Some(changed) => Err(Error::Migration(format!(
            "Migration {} ({}) was applied to this database in another form: use the program that made it, or an empty database",
            changed.version, changed.description
        ))),
    }
}

/// The owner of what is there; in an empty schema whoever may create in it.
async fn may_change_schema(connection: &mut PgConnection) -> Result<bool> {
    let sql = "SELECT coalesce(
                   (SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('schema_migrations')),
                   has_schema_privilege(current_user, current_schema(), 'CREATE'),
                   false)";
    Ok(sqlx::query_scalar(sql).fetch_one(connection).await?)
}

/// Whether a schema that is newer than `program` lets it work.
fn admitted(oldest: &str, program: &str, version: i64) -> Result<()> {
    match (parts(oldest), parts(program)) {
        (Some(oldest), Some(program)) if oldest <= program => Ok(()),
        _ => Err(Error::Migration(format!(
            "The database's schema (version {version}) asks for switchboard {oldest} or newer and this is {program}: update the program"
        ))),
    }
}

fn parts(version: &str) -> Option<[u64; 3]> {
    let mut numbers = version.split(['-', '+']).next()?.splitn(3, '.').map(|part| part.parse().ok());
    Some([numbers.next()??, numbers.next()??, numbers.next()??])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_schema_admits_by_numbers_not_by_letters() {
        assert!(admitted("0.9.0", "0.10.0", 99).is_ok());
        assert!(admitted("0.1.0", "0.1.0", 99).is_ok());
        let refusal = admitted("0.10.0", "0.9.9", 99).unwrap_err().to_string();
        assert!(refusal.contains("0.10.0 or newer"), "{refusal}");
        assert!(admitted("soon", "0.9.9", 99).is_err());
    }
}
