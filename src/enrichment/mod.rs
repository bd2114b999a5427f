//! The pipeline: which step runs in which lane, the worker pool that runs steps, and the settling of what they found.
//!
//! A step's run is a call and a pure decision; everything it means is written by one transaction of the settler.

pub mod facts;
pub mod free;
mod gate;
pub mod graph;
pub mod hurry;
mod lacking;
mod load;
pub mod outlook;
pub mod patch;
pub mod plan;
pub mod policy;
pub mod pool;
pub mod reason;
pub mod settle;
pub mod step;
mod work;
pub mod world;

pub use load::Args;
pub use pool::{Pool, PoolOptions};

/// Kind of the job that plans every step of a contact anew; our own work, in the lane `local`.
pub const ENRICH: &str = "enrich";
