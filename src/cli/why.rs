//! `why contact|job|lane ID`: the chain of causes down to the root.

use std::process::ExitCode;

use super::Failure;
use super::args::{Common, WhyArgs};
use super::output;
use crate::operations::why::{Subject, why};

pub async fn run(common: &Common, args: &WhyArgs) -> Result<ExitCode, Failure> {
    let number = || args.id.parse::<i64>().map_err(|_| Failure::usage(format!("{} is no number", args.id)));
    let subject = match args.what.as_str() {
        "contact" => Subject::Contact(args.id.clone()),
        "job" => Subject::Job(number()?),
        _ => Subject::Lane(args.id.clone()),
    };
    let opened = super::open::open(common).await?;
    let chain = why(opened.db(), &subject).await?;
    opened.close().await?;
    if common.json {
        output::json(&chain)?;
        return Ok(ExitCode::SUCCESS);
    }
    for (depth, link) in chain.iter().enumerate() {
        output::line(&format!("{}{}", "  ".repeat(depth), link.text()))?;
    }
    Ok(ExitCode::SUCCESS)
}
