//! Target lists: the columns that are shown, and what the server calls them.
//!
//! Stars are expanded as far as the catalog knows the columns; beyond that, nobody knows how many there are.

use std::rc::Rc;
use std::sync::Arc;

use pg_query::NodeEnum;
use pg_query::protobuf::{MinMaxOp, Node, ResTarget, SqlValueFunctionOp, SubLinkType, TypeName, XmlExprOp};

use super::query::Rows;
use super::scope::{Item, Known, Place, Scope, Unlisted};
use super::source::Source;
use super::statement::{Reader, strings};

/// The most columns that the server lets a query have (`MaxTupleAttributeNumber`).
const MOST_COLUMNS: usize = 1664;

/// One column that is shown.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) name: Arc<str>,
    pub(super) source: Rc<Source>,
    pub(super) shape: Option<(u32, i32)>,
    /// The byte at which its expression stands.
    pub(super) at: Option<usize>,
    /// The column that it is, where a star shows it.
    pub(super) place: Option<Place>,
}

impl Shown {
    /// A computed column.
    pub(super) fn new(name: Arc<str>, source: Source) -> Self {
        Self { name, source: Rc::new(source), shape: None, at: None, place: None }
    }
}

impl From<Known> for Shown {
    fn from(known: Known) -> Self {
        Self { name: known.name, source: known.source, shape: known.shape, at: None, place: known.place }
    }
}

impl Reader<'_> {
    /// What a target list shows; stars are expanded as far as columns are known.
    pub(super) fn targets(&mut self, list: &[Node], level: &Scope<'_>) -> Rows {
        let mut rows = Rows::default();
        for node in list {
            let Some(NodeEnum::ResTarget(target)) = &node.node else {
                self.unreadable("an entry of a target list", node.node.as_ref());
                continue;
            };
            self.target(target, level, &mut rows);
            if !self.step() || !self.fits(rows.columns.len()) {
                break;
            }
        }
        rows
    }

    /// What a list of expressions makes a row of; stars are expanded there as in a target list.
    pub(super) fn cells(&mut self, list: &[Node], level: &Scope<'_>) -> Rows {
        let mut rows = Rows::default();
        for cell in list {
            match self.star(cell, level) {
                Star::Items(items) => {
                    for item in items {
                        self.expand(&item, &mut rows);
                        self.found.sites.whole(&item);
                    }
                }
                Star::Row(source) => add_unlisted(&mut rows, Unlisted { source, objects: Vec::new(), assumed: false }),
                Star::No => {
                    let source = self.value(cell, level).derived();
                    rows.columns.push(Shown::new("".into(), source));
                }
            }
            if !self.fits(rows.columns.len()) {
                break;
            }
        }
        rows
    }

    /// Whether a query may have so many columns. The server refuses more, too, and here they would be many before it
    /// could.
    pub(super) fn fits(&mut self, columns: usize) -> bool {
        if columns > MOST_COLUMNS {
            self.found.opaque(format!("a query has more than {MOST_COLUMNS} columns"));
        }
        columns <= MOST_COLUMNS
    }

    fn target(&mut self, target: &ResTarget, level: &Scope<'_>, rows: &mut Rows) {
        let Some(value) = target.val.as_deref() else {
            return;
        };
        let at = usize::try_from(target.location).ok();
        match self.star(value, level) {
            Star::Items(items) => {
                let takes_all = !self.spelled_out(value, &items, level);
                for item in items {
                    self.expand(&item, rows);
                    if takes_all {
                        self.found.sites.whole(&item);
                    }
                }
            }
            Star::Row(source) => add_unlisted(rows, Unlisted { source, objects: Vec::new(), assumed: false }),
            Star::No => {
                let (source, shape) = self.shaped(value, level);
                let name = match target.name.as_str() {
                    "" => column_name(value).0.into(),
                    name => name.into(),
                };
                let source = Rc::new(source);
                rows.columns.push(Shown { name, source, shape, at, place: None });
            }
        }
    }

    pub(super) fn expand(&mut self, item: &Item, rows: &mut Rows) {
        let width = item.width();
        if !self.found.charge(width) || !self.fits(rows.columns.len().saturating_add(width)) {
            return;
        }
        for known in item.columns() {
            self.read(&known.reads);
            rows.columns.push(Shown::from(known));
        }
        if let Some(unlisted) = &item.unlisted {
            self.read_all(&unlisted.objects);
            add_unlisted(rows, unlisted.clone());
        }
    }

    /// Whether an expression is a star, and over what.
    fn star(&mut self, value: &Node, level: &Scope<'_>) -> Star {
        match &value.node {
            Some(NodeEnum::ColumnRef(reference)) => {
                let ends_in_star = reference.fields.last().is_some_and(is_star);
                if !ends_in_star {
                    return Star::No;
                }
                self.qualified(reference, true, level);
                self.starred(&strings(&reference.fields), level)
            }
            Some(NodeEnum::AIndirection(indirection)) => {
                if !indirection.indirection.last().is_some_and(is_star) {
                    return Star::No;
                }
                let Some(row) = indirection.arg.as_deref() else {
                    return Star::No;
                };
                let direct = indirection.indirection.len() == 1;
                match self.row_item(row, level).filter(|_| direct) {
                    Some(item) => Star::Items(vec![item]),
                    None => Star::Row(self.value(row, level).derived()),
                }
            }
            Some(_) | None => Star::No,
        }
    }

    fn starred(&mut self, names: &[&str], level: &Scope<'_>) -> Star {
        let item = match names {
            [] => {
                let in_sight = level.items.iter().filter(|item| item.columns_in_sight);
                self.found.charge(level.items.len());
                return Star::Items(in_sight.cloned().collect());
            }
            [name] => self.item(None, name, level),
            [schema, name] => self.item(Some(schema), name, level),
            [database, schema, name] if **database == *self.names.catalog.database => {
                self.item(Some(schema), name, level)
            }
            _ => None,
        };
        match item {
            Some(item) => Star::Items(vec![item.clone()]),
            None => {
                // `t.column.*`: the fields of a composite column
                let row = self.reference(names, level);
                Star::Row(row.source.derived())
            }
        }
    }
}

