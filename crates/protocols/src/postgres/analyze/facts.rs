//! How far a `WHERE` clause limits the rows that a statement reaches.
//!
//! What it says is a fact for policies and must err on one side: a clause that may let every row
//! through counts as none, and a column counts only where every row that is reached has one of the
//! values that the statement gives for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use pg_query::NodeEnum;
use pg_query::protobuf::a_const::Val;
use pg_query::protobuf::{AExpr, AExprKind, BoolExprType, Node, NullTestType, SelectStmt};

use super::found::Found;
use super::statement::strings;

/// How far rows are limited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Restriction {
    /// Not at all.
    pub(super) none: bool,
    /// To given values of these columns.
    pub(super) columns: BTreeSet<Arc<str>>,
}

impl Restriction {
    /// What a clause limits, of the relation that goes by `name`; of any relation without one.
    pub(super) fn of(clause: Option<&Node>, name: Option<&str>) -> Self {
        let Some(clause) = clause else {
            return Self::nothing();
        };
        let limits = Limits::of(clause, name);
        Self { none: !limits.limits, columns: limits.columns }
    }

    fn nothing() -> Self {
        Self { none: true, columns: BTreeSet::new() }
    }

    /// Of two clauses of one statement, the weaker: what is said of the statement holds for both.
    fn and(self, other: Self) -> Self {
        Self { none: self.none || other.none, columns: self.columns.intersection(&other.columns).cloned().collect() }
    }
}

impl Found {
    /// A change of the rows that this clause leaves.
    pub(super) fn restrict(&mut self, restriction: Restriction) {
        self.restriction = Some(match self.restriction.take() {
            Some(before) => before.and(restriction),
            None => restriction,
        });
    }
}

/// What the whole of a query limits; none where it reads from nothing.
pub(super) fn of_query(select: &SelectStmt) -> Option<Restriction> {
    if let Some((left, right)) = select.larg.as_deref().zip(select.rarg.as_deref()) {
        return match (of_query(left), of_query(right)) {
            (Some(left), Some(right)) => Some(left.and(right)),
            (one, other) => one.or(other),
        };
    }
    (!select.from_clause.is_empty()).then(|| Restriction::of(select.where_clause.as_deref(), None))
}

/// Whether a query may show any number of rows.
pub(super) fn no_limit(select: &SelectStmt) -> bool {
    let unlimited = match select.limit_count.as_deref().and_then(|count| count.node.as_ref()) {
        None => true,
        Some(NodeEnum::AConst(constant)) => constant.isnull,
        Some(_) => false,
    };
    unlimited && reads_rows(select)
}

fn reads_rows(select: &SelectStmt) -> bool {
    !select.from_clause.is_empty()
        || select.larg.as_deref().is_some_and(reads_rows)
        || select.rarg.as_deref().is_some_and(reads_rows)
}

/// What one condition does to rows.
#[derive(Debug, Default)]
struct Limits {
    limits: bool,
    columns: BTreeSet<Arc<str>>,
}

impl Limits {
    fn of(node: &Node, name: Option<&str>) -> Self {
        if is_false(node) {
            return Self { limits: true, columns: BTreeSet::new() };
        }
        match &node.node {
            Some(NodeEnum::BoolExpr(expression)) => {
                let mut parts = expression.args.iter();
                match expression.boolop() {
                    BoolExprType::AndExpr => parts.map(|part| Self::of(part, name)).fold(Self::default(), Self::both),
                    BoolExprType::OrExpr => {
                        let possible = parts.filter(|part| !is_false(part));
                        let either = possible.map(|part| Self::of(part, name)).reduce(Self::either);
                        either.unwrap_or(Self { limits: true, columns: BTreeSet::new() })
                    }
                    BoolExprType::NotExpr | BoolExprType::Undefined => {
                        Self { limits: parts.any(|part| looks_at_rows(part, name)), columns: BTreeSet::new() }
                    }
                }
            }
            Some(NodeEnum::AExpr(expression)) => Self::comparison(expression, name),
            Some(NodeEnum::NullTest(test)) => {
                let columns = test.arg.as_deref().map(|arg| columns_of(arg, name)).unwrap_or_default();
                let limits = !columns.is_empty();
                let is_null = test.nulltesttype() == NullTestType::IsNull;
                Self { limits, columns: if is_null { columns } else { BTreeSet::new() } }
            }
            Some(NodeEnum::ColumnRef(_)) => {
                let columns = columns_of(node, name);
                Self { limits: !columns.is_empty(), columns }
            }
            Some(_) | None => Self { limits: looks_at_rows(node, name), columns: BTreeSet::new() },
        }
    }

