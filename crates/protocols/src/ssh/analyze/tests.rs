//! What is asked for, and what it is read as.

/// Holds readings against the snapshot of the test; what was asked for is in it already.
macro_rules! assert_read {
    ($readings:expr) => {
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!($readings) })
    };
}

mod channels;
mod commands;
mod files;
mod shells;

use std::fmt::Write as _;

use postern_core::operation::{Fact, Operation, Outputs, Reading};
use postern_core::vocabulary::FactKind;

use super::*;
use crate::ssh::vocabulary::VOCABULARY;

/// All that is said of an operation, one thing a line.
fn said(operation: &Operation) -> String {
    fits_together(operation);
    let mut all = format!("{}\n  {}", operation.text.escape_debug(), operation.action);
    operation.also.iter().for_each(|also| write!(all, ", {also}").unwrap());
    if operation.outputs == Outputs::Nothing {
        all.push_str(", answers nothing");
    }
    all.push('\n');
    if let Reading::Opaque(why) = &operation.reading {
        writeln!(all, "  opaque: {why}").unwrap();
    }
    operation.touches.iter().for_each(|touch| writeln!(all, "  {touch}").unwrap());
    for (name, fact) in &operation.facts {
        match fact {
            Fact::Flag(false) => {}
            Fact::Flag(true) => writeln!(all, "  {name}").unwrap(),
            Fact::Number(number) => writeln!(all, "  {name} = {number}").unwrap(),
            Fact::Text(text) => writeln!(all, "  {name} = {text:?}").unwrap(),
            Fact::List(words) => writeln!(all, "  {name} = {words:?}").unwrap(),
        }
    }
    all.push('\n');
    all
}

/// What holds for all of them.
pub(super) fn fits_together(operation: &Operation) {
    assert!(!operation.touches.is_empty(), "{} touches nothing", operation.text);
    assert!(operation.meaning.is_some());
    for action in operation.also.iter().chain([&operation.action]) {
        assert!(VOCABULARY.actions.contains(&action.0), "{action}");
    }
    for (name, fact) in &operation.facts {
        let word = VOCABULARY.facts.iter().find(|word| word.name == *name).expect(name);
        let kind = match fact {
            Fact::Flag(_) => FactKind::Flag,
            Fact::Number(_) => FactKind::Number,
            Fact::Text(_) => FactKind::Text,
            Fact::List(_) => FactKind::List,
        };
        assert_eq!(word.kind, kind, "{name}");
    }
}
