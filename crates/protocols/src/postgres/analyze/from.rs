//! What a `FROM` clause brings into sight.

use std::rc::Rc;
use std::sync::Arc;

use pg_query::NodeEnum;
use pg_query::protobuf::{
    Alias, JoinExpr, JoinType, Node, RangeFunction, RangeSubselect, RangeTableFunc, RangeTableSample, RangeVar,
};

use super::functions::Shape;
use super::query::Rows;
use super::scope::{Item, Known, Listed, Scope, Unlisted};
use super::source::Source;
use super::statement::{Reader, strings};

impl Item {
    /// Something with these columns and no relation behind it.
    pub(super) fn of(name: Option<Arc<str>>, columns: Vec<Known>, unlisted: Option<Unlisted>) -> Self {
        Self {
            name_in_sight: name.is_some(),
            name,
            object: None,
            listed: Listed::Columns(columns.into()),
            unlisted,
            columns_in_sight: true,
        }
    }

    /// The same under an alias, which hides the relation's own name and may rename its first columns.
    pub(super) fn under(mut self, alias: &Alias) -> Self {
        self.name = Some(alias.aliasname.as_str().into());
        self.object = None;
        self.name_in_sight = true;
        let names = strings(&alias.colnames);
        if names.is_empty() {
            return self;
        }
        self.listed = match self.listed {
            Listed::Relation(relation, _) => Listed::Relation(relation, names.into_iter().map(Into::into).collect()),
            Listed::Columns(columns) => Listed::Columns(renamed(&columns, &names, self.unlisted.as_ref())),
        };
        self
    }
}

/// Columns under new names; a name beyond those listed is one of the unlisted.
pub(super) fn renamed(columns: &[Known], names: &[&str], unlisted: Option<&Unlisted>) -> Rc<[Known]> {
    let mut columns = columns.to_vec();
    for (place, name) in names.iter().enumerate() {
        if let Some(known) = columns.get_mut(place) {
            known.name = (*name).into();
        } else if let Some(unlisted) = unlisted {
            let mut source = unlisted.source.clone().derived();
            source.unknown |= !unlisted.objects.is_empty();
            columns.push(Known { name: (*name).into(), source: Rc::new(source), shape: None, reads: None });
        }
    }
    columns.into()
}

