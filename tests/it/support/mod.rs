//! What every test stands on: a PostgreSQL of this run, a database of its own for each test, waiting without sleeping blindly.

pub mod corpus;
pub mod cut;
pub mod echo;
pub mod fleet;
pub mod logins;
pub mod model;
pub mod planted;
pub mod postgres;
pub mod program;
pub mod providers;
pub mod pty;
pub mod rotation;
pub mod settlement;
pub mod twilio;
pub mod wait;
pub mod work;

pub use postgres::TestDb;
pub use program::Program;
pub use wait::eventually;

/// The program under test.
pub fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_switchboard")
}
