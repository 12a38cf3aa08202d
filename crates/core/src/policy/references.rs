//! What a policy names and only the targets can tell of: tables, columns, functions; and where it stands in the files.
//!
//! A name of nothing does no harm to who may do what, but somebody believes in it. Enter at [`Reference::is_met`].

use std::collections::BTreeMap;

use crate::document::{Place, Text, nearest};
use crate::identity::matches;
use crate::operation::{Column, Object};
use crate::policy::On;
use crate::policy::pattern::{ColumnPattern, ObjectPattern};
use crate::target::{Target, TargetName};

/// Where in the files something stands of which they do not know all.
#[derive(Debug, Default)]
pub struct Written {
    /// The names of targets.
    pub targets: BTreeMap<TargetName, Place>,
    /// The files that say what targets hold.
    pub inventories: BTreeMap<TargetName, Text>,
    /// What rules and masks name.
    pub references: Vec<Reference>,
}

/// One thing that a rule or a mask names, in the shape of one protocol.
#[derive(Debug)]
pub struct Reference {
    /// Where it stands.
    pub place: Place,
    on: Vec<On>,
    protocol: &'static str,
    object: ObjectPattern,
    column: Option<String>,
    masks: bool,
}

/// What there is on the targets that a reference is about.
#[derive(Debug, Default)]
pub struct Holdings {
    /// Everything that a rule can name.
    pub objects: Vec<Object>,
    /// Every column.
    pub columns: Vec<Column>,
}

impl Reference {
    /// An object that a rule names, and perhaps a column of it.
    pub(super) fn of_rule(place: &Place, on: &[On], protocol: &'static str, object: &ObjectPattern) -> Self {
        let column = object.column().map(str::to_owned);
        Self { place: place.clone(), on: on.to_vec(), protocol, object: object.clone(), column, masks: false }
    }

    /// A column that a mask names.
    pub(super) fn of_mask(place: &Place, on: &[On], protocol: &'static str, column: &ColumnPattern) -> Self {
        let (object, column) = (column.object.clone(), Some(column.column.clone()));
        Self { place: place.clone(), on: on.to_vec(), protocol, object, column, masks: true }
    }

    /// Whether it is a mistake that it names nothing: somebody believes that the very column is masked.
    #[must_use]
    pub fn must_be_met(&self) -> bool {
        let parts = self.object.parts().iter().chain(&self.column);
        self.masks && !parts.into_iter().any(|part| part.contains('*'))
    }

    /// Whether it is about a target.
    #[must_use]
    pub fn is_about(&self, target: &Target) -> bool {
        self.protocol == target.protocol && self.on.iter().any(|on| on.names(target))
    }

    /// Whether something there is what it names.
    #[must_use]
    pub fn is_met(&self, holdings: &Holdings) -> bool {
        match &self.column {
            _ if self.object.is_anything() && self.column.is_none() => true,
            None => holdings.objects.iter().any(|object| self.object.covers(object)),
            Some(name) => {
                holdings.columns.iter().any(|column| self.object.covers(&column.object) && matches(name, &column.name))
            }
        }
    }

    /// What was probably meant, where it names nothing.
    #[must_use]
    pub fn meant(&self, holdings: &Holdings) -> Option<String> {
        let parts = self.object.parts();
        let here = |object: &&Object| self.object.is_within(object) && object.path.len() == parts.len();
        let objects: Vec<&Object> = if self.column.is_some() {
            holdings.columns.iter().map(|column| &column.object).filter(here).collect()
        } else {
            holdings.objects.iter().filter(here).collect()
        };
        let mut around = objects.clone();
        for (level, part) in parts.iter().enumerate() {
            let at = |object: &&Object| object.path.get(level).is_some_and(|name| matches(part, name));
            let inside: Vec<&Object> = around.iter().copied().filter(at).collect();
            if inside.is_empty() {
                let words: Vec<&str> =
                    around.iter().filter_map(|object| object.path.get(level)).map(AsRef::as_ref).collect();
                let path = self.spelled(level, &words).or_else(|| self.elsewhere(&objects))?;
                return Some(self.written(&path, self.column.as_deref()));
            }
            around = inside;
        }
        // the columns of many tables are too many to mean one of them
        let column = self.column.as_ref().filter(|_| !parts.iter().any(|part| part.contains('*')))?;
        let words = holdings.columns.iter().filter(|one| self.object.covers(&one.object)).map(|one| &*one.name);
        near(column, &words.collect::<Vec<_>>()).map(|near| self.written(parts, Some(near)))
    }

    /// The path with the word at a level that was probably meant there.
    fn spelled(&self, level: usize, words: &[&str]) -> Option<Vec<String>> {
        let mut parts = self.object.parts().to_vec();
        let part = parts.get_mut(level)?;
        near(part, words)?.to_owned().clone_into(part);
        Some(parts)
    }

    /// The path of something that is called so in another place.
    fn elsewhere(&self, objects: &[&Object]) -> Option<Vec<String>> {
        let name = self.object.parts().last().filter(|name| !name.contains('*'))?;
        let found = objects.iter().find(|object| object.path.last().is_some_and(|last| **last == **name))?;
        Some(found.path.iter().map(ToString::to_string).collect())
    }

    fn written(&self, parts: &[String], column: Option<&str>) -> String {
        let space = self.object.space().map(|space| format!("{space}/")).unwrap_or_default();
        let column = column.map(|column| format!(".{column}")).unwrap_or_default();
        format!("{space}{}{column}", parts.join("."))
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.written(self.object.parts(), self.column.as_deref()))
    }
}

/// The word that was probably meant; a pattern stands for too many.
fn near<'w>(part: &str, words: &[&'w str]) -> Option<&'w str> {
    if part.contains('*') { None } else { nearest(part, words) }
}
