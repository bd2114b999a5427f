//! The dry run and the gate: what an action would touch, how much care it takes, and who may say yes.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::draft::{Draft, Refusal};
use super::{
    Action, alerts, breakers, cards, contacts, credentials, enrich, jobs, lanes, merges, nodes, schedules,
    seconds::{self, Second},
    steps, twin,
};
use crate::database::Db;

/// More rows than this make an action heavy.
pub const HEAVY_THINGS: i64 = 1000;

/// How much care an action takes; computed, never chosen by a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// One target, reversible: acts at once.
    Light,
    /// Several targets or the whole fleet: asks for a yes.
    Wide,
    /// Ends something for good, costs money, touches a credential, or is over 1,000 things: asks for the shown word to be
    /// typed, and for a reason.
    Heavy,
}

/// What an action would do, as of a moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The wish.
    pub action: Action,
    /// Care that it takes.
    pub tier: Tier,
    /// Rows that its statement would change.
    pub things: i64,
    /// What that means, in one sentence.
    pub sentence: String,
    /// Estimated price in USD.
    pub cost_usd: f64,
    /// Whether it can be undone.
    pub undoable: bool,
    /// When this was counted, by the database's clock.
    pub as_of: DateTime<Utc>,
    /// Highest id counted: what arrives later is not touched.
    pub bound: i64,
    /// The same as a command.
    pub twin: String,
    /// Why, as it was said when this was agreed to.
    pub reason: Option<String>,
    /// Whether a second person is asked for, and has agreed.
    pub second: Second,
}

/// How a door says yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// Nobody was asked.
    None,
    /// A person pressed `y`.
    Yes,
    /// A person typed this.
    Typed(String),
    /// A script, or `--yes` on the command line.
    Unattended,
}

/// A plan that was agreed to: the only thing that runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirmed(Plan);

impl Plan {
    /// The word that a heavy action asks to be typed: its count of things, or the name of the credential.
    pub fn word(&self) -> String {
        match &self.action {
            Action::ActivateCredential { slot, .. }
            | Action::RollBackCredential { slot }
            | Action::RetireCredential { slot, .. } => slot.clone(),
            _ => self.things.to_string(),
        }
    }

    /// Whether a second person has to agree, and nobody has.
    pub fn lacks_second(&self) -> bool {
        self.tier == Tier::Heavy && self.second.required && self.second.ask.is_none()
    }

    /// Passes the gate, or says what is asked for.
    pub fn confirm(self, answer: Confirmation) -> Result<Confirmed, Refusal> {
        if self.lacks_second() {
            return Err(Refusal::NeedsSecond);
        }
        let agreed = match (self.tier, &answer) {
            (_, Confirmation::Unattended) | (Tier::Light, _) => true,
            (Tier::Wide, Confirmation::Yes | Confirmation::Typed(_)) => true,
            (Tier::Heavy, Confirmation::Typed(word)) => word.trim() == self.word(),
            _ => false,
        };
        if agreed {
            return Ok(Confirmed(self));
        }
        let asked = if self.tier == Tier::Heavy { self.word() } else { "y".into() };
        Err(Refusal::NotConfirmed(asked))
    }
}

impl Confirmed {
    /// What was agreed to.
    pub fn plan(&self) -> &Plan {
        &self.0
    }
}

/// Counts what `action` would touch, and changes nothing.
pub async fn plan(db: &Db, action: Action) -> Result<Plan, Refusal> {
    let action = match action {
        Action::RunStep(wish) => Action::RunStep(steps::named(db, wish).await?),
        other => other,
    };
    let draft = match &action {
        Action::PauseLane { .. }
        | Action::ResumeLane { .. }
        | Action::ScaleLane { .. }
        | Action::RateLane { .. }
        | Action::BudgetLane { .. }
        | Action::RestoreLanes { .. }
        | Action::BatchLane { .. } => lanes::plan(db, &action).await?,
        Action::RetryJobs { .. }
        | Action::CancelJobs { .. }
        | Action::DiscardJobs { .. }
        | Action::RestoreJobs { .. }
        | Action::ReprioritiseJobs { .. }
        | Action::RestorePriorities { .. }
        | Action::EditJob { .. }
        | Action::RestoreJob { .. } => jobs::plan(db, &action).await?,
        Action::RunStep(wish) => steps::plan(db, wish).await?,
        Action::QuietNode { .. } | Action::WakeNode { .. } | Action::DrainNode { .. } => {
            nodes::plan(db, &action).await?
        }
        Action::LookUp(wish) => contacts::plan(db, wish).await?,
        Action::Enrich(wish) => enrich::plan(db, wish).await?,
        Action::SetContact { contact, fields } => cards::plan(db, *contact, fields).await?,
        Action::Merge { primary, duplicate } => merges::plan(db, *primary, *duplicate).await?,
        Action::Unmerge { merge } => merges::plan_undo(db, *merge).await?,
        Action::AckAlert { .. } | Action::SilenceAlert { .. } => alerts::plan(db, &action).await?,
        Action::AddSchedule(_) | Action::RemoveSchedule { .. } | Action::PauseSchedule { .. } => {
            schedules::plan(db, &action).await?
        }
        Action::ResetBreaker { .. }
        | Action::HoldBreakerOpen { .. }
        | Action::HoldBreakerClosed { .. }
        | Action::ReleaseBreaker { .. } => breakers::plan(db, &action).await?,
        Action::ActivateCredential { .. } | Action::RollBackCredential { .. } | Action::RetireCredential { .. } => {
            credentials::plan(db, &action).await?
        }
        Action::AnswerSecond { .. } | Action::RequireSecond { .. } => seconds::plan(db, &action).await?,
    };
    let sql = "SELECT now(), second_person FROM environment";
    let (as_of, required) = sqlx::query_as(sql).fetch_one(db.pool()).await?;
    Ok(Plan {
        tier: tier(&draft),
        things: draft.things,
        sentence: draft.sentence,
        cost_usd: draft.cost_usd,
        undoable: draft.undoable,
        as_of,
        bound: draft.bound,
        twin: twin::of(&action, as_of),
        reason: None,
        second: Second { required, ask: None },
        action,
    })
}