impl Reader<'_> {
    /// Everything that a list of `FROM` items brings into sight, in order.
    pub(super) fn bring_in(&mut self, clause: &[Node], scope: &mut Scope<'_>) {
        for node in clause {
            let items = self.bring_item(node, scope);
            scope.items.extend(items);
        }
    }

    fn bring_item(&mut self, node: &Node, scope: &Scope<'_>) -> Vec<Item> {
        if !self.spend() {
            return Vec::new();
        }
        match &node.node {
            Some(NodeEnum::RangeVar(name)) => vec![self.range_var(name, scope)],
            Some(NodeEnum::RangeSubselect(subselect)) => vec![self.range_subselect(subselect, scope)],
            Some(NodeEnum::RangeFunction(function)) => vec![self.range_function(function, scope)],
            Some(NodeEnum::RangeTableSample(sample)) => self.range_sample(sample, scope),
            Some(NodeEnum::RangeTableFunc(table)) => vec![self.range_xml(table, scope)],
            Some(NodeEnum::JsonTable(table)) => vec![self.range_json(table, scope)],
            Some(NodeEnum::JoinExpr(join)) => self.join(join, scope),
            other => {
                self.unreadable("a FROM item", other.as_ref());
                Vec::new()
            }
        }
    }

    pub(super) fn range_var(&mut self, name: &RangeVar, scope: &Scope<'_>) -> Item {
        let unqualified = name.schemaname.is_empty() && name.catalogname.is_empty();
        let common = unqualified.then(|| self.common(&name.relname, scope)).flatten();
        let Some(common) = common else {
            return self.relation_item(name);
        };
        let item = Item::of(Some(Arc::clone(&common.name)), common.columns.to_vec(), common.unlisted);
        match &name.alias {
            None => item,
            Some(alias) => item.under(alias),
        }
    }

    fn range_subselect(&mut self, subselect: &RangeSubselect, scope: &Scope<'_>) -> Item {
        let query = subselect.subquery.as_deref();
        let rows = if subselect.lateral {
            self.query_in(query, scope)
        } else {
            // only LATERAL sees what stands before it in the same FROM
            let hidden = Scope { items: Vec::new(), commons: scope.commons.clone(), outer: scope.outer };
            self.query_in(query, &hidden)
        };
        let item = rows.item();
        match &subselect.alias {
            None => item,
            Some(alias) => item.under(alias),
        }
    }

    fn range_function(&mut self, function: &RangeFunction, scope: &Scope<'_>) -> Item {
        let mut columns = Vec::new();
        let mut source = Source::none();
        let mut whole = true;
        let alias = function.alias.as_ref();
        for entry in &function.functions {
            let (call, definitions) = match &entry.node {
                Some(NodeEnum::List(list)) => (list.items.first(), list.items.get(1)),
                _ => (Some(entry), None),
            };
            let (value, shape) = self.table_function(call, scope);
            source.take_in_copy(&value);
            let definitions = match definitions.and_then(|node| node.node.as_ref()) {
                Some(NodeEnum::List(list)) if !list.items.is_empty() => list.items.as_slice(),
                _ => function.coldeflist.as_slice(),
            };
            let only = function.functions.len() == 1;
            match names_of(definitions, shape, alias.filter(|_| only), call) {
                Some(names) => columns.extend(names.into_iter().map(|name| Known {
                    name: name.into(),
                    source: Rc::new(value.clone().derived()),
                    shape: None,
                    reads: None,
                })),
                None => whole = false,
            }
        }
        if function.ordinality {
            columns.push(Known {
                name: "ordinality".into(),
                source: Rc::new(Source::none()),
                shape: None,
                reads: None,
            });
        }
        if !whole {
            columns.clear();
        }
        let unlisted = (!whole).then(|| Unlisted { source: source.derived(), objects: Vec::new(), assumed: false });
        let name = match (alias, function.functions.as_slice()) {
            (None, [only]) => Some(self.name_of_function(only)),
            (None, _) | (Some(_), _) => None,
        };
        let item = Item::of(name.map(Into::into), columns, unlisted);
        match alias {
            None => item,
            Some(alias) => item.under(alias),
        }
    }

    fn name_of_function(&self, entry: &Node) -> String {
        let call = match &entry.node {
            Some(NodeEnum::List(list)) => list.items.first(),
            _ => Some(entry),
        };
        call.map_or_else(String::new, |call| super::query::column_name(call).0)
    }

    fn table_function(&mut self, call: Option<&Node>, scope: &Scope<'_>) -> (Source, Shape) {
        match call.and_then(|call| call.node.as_ref()) {
            Some(NodeEnum::FuncCall(call)) => self.call(call, scope),
            Some(_) | None => (self.optional(call, scope), Shape::Scalar),
        }
    }

    fn range_sample(&mut self, sample: &RangeTableSample, scope: &Scope<'_>) -> Vec<Item> {
        let method = strings(&sample.method);
        if !matches!(method.as_slice(), ["system" | "bernoulli"] | ["pg_catalog", "system" | "bernoulli"]) {
            self.touch_function(&method);
        }
        for argument in sample.args.iter().chain(sample.repeatable.as_deref()) {
            self.consult(argument, scope);
        }
        match &sample.relation {
            Some(relation) => self.bring_item(relation, scope),
            None => Vec::new(),
        }
    }

    fn range_xml(&mut self, table: &RangeTableFunc, scope: &Scope<'_>) -> Item {
        let mut source = Source::none();
        for node in table.docexpr.iter().chain(&table.rowexpr) {
            source.take_in(self.value(node, scope));
        }
        for namespace in &table.namespaces {
            source.take_in(self.target_value(namespace, scope));
        }
        let mut names = Vec::new();
        for column in &table.columns {
            let Some(NodeEnum::RangeTableFuncCol(column)) = &column.node else {
                self.unreadable("a column of XMLTABLE", column.node.as_ref());
                continue;
            };
            names.push(column.colname.clone());
            for node in column.colexpr.iter().chain(&column.coldefexpr) {
                source.take_in(self.value(node, scope));
            }
        }
        uniform("xmltable", names, source, table.alias.as_ref())
    }

    /// A join: its two sides, and where columns are merged or it has a name, its own columns.
    fn join(&mut self, join: &JoinExpr, scope: &Scope<'_>) -> Vec<Item> {
        let Some((left, right)) = self.sides(join, scope) else {
            return Vec::new();
        };
        let kind = JoinType::try_from(join.jointype).unwrap_or(JoinType::Undefined);
        let merged = if join.is_natural {
            shared(&left, &right)
        } else {
            strings(&join.using_clause).into_iter().map(Arc::from).collect()
        };
        if let Some(condition) = &join.quals {
            let level = Scope {
                items: left.iter().chain(&right).cloned().collect(),
                commons: scope.commons.clone(),
                outer: scope.outer,
            };
            self.consult(condition, &level);
        }
        if merged.is_empty() && join.alias.is_none() {
            return left.into_iter().chain(right).collect();
        }
        self.merge(join, kind, left, right, &merged)
    }

    fn sides(&mut self, join: &JoinExpr, scope: &Scope<'_>) -> Option<(Vec<Item>, Vec<Item>)> {
        let left = self.bring_item(join.larg.as_deref()?, scope);
        // the right side may look at the left one where it is LATERAL
        let mut level = Scope { items: scope.items.clone(), commons: scope.commons.clone(), outer: scope.outer };
        level.items.extend(left.iter().cloned());
        let right = self.bring_item(join.rarg.as_deref()?, &level);
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
            let (left, right) = (pick(&left, name), pick(&right, name));
            for known in left.iter().chain(&right) {
                self.found.consult((*known.source).clone());
                self.read(known.reads.iter());
            }
            if left.is_none() || right.is_none() {
                // one side lists no such column: it may have one all the same
                self.unlisted_merge(name);
            }
            columns.push(merged_column(kind, name, left, right));
        }
        let sides: [Vec<Item>; 2] = [left, right];
        for side in &sides {
            let rest = side.iter().filter(|item| item.columns_in_sight).flat_map(Item::columns);
            columns.extend(rest.filter(|known| !merged.contains(&known.name)));
        }
        let unlisted = sides.iter().flatten().filter_map(|item| item.unlisted.clone()).reduce(both);
        let item = Item::of(None, columns, unlisted);
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

    fn unlisted_merge(&mut self, name: &str) {
        if !self.names.catalog.is_assumed() {
            self.found.opaque(format!("the columns joined by `{name}` are not known"));
        }
    }
}

