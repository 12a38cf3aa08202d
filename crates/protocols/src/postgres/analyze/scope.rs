//! Which columns a name can mean at one place of a query.
//!
//! A scope is one query level: what its `FROM` brings into sight, its `WITH` queries, and the level
//! around it. The rules are those of the server's own name resolution, so that what is resolved here
//! is what the server resolves; where several things may be meant, all of them are.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use postern_core::operation::{Column, Object};

use super::source::Source;
use crate::postgres::catalog::Relation;

/// The columns that every table has without showing them in `*`.
pub(super) const SYSTEM_COLUMNS: &[&str] = &["ctid", "xmin", "cmin", "xmax", "cmax", "tableoid"];

/// A column of what one entry of `FROM` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The byte at which the relation is named.
    pub(super) entry: usize,
    /// Which of its columns.
    pub(super) number: i16,
}

/// A column as it can be referred to.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) name: Arc<str>,
    pub(super) source: Rc<Source>,
    /// Its type and modifier, where they are known.
    pub(super) shape: Option<(u32, i32)>,
    /// The column of a relation that a reference reads; none where that was read further inside.
    pub(super) reads: Option<Column>,
    /// The same, by where the relation is named.
    pub(super) place: Option<Place>,
}

/// The columns of one thing in `FROM`.
#[derive(Clone, Debug)]
pub(super) enum Listed {
    /// Those of a relation, some or all under other names.
    Relation(Arc<Relation>, Vec<Arc<str>>),
    /// These.
    Columns(Rc<[Known]>),
}

/// Columns beyond those that are listed: those of a relation that the catalog does not know, or of a
/// function.
#[derive(Clone, Debug, Default)]
pub(super) struct Unlisted {
    /// What goes into any of them.
    pub(super) source: Source,
    /// The relations that they would be columns of.
    pub(super) objects: Vec<Object>,
    /// Whether a column that is named is taken to exist (see `Catalog::empty`).
    pub(super) assumed: bool,
}

/// One thing in `FROM`.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The name by which it is referred to.
    pub(super) name: Option<Arc<str>>,
    /// The relation that it is, where it may also be referred to by schema and name.
    pub(super) object: Option<Object>,
    /// The byte at which it is named.
    pub(super) entry: Option<usize>,
    pub(super) listed: Listed,
    pub(super) unlisted: Option<Unlisted>,
    /// Whether its columns can be referred to without its name, and are part of `*`.
    pub(super) columns_in_sight: bool,
    /// Whether its name can be referred to.
    pub(super) name_in_sight: bool,
}

/// The columns of a `WITH` query.
#[derive(Clone, Debug)]
pub(super) struct Common {
    pub(super) name: Arc<str>,
    pub(super) columns: Rc<[Known]>,
    pub(super) unlisted: Option<Unlisted>,
    /// Whether it has been read; before that, only its name is known.
    pub(super) ready: bool,
}

/// One query level. The `WITH` queries of a query stand on a level around that of its `FROM`.
#[derive(Debug, Default)]
pub(super) struct Scope<'s> {
    pub(super) items: Vec<Item>,
    pub(super) commons: RefCell<Vec<Common>>,
    pub(super) outer: Option<&'s Scope<'s>>,
}

/// What a name was found to mean.
#[derive(Clone, Debug)]
pub(super) struct Meaning {
    pub(super) source: Source,
    pub(super) shape: Option<(u32, i32)>,
    pub(super) reads: Vec<Column>,
    /// Relations of which nobody knows the columns, one of which was read.
    pub(super) reads_all: Vec<Object>,
}

impl Known {
    fn meaning(&self) -> Meaning {
        Meaning {
            source: (*self.source).clone(),
            shape: self.shape,
            reads: self.reads.iter().cloned().collect(),
            reads_all: Vec::new(),
        }
    }
}

impl Meaning {
    /// A value that nothing goes into.
    pub(super) fn nothing() -> Self {
        Self { source: Source::none(), shape: None, reads: Vec::new(), reads_all: Vec::new() }
    }

    /// Either of two things may be meant.
    pub(super) fn or(mut self, other: Self) -> Self {
        self.source.take_in(other.source);
        self.shape = None;
        self.reads.extend(other.reads);
        self.reads_all.extend(other.reads_all);
        self
    }
}

impl Unlisted {
    fn meaning(&self, name: &str) -> Meaning {
        let columns: Vec<Column> =
            self.objects.iter().map(|object| Column { object: object.clone(), name: name.into() }).collect();
        let source = match columns.as_slice() {
            [column] if self.assumed => Source::column(column.clone()),
            columns => {
                let mut source = self.source.clone().derived();
                source.from.extend(columns.iter().cloned());
                source
            }
        };
        Meaning {
            source,
            shape: None,
            reads: if self.assumed { columns } else { Vec::new() },
            reads_all: if self.assumed { Vec::new() } else { self.objects.clone() },
        }
    }

