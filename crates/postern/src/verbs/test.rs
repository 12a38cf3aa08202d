//! `postern test`: whether the policy says what its `[[test]]` entries expect.
//!
//! It compares; what an operation comes to is [`explain`](super::explain)'s to say.

use std::io::Write;

use anyhow::Result;
use postern_adapters::clock::SystemClock;
use postern_core::Verdict;
use postern_core::policy::{Expectation, Expected, Rulebook, Situation};
use postern_core::ports::Clock;

use crate::cli::Test;
use crate::config::Inventories;
use crate::failure::Failure;
use crate::suppose;
use crate::verbs::explain::{Explained, Question};
use crate::{config, vocabularies};

pub(crate) fn run(args: &Test, out: &mut dyn Write) -> Result<()> {
    let mut config = config::read(&args.file, &vocabularies())?;
    let inventories = config.inventories(&postern_protocols::all())?;
    let all = &config.rulebook.expectations;
    let mut failed: usize = 0;
    for expectation in all {
        let (met, explained) = try_out(&config.rulebook, &inventories, expectation)?;
        match met {
            Ok(()) => writeln!(out, "ok    {}", expectation.name)?,
            Err(what) => {
                failed = failed.saturating_add(1);
                writeln!(out, "FAIL  {} ({}): {what}", expectation.name, expectation.at)?;
                for line in explained.text.lines() {
                    writeln!(out, "      {line}")?;
                }
            }
        }
    }
    if failed > 0 {
        let message = format!("{failed} of {} tests failed", all.len());
        return Err(Failure::new(message)
            .hint("the policy or the test is wrong; the lines above say what each rule says")
            .into());
    }
    if all.is_empty() {
        return Err(Failure::new("there is no [[test]] in this configuration".to_owned())
            .hint("add [[test]] with name, as, on, run and expect")
            .into());
    }
    writeln!(out, "{} passed", all.len())?;
    Ok(())
}

fn try_out(
    rulebook: &Rulebook,
    inventories: &Inventories,
    expectation: &Expectation,
) -> Result<(Result<(), String>, Explained)> {
    let principal = suppose::principal(rulebook, &expectation.who, &[])?;
    let target = rulebook.targets.get(&expectation.on);
    let target = target.ok_or_else(|| Failure::new(format!("there is no target `{}`", expectation.on)))?;
    let situation = Situation { principal: &principal, target, client: [127, 0, 0, 1].into(), now: SystemClock.now() };
    let space = expectation.space.as_deref();
    let question = Question { rulebook, inventories, situation, space, text: &expectation.run };
    let explained = question.answer()?;
    Ok((compare(expectation, &explained), explained))
}

fn compare(expectation: &Expectation, explained: &Explained) -> Result<(), String> {
    let came = match &explained.verdict {
        Verdict::Allow(_) => Expected::Allow,
        Verdict::Hold(_) => Expected::Hold,
        Verdict::Deny(_) => Expected::Deny,
    };
    if came != expectation.verdict {
        return Err(format!("expected {}, got {}", expectation.verdict.word(), came.word()));
    }
    match &expectation.masked {
        Some(masked) if *masked != explained.masked => {
            let list = |names: &[String]| format!("[{}]", names.join(", "));
            Err(format!("expected masked = {}, got {}", list(masked), list(&explained.masked)))
        }
        Some(_) | None => Ok(()),
    }
}
