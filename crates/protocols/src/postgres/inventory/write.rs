//! A [`Database`] written down. What it looks like is in docs/schema.md; what it means, in [`super::read`].
//!
//! The same database is always the same text: in the order of names, what the server brings last. Enter at [`written`].

use postern_core::document::string;

use super::database::{Column, Database, INDEX, Relation, Routine, Type, TypeKind};
use super::name::Name;
use super::{FORMAT, PROTOCOL};

/// The whole file.
pub(super) fn written<'d>(databases: impl Iterator<Item = &'d Database>) -> String {
    let mut text = format!("format   = {FORMAT}\nprotocol = {}\n", string(PROTOCOL));
    for database in databases {
        database.write(&mut text);
    }
    text
}

impl Database {
    fn write(&self, text: &mut String) {
        line(text, &format!("\n[[database]]\nname    = {}", string(&self.name)));
        line(text, &format!("schemas = {}", list(self.schemas.iter().map(String::as_str))));
        let accounts = self.accounts.iter().map(|(name, account)| {
            let role =
                if account.role == *name { String::new() } else { format!(", role = {}", string(&account.role)) };
            let path = list(account.path.iter().map(String::as_str));
            format!("{{ name = {}{role}, search_path = {path} }}", string(name))
        });
        entries(text, "accounts", accounts);
        entries(text, "types", own_first(self.types.iter()).map(|(name, one)| kind(name, one)));
        entries(text, "functions", own_first(self.functions.iter()).map(|(name, one)| routine(name, *one)));
        entries(text, "operators", own_first(self.operators.iter()).map(|(name, one)| routine(name, *one)));
        let indexes = own_first(self.relations.iter()).filter(|(_, relation)| relation.kind == INDEX);
        entries(text, "indexes", indexes.map(|(name, _)| string(&name.to_string())));
        for (name, relation) in own_first(self.relations.iter()).filter(|(_, relation)| relation.kind != INDEX) {
            relation.write(name, text);
        }
    }
}

impl Relation {
    fn write(&self, name: &Name, text: &mut String) {
        line(text, &format!("\n[[database.relation]]\nname = {}", string(&name.to_string())));
        line(text, &format!("kind = {}", string(self.kind)));
        if name.is_system() {
            let columns: Vec<String> = self.columns.iter().map(column).collect();
            line(text, &format!("columns = [{}]", columns.join(", ")));
        } else {
            entries(text, "columns", self.columns.iter().map(column));
        }
        if !self.inherits.is_empty() {
            let parents: Vec<String> = self.inherits.iter().map(Name::to_string).collect();
            line(text, &format!("inherits = {}", list(parents.iter().map(String::as_str))));
        }
        for (key, flag) in [("rules", self.ruled), ("calls", self.calls)] {
            if flag {
                line(text, &format!("{key} = true"));
            }
        }
        entries(
            text,
            "reads",
            self.reads.iter().map(|(base, column)| {
                string(&column.as_ref().map_or_else(|| base.to_string(), |column| base.with(column)))
            }),
        );
        if let Some(definition) = &self.definition {
            line(text, &format!("definition = {}", string(definition)));
        }
    }
}

fn column(column: &Column) -> String {
    let mut text = format!("{{ name = {}", string(&column.name));
    if let Some(kind) = &column.kind {
        text.push_str(&format!(", type = {}", string(&kind.to_string())));
    }
    if column.modifier != -1 {
        text.push_str(&format!(", modifier = {}", column.modifier));
    }
    if column.key {
        text.push_str(", key = true");
    }
    if let Some(inputs) = &column.generated {
        text.push_str(&format!(", generated = {}", list(inputs.iter().map(String::as_str))));
    }
    text + " }"
}

fn kind(name: &Name, one: &Type) -> String {
    let kind = match &one.kind {
        TypeKind::Base => String::new(),
        TypeKind::Enum => ", kind = \"enum\"".to_owned(),
        TypeKind::Range => ", kind = \"range\"".to_owned(),
        TypeKind::Array(inside) => format!(", array = {}", string(&inside.to_string())),
        TypeKind::Domain(inside) => format!(", domain = {}", string(&inside.to_string())),
        TypeKind::Row(inside) => format!(", row = {}", string(&inside.to_string())),
    };
    format!("{{ name = {}{kind}, category = {} }}", string(&name.to_string()), string(&one.category.to_string()))
}

fn routine(name: &Name, one: Routine) -> String {
    let mut text = format!("{{ name = {}", string(&name.to_string()));
    for (key, flag) in [("immutable", one.immutable), ("extension", one.extension), ("set", one.set)] {
        if flag {
            text.push_str(&format!(", {key} = true"));
        }
    }
    text + " }"
}

/// What somebody made, then what the server brings.
fn own_first<'d, T: 'd>(
    all: impl Iterator<Item = (&'d Name, &'d T)> + Clone,
) -> impl Iterator<Item = (&'d Name, &'d T)> {
    all.clone().filter(|(name, _)| !name.is_system()).chain(all.filter(|(name, _)| name.is_system()))
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// A list with a line for each, so that a change is a line.
fn entries(text: &mut String, key: &str, entries: impl Iterator<Item = String>) {
    let mut entries = entries.peekable();
    if entries.peek().is_none() {
        return;
    }
    line(text, &format!("{key} = ["));
    for entry in entries {
        line(text, &format!("  {entry},"));
    }
    line(text, "]");
}

fn list<'s>(words: impl Iterator<Item = &'s str>) -> String {
    format!("[{}]", words.map(string).collect::<Vec<_>>().join(", "))
}
