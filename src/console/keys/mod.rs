//! Keys as data: what a key is, the one table that says what it does where, and the user's changes to it.

mod action;
mod desks;
mod fleet;
mod key;
mod keymap;
mod parse;
mod registry;

pub use action::{Do, PLACES, Place};
pub use key::{Code, Key};
pub use keymap::{Keymap, KeysError};
pub use registry::{Binding, REGISTRY, in_place};
