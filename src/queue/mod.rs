//! The durable job engine: lanes of jobs, claimed and settled by the batch, leased by node epoch.
//!
//! A claim is one statement; an end is fenced by job, attempt and epoch; every statement that moves jobs writes its own
//! depth deltas, so depths are exact without counting. Parking is a state of the lane and touches no job.

pub mod claim;
pub mod depth;
pub mod end;
pub mod engine;
pub mod enqueue;
pub mod lane;
pub mod orphans;
mod place;
pub mod reroute;
pub mod retry;

pub use claim::Claimed;
pub use end::{End, Ending, Failure};
pub use place::Place;
