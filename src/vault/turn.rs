//! A version changes its state: activated, rolled back, refused, reinstated, retired. Each in the caller's transaction, under
//! the vault's row, announced to the fleet.

use std::time::Duration;

use sqlx::PgConnection;

use super::store::{by_number, changed, in_state, lanes_of, lock};
use super::version::{State, Version};
use super::{Result, VaultError, record};
use crate::queue::lane::{self, Cause};

fn forbidden<T>(text: String) -> Result<T> {
    Err(VaultError::Forbidden(text))
}

async fn set(tx: &mut PgConnection, version: &Version, state: State, why: Option<&str>) -> Result<()> {
    let ends = state != State::Current;
    let sql = "UPDATE credentials SET state = $2, ended_at = CASE WHEN $3 THEN now() END, ended_why = $4 WHERE id = $1 AND state = $5";
    let update = sqlx::query(sql).bind(version.id).bind(state).bind(ends).bind(why).bind(version.state);
    if update.execute(tx).await?.rows_affected() == 1 {
        return Ok(());
    }
    forbidden(format!("{} of {} was changed by somebody else a moment ago: look again", version.label(), version.slot))
}

/// The slot has a credential: its lanes go on and its alert ends.
async fn free(tx: &mut PgConnection, slot: &str) -> Result<()> {
    for name in lanes_of(slot) {
        lane::unpark(tx, name, &["credential", "no_credential"]).await?;
    }
    Ok(record::clear(tx, slot).await?)
}

/// Makes a pending version the current one; the current becomes the previous, the previous is retired. `expects` is the
/// version that the person saw as current: of two admins one wins.
pub async fn activate(
    tx: &mut PgConnection,
    slot: &str,
    version: i32,
    expects: Option<i32>,
    watch: Duration,
) -> Result<Version> {
    lock(tx).await?;
    let new = by_number(tx, slot, version).await?;
    let current = in_state(tx, slot, State::Current).await?;
    let now = current.as_ref().map(|c| c.version);
    if now != expects {
        let is = current.as_ref().map_or("none".into(), |c| format!("{}, set by {}", c.label(), c.entered.set_by));
        return forbidden(format!(
            "{slot} was turned by somebody else meanwhile: current is {is}; v{version} was not activated"
        ));
    }
    if new.state != State::Pending {
        return forbidden(
            format!("{} of {slot} is {:?} and not pending: enter the credential anew", new.label(), new.state)
                .to_lowercase(),
        );
    }
    if let Some(previous) = in_state(tx, slot, State::Previous).await?.filter(|_| current.is_some()) {
        retire(tx, &previous, "a newer one took its place").await?;
    }
    if let Some(current) = &current {
        set(tx, current, State::Previous, Some(&format!("{} took its place", new.label()))).await?;
    }
    set(tx, &new, State::Current, None).await?;
    let has_way_back = current.is_some() || in_state(tx, slot, State::Previous).await?.is_some();
    let sql = "UPDATE credentials SET activated_at = now(), watch_until = CASE WHEN $2 THEN now() + make_interval(secs => $3) END WHERE id = $1";
    sqlx::query(sql).bind(new.id).bind(has_way_back).bind(watch.as_secs_f64()).execute(&mut *tx).await?;
    free(tx, slot).await?;
    changed(tx).await?;
    by_number(tx, slot, version).await
}

/// Back to the previous version; the current one becomes `to` (refused by the provider, or previous by hand). Returns the
/// version that was left and the one that is current now.
pub async fn roll_back(tx: &mut PgConnection, slot: &str, to: State, why: &str) -> Result<(Version, Version)> {
    lock(tx).await?;
    let Some(previous) = in_state(tx, slot, State::Previous).await? else {
        return forbidden(format!(
            "{slot} has no previous version to go back to: enter a credential with `switchboard credentials set {slot}`"
        ));
    };
    let Some(current) = in_state(tx, slot, State::Current).await? else {
        set(tx, &previous, State::Current, None).await?;
        free(tx, slot).await?;
        changed(tx).await?;
        return Ok((previous.clone(), previous));
    };
    // Through a state that any number may have, since there is one current and one previous at a time.
    set(tx, &current, State::Refused, Some(why)).await?;
    set(tx, &previous, State::Current, None).await?;
    if to == State::Previous {
        set(tx, &Version { state: State::Refused, ..current.clone() }, State::Previous, Some(why)).await?;
    }
    sqlx::query("UPDATE credentials SET watch_until = NULL WHERE id = ANY($1)")
        .bind(vec![current.id, previous.id])
        .execute(&mut *tx)
        .await?;
    free(tx, slot).await?;
    changed(tx).await?;
    Ok((current, previous))
}

/// The provider confirmed that it refuses a version: it is not sent any more. Where it was current, its lanes wait.
pub async fn refuse(tx: &mut PgConnection, version: &Version, why: &str) -> Result<()> {
    set(tx, version, State::Refused, Some(why)).await?;
    if version.state == State::Current {
        for name in lanes_of(&version.slot) {
            let detail = format!("{} was refused: {why}", version.label());
            lane::park(tx, name, Cause { reason: "credential", detail: &detail, until: None }).await?;
        }
    }
    changed(tx).await
}

/// A refused version that the provider takes after all is current again, if the slot has no other.
pub async fn reinstate(tx: &mut PgConnection, version: &Version) -> Result<bool> {
    if version.state != State::Refused || in_state(tx, &version.slot, State::Current).await?.is_some() {
        return Ok(false);
    }
    set(tx, version, State::Current, None).await?;
    free(tx, &version.slot).await?;
    changed(tx).await?;
    Ok(true)
}

/// Ends a version for good and forgets its secret. Without a current one the lanes of the slot wait.
pub async fn retire(tx: &mut PgConnection, version: &Version, why: &str) -> Result<()> {
    if version.state == State::Retired {
        return forbidden(format!("{} of {} is retired already", version.label(), version.slot));
    }
    let was_current = version.state == State::Current;
    set(tx, version, State::Retired, Some(why)).await?;
    sqlx::query("DELETE FROM credential_secrets WHERE credential_id = $1").bind(version.id).execute(&mut *tx).await?;
    if was_current {
        for name in lanes_of(&version.slot) {
            let detail = format!("{} was retired", version.label());
            lane::park(tx, name, Cause { reason: "no_credential", detail: &detail, until: None }).await?;
        }
    }
    changed(tx).await
}
