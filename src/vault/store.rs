//! The rows of the vault: entering a version, reading what may be sent, writing down what was seen.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgConnection;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::key::{KeySource, MasterKeys};
use super::live::{Given, is_whole};
use super::seal::{self, DataKey, Place, Sealed, Wrapped};
use super::version::{State, Verdict, Version};
use super::{Result, VaultError};
use crate::catalogue::{PROVIDERS, Slot};
use crate::database::{self, Db};

/// Channel on which a change is announced; the payload is the vault's version.
pub const CHANNEL: &str = "switchboard_vault";
/// A field longer than this is no credential, in bytes.
const FIELD_BYTES_MAX: usize = 4096;
/// Versions of one slot that are listed.
const LISTED_MAX: i64 = 50;

const COLUMNS: &str =
    "id, slot, version, state, fields, fingerprint, set_by, set_login, set_at, expires_at, activated_at, watch_until,
    watched_at, ended_at, ended_why, last_used_at, verified_at, verdict, verdict_detail";

/// The slot of this name, or the sentence that names its neighbour.
pub fn slot(name: &str) -> Result<&'static Slot> {
    let mut slots = PROVIDERS.iter().filter_map(|p| p.slot);
    if let Some(slot) = slots.clone().find(|slot| slot.name == name) {
        return Ok(slot);
    }
    let near = crate::catalogue::nearest(name, slots.by_ref().map(|slot| slot.name));
    let hint =
        near.map_or_else(|| "`switchboard credentials list` names them".into(), |near| format!("did you mean {near}?"));
    Err(VaultError::Forbidden(format!("there is no credential slot {name}: {hint}")))
}

/// Lanes that a slot serves.
pub fn lanes_of(slot: &str) -> Vec<&'static str> {
    let lanes = PROVIDERS.iter().filter(|p| p.has_lane && p.slot.is_some_and(|s| s.name == slot));
    lanes.map(|p| p.id).collect()
}

/// What a person gives.
#[derive(Debug)]
pub struct Entry<'a> {
    /// Slot.
    pub slot: &'static Slot,
    /// All of its fields: a credential is one unit.
    pub fields: &'a Given,
    /// Person, as claimed.
    pub by: &'a str,
    /// When the provider will stop taking it.
    pub expires_at: Option<DateTime<Utc>>,
    /// Discard the pending version that somebody else left.
    pub replace: bool,
}

/// Checks that the fields are a whole credential of the slot and nothing else.
pub fn check(slot: &Slot, fields: &Given) -> Result<()> {
    let forbidden = |text: String| Err(VaultError::Forbidden(text));
    for (name, value) in fields {
        if !slot.fields.iter().any(|f| f.name == name) {
            let known: Vec<_> = slot.fields.iter().map(|f| f.name).collect();
            return forbidden(format!("{} has no field {name}: it takes {}", slot.name, known.join(", ")));
        }
        let text = value.expose_secret();
        if text.len() > FIELD_BYTES_MAX || text.chars().any(char::is_control) {
            return forbidden(format!(
                "field {name} of {} is no credential: it is too long or holds control characters",
                slot.name
            ));
        }
    }
    if is_whole(slot, fields) {
        return Ok(());
    }
    let sets: Vec<_> = slot.complete.iter().rev().map(|set| set.join(" + ")).collect();
    forbidden(format!("{} needs {}", slot.name, sets.join(", or ")))
}

/// Takes the vault's row, so that one change is made at a time; returns which vault it is.
pub async fn lock(tx: &mut PgConnection) -> Result<Uuid> {
    Ok(sqlx::query_scalar("SELECT id FROM vault FOR UPDATE").fetch_one(tx).await?)
}

/// Tells every process that something changed.
pub async fn changed(tx: &mut PgConnection) -> Result<()> {
    let sql = "WITH v AS (UPDATE vault SET version = version + 1, changed_at = now() RETURNING version) SELECT pg_notify($1, version::text) FROM v";
    sqlx::query(sql).bind(CHANNEL).execute(tx).await?;
    Ok(())
}

/// Keys that can seal for this vault: where nothing is sealed yet and there is no key, a key file is made.
pub async fn keys_to_seal(tx: &mut PgConnection, source: &KeySource) -> Result<MasterKeys> {
    let keys = source.load()?;
    if keys.first().is_some() {
        return Ok(keys);
    }
    match sqlx::query_scalar::<_, Option<String>>("SELECT key_id FROM vault").fetch_one(tx).await? {
        None => Ok(source.create()?),
        Some(id) => Err(seal::SealError::UnknownKey(id).into()),
    }
}

