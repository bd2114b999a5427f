//! What an operator sees and does, the same for the console and the command line.
//!
//! `views` are the queries behind panes and behind `--json`; `actions` are every write: planned as a dry run, confirmed
//! by a door, carried out with its audit row and its inverse in one transaction. `handover` writes a shift down, `runbook`
//! makes a script of what was done, `ask` turns questions into queries, `credentials` lets a provider judge what a person
//! enters, `whatif` tells what a reset would lead to.

pub mod actions;
pub mod ask;
pub mod credentials;
pub mod handover;
pub mod imports;
pub mod runbook;
pub mod views;
pub mod whatif;
pub mod why;
