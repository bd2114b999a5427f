//! Lines for the desks: questions, and credentials with the words of the command line. A secret is never part of a line.

use clap::{Parser, Subcommand};

use super::{Command, Turn};
use crate::operations::actions::Action;
use crate::vault::store;

#[derive(Debug, Parser)]
#[command(name = "", no_binary_name = true, disable_help_flag = true, disable_help_subcommand = true)]
enum Line {
    #[command(subcommand)]
    Credentials(Verb),
    Rotate {
        slot: String,
    },
}

#[derive(Debug, Subcommand)]
enum Verb {
    List,
    #[command(alias = "rotate")]
    Set {
        slot: String,
    },
    Verify {
        slot: String,
        #[arg(long)]
        version: Option<i32>,
    },
    Activate {
        slot: String,
        #[arg(long)]
        unverified: bool,
    },
    Rollback {
        slot: String,
    },
    Retire {
        slot: String,
        #[arg(long)]
        version: Option<i32>,
    },
}

/// Understands a line that begins as one of these; none for all others.
pub(super) fn parse(line: &str) -> Option<Result<Command, String>> {
    let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    match first {
        // A question has quotes and dashes of its own: it is taken as it is.
        "ask" => Some(Ok(Command::Ask(rest.trim().to_owned()))),
        "credentials" | "rotate" => Some(turn(line)),
        _ => None,
    }
}

fn turn(line: &str) -> Result<Command, String> {
    let words = shell_words::split(line).map_err(|_| "a quote is open: close it".to_owned())?;
    let typed = Line::try_parse_from(words).map_err(|error| super::grammar::sentence(&error))?;
    let known = |slot: &str| store::slot(slot).map(|slot| slot.name).map_err(|error| error.to_string());
    Ok(match typed {
        Line::Credentials(Verb::List) => Command::Credential(None, Turn::Show),
        Line::Rotate { slot } | Line::Credentials(Verb::Set { slot }) => {
            Command::Credential(Some(known(&slot)?), Turn::Enter)
        }
        Line::Credentials(Verb::Verify { slot, version }) => {
            Command::Credential(Some(known(&slot)?), Turn::Verify(version))
        }
        Line::Credentials(Verb::Activate { slot, unverified }) => {
            Command::Credential(Some(known(&slot)?), Turn::Finish { unverified })
        }
        Line::Credentials(Verb::Rollback { slot }) => {
            Command::Act(Action::RollBackCredential { slot: known(&slot)?.to_owned() })
        }
        Line::Credentials(Verb::Retire { slot, version }) => {
            let version = version.ok_or("say which: --version 7")?;
            Command::Act(Action::RetireCredential { slot: known(&slot)?.to_owned(), version })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_taken_as_they_are_and_slots_by_their_names() {
        let read = |line: &str| parse(line).unwrap().unwrap();
        assert_eq!(read("ask who isn't \"mobile\" --now"), Command::Ask("who isn't \"mobile\" --now".into()));
        assert_eq!(read("rotate twilio"), Command::Credential(Some("twilio"), Turn::Enter));
        assert_eq!(read("credentials set openai"), Command::Credential(Some("openai"), Turn::Enter));
        let verify = Command::Credential(Some("hunter"), Turn::Verify(Some(3)));
        assert_eq!(read("credentials verify hunter --version 3"), verify);
        assert!(parse("rotate twlio").unwrap().unwrap_err().contains("did you mean twilio?"));
        assert!(parse("credentials retire twilio").unwrap().unwrap_err().contains("--version"));
        assert!(parse("lanes list").is_none());
    }
}
