//! What the handlers of a batch need, read at once: columns of their contacts, whom to ask, and fresh answers of the cache.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::graph::{Source, Step};
use super::step::Subject;
use crate::database::{Db, Result};
use crate::providers::gateway::Kept;
use crate::providers::{Gateway, Input, input, registry};
use crate::queue::Claimed;

/// Columns that planning looks at besides those that requests and mappings read.
const PLANNED: [&str; 10] = [
    "status",
    "phone_valid",
    "email_status",
    "is_duplicate",
    "address_provider",
    "business_provider",
    "phone_fingerprint",
    "name_fingerprint",
    "email_fingerprint",
    "updated_at",
];

/// `c."a", c."b"`: every column that steps and plans read, of `contacts AS c`.
pub(super) static COLUMNS: LazyLock<String> = LazyLock::new(|| {
    let mut sql = String::from("c.id");
    for column in input::COLUMNS.iter().chain(&PLANNED) {
        let _ = write!(sql, ", c.\"{column}\"");
    }
    sql
});

/// Those that a lookup tells its provider, if it has packages that want to know: they come from an import's own columns.
static LOOKUP_COLUMNS: LazyLock<String> = LazyLock::new(|| {
    let mut sql = COLUMNS.clone();
    for column in ["verification_sid", "national_id", "date_of_birth"] {
        let _ = write!(sql, ", c.extra->>'{column}' AS {column}");
    }
    sql
});

/// What of its contact a lookup depends on: nothing but the number, unless a package wants to know more.
fn lookup_columns(gateway: &Gateway) -> &'static str {
    let asked = gateway.line("twilio").map(|line| line.lookup.packages.asked()).unwrap_or_default();
    let curious = asked.iter().any(|package| ["reassigned_number", "identity_match", "pre_fill"].contains(package));
    if curious { LOOKUP_COLUMNS.as_str() } else { "c.id, c.phone_e164" }
}

/// A job's arguments: whom to ask, who had no answer, whether the cache will do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Args {
    /// Name of the source; empty: the step's first.
    pub source: String,
    /// Names of sources that had no answer.
    pub tried: Vec<String>,
    /// No answer of the cache will do.
    pub fresh: bool,
}

impl Args {
    /// Reads them; what is missing or odd is as if nothing was said.
    pub fn read(value: &Value) -> Args {
        let tried = value["tried"].as_array().map(Vec::as_slice).unwrap_or_default();
        Args {
            source: value["source"].as_str().unwrap_or_default().to_owned(),
            tried: tried.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect(),
            fresh: value["fresh"].as_bool() == Some(true),
        }
    }

    /// As they are stored; what is usual is left out.
    pub fn json(&self) -> Value {
        let mut map = Map::new();
        if !self.source.is_empty() {
            map.insert("source".into(), self.source.clone().into());
        }
        if !self.tried.is_empty() {
            map.insert("tried".into(), self.tried.clone().into());
        }
        if self.fresh {
            map.insert("fresh".into(), true.into());
        }
        Value::Object(map)
    }
}

/// The source that a job of this kind and lane asks.
fn source(kind: &str, lane: &str, args: &Args) -> Option<&'static Source> {
    if kind == super::ENRICH {
        return Some(&Step::Lookup.sources()[0]);
    }
    let step = Step::parse(kind)?;
    let named = step.sources().iter().find(|source| source.name == args.source && source.lane == lane);
    named.or_else(|| step.sources().iter().find(|source| source.lane == lane))
}

