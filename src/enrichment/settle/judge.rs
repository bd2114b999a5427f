//! From the ends of a batch and what is known of its contacts to a sheet of what must be written. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::sheet::{NewJob, Sheet, StepRow};
use crate::contacts::duplicates::Fingerprints;
use crate::enrichment::facts::{Facts, Standing};
use crate::enrichment::graph::Step;
use crate::enrichment::load::Args;
use crate::enrichment::plan::{Move, advance, enter, fall_back};
use crate::enrichment::reason::Reason;
use crate::enrichment::step::{Found, Settlement};
use crate::enrichment::world::World;
use crate::enrichment::{ENRICH, free, patch};
use crate::outcome::ErrorKind;
use crate::providers::{Outcome, refusal, registry};
use crate::queue::End;

/// Whether an end may change what is planned for its contact.
pub fn is_over(settlement: &Settlement) -> bool {
    matches!(settlement.end, End::Done | End::Dead)
}

/// Judges a batch: ends may become moves to the next source, and everything else goes to the sheet.
pub fn judge(batch: &mut [Settlement], facts: &mut BTreeMap<i64, Facts>, world: &World) -> Sheet {
    let mut sheet = Sheet::default();
    let mut priorities = BTreeMap::new();
    for settlement in batch.iter_mut().filter(|s| is_over(s)) {
        let Some(facts) = facts.get_mut(&settlement.job.contact_id) else { continue };
        priorities.insert(facts.contact, settlement.job.priority);
        let mut turn = Turn { facts, world, sheet: &mut sheet };
        if settlement.job.kind == ENRICH {
            turn.enrich(settlement);
        } else if let Some(step) = Step::parse(&settlement.job.kind) {
            turn.ended(step, settlement);
        }
    }
    for (contact, priority) in priorities {
        let Some(facts) = facts.get_mut(&contact) else { continue };
        Turn { facts, world, sheet: &mut sheet }.plan(priority);
    }
    sheet
}

struct Turn<'a> {
    facts: &'a mut Facts,
    world: &'a World,
    sheet: &'a mut Sheet,
}

