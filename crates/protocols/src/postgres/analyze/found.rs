//! What has been found in a statement so far. It only ever grows.
//!
//! It is told, and never asks why: nothing in it is ever taken back, but for what a plan does not do.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use postern_core::operation::{
    Action, Column, Columns, Effect, Fact, Facts, Given, Object, Reading, Touch, Uses, Value,
};

use super::facts::Restriction;
use super::sites::Sites;
use super::source::Source;
use super::work::{COMPARED, Work};
use super::{Kept, Run, Statement};

/// Why a reading that took too much work is opaque.
const TOO_MUCH: &str = "the statement takes too much work to be read";

/// What is touched, and which columns of it.
pub(super) type Touches = BTreeMap<(Effect, Object), Columns>;

/// Effects, columns and facts of one statement.
#[derive(Debug)]
pub(super) struct Found {
    work: Work,
    touches: Touches,
    pub(super) uses: Uses,
    /// Columns of whose values several rows are made, or none.
    pub(super) multiplied: BTreeSet<Column>,
    actions: Vec<Action>,
    functions: BTreeSet<String>,
    tables: BTreeSet<String>,
    runs: Vec<Run>,
    pub(super) sites: Sites,
    opaque: Option<String>,
    pub(super) dynamic: bool,
    pub(super) locks: bool,
    pub(super) no_limit: bool,
    pub(super) positional: bool,
    pub(super) restriction: Option<Restriction>,
}

impl Found {
    /// Nothing yet, in a text that may take so much work.
    pub(super) fn within(work: Work) -> Self {
        Self {
            work,
            touches: BTreeMap::new(),
            uses: Uses::default(),
            multiplied: BTreeSet::new(),
            actions: Vec::new(),
            functions: BTreeSet::new(),
            tables: BTreeSet::new(),
            runs: Vec::new(),
            sites: Sites::default(),
            positional: false,
            opaque: None,
            dynamic: false,
            locks: false,
            no_limit: false,
            restriction: None,
        }
    }

    /// So much work has been done, for this or in vain. Answers whether to go on.
    pub(super) fn charge(&mut self, units: usize) -> bool {
        let goes_on = self.work.done(units);
        if !goes_on {
            self.opaque(TOO_MUCH);
        }
        goes_on
    }

    /// The same for a name that has been looked for among so many.
    pub(super) fn charge_search(&mut self, among: usize) -> bool {
        self.charge(among.div_ceil(COMPARED))
    }

    /// How much work may still be done.
    pub(super) fn work(&self) -> &Work {
        &self.work
    }

    /// An effect on an object as a whole.
    pub(super) fn whole(&mut self, effect: Effect, object: Object) {
        self.charge(1);
        self.touches.entry((effect, object)).or_insert(Columns::None);
    }

    /// An effect on one column of an object.
    pub(super) fn column(&mut self, effect: Effect, column: &Column) {
        self.charge(1);
        match self.touches.entry((effect, column.object.clone())) {
            Entry::Vacant(entry) => {
                entry.insert(Columns::Named(BTreeSet::from([Arc::clone(&column.name)])));
            }
            Entry::Occupied(mut entry) => match entry.get_mut() {
                Columns::All => {}
                Columns::Named(names) => {
                    names.insert(Arc::clone(&column.name));
                }
                none @ Columns::None => {
                    *none = Columns::Named(BTreeSet::from([Arc::clone(&column.name)]));
                }
            },
        }
    }

    /// An effect on all columns of an object, or on nobody knows which.
    pub(super) fn all(&mut self, effect: Effect, object: Object) {
        self.charge(1);
        self.touches.insert((effect, object), Columns::All);
    }

    /// A statement that the message contains, apart from the one that gives it its name.
    pub(super) fn action(&mut self, action: Action) {
        if !self.actions.contains(&action) {
            self.actions.push(action);
        }
    }

    /// A relation that the statement names.
    pub(super) fn table(&mut self, object: &Object) {
        self.tables.insert(object.to_string());
    }

    /// A function that the statement calls.
    pub(super) fn function(&mut self, name: impl Into<String>) {
        self.functions.insert(name.into());
    }

    /// A name is looked up in the session; answers what stands under it.
    pub(super) fn runs(&mut self, name: &str, kept: Option<Kept>) -> Option<Arc<Statement>> {
        self.charge(1);
        let statement = kept.as_ref().map(|kept| Arc::clone(&kept.statement));
        self.runs.push(Run { name: name.to_owned(), kept });
        statement
    }

    /// The columns of a value that decide without being shown.
    pub(super) fn consult(&mut self, source: Source) {
        self.charge(source.from.len());
        self.uses.consulted.extend(source.from);
    }

    /// The columns of a value that is computed on the way.
    pub(super) fn compute(&mut self, source: &Source) {
        if source.bare.is_none() {
            self.charge(source.from.len());
            self.uses.computed.extend(source.from.iter().cloned());
        }
    }

    /// The columns of a value of which several rows are made, or none.
    pub(super) fn multiply(&mut self, source: &Source) {
        self.compute(source);
        self.multiplied.extend(source.from.iter().cloned());
    }

    /// Rows are read whose number tells of these columns.
    pub(super) fn count(&mut self, multiplied: &BTreeSet<Column>) {
        self.charge(multiplied.len());
        self.uses.consulted.extend(multiplied.iter().cloned());
        self.multiplied.extend(multiplied.iter().cloned());
    }

    /// A column is given a value as it stands.
    pub(super) fn give(&mut self, column: Column, given: Given) {
        self.charge(1);
        self.uses.given.entry(column).or_default().insert(given);
    }