    fn both(mut self, other: Self) -> Self {
        self.limits |= other.limits;
        self.columns.extend(other.columns);
        self
    }

    fn either(self, other: Self) -> Self {
        Self {
            limits: self.limits && other.limits,
            columns: self.columns.intersection(&other.columns).cloned().collect(),
        }
    }

    /// A comparison pins the columns of one side where the other does not depend on any row.
    fn comparison(expression: &AExpr, name: Option<&str>) -> Self {
        let side = |node: Option<&Node>| node.map(|node| columns_of(node, name)).unwrap_or_default();
        let (left, right) = (expression.lexpr.as_deref(), expression.rexpr.as_deref());
        let mut columns = side(left);
        columns.extend(side(right));
        if is_same(left, right) || lets_all_through(expression) {
            return Self::default();
        }
        let given = |node: Option<&Node>| node.is_some_and(|node| !depends_on_rows(node));
        let pinned = pins(expression) && (given(left) || given(right));
        Self { limits: !columns.is_empty(), columns: if pinned { columns } else { BTreeSet::new() } }
    }
}

/// Whether two expressions are one column, as far as their names say.
fn is_same(left: Option<&Node>, right: Option<&Node>) -> bool {
    let (Some(left), Some(right)) = (left.and_then(column_names), right.and_then(column_names)) else {
        return false;
    };
    let alike = left.iter().rev().zip(right.iter().rev()).all(|(left, right)| left == right);
    alike && !left.is_empty() && !right.is_empty()
}

/// The names of a column reference, dots left out.
fn column_names(node: &Node) -> Option<Vec<&str>> {
    match &node.node {
        Some(NodeEnum::ColumnRef(reference)) => Some(strings(&reference.fields)),
        Some(_) | None => None,
    }
}

/// `LIKE '%'`.
fn lets_all_through(expression: &AExpr) -> bool {
    let like = matches!(expression.kind(), AExprKind::AexprLike | AExprKind::AexprIlike);
    let pattern = expression.rexpr.as_deref().and_then(super::expression::literal);
    like && pattern.is_some_and(|pattern| pattern.bytes().all(|byte| byte == b'%'))
}

/// Whether a comparison leaves only the values that it names.
fn pins(expression: &AExpr) -> bool {
    let equals = strings(&expression.name).last() == Some(&"=");
    match expression.kind() {
        AExprKind::AexprOp | AExprKind::AexprOpAny | AExprKind::AexprIn => equals,
        AExprKind::AexprNotDistinct => true,
        AExprKind::AexprOpAll
        | AExprKind::AexprDistinct
        | AExprKind::AexprNullif
        | AExprKind::AexprLike
        | AExprKind::AexprIlike
        | AExprKind::AexprSimilar
        | AExprKind::AexprBetween
        | AExprKind::AexprNotBetween
        | AExprKind::AexprBetweenSym
        | AExprKind::AexprNotBetweenSym
        | AExprKind::Undefined => false,
    }
}

/// Whether an expression may be different for each row, or holds a query.
fn depends_on_rows(node: &Node) -> bool {
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        if matches!(node.node, Some(NodeEnum::ColumnRef(_) | NodeEnum::SubLink(_))) {
            return true;
        }
        inside(node, &mut open);
    }
    false
}

