//! What a run showed: read from the calls that the stand-ins counted, the history of the breakers, and the system. Shared by the
//! report of `demo` and by `bench pipeline`, so that both mean the same by a word.

pub mod bar;
pub mod bursts;
pub mod process;
pub mod rates;
pub mod schedule;
pub mod sums;
