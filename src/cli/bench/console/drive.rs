//! Pressing keys and waiting for their answers.

use std::time::{Duration, Instant};

use rand::RngExt;

use super::super::super::Failure;
use super::super::super::evidence::process;
use super::super::figure::{Figure, percentile};
use super::super::told;
use super::pty::{Line, Pty, Started};

/// Longest time that an answer is waited for.
const LIMIT: Duration = Duration::from_secs(20);
/// A key is pressed this long after the answer to the one before, at random: no frame cadence may hide behind it.
const PAUSE_MS: std::ops::Range<u64> = 40..140;

/// A key, and what the screen shows when it was answered; empty = any byte.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    press: &'static str,
    shows: &'static str,
}

impl Key {
    /// A key and the text that its answer brings.
    pub const fn new(press: &'static str, shows: &'static str) -> Key {
        Key { press, shows }
    }
}

/// What was measured of one run.
#[derive(Debug)]
pub struct Measured {
    name: &'static str,
    /// What was driven, in words.
    pub what: String,
    begun: Instant,
    first_frame_ms: f64,
    first_data_ms: Option<f64>,
    key_ms: Vec<f64>,
    first_byte_ms: Vec<f64>,
    key_bytes: Vec<f64>,
    move_bytes: Vec<f64>,
    /// From the commit of another process to the screen.
    seen_ms: Vec<f64>,
    quiet: Option<Quiet>,
    memory: Option<u64>,
}

#[derive(Debug)]
struct Quiet {
    bytes_per_s: f64,
    cpu: Option<f64>,
    cpu_first_thread: Option<f64>,
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

impl Measured {
    /// Waits for the first frame, and for the first with data.
    pub fn begin(name: &'static str, what: String, pty: &Pty, data: &str) -> Result<Measured, Failure> {
        let shows = |text: &str| -> Result<f64, Failure> {
            let arrived =
                pty.until(LIMIT, |seen| seen.first.is_some() && seen.parser.screen().contents().contains(text));
            if arrived {
                Ok(ms(pty.started.elapsed()))
            } else {
                Err(Failure::new(format!("{name}: no frame came; the screen is:\n{}", pty.screen())))
            }
        };
        if !pty.until(LIMIT, |seen| !seen.parser.screen().contents().trim().is_empty()) {
            return Err(Failure::new(format!("{name}: the program drew nothing within {} s", LIMIT.as_secs())));
        }
        let first_frame_ms = ms(pty.started.elapsed());
        let first_data_ms = if data.is_empty() { None } else { Some(shows(data)?) };
        Ok(Measured {
            name,
            what,
            begun: Instant::now(),
            first_frame_ms,
            first_data_ms,
            key_ms: Vec::new(),
            first_byte_ms: Vec::new(),
            key_bytes: Vec::new(),
            move_bytes: Vec::new(),
            seen_ms: Vec::new(),
            quiet: None,
            memory: None,
        })
    }