/// Whether an expression is `false` for every row, on the face of it.
fn is_false(node: &Node) -> bool {
    match &node.node {
        Some(NodeEnum::AConst(constant)) => match &constant.val {
            Some(Val::Boolval(value)) => !value.boolval,
            Some(_) | None => constant.isnull,
        },
        Some(NodeEnum::AExpr(expression)) => {
            let equals = expression.kind() == AExprKind::AexprOp && strings(&expression.name) == ["="];
            let side = |side: &Option<Box<Node>>| match side.as_deref().and_then(|node| node.node.as_ref()) {
                Some(NodeEnum::AConst(constant)) => constant.val.clone(),
                Some(_) | None => None,
            };
            match (side(&expression.lexpr), side(&expression.rexpr)) {
                (Some(Val::Ival(left)), Some(Val::Ival(right))) => equals && left != right,
                (_, _) => false,
            }
        }
        Some(_) | None => false,
    }
}

/// Whether a condition says anything about the rows themselves.
fn looks_at_rows(node: &Node, name: Option<&str>) -> bool {
    !columns_of(node, name).is_empty() || matches!(&node.node, Some(NodeEnum::CurrentOfExpr(_)))
}

/// The columns that an expression names, of the relation that goes by `name`.
fn columns_of(node: &Node, name: Option<&str>) -> BTreeSet<Arc<str>> {
    let mut found = BTreeSet::new();
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        if let Some(NodeEnum::ColumnRef(reference)) = &node.node {
            let names = strings(&reference.fields);
            match names.as_slice() {
                [column] => found.insert((*column).into()),
                [.., item, column] if name.is_none_or(|name| name == *item) => found.insert((*column).into()),
                _ => false,
            };
        } else {
            inside(node, &mut open);
        }
    }
    found
}

/// The parts of an expression. A kind that is not listed adds nothing, so that it limits nothing.
fn inside<'n>(node: &'n Node, open: &mut Vec<&'n Node>) {
    match &node.node {
        Some(NodeEnum::AExpr(expression)) => {
            open.extend(expression.lexpr.as_deref().into_iter().chain(expression.rexpr.as_deref()));
        }
        Some(NodeEnum::BoolExpr(expression)) => open.extend(&expression.args),
        Some(NodeEnum::FuncCall(call)) => open.extend(&call.args),
        Some(NodeEnum::TypeCast(cast)) => open.extend(cast.arg.as_deref()),
        Some(NodeEnum::CollateClause(collate)) => open.extend(collate.arg.as_deref()),
        Some(NodeEnum::NullTest(test)) => open.extend(test.arg.as_deref()),
        Some(NodeEnum::BooleanTest(test)) => open.extend(test.arg.as_deref()),
        Some(NodeEnum::CoalesceExpr(coalesce)) => open.extend(&coalesce.args),
        Some(NodeEnum::MinMaxExpr(extreme)) => open.extend(&extreme.args),
        Some(NodeEnum::RowExpr(row)) => open.extend(&row.args),
        Some(NodeEnum::List(list)) => open.extend(&list.items),
        Some(NodeEnum::AArrayExpr(array)) => open.extend(&array.elements),
        Some(NodeEnum::AIndirection(indirection)) => open.extend(indirection.arg.as_deref()),
        Some(NodeEnum::SubLink(link)) => {
            open.extend(link.testexpr.as_deref());
            open.extend(link.subselect.as_deref());
        }
        Some(NodeEnum::SelectStmt(select)) => open.extend(select.where_clause.as_deref()),
        Some(NodeEnum::CaseExpr(case)) => {
            open.extend(case.arg.as_deref().into_iter().chain(case.defresult.as_deref()));
            open.extend(&case.args);
        }
        Some(NodeEnum::CaseWhen(when)) => {
            open.extend(when.expr.as_deref().into_iter().chain(when.result.as_deref()));
        }
        _ => {}
    }
}
