//! Circuit breakers: a pure state machine, its shared row in the database, and each process's view of it.
//!
//! The machine knows no clock and no SQL. The store applies its steps under the row's lock, so that five failures spread
//! over five processes open it; the guard keeps the happy path free of writes.

pub mod guard;
pub mod machine;
pub mod store;

pub use guard::{Admission, Guard};
pub use machine::{Breaker, Event, ProbeEnd, Report, Rules, State};
