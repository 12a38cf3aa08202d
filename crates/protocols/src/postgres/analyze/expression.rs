//! Expressions: which columns go into a value, and which only decide about it.
//!
//! Enter at `value` for what is shown or stored, at `consult` for what decides.

use pg_query::NodeEnum;
use pg_query::protobuf::{
    AExpr, AExprKind, AIndirection, CaseExpr, Node, SubLink, SubLinkType, TypeCast, TypeName, WindowDef,
};
use postern_core::operation::{Column, Effect, Object};

use super::query::Rows;
use super::scope::{Item, Meaning, SYSTEM_COLUMNS, Scope};
use super::source::Source;
use super::statement::{Reader, strings};
use super::targets::is_star;
use crate::postgres::catalog::{PLAIN_TYPES, SYSTEM};

impl Reader<'_> {
    /// What goes into the value of an expression.
    pub(super) fn value(&mut self, node: &Node, scope: &Scope<'_>) -> Source {
        self.shaped(node, scope).0
    }

    /// The same of an expression that may be missing.
    pub(super) fn optional(&mut self, node: Option<&Node>, scope: &Scope<'_>) -> Source {
        node.map_or_else(Source::none, |node| self.value(node, scope))
    }

    /// All of these together.
    pub(super) fn values_of<'n>(&mut self, nodes: impl IntoIterator<Item = &'n Node>, scope: &Scope<'_>) -> Source {
        let mut source = Source::none();
        for node in nodes {
            source.take_in(self.value(node, scope));
        }
        source
    }

    /// An expression that decides without being shown.
    pub(super) fn consult(&mut self, node: &Node, scope: &Scope<'_>) {
        let source = self.value(node, scope);
        self.found.consult(source);
    }

    /// What goes into a value, and its type where it is a column itself.
    pub(super) fn shaped(&mut self, node: &Node, scope: &Scope<'_>) -> (Source, Option<(u32, i32)>) {
        if !self.step() {
            return (Source::unknown(), None);
        }
        let shaped = self.shaped_by_kind(node, scope);
        // what is carried around costs more than what is looked at
        self.found.charge(shaped.0.from.len());
        shaped
    }

    /// Only a column reference keeps its origin: the server gives up on every other kind of expression,
    /// but for a cast that changes nothing.
    fn shaped_by_kind(&mut self, node: &Node, scope: &Scope<'_>) -> (Source, Option<(u32, i32)>) {
        match &node.node {
            Some(NodeEnum::ColumnRef(reference)) => {
                let star = reference.fields.last().is_some_and(is_star);
                let names = strings(&reference.fields);
                self.qualified(reference, star, scope);
                let meaning = if star { self.row_of(&names, scope) } else { self.reference(&names, scope) };
                (meaning.source, meaning.shape)
            }
            Some(NodeEnum::AIndirection(indirection)) => self.indirection(indirection, scope),
            Some(NodeEnum::TypeCast(cast)) => {
                let Some(value) = cast.arg.as_deref() else {
                    return (Source::none(), None);
                };
                match self.shaped(value, scope) {
                    (source, Some(shape)) if changes_nothing(cast, shape) => (source, Some(shape)),
                    (source, _) => (source.derived(), cast.type_name.as_ref().and_then(plain)),
                }
            }
            Some(inner) => (self.computed(inner, scope).derived(), None),
            None => (Source::none(), None),
        }
    }

    fn computed(&mut self, node: &NodeEnum, scope: &Scope<'_>) -> Source {
        #[expect(clippy::wildcard_enum_match_arm, reason = "what is not known here is opaque")]
        match node {
            NodeEnum::AConst(_)
            | NodeEnum::ParamRef(_)
            | NodeEnum::SetToDefault(_)
            | NodeEnum::GroupingFunc(_)
            | NodeEnum::SqlvalueFunction(_)
            | NodeEnum::Integer(_)
            | NodeEnum::Float(_)
            | NodeEnum::Boolean(_)
            | NodeEnum::String(_)
            | NodeEnum::BitString(_)
            | NodeEnum::AStar(_) => Source::none(),
            // the row is the cursor's, whoever opened that
            NodeEnum::CurrentOfExpr(current) => {
                self.found.runs(&current.cursor_name, (self.names.cursors)(&current.cursor_name));
                self.found.positional = true;
                Source::none()
            }
            NodeEnum::AExpr(expression) => self.operation(expression, scope),
            NodeEnum::BoolExpr(expression) => self.values_of(&expression.args, scope),
            NodeEnum::FuncCall(call) => self.call(call, scope).0,
            NodeEnum::SubLink(link) => self.sublink(link, scope),
            NodeEnum::CaseExpr(case) => self.case(case, scope),
            NodeEnum::CollateClause(collate) => self.optional(collate.arg.as_deref(), scope),
            NodeEnum::NamedArgExpr(named) => self.optional(named.arg.as_deref(), scope),
            NodeEnum::NullTest(test) => self.optional(test.arg.as_deref(), scope),
            NodeEnum::BooleanTest(test) => self.optional(test.arg.as_deref(), scope),
            NodeEnum::XmlSerialize(xml) => self.optional(xml.expr.as_deref(), scope),
            NodeEnum::MultiAssignRef(assign) => self.optional(assign.source.as_deref(), scope),
            NodeEnum::ResTarget(target) => self.optional(target.val.as_deref(), scope),
            NodeEnum::CoalesceExpr(coalesce) => self.values_of(&coalesce.args, scope),
            NodeEnum::MinMaxExpr(extreme) => self.values_of(&extreme.args, scope),
            NodeEnum::RowExpr(row) => self.values_of(&row.args, scope),
            NodeEnum::AArrayExpr(array) => self.values_of(&array.elements, scope),
            NodeEnum::List(list) => self.values_of(&list.items, scope),
            NodeEnum::AIndices(indices) => {
                self.values_of(indices.lidx.as_deref().into_iter().chain(indices.uidx.as_deref()), scope)
            }
            NodeEnum::XmlExpr(xml) => self.values_of(xml.named_args.iter().chain(&xml.args), scope),
            other => match self.json(other, scope) {
                Some(source) => source,
                None => {
                    self.unreadable("an expression", Some(other));
                    Source::unknown()
                }
            },
        }
    }

    fn operation(&mut self, expression: &AExpr, scope: &Scope<'_>) -> Source {
        let sides = expression.lexpr.iter().chain(&expression.rexpr).map(AsRef::as_ref);
        let mut source = self.values_of(sides, scope);
        if expression.kind() == AExprKind::Undefined {
            self.found.opaque("an unknown kind of operator");
        }
        source.unknown |= !match comparisons(expression.kind()) {
            Some([first, second]) => self.operator_named(&[first]) & self.operator_named(&[second]),
            None => self.operator(&expression.name),
        };
        source
    }

    /// Of a `CASE`, the conditions go into the value, too: which branch is taken shows them.
    fn case(&mut self, case: &CaseExpr, scope: &Scope<'_>) -> Source {
        let mut source = self.optional(case.arg.as_deref(), scope);
        self.found.consult(source.clone());
        for branch in &case.args {
            let Some(NodeEnum::CaseWhen(when)) = &branch.node else {
                self.unreadable("a branch of CASE", branch.node.as_ref());
                continue;
            };
            let condition = self.optional(when.expr.as_deref(), scope);
            self.found.consult(condition.clone());
            source.take_in(condition);
            source.take_in(self.optional(when.result.as_deref(), scope));
        }
        source.take_in(self.optional(case.defresult.as_deref(), scope));
        source
    }

    fn sublink(&mut self, link: &SubLink, scope: &Scope<'_>) -> Source {
        let mut source = self.optional(link.testexpr.as_deref(), scope);
        let rows: Rows = self.query_in(link.subselect.as_deref(), scope);
        match link.sub_link_type() {
            // only whether there are rows is seen, and what decides that has been consulted
            SubLinkType::ExistsSublink => return source,
            SubLinkType::AnySublink
            | SubLinkType::AllSublink
            | SubLinkType::RowcompareSublink
            | SubLinkType::ExprSublink
            | SubLinkType::MultiexprSublink
            | SubLinkType::ArraySublink => {}
            SubLinkType::CteSublink | SubLinkType::Undefined => {
                self.found.opaque("an unknown kind of subquery");
            }
        }
        source.unknown |= !self.operator(&link.oper_name);
        source.take_in(self.all(&rows));
        source
    }

    /// A window: what divides, orders and bounds it decides.
    pub(super) fn window(&mut self, window: &WindowDef, scope: &Scope<'_>) {
        for node in &window.partition_clause {
            self.consult(node, scope);
        }
        self.sorted_by(&window.order_clause, scope);
        for bound in window.start_offset.iter().chain(&window.end_offset) {
            self.consult(bound, scope);
        }
    }

    /// Sort keys that are expressions and nothing else.
    pub(super) fn sorted_by(&mut self, keys: &[Node], scope: &Scope<'_>) {
        for key in keys {
            match &key.node {
                Some(NodeEnum::SortBy(sort)) => {
                    self.operator(&sort.use_op);
                    let source = self.optional(sort.node.as_deref(), scope);
                    self.found.consult(source);
                }
                other => self.unreadable("a sort key", other.as_ref()),
            }
        }
    }

    /// The value of a target entry that names what it is for.
    pub(super) fn target_value(&mut self, node: &Node, scope: &Scope<'_>) -> Source {
        match &node.node {
            Some(NodeEnum::ResTarget(target)) => self.optional(target.val.as_deref(), scope),
            other => {
                self.unreadable("a named value", other.as_ref());
                Source::unknown()
            }
        }
    }

    /// What a dotted name means; what was read is recorded.
    pub(super) fn reference(&mut self, names: &[&str], scope: &Scope<'_>) -> Meaning {
        let own = |database: &str| *database == *self.names.catalog.database;
        let meaning = match names {
            // where columns are only assumed to exist, the name of a table is rather that
            [name] if self.names.catalog.is_assumed() && scope.item(None, name).is_some() => {
                self.item(None, name, scope).map(|item| self.row(item))
            }
            [name] => match self.lone_column(name, scope) {
                Some(meaning) if scope.lists(name) && !SYSTEM_COLUMNS.contains(name) => Some(meaning),
                // of columns that nobody listed, or that not everything has, none need be there; then it is a whole row
                perhaps => {
                    let row = self.item(None, name, scope).map(|item| self.row(item));
                    perhaps.into_iter().chain(row).reduce(Meaning::or)
                }
            },
            [item, name] => self.field(None, item, name, scope),
            [schema, item, name] => self.field(Some(schema), item, name, scope),
            [database, schema, item, name] if own(database) => self.field(Some(schema), item, name, scope),
            _ => None,
        };
        let meaning = meaning.unwrap_or_else(|| self.unresolved(names, scope));
        self.read(&meaning.reads);
        self.read_all(&meaning.reads_all);
        meaning
    }

    /// What a column name on its own means.
    pub(super) fn lone_column(&mut self, name: &str, scope: &Scope<'_>) -> Option<Meaning> {
        self.found.charge_search(scope.width());
        scope.column(name)
    }

    /// The item that a name means.
    pub(super) fn item<'i>(&mut self, schema: Option<&str>, name: &str, scope: &'i Scope<'_>) -> Option<&'i Item> {
        self.found.charge_search(scope.breadth());
        scope.item(schema.map(|schema| self.names.catalog.spelled(schema)), name)
    }

    /// The whole row of an item as one value.
    fn row(&mut self, item: &Item) -> Meaning {
        if self.found.charge(item.weight()) {
            self.found.sites.whole(item);
            item.row()
        } else {
            Meaning { source: Source::unknown(), ..Meaning::nothing() }
        }
    }

    /// A column of an item, or else a function applied to its row: `t.name` may mean `name(t)`.
    fn field(&mut self, schema: Option<&str>, item: &str, name: &str, scope: &Scope<'_>) -> Option<Meaning> {
        let item = self.item(schema, item, scope)?;
        self.found.charge_search(item.width());
        if let Some(meaning) = item.column(name) {
            return Some(meaning);
        }
        let perhaps = item.any_column(name);
        if item.unlisted.as_ref().is_some_and(|unlisted| unlisted.assumed) {
            return perhaps;
        }
        let mut meaning = self.row(item);
        meaning.source.unknown |= !self.called_as_field(name);
        perhaps.into_iter().chain([meaning]).reduce(Meaning::or)
    }

    /// A name that means nothing here, as far as the catalog knows: it may be a column added since.
    fn unresolved(&mut self, names: &[&str], scope: &Scope<'_>) -> Meaning {
        if self.loose {
            return Meaning::nothing();
        }
        self.found.uses.hidden.insert(format!("column {}", names.join(".")));
        Meaning { source: Source::unknown(), reads_all: scope.relations(), ..Meaning::nothing() }
    }

    /// The row that `t.*` gives as one value; a star alone gives all rows in sight.
    fn row_of(&mut self, names: &[&str], scope: &Scope<'_>) -> Meaning {
        let item = match names {
            [name] => self.item(None, name, scope),
            [schema, name] => self.item(Some(schema), name, scope),
            [database, schema, name] if **database == *self.names.catalog.database => {
                self.item(Some(schema), name, scope)
            }
            _ => None,
        };
        let mut meaning = match (names, item) {
            (_, Some(item)) => self.row(item),
            ([], None) => {
                let mut meaning = Meaning::nothing();
                for item in scope.items.iter().filter(|item| item.columns_in_sight) {
                    meaning = meaning.or(self.row(item));
                }
                meaning
            }
            (_, None) => return self.reference(names, scope),
        };
        meaning.source.bare = None;
        self.read(&meaning.reads);
        self.read_all(&meaning.reads_all);
        meaning
    }

    /// Fields and elements of a value. A field of a whole row is the column itself.
    fn indirection(&mut self, indirection: &AIndirection, scope: &Scope<'_>) -> (Source, Option<(u32, i32)>) {
        let Some(base) = indirection.arg.as_deref() else {
            return (Source::none(), None);
        };
        if let ([Node { node: Some(NodeEnum::String(field)) }], Some(item)) =
            (indirection.indirection.as_slice(), self.row_item(base, scope))
        {
            let meaning = item.any_column(&field.sval);
            if let Some(meaning) = meaning {
                self.read(&meaning.reads);
                self.read_all(&meaning.reads_all);
                return (meaning.source, meaning.shape);
            }
        }
        let mut source = self.value(base, scope).derived();
        for step in &indirection.indirection {
            match &step.node {
                Some(NodeEnum::String(field)) => source.unknown |= !self.called_as_field(&field.sval),
                Some(NodeEnum::AStar(_)) => {}
                _ => source.take_in(self.value(step, scope)),
            }
        }
        (source.derived(), None)
    }

    /// The item whose whole row an expression is: `t` or `t.*`.
    pub(super) fn row_item(&mut self, node: &Node, scope: &Scope<'_>) -> Option<Item> {
        let Some(NodeEnum::ColumnRef(reference)) = &node.node else {
            return None;
        };
        let names = strings(&reference.fields);
        let star = reference.fields.last().is_some_and(is_star);
        match names.as_slice() {
            [name] if star || self.lone_column(name, scope).is_none() => self.item(None, name, scope).cloned(),
            [schema, name] if star => {
                self.qualified(reference, true, scope);
                self.item(Some(schema), name, scope).cloned()
            }
            _ => None,
        }
    }

    /// Records that columns are read.
    pub(super) fn read<'c>(&mut self, columns: impl IntoIterator<Item = &'c Column>) {
        for column in columns {
            self.found.column(Effect::Read, column);
        }
    }

    /// Records that nobody knows which columns of these are read.
    pub(super) fn read_all(&mut self, objects: &[Object]) {
        for object in objects {
            self.found.all(Effect::Read, object.clone());
            if !self.names.catalog.knows(object) {
                self.found.uses.hidden.insert(format!("relation {object}"));
            }
        }
    }
}

