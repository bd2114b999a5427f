//! A day's money and calls of one provider: what the fleet has spent, as last read, and what this process added since.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use crate::database::Result;
use crate::providers::MicroUsd;

/// What a provider may cost in a day, over the whole fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowance {
    /// Millionths of a dollar; none: no limit.
    pub money: Option<MicroUsd>,
    /// Calls; none: no limit.
    pub calls: Option<u64>,
}

/// Spent money and calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Millionths of a dollar.
    pub money: MicroUsd,
    /// Calls.
    pub calls: u64,
}

impl Allowance {
    /// The same with an operator's money, where one has set it.
    pub fn with(self, money: Option<MicroUsd>) -> Allowance {
        Allowance { money: money.or(self.money), ..self }
    }

    /// How much of it is spent, in percent of the tighter limit; 0 without one.
    pub fn percent(&self, spent: Spent) -> u64 {
        let money = self.money.map_or(0.0, |limit| spent.money as f64 / (limit.max(1)) as f64);
        let calls = self.calls.map_or(0.0, |limit| spent.calls as f64 / (limit.max(1)) as f64);
        (money.max(calls) * 100.0) as u64
    }
}

/// Money and calls of the fleet since a day began, by provider. Usage is kept by the hour, so days begin at full hours.
pub async fn spent_since<'e>(on: impl PgExecutor<'e>, since: DateTime<Utc>) -> Result<Vec<(String, Spent)>> {
    let sql = "/* sample */ SELECT provider, (sum(cost) * 1000000)::bigint, (sum(calls) FILTER (WHERE operation = 'call'))::bigint
               FROM usage WHERE hour >= $1 GROUP BY provider";
    let rows: Vec<(String, i64, Option<i64>)> = sqlx::query_as(sql).bind(since).fetch_all(on).await?;
    let spent = |calls: Option<i64>, money| Spent { money, calls: u64::try_from(calls.unwrap_or(0)).unwrap_or(0) };
    Ok(rows.into_iter().map(|(provider, money, calls)| (provider, spent(calls, money))).collect())
}

/// Costs of this many calls say what the next one may cost.
const REMEMBERED: usize = 16;

/// One provider's day, in this process.
#[derive(Debug, Default)]
pub struct Budget {
    setting: Allowance,
    /// What an operator has set live; it wins.
    live: Option<MicroUsd>,
    known: Spent,
    since: Spent,
    in_flight: u64,
    costs: VecDeque<MicroUsd>,
}

impl Budget {
    /// A day on which nothing was spent.
    pub fn new(allowance: Allowance) -> Budget {
        Budget { setting: allowance, ..Budget::default() }
    }

    /// The limits.
    pub fn allowance(&self) -> Allowance {
        self.setting.with(self.live)
    }

    /// An operator's money a day, if one has set it.
    pub fn allow(&mut self, live: Option<MicroUsd>) {
        self.live = live;
    }

    /// Whether there is any limit.
    pub fn is_limited(&self) -> bool {
        self.allowance() != Allowance::default()
    }

    /// What the fleet has spent on this day, as just read.
    pub fn read(&mut self, spent: Spent) {
        self.known = spent;
        self.since = Spent::default();
    }

    /// Begins a call, if the day's money is enough for it beside those in flight.
    pub fn begin(&mut self) -> bool {
        if self.is_spent() {
            return false;
        }
        self.in_flight += 1;
        true
    }

    /// A call that had begun is over.
    pub fn end(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.since.calls += 1;
    }

    /// A call cost so much.
    pub fn spend(&mut self, cost: MicroUsd) {
        self.since.money += cost;
        self.costs.push_back(cost);
        if self.costs.len() > REMEMBERED {
            self.costs.pop_front();
        }
    }

    /// Whether one more call could go over a limit.
    pub fn is_spent(&self) -> bool {
        let dearest = self.costs.iter().copied().max().unwrap_or(0);
        let money = self.known.money + self.since.money + dearest * (self.in_flight as i64 + 1);
        let calls = self.known.calls + self.since.calls + self.in_flight + 1;
        let allowance = self.allowance();
        allowance.money.is_some_and(|limit| money > limit) || allowance.calls.is_some_and(|limit| calls > limit)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_last_call_that_fits_is_made_and_no_further() {
        let mut budget = Budget::new(Allowance { money: None, calls: Some(3) });
        budget.read(Spent { money: 0, calls: 1 });
        assert!(budget.begin() && budget.begin());
        assert!(!budget.begin(), "two are in flight and one was made");
        budget.end();
        assert!(!budget.begin());
        budget.read(Spent::default());
        assert!(budget.begin(), "a new day");
    }

    #[test]
    fn the_share_is_that_of_the_tighter_limit() {
        let allowance = Allowance { money: Some(1_000_000), calls: Some(10) };
        assert_eq!(allowance.percent(Spent { money: 500_000, calls: 9 }), 90);
        assert_eq!(Allowance::default().percent(Spent { money: 5, calls: 5 }), 0);
    }

    #[test]
    fn what_an_operator_set_goes_before_the_setting_until_it_is_taken_back() {
        let mut budget = Budget::new(Allowance { money: Some(10), calls: None });
        budget.read(Spent { money: 20, calls: 0 });
        assert!(!budget.begin());
        budget.allow(Some(30));
        assert!(budget.begin());
        budget.allow(None);
        assert!(!budget.begin());
    }

    proptest! {
        #[test]
        fn equal_prices_never_go_over_the_money(price in 1i64..1000, limit in 1i64..20_000, calls in 1usize..60) {
            let mut budget = Budget::new(Allowance { money: Some(limit), calls: None });
            budget.spend(price);
            for _ in 0..calls {
                if budget.begin() {
                    budget.end();
                    budget.spend(price);
                }
            }
            prop_assert!(budget.since.money <= limit.max(price));
        }
    }
}
