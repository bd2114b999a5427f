//! Keeps what this process may send in step with the vault: at once when it hears of a change, every three seconds anyway.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use serde_json::json;
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::key::{KeySource, MasterKeys};
use super::live::{Credential, Credentials, Held};
use super::record::{self, Step, Who};
use super::seal::{self, Place, SealError};
use super::store::{self, Stored};
use super::version::{State, Verdict, Version};
use super::{Result, turn};
use crate::catalogue::PROVIDERS;
use crate::database::{Db, Error};
use crate::telemetry::LiveSecret;

/// How often the vault's version is looked at when no hint came.
const LOOK_PERIOD: Duration = Duration::from_secs(3);
/// A look that took longer is given up: its connection is dead.
const LOOK_LIMIT: Duration = Duration::from_secs(5);
/// How often a node writes down what it holds although nothing changed.
const REPORT_PERIOD: Duration = Duration::from_secs(15);
/// How often watches and expiries are looked at.
const CHORE_PERIOD: Duration = Duration::from_secs(20);

/// The cheap call that finds out whether a provider takes a credential.
pub type VerifyCall<'g> = dyn Fn(Credential) -> BoxFuture<'g, Verdict> + Send + Sync + 'g;

/// Where this process reads the vault, and with which keys.
#[derive(Debug)]
pub(super) struct Store {
    pub db: Db,
    source: KeySource,
    keys: std::sync::Mutex<Arc<MasterKeys>>,
    /// When the last reading began: whoever needs a later one makes it, the others take its word.
    read_began: Mutex<Option<Instant>>,
}

/// What keeping needs.
pub struct Keeping {
    /// This node: `host:pid`.
    pub node: String,
    /// Its epoch now.
    pub epoch: Box<dyn Fn() -> i64 + Send + Sync>,
    /// Woken when a change was announced.
    pub hint: Arc<Notify>,
    /// Told when slots came or went: this node serves other lanes now.
    pub slots_changed: Arc<Notify>,
    /// The cheap call.
    pub verify: Box<VerifyCall<'static>>,
    /// How long before its end a credential raises its alert.
    pub remind: Duration,
}

impl Credentials {
    /// Reads the vault from now on. Keys that can't be read are an error; a row that can't be opened is a trouble of its slot.
    pub async fn attach(&self, db: Db, source: KeySource) -> Result<()> {
        let keys = Arc::new(source.load()?);
        self.hide_keys(&keys);
        let store = Store { db, source, keys: std::sync::Mutex::new(keys), read_began: Mutex::default() };
        // A second attachment would change nothing: there is one database a process.
        let _ = self.store.set(store);
        self.refresh_since(Instant::now()).await
    }

    fn hide_keys(&self, keys: &MasterKeys) {
        let spelled = keys.iter().flat_map(|key| key.spellings());
        self.hide(spelled.map(|value| LiveSecret { kind: "master-key".into(), value }).collect());
    }

    /// Makes sure that what is held was read not earlier than `moment`. Many callers share one reading.
    pub async fn refresh_since(&self, moment: Instant) -> Result<()> {
        let Some(store) = self.store.get() else { return Ok(()) };
        let mut began = store.read_began.lock().await;
        if began.is_some_and(|at| at >= moment) {
            return Ok(());
        }
        let now = Instant::now();
        let seen = self.held.read().unwrap_or_else(PoisonError::into_inner).seen;
        let known = self.held.read().unwrap_or_else(PoisonError::into_inner).confirmed.is_some();
        let vault = store::look(&store.db).await?;
        if !known || vault.1 != seen {
            self.take_over(store, vault, &store::load(&store.db).await?);
        }
        self.held.write().unwrap_or_else(PoisonError::into_inner).confirmed = Some(now);
        *began = Some(now);
        Ok(())
    }

    /// Opens what is new and swaps it in; the redactor learns of it before any call can use it.
    fn take_over(&self, store: &Store, (vault, version): (Uuid, i64), rows: &[Stored]) {
        let mut next = Held { seen: version, ..Held::default() };
        let mut known: BTreeMap<i64, Credential> = BTreeMap::new();
        {
            let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
            let all = held.current.values().chain(held.others.iter().map(|(_, c)| c));
            known.extend(all.filter_map(|c| Some((c.row?, c.clone()))));
            next.confirmed = held.confirmed;
        }
        for row in rows {
            let Some(slot) = PROVIDERS.iter().filter_map(|p| p.slot).find(|s| s.name == row.slot) else { continue };
            let opened = known.remove(&row.id).map_or_else(|| self.open(store, vault, slot.name, row), Ok);
            match opened {
                Ok(credential) if row.state == State::Current => _ = next.current.insert(slot.name, credential),
                Ok(credential) => next.others.push((row.state, credential)),
                Err(error) if row.state == State::Current => {
                    tracing::warn!(slot = slot.name, version = row.version, %error, "a credential can't be opened here");
                    next.troubles.insert(slot.name, format!("v{} can't be opened here: {error}", row.version));
                }
                Err(error) => tracing::debug!(slot = slot.name, version = row.version, %error, "not opened"),
            }
        }
        let turned: Vec<String> = next.current.values().map(|c| format!("{}/{}", c.slot, c.version)).collect();
        self.teach_with(&next);
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = next;
        tracing::debug!(vault = version, current = turned.join(","), "credentials read");
    }

