//! The terminal as a file, its size, and what it can show.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;

use crate::console::theme::Depth;

/// Both ends of the terminal.
#[derive(Debug)]
pub struct Tty {
    /// Keys come from here.
    pub input: File,
    /// Frames go here.
    pub output: File,
}

/// What the terminal can show, and how far away it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability {
    /// Colours.
    pub depth: Depth,
    /// Whether characters beyond ASCII are shown.
    pub unicode: bool,
    /// Whether it is reached over SSH.
    pub remote: bool,
}

impl Tty {
    /// Standard input and output where they are a terminal, else the controlling one.
    pub fn open() -> io::Result<Tty> {
        let input = match io::stdin().is_terminal() {
            true => File::from(io::stdin().as_fd().try_clone_to_owned()?),
            false => File::open("/dev/tty")?,
        };
        let output = match io::stdout().is_terminal() {
            true => File::from(io::stdout().as_fd().try_clone_to_owned()?),
            false => File::options().write(true).open("/dev/tty")?,
        };
        Ok(Tty { input, output })
    }

    /// Columns and rows; 80x24 where the terminal does not know.
    pub fn size() -> (u16, u16) {
        match crossterm::terminal::size() {
            Ok((columns, rows)) if columns > 0 && rows > 0 => (columns, rows),
            _ => (80, 24),
        }
    }
}

impl Capability {
    /// Reads the variables that terminals announce themselves with.
    pub fn of_environment(var: impl Fn(&str) -> Option<String>) -> Capability {
        let set = |name: &str| var(name).filter(|v| !v.is_empty());
        let term = set("TERM").unwrap_or_default();
        let depth = match set("COLORTERM").as_deref() {
            _ if set("NO_COLOR").is_some() || term == "dumb" => Depth::Mono,
            Some("truecolor" | "24bit") => Depth::True,
            _ if term.contains("256color") => Depth::Indexed,
            _ => Depth::Named,
        };
        let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
        let plain = locale.is_some_and(|l| matches!(l.as_str(), "C" | "POSIX"));
        let remote = set("SSH_CONNECTION").is_some();
        Capability { depth, unicode: term != "linux" && !plain, remote }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(vars: &[(&str, &str)]) -> Capability {
        Capability::of_environment(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn the_environment_tells_what_a_terminal_can_show() {
        assert_eq!(seen(&[("TERM", "xterm-256color")]).depth, Depth::Indexed);
        assert_eq!(seen(&[("TERM", "xterm"), ("COLORTERM", "truecolor")]).depth, Depth::True);
        assert_eq!(seen(&[("COLORTERM", "truecolor"), ("NO_COLOR", "1")]).depth, Depth::Mono);
        assert!(seen(&[("TERM", "xterm"), ("LANG", "C.UTF-8")]).unicode);
        assert!(!seen(&[("TERM", "xterm"), ("LC_ALL", "C")]).unicode);
        assert!(seen(&[("TERM", "xterm")]).unicode);
        assert!(seen(&[("SSH_CONNECTION", "a b c d")]).remote);
    }
}
