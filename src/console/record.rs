//! Recording the pictures as an asciinema file that only its owner may read. A thread of its own paints and writes it: a slow
//! disk holds no frame up. What is typed as a credential is in no picture, and what goes to the clipboard is in none either;
//! people's data are blanked here: what screens say is private, and every number and address wherever it stands.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Instant;

use chrono::Utc;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use regex::Regex;
use serde_json::json;
use tokio::sync::mpsc::UnboundedSender;

use super::edge::Painter;
use super::message::Msg;

/// Pictures that may wait for the disk; more, and the recording ends.
const WAITING: usize = 64;

/// What stands in place of a person's data.
const BLANK: &str = "*";

/// Phone numbers and e-mail addresses.
#[expect(clippy::unwrap_used, reason = "a constant")]
static PERSONAL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\+[0-9][0-9 ()-]{5,}[0-9]|[^\s@:=,;]+@[^\s@,;]+").unwrap());

/// A picture, and where a person's data stand on it.
type Seen = (Instant, Buffer, Vec<(Rect, bool)>);

/// A recording under way.
#[derive(Debug)]
pub struct Recorder {
    pictures: SyncSender<Seen>,
}

impl Recorder {
    /// Begins to write a new file, for a terminal of this size; says how it went.
    pub fn begin(path: PathBuf, size: (u16, u16), home: UnboundedSender<Msg>) -> std::io::Result<Recorder> {
        let (pictures, waiting) = sync_channel(WAITING);
        thread::Builder::new().name("console record".into()).spawn(move || {
            let text = match write(&path, size, &waiting) {
                Ok(frames) => Ok(format!("{frames} frames are in {}", path.display())),
                Err(error) => Err(format!("the recording {} ended: {error}", path.display())),
            };
            // Nobody listens any more once the console was left.
            let _ = home.send(Msg::Recorded(text));
        })?;
        Ok(Recorder { pictures })
    }

    /// Takes a picture; false when the recording has ended.
    pub fn take(&self, picture: &Buffer, veils: Vec<(Rect, bool)>) -> bool {
        self.pictures.try_send((Instant::now(), picture.clone(), veils)).is_ok()
    }
}

fn write(path: &PathBuf, (columns, rows): (u16, u16), pictures: &Receiver<Seen>) -> std::io::Result<u64> {
    let file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    let mut file = BufWriter::new(file);
    let head = json!({"version": 2, "width": columns, "height": rows, "timestamp": Utc::now().timestamp(), "title": "Switchboard"});
    writeln!(file, "{head}")?;
    let (begun, mut written) = (Instant::now(), 0);
    let mut painter = Painter::new(columns, rows);
    let mut size = (columns, rows);
    for (at, mut picture, veils) in pictures {
        let seconds = at.saturating_duration_since(begun).as_secs_f64();
        if size != (picture.area.width, picture.area.height) {
            size = (picture.area.width, picture.area.height);
            writeln!(file, "{}", json!([seconds, "r", format!("{}x{}", size.0, size.1)]))?;
        }
        blank(&mut picture, &veils);
        if let Some(frame) = painter.frame(picture)? {
            writeln!(file, "{}", json!([seconds, "o", String::from_utf8_lossy(&frame)]))?;
            written += 1;
        }
    }
    file.flush()?;
    Ok(written)
}

/// Hides a person's data.
fn blank(picture: &mut Buffer, veils: &[(Rect, bool)]) {
    for y in picture.area.rows() {
        let mut text = String::new();
        let mut begins = Vec::with_capacity(usize::from(y.width));
        for position in y.positions() {
            begins.push(text.len());
            text.push_str(picture.cell(position).map_or("", |cell| cell.symbol()));
        }
        let found: Vec<_> = PERSONAL.find_iter(&text).map(|found| found.range()).collect();
        for (position, begin) in y.positions().zip(begins) {
            let veiled = veils.iter().rev().find(|(area, _)| area.contains(position)).is_some_and(|(_, veils)| *veils);
            let personal = veiled || found.iter().any(|range| range.contains(&begin));
            if let Some(cell) = picture.cell_mut(position).filter(|cell| personal && cell.symbol() != " ") {
                cell.set_symbol(BLANK);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::fixture;
    use crate::console::keys::Key;
    use crate::console::screen;
    use crate::console::theme::{Depth, Glyphs, load};
    use crate::console::update::update;
    use ratatui::style::Style;

    fn pictured(lines: &[&str]) -> Buffer {
        let mut picture = Buffer::empty(Rect::new(0, 0, 80, 24));
        for (y, line) in lines.iter().enumerate() {
            picture.set_string(0, y as u16, line, Style::default());
        }
        picture
    }

    #[test]
    fn what_is_recorded_can_be_played() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("night.cast");
        let (home, mut told) = tokio::sync::mpsc::unbounded_channel();
        let recorder = Recorder::begin(path.clone(), (80, 24), home).unwrap();
        assert!(recorder.take(&pictured(&["one"]), Vec::new()) && recorder.take(&pictured(&["zwei é"]), Vec::new()));
        assert!(recorder.take(&Buffer::empty(Rect::new(0, 0, 90, 30)), Vec::new()));
        drop(recorder);
        let Some(Msg::Recorded(Ok(text))) = told.blocking_recv() else { panic!("it said nothing") };
        assert!(text.starts_with("3 frames"), "{text}");
        let lines: Vec<serde_json::Value> =
            std::fs::read_to_string(&path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((&lines[0]["width"], &lines[3][2]), (&json!(80), &json!("90x30")));
        assert!(lines[1][2].as_str().unwrap().contains("one") && lines[2][2].as_str().unwrap().contains('é'));
        let (home, mut told) = tokio::sync::mpsc::unbounded_channel();
        drop(Recorder::begin(path, (80, 24), home).unwrap());
        assert!(matches!(told.blocking_recv(), Some(Msg::Recorded(Err(_)))), "a file that is there stays");
    }

    #[test]
    fn people_are_blanked_wherever_they_stand() {
        let mut picture = pictured(&["8,412 jobs, +1 (415) 555-0134 of ann@acme.example", "name  Ann Smith"]);
        blank(&mut picture, &[(Rect::new(6, 1, 20, 1), true), (Rect::new(6, 1, 3, 1), false)]);
        let row = |y| (0..80).map(|x| picture[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        assert_eq!(row(0), "8,412 jobs, ** ***** ******** of ****************");
        assert_eq!(row(1), "name  Ann *****", "what lies over a person's data is shown");
    }

    #[test]
    fn no_contact_is_in_a_recording_of_the_contacts() {
        let mut model = fixture::model((120, 36), true);
        for (keys, person) in [("4", "Acme"), ("\n", "vip")] {
            for c in keys.chars() {
                let key = if c == '\n' { Key::plain(crate::console::keys::Code::Enter) } else { Key::char(c) };
                update(&mut model, Msg::Key(key), fixture::now());
                fixture::answer(&mut model);
            }
            let area = Rect::new(0, 0, 120, 36);
            let mut picture = Buffer::empty(area);
            let drawn = screen::draw(&model, &load("mono", Depth::Mono, Glyphs::UNICODE).unwrap(), &mut picture, area);
            let text = |picture: &Buffer| picture.content().iter().map(|cell| cell.symbol()).collect::<String>();
            assert!(text(&picture).contains("+1415") && text(&picture).contains(person));
            blank(&mut picture, &drawn.veils);
            assert!(!text(&picture).contains("+1415") && !text(&picture).contains(person), "{}", text(&picture));
        }
    }
}
