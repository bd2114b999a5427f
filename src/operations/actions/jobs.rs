//! Retrying dead jobs: their attempts anew, their contacts pending again, set-wise.

use serde_json::json;
use sqlx::PgConnection;

use super::JobTarget;
use super::draft::{Done, Draft, Refusal};
use crate::database::Db;
use crate::queue;

/// Dead jobs of the target that have no live twin and whose contact still waits for it; one a contact and step.
const COUNT: &str = "SELECT count(DISTINCT (kind, contact_id)), coalesce(max(id), 0) FROM jobs d
    WHERE state = 'dead' AND ($1::bigint[] IS NULL OR id = ANY($1)) AND ($2::text IS NULL OR lane = $2)
      AND NOT EXISTS (SELECT FROM jobs l WHERE l.kind = d.kind AND l.contact_id = d.contact_id AND l.state IN ('waiting', 'scheduled', 'running'))
      AND (kind <> 'lookup' OR EXISTS (SELECT FROM contacts c WHERE c.id = d.contact_id AND c.status = 'failed'))";

const RETRY: &str = "
    WITH chosen AS (
        SELECT DISTINCT ON (kind, contact_id) id FROM jobs d
        WHERE state = 'dead' AND ($1::bigint[] IS NULL OR id = ANY($1)) AND ($2::text IS NULL OR lane = $2) AND id <= $3
          AND NOT EXISTS (SELECT FROM jobs l WHERE l.kind = d.kind AND l.contact_id = d.contact_id AND l.state IN ('waiting', 'scheduled', 'running'))
          AND (kind <> 'lookup' OR EXISTS (SELECT FROM contacts c WHERE c.id = d.contact_id AND c.status = 'failed'))
        ORDER BY kind, contact_id, id DESC),
    revived AS (
        UPDATE jobs SET state = 'waiting', attempt = 0, returns = 0, probes = 0, run_at = now()
        WHERE id IN (SELECT id FROM chosen) AND state = 'dead' RETURNING lane, kind, contact_id),
    pending AS (
        UPDATE contacts SET status = 'pending', updated_at = now(),
               error_kind = NULL, error_provider = NULL, error_code = NULL, error_http_status = NULL, error_message = NULL
        WHERE id IN (SELECT contact_id FROM revived WHERE kind = 'lookup') AND status = 'failed' RETURNING 1),
    contact_delta AS (
        INSERT INTO contact_deltas (pending, failed) SELECT count(*), -count(*) FROM pending HAVING count(*) > 0),
    lane_delta AS (
        INSERT INTO lane_deltas (lane, waiting, dead) SELECT lane, count(*), -count(*) FROM revived GROUP BY lane)
    SELECT count(*) FROM revived";

fn parts(target: &JobTarget) -> (Option<&[i64]>, Option<&str>) {
    match target {
        JobTarget::Ids(ids) => (Some(ids), None),
        JobTarget::Dead { lane } => (None, lane.as_deref()),
    }
}

pub(super) async fn plan(db: &Db, target: &JobTarget) -> Result<Draft, Refusal> {
    let (ids, lane) = parts(target);
    let (things, bound): (i64, i64) = sqlx::query_as(COUNT).bind(ids).bind(lane).fetch_one(db.pool()).await?;
    if things == 0 {
        return Err(Refusal::Impossible(
            "no dead job matches: nothing to retry; `switchboard jobs list --state dead` shows them".into(),
        ));
    }
    let twin = match target {
        JobTarget::Ids(ids) => {
            format!("switchboard jobs retry {}", ids.iter().map(i64::to_string).collect::<Vec<_>>().join(" "))
        }
        JobTarget::Dead { lane: Some(lane) } => format!("switchboard jobs retry --lane {lane}"),
        JobTarget::Dead { lane: None } => "switchboard jobs retry --all".into(),
    };
    let sentence = format!("Retry {things} dead jobs: their attempts begin anew.");
    Ok(Draft { things, sentence, cost_usd: 0.0, undoable: false, wide: things > 1, bound, twin })
}

pub(super) async fn act(tx: &mut PgConnection, target: &JobTarget, bound: i64) -> Result<Done, Refusal> {
    let (ids, lane) = parts(target);
    let changed: i64 = sqlx::query_scalar(RETRY).bind(ids).bind(lane).bind(bound).fetch_one(&mut *tx).await?;
    queue::enqueue::wake(tx, lane.unwrap_or("")).await?;
    let summary = format!("retried {changed} dead jobs");
    Ok(Done { changed, summary, before: json!({"dead": changed}), after: json!({"waiting": changed}), inverse: None })
}
