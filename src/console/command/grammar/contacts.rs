//! Words of contacts, duplicates, lookups and files.

use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use super::super::Command;
use crate::console::effect::Import as File;
use crate::console::model::Reading;
use crate::operations::actions::{Action, Enrich, OneStep};

#[derive(Debug, Subcommand)]
pub(super) enum Contacts {
    Show {
        contact: i64,
    },
    List {
        #[arg(long, default_value = "")]
        filter: String,
    },
    Set {
        contact: i64,
        #[arg(required = true)]
        fields: Vec<String>,
    },
    Retry {
        #[arg(long, default_value = "")]
        filter: String,
    },
    Enrich {
        #[command(flatten)]
        which: Which,
        #[arg(long)]
        again: bool,
    },
    Step {
        contact: i64,
        step: String,
        #[arg(long)]
        source: Option<String>,
        #[arg(long)]
        again: bool,
    },
    Rescore(Which),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false, id = "which")]
pub(super) struct Which {
    #[arg(long)]
    all: bool,
    #[arg(long)]
    filter: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct LookUp {
    #[command(flatten)]
    which: Which,
    #[arg(long)]
    again: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Duplicates {
    List,
    Merge {
        primary: i64,
        duplicate: i64,
        #[arg(long)]
        preview: bool,
    },
    Undo {
        merge: i64,
    },
}

#[derive(Debug, Args)]
pub(super) struct Import {
    file: String,
    #[arg(long)]
    lookup: bool,
    #[arg(long)]
    dry_run: bool,
    #[arg(long)]
    region: Option<String>,
    #[arg(long = "map")]
    map: Vec<String>,
    #[arg(long)]
    rejects: Option<String>,
    #[arg(long, short = 'y')]
    yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    file: Option<String>,
    #[arg(long, default_value = "")]
    filter: String,
    #[arg(long, value_parser = ["csv", "tsv", "jsonl"])]
    format: Option<String>,
    #[arg(long, conflicts_with = "file")]
    out: Option<String>,
}

pub(super) fn contacts(verb: Contacts) -> Result<Command, String> {
    let enrich = |filter: Option<String>, again, checks_only| {
        Command::Act(Action::Enrich(Enrich { filter: filter.unwrap_or_default(), again, checks_only }))
    };
    Ok(match verb {
        Contacts::Show { contact } => Command::Contact(contact),
        Contacts::List { filter } => Command::Contacts(filter),
        Contacts::Set { contact, fields } => Command::Act(Action::SetContact { contact, fields: pairs(&fields)? }),
        Contacts::Retry { filter } if filter.trim().is_empty() => {
            Command::LookUp { filter: "status:failed".into(), again: false }
        }
        Contacts::Retry { filter } => Command::LookUp { filter: format!("({filter}) status:failed"), again: false },
        Contacts::Enrich { which, again } => enrich(which.filter, again, false),
        Contacts::Step { contact, step, source, again } => {
            Command::Act(Action::RunStep(OneStep { contact, step, source, again }))
        }
        Contacts::Rescore(which) => enrich(which.filter, false, true),
    })
}

/// `FIELD=VALUE` of each; an empty value empties the field.
pub(crate) fn pairs(fields: &[String]) -> Result<Map<String, Value>, String> {
    let pair = |text: &String| {
        let (name, value) = text.split_once('=')?;
        Some((name.trim().to_owned(), Value::from(value)))
    };
    let read: Option<Map<String, Value>> = fields.iter().map(pair).collect();
    read.filter(|read| !read.is_empty()).ok_or_else(|| "write FIELD=VALUE, for example full_name='Jane Doe'".to_owned())
}

pub(super) fn duplicates(verb: Duplicates) -> Command {
    match verb {
        Duplicates::List => Command::Read(Reading::Duplicates),
        Duplicates::Merge { primary, duplicate, preview: true } => Command::Read(Reading::Merge { primary, duplicate }),
        Duplicates::Merge { primary, duplicate, .. } => Command::Act(Action::Merge { primary, duplicate }),
        Duplicates::Undo { merge } => Command::Act(Action::Unmerge { merge }),
    }
}

pub(super) fn look_up(wish: LookUp) -> Command {
    Command::LookUp { filter: wish.which.filter.unwrap_or_default(), again: wish.again }
}

pub(super) fn import(wish: Import) -> Result<Command, String> {
    let pair = |text: &String| match text.rsplit_once('=') {
        Some((column, field)) if !column.is_empty() && !field.is_empty() => Ok((column.to_owned(), field.to_owned())),
        _ => Err(format!("--map {text} can not be read: write COLUMN=field, for example Mobile=phone")),
    };
    let map = wish.map.iter().map(pair).collect::<Result<Vec<_>, _>>()?;
    let Import { file, lookup, region, rejects, .. } = wish;
    let file = File { path: file, lookup, region, map, rejects, packages: String::new() };
    // What costs money is looked at first.
    let agreed = !wish.dry_run && (wish.yes || !lookup);
    Ok(Command::Import { file, agreed })
}

pub(super) fn export(wish: Export) -> Result<Command, String> {
    let named = wish.file.or(wish.out).ok_or("name the file: export contacts.csv")?;
    let ending = Path::new(&named).extension().is_some();
    let path = match wish.format {
        Some(format) if !named.ends_with(&format!(".{format}")) && ending => {
            return Err(format!("{named} does not end in .{format}: the end of the name says the format"));
        }
        Some(format) if !ending => format!("{named}.{format}"),
        _ => named,
    };
    Ok(Command::Export { path, filter: wish.filter })
}
