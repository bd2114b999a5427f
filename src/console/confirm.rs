//! The gate: the only place of the console that turns a wish into a [`Confirmed`].

use chrono::{DateTime, TimeDelta, Utc};

use crate::operations::actions::{Action, Confirmation, Confirmed, Plan, Refusal, Tier, twin};

/// What the operator said in the dialog.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// Why.
    pub reason: String,
    /// How long a hold lasts: `30m`, `2h`; empty = until released.
    pub lasts: String,
    /// The word of a heavy action.
    pub word: String,
}

/// Agrees to a plan with what was said, or says what is missing.
pub fn agree(mut plan: Plan, said: &Said, now: DateTime<Utc>) -> Result<Confirmed, String> {
    let why = said.reason.trim();
    let end = match said.lasts.trim() {
        "" => None,
        text => Some(now + duration(text).ok_or("say how long as 30m, 2h or 1d; empty holds until released")?),
    };
    match &mut plan.action {
        Action::ResetBreaker { reason, .. } | Action::PauseLane { reason, .. } => {
            *reason = (!why.is_empty()).then(|| why.to_owned());
        }
        Action::HoldBreakerOpen { reason, until, .. } | Action::HoldBreakerClosed { reason, until, .. } => {
            if why.is_empty() {
                return Err("say why: others will see who holds it and for what".into());
            }
            *reason = why.to_owned();
            *until = end.or(*until);
        }
        _ => {}
    }
    if plan.tier == Tier::Heavy && why.is_empty() {
        return Err("say why: it stands in the audit log beside what was done".into());
    }
    plan.reason = (!why.is_empty()).then(|| why.to_owned());
    // The command that does what was agreed to, not what was wished for first.
    plan.twin = twin(&plan.action, now);
    let answer = if said.word.is_empty() { Confirmation::Yes } else { Confirmation::Typed(said.word.clone()) };
    plan.confirm(answer).map_err(|refusal| refusal.to_string())
}

/// Lets a light action pass unasked.
pub fn unasked(plan: Plan) -> Result<Confirmed, Refusal> {
    plan.confirm(Confirmation::None)
}

/// `90s`, `30m`, `2h`, `1d`: whole numbers, at most 90 days.
pub fn duration(text: &str) -> Option<TimeDelta> {
    let text = text.trim();
    let unit = text.chars().last()?;
    let number: i64 = text.strip_suffix(unit)?.trim().parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    number.checked_mul(seconds).filter(|s| (1..=90 * 86_400).contains(s)).map(TimeDelta::seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::actions::Tier;

    fn plan(action: Action, tier: Tier) -> Plan {
        Plan {
            action,
            tier,
            things: 1200,
            sentence: String::new(),
            cost_usd: 0.0,
            undoable: true,
            as_of: DateTime::UNIX_EPOCH,
            bound: 0,
            twin: String::new(),
            reason: None,
            second: Default::default(),
        }
    }

    #[test]
    fn a_hold_needs_a_reason_and_takes_an_end() {
        let hold = Action::HoldBreakerOpen { name: "twilio".into(), reason: String::new(), until: None };
        let now = DateTime::UNIX_EPOCH;
        assert!(agree(plan(hold.clone(), Tier::Wide), &Said::default(), now).is_err());
        let said = Said { reason: "maintenance".into(), lasts: "30m".into(), word: String::new() };
        let agreed = agree(plan(hold.clone(), Tier::Wide), &said, now).unwrap();
        let until = Some(now + TimeDelta::minutes(30));
        let wanted = Action::HoldBreakerOpen { name: "twilio".into(), reason: "maintenance".into(), until };
        assert_eq!(agreed.plan().action, wanted);
        assert_eq!(agreed.plan().twin, "switchboard breakers open twilio --for 30m --reason 'maintenance'");
        let wrong = Said { lasts: "soon".into(), ..said };
        assert!(agree(plan(hold, Tier::Wide), &wrong, now).unwrap_err().contains("30m"));
    }

    #[test]
    fn a_heavy_plan_asks_for_its_number_and_a_reason() {
        let resume = Action::ResumeLane { lane: "twilio".into() };
        let said = |word: &str| Said { word: word.into(), reason: "asked by sales".into(), ..Said::default() };
        let now = DateTime::UNIX_EPOCH;
        assert!(agree(plan(resume.clone(), Tier::Heavy), &said(""), now).is_err());
        assert!(agree(plan(resume.clone(), Tier::Heavy), &said("1201"), now).is_err());
        let unsaid = Said { reason: " ".into(), ..said("1200") };
        assert!(agree(plan(resume.clone(), Tier::Heavy), &unsaid, now).unwrap_err().contains("say why"));
        let agreed = agree(plan(resume, Tier::Heavy), &said("1200"), now).unwrap();
        assert_eq!(agreed.plan().reason.as_deref(), Some("asked by sales"));
    }

    #[test]
    fn durations_are_whole_numbers_with_a_unit() {
        assert_eq!(duration("30m"), Some(TimeDelta::minutes(30)));
        assert_eq!(duration(" 1d "), Some(TimeDelta::days(1)));
        for wrong in ["", "m", "0s", "-5m", "1.5h", "5y", "9999999999999999d", "91d", "é"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
