//! `contacts`: list, show.

use std::process::ExitCode;

use super::Failure;
use super::args::{Common, ContactsArgs, ContactsVerb};
use super::output::{self, or_dash};
use crate::contacts::contact::{self, ContactRow};
use crate::contacts::filter::Filter;
use crate::contacts::page::{Sort, Start, page};
use crate::database::Db;

pub async fn run(common: &Common, args: &ContactsArgs) -> Result<ExitCode, Failure> {
    let anchor = super::open::anchor(&super::open::settings(common)?);
    let filter = match &args.verb {
        ContactsVerb::List { filter, .. } => Filter::parse(filter, anchor)?,
        ContactsVerb::Show { .. } => Filter::all(),
    };
    let opened = super::open::open(common).await?;
    match &args.verb {
        ContactsVerb::List { limit, .. } => list(opened.db(), common, &filter, *limit).await?,
        ContactsVerb::Show { contact } => show(opened.db(), common, contact).await?,
    }
    opened.close().await?;
    Ok(ExitCode::SUCCESS)
}

async fn list(db: &Db, common: &Common, filter: &Filter, limit: i64) -> Result<(), Failure> {
    let found = page(db, filter, Sort::default(), Start::default(), limit).await?;
    if common.json {
        return output::json(&found.rows);
    }
    table(&found.rows)
}

/// Contacts as a table for people.
pub(super) fn table(contacts: &[ContactRow]) -> Result<(), Failure> {
    let rows: Vec<Vec<String>> = contacts
        .iter()
        .map(|c| {
            vec![
                c.id.to_string(),
                c.phone_e164.clone(),
                c.status.clone(),
                or_dash(c.line_type.clone()),
                or_dash(c.carrier_name.clone()),
                or_dash(c.full_name.clone()),
                or_dash(c.business_name.clone()),
                c.quality_score.to_string(),
                or_dash(c.error_kind.clone()),
            ]
        })
        .collect();
    output::table(&["id", "phone", "status", "line", "carrier", "name", "company", "quality", "error"], &rows)
}

async fn show(db: &Db, common: &Common, which: &str) -> Result<(), Failure> {
    let Some(detail) = contact::show(db, which).await? else {
        return Err(Failure::new(format!(
            "there is no contact {which}: name its id, or its number in E.164 such as +14155550123"
        )));
    };
    if common.json {
        return output::json(&detail.to_json());
    }
    let known = detail.fields.iter().filter(|(_, value)| !value.is_null());
    let rows: Vec<Vec<String>> = known
        .map(|(name, value)| vec![(*name).to_owned(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)])
        .collect();
    output::table(&["field", "value"], &rows)?;
    for step in &detail.steps {
        output::line(&format!("step {step}"))?;
    }
    Ok(())
}
