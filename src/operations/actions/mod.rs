//! Every write of an operator, behind both doors.
//!
//! An [`Action`] is a wish; [`plan`] counts what it would touch without touching it; only [`Plan::confirm`] makes a
//! [`Confirmed`], and only a `Confirmed` runs. The write, its audit row, its timeline line and its inverse commit together; what
//! is refused while it runs leaves an audit row alone.

mod actor;
mod alerts;
mod breakers;
mod bulk;
mod cards;
mod contacts;
pub mod credentials;
mod days;
mod draft;
mod enrich;
mod estimate;
mod import;
mod inverse;
mod jobs;
mod lanes;
mod merges;
mod nodes;
mod plan;
mod record;
mod refused;
mod schedules;
mod seconds;
mod steps;
mod twin;
mod wishes;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use actor::Actor;
pub use bulk::{Watch, close_left, in_batches, run_bulk};
pub use draft::Refusal;
pub use estimate::Each;
pub use import::{ImportWish, run_import};
pub use jobs::{JobTerms, PRIORITIES};
pub use plan::{Confirmation, Confirmed, Plan, Tier, plan};
pub use record::{Receipt, run, undo};
pub use refused::{REFUSED, note_refused};
pub use schedules::{Every, fire_due};
pub use seconds::{Answered, Second, ask_second, await_second};
pub use twin::{of as twin, word};
pub use wishes::{Chore, Enrich, JobChange, JobTarget, Limits, LookUp, OneStep, Schedule, run_at};

