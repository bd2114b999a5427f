//! `contacts`: list, show, set, retry, enrich, step, rescore.

use std::process::ExitCode;

use serde_json::{Map, Value};

use super::Failure;
use super::args::{Common, ContactsArgs, ContactsVerb};
use super::confirm::act;
use super::output::{self, or_dash};
use crate::contacts::contact::{self, ContactRow};
use crate::contacts::filter::Filter;
use crate::contacts::page::{Sort, Start, page};
use crate::database::Db;
use crate::operations::actions::{Action, Enrich, LookUp, OneStep};
use crate::settings::Settings;

pub async fn run(common: &Common, args: &ContactsArgs) -> Result<ExitCode, Failure> {
    let anchor = super::open::anchor(&super::open::settings(common)?);
    let filter = match &args.verb {
        ContactsVerb::List { filter, .. } => Filter::parse(filter, anchor)?,
        _ => Filter::all(),
    };
    let opened = super::open::open(common).await?;
    match &args.verb {
        ContactsVerb::List { limit, .. } => list(opened.db(), common, &filter, *limit).await?,
        ContactsVerb::Show { contact } => show(opened.db(), common, contact).await?,
        verb => {
            let (action, max_cost) = action(verb, &opened.settings)?;
            let action = action.dated(super::open::anchor(&opened.settings))?;
            act(opened.db(), common, action, max_cost).await?;
        }
    }
    opened.close().await?;
    Ok(ExitCode::SUCCESS)
}

/// The wish of a verb that writes.
fn action(verb: &ContactsVerb, settings: &Settings) -> Result<(Action, Option<f64>), Failure> {
    Ok(match verb {
        ContactsVerb::Set { contact, fields } => {
            let pair = |text: &String| {
                let (name, value) = text.split_once('=')?;
                Some((name.trim().to_owned(), Value::from(value)))
            };
            let wrong = || Failure::usage("write FIELD=VALUE, for example full_name='Jane Doe'");
            let fields = fields.iter().map(pair).collect::<Option<Map<_, _>>>().ok_or_else(wrong)?;
            (Action::SetContact { contact: *contact, fields }, None)
        }
        ContactsVerb::Retry { filter } => {
            let filter =
                if filter.trim().is_empty() { "status:failed".to_owned() } else { format!("({filter}) status:failed") };
            let packages = settings.provider("twilio").lookup.packages.join(",");
            let attempts = settings.jobs.lookup_attempts;
            (
                Action::LookUp(LookUp {
                    filter,
                    again: false,
                    packages,
                    attempts,
                    lane_limit: i64::try_from(settings.jobs.lane_limit).unwrap_or(i64::MAX),
                }),
                None,
            )
        }
        ContactsVerb::Enrich { which, again, max_cost } => {
            let filter = which.filter.clone().unwrap_or_default();
            (Action::Enrich(Enrich { filter, again: *again, checks_only: false }), *max_cost)
        }
        ContactsVerb::Step { contact, step, source, again, max_cost } => {
            let (step, source) = (step.clone(), source.clone());
            (Action::RunStep(OneStep { contact: *contact, step, source, again: *again }), *max_cost)
        }
        ContactsVerb::Rescore { which } => {
            let filter = which.filter.clone().unwrap_or_default();
            (Action::Enrich(Enrich { filter, again: false, checks_only: true }), None)
        }
        ContactsVerb::List { .. } | ContactsVerb::Show { .. } => return Err(Failure::usage("nothing to do")),
    })
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
