//! Bytes to events and cells to bytes: the only part that touches the terminal.

mod clipboard;
mod decode;
mod input;
mod output;
mod session;
mod terminal;

pub use clipboard::sequence as clipboard;
pub use decode::{Decoder, Event, guard};
pub use input::{Input, listen};
pub use output::{Output, Painter};
pub use session::Session;
pub use terminal::{Capability, Tty};

/// What the terminal's threads tell the loop.
#[derive(Debug)]
pub enum Heard {
    /// A key, a paste, a report.
    Event(Event),
    /// A frame has left; the next may be made.
    Written,
    /// The terminal is gone.
    Gone,
}