enum Star {
    No,
    Items(Vec<Item>),
    Row(Source),
}

pub(super) fn is_star(node: &Node) -> bool {
    matches!(node.node, Some(NodeEnum::AStar(_)))
}

/// Whether an expression stands for as many as there are columns.
pub(super) fn ends_in_star(value: &Node) -> bool {
    let steps = match &value.node {
        Some(NodeEnum::ColumnRef(reference)) => &reference.fields,
        Some(NodeEnum::AIndirection(indirection)) => &indirection.indirection,
        Some(_) | None => return false,
    };
    steps.last().is_some_and(is_star)
}

fn add_unlisted(rows: &mut Rows, unlisted: Unlisted) {
    match &mut rows.unlisted {
        Some(before) => {
            before.source.take_in(unlisted.source);
            before.objects.extend(unlisted.objects);
            before.assumed = false;
        }
        None => rows.unlisted = Some(unlisted),
    }
}

/// The name that the server gives an expression without an alias, and how strongly it holds to it:
/// a cast's type gives way to the name of what is cast (`FigureColname` in the server).
pub(super) fn column_name(node: &Node) -> (String, u8) {
    let (name, strength) = figured(node);
    if strength == 0 { ("?column?".to_owned(), 0) } else { (name, strength) }
}

fn named(name: &str) -> (String, u8) {
    (name.to_owned(), 2)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "an expression without a name of its own")]
