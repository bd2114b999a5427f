//! Keys as data: what a key is, and the one table that says what it does where.

mod key;
mod registry;

pub use key::{Code, Key};
pub use registry::{Binding, Do, PLACES, Place, REGISTRY, find, in_place};