/// Loads a batch of one lane: one value a job, in order.
pub async fn subjects(db: &Db, gateway: &Gateway, lane: &str, jobs: &[Claimed]) -> Result<Vec<Option<Subject>>> {
    let columns = if lane == "twilio" { lookup_columns(gateway) } else { COLUMNS.as_str() };
    let sql = format!(
        "SELECT j.id, j.args, to_jsonb(c) FROM jobs j JOIN LATERAL (SELECT {columns} FROM contacts c WHERE c.id = j.contact_id) c ON true
         WHERE j.id = ANY($1)"
    );
    let ids: Vec<i64> = jobs.iter().map(|job| job.id).collect();
    let rows: Vec<(i64, Value, Value)> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(ids).fetch_all(db.pool()).await?;
    let mut cards: HashMap<i64, (Value, Value)> = rows.into_iter().map(|(id, args, card)| (id, (args, card))).collect();
    let mut subjects: Vec<Option<Subject>> = Vec::with_capacity(jobs.len());
    for job in jobs {
        let loaded = cards.remove(&job.id).and_then(|(args, card)| {
            let args = Args::read(&args);
            let (source, Value::Object(card)) = (source(&job.kind, lane, &args)?, card) else { return None };
            Some(Subject { input: Input::new(card), source, tried: args.tried, fresh: args.fresh, kept: None })
        });
        subjects.push(loaded);
    }
    if lane != "twilio" {
        let all = subjects.iter_mut().flatten().collect();
        keep(db, gateway, all).await?;
    }
    Ok(subjects)
}

/// Gives each subject the fresh answer that the cache has for it.
async fn keep(db: &Db, gateway: &Gateway, mut subjects: Vec<&mut Subject>) -> Result<()> {
    let key = |subject: &Subject| {
        let line = gateway.line(subject.source.lane).filter(|line| line.keep.is_some() && !subject.fresh)?;
        registry::endpoint(subject.source.lane, subject.source.endpoint)?.key(line, &subject.input)
    };
    let keys: Vec<Option<String>> = subjects.iter().map(|subject| key(subject)).collect();
    let mut wanted: BTreeMap<(&str, &str), Option<Kept>> = BTreeMap::new();
    for (subject, key) in subjects.iter().zip(&keys) {
        if let Some(key) = key {
            wanted.insert((subject.source.lane, key), None);
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let (providers, names): (Vec<&str>, Vec<&str>) = wanted.keys().copied().unzip();
    let sql = "SELECT u.n::integer, r.http_status, r.body, r.fetched_at
               FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u(provider, key, n) CROSS JOIN LATERAL (
                   SELECT http_status, body, fetched_at FROM provider_results p
                   WHERE p.provider = u.provider AND p.request_key = u.key AND p.expires_at > now()
                   ORDER BY p.fetched_at DESC LIMIT 1) r";
    let rows: Vec<(i32, i32, Value, DateTime<Utc>)> =
        sqlx::query_as(sql).bind(&providers).bind(&names).fetch_all(db.pool()).await?;
    let mut found: BTreeMap<(&str, &str), Kept> = BTreeMap::new();
    for (n, status, body, fetched_at) in rows {
        let at = usize::try_from(n - 1).unwrap_or(usize::MAX);
        if let Some(key) = providers.get(at).copied().zip(names.get(at).copied()) {
            let status = u16::try_from(status).unwrap_or(200);
            found.insert(key, Kept { status, body: Arc::new(body), fetched_at });
        }
    }
    for (subject, key) in subjects.iter_mut().zip(&keys) {
        if let Some(key) = key {
            subject.kept = found.get(&(subject.source.lane, key.as_str())).cloned();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_survive_being_stored() {
        let args = Args { source: "hunter-domain".into(), tried: vec!["hunter-finder".into()], fresh: true };
        assert_eq!(Args::read(&args.json()), args);
        assert_eq!(Args::read(&Value::Null), Args::default());
    }

    #[test]
    fn a_job_asks_in_its_own_lane_and_no_other() {
        let args = Args { source: "hunter-verifier".into(), ..Args::default() };
        assert_eq!(source("email_verify", "hunter", &args).map(|s| s.name), Some("hunter-verifier"));
        assert_eq!(source("email_verify", "zerobounce", &args).map(|s| s.name), Some("zerobounce"));
        assert_eq!(source("email_find", "hunter", &Args::default()).map(|s| s.name), Some("hunter-finder"));
    }
}
