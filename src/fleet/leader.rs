//! Leadership: a row with an expiry; no session holds a lock, so that it works behind a pooler.

use std::time::Duration;

use crate::database::{Db, Result};

/// Takes the lead or renews it for `term`; says whether `epoch` leads now. A term is as long as a node may be silent: who
/// is dead leads nobody.
pub async fn stand(db: &Db, epoch: i64, node: &str, term: Duration) -> Result<bool> {
    let sql =
        "/* heartbeat */ INSERT INTO leader (epoch, node, until) VALUES ($1, $2, now() + make_interval(secs => $3))
               ON CONFLICT (one) DO UPDATE SET epoch = $1, node = $2, until = now() + make_interval(secs => $3),
                   elected_at = CASE WHEN leader.epoch = $1 THEN leader.elected_at ELSE now() END
               WHERE leader.epoch = $1 OR leader.until < now() RETURNING epoch";
    let won: Option<i64> =
        sqlx::query_scalar(sql).bind(epoch).bind(node).bind(term.as_secs_f64()).fetch_optional(db.pool()).await?;
    Ok(won.is_some())
}
