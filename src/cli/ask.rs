//! `ask`: a question in plain words, shown as a filter before it runs; or a question about contacts.

use std::io::IsTerminal;
use std::process::ExitCode;

use serde_json::json;

use super::args::{AskArgs, Common};
use super::confirm::ask_for;
use super::output::{self, or_dash, thousands};
use super::{Failure, contacts, crew, models};
use crate::ask::about::{AboutQuestion, CONTACTS_MAX};
use crate::ask::eval::{self, Pair, Score};
use crate::contacts::filter::{Filter, schema};
use crate::operations::ask::{AskDesk, BUILT_IN, Proposal};
use crate::vault::KeySource;

pub async fn run(common: &Common, args: &AskArgs) -> Result<ExitCode, Failure> {
    if args.schema {
        return schema_text(common);
    }
    let asks = args.history || args.saved || args.forget.is_some() || args.eval.is_some();
    let question = args.question.join(" ");
    if question.trim().is_empty() && !asks {
        return Err(Failure::usage(
            "ask what? For example: switchboard ask \"failed mobile numbers in Texas since yesterday\"",
        ));
    }
    let opened = super::open::open(common).await?;
    let here = crew::credentials(common, &opened.settings);
    let keys = KeySource::here(opened.settings.master_key.clone());
    let desk = models::ask_desk_with(opened.db(), &opened.settings, &here, keys).await?;
    let result = dispatch(common, args, &desk, &question).await;
    opened.close().await?;
    result
}

async fn dispatch(common: &Common, args: &AskArgs, desk: &AskDesk, question: &str) -> Result<ExitCode, Failure> {
    if args.history {
        return history(common, desk).await;
    }
    if args.saved {
        return saved(common, desk).await;
    }
    if let Some(name) = &args.forget {
        return match desk.forget(name).await? {
            true => Ok(ExitCode::SUCCESS),
            false => Err(Failure::new(format!("nothing is saved as {name}: `switchboard ask --saved` lists what is"))),
        };
    }
    if let Some(file) = &args.eval {
        return evaluate(common, args, desk, file).await;
    }
    match &args.about {
        Some(filter) => about(common, args, desk, filter, question).await,
        None => filter(common, args, desk, question).await,
    }
}

fn schema_text(common: &Common) -> Result<ExitCode, Failure> {
    if common.json {
        output::json(&schema())?
    } else {
        output::line(&format!("{:#}", schema()))?
    }
    Ok(ExitCode::SUCCESS)
}

