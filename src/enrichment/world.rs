//! What the planner knows of the world: which sources may be asked, what they cost, how often they know something, and how
//! the operator wants each step run.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::graph::{Source, Step};
use super::reason::Reason;
use crate::providers::{MicroUsd, PriceBook};

/// What a step does when its provider's breaker is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// Waits: the next provider costs money and knows less.
    #[default]
    Wait,
    /// Asks the next provider.
    PreferSpeed,
}

/// How the operator wants a step run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepRules {
    /// False: skipped.
    pub enabled: bool,
    /// What an open breaker means for it.
    pub policy: Policy,
    /// Sources that are usually trusted so far come first, 0 to 100.
    pub threshold: u8,
}

/// One source as it stands now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offer {
    /// Switched on.
    pub on: bool,
    /// Somebody in the fleet has a credential for it.
    pub credential: bool,
    /// Its budget of this day is spent.
    pub spent: bool,
    /// Its breaker is open.
    pub open: bool,
    /// Price of a call, in millionths of a dollar.
    pub price: MicroUsd,
    /// Share of its answers that had data, 0 to 1; none while too few were measured.
    pub hit_rate: Option<f64>,
}

/// Assumed while nothing was measured.
const HIT_RATE: f64 = 0.5;
/// A source that never knows anything is dear, and not infinitely so.
const HIT_RATE_MIN: f64 = 0.02;

/// The world.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct World {
    /// By step; a step without rules is on and waits.
    pub rules: BTreeMap<Step, StepRules>,
    /// By source's name; a source that is missing is switched off.
    pub offers: BTreeMap<&'static str, Offer>,
    /// Three or more breakers are open: everything that still runs is damped.
    pub incident: bool,
    /// What calls cost.
    pub prices: PriceBook,
    /// Whether an address is looked for while nobody knows whether it is a consumer.
    pub address_for_unknown: bool,
}

impl World {
    /// Rules of a step.
    pub fn rules(&self, step: Step) -> StepRules {
        let default = StepRules { enabled: true, policy: Policy::Wait, threshold: 50 };
        self.rules.get(&step).copied().unwrap_or(default)
    }

    fn offer(&self, source: &Source) -> Option<&Offer> {
        self.offers.get(source.name).filter(|offer| offer.on)
    }

    /// Whether a source of this step could be asked at all.
    pub fn can_run(&self, step: Step) -> bool {
        self.rules(step).enabled && self.choose(step, &[]).is_ok()
    }

    /// Who answers the step, those in `tried` apart; or why nobody is left.
    pub fn choose(&self, step: Step, tried: &[&str]) -> Result<&'static Source, Reason> {
        let rules = self.rules(step);
        let left = || step.sources().iter().filter(|source| !tried.contains(&source.name));
        let mut able: Vec<&'static Source> =
            left().filter(|source| self.offer(source).is_some_and(|offer| offer.credential)).collect();
        able.sort_by(|a, b| self.compare(rules.threshold, a, b));
        self.spare(&mut able, |offer| offer.spent);
        if rules.policy == Policy::PreferSpeed {
            self.spare(&mut able, |offer| offer.open);
        }
        let none =
            if left().any(|source| self.offer(source).is_some()) { Reason::NoCredential } else { Reason::Disabled };
        able.first().copied().ok_or(none)
    }

    /// Leaves out those to which `bad` applies, unless it applies to all: then the first one is waited for.
    fn spare(&self, able: &mut Vec<&'static Source>, bad: impl Fn(&Offer) -> bool) {
        let is_good = |source: &&Source| self.offer(source).is_some_and(|offer| !bad(offer));
        if able.iter().any(is_good) {
            able.retain(|source| is_good(source));
        }
    }

    /// Those that are trusted enough first, then by the price of an answer with data.
    fn compare(&self, threshold: u8, a: &Source, b: &Source) -> Ordering {
        let worth = |source: &Source| {
            let offer = self.offer(source);
            let hits = offer.and_then(|o| o.hit_rate).unwrap_or(HIT_RATE).max(HIT_RATE_MIN);
            offer.map_or(0.0, |o| o.price as f64) / hits
        };
        let trusted = |source: &Source| source.confidence >= threshold;
        trusted(b).cmp(&trusted(a)).then(worth(a).total_cmp(&worth(b)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: Offer = Offer { on: true, credential: true, spent: false, open: false, price: 0, hit_rate: None };

    fn verifiers(zerobounce: Offer, hunter: Offer, policy: Policy) -> World {
        let rules = StepRules { enabled: true, policy, threshold: 70 };
        World {
            rules: [(Step::EmailVerify, rules)].into(),
            offers: [("zerobounce", zerobounce), ("hunter-verifier", hunter)].into(),
            ..World::default()
        }
    }

    fn chosen(world: &World) -> Result<&'static str, Reason> {
        world.choose(Step::EmailVerify, &[]).map(|source| source.name)
    }

    #[test]
    fn the_cheapest_answer_with_data_comes_first() {
        let cheap = Offer { price: 8_000, ..OFFER };
        let dear = Offer { price: 10_000, ..OFFER };
        assert_eq!(chosen(&verifiers(cheap, dear, Policy::Wait)), Ok("zerobounce"));
        let seldom = Offer { hit_rate: Some(0.2), ..cheap };
        let often = Offer { hit_rate: Some(0.9), ..dear };
        assert_eq!(chosen(&verifiers(seldom, often, Policy::Wait)), Ok("hunter-verifier"));
    }

    #[test]
    fn a_source_that_is_not_trusted_enough_comes_last_however_cheap() {
        let offers = [("whitepages", Offer { price: 50_000, ..OFFER }), ("truecaller", OFFER)].into();
        let world = World { offers, ..World::default() };
        assert_eq!(world.choose(Step::Address, &[]).map(|s| s.name), Ok("whitepages"));
        assert_eq!(world.choose(Step::Address, &["whitepages"]).map(|s| s.name), Ok("truecaller"));
    }

    #[test]
    fn a_spent_budget_is_passed_over_only_when_somebody_else_is_left() {
        let spent = Offer { spent: true, ..OFFER };
        assert_eq!(chosen(&verifiers(spent, Offer { price: 9, ..OFFER }, Policy::Wait)), Ok("hunter-verifier"));
        assert_eq!(chosen(&verifiers(spent, Offer { price: 9, ..spent }, Policy::Wait)), Ok("zerobounce"));
    }

    #[test]
    fn an_open_breaker_is_waited_for_unless_speed_is_preferred() {
        let open = Offer { open: true, ..OFFER };
        let other = Offer { price: 9, ..OFFER };
        assert_eq!(chosen(&verifiers(open, other, Policy::Wait)), Ok("zerobounce"));
        assert_eq!(chosen(&verifiers(open, other, Policy::PreferSpeed)), Ok("hunter-verifier"));
    }

    #[test]
    fn without_a_credential_or_switched_off_nobody_is_asked_and_the_reason_says_which() {
        let off = Offer { on: false, ..OFFER };
        let keyless = Offer { credential: false, ..OFFER };
        assert_eq!(chosen(&verifiers(off, off, Policy::Wait)), Err(Reason::Disabled));
        assert_eq!(chosen(&verifiers(off, keyless, Policy::Wait)), Err(Reason::NoCredential));
        assert_eq!(chosen(&verifiers(keyless, OFFER, Policy::Wait)), Ok("hunter-verifier"));
    }
}