/// An item all of whose columns have one source.
pub(super) fn uniform(name: &str, names: Vec<String>, source: Source, alias: Option<&Alias>) -> Item {
    let source = Rc::new(source.derived());
    let columns =
        names.into_iter().map(|name| Known { name: name.into(), source: Rc::clone(&source), shape: None, reads: None });
    let item = Item::of(Some(name.into()), columns.collect(), None);
    match alias {
        None => item,
        Some(alias) => item.under(alias),
    }
}

/// The names of a function's columns; none where they are not known.
fn names_of(definitions: &[Node], shape: Shape, alias: Option<&Alias>, call: Option<&Node>) -> Option<Vec<String>> {
    let defined: Vec<String> = definitions
        .iter()
        .filter_map(|node| match &node.node {
            Some(NodeEnum::ColumnDef(column)) => Some(column.colname.clone()),
            Some(_) | None => None,
        })
        .collect();
    if !defined.is_empty() {
        return Some(defined);
    }
    match shape {
        Shape::Unknown => None,
        Shape::Columns(names) => Some(names.split(' ').map(str::to_owned).collect()),
        // a scalar's one column is called like the alias, and without one like the function
        Shape::Scalar => Some(vec![match alias {
            Some(alias) => alias.aliasname.clone(),
            None => call.map_or_else(String::new, |call| super::query::column_name(call).0),
        }]),
    }
}

/// Columns that both sides of a natural join have.
fn shared(left: &[Item], right: &[Item]) -> Vec<Arc<str>> {
    let columns = |side: &[Item]| -> Vec<Known> {
        side.iter().filter(|item| item.columns_in_sight).flat_map(Item::columns).collect()
    };
    let right = columns(right);
    let both = columns(left).into_iter().map(|known| known.name);
    both.filter(|name| right.iter().any(|known| known.name == *name)).collect()
}

fn pick(side: &[Item], name: &str) -> Option<Known> {
    let mut in_sight = side.iter().filter(|item| item.columns_in_sight);
    in_sight.find_map(|item| {
        if let Some(known) = item.columns().into_iter().find(|known| *known.name == *name) {
            return Some(known);
        }
        let unlisted = item.unlisted.as_ref().filter(|unlisted| unlisted.assumed)?;
        let source = Source::column(postern_core::operation::Column {
            object: unlisted.objects.first()?.clone(),
            name: name.into(),
        });
        let reads = source.bare.clone();
        let source = Rc::new(source);
        Some(Known { name: name.into(), source, shape: None, reads })
    })
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
    Known { name: Arc::clone(name), source: Rc::new(source), shape: None, reads: None }
}

fn both(mut left: Unlisted, right: Unlisted) -> Unlisted {
    left.source.take_in(right.source);
    left.objects.extend(right.objects);
    left.assumed &= right.assumed;
    left
}

impl Rows {
    /// The rows as something to select from.
    pub(super) fn item(self) -> Item {
        let columns = self.columns.into_iter().map(|column| Known {
            name: column.name,
            source: column.source,
            shape: column.shape,
            reads: None,
        });
        Item::of(None, columns.collect(), self.unlisted)
    }
}
