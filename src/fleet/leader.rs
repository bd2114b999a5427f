//! Leadership: a row with an expiry; no session holds a lock, so that it works behind a pooler.

use std::time::Duration;

use crate::database::{Db, Result};

/// How long a term lasts without renewal.
pub const TERM: Duration = Duration::from_secs(15);

/// Takes or renews the term; says whether `epoch` leads now.
pub async fn stand(db: &Db, epoch: i64, node: &str) -> Result<bool> {
    let sql =
        "/* heartbeat */ INSERT INTO leader (epoch, node, until) VALUES ($1, $2, now() + make_interval(secs => $3))
               ON CONFLICT (one) DO UPDATE SET epoch = $1, node = $2, until = now() + make_interval(secs => $3),
                   elected_at = CASE WHEN leader.epoch = $1 THEN leader.elected_at ELSE now() END
               WHERE leader.epoch = $1 OR leader.until < now() RETURNING epoch";
    let won: Option<i64> =
        sqlx::query_scalar(sql).bind(epoch).bind(node).bind(TERM.as_secs_f64()).fetch_optional(db.pool()).await?;
    Ok(won.is_some())
}
