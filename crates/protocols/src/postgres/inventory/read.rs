//! A file read back: strictly, every key asked for by name, and whatever it refers to must be in it.
//!
//! A file of a later format is refused before anything else in it is looked at. Enter at [`read`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use postern_core::document::{Findings, Place, Reader, Text, Value, nearest};

use super::database::{Account, Column, Database, INDEX, KINDS, Relation, Routine, Type, TypeKind};
use super::name::{Name, parts};
use super::{FORMAT, PROTOCOL};

/// What makes the file again.
const AGAIN: &str = "write it anew: postern catalog export TARGET";

/// The databases of a file.
pub(super) fn read(findings: &mut Findings, mut top: Reader<'_>) -> Option<Vec<Database>> {
    let protocol = top.required(findings, "protocol");
    if let Some(other) = protocol.as_ref().filter(|protocol| protocol.text != PROTOCOL) {
        let message = format!("this is a schema of protocol `{}`, and the target speaks `{PROTOCOL}`", other.text);
        findings.wrong(&other.place, message, Some("name the file of this target".to_owned()));
        return None;
    }
    is_readable(findings, &mut top)?;
    let tables = top.tables(findings, "database");
    if tables.is_empty() {
        findings.wrong(&top.place(), "this schema has no [[database]]", Some(AGAIN.to_owned()));
    }
    let mut databases: Vec<Database> = Vec::new();
    for table in tables {
        let place = table.place();
        let Some(database) = self::database(findings, table) else { continue };
        if databases.iter().any(|other| other.name == database.name) {
            findings.wrong(&place, format!("there are two databases `{}`", database.name), None);
        }
        databases.push(database);
    }
    top.finish(findings);
    findings.is_clean().then_some(databases)
}

/// Whether it is of the format that this version writes.
fn is_readable(findings: &mut Findings, top: &mut Reader<'_>) -> Option<()> {
    let Some(value) = top.value("format") else {
        let message = "this is no schema: it does not say of which `format` it is";
        findings.wrong(&top.place(), message, Some(AGAIN.to_owned()));
        return None;
    };
    match top.number(findings, "format")? {
        FORMAT => Some(()),
        later if later > FORMAT => {
            let message = format!("this schema was written by a later version of postern: format {later}");
            let hint = format!("this version reads format {FORMAT}; use the later one, or {AGAIN}");
            findings.wrong(&value.place, message, Some(hint));
            None
        }
        _ => {
            findings.wrong(&value.place, "there is no such format", Some(AGAIN.to_owned()));
            None
        }
    }
}

/// What a database refers to, and where, until all that it holds is known.
#[derive(Default)]
struct References {
    types: Vec<(Name, Place)>,
    relations: Vec<(Name, Place)>,
    /// A column, or one of a relation's own.
    columns: Vec<(Name, String, Place)>,
}

fn database(findings: &mut Findings, mut table: Reader<'_>) -> Option<Database> {
    let name = table.required(findings, "name").map(|text| text.text);
    let mut database = Database { name: name?, ..Database::default() };
    let mut references = References::default();
    let schemas = table.texts(findings, "schemas").unwrap_or_default();
    database.schemas = schemas.into_iter().map(|text| text.text).collect();
    for account in table.tables(findings, "accounts") {
        let place = account.place();
        let read = self::account(findings, account).map(|(name, account)| (name, place, account));
        keep(findings, &mut database.accounts, "accounts", read);
    }
    for mut one in table.tables(findings, "types") {
        let (name, kind) = (name_of(findings, &mut one), kind(findings, &mut one, &mut references));
        one.finish(findings);
        keep(findings, &mut database.types, "types", name.zip(kind).map(|((name, place), kind)| (name, place, kind)));
    }
    for (key, routines) in [("functions", &mut database.functions), ("operators", &mut database.operators)] {
        for mut one in table.tables(findings, key) {
            let name = name_of(findings, &mut one);
            let mut flag = |key| one.flag(findings, key).unwrap_or(false);
            let routine = Routine { immutable: flag("immutable"), extension: flag("extension"), set: flag("set") };
            one.finish(findings);
            keep(findings, routines, key, name.map(|(name, place)| (name, place, routine)));
        }
    }
    for text in table.texts(findings, "indexes").unwrap_or_default() {
        let index = Relation { kind: INDEX, ..Relation::default() };
        let named = parsed(findings, &text).map(|name| (name, text.place, index));
        keep(findings, &mut database.relations, "relations", named);
    }
    for one in table.tables(findings, "relation") {
        let read = self::relation(findings, one, &mut references);
        keep(findings, &mut database.relations, "relations", read);
    }
    table.finish(findings);
    references.check(findings, &database);
    Some(database)
}

