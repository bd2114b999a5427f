//! What a refusal means: a newer version is there, the call alone was refused, or the credential is refused indeed.
//!
//! The current version is looked up first; the provider's cheap call then confirms once in the fleet, under a lease in the
//! row; only then is anything rolled back or parked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::PgConnection;

use super::keeper::VerifyCall;
use super::live::{Credential, Credentials};
use super::record::{self, Step, Who};
use super::version::{Consequence, State, Verdict, Version, consequence};
use super::{Result, store, turn};
use crate::database::{Db, Error};

/// So long one process may take to confirm; then another does. Longer than any verifying call.
const LEASE: Duration = Duration::from_secs(20);
/// How often a process that waits for another's word looks.
const LOOK: Duration = Duration::from_millis(100);
/// Where no call can confirm: so many refusals within a minute do.
const REFUSALS: i32 = 3;
const REFUSALS_WITHIN: Duration = Duration::from_secs(60);

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Another version is current now: call once more with it.
    Newer,
    /// The credential is taken, or nobody could say: the call alone was refused.
    Stands,
    /// Confirmed: the version is not sent any more.
    Refused,
}

/// Doubts of this process: one a slot at a time.
#[derive(Debug, Default)]
pub(super) struct Doubts(Mutex<BTreeMap<&'static str, Arc<tokio::sync::Mutex<Ended>>>>);

/// How the last doubt of a slot ended.
#[derive(Debug, Default)]
struct Ended {
    last: Option<(String, Instant, Settled)>,
    /// Refusals of the environment's credential that no call could confirm.
    refusals: Vec<Instant>,
}

impl Doubts {
    fn of(&self, slot: &'static str) -> Arc<tokio::sync::Mutex<Ended>> {
        Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(slot).or_default())
    }
}

impl Credentials {
    /// A provider refused a call that was made with `sent`. Finds out what that means; many callers share one answer.
    pub async fn doubt(&self, sent: &Credential, node: &str, verify: &VerifyCall<'_>) -> Settled {
        let began = Instant::now();
        if let Some(settled) = self.look_up(sent, began).await {
            return settled;
        }
        let doubts = self.doubts.of(sent.slot);
        let mut ended = doubts.lock().await;
        if let Some(settled) = self.look_up(sent, began).await {
            return settled;
        }
        match &ended.last {
            Some((version, at, settled)) if *version == sent.version && *at >= began => return *settled,
            _ => {}
        }
        let settled = match sent.row {
            None => self.of_environment_refused(sent, verify, &mut ended.refusals).await,
            Some(row) => match self.confirm(sent, row, node, verify).await {
                Ok(settled) => settled,
                Err(error) => {
                    tracing::warn!(slot = sent.slot, %error, "a refusal could not be settled; the job waits");
                    Settled::Stands
                }
            },
        };
        ended.last = Some((sent.version.clone(), Instant::now(), settled));
        settled
    }

    /// What a look at the vault alone tells.
    async fn look_up(&self, sent: &Credential, began: Instant) -> Option<Settled> {
        if sent.row.is_some() && self.refresh_since(began).await.is_err() {
            return Some(Settled::Stands);
        }
        match self.take(sent.slot) {
            None => Some(Settled::Refused),
            Some(now) if now.version != sent.version => Some(Settled::Newer),
            Some(_) => None,
        }
    }

    async fn of_environment_refused(
        &self,
        sent: &Credential,
        verify: &VerifyCall<'_>,
        refusals: &mut Vec<Instant>,
    ) -> Settled {
        let refused = match verify(sent.clone()).await {
            Verdict::Accepted | Verdict::Unknown(_) => false,
            Verdict::Refused(_) => true,
            Verdict::NoCall => {
                refusals.retain(|at| at.elapsed() < REFUSALS_WITHIN);
                refusals.push(Instant::now());
                refusals.len() >= REFUSALS as usize
            }
        };
        if !refused {
            return Settled::Stands;
        }
        self.refuse(sent.slot, &sent.version);
        Settled::Refused
    }

    /// Confirms a refusal of the current version, or waits for the process that does.
    async fn confirm(&self, sent: &Credential, row: i64, node: &str, verify: &VerifyCall<'_>) -> Result<Settled> {
        let Some(store) = self.store.get() else { return Ok(Settled::Stands) };
        let deadline = Instant::now() + LEASE;
        let since: chrono::DateTime<chrono::Utc> =
            sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(store.db.pool()).await.map_err(Error::from)?;
        while Instant::now() < deadline {
            if let Some(is_watched) = take_lease(&store.db, row).await? {
                let settled = self.settle(&store.db, sent, is_watched, (node, verify)).await;
                let release = "UPDATE credentials SET doubt_until = NULL WHERE id = $1";
                sqlx::query(release).bind(row).execute(store.db.pool()).await.map_err(Error::from)?;
                self.refresh_since(Instant::now()).await?;
                return settled;
            }
            tokio::time::sleep(LOOK).await;
            if let Some(settled) = self.look_up(sent, Instant::now()).await {
                return Ok(settled);
            }
            let accepted = "SELECT verified_at > $2 AND verdict = 'accepted' FROM credentials WHERE id = $1";
            let accepted: Option<bool> = sqlx::query_scalar(accepted)
                .bind(row)
                .bind(since)
                .fetch_one(store.db.pool())
                .await
                .map_err(Error::from)?;
            if accepted == Some(true) {
                return Ok(Settled::Stands);
            }
        }
        Ok(Settled::Stands)
    }

