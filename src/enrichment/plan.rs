//! Planning: what becomes of each step of a contact now. A function of what is known of contact and world.
//!
//! One walk over the steps in their order decides all of them: a step is queued when its needs are there, blocked while a
//! step that is not over may give them, and skipped for a stated reason when none is left.

use super::facts::{Facts, Standing};
use super::free::{self, Free};
use super::graph::{Need, Source, Step};
use super::reason::Reason;
use super::world::World;

/// What becomes of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Move {
    /// A job in the lane of this source.
    Queue(&'static Source),
    /// Waits for a fact, or for the end of a step.
    Block(&'static str),
    /// Over without a call: answered for free.
    Answer(Free),
    /// Over: it does not apply.
    Skip(Reason),
}

/// Decides every step that is neither live nor over, and writes into `facts` what it decided and what free answers gave.
pub fn advance(facts: &mut Facts, world: &World) -> Vec<(Step, Move)> {
    let mut moves = Vec::new();
    if !facts.looked_up() {
        return moves;
    }
    for step in Step::ALL {
        if step == Step::Lookup || !matches!(facts.standing(step), None | Some(Standing::Blocked)) {
            continue;
        }
        let decided = decide(step, facts, world);
        let known = match &decided {
            Move::Block(_) => facts.standing(step) == Some(Standing::Blocked),
            Move::Skip(Reason::MissingInput(_)) => facts.missing.contains(&step),
            _ => false,
        };
        enter(facts, step, &decided);
        if !known {
            moves.push((step, decided));
        }
    }
    moves
}

/// What follows when a source had no answer: the next one, a free answer, or nothing.
pub fn fall_back(step: Step, tried: &[&str], facts: &Facts, world: &World) -> Option<Move> {
    if let Ok(source) = world.choose(step, tried) {
        return Some(Move::Queue(source));
    }
    free::answer(step, facts, world.can_run(Step::EmailVerify)).map(Move::Answer)
}

/// Notes where the step stands after the move.
pub fn enter(facts: &mut Facts, step: Step, decided: &Move) {
    let standing = match decided {
        Move::Queue(_) => Standing::Live,
        Move::Block(_) => Standing::Blocked,
        Move::Answer(free) if free.done => Standing::Done,
        Move::Answer(_) | Move::Skip(_) => Standing::Without,
    };
    if let Move::Answer(free) = decided {
        facts.card.learn(&free.patch);
    }
    facts.steps.insert(step, standing);
}

fn decide(step: Step, facts: &Facts, world: &World) -> Move {
    if let Some(reason) = inapplicable(step, facts, world) {
        return Move::Skip(reason);
    }
    if let Some(before) = step.after().iter().find(|before| facts.is_open(**before)) {
        return Move::Block(before.name());
    }
    let compared = ["full_name", "business_name", "email"];
    if step == Step::Duplicates && !compared.iter().any(|column| facts.card.has(column)) {
        return Move::Skip(Reason::MissingInput("name"));
    }
    let missing = || step.needs().iter().filter(|need| !facts.has(**need));
    let is_coming = |need: &Need| need.givers().iter().any(|giver| facts.is_open(*giver));
    if let Some(need) = missing().find(|need| !is_coming(need)) {
        return Move::Skip(Reason::MissingInput(need.name()));
    }
    if let Some(need) = missing().next() {
        return Move::Block(need.name());
    }
    match world.choose(step, &[]) {
        Ok(source) => Move::Queue(source),
        Err(reason) if step == Step::Address => Move::Skip(reason),
        Err(reason) => {
            let free = free::answer(step, facts, world.can_run(Step::EmailVerify));
            free.map_or(Move::Skip(reason), Move::Answer)
        }
    }
}

/// Why the step is not for this contact, if it is not.
fn inapplicable(step: Step, facts: &Facts, world: &World) -> Option<Reason> {
    let card = &facts.card;
    if card.flag("phone_valid") == Some(false) {
        return Some(Reason::InvalidNumber);
    }
    if card.is("is_duplicate") {
        return Some(Reason::DuplicateOf);
    }
    if !world.rules(step).enabled {
        return Some(Reason::Disabled);
    }
    let business = facts.is_business();
    let done = |yes: bool| (yes && !facts.redo.contains(&step)).then_some(Reason::AlreadyDone);
    match step {
        Step::CarrierCheck => done(card.has("line_type")),
        Step::Business if business == Some(false) => Some(Reason::NotApplicable),
        Step::Business if done(card.is("business_enriched")).is_some() => Some(Reason::AlreadyDone),
        Step::Business => {
            let hinted = business == Some(true) || card.has("caller_name") || facts.has(Need::Domain);
            (!hinted).then_some(Reason::MissingInput("caller_name"))
        }
        Step::Company => (business == Some(false)).then_some(Reason::NotApplicable),
        Step::Address if business == Some(true) || business.is_none() && !world.address_for_unknown => {
            Some(Reason::NotApplicable)
        }
        Step::Address => done(card.is("address_enriched")),
        Step::EmailFind => done(card.has("email") && card.text("email_status").as_deref() != Some("invalid")),
        Step::Person => done(["full_name", "position", "linkedin_url"].iter().all(|column| card.has(column))),
        Step::EmailVerify => done(card.is("email_verified")),
        Step::Lookup | Step::Duplicates => None,
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
