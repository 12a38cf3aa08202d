//! What a name stands for, as distinct from the name: a table that was put in another's place is another one.
//!
//! It tells nothing of what a relation holds; its columns may change and it is still the same. Enter at
//! [`Catalog::identity`].

use std::collections::BTreeSet;

use postern_core::operation::Object;

use super::Catalog;

impl Catalog {
    /// Bytes that are the same as long as the object's name stands for the same relation: the same `pg_class.oid`,
    /// the same ones under it (partitions, children), and for a view the same definition over the same relations. None where it names no relation that is known.
    pub(crate) fn identity(&self, object: &Object) -> Vec<u8> {
        let [schema, name] = object.path.as_slice() else { return Vec::new() };
        let Some(relation) = self.relation(schema, name).filter(|_| self.knows(object)) else { return Vec::new() };
        let mut identity = Vec::new();
        let (mut seen, mut open) = (BTreeSet::new(), BTreeSet::from([relation.oid]));
        while let Some(oid) = open.pop_first() {
            if !seen.insert(oid) {
                continue;
            }
            identity.extend_from_slice(&oid.to_be_bytes());
            identity.extend(self.marks.get(&oid).into_iter().flat_map(|mark| mark.bytes()));
            open.extend(self.behind.get(&oid).into_iter().flatten().map(|(base, _)| *base));
            open.extend(self.by_oid.get(&oid).into_iter().flat_map(|relation| &relation.children));
        }
        identity
    }
}
