//! Joins: their two sides, and the columns that `USING` and `NATURAL` make of both.
//!
//! A merged column keeps its origin only where the server keeps it; what is merged decides which rows meet.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use pg_query::protobuf::{JoinExpr, JoinType};
use postern_core::operation::Column;

use super::scope::{Item, Known, Scope, Unlisted};
use super::source::Source;
use super::statement::{Reader, strings};

impl Reader<'_> {
    /// A join: its two sides, and where columns are merged or it has a name, its own columns.
    pub(super) fn join(&mut self, join: &JoinExpr, scope: &Scope<'_>) -> Vec<Item> {
        let before = self.found.sites.len();
        let Some((left, right)) = self.sides(join, scope) else {
            return Vec::new();
        };
        // names that are given to columns by their places mean other columns where some are left out
        if join.alias.as_ref().is_some_and(|alias| !alias.colnames.is_empty()) {
            self.found.sites.place_from(before);
        }
        // what makes columns of its own takes all that there are
        if join.is_natural || join.alias.is_some() || !join.using_clause.is_empty() {
            self.found.sites.whole_from(before);
        }
        let open = |side: &[Item]| {
            let mut unlisted =
                side.iter().filter(|item| item.columns_in_sight).filter_map(|item| item.unlisted.as_ref());
            unlisted.any(|unlisted| !unlisted.assumed)
        };
        if join.is_natural && (open(&left) || open(&right)) {
            self.found.opaque("nobody knows which columns are joined");
        }
        let kind = JoinType::try_from(join.jointype).unwrap_or(JoinType::Undefined);
        let merged = if join.is_natural {
            shared(&left, &right)
        } else {
            strings(&join.using_clause).into_iter().map(Arc::from).collect()
        };
        if let Some(condition) = &join.quals {
            self.consult(condition, &scope.showing(left.iter().chain(&right).cloned().collect()));
        }
        if merged.is_empty() && join.alias.is_none() {
            return left.into_iter().chain(right).collect();
        }
        self.merge(join, kind, left, right, &merged)
    }

    fn sides(&mut self, join: &JoinExpr, scope: &Scope<'_>) -> Option<(Vec<Item>, Vec<Item>)> {
        let left = self.bring_item(join.larg.as_deref()?, scope);
        // the right side may look at the left one where it is LATERAL
        let in_sight: Vec<Item> = scope.items.iter().chain(&left).cloned().collect();
        self.found.charge(in_sight.len());
        let right = self.bring_item(join.rarg.as_deref()?, &scope.showing(in_sight));
        Some((left, right))
    }

    fn merge(
        &mut self,
        join: &JoinExpr,
        kind: JoinType,
        left: Vec<Item>,
        right: Vec<Item>,
        merged: &[Arc<str>],
    ) -> Vec<Item> {
        let mut columns = Vec::new();
        for name in merged {
            if !self.step() {
                break;
            }
            let (left, right) = (self.pick(&left, name), self.pick(&right, name));
            for known in left.iter().chain(&right) {
                self.found.consult((*known.source).clone());
                self.read(&known.reads);
            }
            if left.is_none() || right.is_none() {
                // one side lists no such column: it may have one all the same
                self.unlisted_merge(name);
            }
            columns.push(merged_column(kind, name, left, right));
        }
        let names: BTreeSet<&Arc<str>> = merged.iter().collect();
        let sides: [Vec<Item>; 2] = [left, right];
        for side in &sides {
            let rest = side.iter().filter(|item| item.columns_in_sight).flat_map(Item::columns);
            columns.extend(rest.filter(|known| !names.contains(&known.name)));
        }
        let unlisted = sides.iter().flatten().filter_map(|item| item.unlisted.clone()).reduce(both);
        let item = Item::of(None, columns.into(), unlisted);
        if let Some(alias) = &join.alias {
            return vec![item.under(alias)];
        }
        let mut items: Vec<Item> = sides.into_iter().flatten().collect();
        for item in &mut items {
            item.columns_in_sight = false;
        }
        if let Some(alias) = &join.join_using_alias {
            let columns = item.columns().into_iter().take(merged.len()).collect();
            let mut using = Item::of(None, columns, None).under(alias);
            using.columns_in_sight = false;
            items.push(using);
        }
        items.push(item);
        items
    }

    fn pick(&mut self, side: &[Item], name: &str) -> Option<Known> {
        let mut in_sight = side.iter().filter(|item| item.columns_in_sight);
        in_sight.find_map(|item| {
            self.found.charge_search(item.width());
            if let Some(known) = item.first(name) {
                return Some(known);
            }
            let unlisted = item.unlisted.as_ref().filter(|unlisted| unlisted.assumed)?;
            let source = Source::column(Column { object: unlisted.objects.first()?.clone(), name: name.into() });
            let reads = source.bare.clone();
            let source = Rc::new(source);
            Some(Known { name: name.into(), source, shape: None, reads, place: None })
        })
    }

    fn unlisted_merge(&mut self, name: &str) {
        if !self.names.catalog.is_assumed() {
            self.found.opaque(format!("the columns joined by `{name}` are not known"));
        }
    }
}

/// Columns that both sides of a natural join have.
fn shared(left: &[Item], right: &[Item]) -> Vec<Arc<str>> {
    let columns = |side: &[Item]| -> Vec<Known> {
        side.iter().filter(|item| item.columns_in_sight).flat_map(Item::columns).collect()
    };
    let right: BTreeSet<Arc<str>> = columns(right).into_iter().map(|known| known.name).collect();
    columns(left).into_iter().map(|known| known.name).filter(|name| right.contains(name)).collect()
}

/// The column that `USING` makes of two. The server keeps the origin of one side, as long as it does
/// not have to convert it, and computes a new value for a full join.
fn merged_column(kind: JoinType, name: &Arc<str>, left: Option<Known>, right: Option<Known>) -> Known {
    let same = match (&left, &right) {
        (Some(left), Some(right)) => left.shape.is_some() && left.shape == right.shape,
        (_, _) => false,
    };
    let kept = match kind {
        JoinType::JoinInner | JoinType::JoinLeft => left.clone(),
        JoinType::JoinRight => right.clone(),
        JoinType::JoinFull
        | JoinType::Undefined
        | JoinType::JoinSemi
        | JoinType::JoinAnti
        | JoinType::JoinRightSemi
        | JoinType::JoinRightAnti
        | JoinType::JoinUniqueOuter
        | JoinType::JoinUniqueInner => None,
    };
    if let Some(kept) = kept.filter(|_| same) {
        return kept;
    }
    let mut source = Source::none();
    for known in left.iter().chain(&right) {
        source.take_in_copy(&known.source);
    }
    source.unknown |= left.is_none() || right.is_none();
    Known { name: Arc::clone(name), source: Rc::new(source), shape: None, reads: None, place: None }
}

fn both(mut left: Unlisted, right: Unlisted) -> Unlisted {
    left.source.take_in(right.source);
    left.objects.extend(right.objects);
    left.assumed &= right.assumed;
    left
}