fn tier(draft: &Draft) -> Tier {
    let reach = if draft.things > HEAVY_THINGS || draft.cost_usd > 0.0 && draft.things > 1 {
        Tier::Heavy
    } else if draft.things > 1 || !draft.undoable {
        Tier::Wide
    } else {
        Tier::Light
    };
    reach.max(draft.least)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(things: i64, cost_usd: f64, undoable: bool, least: Tier) -> Draft {
        Draft { things, sentence: String::new(), cost_usd, undoable, least, bound: 0 }
    }

    fn planned(tier: Tier, things: i64) -> Plan {
        Plan {
            action: Action::ResumeLane { lane: "twilio".into() },
            tier,
            things,
            sentence: String::new(),
            cost_usd: 0.0,
            undoable: true,
            as_of: DateTime::UNIX_EPOCH,
            bound: 0,
            twin: String::new(),
            reason: None,
            second: Second::default(),
        }
    }

    #[test]
    fn where_a_second_person_is_asked_for_nobody_does_what_is_heavy_alone() {
        let second = |ask| Second { required: true, ask };
        let plan = |tier, ask| Plan { second: second(ask), ..planned(tier, 8412) };
        let word = || Confirmation::Typed("8412".into());
        for answer in [word(), Confirmation::Unattended] {
            let refusal = plan(Tier::Heavy, None).confirm(answer.clone()).unwrap_err();
            assert!(matches!(refusal, Refusal::NeedsSecond), "{refusal}");
            assert!(plan(Tier::Heavy, Some(4)).confirm(answer).is_ok());
        }
        assert!(plan(Tier::Heavy, Some(4)).confirm(Confirmation::Yes).is_err(), "the word is asked for as ever");
        assert!(plan(Tier::Wide, None).confirm(Confirmation::Yes).is_ok());
    }

    #[test]
    fn care_grows_with_reach_money_and_finality() {
        assert_eq!(tier(&draft(1, 0.0, true, Tier::Light)), Tier::Light);
        assert_eq!(tier(&draft(1, 0.0, true, Tier::Wide)), Tier::Wide);
        assert_eq!(tier(&draft(1, 0.0, false, Tier::Light)), Tier::Wide);
        assert_eq!(tier(&draft(1001, 0.0, true, Tier::Light)), Tier::Heavy);
        assert_eq!(tier(&draft(2, 0.02, true, Tier::Light)), Tier::Heavy);
        assert_eq!(tier(&draft(1, 0.0, true, Tier::Heavy)), Tier::Heavy);
    }

    #[test]
    fn a_heavy_action_runs_only_when_its_number_was_typed() {
        assert!(planned(Tier::Heavy, 8412).confirm(Confirmation::Yes).is_err());
        assert!(planned(Tier::Heavy, 8412).confirm(Confirmation::Typed("8411".into())).is_err());
        assert!(planned(Tier::Heavy, 8412).confirm(Confirmation::Typed(" 8412 ".into())).is_ok());
    }

    #[test]
    fn what_touches_a_credential_asks_for_its_name() {
        let action = Action::RetireCredential { slot: "twilio".into(), version: 2 };
        let plan = |word: &str| {
            Plan { action: action.clone(), ..planned(Tier::Heavy, 1) }.confirm(Confirmation::Typed(word.into()))
        };
        assert!(plan("1").is_err());
        assert!(plan("twilio").is_ok());
    }

    #[test]
    fn a_wide_action_does_not_run_unasked() {
        assert!(planned(Tier::Wide, 1).confirm(Confirmation::None).is_err());
        assert!(planned(Tier::Wide, 1).confirm(Confirmation::Yes).is_ok());
    }
}
