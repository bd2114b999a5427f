//! What a call found, in one vocabulary for all providers: an answer, what it means for the contact, what it is worth.
//!
//! "No data" is a correct answer, paid for like another: its body is kept and served again while it is fresh.

use std::time::Duration;

use serde_json::{Map, Value};

use super::prices::{MicroUsd, PriceBook};
use crate::settings::CacheSettings;

/// A body that was read as a success.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The provider knows something; the part of the body that holds it.
    Data(Value),
    /// The provider says that it knows nothing.
    NoData,
}

/// Whether a contact gained anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Columns for this contact.
    Data,
    /// Nothing that belongs to this contact; the next provider may know more.
    NoData,
}

/// What kind of fact an answer holds, which decides how long it stays fresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// Line type, carrier, caller name.
    Line,
    /// Risk scores.
    Risk,
    /// True at one moment only (SIM swap, reassignment): never served again.
    Moment,
    /// Who is behind a number.
    Owner,
    /// A company, by its domain.
    Company,
    /// A person, by an e-mail address.
    Person,
    /// A person's e-mail address.
    Address,
    /// How a domain's addresses are built.
    Pattern,
    /// An address that was verified.
    Verified,
    /// An address that could not be judged this time.
    Unverified,
    /// Nothing was known.
    Nothing,
}

impl Fact {
    /// How long it may be served from the result cache; none: never.
    pub fn keep(self, settings: &CacheSettings) -> Option<Duration> {
        Some(match self {
            Fact::Moment => return None,
            Fact::Line => settings.line,
            Fact::Risk => settings.risk,
            Fact::Owner => settings.owner,
            Fact::Company => settings.company,
            Fact::Person => settings.person,
            Fact::Address => settings.address,
            Fact::Pattern => settings.pattern,
            Fact::Verified => settings.verified,
            Fact::Unverified => settings.unverified,
            Fact::Nothing => settings.nothing,
        })
    }
}

/// An answer read for one contact.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Whether it gave the contact anything.
    pub outcome: Outcome,
    /// The contact's columns that it sets; a column that is absent stays as it is.
    pub patch: Map<String, Value>,
    /// The whole body, as JSON.
    pub body: Value,
    /// Operations of the price book that the provider bills for the call, with their number.
    pub billed: Vec<(&'static str, u32)>,
    /// How long it stays fresh.
    pub fact: Fact,
    /// Data packages that the account turned out not to have.
    pub lacking: Vec<&'static str>,
}

impl Finding {
    /// Columns that were found. An empty patch is no data.
    pub fn new(fact: Fact, patch: Map<String, Value>, body: Value) -> Finding {
        let outcome = if patch.is_empty() { Outcome::NoData } else { Outcome::Data };
        Finding { outcome, patch, body, billed: Vec::new(), fact, lacking: Vec::new() }
    }

    /// The provider knows nothing, or nothing that belongs to this contact.
    pub fn nothing(body: Value) -> Finding {
        Finding::new(Fact::Nothing, Map::new(), body)
    }

    /// With one billed operation.
    pub fn billed(mut self, operation: &'static str) -> Finding {
        self.billed.push((operation, 1));
        self
    }

    /// What it costs by the price book, and each operation with its part.
    pub fn cost(&self, provider: &str, prices: &PriceBook) -> (MicroUsd, Vec<(&'static str, MicroUsd)>) {
        let part = |(operation, units): &(&'static str, u32)| {
            (*operation, prices.price(provider, operation).saturating_mul(i64::from(*units)))
        };
        let parts: Vec<_> = self.billed.iter().map(part).collect();
        (parts.iter().map(|(_, price)| price).sum(), parts)
    }
}
