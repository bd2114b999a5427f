//! Turning a credential: entered, verified, made current, watched; or back, or ended. Where a secret travels, it is an
//! argument of a function here and never part of an [`Action`].

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::draft::{Done, Draft, Inverse, Refusal};
use super::{Action, Actor, Tier};
use crate::database::Db;
use crate::vault::record::{self, Step, Who};
use crate::vault::store::{self, Entry};
use crate::vault::{Credentials, Given, KeySource, State, VaultError, Verdict, Version, conclude, turn};

/// How long a person waits for a worker's word.
const FLEET_PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(100);

fn who(actor: &Actor) -> Who<'_> {
    Who { name: &actor.name, node: &actor.node, door: actor.door, claimed: actor.claimed.clone() }
}

/// What a person gives.
pub struct Wish<'a> {
    /// Slot.
    pub slot: &'a str,
    /// All of its fields.
    pub fields: &'a Given,
    /// When the provider will stop taking it.
    pub expires_at: Option<DateTime<Utc>>,
    /// Discard what somebody else left pending.
    pub replace: bool,
}

/// Why a slot can't be turned here, if its credential comes from this process's environment.
pub fn given_by_environment(credentials: &Credentials, slot: &str) -> Option<String> {
    let name = credentials.of_environment().into_iter().find(|name| *name == slot)?;
    let settings = store::slot(name).ok()?.settings;
    Some(format!(
        "{slot} comes from the environment (SWITCHBOARD_PROVIDERS__{settings}__…), which wins over the database: change it there, or unset it and set the credential here"
    ))
}

/// Seals a new pending version.
pub async fn enter(db: &Db, keys: &KeySource, wish: Wish<'_>, actor: &Actor) -> Result<Version, Refusal> {
    let slot = store::slot(wish.slot)?;
    store::check(slot, wish.fields)?;
    let mut tx = db.begin().await?;
    let keys = store::keys_to_seal(&mut tx, keys).await?;
    let entry =
        Entry { slot, fields: wish.fields, by: &actor.name, expires_at: wish.expires_at, replace: wish.replace };
    let version = store::enter(&mut tx, &keys, &entry).await?;
    let summary = format!("entered {} of {}, pending", version.label(), slot.name);
    let versions = (None, Some(version.version));
    let step = Step { slot: slot.name, verb: "credentials set", severity: "info", summary: &summary, versions };
    record::write(&mut tx, &who(actor), step).await?;
    tx.commit().await?;
    Ok(version)
}

/// Writes down what the provider said; returns the version as it is then.
pub async fn judged(db: &Db, version: &Version, verdict: &Verdict, actor: &Actor) -> Result<Version, Refusal> {
    conclude(db, version.id, verdict, &who(actor)).await?;
    look(db, &version.slot, version.version).await
}

/// Lets a worker ask the provider, since this login may not read what is sealed; returns the version with its verdict.
pub async fn judged_by_fleet(db: &Db, version: &Version) -> Result<Version, Refusal> {
    let mut tx = db.begin().await?;
    let sql = "UPDATE credentials SET verify_wanted_at = clock_timestamp() WHERE id = $1 RETURNING verify_wanted_at";
    let asked: DateTime<Utc> = sqlx::query_scalar(sql).bind(version.id).fetch_one(&mut *tx).await?;
    store::changed(&mut tx).await?;
    tx.commit().await?;
    let deadline = std::time::Instant::now() + FLEET_PATIENCE;
    while std::time::Instant::now() < deadline {
        let now = look(db, &version.slot, version.version).await?;
        if now.seen.verified_at.is_some_and(|at| at >= asked) {
            return Ok(now);
        }
        tokio::time::sleep(LOOK).await;
    }
    Err(Refusal::Impossible(format!(
        "no worker answered within {} s: {} of {} is as it was; start a worker and verify again",
        FLEET_PATIENCE.as_secs(),
        version.label(),
        version.slot
    )))
}

/// One version as it is now.
pub async fn look(db: &Db, slot: &str, version: i32) -> Result<Version, Refusal> {
    let mut connection = db.begin().await?;
    Ok(store::by_number(&mut connection, slot, version).await?)
}

/// The version of a slot in a state of which there is at most one.
pub async fn in_state(db: &Db, slot: &str, state: State) -> Result<Option<Version>, Refusal> {
    let mut connection = db.begin().await?;
    Ok(store::in_state(&mut connection, store::slot(slot)?.name, state).await?)
}