    /// How long it has been measured.
    pub fn lasted(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Presses nothing for a while and counts.
    pub fn quiet(&mut self, pty: &mut Pty, seconds: Duration) -> Result<(), Failure> {
        // Whatever the start still brings: nodes, a leader, the first samples.
        told::pause(Duration::from_secs(10))?;
        let now = |pty: &Pty| (pty.look(|s| s.bytes), process::time(pty.pid(), false), process::time(pty.pid(), true));
        let (before, begun) = (now(pty), Instant::now());
        told::pause(seconds)?;
        let (after, lasted) = (now(pty), begun.elapsed().as_secs_f64());
        let cpu =
            |a: Option<Duration>, b: Option<Duration>| Some((b?.saturating_sub(a?)).as_secs_f64() / lasted * 100.0);
        self.quiet = Some(Quiet {
            bytes_per_s: (after.0 - before.0) as f64 / lasted,
            cpu: cpu(before.1, after.1),
            cpu_first_thread: cpu(before.2, after.2),
        });
        Ok(())
    }

    /// Presses keys in turns and waits for each answer.
    pub fn keys(&mut self, pty: &mut Pty, keys: &[Key], times: u32) -> Result<(), Failure> {
        for key in keys.iter().cycle().take(times as usize) {
            told::pause(Duration::from_millis(rand::rng().random_range(PAUSE_MS)))?;
            let before = pty.look(|seen| seen.bytes);
            let pressed = pty.press(key.press);
            let answered = pty.until(LIMIT, |seen| {
                let shown = key.shows.is_empty() || seen.parser.screen().contents().contains(key.shows);
                seen.bytes > before && shown
            });
            if !answered {
                return Err(Failure::new(format!(
                    "{}: {} was not answered; the screen is:\n{}",
                    self.name,
                    key.press,
                    pty.screen()
                )));
            }
            let (last, frame) = pty.look(|seen| (seen.last, seen.frame));
            self.key_ms.push(ms(last.saturating_duration_since(pressed)));
            self.first_byte_ms.push(ms(if frame > pressed {
                frame.duration_since(pressed)
            } else {
                last.saturating_duration_since(pressed)
            }));
            self.key_bytes.push((pty.look(|seen| seen.bytes) - before) as f64);
        }
        Ok(())
    }

    /// Waits on a screen until it shows what another process has just committed; nobody presses anything meanwhile.
    pub fn seen(&mut self, pty: &Pty, screen: &str, text: &str) -> Result<(), Failure> {
        let begun = Instant::now();
        pty.press(screen);
        if !pty.until(LIMIT, |seen| seen.parser.screen().contents().contains(text)) {
            return Err(Failure::new(format!(
                "{}: {text} was never seen; the screen is:\n{}",
                self.name,
                pty.screen()
            )));
        }
        self.seen_ms.push(ms(begun.elapsed()));
        Ok(())
    }

    /// Moves through a list and counts the bytes of each step.
    pub fn moves(&mut self, pty: &mut Pty, screen: &str, shows: &str, times: u32) -> Result<(), Failure> {
        pty.press(screen);
        pty.until(LIMIT, |seen| seen.parser.screen().contents().contains(shows));
        told::pause(Duration::from_millis(500))?;
        for _ in 0..times {
            let before = pty.look(|seen| seen.bytes);
            pty.press("j");
            told::pause(Duration::from_millis(100))?;
            self.move_bytes.push((pty.look(|seen| seen.bytes) - before) as f64);
        }
        Ok(())
    }

    /// Ends the program.
    pub fn end(mut self, pty: Pty) -> Result<Measured, Failure> {
        self.memory = process::memory(pty.pid());
        pty.press("\x03");
        std::thread::sleep(Duration::from_millis(500));
        pty.press("\x03");
        pty.end(Duration::from_secs(10));
        Ok(self)
    }

    /// What it was, in a line.
    pub fn says(&self) -> String {
        format!("{}: {}", self.name, self.what)
    }

    /// The figures of this run beside those of a bare echo on the same kind of terminal.
    pub fn figures(&self, echo: &[f64]) -> Vec<Figure> {
        let [idle, slow, busy] = [self.name == "idle", self.name == "slow link", self.name == "busy"];
        let pick = |ours: [&'static str; 3], other: &'static str| match (idle, slow, busy) {
            (true, ..) => ours[0],
            (_, true, _) => ours[1],
            (.., true) => ours[2],
            _ => other,
        };
        let none: (&'static str, &[f64]) = ("-", &[]);
        let mut all = Vec::new();
        let echo_at = |part: f64| [percentile(echo, part)];
        let mut keyed = |names: [&'static str; 4], values: &[f64], part: f64| {
            if !values.is_empty() {
                let name = pick([names[0], names[1], names[2]], names[3]);
                all.push(Figure::new(
                    name,
                    "ms",
                    &[percentile(values, part)],
                    ("a bare echo (cat) of a pseudo-terminal", &echo_at(part)),
                ));
            }
        };
        keyed(["key_idle_p50", "key_slow_p50", "key_busy_p50", "key_p50"], &self.key_ms, 0.5);
        keyed(["key_idle_p99", "key_slow_p99", "key_busy_p99", "key_p99"], &self.key_ms, 0.99);
        if slow {
            all.push(Figure::new("first_byte_slow_p95", "ms", &[percentile(&self.first_byte_ms, 0.95)], none));
            return all;
        }
        all.push(Figure::new(
            pick(["first_frame", "", "first_frame_busy"], "first_frame"),
            "ms",
            &[self.first_frame_ms],
            none,
        ));
        if let Some(data) = self.first_data_ms {
            all.push(Figure::new(pick(["first_data", "", "first_data_busy"], "first_data"), "ms", &[data], none));
        }
        if let Some(quiet) = &self.quiet {
            let bytes = pick(["bytes_idle", "", "bytes_busy"], "bytes_idle");
            all.push(Figure::new(bytes, "bytes/s", &[quiet.bytes_per_s], none));
            let cpu = pick(["cpu_idle", "", "cpu_busy_with_pool"], "cpu_idle");
            all.extend(quiet.cpu.map(|cpu_used| Figure::new(cpu, "% of a core", &[cpu_used], none)));
            let own = quiet.cpu_first_thread.filter(|_| busy);
            all.extend(own.map(|used| Figure::new("cpu_busy_console_thread", "% of a core", &[used], none)));
        }
        let per_key = pick(["bytes_key_other_screen", "", "bytes_key_busy"], "bytes_key");
        all.push(Figure::new(per_key, "bytes", &self.key_bytes, none));
        if !self.move_bytes.is_empty() {
            all.push(Figure::new("bytes_key_one_row", "bytes", &self.move_bytes, none));
        }
        if let Some(slowest) = self.seen_ms.iter().copied().reduce(f64::max) {
            all.push(Figure::new("change_seen_max", "ms", &[slowest], none));
        }
        let memory = pick(["memory_idle", "", "memory_busy"], "memory");
        all.extend(self.memory.map(|bytes| Figure::new(memory, "MB", &[bytes as f64 / 1e6], none)));
        all
    }
}

/// Key to screen of `cat`: what the pseudo-terminal and this driver cost by themselves.
pub fn echo(times: u32) -> Result<Vec<f64>, Failure> {
    let pty = Pty::start(&Started::new("cat", &[]), (80, 24), Line::DIRECT)?;
    let mut taken = Vec::new();
    for _ in 0..times {
        told::pause(Duration::from_millis(rand::rng().random_range(5..20)))?;
        let before = pty.look(|seen| seen.bytes);
        let pressed = pty.press("j");
        if pty.until(LIMIT, |seen| seen.bytes > before) {
            taken.push(ms(pty.look(|seen| seen.last).saturating_duration_since(pressed)));
        }
    }
    pty.press("\x04");
    pty.end(Duration::from_secs(1));
    Ok(taken)
}
