//! Vacuuming what turns over fastest. Autovacuum comes by once a minute, and at full speed the table of jobs has by then grown by
//! the dead rows of millions of jobs; a leader that looks at each beat keeps it as small as it was.

use crate::database::{Db, Manners, Result};

/// Tables that are worth it: mostly dead, and small enough that vacuuming takes a moment. Larger ones are autovacuum's, and so are
/// all where this login owns nothing.
const LITTERED: &str = "/* sample */ SELECT c.relname::text FROM pg_class c JOIN pg_stat_user_tables s ON s.relid = c.oid
    WHERE c.oid IN ('jobs'::regclass, 'lane_deltas'::regclass) AND s.n_dead_tup > 20000 AND s.n_dead_tup > s.n_live_tup / 5
      AND pg_relation_size(c.oid) < 512 * 1024 * 1024 AND pg_has_role(c.relowner, 'USAGE')";

/// Whoever vacuums it already is not waited for, and no lock is taken that would hold up a claim.
const VACUUM_JOBS: &str = "/* sample */ VACUUM (SKIP_LOCKED, TRUNCATE false, PARALLEL 0) jobs";
const VACUUM_DELTAS: &str = "/* sample */ VACUUM (SKIP_LOCKED, TRUNCATE false, PARALLEL 0) lane_deltas";

/// Vacuums what needs it; says how many tables. Through a pooler everything is a transaction, in which nothing can be vacuumed.
pub async fn tidy(db: &Db) -> Result<usize> {
    if db.manners() == Manners::Pooled {
        return Ok(0);
    }
    let littered: Vec<String> = sqlx::query_scalar(LITTERED).fetch_all(db.pool()).await?;
    for table in &littered {
        let vacuum = if table == "jobs" { VACUUM_JOBS } else { VACUUM_DELTAS };
        sqlx::query(vacuum).execute(db.pool()).await?;
    }
    Ok(littered.len())
}
