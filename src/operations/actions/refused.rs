//! What was agreed to and then refused while it was acted: nothing was changed, and the audit log tells that it was wished for.

use std::time::Duration;

use serde_json::Value;

use super::draft::{Done, Refusal};
use super::record::{self, Row};
use super::{Actor, Plan};
use crate::database::{Db, Error};

/// Begins the result of such a row.
pub const REFUSED: &str = "refused: ";

/// So long the person waits for the row beside the refusal, at most.
const WAIT: Duration = Duration::from_secs(10);

/// Longest sentence that is kept, in characters.
const SENTENCE_MAX: usize = 1_000;

/// Writes that `plan` was refused because of this, in one sentence; best effort.
pub async fn note_refused(db: &Db, plan: &Plan, actor: &Actor, why: &str) {
    note(db, Row::of(plan), actor, why).await;
}

/// Writes that `row` was refused, unless the refusal means that nothing can be written now; best effort: a failure never
/// hides the refusal itself.
pub(super) async fn told(db: &Db, row: Row<'_>, actor: &Actor, refusal: &Refusal) {
    let answered = match refusal {
        Refusal::Database(Error::Query(sqlx::Error::Database(_)) | Error::Denied(_)) => true,
        Refusal::Database(_) => false,
        _ => true,
    };
    if answered {
        note(db, row, actor, &refusal.to_string()).await;
    }
}

async fn note(db: &Db, row: Row<'_>, actor: &Actor, why: &str) {
    let result: String = REFUSED.chars().chain(why.chars().take(SENTENCE_MAX)).collect();
    let row = Row { undoes: None, result: &result, ..row };
    match tokio::time::timeout(WAIT, write(db, row, actor)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a refusal could not be written into the audit log"),
        Err(_) => tracing::debug!("a refusal could not be written into the audit log in time"),
    }
}

async fn write(db: &Db, row: Row<'_>, actor: &Actor) -> Result<(), Refusal> {
    let nothing = Done { changed: 0, summary: String::new(), before: Value::Null, after: Value::Null, inverse: None };
    let mut tx = db.begin().await?;
    record::audit(&mut tx, row, actor, &nothing).await?;
    tx.commit().await?;
    Ok(())
}
