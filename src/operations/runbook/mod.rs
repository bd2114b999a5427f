//! A span of the audit log as a script: what was done in an incident, to be done again step by step.
//!
//! [`gather`] reads, `judge` decides what may stand as a command, [`script`] writes. What the audit log keeps is foreign text
//! here: a command is taken apart into words, checked, and quoted anew, so that nothing in it reaches a shell as more than a word.

mod gather;
mod judge;
mod script;

pub use gather::{Edge, Row, Runbook, Wanted, gather};
pub use judge::Step;
pub use script::script;
