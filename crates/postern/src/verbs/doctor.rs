//! `postern doctor`: how a target stands by itself, and what would mend it.
//!
//! What is asked and what is wrong the protocol says; the policy says what is needed. Nothing is changed.
//! THREAT: names of a target's things on a terminal. Everything printed goes through [`postern_core::visible`].

use std::io::Write;

use anyhow::Result;
use postern_core::examination::{Examination, Finding, Gravity, Subject};
use postern_core::target::{Target, locate};
use postern_core::visible::{json as shown_json, line, visible};
use serde_json::json;

use crate::cli::Doctor;
use crate::failure::Failure;
use crate::{config, vocabularies};

use super::reach;

pub(crate) async fn run(args: &Doctor, out: &mut dyn Write) -> Result<()> {
    let config = config::read(&args.config, &vocabularies())?;
    let (target, space) = locate(&config.rulebook.targets, &args.target).map_err(Failure::from)?;
    let (needs, means) = (config.needs(&target), reach::means(&config).await?);
    let space = target.admits(space).unwrap_or_default();
    let subject = Subject { target: &target, space, needs: &needs, means: &means };
    let examination = reach::protocol(&target)?.examine(&subject).await?;
    match () {
        () if args.json => print_json(&target, space, &examination, out)?,
        () if args.script => out.write_all(visible(&examination.script).as_bytes())?,
        () => print(&target, space, &examination, out)?,
    }
    let grave = count(&examination, Gravity::Grave);
    if grave == 0 {
        return Ok(());
    }
    let finding = if grave == 1 { "finding" } else { "findings" };
    Err(Failure::new(format!("target `{}` has {grave} grave {finding}", target.name)).into())
}

fn count(examination: &Examination, gravity: Gravity) -> usize {
    examination.findings.iter().filter(|finding| finding.gravity == gravity).count()
}

fn print_json(target: &Target, space: &str, examination: &Examination, out: &mut dyn Write) -> Result<()> {
    let Examination { findings, script, language } = examination;
    let all = json!({ "target": target.name, "database": space, "findings": findings, "script": script, "language": language });
    writeln!(out, "{}", shown_json(&serde_json::to_string_pretty(&all)?))?;
    Ok(())
}

fn print(target: &Target, space: &str, examination: &Examination, out: &mut dyn Write) -> Result<()> {
    for finding in &examination.findings {
        describe(finding, examination.language, out)?;
    }
    let counts = [Gravity::Grave, Gravity::Warning, Gravity::Note].map(|gravity| count(examination, gravity));
    let [grave, warnings, notes] = counts;
    let opened = if space.is_empty() { String::new() } else { format!("/{}", line(space)) };
    writeln!(out, "{}{opened}: {grave} grave, {warnings} to be warned of, {notes} to be noted", target.name)?;
    let others: Vec<String> = target
        .databases
        .iter()
        .filter(|other| *other != space)
        .map(|other| format!("{}/{other}", target.name))
        .collect();
    if !others.is_empty() {
        writeln!(out, "not looked at: {}", line(&others.join(", ")))?;
    }
    if !examination.script.is_empty() {
        writeln!(out, "\n{}", visible(&examination.script))?;
    }
    Ok(())
}

fn describe(finding: &Finding, language: &str, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "{}: {} [{}]", finding.gravity.word(), line(&finding.what), finding.name)?;
    writeln!(out, "  why: {}", line(&finding.why))?;
    if let Some(advice) = &finding.advice {
        let lines: Vec<String> = advice.lines().map(line).collect();
        writeln!(out, "  do:  {}", lines.join("\n       "))?;
    }
    for statement in &finding.mend {
        writeln!(out, "  {language}: {}", line(statement))?;
    }
    writeln!(out)?;
    Ok(())
}
