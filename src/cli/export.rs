//! `export`: what matches, streamed to a file or stdout.

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use serde_json::json;

use super::Failure;
use super::args::{Common, ExportArgs};
use super::output;
use crate::contacts::export::{ExportError, Format, export};
use crate::contacts::filter::Filter;

pub async fn run(common: &Common, args: &ExportArgs) -> Result<ExitCode, Failure> {
    let filter = Filter::parse(&args.filter, super::open::anchor(&super::open::settings(common)?))?;
    let format = match args.format.as_str() {
        "tsv" => Format::Tsv,
        "jsonl" => Format::Jsonl,
        _ => Format::Csv,
    };
    // As `import -` reads standard input.
    let out_file = args.out.as_ref().filter(|path| path.as_os_str() != "-");
    if common.json && out_file.is_none() {
        return Err(Failure::usage(
            "--json prints a report on stdout, where the rows would go: name a file with --out",
        ));
    }
    let opened = super::open::open(common).await?;
    let mut out: Box<dyn Write + Send> = match out_file {
        Some(path) => {
            Box::new(BufWriter::new(File::create(path).map_err(|e| {
                Failure::new(format!("{} can not be written ({e}); name another file", path.display()))
            })?))
        }
        None if std::io::stdout().is_terminal() => Box::new(BufWriter::new(output::InertLines::new(std::io::stdout()))),
        None => Box::new(BufWriter::new(std::io::stdout())),
    };
    let exported = export(opened.db(), &filter, format, &mut *out, &mut |_| {}).await;
    let written = out.flush();
    opened.close().await?;
    // Whoever reads has seen enough (`| head`).
    let left = |error: &std::io::Error| error.kind() == std::io::ErrorKind::BrokenPipe;
    if matches!(&exported, Err(ExportError::Write(error)) if left(error)) || written.as_ref().is_err_and(left) {
        return Ok(ExitCode::SUCCESS);
    }
    written?;
    let rows = exported?;
    if common.json {
        output::json(&json!({"exported": rows}))?;
    } else if out_file.is_some() {
        eprintln!("exported {rows} contacts");
    }
    Ok(ExitCode::SUCCESS)
}
