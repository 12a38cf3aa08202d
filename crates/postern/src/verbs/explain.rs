//! `postern explain`: what an operation would be read as, what every rule says of it, and what comes of it.
//!
//! It decides by the very code that the gateway decides by; only who asks is supposed.

use std::fmt::Write as _;
use std::io::Write;

use anyhow::Result;
use postern_adapters::clock::SystemClock;
use postern_core::inventory::Supposition;
use postern_core::mask::MaskSet;
use postern_core::operation::{Fact, Outputs, Reading};
use postern_core::policy::{Account, Answer, RuleEffect, Rulebook, Says, Silence, Situation, Supposed};
use postern_core::ports::Clock;
use postern_core::target::locate;
use postern_core::verdict::{Limits, Terms};
use postern_core::visible::line;
use postern_core::{Code, Denial, Operation, Verdict};

use crate::cli::Explain;
use crate::config::Inventories;
use crate::failure::Failure;
use crate::suppose;
use crate::{config, vocabularies};

pub(crate) fn run(args: &Explain, out: &mut dyn Write) -> Result<()> {
    let mut config = config::read(&args.config, &vocabularies())?;
    let inventories = config.inventories(&postern_protocols::all())?;
    let rulebook = &config.rulebook;
    let principal = suppose::principal(rulebook, &Supposed::Named(args.who.clone()), &args.group)?;
    let (target, space) = locate(&rulebook.targets, &args.on).map_err(Failure::from)?;
    let at = args.at.unwrap_or_else(|| SystemClock.now());
    let question = Question {
        rulebook,
        inventories: &inventories,
        situation: Situation { principal: &principal, target: &target, client: args.from, now: at },
        space,
        text: &args.operation.join(" "),
    };
    out.write_all(question.answer()?.text.as_bytes())?;
    Ok(())
}

/// Something to be explained.
pub(crate) struct Question<'a> {
    pub(crate) rulebook: &'a Rulebook,
    pub(crate) inventories: &'a Inventories,
    pub(crate) situation: Situation<'a>,
    pub(crate) space: Option<&'a str>,
    pub(crate) text: &'a str,
}

/// What came of it, and why.
pub(crate) struct Explained {
    pub(crate) verdict: Verdict,
    /// What comes back masked, by name.
    pub(crate) masked: Vec<String>,
    /// All of it, for people.
    pub(crate) text: String,
}

impl Question<'_> {
    pub(crate) fn answer(&self) -> Result<Explained> {
        let Situation { principal, target, .. } = self.situation;
        let (source, inventory) = self.inventories.of(target)?;
        let mut text = String::new();
        let groups: Vec<&str> = principal.groups().iter().map(String::as_str).collect();
        writeln!(text, "who      {} `{}` in [{}]", principal.kind().word(), principal.name(), groups.join(", "))?;
        let source = source.map(|source| format!(", {source}")).unwrap_or_default();
        writeln!(text, "on       {} ({}){source}", target.name, target.protocol)?;
        let scope = self.rulebook.scope(principal, target).filter(|scope| scope.admits(&self.situation));
        let (mut scope, (login, space)) = match (scope, target.opens(principal, self.space)) {
            (Some(scope), Ok(opened)) => (scope, opened),
            (scope, _) => return refused(text, &self.situation, scope.is_some()),
        };
        if let Some(lineage) = inventory.lineage(space) {
            scope.relate(&*lineage);
        }
        let supposed = inventory.suppose(space, &login.user, self.text).into_iter();
        let (operations, names): (Vec<Operation>, Vec<Vec<String>>) =
            supposed.map(|Supposition { operation, names }| (operation, names)).unzip();
        let verdict = scope.decide(&operations, &self.situation);
        let due = match &verdict {
            Verdict::Allow(duties) | Verdict::Hold(Terms { duties, .. }) => duties.clone(),
            Verdict::Deny(_) => scope.duties(),
        };
        let mut masked = Vec::new();
        for (operation, names) in operations.iter().zip(&names) {
            self.describe(&mut text, (operation, names), (scope.masks(), &due.masks), &mut masked)?;
        }
        let runs = !matches!(verdict, Verdict::Deny(_));
        if let Some(sent) = inventory.sent(space, &login.user, self.text, &due).filter(|_| runs) {
            writeln!(text, "\nsent     {}", line(&sent))?;
        }
        conclude(&mut text, &verdict)?;
        Ok(Explained { verdict, masked, text })
    }

    fn describe(
        &self,
        text: &mut String,
        (operation, names): (&Operation, &[String]),
        (bound, masks): (&MaskSet, &MaskSet),
        masked: &mut Vec<String>,
    ) -> Result<()> {
        let also = operation.also.iter().map(|action| format!(", {action}")).collect::<String>();
        writeln!(text, "\n{}", line(&operation.text))?;
        writeln!(text, "  action   {}{also}", operation.action)?;
        if let Reading::Opaque(why) = &operation.reading {
            writeln!(text, "  unread   {}", line(why))?;
        }
        for touch in &operation.touches {
            writeln!(text, "  touches  {}", line(&touch.to_string()))?;
        }
        for (name, fact) in &operation.facts {
            writeln!(text, "  fact     {name} = {}", line(&shown(fact)))?;
        }
        let outputs = masks.outputs(operation, names).into_iter().zip(bound.outputs(operation, names));
        for ((name, mask), (_, bound)) in outputs {
            match (mask, bound) {
                (Some(mask), _) => {
                    writeln!(text, "  masked   {} by mask `{}`", line(&name), mask.name)?;
                    masked.push(name);
                }
                (None, Some(lifted)) => {
                    writeln!(text, "  clear    {}: a rule lifts mask `{}`", line(&name), lifted.name)?;
                }
                (None, None) => {}
            }
        }
        if operation.outputs != Outputs::Nothing {
            for search in masks.searches() {
                writeln!(text, "  searched {search}")?;
            }
        }
        if operation.outputs == Outputs::Unknown {
            writeln!(text, "  returns  something that nobody can tell beforehand")?;
        }
        for account in self.rulebook.accounts(operation, &self.situation) {
            writeln!(text, "  rule     {}", told(&account))?;
        }
        Ok(())
    }
}