/// What an operator can wish for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Claim nothing more from a lane; what runs, ends.
    PauseLane {
        /// Lane; `all` stands for every one, here and below.
        lane: String,
        /// Why.
        reason: Option<String>,
    },
    /// Claim from it again.
    ResumeLane {
        /// Lane.
        lane: String,
    },
    /// Limit how many of its jobs run at once; none = the adaptive limit alone.
    ScaleLane {
        /// Lane.
        lane: String,
        /// Jobs at once, 0 to 10,000.
        concurrency: Option<i32>,
        /// On each node; else in the fleet.
        #[serde(default)]
        per_node: bool,
    },
    /// Limit how many calls a second its jobs make in the fleet; none = what the settings say.
    RateLane {
        /// Lane.
        lane: String,
        /// Calls a second, above 0.
        rate: Option<f64>,
    },
    /// Limit what a lane's provider may cost in a day; none = what the settings say.
    BudgetLane {
        /// Lane.
        lane: String,
        /// USD a day, above 0.
        usd: Option<f64>,
    },
    /// Set lanes back to what they were: an undo.
    RestoreLanes {
        /// Their states, by name.
        lanes: serde_json::Map<String, serde_json::Value>,
    },
    /// Let a node claim nothing more.
    QuietNode {
        /// Node.
        node: String,
        /// Why.
        reason: Option<String>,
    },
    /// Let a node claim again.
    WakeNode {
        /// Node.
        node: String,
    },
    /// Let a worker finish what is in its hands, and end.
    DrainNode {
        /// Node.
        node: String,
        /// Why.
        reason: Option<String>,
    },
    /// Ask a lane's provider for so many numbers in one request; none = what the settings say.
    BatchLane {
        /// Lane.
        lane: String,
        /// Numbers, 1 to 1000.
        size: Option<i16>,
    },
    /// Let the next probe start at once.
    ResetBreaker {
        /// Breaker's or lane's name.
        name: String,
        /// Why.
        reason: Option<String>,
    },
    /// No call passes until the end of the hold.
    HoldBreakerOpen {
        /// Breaker's or lane's name.
        name: String,
        /// Why.
        reason: String,
        /// End of the hold; none = until released.
        until: Option<DateTime<Utc>>,
    },
    /// Every call passes, whatever fails, until the end of the hold.
    HoldBreakerClosed {
        /// Breaker's or lane's name.
        name: String,
        /// Why.
        reason: String,
        /// End of the hold; none = until released.
        until: Option<DateTime<Utc>>,
    },
    /// End a hold: the breaker decides by itself again.
    ReleaseBreaker {
        /// Breaker's or lane's name.
        name: String,
    },
    /// Give dead jobs their attempts anew.
    RetryJobs {
        /// Which.
        target: JobTarget,
    },
    /// Take live jobs out of their lanes, into the trash.
    CancelJobs {
        /// Which.
        target: JobTarget,
    },
    /// Take dead jobs out, into the trash.
    DiscardJobs {
        /// Which.
        target: JobTarget,
    },
    /// Put what was taken out back: an undo.
    RestoreJobs {
        /// What was taken out together.
        batch: Uuid,
    },
    /// Change who is claimed first.
    ReprioritiseJobs {
        /// Which.
        target: JobTarget,
        /// 0 to 1,000; smaller goes first.
        priority: i16,
    },
    /// Give jobs their former priorities: an undo.
    RestorePriorities {
        /// Numbers and priorities.
        jobs: Vec<(i64, i16)>,
    },
    /// Change what one waiting job will do.
    EditJob {
        /// Its number.
        job: i64,
        /// What of it.
        change: JobChange,
    },
    /// Give a job back what it was before: an undo.
    RestoreJob {
        /// Its number.
        job: i64,
        /// What it was.
        terms: JobTerms,
    },
    /// Run one step of one contact.
    RunStep(OneStep),
    /// Enqueue lookups of the contacts that match.
    LookUp(LookUp),
    /// Plan the steps of the contacts that match anew.
    Enrich(Enrich),
    /// Set columns of one contact by hand.
    SetContact {
        /// Its id.
        contact: i64,
        /// Field to value; an empty text empties it.
        fields: serde_json::Map<String, serde_json::Value>,
    },
    /// Make one contact stand for another.
    Merge {
        /// The one that stays.
        primary: i64,
        /// The one that it stands for.
        duplicate: i64,
    },
    /// Make them two again.
    Unmerge {
        /// Number of the merge.
        merge: i64,
    },
    /// Make a pending version of a credential the current one.
    ActivateCredential {
        /// Slot.
        slot: String,
        /// The pending version.
        version: i32,
        /// The current version that the person saw: of two admins one wins.
        expects: Option<i32>,
        /// Also where the provider was not asked, or could not be.
        unverified: bool,
        /// How long it is watched, in seconds.
        watch_s: u64,
    },
    /// Go back to the previous version of a credential.
    RollBackCredential {
        /// Slot.
        slot: String,
    },
    /// End a version for good and forget its secret.
    RetireCredential {
        /// Slot.
        slot: String,
        /// Which.
        version: i32,
    },
    /// Take an open alert on, or give it back.
    AckAlert {
        /// Its number.
        id: i64,
        /// Whether somebody looks after it from now on.
        taken: bool,
    },
    /// Be told nothing of an alert for a while.
    SilenceAlert {
        /// Its key, such as `depth/twilio`.
        key: String,
        /// Until when; none ends the silence.
        until: Option<DateTime<Utc>>,
        /// Why.
        reason: Option<String>,
    },
    /// Do something again and again.
    AddSchedule(Schedule),
    /// Do it no more.
    RemoveSchedule {
        /// Its name.
        name: String,
    },
    /// Let a schedule rest, or fire again.
    PauseSchedule {
        /// Its name.
        name: String,
        /// Whether it rests from now on.
        paused: bool,
    },
    /// Agree to what another person is about to do, or refuse it.
    AnswerSecond {
        /// Number of the ask.
        ask: i64,
        /// Whether it is agreed to.
        yes: bool,
    },
    /// Let what is heavy need a second person in this environment, or no more.
    RequireSecond {
        /// From now on.
        on: bool,
    },
}

