//! The command that does the same as an action: what dialogs and receipts show, what the audit log keeps, for a shell to run.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::Value;

use super::{Action, Chore, JobChange, JobTarget, OneStep, Schedule};

/// What takes back a row whose number is not known here.
pub(super) const UNDO: &str = "switchboard undo";

/// The twin of an action that is wished for at `now`: a hold's length counts from there.
pub fn of(action: &Action, now: DateTime<Utc>) -> String {
    let words = match action {
        Action::RestoreLanes { .. } | Action::RestoreJobs { .. } | Action::RestorePriorities { .. } => {
            return UNDO.into();
        }
        Action::BatchLane { size, .. } => return format!("switchboard doctor --batch {}", or_auto(*size)),
        Action::ActivateCredential { slot, .. } => {
            return format!("switchboard credentials verify {} --activate", word(slot));
        }
        Action::RetryJobs { target } | Action::CancelJobs { target } | Action::DiscardJobs { target } => jobs(target),
        Action::ReprioritiseJobs { target, priority } => format!("{} --priority {priority}", jobs(target)),
        Action::RestoreJob { .. } => return UNDO.into(),
        Action::EditJob { job, change } => format!(" {job}{}", edit(change, now)),
        Action::RunStep(OneStep { contact, step, source, again }) => {
            let again = if *again { " --again" } else { "" };
            format!(" {contact} {}{}{again}", word(step), option("source", source.as_deref()))
        }
        Action::LookUp(wish) => contacts(&wish.filter, wish.again),
        Action::Enrich(wish) => contacts(&wish.filter, wish.again),
        Action::SetContact { contact, fields } => {
            let pair = |(name, value): (&String, &Value)| {
                format!(" {}", quoted(&format!("{name}={}", value.as_str().unwrap_or_default())))
            };
            format!(" {contact}{}", fields.iter().map(pair).collect::<String>())
        }
        Action::Merge { primary, duplicate } => format!(" {primary} {duplicate}"),
        Action::Unmerge { merge } => format!(" {merge}"),
        Action::AnswerSecond { ask, .. } => format!(" {ask}"),
        Action::RetireCredential { slot, version } => format!(" {} --version {version}", word(slot)),
        Action::AckAlert { id, taken } => format!(" {id}{}", if *taken { "" } else { " --back" }),
        Action::SilenceAlert { key, until: None, .. } => format!(" {} --end", word(key)),
        Action::SilenceAlert { key, until, reason } => {
            format!(" {}{}", word(key), hold(reason.as_deref().unwrap_or(""), *until, now))
        }
        Action::AddSchedule(schedule) => add(schedule),
        one => format!(" {}{}", word(&one.target()), options(one, now)),
    };
    format!("switchboard {}{words}", action.verb())
}

/// What follows the one lane, breaker, node, slot or schedule that an action names.
fn options(action: &Action, now: DateTime<Utc>) -> String {
    match action {
        Action::ScaleLane { concurrency, per_node, .. } => {
            format!(" {}{}", or_auto(*concurrency), if *per_node { " --per-node" } else { "" })
        }
        Action::RateLane { rate, .. } => format!(" {}", or_auto(*rate)),
        Action::BudgetLane { usd, .. } => format!(" {}", or_auto(*usd)),
        Action::HoldBreakerOpen { reason, until, .. } | Action::HoldBreakerClosed { reason, until, .. } => {
            hold(reason, *until, now)
        }
        _ => option("reason", action.reason()),
    }
}

fn or_auto(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "auto".to_owned(), |value| value.to_string())
}

fn jobs(target: &JobTarget) -> String {
    match target {
        JobTarget::Ids(ids) => ids.iter().map(|id| format!(" {id}")).collect(),
        JobTarget::Dead { lane: Some(lane) } => format!(" --lane {}", word(lane)),
        JobTarget::Dead { lane: None } => " --all".to_owned(),
        JobTarget::Filter(text) if text.is_empty() => " --all".to_owned(),
        JobTarget::Filter(text) => option("filter", Some(text)),
    }
}

fn contacts(filter: &str, again: bool) -> String {
    let which = if filter.is_empty() { " --all".to_owned() } else { option("filter", Some(filter)) };
    which + if again { " --again" } else { "" }
}

fn edit(change: &JobChange, now: DateTime<Utc>) -> String {
    let JobChange { priority, run_at, attempts, source, fresh } = change;
    let number = |name: &str, value: &Option<i16>| value.map_or_else(String::new, |n| format!(" --{name} {n}"));
    let at = match run_at {
        None => String::new(),
        Some(at) if *at <= now => " --at now".to_owned(),
        Some(at) => format!(" --at {}", at.to_rfc3339_opts(SecondsFormat::Secs, true)),
    };
    let fresh = fresh.map_or("", |fresh| if fresh { " --fresh yes" } else { " --fresh no" });
    number("priority", priority) + &at + &number("attempts", attempts) + &option("source", source.as_deref()) + fresh
}

fn add(schedule: &Schedule) -> String {
    let Schedule { name, every, work, .. } = schedule;
    let (work, filter, again) = match work {
        Chore::LookUp(wish) => ("", &wish.filter, wish.again),
        Chore::Enrich(wish) if wish.checks_only => (" --work rescore", &wish.filter, wish.again),
        Chore::Enrich(wish) => (" --work enrich", &wish.filter, wish.again),
    };
    let again = if again { " --again" } else { "" };
    format!(" {} {}{work}{}{again}", quoted(name), quoted(every), option("filter", Some(filter)))
}

/// ` --name 'value'`; nothing for nothing. A value that looks like an option is tied to its name.
pub(super) fn option(name: &str, value: Option<&str>) -> String {
    let tie = |value: &str| if value.starts_with('-') { '=' } else { ' ' };
    value
        .filter(|value| !value.is_empty())
        .map_or_else(String::new, |value| format!(" --{name}{}{}", tie(value), quoted(value)))
}

/// The end and the reason of a hold that begins `now`.
fn hold(reason: &str, until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    let lasts = until.map(|until| ((until - now) + TimeDelta::milliseconds(500)).num_seconds().max(1));
    let lasts =
        lasts.map(|seconds| if seconds % 60 == 0 { format!("{}m", seconds / 60) } else { format!("{seconds}s") });
    let lasts = lasts.map_or_else(String::new, |lasts| format!(" --for {lasts}"));
    lasts + &option("reason", Some(reason))
}

/// One word of a POSIX shell, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The same, bare where a shell reads nothing into it.
pub fn word(text: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || "_./:@%+=,-".contains(c);
    if !text.is_empty() && text.chars().all(bare) { text.to_owned() } else { quoted(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_twin_says_everything_that_was_wished_for_and_quotes_it() {
        let now = DateTime::UNIX_EPOCH;
        let open = |reason: &str, until| {
            of(&Action::HoldBreakerOpen { name: "twilio".into(), reason: reason.into(), until }, now)
        };
        let in_30m = Some(now + TimeDelta::minutes(30));
        assert_eq!(open("it's down", in_30m), r"switchboard breakers open twilio --for 30m --reason 'it'\''s down'");
        assert_eq!(open("", Some(now + TimeDelta::seconds(89))), "switchboard breakers open twilio --for 89s");
        assert_eq!(open("-x", None), "switchboard breakers open twilio --reason='-x'");
        let all = JobTarget::Filter(String::new());
        let first = Action::ReprioritiseJobs { target: all, priority: 5 };
        assert_eq!(of(&first, now), "switchboard jobs reprioritise --all --priority 5");
    }
}
