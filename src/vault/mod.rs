//! Credentials: one door through which every call takes (value, version) at the moment of sending.
//!
//! Today the environment stands behind the door; its version is called `env`. Values live in `secrecy` types only.

mod live;

pub use live::{Credential, Credentials, Given};