    /// Something was not understood. The first reason stands.
    pub(super) fn opaque(&mut self, why: impl Into<String>) {
        self.opaque.get_or_insert_with(|| why.into());
    }

    pub(super) fn is_opaque(&self) -> bool {
        self.opaque.is_some()
    }

    /// Whether anything but the client's own session is touched.
    pub(super) fn touches_something(&self) -> bool {
        !self.touches.is_empty()
    }

    /// Takes in what another statement, prepared or opened before, would do.
    pub(super) fn touch(&mut self, touch: &Touch) {
        match &touch.columns {
            Columns::None => self.whole(touch.effect, touch.object.clone()),
            Columns::All => self.all(touch.effect, touch.object.clone()),
            Columns::Named(names) => {
                for name in names {
                    let (object, name) = (touch.object.clone(), Arc::clone(name));
                    self.column(touch.effect, &Column { object, name });
                }
            }
        }
    }

    /// Takes in all that was found in another statement, which this one runs or makes ready.
    pub(super) fn take_in(&mut self, other: &Statement) {
        // what it names is named in another text, and stays as it is
        other.touches.iter().for_each(|touch| self.sites.fix(&touch.object));
        let Uses { consulted, computed, stored, overwritten, given, hidden, veils: _ } = &other.uses;
        let sets = [consulted, computed, stored, overwritten].into_iter().map(BTreeSet::len).sum::<usize>();
        if !self.charge(sets.saturating_add(hidden.len()).saturating_add(other.names.len())) {
            return;
        }
        for touch in &other.touches {
            self.touch(touch);
        }
        self.runs.extend(other.runs.iter().cloned());
        self.uses.consulted.extend(consulted.iter().cloned());
        self.uses.computed.extend(computed.iter().cloned());
        self.uses.stored.extend(stored.iter().cloned());
        self.uses.overwritten.extend(overwritten.iter().cloned());
        self.uses.hidden.extend(hidden.iter().cloned());
        for (column, given) in given {
            // the parameters of another text are not those of this one
            let own = given.iter().filter(|given| !matches!(given.value, Value::Parameter(_)));
            own.for_each(|given| self.give(column.clone(), given.clone()));
        }
        self.action(other.action);
        for action in &other.also {
            self.action(*action);
        }
        if let Reading::Opaque(why) = &other.reading {
            self.opaque(why.clone());
        }
        let flag = |name| other.facts.get(name) == Some(&Fact::Flag(true));
        let list = |name| match other.facts.get(name) {
            Some(Fact::List(words)) => words.clone(),
            Some(Fact::Flag(_) | Fact::Number(_) | Fact::Text(_)) | None => Vec::new(),
        };
        self.functions.extend(list("functions"));
        self.tables.extend(list("tables"));
        self.dynamic |= flag("dynamic");
        self.locks |= flag("locks");
        self.positional |= other.positional;
        self.no_limit |= flag("no_limit");
        self.restrict(Restriction {
            none: flag("no_where"),
            columns: list("where_columns").into_iter().map(Into::into).collect(),
        });
    }

    /// Keeps only what a plan of the statement would do: data is looked at for estimates, nothing
    /// changes, and functions may run while constants are folded.
    pub(super) fn only_planned(&mut self) {
        for ((effect, object), columns) in std::mem::take(&mut self.touches) {
            let effect = match effect {
                Effect::Session | Effect::Execute | Effect::Unknown => effect,
                Effect::Read | Effect::Write | Effect::Delete | Effect::Define | Effect::Grant | Effect::Transfer => {
                    Effect::Read
                }
            };
            self.touch(&Touch { effect, object, columns });
        }
        self.actions.clear();
        self.uses.stored.clear();
        self.uses.overwritten.clear();
        self.uses.given.clear();
        self.locks = false;
    }

    /// What was touched so far, for the while that something is looked at without being recorded.
    pub(super) fn set_touches_aside(&mut self) -> Touches {
        self.touches.clone()
    }

    /// The opposite: what was touched since is forgotten.
    pub(super) fn put_touches_back(&mut self, touches: Touches) {
        self.touches = touches;
    }

    pub(super) fn touches(&mut self) -> Vec<Touch> {
        std::mem::take(&mut self.touches)
            .into_iter()
            .map(|((effect, object), columns)| Touch { effect, object, columns })
            .collect()
    }

    pub(super) fn ran(&mut self) -> Vec<Run> {
        std::mem::take(&mut self.runs)
    }

    pub(super) fn actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    pub(super) fn reading(&self) -> Reading {
        match &self.opaque {
            None => Reading::Clear,
            Some(why) => Reading::Opaque(why.clone()),
        }
    }

    /// The facts by name. Every one is known where the statement was read wholly; where it was not,
    /// those that more reading could change are left out.
    pub(super) fn facts(&self, several: bool) -> Facts {
        let mut facts = Facts::new();
        let lists = [("tables", &self.tables), ("functions", &self.functions)];
        facts.insert("multi_statement", Fact::Flag(several));
        facts.insert("dynamic", Fact::Flag(self.dynamic));
        facts.insert("unparsed", Fact::Flag(false));
        if self.opaque.is_some() {
            return facts;
        }
        for (name, list) in lists {
            facts.insert(name, Fact::List(list.iter().cloned().collect()));
        }
        facts.insert("locks", Fact::Flag(self.locks));
        facts.insert("no_limit", Fact::Flag(self.no_limit));
        let restriction = self.restriction.clone().unwrap_or_default();
        facts.insert("no_where", Fact::Flag(restriction.none));
        let columns = restriction.columns.iter().map(ToString::to_string).collect();
        facts.insert("where_columns", Fact::List(columns));
        facts
    }
}
