//! Why a command ended with 1 or 2: one sentence that says what happened and what to do next.

use std::process::ExitCode;

/// A failed command.
#[derive(Debug)]
pub struct Failure {
    /// The sentence.
    pub message: String,
    /// 1, or 2 for wrong usage.
    pub code: u8,
    /// The causes below it, for `--verbose`.
    pub causes: Vec<String>,
}

impl Failure {
    /// Exit 1.
    pub fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), code: 1, causes: Vec::new() }
    }

    /// Exit 2: what was typed can't be meant.
    pub fn usage(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), code: 2, causes: Vec::new() }
    }

    /// The exit code.
    pub fn exit(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Failure {
        let causes = std::iter::successors(error.source(), |e| e.source()).map(ToString::to_string).collect();
        Failure { causes, ..Failure::new(error.to_string()) }
    }
}
