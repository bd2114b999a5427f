//! What looking contacts up will cost, with the steps that follow a lookup: people agree to the sum, not to its first part.

use sqlx::Row;

use crate::database::{Db, Result};
use crate::enrichment::graph::Step;
use crate::providers::twilio::Ask;
use crate::providers::{MicroUsd, PriceBook};

/// Lookups from which on what followed them is a measure.
const ENOUGH: i64 = 100;

/// What the steps behind a lookup cost a contact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Behind {
    /// No node has run jobs here yet, so that nobody knows who has credentials.
    Unknown,
    /// By the price of every step that some node can run; none of them may apply.
    AtMost(MicroUsd),
    /// By what it was in the last 30 days.
    Usual(MicroUsd),
}

/// A contact's price in millionths of a dollar, in its two parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Each {
    /// The lookup with all of its packages.
    pub lookup: MicroUsd,
    /// What follows.
    pub behind: Behind,
}

impl Each {
    /// Reads it for lookups with what is asked.
    pub async fn load(db: &Db, ask: &Ask) -> Result<Each> {
        let prices = PriceBook::load(db).await?;
        let lookup = ask.packages.iter().map(|package| prices.price("twilio", package)).sum();
        Ok(Each { lookup, behind: behind(db, &prices).await? })
    }

    /// USD for so many contacts, all of it.
    pub fn usd(self, contacts: i64) -> f64 {
        usd(self.lookup, contacts) + self.behind.usd(contacts)
    }

    /// The same in words: `at about $72.00, and up to $430.00 for what follows`.
    pub fn words(self, contacts: i64) -> String {
        let (lookup, behind) = (usd(self.lookup, contacts), self.behind.usd(contacts));
        match self.behind {
            Behind::Unknown => format!("at about ${lookup:.2}. What follows a lookup comes on top"),
            Behind::AtMost(0) | Behind::Usual(0) => format!("at about ${lookup:.2}"),
            Behind::AtMost(_) => format!("at about ${lookup:.2}, and up to ${behind:.2} for what follows"),
            Behind::Usual(_) => format!("at about ${lookup:.2}, and about ${behind:.2} for what follows"),
        }
    }
}

impl Behind {
    /// Reads it.
    pub async fn load(db: &Db) -> Result<Behind> {
        behind(db, &PriceBook::load(db).await?).await
    }

    /// USD for so many contacts; 0 where it is not known.
    pub fn usd(self, contacts: i64) -> f64 {
        match self {
            Behind::Unknown => 0.0,
            Behind::AtMost(each) | Behind::Usual(each) => usd(each, contacts),
        }
    }
}

fn usd(each: MicroUsd, contacts: i64) -> f64 {
    (each * contacts) as f64 / 1e6
}

async fn behind(db: &Db, prices: &PriceBook) -> Result<Behind> {
    let lanes: Vec<&str> = paid().map(|source| source.0).collect();
    let sql = "SELECT coalesce(sum(calls + cached) FILTER (WHERE provider = 'twilio' AND operation = 'call'), 0)::bigint AS lookups,
                   (coalesce(sum(cost) FILTER (WHERE provider = ANY($1)), 0) * 1000000)::bigint AS spent,
                   EXISTS (SELECT FROM nodes WHERE runs_jobs) AS known,
                   ARRAY(SELECT DISTINCT unnest(serves) FROM nodes n WHERE n.runs_jobs AND (n.state = 'live'
                       OR NOT EXISTS (SELECT FROM nodes WHERE runs_jobs AND state = 'live'))) AS served
               FROM usage WHERE hour > now() - interval '30 days'";
    let row = sqlx::query(sql).bind(&lanes).fetch_one(db.pool()).await?;
    let (lookups, spent): (i64, i64) = (row.try_get("lookups")?, row.try_get("spent")?);
    if lookups >= ENOUGH {
        return Ok(Behind::Usual(spent / lookups));
    }
    let served: Vec<String> = row.try_get("served")?;
    Ok(if row.try_get("known")? { Behind::AtMost(dearest(&served, prices)) } else { Behind::Unknown })
}

/// Lane and operation of every source behind the lookup.
fn paid() -> impl Iterator<Item = (&'static str, &'static str)> {
    let steps = Step::ALL.iter().filter(|step| **step != Step::Lookup);
    steps.flat_map(|step| step.sources().iter().map(|source| (source.lane, source.operation)))
}

/// Every source that is served, once: a source without data hands its contact on to the next.
fn dearest(served: &[String], prices: &PriceBook) -> MicroUsd {
    let asked = paid().filter(|(lane, _)| served.iter().any(|name| name == lane));
    asked.map(|(lane, operation)| prices.price(lane, operation)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_and_the_words_have_both_parts() {
        let each = |behind| Each { lookup: 18_000, behind };
        assert_eq!(each(Behind::Unknown).words(100), "at about $1.80. What follows a lookup comes on top");
        assert_eq!(each(Behind::AtMost(0)).words(100), "at about $1.80");
        let behind = each(Behind::AtMost(430_000));
        assert_eq!(behind.words(100), "at about $1.80, and up to $43.00 for what follows");
        assert!((behind.usd(100) - 44.8).abs() < 1e-9);
        assert_eq!(each(Behind::Usual(90_000)).words(100), "at about $1.80, and about $9.00 for what follows");
    }
}