/// The key of fingerprints; made with the first version. To open it proves that these keys are the vault's.
async fn fingerprint_key(tx: &mut PgConnection, keys: &MasterKeys, vault: Uuid) -> Result<DataKey> {
    let place = Place { vault, slot: "fingerprints", version: 0 };
    let sql = "SELECT key_id, wrap_nonce, wrapped_key FROM vault WHERE key_id IS NOT NULL";
    if let Some(wrapped) = sqlx::query_as::<_, Wrapped>(sql).fetch_optional(&mut *tx).await? {
        return Ok(seal::unwrap(keys, place, &wrapped)?);
    }
    let key = seal::new_key();
    let wrapped = seal::wrap(keys.first().ok_or(seal::SealError::NoKey)?, place, &key)?;
    set_fingerprint_key(tx, &wrapped).await?;
    Ok(key)
}

async fn set_fingerprint_key(tx: &mut PgConnection, wrapped: &Wrapped) -> Result<()> {
    let sql = "UPDATE vault SET key_id = $1, wrap_nonce = $2, wrapped_key = $3";
    let Wrapped { key_id, wrap_nonce, wrapped_key } = wrapped;
    sqlx::query(sql).bind(key_id).bind(wrap_nonce).bind(wrapped_key).execute(tx).await?;
    Ok(())
}

/// Seals a new pending version; returns it. At most one is pending a slot.
pub async fn enter(tx: &mut PgConnection, keys: &MasterKeys, entry: &Entry<'_>) -> Result<Version> {
    check(entry.slot, entry.fields)?;
    let vault = lock(tx).await?;
    let prints = fingerprint_key(tx, keys, vault).await?;
    if let Some(pending) = in_state(tx, entry.slot.name, State::Pending).await? {
        if !entry.replace {
            let (label, by, slot) = (pending.label(), &pending.entered.set_by, entry.slot.name);
            return Err(VaultError::Forbidden(format!(
                "{by} is turning {slot} already: {label} waits since {}; finish it with `switchboard credentials verify {slot} --activate`, or give --replace to discard it",
                pending.entered.set_at.format("%H:%M:%SZ")
            )));
        }
        super::turn::retire(tx, &pending, &format!("replaced by {}", entry.by)).await?;
    }
    let plain = plain(entry.fields)?;
    let sql = "INSERT INTO credentials (slot, version, fields, fingerprint, set_by, expires_at)
               SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5 FROM credentials WHERE slot = $1 RETURNING id, version";
    let (id, version): (i64, i32) = sqlx::query_as(sql)
        .bind(entry.slot.name)
        .bind(entry.fields.keys().collect::<Vec<_>>())
        .bind(seal::fingerprint(&prints, entry.slot.name, &plain))
        .bind(entry.by)
        .bind(entry.expires_at)
        .fetch_one(&mut *tx)
        .await?;
    let sealed = seal::seal(keys, Place { vault, slot: entry.slot.name, version }, &plain)?;
    let sql = "INSERT INTO credential_secrets (credential_id, nonce, sealed, key_id, wrap_nonce, wrapped_key) VALUES ($1, $2, $3, $4, $5, $6)";
    sqlx::query(sql)
        .bind(id)
        .bind(sealed.nonce)
        .bind(sealed.sealed)
        .bind(sealed.key.key_id)
        .bind(sealed.key.wrap_nonce)
        .bind(sealed.key.wrapped_key)
        .execute(&mut *tx)
        .await?;
    changed(tx).await?;
    by_number(tx, entry.slot.name, version).await
}

/// The fields as one text, in the order of their names.
fn plain(fields: &Given) -> Result<Zeroizing<Vec<u8>>> {
    let map: std::collections::BTreeMap<&str, &str> = fields
        .iter()
        .filter(|(_, v)| !v.expose_secret().is_empty())
        .map(|(k, v)| (k.as_str(), v.expose_secret()))
        .collect();
    let text =
        serde_json::to_vec(&map).map_err(|_| VaultError::Forbidden("the fields can't be written as JSON".into()))?;
    Ok(Zeroizing::new(text))
}

/// The fields of an opened value.
pub(super) fn fields(plain: &[u8]) -> Option<Given> {
    let map: std::collections::BTreeMap<String, String> = serde_json::from_slice(plain).ok()?;
    Some(map.into_iter().map(|(name, value)| (name, SecretString::from(value))).collect())
}

