//! What the name of a relation means, and what is recorded for naming it.
//!
//! Everything that names a relation comes through here, so that none is read or changed unrecorded.

use std::rc::Rc;
use std::sync::Arc;

use pg_query::protobuf::RangeVar;
use postern_core::operation::{Column, Columns, Effect, Object};

use super::scope::{Item, Listed, Unlisted};
use super::source::Source;
use super::statement::Reader;
use crate::postgres::catalog::{Relation, SYSTEM, TEMPORARY};
use crate::postgres::vocabulary;

/// What a relation's name was found to mean.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// The object, or every object that it may be where the catalog does not know it.
    pub(super) objects: Vec<Object>,
    /// What the catalog knows of it.
    pub(super) relation: Option<Arc<Relation>>,
}

impl Reader<'_> {
    /// What `name` means here. A name that the catalog does not know may have been made since: then
    /// it may be in any schema of the path.
    pub(super) fn named(&self, name: &RangeVar) -> Named {
        let catalog = self.names.catalog;
        let elsewhere = !name.catalogname.is_empty() && *name.catalogname != *catalog.database;
        if elsewhere {
            let object = Object::at([name.schemaname.as_str(), name.relname.as_str()]);
            return Named::unknown(vec![object.within(name.catalogname.as_str())]);
        }
        if !name.schemaname.is_empty() {
            let schema = catalog.spelled(&name.schemaname);
            return match catalog.relation(schema, &name.relname) {
                Some(relation) => Named::known(relation),
                None => Named::unknown(vec![catalog.object([schema, &name.relname])]),
            };
        }
        let mut path = self.path.for_relations();
        if let Some(relation) = path.find_map(|schema| catalog.relation(schema, &name.relname)) {
            return Named::known(relation);
        }
        Named::unknown(self.anywhere(&name.relname))
    }

    /// Every object of this name that a path might lead to.
    fn anywhere(&self, name: &str) -> Vec<Object> {
        let catalog = self.names.catalog;
        if catalog.is_assumed() && name.starts_with("pg_") {
            return vec![catalog.object([SYSTEM, name])];
        }
        let candidates = self.path.candidates();
        let mut objects: Vec<Object> = candidates.map(|schema| catalog.object([&**schema, name])).collect();
        if objects.is_empty() {
            objects.push(catalog.object([TEMPORARY, name]));
        }
        objects
    }

    /// Where a new relation of this name would be made.
    pub(super) fn made(&self, name: &RangeVar) -> Object {
        let catalog = self.names.catalog;
        let schema = match name.schemaname.as_str() {
            "" if name.relpersistence == "t" => TEMPORARY,
            "" => self.path.creation().map_or(TEMPORARY, |schema| &**schema),
            schema => catalog.spelled(schema),
        };
        catalog.object([schema, name.relname.as_str()])
    }

    /// Puts a relation into sight to be read, and records that it is.
    pub(super) fn relation_item(&mut self, name: &RangeVar) -> Item {
        let named = self.named(name);
        for object in &named.objects {
            self.found.table(object);
            self.found.whole(Effect::Read, object.clone());
            let runs_code = named.relation.as_ref().is_some_and(|known| self.names.catalog.runs_code(known.oid));
            if runs_code || vocabulary::shows_data_of_others(object) {
                self.found.uses.hidden.insert(format!("relation {object}"));
            }
        }
        if named.relation.is_none() && !self.names.catalog.is_assumed() {
            self.read_all(&named.objects);
        }
        if let Some(relation) = &named.relation {
            // whoever counts the rows of a view learns what they are made of
            self.found.count(&relation.multiplied);
        }
        let item = named.item(self.names.catalog.is_assumed());
        aliased(item, name)
    }

    /// Puts the relation that a statement changes into sight, without reading it yet.
    pub(super) fn target_item(&mut self, name: &RangeVar, named: &Named) -> Item {
        for object in &named.objects {
            self.found.table(object);
            self.found.sites.fix(object);
        }
        if named.relation.as_ref().is_some_and(|relation| self.names.catalog.is_ruled(relation.oid)) {
            // a rewrite rule may do anything in place of the statement
            for object in &named.objects {
                self.found.whole(Effect::Unknown, object.clone());
                self.found.uses.hidden.insert(format!("rules on {object}"));
            }
        }
        aliased(named.item(self.names.catalog.is_assumed()), name)
    }

    /// Records an effect on some columns of the relation; none named means all.
    pub(super) fn touch(&mut self, effect: Effect, named: &Named, columns: &Columns) {
        for object in &named.objects {
            match columns {
                Columns::None => self.found.whole(effect, object.clone()),
                Columns::All => self.found.all(effect, object.clone()),
                Columns::Named(names) => {
                    for name in names {
                        let (object, name) = (object.clone(), Arc::clone(name));
                        self.found.column(effect, &Column { object, name });
                    }
                }
            }
        }
    }
}

impl Named {
    fn known(relation: &Arc<Relation>) -> Self {
        Self { objects: vec![relation.object.clone()], relation: Some(Arc::clone(relation)) }
    }

    fn unknown(objects: Vec<Object>) -> Self {
        Self { objects, relation: None }
    }

    pub(super) fn item(&self, assumed: bool) -> Item {
        let object = self.objects.first().cloned();
        let (listed, unlisted) = match &self.relation {
            Some(relation) => (Listed::Relation(Arc::clone(relation), Vec::new()), None),
            None => {
                let unlisted = Unlisted {
                    source: if assumed { Source::none() } else { Source::unknown() },
                    objects: self.objects.clone(),
                    assumed,
                };
                (Listed::Columns(Rc::from([])), Some(unlisted))
            }
        };
        Item {
            name: object.as_ref().and_then(|object| object.path.last().cloned()),
            object,
            entry: None,
            listed,
            unlisted,
            columns_in_sight: true,
            name_in_sight: true,
        }
    }
}

/// The item under the name and the column names that its alias gives it.
fn aliased(mut item: Item, name: &RangeVar) -> Item {
    item.name = Some(name.relname.as_str().into());
    item.entry = usize::try_from(name.location).ok();
    match &name.alias {
        None => item,
        Some(alias) => item.under(alias),
    }
}
