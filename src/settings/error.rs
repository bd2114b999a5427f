//! What is wrong with a setting: where it stands, what is known instead, what would be accepted.

use std::fmt;
use std::path::PathBuf;

/// Where a setting stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A line of `config.toml`, counted from 1.
    File(usize),
    /// A variable of the environment, by its name.
    Variable(String),
    /// A flag of the command line, or the program itself.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::File(line) => write!(f, "line {line} of config.toml"),
            Origin::Variable(name) => write!(f, "the environment variable {name}"),
            Origin::Flag => write!(f, "the command line"),
        }
    }
}

/// One sentence about settings that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// No setting has this name.
    #[error("There is no setting {path} ({origin}): {hint}")]
    Unknown {
        /// The path as it stands there.
        path: String,
        /// Where it stands.
        origin: Origin,
        /// The nearest known name, or the known sections.
        hint: String,
    },
    /// The setting exists, but not with this value.
    #[error("{path} can not be {value} ({origin}): write {accepts}")]
    Value {
        /// The setting.
        path: String,
        /// The value, or a word for it where it is secret.
        value: String,
        /// Where it stands.
        origin: Origin,
        /// What is accepted.
        accepts: &'static str,
    },
    /// A secret in a file that is copied, shared and backed up.
    #[error("config.toml may not hold the secret {path} ({origin}): remove it there and set {variable} instead")]
    SecretInFile {
        /// The setting.
        path: String,
        /// Where it stands.
        origin: Origin,
        /// The variable to set.
        variable: String,
    },
    /// Two settings contradict each other.
    #[error("{0}")]
    Conflict(String),
    /// The file is not TOML.
    #[error("config.toml can not be read at line {line}: {message}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// The file is there but can't be opened.
    #[error("{path} can not be read ({cause}): make it readable, or move it away", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
}
