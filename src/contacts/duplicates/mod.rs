//! Contacts that may be the same: fingerprints to find candidates by, the match of two, the merge of two. Pure.

pub mod fingerprint;
pub mod matching;
pub mod merge;

pub use fingerprint::Fingerprints;
pub use matching::{Match, compare};
