//! Forgetting what is old: small batches found by an index, so that no table grows without end and no round takes long.

use std::time::{Duration, Instant};

use crate::database::{Db, Result};

/// How long one round may go on where much is to be forgotten; the rest has its turn in the next.
const ROUND: Duration = Duration::from_secs(1);
/// Rows that one statement deletes.
const BATCH: i64 = 5000;

/// How long records are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Finished jobs.
    pub job_history: Duration,
    /// What was taken out of the queue.
    pub job_trash: Duration,
    /// Failed attempts.
    pub job_failures: Duration,
    /// Timeline, breaker events, ended alerts, nodes that are gone.
    pub timeline: Duration,
    /// Samples of a minute.
    pub samples: Duration,
    /// Samples of 5 s.
    pub fine_samples: Duration,
    /// Calls and cost an hour.
    pub usage: Duration,
    /// Raw answers, at least; until their time to live is over.
    pub payloads: Duration,
}

/// A statement that deletes a batch, and the age at which it does.
type Rule = (&'static str, fn(&Keep) -> Duration);

/// Consoles that were left without a word: what is shown ends long before.
const DECK: Duration = Duration::from_secs(5 * 60);

/// $1 is the age in seconds, $2 the size of a batch.
const RULES: [Rule; 14] = [
    ("/* sample */ DELETE FROM history_batches WHERE ctid = ANY(ARRAY(SELECT ctid FROM history_batches WHERE finished_at < now() - make_interval(secs => $1) LIMIT $2))", |k| k.job_history),
    ("/* sample */ DELETE FROM history_singles WHERE ctid = ANY(ARRAY(SELECT ctid FROM history_singles WHERE finished_at < now() - make_interval(secs => $1) LIMIT $2))", |k| k.job_history),
    ("/* sample */ DELETE FROM job_trash WHERE ctid = ANY(ARRAY(SELECT ctid FROM job_trash WHERE discarded_at < now() - make_interval(secs => $1) LIMIT $2))", |k| k.job_trash),
    ("/* sample */ DELETE FROM job_failures WHERE ctid = ANY(ARRAY(SELECT ctid FROM job_failures WHERE failed_at < now() - make_interval(secs => $1) LIMIT $2))", |k| k.job_failures),
    ("/* sample */ DELETE FROM samples WHERE ctid = ANY(ARRAY(SELECT ctid FROM samples WHERE at < now() - make_interval(secs => $1) LIMIT $2))", |k| k.fine_samples),
    ("/* sample */ DELETE FROM samples_minute WHERE ctid = ANY(ARRAY(SELECT ctid FROM samples_minute WHERE at < now() - make_interval(secs => $1) LIMIT $2))", |k| k.samples),
    ("/* sample */ DELETE FROM timeline WHERE ctid = ANY(ARRAY(SELECT ctid FROM timeline WHERE at < now() - make_interval(secs => $1) LIMIT $2))", |k| k.timeline),
    ("/* sample */ DELETE FROM breaker_events WHERE ctid = ANY(ARRAY(SELECT ctid FROM breaker_events WHERE at < now() - make_interval(secs => $1) LIMIT $2))", |k| k.timeline),
    ("/* sample */ DELETE FROM alerts WHERE ctid = ANY(ARRAY(SELECT ctid FROM alerts WHERE cleared_at < now() - make_interval(secs => $1) LIMIT $2))", |k| k.timeline),
    ("/* sample */ DELETE FROM nodes WHERE ctid = ANY(ARRAY(SELECT n.ctid FROM nodes n WHERE n.ended_at < now() - make_interval(secs => $1)
          AND NOT EXISTS (SELECT FROM jobs j WHERE j.lease_epoch = n.epoch AND j.state = 'running') LIMIT $2))", |k| k.timeline),
    ("/* sample */ DELETE FROM usage WHERE ctid = ANY(ARRAY(SELECT ctid FROM usage WHERE hour < now() - make_interval(secs => $1) LIMIT $2))", |k| k.usage),
    ("/* sample */ DELETE FROM provider_results WHERE ctid = ANY(ARRAY(SELECT ctid FROM provider_results WHERE fetched_at < now() - make_interval(secs => $1)
          AND (expires_at IS NULL OR expires_at < now()) LIMIT $2))", |k| k.payloads),
    ("/* sample */ DELETE FROM deck WHERE ctid = ANY(ARRAY(SELECT ctid FROM deck WHERE seen_at < now() - make_interval(secs => $1) LIMIT $2))", |_| DECK),
    ("/* sample */ DELETE FROM second_asks WHERE ctid = ANY(ARRAY(SELECT ctid FROM second_asks WHERE asked_at < now() - make_interval(secs => $1) LIMIT $2))", |k| k.timeline),
];

/// One round. Says how many rows went.
pub async fn forget(db: &Db, keep: &Keep) -> Result<u64> {
    let begun = Instant::now();
    let mut gone = 0;
    for (sql, age) in RULES {
        loop {
            let deleted = sqlx::query(sql).bind(age(keep).as_secs_f64()).bind(BATCH).execute(db.pool()).await?;
            gone += deleted.rows_affected();
            if deleted.rows_affected() < BATCH as u64 || begun.elapsed() > ROUND {
                break;
            }
        }
    }
    sqlx::query("/* sample */ DELETE FROM alert_silences WHERE until < now()").execute(db.pool()).await?;
    Ok(gone)
}
