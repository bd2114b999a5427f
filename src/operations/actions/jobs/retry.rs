//! Retrying dead jobs: their attempts anew, their contacts pending again, set-wise.

use serde_json::json;
use sqlx::{PgConnection, Row};

use super::super::draft::{Done, Draft, Part, Reach, Refusal};
use super::super::{JobTarget, Tier};
use super::target::{self, Verb};
use crate::database::Db;

/// Dead jobs that have no live twin and whose contact still waits for them.
pub(super) const VERB: Verb = Verb {
    name: "retry",
    eligible: "j.state = 'dead'
      AND NOT EXISTS (SELECT FROM jobs l WHERE l.kind = j.kind AND l.contact_id = j.contact_id AND l.state IN ('waiting', 'scheduled', 'running'))
      AND (j.kind <> 'lookup' OR c.status = 'failed')",
    counts: "DISTINCT (j.kind, j.contact_id)",
    nothing: "no dead job matches: nothing to retry; `switchboard jobs list --state dead` shows them",
};

/// One job a contact and step.
const RETRY: &str = "
    newest AS (SELECT DISTINCT ON (kind, contact_id) id FROM chosen ORDER BY kind, contact_id, id DESC),
    revived AS (
        UPDATE jobs SET state = 'waiting', attempt = 0, returns = 0, probes = 0, run_at = now()
        WHERE id IN (SELECT id FROM newest) AND state = 'dead' RETURNING lane, kind, contact_id),
    pending AS (
        UPDATE contacts SET status = 'pending', updated_at = now(),
               error_kind = NULL, error_provider = NULL, error_code = NULL, error_http_status = NULL, error_message = NULL
        WHERE id IN (SELECT contact_id FROM revived WHERE kind = 'lookup') AND status = 'failed' RETURNING 1),
    contact_delta AS (
        INSERT INTO contact_deltas (pending, failed) SELECT count(*), -count(*) FROM pending HAVING count(*) > 0),
    lane_delta AS (
        INSERT INTO lane_deltas (lane, waiting, dead) SELECT lane, count(*), -count(*) FROM revived GROUP BY lane)
    SELECT count(*), coalesce(array_agg(DISTINCT lane), '{}'), (SELECT max(id) FROM chosen) FROM revived";

pub(super) async fn plan(db: &Db, target: &JobTarget) -> Result<Draft, Refusal> {
    let (things, bound) = super::counted(db, &VERB, target).await?;
    let sentence = format!("Retry {things} dead jobs: their attempts begin anew.");
    Ok(Draft { things, sentence, cost_usd: 0.0, undoable: false, least: Tier::Light, bound })
}

pub(super) async fn part(tx: &mut PgConnection, target: &JobTarget, reach: Reach) -> Result<Part, Refusal> {
    let row = target::write(&VERB, target, reach, RETRY)?.query().fetch_one(&mut *tx).await?;
    let changed: i64 = row.try_get(0)?;
    super::wake(tx, row.try_get(1)?).await?;
    let summary = format!("retried {changed} dead jobs");
    let (before, after) = (json!({"dead": changed}), json!({"waiting": changed}));
    let done = Done { changed, summary, before, after, inverse: None };
    Ok(Part { done, last: row.try_get(2)? })
}