fn figured(node: &Node) -> (String, u8) {
    let none = (String::new(), 0);
    match &node.node {
        Some(NodeEnum::ColumnRef(reference)) => last(&reference.fields),
        Some(NodeEnum::AIndirection(indirection)) => match last(&indirection.indirection) {
            (_, 0) => indirection.arg.as_deref().map_or(none, figured),
            name => name,
        },
        Some(NodeEnum::FuncCall(call)) => last(&call.funcname),
        Some(NodeEnum::AExpr(expression)) => {
            if expression.kind() == pg_query::protobuf::AExprKind::AexprNullif {
                named("nullif")
            } else {
                none
            }
        }
        Some(NodeEnum::TypeCast(cast)) => match cast.arg.as_deref().map(figured) {
            Some((name, 2)) => (name, 2),
            _ => cast.type_name.as_ref().map_or(none, type_name),
        },
        Some(NodeEnum::CollateClause(collate)) => collate.arg.as_deref().map_or(none, figured),
        Some(NodeEnum::GroupingFunc(_)) => named("grouping"),
        Some(NodeEnum::MergeSupportFunc(_)) => named("merge_action"),
        Some(NodeEnum::SubLink(link)) => match link.sub_link_type() {
            SubLinkType::ExistsSublink => named("exists"),
            SubLinkType::ArraySublink => named("array"),
            SubLinkType::ExprSublink => link.subselect.as_deref().map_or(none, first_column),
            _ => none,
        },
        Some(NodeEnum::CaseExpr(case)) => match case.defresult.as_deref().map(figured) {
            Some((name, strength)) if strength > 1 => (name, strength),
            _ => ("case".to_owned(), 1),
        },
        Some(NodeEnum::AArrayExpr(_)) => named("array"),
        Some(NodeEnum::RowExpr(_)) => named("row"),
        Some(NodeEnum::CoalesceExpr(_)) => named("coalesce"),
        Some(NodeEnum::MinMaxExpr(extreme)) => match extreme.op() {
            MinMaxOp::IsGreatest => named("greatest"),
            MinMaxOp::IsLeast => named("least"),
            MinMaxOp::Undefined => none,
        },
        Some(NodeEnum::SqlvalueFunction(function)) => value_function(function.op()),
        Some(NodeEnum::XmlExpr(xml)) => xml_function(xml.op()),
        Some(NodeEnum::XmlSerialize(_)) => named("xmlserialize"),
        Some(NodeEnum::JsonParseExpr(_)) => named("json"),
        Some(NodeEnum::JsonScalarExpr(_)) => named("json_scalar"),
        Some(NodeEnum::JsonSerializeExpr(_)) => named("json_serialize"),
        Some(NodeEnum::JsonObjectConstructor(_)) => named("json_object"),
        Some(NodeEnum::JsonArrayConstructor(_) | NodeEnum::JsonArrayQueryConstructor(_)) => named("json_array"),
        Some(NodeEnum::JsonObjectAgg(_)) => named("json_objectagg"),
        Some(NodeEnum::JsonArrayAgg(_)) => named("json_arrayagg"),
        Some(NodeEnum::JsonFuncExpr(function)) => match function.op() {
            pg_query::protobuf::JsonExprOp::JsonExistsOp => named("json_exists"),
            pg_query::protobuf::JsonExprOp::JsonQueryOp => named("json_query"),
            pg_query::protobuf::JsonExprOp::JsonValueOp => named("json_value"),
            _ => none,
        },
        _ => none,
    }
}

fn last(parts: &[Node]) -> (String, u8) {
    match strings(parts).last() {
        Some(name) if !parts.last().is_some_and(is_star) => named(name),
        Some(_) | None => (String::new(), 0),
    }
}

fn type_name(name: &TypeName) -> (String, u8) {
    match strings(&name.names).last() {
        Some(name) => ((*name).to_owned(), 1),
        None => (String::new(), 0),
    }
}

/// The name of the only column of a scalar subquery.
fn first_column(query: &Node) -> (String, u8) {
    let Some(NodeEnum::SelectStmt(select)) = &query.node else {
        return (String::new(), 0);
    };
    let mut select = select.as_ref();
    while let Some(left) = select.larg.as_deref() {
        select = left;
    }
    match select.target_list.first().and_then(|node| node.node.as_ref()) {
        Some(NodeEnum::ResTarget(target)) if !target.name.is_empty() => named(&target.name),
        Some(NodeEnum::ResTarget(target)) => target.val.as_deref().map_or((String::new(), 0), figured),
        Some(_) | None => (String::new(), 0),
    }
}

fn value_function(op: SqlValueFunctionOp) -> (String, u8) {
    use SqlValueFunctionOp as Op;
    match op {
        Op::SvfopCurrentDate => named("current_date"),
        Op::SvfopCurrentTime | Op::SvfopCurrentTimeN => named("current_time"),
        Op::SvfopCurrentTimestamp | Op::SvfopCurrentTimestampN => named("current_timestamp"),
        Op::SvfopLocaltime | Op::SvfopLocaltimeN => named("localtime"),
        Op::SvfopLocaltimestamp | Op::SvfopLocaltimestampN => named("localtimestamp"),
        Op::SvfopCurrentRole => named("current_role"),
        Op::SvfopCurrentUser => named("current_user"),
        Op::SvfopUser => named("user"),
        Op::SvfopSessionUser => named("session_user"),
        Op::SvfopCurrentCatalog => named("current_catalog"),
        Op::SvfopCurrentSchema => named("current_schema"),
        Op::SqlvalueFunctionOpUndefined => (String::new(), 0),
    }
}

fn xml_function(op: XmlExprOp) -> (String, u8) {
    match op {
        XmlExprOp::IsXmlconcat => named("xmlconcat"),
        XmlExprOp::IsXmlelement => named("xmlelement"),
        XmlExprOp::IsXmlforest => named("xmlforest"),
        XmlExprOp::IsXmlparse => named("xmlparse"),
        XmlExprOp::IsXmlpi => named("xmlpi"),
        XmlExprOp::IsXmlroot => named("xmlroot"),
        XmlExprOp::IsXmlserialize => named("xmlserialize"),
        XmlExprOp::IsDocument | XmlExprOp::Undefined => (String::new(), 0),
    }
}
