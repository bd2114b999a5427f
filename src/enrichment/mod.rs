//! The pipeline: which step runs in which lane, the worker pool that runs steps, and the settling of what they found.
//!
//! A step's run is a call and a pure decision; everything it means is written by one transaction of the settler.

pub mod graph;
pub mod patch;
pub mod policy;
pub mod pool;
mod runner;
pub mod settle;
mod settler;
pub mod step;

pub use pool::{Pool, PoolOptions};
