//! Recording what leaves for the terminal, as an asciinema file that only its owner may read. A thread of its own writes it:
//! a slow disk holds no frame up. What is typed as a credential is in no frame, so it is in no recording.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Instant;

use chrono::Utc;
use serde_json::json;
use tokio::sync::mpsc::UnboundedSender;

use super::message::Msg;

/// Frames that may wait for the disk; more, and the recording ends.
const WAITING: usize = 256;

/// A recording under way.
#[derive(Debug)]
pub struct Recorder {
    frames: SyncSender<(Instant, Vec<u8>)>,
}

impl Recorder {
    /// Begins to write a new file, for a terminal of this size; says how it went.
    pub fn begin(path: PathBuf, size: (u16, u16), home: UnboundedSender<Msg>) -> std::io::Result<Recorder> {
        let (frames, waiting) = sync_channel(WAITING);
        thread::Builder::new().name("console record".into()).spawn(move || {
            let text = match write(&path, size, &waiting) {
                Ok(frames) => Ok(format!("{frames} frames are in {}", path.display())),
                Err(error) => Err(format!("the recording {} ended: {error}", path.display())),
            };
            // Nobody listens any more once the console was left.
            let _ = home.send(Msg::Recorded(text));
        })?;
        Ok(Recorder { frames })
    }

    /// Takes a frame; false when the recording has ended.
    pub fn take(&self, frame: &[u8]) -> bool {
        self.frames.try_send((Instant::now(), frame.to_vec())).is_ok()
    }
}

fn write(path: &PathBuf, (columns, rows): (u16, u16), frames: &Receiver<(Instant, Vec<u8>)>) -> std::io::Result<u64> {
    let file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    let mut file = BufWriter::new(file);
    let head = json!({"version": 2, "width": columns, "height": rows, "timestamp": Utc::now().timestamp(), "title": "Switchboard"});
    writeln!(file, "{head}")?;
    let (begun, mut written) = (Instant::now(), 0);
    for (at, frame) in frames {
        let seconds = at.saturating_duration_since(begun).as_secs_f64();
        writeln!(file, "{}", json!([seconds, "o", String::from_utf8_lossy(&frame)]))?;
        written += 1;
    }
    file.flush()?;
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_can_be_played() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("night.cast");
        let (home, mut told) = tokio::sync::mpsc::unbounded_channel();
        let recorder = Recorder::begin(path.clone(), (80, 24), home).unwrap();
        assert!(recorder.take(b"\x1b[?2026hone") && recorder.take("zwei é".as_bytes()));
        drop(recorder);
        let Some(Msg::Recorded(Ok(text))) = told.blocking_recv() else { panic!("it said nothing") };
        assert!(text.starts_with("2 frames"), "{text}");
        let lines: Vec<serde_json::Value> =
            std::fs::read_to_string(&path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((&lines[0]["width"], &lines[2][2]), (&json!(80), &json!("zwei é")));
        assert_eq!(lines[1][2], "\x1b[?2026hone");
        let (home, mut told) = tokio::sync::mpsc::unbounded_channel();
        drop(Recorder::begin(path, (80, 24), home).unwrap());
        assert!(matches!(told.blocking_recv(), Some(Msg::Recorded(Err(_)))), "a file that is there stays");
    }
}