/// A filter: shown, edited where a person can answer, and run.
async fn filter(common: &Common, args: &AskArgs, desk: &AskDesk, question: &str) -> Result<ExitCode, Failure> {
    let mut proposal = desk.propose(question, args.built_in).await?;
    if args.dry_run {
        keep(args, desk, question, &proposal).await?;
        if common.json {
            output::json(&proposal)?
        } else {
            show(&proposal)?
        }
        return Ok(ExitCode::SUCCESS);
    }
    let interactive = !common.json && !common.yes && std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if !common.json {
        show(&proposal)?;
    }
    if interactive {
        match edit(desk, proposal).await? {
            Some(edited) => proposal = edited,
            None => return Ok(ExitCode::SUCCESS),
        }
    }
    keep(args, desk, question, &proposal).await?;
    if !proposal.not_understood.is_empty() {
        if common.json {
            output::json(&proposal)?;
        }
        let left = proposal.not_understood.join("\", \"");
        return Err(Failure::new(format!(
            "nothing was run, since this was not understood: \"{left}\"; say it differently, or give the filter to \
             `switchboard contacts list --filter`"
        )));
    }
    let found = desk.run(&proposal.query).await?;
    if common.json {
        let mut value = serde_json::to_value(&proposal)?;
        value["rows"] = serde_json::to_value(&found.rows)?;
        output::json(&value)?;
    } else {
        contacts::table(&found.rows)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Lets a person change the filter until it is run; none if it is not to be.
async fn edit(desk: &AskDesk, mut proposal: Proposal) -> Result<Option<Proposal>, Failure> {
    loop {
        let typed = ask_for("Enter runs it, another filter replaces it, q leaves: ")?;
        match typed.as_str() {
            "" if proposal.not_understood.is_empty() => return Ok(Some(proposal)),
            "" => eprintln!("a part is not understood: type the filter"),
            "q" => return Ok(None),
            text => match desk.propose_filter(text).await? {
                Ok(edited) => {
                    proposal = edited;
                    show(&proposal)?;
                }
                Err(error) => eprintln!("{error}"),
            },
        }
    }
}

/// What would run, for people.
fn show(proposal: &Proposal) -> Result<(), Failure> {
    let more = &proposal.more;
    let source = more.model.as_deref().unwrap_or(BUILT_IN);
    let cost = if more.cost > 0.0 { format!(", ${:.6}", more.cost) } else { String::new() };
    let rows = match proposal.estimated_rows {
        Some(rows) => format!("{}{}", if more.exact { "" } else { "about " }, thousands(rows)),
        None => "-".to_owned(),
    };
    let mut table = vec![
        vec!["filter".to_owned(), proposal.filter.clone()],
        vec!["in words".to_owned(), more.words.clone()],
        vec!["contacts".to_owned(), rows],
        vec!["by".to_owned(), format!("{source}{cost}")],
        vec!["sql".to_owned(), proposal.sql.clone()],
        vec!["parameters".to_owned(), json!(proposal.params).to_string()],
    ];
    table.extend(proposal.not_understood.iter().map(|part| vec!["not understood".to_owned(), part.clone()]));
    table.extend(more.notes.iter().map(|note| vec!["note".to_owned(), note.clone()]));
    output::table(&["what", "is"], &table)
}

async fn keep(args: &AskArgs, desk: &AskDesk, question: &str, proposal: &Proposal) -> Result<(), Failure> {
    let Some(name) = &args.save else { return Ok(()) };
    if !proposal.not_understood.is_empty() {
        return Err(Failure::new(
            "nothing was saved, since a part of the question was not understood: say it differently",
        ));
    }
    if !desk.save(name, Some(question), &proposal.filter).await? {
        return Err(Failure::usage(format!("{name} can be no name: use letters, digits, _ and -, at most 40")));
    }
    Ok(())
}

/// A question about contacts.
async fn about(
    common: &Common,
    args: &AskArgs,
    desk: &AskDesk,
    filter: &str,
    question: &str,
) -> Result<ExitCode, Failure> {
    let filter = Filter::parse(filter, desk.anchor())?;
    let asked = AboutQuestion { question: question.to_owned(), filter, ids: Vec::new(), allow_people: args.allow_pii };
    let request = desk.about_request(&asked).await?;
    if request.contacts == 0 {
        return Err(Failure::new("no contact matches, so nobody was asked: widen the filter"));
    }
    if args.dry_run {
        if common.json {
            output::json(&json!({ "contacts": request.contacts, "sent": request.sent() }))?;
        } else {
            output::line(&request.sent())?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let answer = desk.about(&asked, &request).await?.map_err(Failure::new)?;
    if common.json {
        output::json(&answer)?;
    } else {
        answer.lines.iter().try_for_each(|line| output::line(line))?;
        let most = if answer.contacts as i64 == CONTACTS_MAX { " (the most that are sent)" } else { "" };
        let (model, cost, contacts) = (&answer.model, answer.cost as f64 / 1e6, answer.contacts);
        eprintln!("by {model}, ${cost:.6}, about {contacts} contacts{most}; --dry-run shows what is sent");
    }
    Ok(if answer.answered { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn history(common: &Common, desk: &AskDesk) -> Result<ExitCode, Failure> {
    let asked = desk.history(100).await?;
    if common.json {
        output::json(&asked)?;
        return Ok(ExitCode::SUCCESS);
    }
    let time = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M:%SZ").to_string();
    let mark = |understood: bool| if understood { "" } else { "not in full" }.to_owned();
    let rows = asked.iter().map(|a| {
        vec![time(a.at), a.mode.clone(), a.source.clone(), a.question.clone(), a.filter.clone(), mark(a.understood)]
    });
    output::table(&["at", "mode", "by", "question", "filter", "understood"], &rows.collect::<Vec<_>>())?;
    Ok(ExitCode::SUCCESS)
}

async fn saved(common: &Common, desk: &AskDesk) -> Result<ExitCode, Failure> {
    let saved = desk.saved().await?;
    if common.json {
        output::json(&saved)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows = saved.iter().map(|s| vec![format!("@{}", s.name), s.filter.clone(), or_dash(s.question.clone())]);
    output::table(&["name", "filter", "question"], &rows.collect::<Vec<_>>())?;
    Ok(ExitCode::SUCCESS)
}

async fn evaluate(
    common: &Common,
    args: &AskArgs,
    desk: &AskDesk,
    file: &std::path::Path,
) -> Result<ExitCode, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::new(format!("{} can not be read ({error}): name a file of JSON lines", file.display()))
    })?;
    let pairs: Vec<Pair> = eval::pairs(&text).map_err(|error| {
        Failure::new(format!("{}: {error}; a line is {{\"question\":…,\"filter\":…}}", file.display()))
    })?;
    let mut scores = vec![(BUILT_IN, desk.evaluate(&pairs, true).await?)];
    if desk.has_models() && !args.built_in {
        eprintln!("{} questions go to the configured model", thousands(pairs.len() as i64));
        scores.push(("model", desk.evaluate(&pairs, false).await?));
    }
    if common.json {
        let all = scores.iter().map(|(source, score)| {
            let mut value = serde_json::to_value(score).unwrap_or_default();
            value["source"] = (*source).into();
            value
        });
        output::json(&json!({ "results": all.collect::<Vec<_>>() }))?;
        return Ok(ExitCode::SUCCESS);
    }
    for (source, score) in &scores {
        told(source, score)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn told(source: &str, score: &Score) -> Result<(), Failure> {
    output::line(&format!(
        "{source}: {} pairs, {} exact, {} with the same rows, {} wrong with nothing said",
        score.pairs, score.exact, score.result_set, score.silently_wrong
    ))?;
    if score.not_asked > 0 {
        let words = "could not be put to a model: the built-in translator answered them";
        output::line(&format!("{source}: {} of them {words}", score.not_asked))?;
    }
    if score.misses.is_empty() {
        return Ok(());
    }
    let rows = score.misses.iter().map(|miss| {
        let mark = format!("{:?}", miss.mark);
        vec![
            mark,
            miss.question.clone(),
            or_dash(miss.wanted.clone()),
            miss.got.clone(),
            miss.not_understood.join("; "),
        ]
    });
    output::table(&["", "question", "wanted", "got", "not understood"], &rows.collect::<Vec<_>>())
}
