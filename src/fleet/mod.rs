//! The fleet: a process joins as a node, beats, hears of changes, and may lead.
//!
//! One PostgreSQL is the coordinator; its clock rules. The leader folds, samples, reaps and raises alerts; with no leader
//! nothing is lost.

pub mod alerts;
pub mod duties;
pub mod hints;
pub mod leader;
pub mod member;
pub mod node;

pub use member::{Member, MemberOptions, Standing};
