//! The shift in writing: what happened since a moment, what people did, and what the next person has to watch.
//!
//! [`gather`] reads, [`markdown`] writes; nothing else knows both.

mod gather;
mod markdown;

pub use gather::{Dead, Handover, Outage, Work, gather};
pub use markdown::markdown;
