//! Importing a file: audited when accepted and when ended; the work for new contacts commits with them.

use futures_util::FutureExt;
use serde_json::json;
use uuid::Uuid;

use super::Actor;
use crate::contacts::import::{Enqueue, ImportError, ImportOptions, ImportReport, Progress, Source, import};
use crate::database::Db;
use crate::queue::enqueue::{Work, enqueue, wake};

/// Imports `source` under `name`; with `lookup_attempts`, each new contact's lookup is enqueued in the transaction that inserts it.
pub async fn run_import(
    db: &Db,
    source: Source,
    mut options: ImportOptions<'_>,
    lookup_attempts: Option<u32>,
    actor: &Actor,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<ImportReport, ImportError> {
    let name = options.source_name.clone().unwrap_or_else(|| "standard input".into());
    let request = Uuid::new_v4();
    let attempts = lookup_attempts.unwrap_or(1);
    let enqueue_new: &Enqueue<'_> = &|tx, ids| queue_lookups(tx, ids, attempts).boxed();
    if lookup_attempts.is_some() {
        options.enqueue = Some(enqueue_new);
    }
    if options.dry_run {
        return import(db, source, options, progress).await;
    }
    write(db, actor, &name, request, None).await?;
    let result = import(db, source, options, progress).await;
    write(db, actor, &name, request, Some(&result)).await?;
    result
}

async fn queue_lookups(tx: &mut sqlx::PgConnection, ids: &[i64], max_attempts: u32) -> Result<(), String> {
    let work = Work { lane: "twilio", kind: "lookup", max_attempts, priority: 100 };
    enqueue(tx, work, ids).await.map_err(|e| e.to_string())?;
    wake(tx, "twilio").await.map_err(|e| e.to_string())
}

async fn write(
    db: &Db,
    actor: &Actor,
    name: &str,
    request: Uuid,
    ended: Option<&Result<ImportReport, ImportError>>,
) -> Result<(), ImportError> {
    let (radius, after, result) = match ended {
        None => (0, json!(null), "accepted".to_owned()),
        Some(Ok(report)) => (report.inserted as i64, json!(report), "done".to_owned()),
        Some(Err(error)) => (0, json!(null), error.to_string()),
    };
    let summary = match ended {
        None => None,
        Some(Ok(r)) => Some(format!(
            "imported {name}: {} new, {} there already, {} rejected",
            r.inserted, r.duplicates, r.rejected
        )),
        Some(Err(error)) => Some(format!("import of {name} ended early: {error}")),
    };
    let sql = "WITH row AS (
            INSERT INTO audit_log (claimed, node, door, verb, target, radius, after, request_id, result)
            VALUES ($1, $2, $3, 'import', $4, $5, $6, $7, $8) RETURNING id)
        INSERT INTO timeline (kind, subject, summary, actor, audit_id) SELECT 'import', $4, $9, $10, id FROM row WHERE $9::text IS NOT NULL";
    sqlx::query(sql)
        .bind(&actor.claimed)
        .bind(&actor.node)
        .bind(actor.door)
        .bind(name)
        .bind(radius)
        .bind(after)
        .bind(request)
        .bind(result)
        .bind(summary)
        .bind(&actor.name)
        .execute(db.pool())
        .await
        .map_err(crate::database::Error::from)?;
    Ok(())
}
