//! How much of a day's budget the fleet has spent with a provider: an alert at 80 %, and another when nothing is left.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Levels, Measure};
use crate::catalogue::PROVIDERS;
use crate::database::Result;
use crate::providers::MicroUsd;
use crate::providers::gateway::budget::{Allowance, Spent, spent_since};
use crate::settings::day_start;

/// From so many percent on; levels are raised strictly above.
const LEVELS: Levels = Levels { warning: Some(79), critical: Some(99) };

/// Budgets of this fleet, as whoever leads knows them by its settings.
#[derive(Debug, Clone)]
pub struct Budgets {
    /// What a day is.
    pub zone: chrono_tz::Tz,
    /// By provider; those without a limit may be left out.
    pub allowances: Arc<[(&'static str, Allowance)]>,
}

impl Default for Budgets {
    fn default() -> Budgets {
        Budgets { zone: chrono_tz::UTC, allowances: Arc::default() }
    }
}

/// One measure for each provider with a budget.
pub(super) async fn measures(tx: &mut PgConnection, budgets: &Budgets, now: DateTime<Utc>) -> Result<Vec<Measure>> {
    let live: Vec<(String, f64)> =
        sqlx::query_as("/* sample */ SELECT lane, budget_usd FROM lanes WHERE budget_usd IS NOT NULL")
            .fetch_all(&mut *tx)
            .await?;
    let of_settings =
        |lane: &str| budgets.allowances.iter().find(|(id, _)| *id == lane).map_or(Allowance::default(), |(_, a)| *a);
    let parked: Vec<String> = sqlx::query_scalar("/* sample */ SELECT lane FROM lanes WHERE parked_reason = 'budget'")
        .fetch_all(&mut *tx)
        .await?;
    let is_parked = |id: &str| parked.iter().any(|lane| lane == id);
    let limited =
        |id: &&str| of_settings(id) != Allowance::default() || live.iter().any(|(lane, _)| lane == id) || is_parked(id);
    let own = |id: &str| live.iter().find(|(lane, _)| lane == id).map(|(_, usd)| (usd * 1e6) as MicroUsd);
    let providers = PROVIDERS.iter().map(|provider| provider.id);
    let all: Vec<_> = providers.filter(limited).map(|id| (id, of_settings(id).with(own(id)))).collect();
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let spent = spent_since(tx, day_start(budgets.zone, now)).await?;
    let of = |provider: &str| spent.iter().find(|(id, _)| id == provider).map_or(Spent::default(), |(_, spent)| *spent);
    let measured = |(provider, allowance): (&'static str, Allowance)| {
        let percent = allowance.percent(of(provider));
        if percent < 100 && is_parked(provider) { used_up(provider) } else { measure(provider, percent) }
    };
    Ok(all.into_iter().map(measured).collect())
}

fn measure(provider: &str, percent: u64) -> Measure {
    Measure {
        key: format!("budget/{provider}"),
        subject: provider.to_owned(),
        levels: LEVELS,
        value: Some(i64::try_from(percent).unwrap_or(i64::MAX)),
        what: "% of the day's budget is spent",
        incident: false,
    }
}

/// What is left may be too little for one more call, or the account's own quota may have come to its end first.
fn used_up(provider: &str) -> Measure {
    Measure { what: "% of what a day allows is used up", ..measure(provider, 100) }
}

#[cfg(test)]
mod tests {
    use super::super::Severity;
    use super::*;

    #[test]
    fn a_budget_warns_at_80_percent_and_is_critical_when_it_is_spent() {
        let severity = |percent| measure("hunter", percent).levels.severity(percent as i64);
        assert_eq!([79, 80, 99, 100].map(severity), {
            [None, Some(Severity::Warning), Some(Severity::Warning), Some(Severity::Critical)]
        });
    }
}
