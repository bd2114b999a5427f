//! Pictures of the panes: a demo with an outage in it is driven from screen to screen, and each is written as SVG.

use std::path::Path;
use std::time::Duration;

use super::super::super::Failure;
use super::super::super::output;
use super::super::told;
use super::pty::{Line, Pty, Started};
use super::svg::svg;

/// The pane's name, the keys that lead to it, and what its screen shows then.
const PANES: [(&str, &[&str], &str); 14] = [
    ("overview", &[], "Incident"),
    ("lanes", &["2", "\r"], "Lanes > twilio"),
    ("breakers", &["3"], "if you act now"),
    ("reset", &["r"], "Cancel"),
    ("contacts", &["\x1b", "4"], "Contacts"),
    ("contact", &["\r"], "Steps"),
    ("ask", &["q", "5", "/", "failed contacts", "\r"], "Understood as"),
    ("credentials", &["6"], "= environment"),
    ("timeline", &["7"], "[events]"),
    ("logs", &["l"], "[logs]"),
    ("fleet", &["8"], "Fleet:"),
    ("usage", &["9"], "Usage by day"),
    ("palette", &["1", ":", "pause"], "lanes pause"),
    ("help", &["\x1b", "?"], "Help"),
];
/// Longest time until the outage shows.
const OUTAGE: Duration = Duration::from_secs(60);
const LIMIT: Duration = Duration::from_secs(20);

/// Writes all pictures.
pub async fn take(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)?;
    let program = std::env::current_exe()?.to_string_lossy().into_owned();
    let arguments = ["demo", "--contacts", "20000", "--scenario", "outage"].map(str::to_owned);
    let pty = Pty::start(&Started::new(&program, &arguments), (120, 36), Line::DIRECT)?;
    let taken = panes(&pty, folder);
    pty.press("\x03");
    std::thread::sleep(Duration::from_millis(300));
    pty.press("\x03");
    pty.end(Duration::from_secs(20));
    taken
}

fn panes(pty: &Pty, folder: &Path) -> Result<(), Failure> {
    shows(pty, "x OPEN", OUTAGE)?;
    for (name, keys, text) in PANES {
        for key in keys {
            pty.press(key);
            told::pause(Duration::from_millis(250))?;
        }
        shows(pty, text, LIMIT)?;
        // The answer to the pane's question.
        told::pause(Duration::from_secs(1))?;
        let path = folder.join(format!("{name}.svg"));
        let picture = pty.look(|seen| svg(seen.parser.screen(), &format!("Switchboard: {name}")));
        std::fs::write(&path, picture)?;
        output::line(&format!("wrote {}", path.display()))?;
    }
    Ok(())
}

fn shows(pty: &Pty, text: &str, limit: Duration) -> Result<(), Failure> {
    if pty.until(limit, |seen| seen.parser.screen().contents().contains(text)) {
        return Ok(());
    }
    Err(Failure::new(format!("\"{text}\" never showed; the screen is:\n{}", pty.screen())))
}