/// A version that a slot has in a state of which there is at most one.
pub async fn in_state(tx: &mut PgConnection, slot: &str, state: State) -> Result<Option<Version>> {
    let sql = format!("SELECT {COLUMNS} FROM credentials WHERE slot = $1 AND state = $2 ORDER BY version DESC LIMIT 1");
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(slot).bind(state).fetch_optional(tx).await?)
}

/// One version of a slot.
pub async fn by_number(tx: &mut PgConnection, slot: &str, version: i32) -> Result<Version> {
    let sql = format!("SELECT {COLUMNS} FROM credentials WHERE slot = $1 AND version = $2");
    let found = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(slot).bind(version).fetch_optional(tx).await?;
    found.ok_or_else(|| {
        VaultError::Forbidden(format!("{slot} has no version {version}: `switchboard credentials list` shows them"))
    })
}

/// All versions of all slots, the newest first; retired ones only among the newest fifty of a slot.
pub async fn versions(db: &Db) -> database::Result<Vec<Version>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM (SELECT *, row_number() OVER (PARTITION BY slot ORDER BY version DESC) AS place FROM credentials) c
         WHERE place <= $1 OR state <> 'retired' ORDER BY slot, version DESC"
    );
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(LISTED_MAX).fetch_all(db.pool()).await?)
}

/// A stored version with its sealed value.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Stored {
    pub id: i64,
    pub slot: String,
    pub version: i32,
    pub state: State,
    #[sqlx(flatten)]
    pub sealed: Sealed,
}

/// Every version that still has its secret.
pub(super) async fn load(db: &Db) -> database::Result<Vec<Stored>> {
    let sql = "SELECT c.id, c.slot, c.version, c.state, s.nonce, s.sealed, s.key_id, s.wrap_nonce, s.wrapped_key
               FROM credentials c JOIN credential_secrets s ON s.credential_id = c.id WHERE c.state <> 'retired' ORDER BY c.id";
    Ok(sqlx::query_as(sql).fetch_all(db.pool()).await?)
}

/// The vault's id and version: the cheap look every few seconds. Read before the rows it may be older than they, never newer:
/// then the next look reads them again.
pub(super) async fn look(db: &Db) -> database::Result<(Uuid, i64)> {
    Ok(sqlx::query_as("/* heartbeat */ SELECT id, version FROM vault").fetch_one(db.pool()).await?)
}

/// Writes down what a provider said of a version.
pub async fn judged(tx: &mut PgConnection, id: i64, verdict: &Verdict) -> Result<()> {
    let sql = "UPDATE credentials SET verified_at = clock_timestamp(), verdict = $2, verdict_detail = $3, verify_wanted_at = NULL WHERE id = $1";
    sqlx::query(sql).bind(id).bind(verdict.name()).bind(verdict.detail()).execute(tx).await?;
    Ok(())
}

/// A version's key without its value.
#[derive(Debug, sqlx::FromRow)]
struct Kept {
    id: i64,
    slot: String,
    version: i32,
    #[sqlx(flatten)]
    key: Wrapped,
}

/// Wraps every data key anew under the first of `keys`; returns how many versions. Reads no sealed value.
pub async fn rewrap(tx: &mut PgConnection, keys: &MasterKeys) -> Result<usize> {
    let vault = lock(tx).await?;
    let first = keys.first().ok_or(seal::SealError::NoKey)?;
    let prints = fingerprint_key(tx, keys, vault).await?;
    set_fingerprint_key(tx, &seal::wrap(first, Place { vault, slot: "fingerprints", version: 0 }, &prints)?).await?;
    let sql = "SELECT c.id, c.slot, c.version, s.key_id, s.wrap_nonce, s.wrapped_key FROM credential_secrets s JOIN credentials c ON c.id = s.credential_id";
    let rows: Vec<Kept> = sqlx::query_as(sql).fetch_all(&mut *tx).await?;
    for row in &rows {
        let place = Place { vault, slot: &row.slot, version: row.version };
        let anew = seal::wrap(first, place, &seal::unwrap(keys, place, &row.key)?)?;
        let sql =
            "UPDATE credential_secrets SET key_id = $2, wrap_nonce = $3, wrapped_key = $4 WHERE credential_id = $1";
        let update = sqlx::query(sql).bind(row.id).bind(anew.key_id).bind(anew.wrap_nonce).bind(anew.wrapped_key);
        update.execute(&mut *tx).await?;
    }
    changed(tx).await?;
    Ok(rows.len())
}