/// Whoever may not open the target, or has no account there, gets no further.
fn refused(mut text: String, situation: &Situation<'_>, may_open: bool) -> Result<Explained> {
    let (name, target) = (situation.principal.name(), &situation.target.name);
    let denial = if may_open {
        Denial::new(Code::NoLogin, format!("target `{target}` has no account for `{name}`"))
    } else {
        Denial::new(Code::TargetUnknown, format!("no rule lets `{name}` open `{target}`"))
    };
    writeln!(text, "verdict  deny {}: {}", denial.code, denial.message)?;
    Ok(Explained { verdict: Verdict::Deny(denial), masked: Vec::new(), text })
}

fn shown(fact: &Fact) -> String {
    match fact {
        Fact::Flag(flag) => flag.to_string(),
        Fact::Number(number) => number.to_string(),
        Fact::Text(text) => format!("'{text}'"),
        Fact::List(words) => format!("[{}]", words.join(", ")),
    }
}

/// One rule in one line.
fn told(account: &Account<'_>) -> String {
    let Account { rule, says } = account;
    let effect = match rule.effect {
        RuleEffect::Allow => "allow",
        RuleEffect::Approve => "approve",
        RuleEffect::Forbid => "forbid",
    };
    let said = match says {
        Says::Silent(why) => format!("is silent: {}", silence(*why)),
        Says::Speaks { of, answer } => {
            let of = of.join(", ");
            match answer {
                Answer::Yes => format!("speaks of {of}"),
                Answer::No => format!("would speak of {of}, but its condition does not hold"),
                Answer::Unknown if rule.effect == RuleEffect::Allow => {
                    format!("would speak of {of}, but its condition needs what nobody knows")
                }
                Answer::Unknown => format!("speaks of {of}: its condition needs what nobody knows, so it may hold"),
                Answer::Failed(why) => format!("denies: its condition cannot be worked out: {why}"),
            }
        }
    };
    format!("`{}` ({effect}) {}", rule.name, line(&said))
}

fn silence(why: Silence) -> &'static str {
    match why {
        Silence::Who => "`who` does not name the principal",
        Silence::Target => "`on` does not name the target",
        Silence::Action => "`actions` does not name what is done",
        Silence::Command => "`run` offers other commands",
        Silence::Effect => "`effects` names none of the effects",
        Silence::Object => "`objects` does not cover what is touched, or it is implied",
    }
}

/// What it must not exceed.
fn bounds(text: &mut String, limits: &Limits) -> Result<()> {
    if let Some(bound) = &limits.max_rows {
        writeln!(text, "bound    {} rows, by `{}`", bound.most, bound.by)?;
    }
    if let Some(bound) = &limits.timeout {
        writeln!(text, "bound    {} s, by `{}`", bound.most.as_secs(), bound.by)?;
    }
    for bound in &limits.per_minute {
        writeln!(text, "bound    {} a minute, by `{}`", bound.most, bound.by)?;
    }
    Ok(())
}

fn conclude(text: &mut String, verdict: &Verdict) -> Result<()> {
    let by = |rules: &[postern_core::verdict::RuleName]| -> String {
        let names: Vec<String> = rules.iter().map(|rule| format!("`{rule}`")).collect();
        if names.is_empty() { "what connecting implies".to_owned() } else { names.join(", ") }
    };
    match verdict {
        Verdict::Allow(duties) => {
            writeln!(text, "\nverdict  allow, by {}", by(&duties.rules))?;
            bounds(text, &duties.limits)?;
        }
        Verdict::Hold(terms) => {
            let asked: Vec<String> = terms
                .approvers
                .iter()
                .map(|list| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or "))
                .collect();
            writeln!(text, "\nverdict  hold, by {}: {} of {}", by(&terms.rules), terms.count, asked.join(" and "))?;
            bounds(text, &terms.duties.limits)?;
        }
        Verdict::Deny(denial) => {
            let rule = denial.rule.iter().map(|rule| format!(", by `{rule}`")).collect::<String>();
            writeln!(text, "\nverdict  deny {}{rule}: {}", denial.code, line(&denial.message))?;
            if let Some(hint) = &denial.hint {
                writeln!(text, "hint     {}", line(hint))?;
            }
        }
    }
    Ok(())
}