    /// Inside the watch the provider is asked about both versions at once: the way back is not to wait for two answers.
    async fn settle(
        &self,
        db: &Db,
        sent: &Credential,
        is_watched: bool,
        (node, verify): (&str, &VerifyCall<'_>),
    ) -> Result<Settled> {
        let Some(row) = sent.row else { return Ok(Settled::Stands) };
        let (verdict, previous_holds) = match is_watched {
            true => tokio::join!(verify(sent.clone()), self.previous_holds(sent.slot, verify)),
            false => (verify(sent.clone()).await, None),
        };
        let why = match &verdict {
            Verdict::Refused(why) => why.clone(),
            Verdict::NoCall if third_refusal(db, row).await? => {
                format!("{REFUSALS} calls within a minute were refused")
            }
            _ => {
                let mut tx = db.begin().await?;
                store::judged(&mut tx, row, &verdict).await?;
                tx.commit().await.map_err(Error::from)?;
                return Ok(Settled::Stands);
            }
        };
        let mut tx = db.begin().await?;
        let settled =
            carry_out(&mut tx, sent.slot, row, Refusal { verdict: &verdict, why: &why, previous_holds, node }).await?;
        tx.commit().await.map_err(Error::from)?;
        Ok(settled)
    }

    /// Whether the provider takes the version before; none if there is none. One that no call can judge is trusted.
    async fn previous_holds(&self, slot: &str, verify: &VerifyCall<'_>) -> Option<bool> {
        let previous = {
            let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
            held.others.iter().find(|(state, c)| *state == State::Previous && c.slot == slot).map(|(_, c)| c.clone())
        }?;
        Some(matches!(verify(previous).await, Verdict::Accepted | Verdict::NoCall))
    }
}

/// Takes the lease if it is free; says whether the version is in its watch.
async fn take_lease(db: &Db, row: i64) -> Result<Option<bool>> {
    let sql = "UPDATE credentials SET doubt_until = now() + make_interval(secs => $2)
               WHERE id = $1 AND state = 'current' AND (doubt_until IS NULL OR doubt_until < now())
               RETURNING coalesce(watch_until > now(), false)";
    let taken = sqlx::query_scalar(sql).bind(row).bind(LEASE.as_secs_f64()).fetch_optional(db.pool()).await;
    Ok(taken.map_err(Error::from)?)
}

/// Counts a refusal that no call can confirm; says whether it is the third within a minute.
async fn third_refusal(db: &Db, row: i64) -> Result<bool> {
    let sql = "UPDATE credentials SET refusals = CASE WHEN refusals_since > now() - make_interval(secs => $2) THEN refusals + 1 ELSE 1 END,
                   refusals_since = CASE WHEN refusals_since > now() - make_interval(secs => $2) THEN refusals_since ELSE now() END
               WHERE id = $1 RETURNING refusals";
    let count: i32 = sqlx::query_scalar(sql)
        .bind(row)
        .bind(REFUSALS_WITHIN.as_secs_f64())
        .fetch_one(db.pool())
        .await
        .map_err(Error::from)?;
    Ok(count >= REFUSALS)
}

/// A refusal that was confirmed.
struct Refusal<'a> {
    verdict: &'a Verdict,
    why: &'a str,
    previous_holds: Option<bool>,
    node: &'a str,
}

/// Rolls back or parks, with alert, timeline and audit row, unless somebody turned the slot meanwhile.
async fn carry_out(tx: &mut PgConnection, slot: &'static str, row: i64, refusal: Refusal<'_>) -> Result<Settled> {
    store::lock(tx).await?;
    let current = store::in_state(tx, slot, State::Current).await?;
    let Some(current) = current.filter(|c| c.id == row) else { return Ok(Settled::Newer) };
    store::judged(tx, row, refusal.verdict).await?;
    let now = sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(&mut *tx).await?;
    match consequence(now, current.life.watch_until, refusal.previous_holds) {
        Consequence::RollBack => rolled_back(tx, &current, &refusal).await,
        Consequence::Park => parked(tx, &current, &refusal).await,
    }
}

async fn rolled_back(tx: &mut PgConnection, current: &Version, refusal: &Refusal<'_>) -> Result<Settled> {
    let (left, back) = turn::roll_back(tx, &current.slot, State::Refused, refusal.why).await?;
    let (slot, why) = (&current.slot, refusal.why);
    let summary = format!("{} was refused within its watch ({why}): back on {} by itself", left.label(), back.label());
    record::alert(tx, slot, "critical", &summary).await?;
    let versions = (Some(left.version), Some(back.version));
    let step = Step { slot, verb: "credentials rollback", severity: "critical", summary: &summary, versions };
    record::write(tx, &Who::house(refusal.node), step).await?;
    Ok(Settled::Newer)
}

async fn parked(tx: &mut PgConnection, current: &Version, refusal: &Refusal<'_>) -> Result<Settled> {
    turn::refuse(tx, current, refusal.why).await?;
    let (slot, why) = (&current.slot, refusal.why);
    let summary =
        format!("{} is refused ({why}); its lanes wait: `switchboard credentials rotate {slot}`", current.label());
    record::alert(tx, slot, "critical", &summary).await?;
    let versions = (Some(current.version), None);
    let step = Step { slot, verb: "credentials refuse", severity: "critical", summary: &summary, versions };
    record::write(tx, &Who::house(refusal.node), step).await?;
    Ok(Settled::Refused)
}
