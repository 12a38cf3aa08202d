//! Where a statement names the relations that it reads, and whether something else can stand in each of these places.
//!
//! Something else is a query over the relation under the relation's name, with other values in some of its columns: what
//! the rest of the statement makes of a column it then makes of those. It knows no mask. Enter at `Reader::site`,
//! `Reader::veils` and `Statement::changes`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use pg_query::protobuf::{ColumnRef, RangeVar};
use postern_core::Action;
use postern_core::mask::MaskSet;
use postern_core::operation::{Column, Columns, Effect, Object, Reading, Touch};

use super::encoding::Encoding;
use super::grouped::Grouped;
use super::replaced::{Change, Images, Last};
use super::scan::{Token, Tokens, Word};
use super::scope::{Item, Listed, SYSTEM_COLUMNS, Scope};
use super::starred::Starred;
use super::statement::{Reader, strings};
use super::{Run, Statement};
use crate::postgres::catalog::{Catalog, Relation, RelationColumn, RelationKind, SYSTEM};
use crate::postgres::form::{Form, form, inside, quoted, spelled};
use crate::postgres::vocabulary::action;

/// The statements in which something else can stand for a relation. What is defined by a statement would keep it; a cursor
/// does, and is asked then whether it may.
const REPLACEABLE: &[Action] = &[
    action::SELECT,
    action::INSERT,
    action::UPDATE,
    action::DELETE,
    action::MERGE,
    action::COPY_OUT,
    action::EXPLAIN,
    action::DECLARE,
];

/// One place where a relation is named to be read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Site {
    /// The byte of the message at which its name begins.
    at: usize,
    relation: Arc<Relation>,
    /// The name that it goes by in the rest of the statement, where that gives it no other.
    name: Option<Arc<str>>,
    /// Whether its heirs are left out.
    only: bool,
    /// Whether its columns go by their places.
    placed: bool,
    /// The columns of it that are copied, in this order, where that is what it is named for.
    copied: Option<Vec<Arc<str>>>,
}

/// A column that is named with the schema of its relation.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Qualified {
    /// The byte at which the name begins.
    at: usize,
    /// How many parts stand before the relation's own name.
    before: usize,
    object: Object,
}

/// All places of a statement.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sites {
    sites: Vec<Site>,
    qualified: Vec<Qualified>,
    pub(super) grouped: Vec<Grouped>,
    pub(super) starred: Vec<Starred>,
    /// Relations that are named where nothing else can stand.
    fixed: BTreeSet<Object>,
    /// How many things `FROM` brings into sight, on all levels.
    brought: usize,
    /// Relations for which something else can stand wherever they are named, where a name could be taken for another's.
    crowded: Vec<Arc<Relation>>,
    /// Relations that are taken to exist where nothing is known (see `Catalog::empty`). No text is ever changed for them.
    assumed: BTreeSet<Object>,
    /// Relations of which something takes all columns that there are, so that there may be none besides.
    whole: BTreeSet<Object>,
    /// The text whose places they are, where texts of its shape share the reading.
    pub(super) of: Option<Arc<str>>,
    pub(super) last: Last,
}

impl Sites {
    /// Takes the places since there were so many for places in which nothing else can stand.
    pub(super) fn fix_from(&mut self, count: usize) {
        self.fixed.extend(self.sites.drain(count.min(self.sites.len())..).map(|site| site.relation.object.clone()));
    }

    /// The columns of the relations since there were so many places go by their own places.
    pub(super) fn place_from(&mut self, count: usize) {
        self.sites.iter_mut().skip(count).for_each(|site| site.placed = true);
    }

    /// Something takes all columns of the relations since there were so many places.
    pub(super) fn whole_from(&mut self, count: usize) {
        self.whole.extend(self.sites.iter().skip(count).map(|site| site.relation.object.clone()));
    }

    /// Something takes all columns of what this lists.
    pub(super) fn whole(&mut self, item: &Item) {
        if let Listed::Relation(relation, _) = &item.listed {
            self.whole.insert(relation.object.clone());
        }
    }

    /// Something more is brought into sight.
    pub(super) fn bring(&mut self) {
        self.brought = self.brought.saturating_add(1);
    }

    /// Whether a name or a place could be taken for that of something else: there is more than one relation under its own
    /// names.
    fn is_crowded(&self) -> bool {
        self.brought > 1 || !self.fixed.is_empty() || self.sites.iter().any(|site| site.placed)
    }