    /// Any of these columns, nobody knows which.
    fn any(&self) -> Meaning {
        let mut source = self.source.clone().derived();
        source.unknown |= !self.objects.is_empty();
        Meaning { source, shape: None, reads: Vec::new(), reads_all: self.objects.clone() }
    }
}

impl Item {
    /// How many columns are listed.
    pub(super) fn width(&self) -> usize {
        match &self.listed {
            Listed::Relation(relation, _) => relation.columns.len(),
            Listed::Columns(columns) => columns.len(),
        }
    }

    /// The listed columns, in the order that `*` gives them.
    pub(super) fn columns(&self) -> Vec<Known> {
        (0..self.width()).filter_map(|index| self.at(index)).collect()
    }

    /// The same without generated columns, which `COPY` leaves out.
    pub(super) fn stored(mut self) -> Self {
        if let Listed::Relation(relation, _) = &self.listed {
            let generated = relation.columns.iter().map(|column| column.generated);
            let columns = self.columns().into_iter().zip(generated);
            let kept: Rc<[Known]> = columns.filter(|(_, generated)| !generated).map(|(known, _)| known).collect();
            self.listed = Listed::Columns(kept);
        }
        self
    }

    /// A listed column by its place.
    pub(super) fn at(&self, index: usize) -> Option<Known> {
        match &self.listed {
            Listed::Columns(columns) => columns.get(index).cloned(),
            Listed::Relation(relation, names) => {
                let column = relation.columns.get(index)?;
                Some(Known {
                    name: names.get(index).map_or_else(|| Arc::clone(&column.name), Arc::clone),
                    source: Rc::new(relation.source(column)),
                    shape: Some((column.kind, column.modifier)),
                    reads: Some(relation.column(&column.name)),
                    place: self.entry.map(|entry| Place { entry, number: column.number }),
                })
            }
        }
    }

    fn places(&self, name: &str) -> Vec<usize> {
        let named = |index: &usize| match &self.listed {
            Listed::Columns(columns) => columns.get(*index).is_some_and(|known| *known.name == *name),
            Listed::Relation(relation, names) => match names.get(*index) {
                Some(other) => **other == *name,
                None => relation.columns.get(*index).is_some_and(|column| *column.name == *name),
            },
        };
        (0..self.width()).filter(named).collect()
    }

    /// The only listed column of a name.
    pub(super) fn only(&self, name: &str) -> Option<Known> {
        let [place] = self.places(name)[..] else { return None };
        self.at(place)
    }

    /// The first listed column of a name.
    pub(super) fn first(&self, name: &str) -> Option<Known> {
        self.places(name).first().and_then(|place| self.at(*place))
    }

    /// How much there is in it: its columns, and what goes into each.
    pub(super) fn weight(&self) -> usize {
        let of = |known: &Known| known.source.from.len().saturating_add(1);
        match &self.listed {
            Listed::Relation(relation, _) => relation.columns.len().saturating_mul(2),
            Listed::Columns(columns) => columns.iter().map(of).fold(0, usize::saturating_add),
        }
    }

    /// What a column of this name in this item means, among the listed ones and the server's own.
    pub(super) fn column(&self, name: &str) -> Option<Meaning> {
        let places = self.places(name);
        let found = places.into_iter().filter_map(|place| self.at(place)).map(|known| known.meaning());
        if let Some(meaning) = found.reduce(Meaning::or) {
            return Some(meaning);
        }
        let Listed::Relation(relation, _) = &self.listed else {
            return None;
        };
        SYSTEM_COLUMNS.contains(&name).then(|| {
            let column = relation.column(&name.into());
            Meaning { source: Source::column(column.clone()), shape: None, reads: vec![column], reads_all: Vec::new() }
        })
    }

    /// What a column of this name means, whether it is listed or not.
    pub(super) fn any_column(&self, name: &str) -> Option<Meaning> {
        let unlisted = || Some(self.unlisted.as_ref()?.meaning(name));
        self.column(name).or_else(unlisted)
    }

    /// The whole row as one value.
    pub(super) fn row(&self) -> Meaning {
        let listed = self.columns().into_iter().map(|known| known.meaning());
        let unlisted = self.unlisted.iter().map(Unlisted::any);
        listed.chain(unlisted).fold(Meaning::nothing(), Meaning::or)
    }
}

