//! How far a `WHERE` clause limits the rows that a statement reaches.
//!
//! What it says is a fact for policies and must err on one side: a clause that may let every row
//! through counts as none, and a column counts only where every row that is reached has one of the
//! values that the statement gives for it. So what pins a column is the column itself beside what is
//! the same for every row: an expression that holds it somewhere (`id * 0 = 0`), or a conversion
//! (`id::bool = true`), has one value for many of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use pg_query::NodeEnum;
use pg_query::protobuf::a_const::Val;
use pg_query::protobuf::{AExpr, AExprKind, BoolExprType, ColumnRef, Node, NullTestType, SelectStmt};

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

/// The relation whose rows a clause is to limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limited<'n> {
    /// What it goes by; without a name, any column in sight is taken for one of it.
    pub(super) name: Option<&'n str>,
    /// It is the only one in sight, so that a name without a relation is a column of it.
    pub(super) alone: bool,
}

impl Limited<'_> {
    /// The column that a reference names, if it may be one of this relation.
    fn may_have(self, reference: &ColumnRef) -> Option<&str> {
        match strings(&reference.fields).as_slice() {
            [column] => Some(column),
            [.., item, column] if self.name.is_none_or(|name| name == *item) => Some(column),
            _ => None,
        }
    }

    /// The column that a reference names, if it is one of this relation for certain.
    fn has(self, reference: &ColumnRef) -> Option<&str> {
        let names = strings(&reference.fields);
        // a star is not a name, and stands for columns of whatever it follows
        if names.len() != reference.fields.len() {
            return None;
        }
        match names.as_slice() {
            [.., column] if self.alone => Some(column),
            [item, column] if self.name == Some(item) => Some(column),
            _ => None,
        }
    }
}

impl Restriction {
    /// What a clause limits, of this relation.
    pub(super) fn of(clause: Option<&Node>, of: Limited<'_>) -> Self {
        let Some(clause) = clause else {
            return Self::nothing();
        };
        let limits = Limits::of(clause, of);
        Self { none: !limits.limits, columns: limits.columns }
    }

