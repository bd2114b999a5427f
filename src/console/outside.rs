//! Another program on our terminal for a while: the user's editor, a demo. The console listens no more until it has ended.

use std::fs::File;
use std::io::{self, Read, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::edge::{self, Heard, Input, Session, Tty};
use super::effect::Outside;

/// Longest text that is read back from an editor, in bytes.
const TEXT_MAX: u64 = 64 * 1024;
/// How often an ended ear is looked for.
const LOOK: Duration = Duration::from_millis(2);

/// The terminal as the loop holds it: it can be given away and taken again.
pub struct Terminal {
    pub(super) tty: Tty,
    pub(super) session: Arc<Session>,
    pub(super) hold: Duration,
    pub(super) heard: mpsc::Sender<Heard>,
    pub(super) ear: Option<Input>,
}

impl Terminal {
    /// Begins to listen.
    pub fn listen(&mut self) -> io::Result<()> {
        self.ear = Some(edge::listen(self.tty.input.try_clone()?, self.hold, self.heard.clone())?);
        Ok(())
    }

    /// Stops listening. What was typed meanwhile is the other program's.
    async fn deaf(&mut self) {
        let Some(mut ear) = self.ear.take() else { return };
        ear.stop();
        while !ear.has_ended() {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Gives the terminal away until the program has ended; what an editor left.
    pub async fn run(&mut self, outside: Outside) -> io::Result<Result<Option<String>, String>> {
        self.deaf().await;
        self.session.leave();
        let ran = match outside {
            Outside::Ourselves(words) => ourselves(&self.tty, &words)
                .map(|()| None)
                .map_err(|e| format!("the {} did not start: {e}", words.join(" "))),
            Outside::Editor(text) => editor(&self.tty, &text).map(Some),
        };
        self.session.enter_again()?;
        self.listen()?;
        Ok(ran)
    }
}

/// Whoever runs on our terminal inherits no credential: its environment can be read for as long as it runs.
fn without_secrets(command: &mut Command) {
    let is_secret = |name: &str| {
        let ours = ["SWITCHBOARD_MASTER_KEY", "SWITCHBOARD_DATABASE__", "SWITCHBOARD_PROVIDERS__"];
        ours.iter().any(|begin| name.starts_with(begin)) || name == "DATABASE_URL" || name.starts_with("PGPASS")
    };
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_secret) {
            command.env_remove(name);
        }
    }
}

fn on(tty: &Tty, command: &mut Command) -> io::Result<bool> {
    without_secrets(command);
    command.stdin(Stdio::from(tty.input.try_clone()?));
    command.stdout(Stdio::from(tty.output.try_clone()?)).stderr(Stdio::from(tty.output.try_clone()?));
    Ok(command.status()?.success())
}

/// This program in a database of its own; what it leaves on the terminal is read before the console comes back.
fn ourselves(tty: &Tty, words: &[String]) -> io::Result<()> {
    let program = std::env::current_exe()?;
    on(tty, Command::new(program).args(words))?;
    if words.first().is_none_or(|word| word != "drill") {
        return Ok(());
    }
    let mut terminal = &tty.output;
    terminal.write_all(b"\r\nEnter leads back to the console. ")?;
    let mut answer = [0; 1];
    (&tty.input).read(&mut answer).map(|_| ())
}

/// Lets the user change a text in a file that only he may read.
fn editor(tty: &Tty, text: &str) -> Result<String, String> {
    let wanted = ["VISUAL", "EDITOR"].iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.trim().is_empty()));
    let words =
        shell_words::split(wanted.as_deref().unwrap_or("vi")).map_err(|_| "EDITOR has an open quote".to_owned())?;
    let [program, arguments @ ..] = words.as_slice() else { return Err("EDITOR names no program".into()) };
    let mut file = tempfile::NamedTempFile::new().map_err(|e| format!("no file for the editor: {e}"))?;
    file.write_all(text.as_bytes()).map_err(|e| format!("no file for the editor: {e}"))?;
    match on(tty, Command::new(program).args(arguments).arg(file.path())) {
        Ok(true) => {}
        Ok(false) => return Err(format!("{program} ended without success: the text stays as it was")),
        Err(e) => return Err(format!("{program} can't be started ({e}): set EDITOR")),
    }
    let mut changed = String::new();
    let read = File::open(file.path()).and_then(|file| file.take(TEXT_MAX).read_to_string(&mut changed));
    read.map_err(|e| format!("what {program} left can't be read: {e}"))?;
    Ok(changed.split_whitespace().collect::<Vec<_>>().join(" "))
}
