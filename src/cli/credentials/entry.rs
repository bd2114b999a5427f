//! How fields come in: a JSON object or `field=value` lines on standard input, or a prompt that shows nothing.

use std::io::{BufRead, IsTerminal, Read, Write};
use std::os::fd::AsFd;

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::super::Failure;
use crate::catalogue::Slot;
use crate::vault::Given;

/// A credential is a few lines.
const INPUT_BYTES_MAX: u64 = 64 * 1024;
const PASTE: [&str; 2] = ["\u{1b}[200~", "\u{1b}[201~"];

/// The fields of a slot.
pub fn fields(slot: &Slot) -> Result<Given, Failure> {
    if std::io::stdin().is_terminal() {
        return prompted(slot);
    }
    let mut text = Zeroizing::new(String::new());
    std::io::stdin().lock().take(INPUT_BYTES_MAX).read_to_string(&mut text).map_err(|_| unreadable())?;
    parse(&text).ok_or_else(unreadable)
}

/// Never says what was read: it may be the secret itself.
fn unreadable() -> Failure {
    Failure::usage(
        "standard input holds neither a JSON object of texts, such as {\"api_key\":\"…\"}, nor field=value lines",
    )
}

fn parse(text: &str) -> Option<Given> {
    let text = text.trim();
    if text.starts_with('{') {
        let map: std::collections::BTreeMap<String, String> = serde_json::from_str(text).ok()?;
        return Some(
            map.into_iter().map(|(name, value)| (name, SecretString::from(value.trim().to_owned()))).collect(),
        );
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let fields: Option<Given> = lines
        .map(|line| {
            let (name, value) = line.split_once('=')?;
            Some((name.trim().to_lowercase(), SecretString::from(value.trim().to_owned())))
        })
        .collect();
    fields.filter(|fields| !fields.is_empty())
}

fn prompted(slot: &Slot) -> Result<Given, Failure> {
    let sets: Vec<String> = slot.complete.iter().rev().map(|set| set.join(" + ")).collect();
    eprintln!(
        "{} takes {}; what you type or paste is not shown, an empty line leaves a field out.",
        slot.name,
        sets.join(", or ")
    );
    let quiet = Quiet::new()?;
    let mut fields = Given::new();
    for field in slot.fields {
        eprint!("{}: ", field.name);
        std::io::stderr().flush()?;
        let mut line = Zeroizing::new(String::new());
        let read = std::io::stdin().lock().take(INPUT_BYTES_MAX).read_line(&mut line)?;
        eprintln!();
        let value = PASTE.iter().fold(line.trim().to_owned(), |text, mark| text.replace(mark, ""));
        if !value.is_empty() {
            fields.insert(field.name.to_owned(), value.into());
        }
        if read == 0 {
            break;
        }
    }
    drop(quiet);
    Ok(fields)
}

/// The terminal without echo, until this is dropped.
struct Quiet(Termios);

impl Quiet {
    fn new() -> Result<Quiet, Failure> {
        let stdin = std::io::stdin();
        let before = tcgetattr(stdin.as_fd())?;
        let mut silent = before.clone();
        silent.local_flags.remove(LocalFlags::ECHO);
        tcsetattr(stdin.as_fd(), SetArg::TCSAFLUSH, &silent)?;
        Ok(Quiet(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = tcsetattr(std::io::stdin().as_fd(), SetArg::TCSANOW, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn parsed(text: &str) -> Option<Vec<(String, String)>> {
        Some(parse(text)?.into_iter().map(|(name, value)| (name, value.expose_secret().to_owned())).collect())
    }

    #[test]
    fn json_and_lines_say_the_same() {
        let json = parsed("{\"account_sid\": \"AC1\", \"auth_token\": \"t=1\"}\n");
        assert_eq!(json, parsed("ACCOUNT_SID=AC1\r\n\nauth_token = t=1\n"));
        assert_eq!(json.unwrap()[1], ("auth_token".into(), "t=1".into()));
    }

    #[test]
    fn what_is_neither_is_refused_without_repeating_it() {
        for text in ["", "just-a-secret", "{\"api_key\": 5}", "{\"api_key\": \"x\"", "a=b\nhush"] {
            assert!(parse(text).is_none(), "{text}");
        }
        assert!(!unreadable().message.contains("hush"));
    }
}