    /// All rows are reached.
    pub(super) fn nothing() -> Self {
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
    let [first, others @ ..] = select.from_clause.as_slice() else {
        return None;
    };
    // a query in place of a table names its columns as it likes
    let table = matches!(first.node, Some(NodeEnum::RangeVar(_))) && select.with_clause.is_none();
    let of = Limited { name: None, alone: table && others.is_empty() };
    Some(Restriction::of(select.where_clause.as_deref(), of))
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
    fn of(node: &Node, of: Limited<'_>) -> Self {
        if is_false(node) {
            return Self { limits: true, columns: BTreeSet::new() };
        }
        match &node.node {
            Some(NodeEnum::BoolExpr(expression)) => {
                let mut parts = expression.args.iter();
                match expression.boolop() {
                    BoolExprType::AndExpr => parts.map(|part| Self::of(part, of)).fold(Self::default(), Self::both),
                    BoolExprType::OrExpr => {
                        let possible = parts.filter(|part| !is_false(part));
                        let either = possible.map(|part| Self::of(part, of)).reduce(Self::either);
                        either.unwrap_or(Self { limits: true, columns: BTreeSet::new() })
                    }
                    BoolExprType::NotExpr | BoolExprType::Undefined => {
                        Self { limits: parts.any(|part| looks_at_rows(part, of)), columns: BTreeSet::new() }
                    }
                }
            }
            Some(NodeEnum::AExpr(expression)) => Self::comparison(expression, of),
            Some(NodeEnum::NullTest(test)) => {
                let tested = test.arg.as_deref().filter(|_| test.nulltesttype() == NullTestType::IsNull);
                let limits = test.arg.as_deref().is_some_and(|arg| names_columns(arg, of));
                Self { limits, columns: tested.map(|tested| itself(tested, of)).unwrap_or_default() }
            }
            Some(NodeEnum::ColumnRef(_)) => Self { limits: names_columns(node, of), columns: itself(node, of) },
            Some(_) | None => Self { limits: looks_at_rows(node, of), columns: BTreeSet::new() },
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

    /// A comparison pins the column on one side where the other is the same for every row.
    fn comparison(expression: &AExpr, of: Limited<'_>) -> Self {
        let (left, right) = (expression.lexpr.as_deref(), expression.rexpr.as_deref());
        if is_same(left, right) || lets_all_through(expression) {
            return Self::default();
        }
        let limits = left.into_iter().chain(right).any(|side| names_columns(side, of));
        let columns = match (pins(expression), left, right) {
            (Pins::Either, Some(column), Some(given)) | (Pins::Either, Some(given), Some(column))
                if is_given(given) =>
            {
                itself(column, of)
            }
            (Pins::Left, Some(column), Some(given)) if is_given(given) => itself(column, of),
            _ => BTreeSet::new(),
        };
        Self { limits, columns }
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
    let (mut pattern, mut cut) = (expression.rexpr.as_deref(), false);
    while let Some(Node { node: Some(NodeEnum::TypeCast(cast)) }) = pattern {
        cut |= cast.type_name.as_ref().is_some_and(|name| !name.typmods.is_empty());
        pattern = cast.arg.as_deref();
    }
    let all = |pattern: &str| pattern.bytes().all(|byte| byte == b'%') || cut && pattern.starts_with('%');
    like && pattern.and_then(super::expression::literal).is_some_and(all)
}

/// Which side of a comparison has only the values that the other one gives.
enum Pins {
    Either,
    /// The other side is a list, and one entry of it is enough.
    Left,
    Neither,
}

/// Which side a comparison pins. An operator from anywhere but where the server keeps its own may do anything.
fn pins(expression: &AExpr) -> Pins {
    let equals = matches!(strings(&expression.name).as_slice(), ["="] | ["pg_catalog", "="]);
    match expression.kind() {
        AExprKind::AexprOp if equals => Pins::Either,
        AExprKind::AexprNotDistinct => Pins::Either,
        AExprKind::AexprOpAny | AExprKind::AexprIn if equals => Pins::Left,
        AExprKind::AexprOp
        | AExprKind::AexprOpAny
        | AExprKind::AexprIn
        | AExprKind::AexprOpAll
        | AExprKind::AexprDistinct
        | AExprKind::AexprNullif
        | AExprKind::AexprLike
        | AExprKind::AexprIlike
        | AExprKind::AexprSimilar
        | AExprKind::AexprBetween
        | AExprKind::AexprNotBetween
        | AExprKind::AexprBetweenSym
        | AExprKind::AexprNotBetweenSym
        | AExprKind::Undefined => Pins::Neither,
    }
}

/// Whether an expression is the same for every row, for certain. A function need not be: `random()`, `nextval(…)`.
fn is_given(node: &Node) -> bool {
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        match &node.node {
            Some(NodeEnum::AConst(_) | NodeEnum::ParamRef(_) | NodeEnum::SqlvalueFunction(_)) => {}
            Some(
                NodeEnum::TypeCast(_)
                | NodeEnum::CollateClause(_)
                | NodeEnum::AExpr(_)
                | NodeEnum::CoalesceExpr(_)
                | NodeEnum::RowExpr(_)
                | NodeEnum::List(_)
                | NodeEnum::AArrayExpr(_),
            ) => inside(node, &mut open),
            Some(_) | None => return false,
        }
    }
    true
}

/// The columns that an expression is, on its own or as a row of them.
fn itself(node: &Node, of: Limited<'_>) -> BTreeSet<Arc<str>> {
    match &node.node {
        Some(NodeEnum::ColumnRef(reference)) => of.has(reference).map(Arc::from).into_iter().collect(),
        Some(NodeEnum::RowExpr(row)) => {
            let columns: Vec<_> = row.args.iter().map(|part| itself(part, of)).collect();
            let all = columns.iter().all(|columns| !columns.is_empty());
            columns.into_iter().filter(|_| all).flatten().collect()
        }
        Some(_) | None => BTreeSet::new(),
    }
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
fn looks_at_rows(node: &Node, of: Limited<'_>) -> bool {
    names_columns(node, of) || matches!(&node.node, Some(NodeEnum::CurrentOfExpr(_)))
}

/// Whether an expression names columns of the relation.
fn names_columns(node: &Node, of: Limited<'_>) -> bool {
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        match &node.node {
            Some(NodeEnum::ColumnRef(reference)) if of.may_have(reference).is_some() => return true,
            _ => inside(node, &mut open),
        }
    }
    false
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
