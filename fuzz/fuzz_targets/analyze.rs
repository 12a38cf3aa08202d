//! Whatever the text: it is read or it is not, without a panic, and what is said of it fits together.
//!
//! The catalog is that of a small shop, as a real server answered the gateway's questions about it.
#![no_main]

use std::sync::{Arc, OnceLock};

use libfuzzer_sys::fuzz_target;
use postern_core::operation::{Column, Columns, Effect, Output, Outputs, Reading};
use postern_protocols::postgres::analyze::{Kind, Names, Statement, Unread, in_order, passwords, read, replication};
use postern_protocols::postgres::catalog::{Catalog, QUERIES, Row};
use postern_protocols::postgres::vocabulary::{VOCABULARY, action};

fn shop() -> &'static Catalog {
    static SHOP: OnceLock<Catalog> = OnceLock::new();
    SHOP.get_or_init(|| {
        let mut answers: Vec<Vec<Row>> = QUERIES.iter().map(|_| Vec::new()).collect();
        for line in include_str!("../catalog.tsv").lines() {
            let (question, row) = line.split_once('\t').expect("a question and its row");
            let question: usize = question.parse().expect("a number");
            answers[question].push(row.split('\t').map(|cell| Some(cell.to_owned())).collect());
        }
        Catalog::from_rows("shop", &answers).expect("a catalog")
    })
}

fuzz_target!(|text: &str| {
    let _ = passwords(text);
    let path: [Arc<str>; 1] = ["public".into()];
    for catalog in [shop(), &Catalog::empty("shop")] {
        let names = Names::of(catalog, &path, "app");
        let command = replication::command(text, &names);
        if let Some(Ok(statement)) = &command {
            fits_together(statement);
        }
        let statements = match read(text, &names) {
            Ok(statements) => statements,
            Err(Unread::Syntax { position: Some(position), .. }) => {
                assert!((1..=text.chars().count() + 1).contains(&position), "no place in the text");
                continue;
            }
            Err(Unread::Syntax { position: None, .. } | Unread::Beyond(_)) => continue,
        };
        assert!(!statements.is_empty());
        let ordered = in_order(statements.into(), false);
        for statement in &*ordered {
            fits_together(statement);
            // what a walsender takes for a command is SQL to nobody, but for `SHOW`
            assert!(!matches!(command, Some(Ok(_))) || statement.action == action::SHOW, "two things at once");
        }
    }
});

fn fits_together(statement: &Statement) {
    assert!(!statement.touches.is_empty(), "nothing is touched");
    for action in statement.also.iter().chain([&statement.action]) {
        assert!(VOCABULARY.actions.contains(&action.0), "{action} is not in the vocabulary");
    }
    if let (Outputs::Cells(outputs), true) = (&statement.outputs, statement.kind == Kind::Plain) {
        assert_eq!(outputs.len(), statement.names.len(), "each output has a name");
    }
    if statement.reading != Reading::Clear {
        return;
    }
    // whatever is shown as a column has been read
    let (Outputs::Cells(outputs) | Outputs::Stream(outputs)) = &statement.outputs else {
        return;
    };
    for output in outputs {
        if let Output::Bare(column) = output {
            assert!(statement.touches.iter().any(|touch| reads(touch.effect, &touch.columns, &touch.object, column)));
        }
    }
}

fn reads(effect: Effect, columns: &Columns, object: &postern_core::Object, column: &Column) -> bool {
    let named = match columns {
        Columns::All => true,
        Columns::Named(names) => names.contains(&column.name),
        Columns::None => false,
    };
    effect == Effect::Read && named && *object == column.object
}