/// Whether a cast is to the type that the column has anyway. The server then leaves the column as it is.
fn changes_nothing(cast: &TypeCast, (kind, modifier): (u32, i32)) -> bool {
    let Some(name) = &cast.type_name else {
        return false;
    };
    let names = strings(&name.names);
    let ([word] | [SYSTEM, word]) = names.as_slice() else {
        return false;
    };
    unmodified(name) && modifier == -1 && PLAIN_TYPES.contains(&(*word, kind))
}

/// A type of the server's own that is named with its schema.
fn plain(name: &TypeName) -> Option<(u32, i32)> {
    let names = strings(&name.names);
    let [SYSTEM, word] = names.as_slice() else { return None };
    let (_, oid) = PLAIN_TYPES.iter().find(|(known, _)| known == word)?;
    unmodified(name).then_some((*oid, -1))
}

/// Whether a type is meant as it is: no array of it, and of no length.
fn unmodified(name: &TypeName) -> bool {
    name.array_bounds.is_empty() && name.typmods.is_empty() && !name.setof
}

/// The operators that `BETWEEN` stands for, whose name in the grammar is none (`transformAExprBetween`).
fn comparisons(kind: AExprKind) -> Option<[&'static str; 2]> {
    match kind {
        AExprKind::AexprBetween | AExprKind::AexprBetweenSym => Some([">=", "<="]),
        AExprKind::AexprNotBetween | AExprKind::AexprNotBetweenSym => Some(["<", ">"]),
        AExprKind::Undefined
        | AExprKind::AexprOp
        | AExprKind::AexprOpAny
        | AExprKind::AexprOpAll
        | AExprKind::AexprDistinct
        | AExprKind::AexprNotDistinct
        | AExprKind::AexprNullif
        | AExprKind::AexprIn
        | AExprKind::AexprLike
        | AExprKind::AexprIlike
        | AExprKind::AexprSimilar => None,
    }
}

/// The name that an expression is, where it is nothing but a name without dots.
pub(super) fn lone_name(node: &Node) -> Option<&str> {
    match &node.node {
        Some(NodeEnum::ColumnRef(reference)) => match reference.fields.as_slice() {
            [Node { node: Some(NodeEnum::String(name)) }] => Some(&name.sval),
            _ => None,
        },
        Some(_) | None => None,
    }
}

/// The number that an expression is, where it is nothing but a plain number.
pub(super) fn integer(node: &Node) -> Option<usize> {
    match &node.node {
        Some(NodeEnum::AConst(constant)) => match &constant.val {
            Some(pg_query::protobuf::a_const::Val::Ival(number)) => usize::try_from(number.ival).ok(),
            Some(_) | None => None,
        },
        Some(_) | None => None,
    }
}

/// The string that an expression is, where it is nothing but a literal.
pub(super) fn literal(node: &Node) -> Option<&str> {
    match &node.node {
        Some(NodeEnum::AConst(constant)) => match &constant.val {
            Some(pg_query::protobuf::a_const::Val::Sval(text)) => Some(&text.sval),
            Some(_) | None => None,
        },
        Some(_) | None => None,
    }
}
