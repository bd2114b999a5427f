//! `redact`: standard input to standard output through the log's redactor, line by line as they come.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::ExitCode;

use clap::Args;

use super::Failure;
use super::args::Common;
use crate::telemetry::redact::{Lines, MAX_TEXT};
use crate::telemetry::{Level, Redactor};

/// Read and written at a time, in bytes.
const CHUNK: usize = 256 * 1024;
/// So much of a line is read; the redactor cuts it before that and says so.
const LINE_BYTES_MAX: u64 = 4 * MAX_TEXT as u64;

/// Options of `redact`.
#[derive(Debug, Clone, Args)]
pub struct RedactArgs {
    /// Mask e-mail addresses and phone numbers, too.
    #[arg(long)]
    pub pii: bool,
}

pub fn run(common: &Common, args: &RedactArgs) -> Result<ExitCode, Failure> {
    let level = if args.pii { Level::SecretsAndPeople } else { Level::Secrets };
    // What the settings give is hidden exactly; broken settings must not keep anybody from redacting a log.
    let _ = super::open::settings(common);
    let redactor = common.redactor.current();
    let (input, output) = (std::io::stdin().lock(), std::io::stdout().lock());
    match stream(&redactor, level, input, output) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Lines keep their ends; what is no UTF-8 is made so. Nothing is held back once a line is whole and no more has come.
pub fn stream(redactor: &Redactor, level: Level, input: impl Read, output: impl Write) -> std::io::Result<()> {
    let mut lines = Lines::new(redactor, level);
    let mut input = BufReader::with_capacity(CHUNK, input);
    let mut output = std::io::BufWriter::with_capacity(CHUNK, output);
    let mut line = Vec::new();
    loop {
        if input.buffer().is_empty() {
            output.flush()?;
        }
        line.clear();
        if (&mut input).take(LINE_BYTES_MAX).read_until(b'\n', &mut line)? == 0 {
            return output.flush();
        }
        let ended = line.last() == Some(&b'\n');
        let text = String::from_utf8_lossy(&line[..line.len() - usize::from(ended)]);
        let (text, cr) = text.strip_suffix('\r').map_or((&*text, ""), |text| (text, "\r"));
        if let Some(clean) = lines.next(text) {
            output.write_all(clean.as_bytes())?;
            output.write_all(cr.as_bytes())?;
            output.write_all(if ended { b"\n" } else { b"" })?;
        }
    }
}
