//! Stars that stand for columns under their names.
//!
//! A star shows whatever its relation has, and a query that stands for a relation has what every table has besides its
//! columns where that is read. There the names are written out. Enter at `Reader::spelled_out` and `Starred::change`.

use std::fmt::Write;

use pg_query::NodeEnum;
use pg_query::protobuf::Node;
use postern_core::operation::Object;

use super::replaced::Change;
use super::scope::{Item, Listed, Scope};
use super::sites::Placed;
use super::statement::{Reader, strings};
use crate::postgres::form::quoted;

/// A star of a target list.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Starred {
    /// The byte at which it begins.
    at: usize,
    /// How many words it is.
    words: usize,
    /// The relations whose columns it shows.
    pub(super) objects: Vec<Object>,
    /// The names of all columns that it shows.
    instead: String,
}

impl Reader<'_> {
    /// Notes a star over these, if names can stand for it.
    pub(super) fn spelled_out(&mut self, star: &Node, items: &[Item], level: &Scope<'_>) -> bool {
        let Some(NodeEnum::ColumnRef(reference)) = &star.node else { return false };
        let Ok(at) = usize::try_from(reference.location) else { return false };
        let named = strings(&reference.fields);
        let width = items.iter().map(Item::width).fold(level.breadth(), usize::saturating_add);
        // what a name means is looked for once for each
        if named.len() > 1 || !self.found.charge_search(width.saturating_mul(items.len().saturating_add(1))) {
            return false;
        }
        let lists: Option<Vec<String>> = items.iter().map(|item| listed(item, level, named.is_empty())).collect();
        let Some(instead) = lists.map(|lists| lists.join(", ")) else { return false };
        let objects = items.iter().filter_map(|item| match &item.listed {
            Listed::Relation(relation, _) => Some(relation.object.clone()),
            Listed::Columns(_) => None,
        });
        let words = named.len().saturating_mul(2).saturating_add(1);
        self.found.sites.starred.push(Starred { at, words, objects: objects.collect(), instead });
        true
    }
}

/// The columns of an item by their names, if each of them means one, and the item's name this one.
fn listed(item: &Item, level: &Scope<'_>, of_level: bool) -> Option<String> {
    let name = item.name.as_ref().filter(|_| item.name_in_sight && item.unlisted.is_none())?;
    let called = level.items.iter().filter(|other| other.name.as_ref() == Some(name)).count();
    if called > 1 || of_level && called != 1 {
        return None;
    }
    let columns = item.columns();
    let mut names: Vec<&str> = columns.iter().map(|known| &*known.name).collect();
    names.sort_unstable();
    if names.is_empty() || names.windows(2).any(|pair| matches!(pair, [one, next] if one == next)) {
        return None;
    }
    let mut list = String::new();
    for known in &columns {
        let comma = if list.is_empty() { "" } else { ", " };
        write!(list, "{comma}{}.{}", quoted(name), quoted(&known.name)).ok()?;
    }
    Some(list)
}

impl Starred {
    /// The names in its place.
    pub(super) fn change(&self, tokens: &[Placed<'_>]) -> Option<Change> {
        let first = tokens.binary_search_by_key(&self.at, |token| token.read).ok()?;
        let last = tokens.get(first.checked_add(self.words)?.checked_sub(1)?)?.token;
        (last.text == "*").then_some(())?;
        let at = tokens.get(first)?.start();
        Some(Change { at, length: last.end().checked_sub(at)?, instead: self.instead.clone() })
    }
}
