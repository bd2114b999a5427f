//! How fields come in: a JSON object or `field=value` lines on standard input, or a prompt that shows nothing.

use std::io::{IsTerminal, Read, Write};
use std::os::fd::AsFd;

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::super::Failure;
use crate::catalogue::Slot;
use crate::vault::Given;

/// A credential is a few lines.
const INPUT_BYTES_MAX: u64 = 64 * 1024;
/// Longest field that is typed, in bytes: as the vault takes it, with room for the marks of a paste.
const LINE_BYTES_MAX: usize = 8 * 1024;
const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;
const BACKSPACE: u8 = 8;
const CTRL_U: u8 = 21;
const DELETE: u8 = 127;
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
        "{} takes {}; what you type or paste is not shown, an empty line leaves a field out, Ctrl-C leaves it all.",
        slot.name,
        sets.join(", or ")
    );
    let quiet = Quiet::new()?;
    let mut fields = Given::new();
    let mut keys = std::io::stdin().lock().bytes();
    for field in slot.fields {
        eprint!("{}: ", field.name);
        std::io::stderr().flush()?;
        let line = typed(&mut keys);
        eprintln!();
        let line = line?.ok_or_else(|| Failure::new("nothing was entered: all is as it was"))?;
        let value = PASTE.iter().fold(line.trim().to_owned(), |text, mark| text.replace(mark, ""));
        if !value.is_empty() {
            fields.insert(field.name.to_owned(), value.into());
        }
    }
    drop(quiet);
    Ok(fields)
}

/// One line, key by key: the terminal's own lines end at 4,095 bytes. None after Ctrl-C, or at the end of input.
fn typed(keys: &mut impl Iterator<Item = std::io::Result<u8>>) -> std::io::Result<Option<Zeroizing<String>>> {
    // Made at once as long as it may get: growing would leave copies of its beginning behind.
    let mut line = Zeroizing::new(Vec::with_capacity(LINE_BYTES_MAX));
    loop {
        match keys.next().transpose()? {
            None | Some(CTRL_C) => return Ok(None),
            Some(CTRL_D) if line.is_empty() => return Ok(None),
            Some(b'\r' | b'\n') => return Ok(Some(Zeroizing::new(String::from_utf8_lossy(&line).into_owned()))),
            Some(CTRL_U) => line.clear(),
            Some(BACKSPACE | DELETE) => while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {},
            Some(byte) if line.len() < LINE_BYTES_MAX => line.push(byte),
            Some(_) => {}
        }
    }
}

/// The terminal without echo, key by key, until this is dropped. Ctrl-C is a key, too: a signal would leave the terminal mute.
struct Quiet(Termios);

impl Quiet {
    fn new() -> Result<Quiet, Failure> {
        let stdin = std::io::stdin();
        let before = tcgetattr(stdin.as_fd())?;
        let mut silent = before.clone();
        silent.local_flags.remove(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::ISIG);
        // What was typed before the question may be meant for it: it is kept, and not shown either.
        tcsetattr(stdin.as_fd(), SetArg::TCSADRAIN, &silent)?;
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
    fn a_typed_line_can_be_mended_and_left() {
        let line = |text: &str| {
            let keys = text.as_bytes().iter().map(|byte| Ok(*byte)).collect::<Vec<_>>();
            typed(&mut keys.into_iter()).unwrap().map(|line| line.to_string())
        };
        assert_eq!(line("wrong\x15kéy\x7f\x7fey-1\r").as_deref(), Some("key-1"));
        assert_eq!(line(&format!("{}\n", "x".repeat(6000))).map(|line| line.len()), Some(6000));
        assert_eq!((line("half\x03"), line("\x04"), line("half")), (None, None, None));
    }

    #[test]
    fn what_is_neither_is_refused_without_repeating_it() {
        for text in ["", "just-a-secret", "{\"api_key\": 5}", "{\"api_key\": \"x\"", "a=b\nhush"] {
            assert!(parse(text).is_none(), "{text}");
        }
        assert!(!unreadable().message.contains("hush"));
    }
}
