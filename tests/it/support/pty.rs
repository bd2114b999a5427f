//! The built program in a real pseudo-terminal, with a terminal emulator that reads what it draws.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// Longest time that a screen is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// What every question before an action ends with.
const QUESTION: &str = "Tab moves, Esc cancels";

/// A program on a terminal.
pub struct Pty {
    master: Option<Box<dyn MasterPty + Send>>,
    child: Box<dyn Child + Send + Sync>,
    keys: Option<Box<dyn Write + Send>>,
    seen: Arc<Mutex<Seen>>,
    closed: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
    /// How the terminal was before the program began.
    pub before: String,
}

struct Seen {
    parser: vt100::Parser,
    raw: Vec<u8>,
}

fn cells(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap()
}

impl Pty {
    /// Starts the program with these arguments and variables on a terminal of this size.
    pub fn start(args: &[&str], vars: &[(&str, &str)], size: (u16, u16)) -> Pty {
        Pty::program(super::binary(), args, vars, size)
    }

    /// Starts a program of a test with its own variables and folders.
    pub fn of(program: &super::Program, args: &[&str], size: (u16, u16)) -> Pty {
        // A shell begins in the home folder, and so does what starts here.
        std::fs::create_dir_all(program.home().join("home")).unwrap();
        Pty::start(args, &program.variables(), size)
    }

    /// Starts any program, for example a shell that starts ours.
    pub fn program(program: &str, args: &[&str], vars: &[(&str, &str)], (columns, rows): (u16, u16)) -> Pty {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        for name in ["NO_COLOR", "COLORTERM", "SSH_CONNECTION", "LC_ALL"] {
            command.env_remove(name);
        }
        vars.iter().for_each(|(name, value)| command.env(name, value));
        let before = format!("{:?}", pair.master.get_termios().unwrap());
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let seen =
            Arc::new(Mutex::new(Seen { parser: vt100::Parser::new(cells(rows), cells(columns), 0), raw: Vec::new() }));
        let (mut reader, sink) = (pair.master.try_clone_reader().unwrap(), seen.clone());
        let closed = Arc::new(AtomicBool::new(false));
        let told = closed.clone();
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(n) = reader.read(&mut buffer) {
                if n == 0 || told.load(Ordering::SeqCst) {
                    return;
                }
                let mut seen = sink.lock().unwrap();
                seen.parser.process(&buffer[..n]);
                seen.raw.extend_from_slice(&buffer[..n]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Pty { master: Some(pair.master), child, keys: Some(keys), seen, closed, reader: Some(reader), before }
    }

    /// Types.
    pub fn press(&mut self, keys: &str) {
        let writer = self.keys.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// What is on the screen now.
    pub fn screen(&self) -> String {
        self.seen.lock().unwrap().parser.screen().contents()
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> usize {
        self.seen.lock().unwrap().raw.len()
    }

    /// Whether this text ever left for the terminal.
    pub fn ever_wrote(&self, text: &str) -> bool {
        let seen = self.seen.lock().unwrap();
        seen.raw.windows(text.len()).any(|w| w == text.as_bytes())
    }

    /// Pastes.
    pub fn paste(&mut self, text: &str) {
        self.press(&format!("\x1b[200~{text}\x1b[201~"));
    }

    /// All that was written so far.
    pub fn raw(&self) -> Vec<u8> {
        self.seen.lock().unwrap().raw.clone()
    }

    /// Whether the alternate screen, the hidden cursor or bracketed paste are on.
    pub fn full_screen(&self) -> bool {
        let seen = self.seen.lock().unwrap();
        let screen = seen.parser.screen();
        screen.alternate_screen() || screen.hide_cursor() || screen.bracketed_paste()
    }

    /// Whether the alternate screen is on, whatever a shell does with the rest.
    pub fn alternate_screen(&self) -> bool {
        self.seen.lock().unwrap().parser.screen().alternate_screen()
    }

    /// How the terminal is now.
    pub fn termios(&self) -> String {
        format!("{:?}", self.master.as_ref().unwrap().get_termios().unwrap())
    }

    /// The program's process id.
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.process_id().unwrap()).unwrap()
    }

    /// Another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.seen.lock().unwrap().parser.screen_mut().set_size(cells(rows), cells(columns));
        self.master.as_ref().unwrap().resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// Closes the terminal under the program.
    pub fn hang_up(&mut self) {
        // The reader holds an end of the terminal too: one more frame wakes it, and it lets go.
        self.closed.store(true, Ordering::SeqCst);
        self.press("\x0c");
        self.reader.take().unwrap().join().unwrap();
        self.keys = None;
        self.master = None;
    }

    /// Waits until the screen shows all of these texts.
    #[track_caller]
    pub fn shows(&self, texts: &[&str]) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if texts.iter().all(|text| screen.contains(text)) {
                return screen;
            }
            assert!(Instant::now() < until, "{texts:?} never showed; the screen is:\n{screen}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Says yes to the question on the screen.
    #[track_caller]
    pub fn yes(&mut self) {
        self.shows(&[QUESTION, "y Act"]);
        self.answer("y");
    }

    /// Gives the reason and the word that the heavy question on the screen asks for.
    #[track_caller]
    pub fn agree(&mut self, reason: &str, word: &str) {
        self.shows(&[QUESTION, "reason", &format!("type {word}")]);
        self.press(reason);
        self.shows(&[reason]);
        self.press("\r");
        self.press(word);
        self.shows(&[&format!("{:<12}{word}", format!("type {word:<7}"))]);
        self.answer("\r");
    }

    /// A question that the terminal has only just got is not answered yet: it says so, and then a second answer is taken.
    #[track_caller]
    pub fn answer(&mut self, key: &str) {
        const EARLY: &str = "this question has just come up";
        self.press(key);
        let gone = |screen: &str| !screen.contains(QUESTION);
        if self.until(|screen| gone(screen) || screen.contains(EARLY)).contains(EARLY) {
            self.press(key);
            self.until(gone);
        }
    }

    /// Waits until this is true of the screen.
    #[track_caller]
    fn until(&self, over: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if over(&screen) {
                return screen;
            }
            assert!(Instant::now() < until, "nothing came of it; the screen is:\n{screen}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for the end of the program, and until all that it wrote was read.
    #[track_caller]
    pub fn ends(&mut self, limit: Duration) -> ExitStatus {
        let until = Instant::now() + limit;
        loop {
            let read = self.reader.as_ref().is_none_or(JoinHandle::is_finished);
            if let Some(status) = self.child.try_wait().unwrap().filter(|_| read) {
                return status;
            }
            assert!(Instant::now() < until, "it did not end within {limit:?}; the screen is:\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
