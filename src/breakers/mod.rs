//! Circuit breakers: a pure state machine, its shared row in the database, and each process's view of it.
//!
//! The machine knows no clock and no SQL. The store applies its steps under the row's lock, so that five failures spread
//! over five processes open it; the guard keeps the happy path free of writes.

pub mod breaker;
pub mod guard;
mod machine;
pub mod store;

pub use breaker::{Breaker, Event, Hold, ProbeEnd, Report, Rules, State};
pub use guard::{Admission, Guard};