    /// Whether a name could be taken for a column of some relation for which something else can stand.
    pub(super) fn holds_crowded(&self) -> bool {
        !self.crowded.is_empty()
    }

    /// The relation that is named at a byte of the message.
    pub(super) fn at(&self, entry: usize) -> Option<&Arc<Relation>> {
        self.sites.iter().find(|site| site.at == entry).map(|site| &site.relation)
    }

    pub(super) fn len(&self) -> usize {
        self.sites.len()
    }

    /// A relation is named where nothing else can stand.
    pub(super) fn fix(&mut self, object: &Object) {
        self.fixed.insert(object.clone());
    }
}

impl Sites {
    /// The tokens of a text, each where it stands in the text that was read: the same words in the same order, but for
    /// some numbers.
    pub(super) fn tokens<'t>(&self, text: &'t str) -> Option<Vec<Placed<'t>>> {
        let Some(read) = self.of.as_deref().filter(|read| *read != text) else { return Some(placed(text)) };
        let read: Vec<Token<'_>> = Tokens::new(read, 0).collect();
        let own: Vec<Token<'_>> = Tokens::new(text, 0).collect();
        let alike = |(read, own): (&Token<'_>, &Token<'_>)| {
            read.word == own.word && (read.text == own.text || read.word == Word::Number)
        };
        let same = read.len() == own.len() && read.iter().zip(&own).all(alike);
        same.then(|| own.into_iter().zip(&read).map(|(token, read)| Placed { read: read.start, token }).collect())
    }
}

/// The tokens of a text that was read itself.
pub(super) fn placed(text: &str) -> Vec<Placed<'_>> {
    Tokens::new(text, 0).map(|token| Placed { read: token.start, token }).collect()
}

/// A token, and where it stood in the text that was read.
#[derive(Clone, Copy)]
pub(super) struct Placed<'t> {
    pub(super) read: usize,
    pub(super) token: Token<'t>,
}

impl Placed<'_> {
    /// Where it stands.
    pub(super) fn start(&self) -> usize {
        self.token.start
    }
}

/// The token that stood at a byte of the text that was read.
pub(super) fn find<'p, 't>(tokens: &'p [Placed<'t>], at: usize) -> Option<&'p Placed<'t>> {
    tokens.get(tokens.binary_search_by_key(&at, |token| token.read).ok()?)
}

