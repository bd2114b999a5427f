//! A day's money and calls of one provider: what the fleet has spent, as last read, and what this process added since.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

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

impl Spent {
    fn and(self, other: Spent) -> Spent {
        Spent { money: self.money.saturating_add(other.money), calls: self.calls.saturating_add(other.calls) }
    }
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

/// Costs of this many calls say what the next one may cost, beside what the book of prices says.
const REMEMBERED: usize = 16;
/// What was called so long before the fleet's spending was read is in what was read: its usage is committed with its job.
const UNREAD: Duration = Duration::from_secs(5);

/// Calls, and the numbers or addresses that they are charged for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Requests.
    pub calls: u64,
    /// Each at the price of a call.
    pub units: u64,
}

impl Wanted {
    /// A call for one.
    pub const CALL: Wanted = Wanted { calls: 1, units: 1 };

    /// The others of a batch, beside the one whose call it is.
    pub fn others(units: usize) -> Wanted {
        Wanted { calls: 0, units: units as u64 }
    }
}

/// Whether one more call fits into the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// It does.
    Enough,
    /// Only if what is in flight, or what others may have begun, comes cheaper than it may: wait for that.
    Later,
    /// It does not: the day's budget is spent.
    Spent,
}

/// One provider's day, in this process.
///
/// What is in flight is counted at the highest price that it may have, from the moment it begins; what was answered at its price, until
/// it must be in what the fleet has spent. Of what is left each live node has its part, and the first of them all of it when the
/// parts are smaller than a call.
#[derive(Debug, Default)]
pub struct Budget {
    setting: Allowance,
    /// What an operator has set live; it wins.
    live: Option<MicroUsd>,
    known: Spent,
    /// What may not be in it yet, and since when, newest last.
    recent: VecDeque<(Instant, Spent)>,
    /// The sum of that: every call and every look at the gate asks for it.
    unread: Spent,
    in_flight: Wanted,
    /// The highest price of a call, by the book.
    dearest: MicroUsd,
    costs: VecDeque<MicroUsd>,
    /// Live nodes of the lane, and this one's rank among them.
    place: (u32, u32),
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

    /// An operator's money a day, if one has set it, and this node's place among those who share it.
    pub fn allow(&mut self, live: Option<MicroUsd>, place: (u32, u32)) {
        (self.live, self.place) = (live, place);
    }

    /// The highest price of a call, by the book.
    pub fn expect(&mut self, dearest: MicroUsd) {
        self.dearest = dearest;
    }

    /// What the fleet has spent on this day, by a reading that began then.
    pub fn read(&mut self, spent: Spent, began: Instant) {
        self.known = spent;
        while let Some((_, read)) = self.recent.pop_front_if(|(at, _)| began.saturating_duration_since(*at) >= UNREAD) {
            self.unread.money = self.unread.money.saturating_sub(read.money);
            self.unread.calls = self.unread.calls.saturating_sub(read.calls);
        }
    }

    /// Begins what there is room for.
    pub fn begin(&mut self, wanted: Wanted) -> Room {
        let room = self.room(wanted);
        if room == Room::Enough {
            self.in_flight.calls += wanted.calls;
            self.in_flight.units += wanted.units;
        }
        room
    }

    /// What had begun is over; what was answered counts at its highest price until it is told.
    pub fn end(&mut self, begun: Wanted, is_answered: bool, now: Instant) {
        self.in_flight.calls = self.in_flight.calls.saturating_sub(begun.calls);
        self.in_flight.units = self.in_flight.units.saturating_sub(begun.units);
        let Spent { money, calls } = self.at_most(begun);
        self.add(now, Spent { money: if is_answered { money } else { 0 }, calls });
    }

    /// One number or address of an answered call cost so much, and not the highest price.
    pub fn spend(&mut self, cost: MicroUsd, now: Instant) {
        let above = cost - self.price();
        self.add(now, Spent { money: above, calls: 0 });
        self.costs.push_back(cost);
        if self.costs.len() > REMEMBERED {
            self.costs.pop_front();
        }
    }

    fn add(&mut self, now: Instant, spent: Spent) {
        self.unread = self.unread.and(spent);
        self.recent.push_back((now, spent));
    }

    /// Whether there is room for this.
    pub fn room(&self, wanted: Wanted) -> Room {
        let Allowance { money, calls } = self.allowance();
        let next = self.known.and(self.at_most(Wanted::CALL));
        if money.is_some_and(|limit| next.money > limit) || calls.is_some_and(|limit| next.calls > limit) {
            return Room::Spent;
        }
        let own = self.at_most(self.in_flight).and(self.at_most(wanted)).and(self.unread);
        let whole = |calls: u64| i64::try_from(calls).unwrap_or(i64::MAX);
        let enough = money.is_none_or(|limit| own.money <= self.part(limit - self.known.money, self.price()))
            && calls.is_none_or(|limit| whole(own.calls) <= self.part(whole(limit) - whole(self.known.calls), 1));
        if enough { Room::Enough } else { Room::Later }
    }

    /// This node's part of what is left, where a call takes `one`.
    fn part(&self, left: i64, one: i64) -> i64 {
        let (nodes, rank) = (i64::from(self.place.0.max(1)), self.place.1);
        let part = left / nodes;
        match (part >= one.max(1), rank) {
            (true, 0) => left - part * (nodes - 1),
            (true, _) => part,
            (false, 0) => left,
            (false, _) => 0,
        }
    }

    /// What this may cost.
    fn at_most(&self, wanted: Wanted) -> Spent {
        let units = i64::try_from(wanted.units).unwrap_or(i64::MAX);
        Spent { money: self.price().saturating_mul(units), calls: wanted.calls }
    }

