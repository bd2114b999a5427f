//! The audit log's chain, walked from its beginning: each row's hash is computed here, not by the database that is judged.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::database::{Db, Result};

/// Rows read at a time.
const PAGE: i64 = 2000;
/// What the first row's hash stands on.
const GENESIS: &[u8] = b"switchboard audit log";

/// What the walk found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditChain {
    /// Whether every row is as it was written and none is missing.
    pub whole: bool,
    /// Rows that were checked.
    pub rows: i64,
    /// Number of the last row in the chain; note it elsewhere together with the hash.
    pub head_seq: i64,
    /// Hash of the last row, in hexadecimal digits.
    pub head: String,
    /// What is wrong first, in one sentence.
    pub problem: Option<String>,
}

/// One row as the walk needs it.
#[derive(Debug, sqlx::FromRow)]
struct Link {
    seq: i64,
    id: i64,
    prev_hash: Vec<u8>,
    hash: Vec<u8>,
    words: String,
}

/// Walks the whole chain. `noted` is an earlier head (number and hash), which must still be in it.
pub async fn audit_chain(db: &Db, noted: Option<(i64, String)>) -> Result<AuditChain> {
    // The statement says what `audit_words` says, so that a changed function does not go unseen.
    let sql = "SELECT seq, id, prev_hash, hash, (jsonb_build_array(seq, id, extract(epoch FROM at), login, claimed, node, door, verb, target, radius,
                   before, after, reason, request_id, inverse, result, undoes)
                   || CASE WHEN twin IS NULL THEN '[]' ELSE jsonb_build_array(twin) END)::text AS words
               FROM audit_log WHERE seq > $1 ORDER BY seq LIMIT $2";
    let mut walk = Walk { seq: 0, hash: Sha256::digest(GENESIS).to_vec(), noted, problem: None };
    loop {
        let links: Vec<Link> = sqlx::query_as(sql).bind(walk.seq).bind(PAGE).fetch_all(db.pool()).await?;
        let last = links.len() < PAGE as usize;
        links.iter().for_each(|link| walk.step(link));
        if last || walk.problem.is_some() {
            break;
        }
    }
    let (seq, hash): (i64, Vec<u8>) = sqlx::query_as("SELECT seq, hash FROM audit_head").fetch_one(db.pool()).await?;
    Ok(walk.end(seq, &hash))
}

struct Walk {
    seq: i64,
    hash: Vec<u8>,
    noted: Option<(i64, String)>,
    problem: Option<String>,
}

impl Walk {
    fn step(&mut self, link: &Link) {
        if self.problem.is_some() {
            return;
        }
        let computed = Sha256::new().chain_update(&link.prev_hash).chain_update(&link.words).finalize().to_vec();
        if link.seq != self.seq + 1 {
            let (first, last) = (self.seq + 1, link.seq - 1);
            self.problem = Some(format!("links {first} to {last} are missing before audit row {}", link.id));
        } else if link.prev_hash != self.hash {
            self.problem = Some(format!("audit row {} does not follow on the row before it", link.id));
        } else if computed != link.hash {
            self.problem = Some(format!("audit row {} is not as it was written", link.id));
        } else {
            (self.seq, self.hash) = (link.seq, computed);
            self.compare_noted();
        }
    }

    fn compare_noted(&mut self) {
        if let Some((seq, hash)) = &self.noted
            && *seq == self.seq
        {
            if !hash.eq_ignore_ascii_case(&hex(&self.hash)) {
                self.problem = Some(format!(
                    "link {seq} has another hash than the one that was noted: the chain was written anew"
                ));
            }
            self.noted = None;
        }
    }

    fn end(mut self, head_seq: i64, head: &[u8]) -> AuditChain {
        if self.problem.is_none() && head_seq > self.seq {
            self.problem = Some(format!("the last {} rows are missing", head_seq - self.seq));
        } else if self.problem.is_none() && head_seq == self.seq && head != self.hash {
            self.problem = Some("the head does not fit the last row".into());
        } else if self.problem.is_none()
            && let Some((seq, _)) = &self.noted
        {
            self.problem = Some(format!("link {seq}, which was noted, is missing"));
        }
        AuditChain {
            whole: self.problem.is_none(),
            rows: self.seq,
            head_seq: self.seq,
            head: hex(&self.hash),
            problem: self.problem,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