impl Reader<'_> {
    /// A relation is named to be read, as an entry of `FROM`.
    pub(super) fn site(&mut self, name: &RangeVar) {
        let named = self.named(name);
        let at = usize::try_from(name.location).ok();
        // what the server keeps about itself is none of anybody's columns
        let of_users = |relation: &Arc<Relation>| relation.object.path.first().is_none_or(|schema| **schema != *SYSTEM);
        let (Some(relation), Some(at)) = (named.relation.filter(of_users), at) else {
            let places = if self.names.catalog.is_assumed() {
                &mut self.found.sites.assumed
            } else {
                &mut self.found.sites.fixed
            };
            places.extend(named.objects);
            return;
        };
        let alias = name.alias.as_ref();
        self.found.sites.sites.push(Site {
            at,
            name: alias.is_none().then(|| name.relname.as_str().into()),
            only: !name.inh,
            placed: alias.is_some_and(|alias| !alias.colnames.is_empty()),
            copied: None,
            relation,
        });
    }

    /// A table is named to be copied out: of its own rows, these columns.
    pub(super) fn copied(&mut self, name: &RangeVar, columns: Vec<Arc<str>>) {
        match (self.named(name).relation, usize::try_from(name.location)) {
            (Some(relation), Ok(at)) if relation.kind == RelationKind::Table => {
                let copied = Some(columns);
                self.found.sites.sites.push(Site { at, name: None, only: true, placed: false, copied, relation });
            }
            (relation, _) => relation.iter().for_each(|relation| self.found.sites.fix(&relation.object)),
        }
    }

    /// Notes that a column is named with the schema of its relation.
    pub(super) fn qualified(&mut self, reference: &ColumnRef, star: bool, scope: &Scope<'_>) {
        let names = strings(&reference.fields);
        let relation = if star { names.as_slice() } else { names.split_last().map_or(&[][..], |(_, rest)| rest) };
        let [before @ .., schema, name] = relation else { return };
        let Ok(at) = usize::try_from(reference.location) else { return };
        let Some(object) = self.item(Some(schema), name, scope).and_then(|item| item.object.clone()) else { return };
        // THREAT: without its schema the name means what has been given that name further in
        let means = |schema| scope.item(schema, name).map(std::ptr::from_ref);
        let called = scope.items.iter().filter(|item| item.name.as_deref() == Some(name)).count();
        if means(None) != means(Some(schema)) || called > 1 {
            self.found.sites.fix(&object);
        }
        let before = before.len().saturating_add(1);
        self.found.sites.qualified.push(Qualified { at, before, object });
    }

    /// The columns that are read only where something else can stand for their relations, each with those in whose places
    /// that is: the column itself, or those of a view that show it.
    pub(super) fn veils(
        &mut self,
        action: Action,
        touches: &[Touch],
        runs: &[Run],
    ) -> BTreeMap<Column, BTreeSet<Column>> {
        let mut veils: BTreeMap<Column, BTreeSet<Column>> = BTreeMap::new();
        if let [Run { kept: Some(kept), .. }] = runs
            && kept.under.is_some()
        {
            return kept.statement.uses.veils.clone();
        }
        let readable = self.found.reading() == Reading::Clear && self.names.encoding == Encoding::Utf8;
        if !readable || !runs.is_empty() || !REPLACEABLE.contains(&action) {
            return veils;
        }
        let mut bare: BTreeSet<Column> = BTreeSet::new();
        let reads = reads(touches);
        let mut sites = std::mem::take(&mut self.found.sites);
        let is_crowded = sites.is_crowded();
        let relations: BTreeMap<u32, &Arc<Relation>> =
            sites.sites.iter().map(|site| (site.relation.oid, &site.relation)).collect();
        let mut crowded = Vec::new();
        for relation in relations.into_values() {
            // a query that shows what every table has besides its columns shows it in `*` as well
            let besides = sites.whole.contains(&relation.object) && !system(&reads, &relation.object).is_empty();
            let fixed = besides || sites.fixed.contains(&relation.object);
            if is_crowded && !fixed {
                crowded.push(Arc::clone(relation));
            }
            for column in read_of(&reads, relation) {
                let place = relation.column(&column.name);
                let behind = relation.source(column).from;
                self.found.charge(behind.len().saturating_add(1));
                let stands = !fixed && has_image(column, self.names.catalog);
                if !stands {
                    bare.extend(behind.iter().cloned().chain([place.clone()]));
                }
                for column in behind.into_iter().chain([place.clone()]) {
                    veils.entry(column).or_default().insert(place.clone());
                }
            }
        }
        for touch in
            touches.iter().filter(|touch| touch.effect == Effect::Read && sites.assumed.contains(&touch.object))
        {
            let Columns::Named(names) = &touch.columns else { continue };
            let columns = names.iter().map(|name| Column { object: touch.object.clone(), name: Arc::clone(name) });
            veils.extend(columns.map(|column| (column.clone(), BTreeSet::from([column]))));
        }
        veils.retain(|column, places| {
            let exposed = bare.contains(column) || places.iter().any(|place| bare.contains(place));
            !exposed && !sites.fixed.contains(&column.object)
        });
        sites.crowded = crowded;
        self.found.sites = sites;
        veils
    }
}

/// What is read, by object.
type Reads<'t> = BTreeMap<&'t Object, &'t Columns>;

fn reads(touches: &[Touch]) -> Reads<'_> {
    let read = touches.iter().filter(|touch| touch.effect == Effect::Read);
    read.map(|touch| (&touch.object, &touch.columns)).collect()
}

/// The columns of a relation that are read.
fn read_of<'r>(reads: &Reads<'_>, relation: &'r Relation) -> Vec<&'r RelationColumn> {
    let columns = relation.columns.iter();
    match reads.get(&relation.object) {
        None | Some(Columns::None) => Vec::new(),
        Some(Columns::Named(names)) => columns.filter(|column| names.contains(&column.name)).collect(),
        Some(Columns::All) => columns.collect(),
    }
}

