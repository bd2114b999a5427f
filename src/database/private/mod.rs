//! A PostgreSQL of our own, for those who have none running: found, made, shared, stopped with its last user.
//!
//! What must stay true: one server a folder; starting and stopping happen under one lock (`gate.lock`); every user holds a
//! shared lock (`users.lock`) for its life, which the kernel lets go however that life ends; nothing listens on a network.

mod binaries;
mod cluster;
pub(super) mod databases;
mod install;
mod keeper;
mod lock;
mod place;
mod postmaster;
mod scratch;
mod server;

pub use scratch::ScratchDatabase;
pub use server::{PrivateOptions, PrivateServer};
