//! The questions before an action, one line each: the same fields and the same gate as the dialog's.

use chrono::{DateTime, Utc};

use crate::console::confirm::{self, Said};
use crate::console::model::{Dialog, FieldKind, holds};
use crate::operations::actions::{Confirmed, Plan, Tier};

/// A plan on its way to being agreed to.
pub struct Asking {
    plan: Plan,
    said: Said,
    /// Questions that are still open, the next one first; none of them = a plain yes.
    open: Vec<Option<FieldKind>>,
    begun: bool,
}

impl Asking {
    /// What has to be asked for this plan.
    pub fn new(plan: Plan) -> Asking {
        let dialog = Dialog::new(plan.clone(), DateTime::UNIX_EPOCH);
        let said = dialog.said();
        let mut open: Vec<Option<FieldKind>> = dialog.fields.iter().map(|f| Some(f.kind)).collect();
        // A reason that was given with the command is not asked for again.
        open.retain(|kind| *kind != Some(FieldKind::Reason) || said.reason.is_empty());
        let unasked = plan.tier == Tier::Light && !holds(&plan.action);
        if unasked {
            open.clear();
        } else if plan.tier != Tier::Heavy {
            open.push(None);
        }
        Asking { plan, said, open, begun: false }
    }

    /// The next question; none when all are answered.
    pub fn question(&self) -> Option<String> {
        let next = self.open.first()?;
        let question = match next {
            Some(FieldKind::Reason) => "Reason: ".to_owned(),
            Some(FieldKind::Lasts) => "For how long, as 30m or 2h; nothing holds until released: ".to_owned(),
            Some(FieldKind::Word) => format!("Type {} to go on, anything else does nothing: ", self.plan.word()),
            None => "Type yes to go on, anything else does nothing: ".to_owned(),
        };
        if self.begun {
            return Some(question);
        }
        let undo = if self.plan.undoable { "It can be undone." } else { "It can not be undone." };
        let cost = if self.plan.cost_usd > 0.0 { format!(" About ${:.2}.", self.plan.cost_usd) } else { String::new() };
        Some(format!("{} {} rows change.{cost} {undo}\n{question}", self.plan.sentence, self.plan.things))
    }

    /// Takes an answer; none when it means "no".
    pub fn answer(mut self, line: &str) -> Option<Asking> {
        self.begun = true;
        match self.open.remove(0) {
            Some(FieldKind::Reason) => self.said.reason = line.to_owned(),
            Some(FieldKind::Lasts) => self.said.lasts = line.to_owned(),
            Some(FieldKind::Word) => self.said.word = line.to_owned(),
            None if line == "yes" => {}
            None => return None,
        }
        Some(self)
    }

    /// What would be done, and to what.
    pub fn about(&self) -> (&'static str, String) {
        (self.plan.action.verb(), self.plan.action.target())
    }

    /// The plan with its reason, where a second person has to agree to it first.
    pub fn lacks_second(&mut self) -> Option<&Plan> {
        self.plan.reason = Some(self.said.reason.clone()).filter(|reason| !reason.is_empty());
        Some(&self.plan).filter(|plan| plan.lacks_second())
    }

    /// A second person agreed.
    pub fn has_second(&mut self, ask: i64) {
        self.plan.second.ask = Some(ask);
    }

    /// Passes the gate.
    pub fn agreed(self, now: DateTime<Utc>) -> Result<Confirmed, String> {
        confirm::agree(self.plan, &self.said, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::fixture::{now, plan};

    #[test]
    fn a_heavy_plan_wants_its_number_and_a_wide_one_a_yes() {
        let asked = |tier, answers: &[&str]| {
            let mut asking = Some(Asking::new(plan(tier)));
            for answer in answers {
                assert!(asking.as_ref().is_some_and(|a| a.question().is_some()));
                asking = asking.and_then(|a| a.answer(answer));
            }
            asking.map(|a| (a.question().is_none(), a.agreed(now()).is_ok()))
        };
        assert_eq!(asked(Tier::Wide, &["because", "yes"]), Some((true, true)));
        assert_eq!(asked(Tier::Wide, &["because", "y"]), None);
        assert_eq!(asked(Tier::Heavy, &["because", "8412"]), Some((true, true)));
        assert_eq!(asked(Tier::Heavy, &["because", "yes"]), Some((true, false)));
    }
}