/// Keeps what has a name of its own.
fn keep<K: Ord + Display, V>(
    findings: &mut Findings,
    all: &mut BTreeMap<K, V>,
    what: &str,
    one: Option<(K, Place, V)>,
) {
    let Some((name, place, value)) = one else { return };
    if all.contains_key(&name) {
        findings.wrong(&place, format!("there are two {what} `{name}`"), None);
    }
    all.insert(name, value);
}

fn account(findings: &mut Findings, mut table: Reader<'_>) -> Option<(String, Account)> {
    let name = table.required(findings, "name").map(|text| text.text);
    let role = table.text(findings, "role").map(|text| text.text);
    let path = table.texts(findings, "search_path").unwrap_or_default();
    table.finish(findings);
    let name = name?;
    let path = path.into_iter().map(|text| text.text).collect();
    Some((name.clone(), Account { role: role.unwrap_or(name), path }))
}

fn kind(findings: &mut Findings, table: &mut Reader<'_>, references: &mut References) -> Option<Type> {
    let category = table.required(findings, "category").and_then(|text| {
        let mut characters = text.text.chars();
        let category = characters.next().filter(|_| characters.next().is_none());
        if category.is_none() {
            findings.wrong(&text.place, "`category` is one character", None);
        }
        category
    });
    let word = table.text(findings, "kind");
    let words = [("enum", true), ("range", false)];
    let mut kind = match word.map(|text| text.one_of(findings, "kind", &words)) {
        Some(Some(true)) => TypeKind::Enum,
        Some(Some(false)) => TypeKind::Range,
        Some(None) | None => TypeKind::Base,
    };
    let mut inside = |key| {
        let text = table.text(findings, key)?;
        Some((parsed(findings, &text)?, text.place))
    };
    let (array, domain, row) = (inside("array"), inside("domain"), inside("row"));
    references.types.extend(array.clone().into_iter().chain(domain.clone()));
    references.relations.extend(row.clone());
    if let Some((name, _)) = array {
        kind = TypeKind::Array(name);
    } else if let Some((name, _)) = domain {
        kind = TypeKind::Domain(name);
    } else if let Some((name, _)) = row {
        kind = TypeKind::Row(name);
    }
    Some(Type { kind, category: category? })
}

fn relation(
    findings: &mut Findings,
    mut table: Reader<'_>,
    references: &mut References,
) -> Option<(Name, Place, Relation)> {
    let name = name_of(findings, &mut table);
    let words: Vec<(&'static str, &'static str)> =
        KINDS.iter().map(|(_, word)| (*word, *word)).filter(|(word, _)| *word != INDEX).collect();
    let kind = table.required(findings, "kind").and_then(|text| text.one_of(findings, "kind", &words));
    let mut relation = Relation { kind: kind.unwrap_or_default(), ..Relation::default() };
    for one in table.tables(findings, "columns") {
        relation.columns.extend(column(findings, one, name.as_ref().map(|(name, _)| name), references));
    }
    for text in table.texts(findings, "inherits").unwrap_or_default() {
        let Some(parent) = parsed(findings, &text) else { continue };
        references.relations.push((parent.clone(), text.place));
        relation.inherits.push(parent);
    }
    relation.ruled = table.flag(findings, "rules").unwrap_or(false);
    relation.calls = table.flag(findings, "calls").unwrap_or(false);
    for text in table.texts(findings, "reads").unwrap_or_default() {
        relation.reads.extend(read_by_view(findings, &text, references));
    }
    relation.definition = table.text(findings, "definition").map(|text| text.text);
    table.finish(findings);
    kind?;
    name.map(|(name, place)| (name, place, relation))
}

