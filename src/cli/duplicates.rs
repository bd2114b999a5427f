//! `duplicates`: list, merge, undo.

use std::process::ExitCode;

use super::Failure;
use super::args::{Common, DuplicatesArgs, DuplicatesVerb};
use super::confirm::act;
use super::output::{self, or_dash};
use crate::database::Db;
use crate::operations::actions::{Action, plan};
use crate::operations::views;

pub async fn run(common: &Common, args: &DuplicatesArgs) -> Result<ExitCode, Failure> {
    let opened = super::open::open(common).await?;
    match args.verb {
        DuplicatesVerb::List { limit } => list(opened.db(), common, limit).await?,
        DuplicatesVerb::Merge { primary, duplicate, preview: true } => {
            let plan = plan(opened.db(), Action::Merge { primary, duplicate }).await?;
            if common.json { output::json(&plan)? } else { output::line(&plan.sentence)? }
        }
        DuplicatesVerb::Merge { primary, duplicate, preview: false } => {
            act(opened.db(), common, Action::Merge { primary, duplicate }, None).await?;
        }
        DuplicatesVerb::Undo { merge } => {
            act(opened.db(), common, Action::Unmerge { merge }, None).await?;
        }
    }
    opened.close().await?;
    Ok(ExitCode::SUCCESS)
}

async fn list(db: &Db, common: &Common, limit: i64) -> Result<(), Failure> {
    let pairs = views::duplicates(db, limit).await?;
    if common.json {
        return output::json(&pairs);
    }
    let row = |pair: &views::PairView| {
        let name = |name: &Option<String>| or_dash(name.clone());
        vec![
            pair.confidence.to_string(),
            pair.first_id.to_string(),
            pair.first_phone.clone(),
            name(&pair.first_name),
            pair.second_id.to_string(),
            pair.second_phone.clone(),
            name(&pair.second_name),
        ]
    };
    let rows: Vec<Vec<String>> = pairs.iter().map(row).collect();
    output::table(&["match", "first", "phone", "name", "second", "phone", "name"], &rows)
}
