//! Verbs on jobs: which jobs are meant, and what is wished for them.

use super::lanes::{group_rows, job_rows};
use super::press::Press;
use super::wish;
use crate::console::effect::Answer;
use crate::console::keys::Do;
use crate::console::model::{Ask, Level, Model, Overlay, Prompt};
use crate::operations::actions::{Action, JobTarget};

/// Which jobs a verb means, and their state.
fn meant(model: &Model) -> Result<(JobTarget, String), &'static str> {
    let lane = model.lanes.list.id.clone().ok_or("no lane is selected")?;
    let (marks, state) = (&model.lanes.marks, model.lanes.state().to_owned());
    let target = match (&model.lanes.level, model.answer()) {
        (Level::Lanes, _) => return Err("open the lane first: Enter leads to its jobs"),
        (Level::Job(id), Some(Answer::Job(Some(detail)))) => {
            return Ok((JobTarget::Ids(vec![*id]), detail.job.state.clone()));
        }
        (Level::Job(_), _) => return Err("this job has finished: there is nothing to do with it"),
        (Level::Jobs, _) if marks.all && model.lanes.grouped() => JobTarget::Dead { lane: Some(lane) },
        (Level::Jobs, _) if marks.all && model.lanes.group.is_none() && model.lanes.filter.is_empty() => {
            JobTarget::Filter(format!("lane:{lane} state:{state}"))
        }
        (Level::Jobs, _) if marks.all && model.lanes.group.is_none() => {
            JobTarget::Filter(format!("lane:{lane} state:{state} ({})", model.lanes.filter))
        }
        (Level::Jobs, _) if marks.all => JobTarget::Ids(job_rows(model).iter().map(|j| j.id).collect()),
        (Level::Jobs, _) if !marks.is_empty() => JobTarget::Ids(marks.ids()),
        (Level::Jobs, _) if model.lanes.grouped() => group(model, &lane)?,
        (Level::Jobs, _) => {
            let job = job_rows(model).get(model.lanes.jobs.at).copied().ok_or("there is no job here")?;
            JobTarget::Ids(vec![job.id])
        }
    };
    Ok((target, state))
}

/// The chosen error's jobs. Texts that differ by numbers are told apart only by looking at them.
fn group(model: &Model, lane: &str) -> Result<JobTarget, &'static str> {
    let error = &group_rows(model).get(model.lanes.groups.at).ok_or("no job is dead here")?.error;
    if error.contains(['#', '"', '\\']) {
        return Err("these errors differ from job to job: Enter opens them, then * marks them");
    }
    Ok(JobTarget::Filter(format!("lane:{lane} state:dead error=\"{error}\"")))
}

/// Retry, take out, or change the priority.
pub(super) fn verb(model: &mut Model, does: Do, press: &mut Press<'_>) {
    let (target, state) = match meant(model) {
        Ok(meant) => meant,
        Err(why) => return model.say(why, true, press.now),
    };
    let action = match (does, state.as_str()) {
        (Do::Mend, "dead") => Action::RetryJobs { target },
        (Do::TakeOut, "dead") => Action::DiscardJobs { target },
        (Do::TakeOut, "waiting" | "scheduled") => Action::CancelJobs { target },
        (Do::Priority, "waiting" | "scheduled") => {
            let ask = Ask::Priority { target };
            model.overlay = Some(Overlay::Prompt(Box::new(Prompt { ask, input: Default::default() })));
            return;
        }
        (Do::Mend, _) => {
            return model.say("only dead jobs can be retried; the others run by themselves", true, press.now);
        }
        (Do::TakeOut, _) => {
            return model.say("a running job ends by itself; pause the lane to let no more begin", true, press.now);
        }
        _ => return model.say("only waiting jobs have a turn to change", true, press.now),
    };
    wish(model, action, press.effects);
}

/// Whether an error is one of those that a group stands for: `#` is any number, id or time.
pub(super) fn is_of(error: &str, group: &str) -> bool {
    if !group.contains('#') {
        return error == group;
    }
    let parts: Vec<String> = group.split('#').map(regex::escape).collect();
    regex::Regex::new(&format!("^{}$", parts.join("[+0-9a-fA-F:.-]+"))).is_ok_and(|pattern| pattern.is_match(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_holds_errors_that_differ_by_numbers_only() {
        assert!(is_of("HTTP 503", "HTTP 503") && !is_of("HTTP 504", "HTTP 503"));
        assert!(is_of("no contact 5512034 (at 12:01)", "no contact # (at #)"));
        assert!(!is_of("no contact x (at 12:01)", "no contact # (at #)"));
    }
}
