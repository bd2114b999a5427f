//! Days of a wish: a filter's `today` is today in the zone of whoever wishes, and is settled before it is planned.

use super::{Action, JobTarget, Refusal};
use crate::contacts::filter::{Anchor, CONTACTS, Filter, JOBS, Vocabulary};

impl Action {
    /// The same wish with absolute times in its filter, as the anchor means them.
    pub fn dated(mut self, anchor: Anchor) -> Result<Action, Refusal> {
        match &mut self {
            Action::LookUp(wish) => settle(&mut wish.filter, &CONTACTS, anchor)?,
            Action::Enrich(wish) => settle(&mut wish.filter, &CONTACTS, anchor)?,
            Action::RetryJobs { target }
            | Action::CancelJobs { target }
            | Action::DiscardJobs { target }
            | Action::ReprioritiseJobs { target, .. } => {
                if let JobTarget::Filter(text) = target {
                    settle(text, &JOBS, anchor)?;
                }
            }
            // Its filter is settled anew at each firing.
            Action::AddSchedule(schedule) => schedule.zone = anchor.zone,
            _ => {}
        }
        Ok(self)
    }
}

fn settle(text: &mut String, vocabulary: &'static Vocabulary, anchor: Anchor) -> Result<(), Refusal> {
    let read = Filter::parse_for(vocabulary, text, anchor);
    let filter = read.map_err(|error| Refusal::Impossible(format!("the filter can not be read: {error}")))?;
    *text = filter.text();
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;

    #[test]
    fn today_is_that_of_the_zone() {
        let now: DateTime<Utc> = "2026-11-24T23:30:00Z".parse().unwrap();
        let target = JobTarget::Filter("created:today lane:twilio".into());
        let anchor = Anchor::new(now, chrono_tz::Europe::Berlin);
        let dated = Action::CancelJobs { target }.dated(anchor).unwrap();
        let Action::CancelJobs { target: JobTarget::Filter(text) } = dated else { panic!("{dated:?}") };
        assert!(text.contains("2026-11-24T23:00:00Z"), "{text}");
        let wrong = Action::CancelJobs { target: JobTarget::Filter("lne:x".into()) };
        assert!(wrong.dated(anchor).unwrap_err().to_string().contains("did you mean lane?"));
    }
}
