//! Statements and what they are read as.

/// Holds readings against the snapshot of the test; the statements themselves are in it already.
macro_rules! assert_read {
    ($readings:expr) => {
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!($readings) })
    };
}

mod cases;
mod facts;
mod places;
mod session;
mod show;
mod structure;
mod total;
mod work;

use std::sync::Arc;

pub(super) use show::shown;

use super::*;
use crate::postgres::catalog::literal::shop;

/// Reads statements one by one in the shop, as `app` with `public` in the path.
fn readings(statements: &[&str]) -> String {
    in_path(&shop(), &["public"], statements)
}

fn in_path(catalog: &Catalog, path: &[&str], statements: &[&str]) -> String {
    let path: Vec<Arc<str>> = path.iter().map(|schema| (*schema).into()).collect();
    let mut all = String::new();
    for text in statements {
        all.push_str(text);
        all.push('\n');
        match read(text, &names(catalog, &path)) {
            Ok(read) => read.iter().for_each(|statement| all.push_str(&shown(statement))),
            Err(unread) => all.push_str(&format!("  unread: {unread}\n")),
        }
        all.push('\n');
    }
    all
}

pub(super) fn names<'a>(catalog: &'a Catalog, path: &'a [Arc<str>]) -> Names<'a> {
    Names::of(catalog, path, "app")
}

/// What a session keeps under a name, if it is this.
fn kept(statement: Statement) -> Kept {
    Kept { source: Bytes::copy_from_slice(statement.text.as_bytes()), statement: Arc::new(statement), under: None }
}

fn one(text: &str) -> Statement {
    let catalog = shop();
    let path = ["public".into()];
    read(text, &names(&catalog, &path)).unwrap().remove(0)
}