    fn open(
        &self,
        store: &Store,
        vault: Uuid,
        slot: &'static str,
        row: &Stored,
    ) -> std::result::Result<Credential, SealError> {
        let place = Place { vault, slot, version: row.version };
        let keys = Arc::clone(&store.keys.lock().unwrap_or_else(PoisonError::into_inner));
        let opened = match seal::open(&keys, place, &row.sealed) {
            // A key file may have got the key since it was read.
            Err(SealError::UnknownKey(_)) => {
                let anew = Arc::new(store.source.load().unwrap_or_default());
                self.hide_keys(&anew);
                *store.keys.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&anew);
                seal::open(&anew, place, &row.sealed)
            }
            other => other,
        }?;
        let fields = store::fields(&opened).ok_or(SealError::Broken)?;
        Ok(Credential::new(slot, format!("v{}", row.version), Some(row.id), fields))
    }

    /// The credential of a row, if this process holds it in any state.
    pub(super) fn of_row(&self, id: i64) -> Option<Credential> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.current.values().chain(held.others.iter().map(|(_, c)| c)).find(|c| c.row == Some(id)).cloned()
    }

    /// Keeps until cancelled. Whatever takes time (asking providers, writing down) is done beside the looking, so that a new
    /// version is never heard of late.
    pub async fn keep(self, keeping: Keeping, stop: CancellationToken) {
        let Some(store) = self.store.get() else { return };
        let heard = Notify::new();
        tokio::join!(self.look(&keeping, &heard, &stop), self.do_chores(store, &keeping, (&heard, &stop)));
    }

    async fn look(&self, keeping: &Keeping, heard: &Notify, stop: &CancellationToken) {
        let slots = |all: &Credentials| all.in_use().into_keys().collect::<Vec<_>>();
        let mut served = slots(self);
        loop {
            match tokio::time::timeout(LOOK_LIMIT, self.refresh_since(Instant::now())).await {
                Ok(Ok(())) => heard.notify_one(),
                Ok(Err(error)) => tracing::debug!(%error, "the vault could not be looked at; trying again"),
                Err(_) => tracing::debug!("the vault did not answer; trying again"),
            }
            let now = slots(self);
            if now != served {
                served = now;
                keeping.slots_changed.notify_one();
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = keeping.hint.notified() => {}
                () = tokio::time::sleep(LOOK_PERIOD) => {}
            }
        }
    }

    async fn do_chores(&self, store: &Store, keeping: &Keeping, (heard, stop): (&Notify, &CancellationToken)) {
        let (mut reported, mut chores) = (None::<(String, Instant)>, None::<Instant>);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = heard.notified() => {}
            }
            let step = async {
                self.report(store, keeping, &mut reported).await?;
                self.fold_uses(store).await?;
                self.verify_wanted(store, keeping).await?;
                if chores.is_none_or(|at| at.elapsed() >= CHORE_PERIOD) {
                    chores = Some(Instant::now());
                    chore(&store.db, keeping).await?;
                }
                Ok::<(), super::VaultError>(())
            };
            if let Err(error) = step.await {
                tracing::debug!(%error, "the vault could not be kept; trying again");
            }
        }
    }

    /// Verifies what somebody asked to be verified who may not read it.
    async fn verify_wanted(&self, store: &Store, keeping: &Keeping) -> Result<()> {
        let sql = "UPDATE credentials SET verify_wanted_at = NULL WHERE id = (
                       SELECT id FROM credentials WHERE verify_wanted_at > now() - interval '1 minute' ORDER BY verify_wanted_at LIMIT 1 FOR UPDATE SKIP LOCKED)
                   RETURNING id";
        let any = "/* heartbeat */ SELECT EXISTS (SELECT FROM credentials WHERE verify_wanted_at > now() - interval '1 minute')";
        while sqlx::query_scalar(any).fetch_one(store.db.pool()).await.map_err(Error::from)? {
            let Some(id) =
                sqlx::query_scalar::<_, i64>(sql).fetch_optional(store.db.pool()).await.map_err(Error::from)?
            else {
                return Ok(());
            };
            let verdict = match self.of_row(id) {
                Some(credential) => (keeping.verify)(credential).await,
                None => {
                    Verdict::Unknown(format!("{} could not open it: this machine lacks its master key", keeping.node))
                }
            };
            conclude(&store.db, id, &verdict, &Who::house(&keeping.node)).await?;
            self.refresh_since(Instant::now()).await?;
        }
        Ok(())
    }

    /// The credential of a stored version, where this process could open it.
    pub fn stored(&self, version: &Version) -> Option<Credential> {
        self.of_row(version.id)
    }

    async fn report(&self, store: &Store, keeping: &Keeping, last: &mut Option<(String, Instant)>) -> Result<()> {
        let keys = store.keys.lock().unwrap_or_else(PoisonError::into_inner).ids();
        let seen = self.held.read().unwrap_or_else(PoisonError::into_inner).seen;
        let (epoch, held) = ((keeping.epoch)(), json!(self.in_use()));
        let said = format!("{epoch} {keys:?} {held} {seen}");
        if last.as_ref().is_some_and(|(before, at)| *before == said && at.elapsed() < REPORT_PERIOD) {
            return Ok(());
        }
        let sql = "/* heartbeat */ WITH gone AS (DELETE FROM vault_nodes v WHERE epoch <> $1 AND NOT EXISTS (
                       SELECT FROM nodes n WHERE n.epoch = v.epoch AND n.state IN ('live', 'draining')))
                   INSERT INTO vault_nodes (epoch, key_ids, held, seen_version) VALUES ($1, $2, $3, $4)
                   ON CONFLICT (epoch) DO UPDATE SET key_ids = $2, held = $3, seen_version = $4, confirmed_at = now()";
        let write = sqlx::query(sql).bind(epoch).bind(keys).bind(held).bind(seen);
        write.execute(store.db.pool()).await.map_err(Error::from)?;
        *last = Some((said, Instant::now()));
        Ok(())
    }

    /// When each version was last sent: written here, never where calls are made.
    async fn fold_uses(&self, store: &Store) -> Result<()> {
        let (ids, at): (Vec<i64>, Vec<DateTime<Utc>>) = {
            let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
            let all = held.current.values().chain(held.others.iter().map(|(_, c)| c));
            all.filter_map(|c| Some((c.row?, c.last_used()?))).unzip()
        };
        if ids.is_empty() {
            return Ok(());
        }
        let sql = "/* heartbeat */ UPDATE credentials c SET last_used_at = u.at FROM unnest($1::bigint[], $2::timestamptz[]) AS u(id, at)
                   WHERE c.id = u.id AND u.at > coalesce(c.last_used_at, '-infinity') + interval '3 s'";
        sqlx::query(sql).bind(ids).bind(at).execute(store.db.pool()).await.map_err(Error::from)?;
        Ok(())
    }
}

