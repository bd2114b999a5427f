//! Calls, answers and money by provider and hour.
//!
//! The row `call` counts calls and answers of the cache. Each source has a row of its own for its answers and their money;
//! at Twilio each package has one.

use std::collections::BTreeMap;

use sqlx::PgConnection;

use crate::database::Result;
use crate::enrichment::step::Settlement;
use crate::providers::Outcome;

#[derive(Debug, Clone, Copy, Default)]
struct Row {
    calls: i64,
    failures: i64,
    cached: i64,
    no_data: i64,
    cost: i64,
    took_ms: i64,
}

type Rows = BTreeMap<(&'static str, &'static str), Row>;

/// Adds up a batch: one statement.
pub(super) async fn write(tx: &mut PgConnection, held: &[Settlement]) -> Result<()> {
    let mut rows = Rows::new();
    for settlement in held {
        count(&mut rows, settlement);
    }
    if rows.is_empty() {
        return Ok(());
    }
    let (providers, operations): (Vec<&str>, Vec<&str>) = rows.keys().copied().unzip();
    let column = |of: fn(&Row) -> i64| rows.values().map(of).collect::<Vec<i64>>();
    let sql = "INSERT INTO usage (provider, hour, operation, calls, failures, cached, no_data, cost, took_ms)
               SELECT u.provider, date_trunc('hour', now()), u.operation, u.calls, u.failures, u.cached, u.no_data, u.cost::numeric / 1000000, u.took
               FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])
                    AS u(provider, operation, calls, failures, cached, no_data, cost, took)
               ORDER BY u.provider, u.operation
               ON CONFLICT (provider, hour, operation) DO UPDATE SET calls = usage.calls + excluded.calls, failures = usage.failures + excluded.failures,
                   cached = usage.cached + excluded.cached, no_data = usage.no_data + excluded.no_data,
                   cost = usage.cost + excluded.cost, took_ms = usage.took_ms + excluded.took_ms";
    sqlx::query(sql)
        .bind(providers)
        .bind(operations)
        .bind(column(|r| r.calls))
        .bind(column(|r| r.failures))
        .bind(column(|r| r.cached))
        .bind(column(|r| r.no_data))
        .bind(column(|r| r.cost))
        .bind(column(|r| r.took_ms))
        .execute(tx)
        .await?;
    Ok(())
}

fn count(rows: &mut Rows, settlement: &Settlement) {
    let result = &settlement.result;
    let Some(source) = result.source else { return };
    let call = rows.entry((source.lane, "call"));
    match (&result.call, &result.found) {
        (Some(made), _) => {
            let row = call.or_default();
            row.failures += i64::from(settlement.failure.is_some());
            row.calls += i64::from(!made.is_shared);
            row.took_ms += if made.is_shared { 0 } else { i64::from(made.took_ms) };
        }
        (None, Some(_)) => call.or_default().cached += 1,
        (None, None) => return,
    }
    let Some(found) = result.found.as_ref().filter(|found| !found.cached) else { return };
    if source.lane == "twilio" {
        for (operation, price) in found.cost.1.iter().filter(|(_, price)| *price > 0) {
            let row = rows.entry((source.lane, *operation)).or_default();
            row.calls += 1;
            row.cost += price;
        }
        return;
    }
    let row = rows.entry((source.lane, source.name)).or_default();
    row.calls += 1;
    row.no_data += i64::from(found.outcome == Outcome::NoData);
    row.cost += found.cost.0;
}