    /// The most that one number or address may cost.
    fn price(&self) -> MicroUsd {
        self.costs.iter().copied().max().unwrap_or(0).max(self.dearest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limited(money: Option<MicroUsd>, calls: Option<u64>) -> Budget {
        Budget::new(Allowance { money, calls })
    }

    #[test]
    fn the_last_call_that_fits_is_made_and_no_further() {
        let (mut budget, now) = (limited(None, Some(3)), Instant::now());
        budget.read(Spent { money: 0, calls: 1 }, now);
        assert_eq!([budget.begin(Wanted::CALL), budget.begin(Wanted::CALL)], [Room::Enough; 2]);
        assert_eq!(budget.begin(Wanted::CALL), Room::Later, "two are in flight and one was made");
        budget.end(Wanted::CALL, true, now);
        assert_eq!(budget.begin(Wanted::CALL), Room::Later);
        budget.read(Spent { money: 0, calls: 3 }, now + UNREAD);
        assert_eq!(budget.begin(Wanted::CALL), Room::Spent);
        budget.read(Spent::default(), now + UNREAD);
        assert_eq!(budget.begin(Wanted::CALL), Room::Enough, "a new day");
    }

    #[test]
    fn what_is_in_flight_is_counted_at_its_price_before_anybody_knows_what_it_cost() {
        let (mut budget, now) = (limited(Some(100), None), Instant::now());
        budget.expect(30);
        let begun = (0..50).filter(|_| budget.begin(Wanted::CALL) == Room::Enough).count();
        assert_eq!(begun, 3, "a cold start with fifty hands");
        // One failed and one was cheaper: what they were held for is free again. 30 in flight and 10 made leave room for two.
        budget.end(Wanted::CALL, false, now);
        budget.end(Wanted::CALL, true, now);
        budget.spend(10, now);
        assert_eq!([(); 3].map(|()| budget.begin(Wanted::CALL)), [Room::Enough, Room::Enough, Room::Later]);
    }

    #[test]
    fn what_was_called_counts_until_it_must_have_been_read() {
        let (mut budget, now) = (limited(Some(100), None), Instant::now());
        budget.expect(40);
        for _ in 0..2 {
            assert_eq!(budget.begin(Wanted::CALL), Room::Enough);
            budget.end(Wanted::CALL, true, now);
            budget.spend(40, now);
        }
        budget.read(Spent { money: 0, calls: 0 }, now + Duration::from_secs(1));
        assert_eq!(budget.begin(Wanted::CALL), Room::Later, "not read yet");
        budget.read(Spent { money: 80, calls: 2 }, now + UNREAD);
        assert_eq!(budget.begin(Wanted::CALL), Room::Spent);
    }

    #[test]
    fn a_batch_fits_as_a_whole_or_not_at_all() {
        let mut budget = limited(Some(100), None);
        let batch = Wanted::others;
        budget.expect(3);
        assert_eq!(
            (budget.begin(batch(50)), budget.begin(batch(30)), budget.begin(Wanted::CALL)),
            (Room::Later, Room::Enough, Room::Enough)
        );
        budget.end(batch(30), true, Instant::now());
        assert_eq!(budget.in_flight, Wanted::CALL);
    }

    #[test]
    fn nodes_share_what_is_left_and_the_first_takes_the_last_call() {
        let all = |left: i64| -> Vec<usize> {
            let of = |rank| {
                let mut budget = limited(Some(left), None);
                budget.expect(1);
                budget.allow(None, (3, rank));
                (0..100).filter(|_| budget.begin(Wanted::CALL) == Room::Enough).count()
            };
            (0..3).map(of).collect()
        };
        assert_eq!(all(11), [5, 3, 3]);
        assert_eq!(all(2), [2, 0, 0]);
    }

    #[test]
    fn the_share_is_that_of_the_tighter_limit() {
        let allowance = Allowance { money: Some(1_000_000), calls: Some(10) };
        assert_eq!(allowance.percent(Spent { money: 500_000, calls: 9 }), 90);
        assert_eq!(Allowance::default().percent(Spent { money: 5, calls: 5 }), 0);
    }

    #[test]
    fn what_an_operator_set_goes_before_the_setting_until_it_is_taken_back() {
        let mut budget = limited(Some(10), None);
        budget.read(Spent { money: 20, calls: 0 }, Instant::now());
        assert_eq!(budget.begin(Wanted::CALL), Room::Spent);
        budget.allow(Some(30), (1, 0));
        assert_eq!(budget.begin(Wanted::CALL), Room::Enough);
        budget.allow(None, (1, 0));
        assert_eq!(budget.begin(Wanted::CALL), Room::Spent);
    }

    proptest! {
        #[test]
        fn no_order_of_beginnings_and_ends_goes_over_the_money(
            limit in 1i64..5_000, price in 1i64..1000, steps in prop::collection::vec((any::<bool>(), 1u64..5, 0i64..1000), 1..200)
        ) {
            let (mut budget, now) = (limited(Some(limit), None), Instant::now());
            budget.expect(price);
            let (mut flying, mut spent) = (Vec::new(), 0);
            for (begins, units, cost) in steps {
                let wanted = Wanted { calls: 1, units };
                if begins && budget.begin(wanted) == Room::Enough {
                    flying.push(wanted);
                } else if let Some(begun) = flying.pop() {
                    budget.end(begun, true, now);
                    for _ in 0..begun.units {
                        budget.spend(cost.min(price), now);
                        spent += cost.min(price);
                    }
                }
                prop_assert!(spent <= limit);
            }
        }
    }
}
