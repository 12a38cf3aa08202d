//! A reading on a few lines.

use std::fmt::Write as _;

use postern_core::operation::{Fact, Output, Outputs, Reading};

use super::super::{Kind, Statement};

/// One line for each thing that there is to say.
pub(in super::super::super) fn shown(statement: &Statement) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            writeln!(text, "  {name}: {value}").unwrap();
        }
    };
    let also: Vec<String> = statement.also.iter().map(ToString::to_string).collect();
    line("action", format!("{} {}", statement.action, also.join(" ")).trim().to_owned());
    line("touches", joined(&statement.touches, "; "));
    match &statement.outputs {
        Outputs::Nothing => {}
        Outputs::Cells(outputs) => line("cells", shown_outputs(outputs)),
        Outputs::Stream(outputs) => line("stream", shown_outputs(outputs)),
        Outputs::Unknown => line("cells", "unknown".to_owned()),
    }
    let uses = &statement.uses;
    line("consulted", joined(&uses.consulted, ", "));
    line("computed", joined(&uses.computed, ", "));
    line("stored", joined(&uses.stored, ", "));
    line("overwritten", joined(&uses.overwritten, ", "));
    let given =
        uses.given.iter().flat_map(|(column, given)| given.iter().map(move |one| format!("{column} {:?}", one.value)));
    line("given", joined(given, ", "));
    line("hidden", joined(&uses.hidden, ", "));
    line("facts", facts(statement));
    if let Reading::Opaque(why) = &statement.reading {
        line("opaque", why.clone());
    }
    if statement.kind != Kind::Plain {
        line("kind", kind(&statement.kind));
    }
    text
}

fn joined<T: ToString>(items: impl IntoIterator<Item = T>, between: &str) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(between)
}

fn shown_outputs(outputs: &[Output]) -> String {
    let outputs: Vec<String> = outputs
        .iter()
        .map(|output| match output {
            Output::Bare(column) => format!("={column}"),
            Output::Derived { label, from } => format!("`{label}` from [{}]", joined(from, ", ")),
            Output::Unknown { label } => format!("`{label}` unknown"),
        })
        .collect();
    if outputs.is_empty() { "none".to_owned() } else { outputs.join(" | ") }
}

/// The facts that are yes, and those that are lists, but for the tables, which touches show.
fn facts(statement: &Statement) -> String {
    let one = |(name, fact): (&&str, &Fact)| match fact {
        Fact::Flag(true) => Some((*name).to_owned()),
        Fact::List(words) if *name != "tables" && !words.is_empty() => Some(format!("{name}={}", words.join(","))),
        Fact::Flag(false) | Fact::List(_) | Fact::Number(_) | Fact::Text(_) => None,
    };
    statement.facts.iter().filter_map(one).collect::<Vec<_>>().join(" ")
}

fn kind(kind: &Kind) -> String {
    if let Kind::Prepare { name, .. } = kind {
        return format!("prepare {name}");
    }
    if let Kind::DeclareCursor { name, hold, .. } = kind {
        return format!("cursor {name} hold={hold}");
    }
    format!("{kind:?}")
}