/// Wraps every key anew under the first of this process's master keys, in one transaction. Refused until every live node
/// that runs jobs holds that key. Returns the key's id and how many versions it keeps now.
pub async fn rekey(db: &Db, source: &KeySource, actor: &Actor) -> Result<(String, usize), Refusal> {
    let keys = source.load().map_err(VaultError::from)?;
    let Some(first) = keys.first() else {
        return Err(VaultError::from(crate::vault::KeyError::None(source.file.clone())).into());
    };
    let mut tx = db.begin().await?;
    store::lock(&mut tx).await?;
    let lacking = "SELECT n.node FROM nodes n LEFT JOIN vault_nodes v USING (epoch)
                   WHERE n.state = 'live' AND n.runs_jobs AND NOT coalesce($1 = ANY(v.key_ids), false) ORDER BY 1 LIMIT 10";
    let lacking: Vec<String> = sqlx::query_scalar(lacking).bind(first.id()).fetch_all(&mut *tx).await?;
    if !lacking.is_empty() {
        return Err(Refusal::Impossible(format!(
            "nothing was changed: {} do not hold key {} yet; put it first in their SWITCHBOARD_MASTER_KEY, the old one behind it, and start them anew",
            lacking.join(", "),
            first.id()
        )));
    }
    let versions = store::rewrap(&mut tx, &keys).await?;
    let summary = format!("wrapped the keys of {versions} versions anew under master key {}", first.id());
    let step =
        Step { slot: "vault", verb: "credentials rekey", severity: "info", summary: &summary, versions: (None, None) };
    record::write(&mut tx, &who(actor), step).await?;
    tx.commit().await?;
    Ok((first.id().to_owned(), versions))
}

pub(super) async fn plan(db: &Db, action: &Action) -> Result<Draft, Refusal> {
    let name = action.target();
    let slot = store::slot(&name)?.name;
    let lanes = store::lanes_of(slot).join(", ");
    let (sentence, undoable) = match action {
        Action::ActivateCredential { version, expects, unverified, watch_s, .. } => {
            let new = look(db, slot, *version).await?;
            if new.seen.verdict.as_deref() != Some("accepted") && !unverified {
                return Err(Refusal::Impossible(format!(
                    "{} of {slot} was not accepted by the provider: verify it with `switchboard credentials verify {slot}`, or give --unverified",
                    new.label()
                )));
            }
            let back = expects.map_or_else(String::new, |v| {
                format!("; v{v} stays for the way back, and a refusal within {watch_s} s takes it")
            });
            (
                format!("Make {} of {slot} current: {lanes} calls with it within a second{back}.", new.label()),
                expects.is_some(),
            )
        }
        Action::RollBackCredential { .. } => {
            let Some(previous) = in_state(db, slot, State::Previous).await? else {
                return Err(Refusal::Impossible(format!("{slot} has no previous version to go back to")));
            };
            let (at, by) = (previous.entered.set_at.format("%Y-%m-%d"), &previous.entered.set_by);
            (
                format!(
                    "Go back to {} of {slot}, set by {by} on {at}: {lanes} calls with it within a second.",
                    previous.label()
                ),
                true,
            )
        }
        Action::RetireCredential { version, .. } => {
            let version = look(db, slot, *version).await?;
            let waits = if version.state == State::Current {
                format!("; {lanes} will wait, since it is the current one")
            } else {
                String::new()
            };
            (format!("Retire {} of {slot} and forget its secret for good{waits}.", version.label()), false)
        }
        _ => return Err(Refusal::Impossible("this is no action on credentials".into())),
    };
    Ok(Draft { things: 1, sentence, cost_usd: 0.0, undoable, least: Tier::Heavy, bound: 0 })
}

/// Which versions a slot uses: what these actions change.
pub(super) async fn state(tx: &mut PgConnection, slot: &str) -> Result<Value, Refusal> {
    let number = |version: Option<Version>| version.map(|v| v.version);
    let current = number(store::in_state(tx, slot, State::Current).await?);
    let previous = number(store::in_state(tx, slot, State::Previous).await?);
    Ok(json!({"current": current, "previous": previous}))
}

pub(super) async fn act(tx: &mut PgConnection, action: &Action) -> Result<Done, Refusal> {
    let name = action.target();
    let slot = store::slot(&name)?.name;
    store::lock(tx).await?;
    let before = state(tx, slot).await?;
    let summary = match action {
        Action::ActivateCredential { version, expects, watch_s, .. } => {
            let now = turn::activate(tx, slot, *version, *expects, Duration::from_secs(*watch_s)).await?;
            format!("{} of {slot} is current", now.label())
        }
        Action::RetireCredential { version, .. } => {
            let version = store::by_number(tx, slot, *version).await?;
            turn::retire(tx, &version, "by hand").await?;
            format!("retired {} of {slot}", version.label())
        }
        _ => {
            let (left, back) = turn::roll_back(tx, slot, State::Previous, "rolled back by hand").await?;
            format!("{slot} is back on {} from {}", back.label(), left.label())
        }
    };
    let after = state(tx, slot).await?;
    let way_back = !matches!(action, Action::RetireCredential { .. }) && !before["current"].is_null();
    let inverse = way_back
        .then(|| Inverse { action: Action::RollBackCredential { slot: slot.to_owned() }, expects: after.clone() });
    Ok(Done { changed: 1, summary, before, after, inverse })
}
