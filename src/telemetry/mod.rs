//! Logs and their redaction: the trace to file and ring, the redactor that both pass, and foreign text made inert.
//!
//! What must stay true: no line reaches a file, the ring or stderr without passing the one redactor, and none
//! carries a control character.

mod file;
pub mod inert;
pub mod redact;
pub mod ring;
mod tail;
pub mod trace;

pub use inert::{cut, inert};
pub use redact::{Level, LiveSecret, Redactor, SharedRedactor};
pub use ring::{LogLine, RingReader};
pub use tail::tail;
pub use trace::{TraceError, TraceGuard, TraceOptions, init, log_dir};
