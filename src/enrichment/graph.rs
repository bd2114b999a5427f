//! Which steps there are, in which lane each begins, and how many attempts it has.
//!
//! Edges are needs, not order: a step is planned when what it needs is there. The lookup needs the number alone.

/// A unit of the pipeline for one contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Name, which is also its jobs' kind.
    pub name: &'static str,
    /// Lanes of the providers that can run it, in order of preference.
    pub lanes: &'static [&'static str],
    /// Columns of the contact that must be there.
    pub needs: &'static [&'static str],
}

/// The root: Twilio's lookup of the number.
pub const LOOKUP: Step = Step { name: "lookup", lanes: &["twilio"], needs: &["phone_e164"] };

/// All steps.
pub const STEPS: &[Step] = &[LOOKUP];

/// The step of this name.
pub fn step(name: &str) -> Option<&'static Step> {
    STEPS.iter().find(|s| s.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_begins_in_a_lane_that_exists() {
        for step in STEPS {
            for lane in step.lanes {
                assert!(crate::catalogue::lanes().any(|l| l == *lane), "{} names {lane}", step.name);
            }
        }
    }
}