/// Writes down what a provider said of a stored version, and what follows: a pending one that is refused is done with, a
/// refused one that is taken after all is current again.
pub async fn conclude(db: &Db, id: i64, verdict: &Verdict, who: &Who<'_>) -> Result<()> {
    let mut tx = db.begin().await?;
    store::lock(&mut tx).await?;
    let (slot, number): (String, i32) =
        sqlx::query_as("SELECT slot, version FROM credentials WHERE id = $1").bind(id).fetch_one(&mut *tx).await?;
    store::judged(&mut tx, id, verdict).await?;
    let version = store::by_number(&mut tx, &slot, number).await?;
    let mut summary = format!("verified {slot} {}: {}", version.label(), verdict.detail());
    let mut severity = "info";
    match verdict {
        Verdict::Refused(why) if version.state == State::Pending => {
            turn::refuse(&mut tx, &version, why).await?;
            (severity, summary) = ("warning", format!("{summary}; it will not become current"));
        }
        Verdict::Accepted if turn::reinstate(&mut tx, &version).await? => {
            summary = format!("{summary}; it is current again and its lanes go on");
        }
        _ => {}
    }
    let step =
        Step { slot: &slot, verb: "credentials verify", severity, summary: &summary, versions: (None, Some(number)) };
    record::write(&mut tx, who, step).await?;
    store::changed(&mut tx).await?;
    Ok(tx.commit().await.map_err(Error::from)?)
}

/// Ends watches that went well, and reminds of credentials that will soon not be taken any more.
async fn chore(db: &Db, keeping: &Keeping) -> Result<()> {
    let sql = "/* heartbeat */ WITH held AS (
            UPDATE credentials SET watched_at = now() WHERE state = 'current' AND watch_until < now() AND watched_at IS NULL RETURNING slot, version)
        INSERT INTO timeline (kind, subject, summary, actor) SELECT 'credential', slot, 'v' || version || ' held through its watch', 'switchboard' FROM held";
    sqlx::query(sql).execute(db.pool()).await.map_err(Error::from)?;
    let sql = "/* heartbeat */ UPDATE credentials SET reminded_at = now()
               WHERE state = 'current' AND reminded_at IS NULL AND expires_at < now() + make_interval(secs => $1) RETURNING slot, version, expires_at";
    let due: Vec<(String, i32, DateTime<Utc>)> =
        sqlx::query_as(sql).bind(keeping.remind.as_secs_f64()).fetch_all(db.pool()).await.map_err(Error::from)?;
    for (slot, version, at) in due {
        let summary =
            format!("v{version} expires on {}: `switchboard credentials rotate {slot}`", at.format("%Y-%m-%d"));
        let mut tx = db.begin().await?;
        record::alert(&mut tx, &slot, "warning", &summary).await?;
        let sql = "INSERT INTO timeline (kind, severity, subject, summary, actor) VALUES ('credential', 'warning', $1, $2, 'switchboard')";
        sqlx::query(sql).bind(&slot).bind(&summary).execute(&mut *tx).await?;
        tx.commit().await.map_err(Error::from)?;
    }
    Ok(())
}
