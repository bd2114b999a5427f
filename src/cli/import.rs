//! `import`: a file or standard input, with progress on a terminal and a report.

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::args::{Common, ImportArgs};
use super::confirm::ask_for;
use super::open::Opened;
use super::output::{self, thousands};
use crate::contacts::import::{ImportOptions, Progress, Source};
use crate::contacts::phone::Region;
use crate::database::Db;
use crate::operations::actions::{Actor, Each, ImportWish, run_import};
use crate::operations::imports::{self, Keeper, Note};
use crate::providers::twilio::Ask;

pub async fn run(common: &Common, args: &ImportArgs) -> Result<ExitCode, Failure> {
    let region: Region = args.region.parse()?;
    let map = args.map.iter().map(|pair| mapping(pair)).collect::<Result<Vec<_>, _>>()?;
    let rejects = args.rejects.as_deref().map(|path| Rejects::at(path, &args.file)).transpose()?;
    let stdin = args.file.as_os_str() == "-";
    let source = if stdin { Source::Stdin } else { Source::File(args.file.clone()) };
    let name = if stdin {
        "standard input".to_owned()
    } else {
        args.file.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned())
    };
    let opened = super::open::open(common).await?;
    if args.lookup {
        agree_on_cost(common, &opened, args).await?;
    }
    let options = ImportOptions {
        region,
        map,
        source_name: Some(name),
        dry_run: args.dry_run,
        rejects: rejects.map(|rejects| Box::new(rejects) as Box<dyn Write + Send>),
        stop: until_told()?,
        ..ImportOptions::default()
    };
    let mut kept = if stdin || args.dry_run { None } else { keep(opened.db(), args) };
    let lookups = args.lookup.then(|| super::lookup::limits(&opened.settings));
    let bar = progress_bar();
    let mut told = false;
    let mut draw = |p: Progress| {
        if let Some(kept) = &mut kept {
            kept.reached(p.report.read, p.part());
        }
        if p.waits_for_room && !std::mem::replace(&mut told, true) {
            bar.suspend(|| {
                eprintln!("lane twilio holds as many jobs as jobs.lane_limit allows: waiting until some are done")
            });
        }
        bar.set_length(p.bytes_total.unwrap_or(0));
        bar.set_position(p.bytes);
        bar.set_message(format!(
            "{} read, {} new",
            thousands(p.report.read as i64),
            thousands(p.report.inserted as i64)
        ));
    };
    let wish = ImportWish { source, options, lookups };
    let report = run_import(opened.db(), wish, &Actor::here("command line"), &mut draw).await;
    bar.finish_and_clear();
    if let Some(kept) = kept {
        match &report {
            Ok(report) => kept.end(report.words(), true),
            Err(error) => kept.end(error.to_string(), false),
        }
    }
    opened.close().await?;
    let report = report?;
    if common.json {
        output::json(&report)?;
    } else {
        let dry = if args.dry_run { " (nothing was written)" } else { "" };
        output::line(&format!(
            "read {}: {} new, {} there already, {} rejected, in {:.1} s{dry}",
            thousands(report.read as i64),
            thousands(report.inserted as i64),
            thousands(report.duplicates as i64),
            thousands(report.rejected as i64),
            report.seconds
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Cancelled by a signal: the batch under way is finished, and the audit log says how the import ended.
fn until_told() -> Result<CancellationToken, Failure> {
    let stop = CancellationToken::new();
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let (mut told, stop) = (signal(kind)?, stop.clone());
        tokio::spawn(async move {
            told.recv().await;
            stop.cancel();
        });
    }
    Ok(stop)
}

/// Consoles of this machine see it; where no note can be kept, it goes on unseen.
fn keep(db: &Db, args: &ImportArgs) -> Option<Keeper> {
    let absolute = |path: &Path| std::path::absolute(path).map(|path| path.to_string_lossy().into_owned()).ok();
    let note = Note {
        lookup: args.lookup,
        region: Some(args.region.clone()),
        map: args.map.iter().filter_map(|pair| mapping(pair).ok()).collect(),
        rejects: args.rejects.as_deref().and_then(absolute),
        ..Note::of(db, absolute(&args.file)?)
    };
    Keeper::begin(&imports::folder(), note).ok()
}

/// The rejects file, made with the first line that goes into it: an import that can't begin leaves an older one as it is.
struct Rejects {
    path: PathBuf,
    open: Option<BufWriter<File>>,
}

impl Rejects {
    /// Refuses the imported file itself, which would be emptied by it.
    fn at(path: &Path, imported: &Path) -> Result<Rejects, Failure> {
        let same = path.canonicalize().ok().zip(imported.canonicalize().ok()).is_some_and(|(a, b)| a == b);
        if same {
            let name = path.display();
            return Err(Failure::usage(format!("{name} is the file to import: name another one for its rejects")));
        }
        Ok(Rejects { path: path.to_owned(), open: None })
    }

    fn file(&mut self) -> std::io::Result<&mut BufWriter<File>> {
        let open = match self.open.take() {
            Some(open) => open,
            None => BufWriter::new(File::create(&self.path)?),
        };
        Ok(self.open.insert(open))
    }
}

impl Write for Rejects {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file()?.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.open.as_mut().map_or(Ok(()), Write::flush)
    }
}

fn mapping(pair: &str) -> Result<(String, String), Failure> {
    let split = pair.rsplit_once('=').filter(|(column, field)| !column.is_empty() && !field.is_empty());
    let (column, field) = split.ok_or_else(|| {
        Failure::usage(format!("--map {pair} can not be read: write COLUMN=field, for example Mobile=phone"))
    })?;
    Ok((column.to_owned(), field.to_owned()))
}

/// Lookups cost money: a script gets the price of one as a line, a person is asked, `--max-cost` is held against the sum.
async fn agree_on_cost(common: &Common, opened: &Opened, args: &ImportArgs) -> Result<(), Failure> {
    let ask = Ask::parse(&opened.settings.provider("twilio").lookup.packages.join(",")).map_err(Failure::new)?;
    let each = Each::load(opened.db(), &ask).await?;
    let stdin = args.file.as_os_str() == "-";
    if stdin && args.max_cost.is_some() {
        return Err(Failure::usage("--max-cost needs a file that can be read twice: name one instead of -"));
    }
    let asks = !common.yes && !stdin && std::io::stdin().is_terminal();
    if args.max_cost.is_none() && !asks {
        eprintln!(
            "A thousand lookups come {}; `import` without --lookup, then `lookup --all`, shows the sum first.",
            each.words(1000)
        );
        return Ok(());
    }
    let new = rehearse(opened, args).await?;
    let new = i64::try_from(new).unwrap_or(i64::MAX);
    let cost = each.usd(new);
    if let Some(limit) = args.max_cost.filter(|limit| cost > *limit) {
        return Err(Failure::new(format!(
            "nothing was imported: looking {new} contacts up is estimated at ${cost:.2}, above --max-cost {limit}"
        )));
    }
    eprintln!("Look up {new} new contacts {}.", each.words(new));
    if asks && new > 0 && ask_for(&format!("Type {new} to go on: "))? != new.to_string() {
        return Err(Failure::new(format!("nothing was imported: type {new} to go on")));
    }
    Ok(())
}

/// New contacts that the file holds; nothing is written.
async fn rehearse(opened: &Opened, args: &ImportArgs) -> Result<u64, Failure> {
    let map = args.map.iter().map(|pair| mapping(pair)).collect::<Result<Vec<_>, _>>()?;
    let options = ImportOptions { region: args.region.parse()?, map, dry_run: true, ..ImportOptions::default() };
    let wish = ImportWish { source: Source::File(args.file.clone()), options, lookups: None };
    Ok(run_import(opened.db(), wish, &Actor::here("command line"), &mut |_| {}).await?.inserted)
}

/// Drawn on stderr, and only when that is a terminal.
fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {msg} {eta}") {
        bar.set_style(style);
    }
    bar
}
