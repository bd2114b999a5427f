//! What every test stands on: a PostgreSQL of this run, a database of its own for each test, waiting without sleeping blindly.

pub mod postgres;
pub mod pty;
pub mod wait;

pub use postgres::TestDb;
pub use wait::eventually;

/// The program under test.
pub fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_switchboard")
}
