//! What a `FROM` clause brings into sight.
//!
//! Enter at `bring_in`; joins are next door.

use std::rc::Rc;
use std::sync::Arc;

use pg_query::NodeEnum;
use pg_query::protobuf::{
    Alias, ColumnRef, Node, RangeFunction, RangeSubselect, RangeTableFunc, RangeTableSample, RangeVar, TypeName,
};

use super::functions::Shape;
use super::query::Rows;
use super::scope::{Item, Known, Listed, Scope, Unlisted};
use super::source::Source;
use super::statement::{Reader, strings};
use crate::postgres::catalog::SYSTEM;

/// Types of the server that are no rows: those that arrays are written of.
const SCALARS: &[&str] = &[
    "bit",
    "bool",
    "bpchar",
    "bytea",
    "char",
    "cidr",
    "date",
    "float4",
    "float8",
    "inet",
    "int2",
    "int4",
    "int8",
    "interval",
    "json",
    "jsonb",
    "macaddr",
    "money",
    "name",
    "numeric",
    "oid",
    "regclass",
    "regproc",
    "regtype",
    "text",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "uuid",
    "varbit",
    "varchar",
    "xml",
];

impl Item {
    /// Something with these columns and no relation behind it.
    pub(super) fn of(name: Option<Arc<str>>, columns: Rc<[Known]>, unlisted: Option<Unlisted>) -> Self {
        Self {
            name_in_sight: name.is_some(),
            name,
            object: None,
            entry: None,
            listed: Listed::Columns(columns),
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

/// Columns under new names. Where there are some that are not listed nobody knows which of all gets which name.
pub(super) fn renamed(columns: &[Known], names: &[&str], unlisted: Option<&Unlisted>) -> Rc<[Known]> {
    let mut columns = columns.to_vec();
    let Some(unlisted) = unlisted.filter(|_| !names.is_empty()) else {
        columns.iter_mut().zip(names).for_each(|(known, name)| known.name = (*name).into());
        return columns.into();
    };
    let mut any = unlisted.source.clone().derived();
    any.unknown |= !unlisted.objects.is_empty();
    columns.iter().for_each(|known| any.take_in_copy(&known.source));
    let any = Rc::new(any);
    let known =
        |name: &&str| Known { name: (*name).into(), source: Rc::clone(&any), shape: None, reads: None, place: None };
    columns.extend(names.iter().map(known));
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

    pub(super) fn bring_item(&mut self, node: &Node, scope: &Scope<'_>) -> Vec<Item> {
        if !self.step() {
            return Vec::new();
        }
        self.found.sites.bring();
        let items = match &node.node {
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
        };
        // an alias may have made new columns of all
        self.found.charge(items.iter().map(Item::width).fold(0, usize::saturating_add));
        items
    }

    pub(super) fn range_var(&mut self, name: &RangeVar, scope: &Scope<'_>) -> Item {
        let unqualified = name.schemaname.is_empty() && name.catalogname.is_empty();
        let common = unqualified.then(|| self.common(&name.relname, scope)).flatten();
        let Some(common) = common else {
            self.site(name);
            return self.relation_item(name);
        };
        let item = Item::of(Some(Arc::clone(&common.name)), common.columns, common.unlisted);
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
            self.query_in(query, &scope.showing(Vec::new()))
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
            // how many rows there are is seen by everything
            self.found.compute(&value.clone().derived());
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
                    place: None,
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
                place: None,
            });
        }
        if !whole {
            columns.clear();
        }
        let unlisted = (!whole).then(|| Unlisted { source: source.derived(), objects: Vec::new(), assumed: false });
        let name = match (alias, function.functions.as_slice()) {
            (None, [first, ..]) => Some(self.name_of_function(first)),
            (None, []) | (Some(_), _) => None,
        };
        let item = Item::of(name.map(Into::into), columns.into(), unlisted);
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
            Some(NodeEnum::FuncCall(call)) => {
                let (source, shape) = self.call(call, scope);
                let unnests = strings(&call.funcname).last() == Some(&"unnest");
                let scalars = unnests && call.args.len() == 1 && self.is_array_of_scalars(call.args.first(), scope);
                let shape = if scalars { Shape::Scalar } else { shape };
                // THREAT: a function of a row may be a column of it, and that a row
                let scalar = match call.args.as_slice() {
                    [only] if shape != Shape::Unknown && !scalars => self.is_scalar(only, scope),
                    _ => true,
                };
                (source, if scalar { shape } else { Shape::Unknown })
            }
            Some(
                NodeEnum::SqlvalueFunction(_)
                | NodeEnum::XmlExpr(_)
                | NodeEnum::XmlSerialize(_)
                | NodeEnum::CollateClause(_),
            ) => (self.optional(call, scope), Shape::Scalar),
            Some(NodeEnum::TypeCast(cast)) if self.is_scalar_type(cast.type_name.as_ref()) => {
                (self.optional(call, scope), Shape::Scalar)
            }
            // THREAT: whatever returns a row returns all columns of it
            Some(_) | None => (self.optional(call, scope), Shape::Unknown),
        }
    }

    /// Whether a type as it is written is none of rows, whatever else is called so.
    fn is_scalar_type(&self, name: Option<&TypeName>) -> bool {
        name.is_some_and(|name| match strings(&name.names).as_slice() {
            [SYSTEM, name] => SCALARS.contains(name),
            [name] => SCALARS.contains(name) && !self.names.catalog.has_own_type(name),
            _ => false,
        })
    }

    fn is_scalar(&mut self, element: &Node, scope: &Scope<'_>) -> bool {
        match &element.node {
            Some(NodeEnum::AConst(_)) => true,
            Some(NodeEnum::AExpr(of)) => matches!(strings(&of.name).as_slice(), ["->" | "->>" | "#>" | "#>>"]),
            Some(NodeEnum::TypeCast(cast)) => self.is_scalar_type(cast.type_name.as_ref()),
            Some(NodeEnum::ColumnRef(reference)) => {
                let kind = self.kind_of(reference, scope);
                kind.is_some_and(|kind| self.names.catalog.is_scalar(kind))
            }
            Some(_) | None => false,
        }
    }

    /// The type of a column that is named.
    fn kind_of(&mut self, reference: &ColumnRef, scope: &Scope<'_>) -> Option<u32> {
        let names = strings(&reference.fields);
        let meaning = match names.as_slice() {
            [name] => self.lone_column(name, scope),
            [item, name] => self.item(None, item, scope).and_then(|item| item.any_column(name)),
            _ => None,
        };
        meaning.and_then(|meaning| meaning.shape).map(|(kind, _)| kind)
    }

    /// Whether an argument is on the face of it an array whose elements are not rows.
    fn is_array_of_scalars(&mut self, argument: Option<&Node>, scope: &Scope<'_>) -> bool {
        match argument.and_then(|argument| argument.node.as_ref()) {
            Some(NodeEnum::AArrayExpr(array)) => array.elements.iter().all(|element| self.is_scalar(element, scope)),
            Some(NodeEnum::TypeCast(cast)) => {
                let bounds = cast.type_name.as_ref().is_some_and(|name| !name.array_bounds.is_empty());
                bounds && self.is_scalar_type(cast.type_name.as_ref())
            }
            Some(NodeEnum::ColumnRef(reference)) => {
                let kind = self.kind_of(reference, scope);
                kind.is_some_and(|kind| self.names.catalog.is_array_of_scalars(kind))
            }
            Some(_) | None => false,
        }
    }

    fn range_sample(&mut self, sample: &RangeTableSample, scope: &Scope<'_>) -> Vec<Item> {
        let method = strings(&sample.method);
        if !matches!(method.as_slice(), ["system" | "bernoulli"] | ["pg_catalog", "system" | "bernoulli"]) {
            self.touch_function(&method);
        }
        // it does not see what stands before it
        let around = scope.showing(Vec::new());
        for argument in sample.args.iter().chain(sample.repeatable.as_deref()) {
            self.consult(argument, &around);
        }
        // a sample is taken of a relation, and of nothing else
        let before = self.found.sites.len();
        let items = sample.relation.iter().flat_map(|relation| self.bring_item(relation, scope)).collect();
        self.found.sites.fix_from(before);
        items
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
        self.uniform("xmltable", names, source, table.alias.as_ref())
    }
}

impl Reader<'_> {
    /// An item all of whose columns have one source, which decides how many rows there are as well.
    pub(super) fn uniform(&mut self, name: &str, names: Vec<String>, source: Source, alias: Option<&Alias>) -> Item {
        let source = Rc::new(source.derived());
        self.found.compute(&source);
        let of = |name: String| Known {
            name: name.into(),
            source: Rc::clone(&source),
            shape: None,
            reads: None,
            place: None,
        };
        let item = Item::of(Some(name.into()), names.into_iter().map(of).collect(), None);
        match alias {
            None => item,
            Some(alias) => item.under(alias),
        }
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

impl Rows {
    /// The rows as something to select from.
    pub(super) fn item(self) -> Item {
        let columns = self.columns.into_iter().map(|column| Known {
            name: column.name,
            source: column.source,
            shape: column.shape,
            reads: None,
            place: None,
        });
        Item::of(None, columns.collect(), self.unlisted)
    }
}