/// The columns that every table has and that are read of this one.
fn system(reads: &Reads<'_>, object: &Object) -> Vec<&'static str> {
    let Some(Columns::Named(names)) = reads.get(object) else { return Vec::new() };
    SYSTEM_COLUMNS.iter().filter(|name| names.contains(**name)).copied().collect()
}

/// Whether there is something to put in the place of a column's values.
fn has_image(column: &RelationColumn, catalog: &Catalog) -> bool {
    form(column.kind, catalog) != Form::Texts && spelled(column.kind, column.modifier, catalog).is_some()
}

impl Statement {
    /// Whether anything else can stand for a relation that it reads.
    #[must_use]
    pub fn is_replaceable(&self) -> bool {
        !self.uses.veils.is_empty() || self.sites.holds_crowded()
    }

    /// The columns that are not read for all that is known, and which a name could mean for all that is not.
    ///
    /// THREAT: a name or a place that means another column to the server. Where no such column is there it means nothing.
    pub fn unread(&self) -> impl Iterator<Item = Column> {
        let reads = reads(&self.touches);
        self.sites.crowded.iter().flat_map(move |relation| {
            let read: BTreeSet<i16> = read_of(&reads, relation).iter().map(|column| column.number).collect();
            let unread = relation.columns.iter().filter(move |column| !read.contains(&column.number));
            unread.map(|column| relation.column(&column.name))
        })
    }

    /// A column of a relation that it names.
    #[must_use]
    pub fn named(&self, column: &Column) -> Option<&RelationColumn> {
        let mut relations = self.sites.sites.iter().map(|site| &site.relation);
        let relation = relations.find(|relation| relation.object == column.object)?;
        relation.columns.iter().find(|known| known.name == column.name)
    }

    /// The masks whose images stand in what it runs by name.
    pub(in crate::postgres) fn kept_under(&self) -> impl Iterator<Item = &Arc<MaskSet>> {
        self.runs.iter().filter_map(|run| run.kept.as_ref()?.under.as_ref())
    }

    /// What is changed in the text of a message for some columns to be read as something else, if there is room for it;
    /// for every relation that has such columns, at least once.
    pub(super) fn changes(&self, tokens: &[Placed<'_>], images: &Images, room: &mut usize) -> Option<Vec<Change>> {
        let mut changed = BTreeSet::new();
        let mut changes = Vec::new();
        let reads = reads(&self.touches);
        let objects: BTreeSet<&Object> = images.keys().map(|column| &column.object).collect();
        for site in self.sites.sites.iter().filter(|site| objects.contains(&site.relation.object)) {
            let Some(query) = site.query(&reads, images) else { continue };
            *room = room.checked_sub(query.len())?;
            changes.push(site.change(tokens, query)?);
            changed.insert(&site.relation.object);
        }
        for qualified in self.sites.qualified.iter().filter(|qualified| changed.contains(&qualified.object)) {
            changes.push(qualified.change(tokens)?);
        }
        let shows_more = |object: &Object| changed.contains(object) && !system(&reads, object).is_empty();
        for starred in self.sites.starred.iter().filter(|starred| starred.objects.iter().any(shows_more)) {
            let change = starred.change(tokens)?;
            *room = room.checked_sub(change.instead.len())?;
            changes.push(change);
        }
        for grouped in self.sites.grouped.iter().filter(|grouped| changed.contains(&grouped.object)) {
            let is_read = |name: &str| match reads.get(&grouped.object) {
                None | Some(Columns::None) => false,
                Some(Columns::Named(names)) => names.contains(name),
                Some(Columns::All) => true,
            };
            let change = grouped.change(tokens, is_read)?;
            *room = room.checked_sub(change.instead.len())?;
            changes.push(change);
        }
        (changed.len() == objects.len()).then_some(changes)
    }
}

impl Site {
    /// The query that stands for the relation; nothing where no column is another.
    fn query(&self, reads: &Reads<'_>, images: &Images) -> Option<String> {
        let relation = &self.relation;
        let read: BTreeSet<i16> = read_of(reads, relation).iter().map(|column| column.number).collect();
        let mut listed = String::new();
        if !relation.columns.iter().any(|column| images.contains_key(&relation.column(&column.name))) {
            return None;
        }
        let copied = self.copied.iter().flatten();
        let copied = copied.filter_map(|name| relation.columns.iter().find(|column| column.name == *name));
        let seen = |column: &&RelationColumn| self.placed || read.contains(&column.number);
        let seen = relation.columns.iter().filter(|column| self.copied.is_none() && seen(column));
        for column in copied.chain(seen) {
            let comma = if listed.is_empty() { "" } else { ", " };
            let name = quoted(&column.name);
            match images.get(&relation.column(&column.name)) {
                Some(other) => write!(listed, "{comma}{other} AS {name}").ok()?,
                None if read.contains(&column.number) => {
                    write!(listed, "{comma}{}", inside(&relation.object, &column.name)?).ok()?;
                }
                // nobody reads it, and others have their places behind it
                None => write!(listed, "{comma}NULL AS {name}").ok()?,
            }
        }
        for name in system(reads, &relation.object) {
            let comma = if listed.is_empty() { "" } else { ", " };
            write!(listed, "{comma}{}", inside(&relation.object, name)?).ok()?;
        }
        let [schema, name] = relation.object.path.as_slice() else { return None };
        let only = if self.only { "ONLY " } else { "" };
        let alias = self.name.as_ref().map(|name| format!(" AS {}", quoted(name))).unwrap_or_default();
        Some(format!("(SELECT {listed} FROM {only}{}.{}){alias}", quoted(schema), quoted(name)))
    }

    /// What stands in the place of its name, and of the words around it that say which of its rows are meant.
    fn change(&self, tokens: &[Placed<'_>], mut instead: String) -> Option<Change> {
        let first = tokens.binary_search_by_key(&self.at, |token| token.read).ok()?;
        let mut last = end_of_name(tokens, first)?;
        let mut begin = first;
        let word = |at: Option<usize>| at.and_then(|at| tokens.get(at)).map(|placed| placed.token.text);
        if self.copied.is_some() {
            if word(last.checked_add(1)) == Some("(") {
                last =
                    tokens.iter().skip(last).position(|placed| placed.token.word == Word::Close)?.checked_add(last)?;
            }
        } else if self.only {
            let before = |at: usize| at.checked_sub(1).and_then(|at| tokens.get(at));
            if before(begin)?.token.word == Word::Open {
                begin = begin.checked_sub(1)?;
                last = last.checked_add(1)?;
                (tokens.get(last)?.token.word == Word::Close).then_some(())?;
            }
            before(begin)?.token.text.eq_ignore_ascii_case("only").then_some(())?;
            begin = begin.checked_sub(1)?;
        } else if word(last.checked_add(1)) == Some("*") {
            last = last.checked_add(1)?;
        }
        // a query of its own, and not an entry of `FROM`
        if word(begin.checked_sub(1)).is_some_and(|before| before.eq_ignore_ascii_case("table")) {
            begin = begin.checked_sub(1)?;
            instead.insert_str(0, "SELECT * FROM ");
        }
        let (begin, end) = (tokens.get(begin)?.token.start, tokens.get(last)?.token.end());
        Some(Change { at: begin, length: end.checked_sub(begin)?, instead })
    }
}

/// The last token of a name with any number of dots that begins at `first`.
fn end_of_name(tokens: &[Placed<'_>], first: usize) -> Option<usize> {
    let word = |at: usize| tokens.get(at).map(|placed| placed.token.word);
    let is_name = |at: usize| matches!(word(at), Some(Word::Plain | Word::Quoted));
    // the escape character of a name is written behind it
    let end = |at: usize| -> Option<usize> {
        is_name(at).then_some(())?;
        let next = at.checked_add(1)?;
        let escaped = tokens.get(next).is_some_and(|placed| placed.token.text.eq_ignore_ascii_case("uescape"));
        if escaped && tokens.get(at)?.token.text.get(..2)?.eq_ignore_ascii_case("u&") {
            next.checked_add(1)
        } else {
            Some(at)
        }
    };
    let mut last = end(first)?;
    while tokens.get(last.checked_add(1)?).is_some_and(|placed| placed.token.text == ".") {
        last = end(last.checked_add(2)?)?;
    }
    Some(last)
}

impl Qualified {
    /// Takes away what stands before the relation's own name.
    fn change(&self, tokens: &[Placed<'_>]) -> Option<Change> {
        let first = tokens.binary_search_by_key(&self.at, |token| token.read).ok()?;
        let name = tokens.get(first.checked_add(self.before.checked_mul(2)?)?)?;
        let at = tokens.get(first)?.token.start;
        Some(Change { at, length: name.token.start.checked_sub(at)?, instead: String::new() })
    }
}
