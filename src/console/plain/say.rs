//! Lines to standard output: no colour, no box, nothing that a terminal would obey.

use std::io::{self, Write};

/// Foreign text made harmless.
pub fn inert(text: &str) -> String {
    text.split('\n').map(crate::telemetry::inert::inert).collect::<Vec<_>>().join("\n")
}

/// One line.
pub fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", inert(text))?;
    out.flush()
}

/// Several lines.
pub fn lines(lines: &[String]) -> io::Result<()> {
    lines.iter().try_for_each(|text| line(text))
}