impl Action {
    /// The verb as the audit log and the command line name it.
    pub fn verb(&self) -> &'static str {
        match self {
            Action::PauseLane { .. } => "lanes pause",
            Action::ResumeLane { .. } => "lanes resume",
            Action::ScaleLane { .. } => "lanes scale",
            Action::ResetBreaker { .. } => "breakers reset",
            Action::HoldBreakerOpen { .. } => "breakers open",
            Action::HoldBreakerClosed { .. } => "breakers close",
            Action::ReleaseBreaker { .. } => "breakers auto",
            Action::RateLane { .. } => "lanes rate",
            Action::BudgetLane { .. } => "lanes budget",
            Action::RestoreLanes { .. } => "lanes restore",
            Action::QuietNode { .. } => "nodes quiet",
            Action::WakeNode { .. } => "nodes wake",
            Action::DrainNode { .. } => "nodes drain",
            Action::BatchLane { .. } => "doctor batch",
            Action::RetryJobs { .. } => "jobs retry",
            Action::CancelJobs { .. } => "jobs cancel",
            Action::DiscardJobs { .. } => "jobs discard",
            Action::RestoreJobs { .. } => "jobs restore",
            Action::ReprioritiseJobs { .. } | Action::RestorePriorities { .. } => "jobs reprioritise",
            Action::EditJob { .. } | Action::RestoreJob { .. } => "jobs edit",
            Action::RunStep(_) => "contacts step",
            Action::LookUp(_) => "lookup",
            Action::AckAlert { .. } => "alerts ack",
            Action::SilenceAlert { .. } => "alerts silence",
            Action::AddSchedule(_) => "schedules add",
            Action::RemoveSchedule { .. } => "schedules remove",
            Action::PauseSchedule { paused: true, .. } => "schedules pause",
            Action::PauseSchedule { .. } => "schedules resume",
            Action::Enrich(wish) if wish.checks_only => "contacts rescore",
            Action::Enrich(_) => "contacts enrich",
            Action::SetContact { .. } => "contacts set",
            Action::Merge { .. } => "duplicates merge",
            Action::Unmerge { .. } => "duplicates undo",
            Action::ActivateCredential { .. } => "credentials activate",
            Action::RollBackCredential { .. } => "credentials rollback",
            Action::RetireCredential { .. } => "credentials retire",
            Action::AnswerSecond { yes: true, .. } => "deck approve",
            Action::AnswerSecond { .. } => "deck refuse",
            Action::RequireSecond { .. } => "deck require",
        }
    }

    /// What it is done to: a lane, a breaker, job numbers, a filter.
    pub fn target(&self) -> String {
        match self {
            Action::PauseLane { lane, .. }
            | Action::ResumeLane { lane }
            | Action::ScaleLane { lane, .. }
            | Action::RateLane { lane, .. }
            | Action::BudgetLane { lane, .. }
            | Action::BatchLane { lane, .. } => lane.clone(),
            Action::ResetBreaker { name, .. }
            | Action::HoldBreakerOpen { name, .. }
            | Action::HoldBreakerClosed { name, .. }
            | Action::ReleaseBreaker { name }
            | Action::AddSchedule(Schedule { name, .. })
            | Action::RemoveSchedule { name }
            | Action::PauseSchedule { name, .. } => name.clone(),
            Action::ActivateCredential { slot, .. }
            | Action::RollBackCredential { slot }
            | Action::RetireCredential { slot, .. } => slot.clone(),
            Action::RetryJobs { target }
            | Action::CancelJobs { target }
            | Action::DiscardJobs { target }
            | Action::ReprioritiseJobs { target, .. } => target.words(),
            Action::RestoreLanes { lanes } => lanes.keys().cloned().collect::<Vec<_>>().join(", "),
            Action::QuietNode { node, .. } | Action::WakeNode { node } | Action::DrainNode { node, .. } => node.clone(),
            Action::RestoreJobs { batch } => format!("batch {batch}"),
            Action::RestorePriorities { jobs } => format!("{} jobs", jobs.len()),
            Action::EditJob { job, .. } | Action::RestoreJob { job, .. } => format!("job {job}"),
            Action::RunStep(OneStep { contact, step, .. }) => format!("{step} of contact {contact}"),
            Action::AckAlert { id, .. } => format!("alert {id}"),
            Action::SilenceAlert { key, .. } => key.clone(),
            Action::LookUp(wish) if wish.filter.is_empty() => "all contacts".into(),
            Action::LookUp(wish) => wish.filter.clone(),
            Action::Enrich(wish) if wish.filter.is_empty() => "all contacts".into(),
            Action::Enrich(wish) => wish.filter.clone(),
            Action::SetContact { contact, .. } => format!("contact {contact}"),
            Action::Merge { primary, duplicate } => format!("contacts {primary} and {duplicate}"),
            Action::Unmerge { merge } => format!("merge {merge}"),
            Action::AnswerSecond { ask, .. } => format!("ask {ask}"),
            Action::RequireSecond { on } => (if *on { "on" } else { "off" }).into(),
        }
    }

    /// Why it is done, where the operator said so.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Action::PauseLane { reason, .. } | Action::ResetBreaker { reason, .. } => reason.as_deref(),
            Action::SilenceAlert { reason, .. }
            | Action::QuietNode { reason, .. }
            | Action::DrainNode { reason, .. } => reason.as_deref(),
            Action::HoldBreakerOpen { reason, .. } | Action::HoldBreakerClosed { reason, .. } => Some(reason),
            _ => None,
        }
    }
}
