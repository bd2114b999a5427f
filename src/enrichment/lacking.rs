//! Data packages that an account turned out not to have, told to the fleet: the operator reads of each once, nobody asks for
//! them for a day, and a new credential begins anew.

use std::collections::BTreeMap;

use crate::database::{Db, Result};
use crate::providers::{Gateway, Line};

/// A row of its own a credential: what one account lacks another may have.
const TELL: &str = "/* sample */ WITH told AS (
    INSERT INTO lacking_packages (provider, credential, package, until)
    SELECT $1, $2, package, now() + interval '1 day' FROM unnest($3::text[]) AS package
    ON CONFLICT (provider, credential, package) DO UPDATE SET until = EXCLUDED.until
    RETURNING package, xmax = 0 AS is_new)
INSERT INTO timeline (kind, severity, subject, summary, actor)
SELECT 'package', 'warning', $1,
       'the account does not have the package ' || package || ' (60606), and it is asked for no more: have it enabled, or take it from providers.' || $1 || '.packages',
       'switchboard'
FROM told WHERE is_new";

/// Takes over what the fleet knows, and how many numbers people want in one request.
pub async fn learn(db: &Db, gateway: &Gateway) -> Result<()> {
    let sql = "/* sample */ SELECT lane, batch FROM lanes";
    let batches: Vec<(String, Option<i16>)> = sqlx::query_as(sql).fetch_all(db.pool()).await?;
    for (lane, batch) in batches {
        if let Some(line) = gateway.line(&lane) {
            line.lookup.batching.switch(batch.and_then(|size| u16::try_from(size).ok()));
        }
    }
    let sql = "/* sample */ SELECT provider, credential, package FROM lacking_packages WHERE until > now()";
    let rows: Vec<(String, String, String)> = sqlx::query_as(sql).fetch_all(db.pool()).await?;
    let mut known: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for (provider, credential, package) in rows {
        known.entry((provider, credential)).or_default().push(package);
    }
    for line in gateway.lines() {
        let version = gateway.credential_version(line).unwrap_or_default();
        line.lookup.packages.learn(known.get(&(line.provider.to_owned(), version)).map_or(&[], Vec::as_slice));
    }
    Ok(())
}

/// Tells what this process found out, if it did; what can't be told now is told the next time.
pub async fn tell(db: &Db, gateway: &Gateway, line: &Line) -> Result<()> {
    let news = line.lookup.packages.take_news();
    if news.is_empty() {
        return Ok(());
    }
    let version = gateway.credential_version(line).unwrap_or_default();
    let told = sqlx::query(TELL).bind(line.provider).bind(version).bind(&news).execute(db.pool()).await;
    if told.is_err() {
        line.lookup.packages.put_back(&news);
    }
    told?;
    Ok(())
}