impl Turn<'_> {
    fn learn(&mut self, patch: &Map<String, Value>) {
        self.facts.card.learn(patch);
        let known = &mut self.sheet.change(self.facts.contact).patch;
        known.extend(patch.iter().map(|(column, value)| (column.clone(), value.clone())));
    }

    fn row(&mut self, step: Step, row: StepRow) {
        self.sheet.steps.insert((self.facts.contact, step), row);
    }

    /// Every step anew; what the cache has of the lookup comes first.
    fn enrich(&mut self, settlement: &Settlement) {
        if let Some(found) = &settlement.result.found {
            let patch = self.current(found, settlement);
            self.learn(&patch);
        }
        self.facts.forget();
        self.facts.fresh = settlement.result.fresh;
    }

    fn ended(&mut self, step: Step, settlement: &mut Settlement) {
        self.facts.fresh |= settlement.result.fresh;
        if let Some(found) = settlement.result.found.take() {
            self.answered(step, settlement, &found);
            settlement.result.found = Some(found);
            return;
        }
        let kind = settlement.failure.as_ref().map(|failure| failure.kind);
        let opted_out =
            settlement.failure.as_ref().is_some_and(|f| f.provider_code.as_deref() == Some(refusal::OPTED_OUT));
        match kind {
            _ if settlement.end == End::Dead => self.over(step, settlement, StepRow::bare("dead")),
            None if settlement.result.source.is_none() => self.over(step, settlement, StepRow::bare("done")),
            None => {
                let need = step.needs().first().map_or("input", |need| need.name());
                self.over(step, settlement, skipped(Reason::MissingInput(need)));
            }
            Some(_) if step == Step::Lookup => self.over(step, settlement, StepRow::bare("failed")),
            Some(_) if opted_out => {
                let gone = registry::forget(settlement.lane, &self.facts.card);
                self.learn(&gone);
                self.over(step, settlement, skipped(Reason::OptedOut));
            }
            Some(ErrorKind::NotSupported) => self.without(step, settlement, skipped(Reason::NotSupported)),
            Some(_) => match free::answer(step, self.facts, self.world.can_run(Step::EmailVerify)) {
                Some(free) => self.follow(step, &Move::Answer(free)),
                None => self.over(step, settlement, StepRow::bare("failed")),
            },
        }
    }

    fn answered(&mut self, step: Step, settlement: &mut Settlement, found: &Found) {
        if self.is_about_another_address(step, found) {
            settlement.end = End::Again { at: settlement.job.claimed_at, burnt: false };
            return;
        }
        let patch = self.current(found, settlement);
        let address = self.facts.card.email();
        self.learn(&patch);
        if step == Step::EmailFind {
            self.renew_what_hangs_on_the_address(address.as_deref());
        }
        self.sheet.change(self.facts.contact).cost += found.cost.0;
        if step == Step::Lookup {
            let took = settlement.result.call.as_ref().map_or(0, |call| call.took_ms);
            self.sheet.change(self.facts.contact).looked_up_in = Some(took);
            self.facts.card.learn(json!({"status": "completed"}).as_object().unwrap_or(&Map::new()));
            if let Some(person) = free::caller_person(self.facts) {
                self.learn(&person);
            }
        }
        if step == Step::EmailVerify {
            self.drop_a_guess_that_failed();
            self.look_for_a_better_address();
        }
        let reason = found.cached.then(|| Reason::Cached.text());
        let row = |state| StepRow { reason, cost: found.cost.0, ..StepRow::bare(state) };
        if found.outcome == Outcome::Data || step == Step::Lookup {
            self.over(step, settlement, row("done"));
        } else {
            self.without(step, settlement, row("no_data"));
        }
    }

    /// A person changed the address while it was being verified: the answer stays in the results and says nothing of this one.
    fn is_about_another_address(&self, step: Step, found: &Found) -> bool {
        let ours = self.facts.card.email();
        step == Step::EmailVerify && ours.is_some_and(|email| !found.request_key.contains(&email))
    }

    /// Nobody should write to an address that we made up and that takes no mail.
    fn drop_a_guess_that_failed(&mut self) {
        let is = |column: &str, value: &str| self.facts.card.text(column).as_deref() == Some(value);
        if is("email_source", "pattern_guess") && is("email_status", "invalid") {
            let gone = ["email", "email_source", "email_score", "email_status", "email_sub_status", "email_verified"];
            let patch = gone.into_iter().map(|column| (column.to_owned(), Value::Null)).collect();
            self.learn(&patch);
        }
    }

    /// An address that was there takes no mail: one is looked for after all, judged in its turn, and that is the end of it.
    fn look_for_a_better_address(&mut self) {
        let invalid = self.facts.card.text("email_status").as_deref() == Some("invalid");
        if invalid && self.facts.had.remove(&Step::EmailFind) {
            self.facts.steps.remove(&Step::EmailFind);
        }
    }

    /// What was judged and asked about another address is judged and asked anew.
    fn renew_what_hangs_on_the_address(&mut self, before: Option<&str>) {
        if self.facts.card.email().as_deref() == before {
            return;
        }
        for step in [Step::EmailVerify, Step::Person] {
            if !self.facts.is_open(step) {
                self.facts.steps.remove(&step);
            }
        }
    }

    /// The answer as it reads for the contact now: other steps may have filled columns since it was asked for.
    fn current(&self, found: &Found, settlement: &Settlement) -> Map<String, Value> {
        let unchanged = found.as_of.is_some() && found.as_of == self.facts.card.text("updated_at");
        let again = || {
            let source = settlement.result.source?;
            let endpoint = registry::endpoint(source.lane, source.endpoint)?;
            let finding = endpoint.reread(found.status, &found.body, &self.facts.card)?;
            Some(patch::fit(finding.patch))
        };
        if unchanged || settlement.job.kind == Step::Lookup.name() {
            return found.patch.clone();
        }
        let mut patch = again().unwrap_or_else(|| found.patch.clone());
        for (column, value) in &found.patch {
            // A kept answer has its own times.
            if value.is_string() && patch.get(column) == Some(&Value::Bool(true)) {
                patch.insert(column.clone(), value.clone());
            }
        }
        patch
    }

    /// This source had no answer: the next one, a free one, or `row`.
    fn without(&mut self, step: Step, settlement: &mut Settlement, row: StepRow) {
        let result = &settlement.result;
        let mut tried: Vec<&str> = result.tried.iter().map(String::as_str).collect();
        tried.extend(result.source.map(|source| source.name));
        match fall_back(step, &tried, self.facts, self.world) {
            Some(Move::Queue(next)) => {
                let tried = tried.into_iter().map(str::to_owned).collect();
                let args = Args { source: next.name.to_owned(), tried, fresh: result.fresh };
                self.sheet.moved.push((settlement.job.id, args));
                self.facts.steps.insert(step, Standing::Live);
                settlement.end = End::Moved { lane: next.lane };
            }
            Some(free) => self.follow(step, &free),
            None => self.over(step, settlement, row),
        }
    }

    /// The step is over, with what its attempts cost.
    fn over(&mut self, step: Step, settlement: &Settlement, row: StepRow) {
        let result = &settlement.result;
        let row = StepRow {
            provider: result.source.map(|source| source.name),
            attempts: settlement.job.attempt,
            error: settlement.failure.as_ref().map(|failure| (failure.kind.name(), failure.message.clone())),
            started_at: result.call.as_ref().map(|call| call.started_at),
            ..row
        };
        let standing = if row.state == "done" { Standing::Done } else { Standing::Without };
        self.facts.steps.insert(step, standing);
        self.row(step, row);
    }

    /// A decision of the planner.
    fn follow(&mut self, step: Step, decided: &Move) {
        enter(self.facts, step, decided);
        match decided {
            Move::Answer(free) => {
                self.learn(&free.patch);
                let state = if free.done { "done" } else { "no_data" };
                self.row(step, StepRow { provider: Some(free.source), ..StepRow::bare(state) });
            }
            Move::Skip(reason) => self.row(step, skipped(*reason)),
            Move::Block(what) => {
                self.row(step, StepRow { reason: Some((*what).to_owned()), ..StepRow::bare("blocked") })
            }
            Move::Queue(_) => {}
        }
    }

    /// What follows from all that is known now.
    fn plan(&mut self, priority: i16) {
        self.renew_fingerprints();
        for (step, decided) in advance(self.facts, self.world) {
            if let Move::Queue(source) = decided {
                let args = Args { source: source.name.to_owned(), tried: Vec::new(), fresh: self.facts.fresh };
                self.sheet.jobs.push(NewJob { contact: self.facts.contact, step, source, args, priority });
            }
            self.follow(step, &decided);
        }
    }

    /// Duplicates are looked for again when a fingerprint changed.
    fn renew_fingerprints(&mut self) {
        if !self.facts.looked_up() {
            return;
        }
        let columns = Fingerprints::of(self.facts.card.known()).columns();
        let same =
            |(column, value): (&String, &Value)| self.facts.card.known().get(column).unwrap_or(&Value::Null) == value;
        if columns.iter().all(same) {
            return;
        }
        self.learn(&columns);
        if !self.facts.is_open(Step::Duplicates) {
            self.facts.steps.remove(&Step::Duplicates);
        }
    }
}

fn skipped(reason: Reason) -> StepRow {
    StepRow { reason: Some(reason.text()), ..StepRow::bare("skipped") }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