impl<'s> Scope<'s> {
    /// A level inside this one with nothing in sight yet.
    pub(super) fn inner(&'s self) -> Scope<'s> {
        Scope { outer: Some(self), ..Scope::default() }
    }

    /// The same level with these in sight instead.
    pub(super) fn showing(&self, items: Vec<Item>) -> Scope<'s> {
        Scope { items, outer: self.outer, ..Scope::default() }
    }

    /// How many columns there are to look through for a name.
    pub(super) fn width(&self) -> usize {
        let items = self.levels().flat_map(|level| &level.items);
        items.fold(0, |width: usize, item| width.saturating_add(item.width()).saturating_add(1))
    }

    /// How many things there are that may have a name.
    pub(super) fn breadth(&self) -> usize {
        let of = |level: &Scope<'_>| level.items.len().saturating_add(level.commons.borrow().len());
        self.levels().map(of).fold(1, usize::saturating_add)
    }

    fn levels(&self) -> impl Iterator<Item = &Scope<'s>> {
        std::iter::successors(Some(self), |scope| scope.outer)
    }

    /// What a column name on its own means.
    ///
    /// THREAT: what is in sight here and not for the server (a column of the system, one without a name of its own, one
    /// that is out of sight in this clause): the name is that of something further out then. Its value counts as well.
    pub(super) fn column(&self, name: &str) -> Option<Meaning> {
        let mut nearest = self.nearest(name)?;
        let listed = |level: &Scope<'_>| -> Vec<Meaning> {
            let in_sight = level.items.iter().filter(|item| item.columns_in_sight);
            in_sight.filter_map(|item| item.column(name)).collect()
        };
        let levels = self.levels().map(listed).filter(|level| !level.is_empty()).skip(1);
        levels.flatten().for_each(|further| nearest.source.take_in(further.source));
        Some(nearest)
    }

    /// What it means on the nearest level that has it.
    fn nearest(&self, name: &str) -> Option<Meaning> {
        let mut maybe: Option<Meaning> = None;
        let or = |maybe: Option<Meaning>, meaning: Meaning| match maybe {
            Some(before) => Some(before.or(meaning)),
            None => Some(meaning),
        };
        for level in self.levels() {
            let in_sight = || level.items.iter().filter(|item| item.columns_in_sight);
            let listed = in_sight().filter_map(|item| item.column(name)).reduce(Meaning::or);
            if let Some(meaning) = listed {
                return or(maybe, meaning);
            }
            // a column that nobody listed may be meant, or one further out
            let unlisted = || in_sight().filter_map(|item| item.unlisted.as_ref());
            let meant = unlisted().map(|unlisted| unlisted.meaning(name)).reduce(Meaning::or);
            if let Some(meaning) = meant {
                maybe = or(maybe, meaning);
            }
            if unlisted().any(|unlisted| unlisted.assumed) {
                return maybe;
            }
        }
        maybe
    }

    /// Whether a column of this name is listed anywhere.
    pub(super) fn lists(&self, name: &str) -> bool {
        let assumed = |item: &Item| item.unlisted.as_ref().is_some_and(|unlisted| unlisted.assumed);
        let mut in_sight = self.levels().flat_map(|level| &level.items).filter(|item| item.columns_in_sight);
        in_sight.any(|item| assumed(item) || item.column(name).is_some())
    }

    /// The item that a name means, and whether its schema, where one is given, fits.
    pub(super) fn item(&self, schema: Option<&str>, name: &str) -> Option<&Item> {
        let means = |item: &&Item| match (schema, &item.object) {
            (None, _) => item.name.as_deref() == Some(name),
            (Some(schema), Some(object)) => match object.path.as_slice() {
                [first, last] => **first == *schema && **last == *name,
                _ => false,
            },
            (Some(_), None) => false,
        };
        self.levels().find_map(|level| {
            let mut in_sight = level.items.iter().filter(|item| item.name_in_sight);
            in_sight.find(means)
        })
    }

    /// The `WITH` query of this name.
    pub(super) fn common(&self, name: &str) -> Option<Common> {
        self.levels().find_map(|level| {
            let commons = level.commons.borrow();
            commons.iter().rev().find(|common| *common.name == *name).cloned()
        })
    }

    /// Every relation in sight of whose columns a name may be one.
    pub(super) fn relations(&self) -> Vec<Object> {
        let items = self.levels().flat_map(|level| &level.items);
        items
            .filter_map(|item| match &item.listed {
                Listed::Relation(relation, _) => Some(relation.object.clone()),
                Listed::Columns(_) => None,
            })
            .collect()
    }
}
