//! `export`: what matches, streamed to a file or stdout.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::ExitCode;

use chrono::Utc;
use serde_json::json;

use super::Failure;
use super::args::{Common, ExportArgs};
use super::output;
use crate::contacts::export::{Format, export};
use crate::contacts::filter::Filter;

pub async fn run(common: &Common, args: &ExportArgs) -> Result<ExitCode, Failure> {
    let filter = Filter::parse(&args.filter, Utc::now())?;
    let format = match args.format.as_str() {
        "tsv" => Format::Tsv,
        "jsonl" => Format::Jsonl,
        _ => Format::Csv,
    };
    if common.json && args.out.is_none() {
        return Err(Failure::usage(
            "--json prints a report on stdout, where the rows would go: name a file with --out",
        ));
    }
    let opened = super::open::open(common).await?;
    let mut out: Box<dyn Write + Send> =
        match &args.out {
            Some(path) => Box::new(BufWriter::new(File::create(path).map_err(|e| {
                Failure::new(format!("{} can not be written ({e}); name another file", path.display()))
            })?)),
            None => Box::new(BufWriter::new(std::io::stdout())),
        };
    let rows = export(opened.db(), &filter, format, &mut *out, &mut |_| {}).await?;
    out.flush()?;
    opened.close().await?;
    if common.json {
        output::json(&json!({"exported": rows}))?;
    } else if args.out.is_some() {
        eprintln!("exported {rows} contacts");
    }
    Ok(ExitCode::SUCCESS)
}