/// What a view reads: a column, or a relation as a whole.
fn read_by_view(findings: &mut Findings, text: &Text, references: &mut References) -> Option<(Name, Option<String>)> {
    let place = text.place.clone();
    match parts(&text.text).as_deref() {
        Some([schema, name]) => {
            let name = Name::new(schema, name);
            references.relations.push((name.clone(), place));
            Some((name, None))
        }
        Some([schema, name, column]) => {
            let name = Name::new(schema, name);
            references.columns.push((name.clone(), column.clone(), place));
            Some((name, Some(column.clone())))
        }
        _ => {
            misnamed(findings, text, "schema.table or schema.table.column");
            None
        }
    }
}

fn column(
    findings: &mut Findings,
    mut table: Reader<'_>,
    relation: Option<&Name>,
    references: &mut References,
) -> Option<Column> {
    let name = table.required(findings, "name").map(|text| text.text);
    let kind = table.text(findings, "type").and_then(|text| Some((parsed(findings, &text)?, text.place)));
    let modifier = table.value("modifier").map(|value| modifier(findings, &mut table, &value));
    let generated = table.texts(findings, "generated");
    let key = table.flag(findings, "key").unwrap_or(false);
    table.finish(findings);
    references.types.extend(kind.clone());
    for input in generated.iter().flatten() {
        let own = relation.map(|relation| (relation.clone(), input.text.clone(), input.place.clone()));
        references.columns.extend(own);
    }
    let generated = generated.map(|texts| texts.into_iter().map(|text| text.text).collect());
    let (kind, modifier) = (kind.map(|(name, _)| name), modifier.unwrap_or(-1));
    Some(Column { name: name?, kind, modifier, generated, key })
}

fn modifier(findings: &mut Findings, table: &mut Reader<'_>, value: &Value<'_>) -> i32 {
    let number = table.number(findings, "modifier").map(i32::try_from);
    if let Some(Err(_)) = number {
        findings.wrong(&value.place, "`modifier` is at most 2147483647", None);
    }
    number.and_then(Result::ok).unwrap_or(-1)
}

fn name_of(findings: &mut Findings, table: &mut Reader<'_>) -> Option<(Name, Place)> {
    let text = table.required(findings, "name")?;
    Some((parsed(findings, &text)?, text.place))
}

fn parsed(findings: &mut Findings, text: &Text) -> Option<Name> {
    let name = Name::parse(&text.text);
    if name.is_none() {
        misnamed(findings, text, "schema.name");
    }
    name
}

fn misnamed(findings: &mut Findings, text: &Text, form: &str) {
    let hint = format!("write {form}, a part with other characters than letters, digits, _ and $ in double quotes");
    findings.wrong(&text.place, format!("`{}` is no name here", text.text), Some(hint));
}

impl References {
    /// Reports what the database refers to and does not hold.
    fn check(&self, findings: &mut Findings, database: &Database) {
        let words = |names: BTreeSet<&Name>| names.into_iter().map(Name::to_string).collect::<Vec<String>>();
        let types = words(database.types.keys().collect());
        for (name, place) in self.types.iter().filter(|(name, _)| !database.types.contains_key(name)) {
            absent(findings, place, "type", &name.to_string(), &types);
        }
        let relations = words(database.relations.keys().collect());
        let mut look = |name: &Name, place: &Place| {
            let found = database.relations.get(name);
            if found.is_none() {
                absent(findings, place, "relation", &name.to_string(), &relations);
            }
            found
        };
        for (name, place) in &self.relations {
            look(name, place);
        }
        let columns: Vec<_> =
            self.columns.iter().filter_map(|(name, column, place)| Some((look(name, place)?, column, place))).collect();
        for (relation, column, place) in columns {
            let known: Vec<String> = relation.columns.iter().map(|column| column.name.clone()).collect();
            if !known.contains(column) {
                absent(findings, place, "column", column, &known);
            }
        }
    }
}

fn absent(findings: &mut Findings, place: &Place, what: &str, name: &str, known: &[String]) {
    let words: Vec<&str> = known.iter().map(String::as_str).collect();
    let hint = nearest(name, &words).map_or_else(|| AGAIN.to_owned(), |near| format!("did you mean `{near}`?"));
    findings.wrong(place, format!("this schema has no {what} `{name}`"), Some(hint));
}
