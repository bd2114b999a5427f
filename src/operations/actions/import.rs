//! Importing a file: audited when accepted and when ended; the work for new contacts commits with them.

use futures_util::FutureExt;
use serde_json::json;
use uuid::Uuid;

use super::{Actor, Limits, word};
use crate::contacts::import::{Enqueue, ImportError, ImportOptions, ImportReport, Progress, Room, Source, import};
use crate::contacts::phone::Region;
use crate::database::Db;
use crate::queue::enqueue::{Work, enqueue, room, wake};

/// What an operator wants imported.
pub struct ImportWish<'a> {
    /// Where the rows come from.
    pub source: Source,
    /// How they are read.
    pub options: ImportOptions<'a>,
    /// With it, each new contact's lookup is enqueued in the transaction that inserts the contact; where the lane is full,
    /// the import waits for room.
    pub lookups: Option<Limits>,
}

/// Imports; `progress` is called after each batch.
pub async fn run_import(
    db: &Db,
    wish: ImportWish<'_>,
    actor: &Actor,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<ImportReport, ImportError> {
    let ImportWish { source, mut options, lookups } = wish;
    let name = options.source_name.clone().unwrap_or_else(|| "standard input".into());
    let request = Uuid::new_v4();
    let limits = lookups.unwrap_or_default();
    let (attempts, lane_limit) = (u32::from(limits.attempts), limits.lane_limit);
    let enqueue_new: &Enqueue<'_> = &|tx, ids| queue_lookups(tx, ids, attempts).boxed();
    let asked = db.clone();
    let room_for: &Room<'_> = &move |wanted| has_room(asked.clone(), lane_limit, wanted).boxed();
    if lookups.is_some() {
        options.enqueue = Some(enqueue_new);
        options.room = Some(room_for);
    }
    if options.dry_run {
        return import(db, source, options, progress).await;
    }
    let twin = twin(&source, &options, lookups.is_some());
    let record = Record { actor, name: &name, request, twin };
    record.write(db, None).await?;
    let result = import(db, source, options, progress).await;
    record.write(db, Some(&result)).await?;
    result
}

async fn queue_lookups(tx: &mut sqlx::PgConnection, ids: &[i64], max_attempts: u32) -> Result<(), String> {
    let work = Work { lane: "twilio", kind: "lookup", max_attempts, priority: 100 };
    enqueue(tx, work, ids).await.map_err(|e| e.to_string())?;
    wake(tx, "twilio").await.map_err(|e| e.to_string())
}

/// An empty lane takes one batch, however low its limit is: else an import of any size would wait for ever.
async fn has_room(db: Db, limit: i64, wanted: usize) -> crate::database::Result<bool> {
    let mut connection = db.pool().acquire().await?;
    let left = room(&mut connection, "twilio", limit).await?;
    Ok(left >= (wanted as i64).min(limit))
}

/// The audit rows of one import.
struct Record<'a> {
    actor: &'a Actor,
    name: &'a str,
    request: Uuid,
    twin: Option<String>,
}

/// The command that imports the same file; what came through a pipe can't be read again.
fn twin(source: &Source, options: &ImportOptions<'_>, lookup: bool) -> Option<String> {
    let Source::File(path) = source else { return None };
    let path = std::path::absolute(path).ok()?;
    let mut twin = format!("switchboard import {}", word(path.to_str()?));
    if options.region != Region::US {
        twin.push_str(&format!(" --region {}", word(&options.region.to_string())));
    }
    for (column, field) in &options.map {
        twin.push_str(&format!(" --map {}", word(&format!("{column}={field}"))));
    }
    twin.push_str(if lookup { " --lookup" } else { "" });
    Some(twin)
}

impl Record<'_> {
    async fn write(&self, db: &Db, ended: Option<&Result<ImportReport, ImportError>>) -> Result<(), ImportError> {
        let Record { actor, name, request, twin } = self;
        let (radius, after, result) = match ended {
            None => (0, json!(null), "accepted".to_owned()),
            Some(Ok(report)) => (report.inserted as i64, json!(report), "done".to_owned()),
            Some(Err(error)) => (0, json!(null), error.to_string()),
        };
        let summary = ended.map(|ended| match ended {
            Ok(r) => {
                format!("imported {name}: {} new, {} there already, {} rejected", r.inserted, r.duplicates, r.rejected)
            }
            Err(error) => format!("import of {name} ended early: {error}"),
        });
        let sql = "WITH row AS (
                INSERT INTO audit_log (claimed, node, door, verb, target, radius, after, request_id, result, twin)
                VALUES ($1, $2, $3, 'import', $4, $5, $6, $7, $8, $11) RETURNING id)
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
            .bind(twin)
            .execute(db.pool())
            .await
            .map_err(crate::database::Error::from)?;
        Ok(())
    }
}
