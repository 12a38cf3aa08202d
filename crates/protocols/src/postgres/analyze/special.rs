//! Functions that do what a statement of their own does: settings and sequences.
//!
//! With a literal name they are read as that statement would be. Without one, they are functions
//! like any other that may do anything.

use pg_query::NodeEnum;
use pg_query::protobuf::{AExprKind, FuncCall, Node, RangeVar, SelectStmt};
use postern_core::operation::{Columns, Effect};

use super::expression::literal;
use super::scope::Scope;
use super::setting::{self, APPLICATION_NAME, Class};
use super::source::Source;
use super::statement::{Reader, session, strings};
use super::{Kind, LONGEST_NAME};
use crate::postgres::catalog::SYSTEM;

/// The types to which a text is cast and stays what it is.
const TEXT: &[&str] = &["text"];
/// Those to which the name of a relation is.
const RELATION: &[&str] = &["text", "regclass"];

impl Reader<'_> {
    /// The value of a call that means a statement; none where it is an ordinary call.
    pub(super) fn special_call(&mut self, names: &[&str], call: &FuncCall, scope: &Scope<'_>) -> Option<Source> {
        let name = match names {
            [name] => *name,
            [schema, name] if *schema == SYSTEM => *name,
            _ => return None,
        };
        let (first, second) = (call.args.first(), call.args.get(1));
        let text = |node: Option<&'_ Node>| node.and_then(|node| self.literal(node, TEXT)).map(str::to_owned);
        let understood = match name {
            "set_config" => {
                let (name, value) = (text(first), text(second));
                self.sets(name.as_deref(), value.as_deref())
            }
            "current_setting" => text(first).as_deref().is_some_and(setting::is_open),
            "nextval" | "setval" => self.sequence(first, Effect::Write),
            "currval" => self.sequence(first, Effect::Read),
            "lastval" => true,
            _ => return None,
        };
        if !understood || !self.is_the_servers(names, name) {
            return None;
        }
        let source = self.values_of(&call.args, scope);
        self.found.function(name);
        self.found.whole(Effect::Session, session());
        Some(source.derived())
    }

    /// Whether a name that may have overloads can only mean the server's own function.
    fn is_the_servers(&self, names: &[&str], name: &str) -> bool {
        let catalog = self.names.catalog;
        let mut others = self.path.for_functions().filter(|schema| ***schema != *SYSTEM);
        names.len() > 1 || !others.any(|schema| !catalog.functions(schema, name).is_empty())
    }

    /// `set_config` of a harmless setting is a `SET`. Of another it must not pass for one: it is left
    /// to be a function that changes what the session cannot keep track of.
    fn sets(&mut self, name: Option<&str>, value: Option<&str>) -> bool {
        let class = name.map_or(Class::Unknown, setting::class);
        match class {
            // THREAT: another principal's name in the server's log, for as long as nobody hears of it
            Class::Harmless if name.is_some_and(|name| worked_out(name, value)) && !self.set_by_statement => {
                self.found.opaque("set_config of `application_name` to what is no literal of the client's: use SET");
                false
            }
            Class::Harmless => true,
            Class::Tracked | Class::Pinned | Class::Role | Class::Privileged | Class::Unknown => {
                if !self.set_by_statement {
                    let name = name.unwrap_or("a setting that is not a literal");
                    self.found.opaque(format!("set_config of `{name}`: use SET, in a statement of its own"));
                }
                self.set_by_statement
            }
        }
    }

    /// `SELECT set_config('search_path', '…', false)` and nothing else is a `SET search_path`.
    pub(super) fn set_by_select(&mut self, select: &SelectStmt) -> Option<Kind> {
        let call = lone_call(select)?;
        let names = strings(&call.funcname);
        let bare = SelectStmt {
            target_list: select.target_list.clone(),
            limit_option: select.limit_option,
            op: select.op,
            ..SelectStmt::default()
        };
        let alone = bare == *select && matches!(names.as_slice(), ["set_config"] | [SYSTEM, "set_config"]);
        if !alone || !self.is_the_servers(&names, "set_config") {
            return None;
        }
        let [name, value, local] = call.args.as_slice() else {
            return None;
        };
        let (name, value, local) = (self.literal(name, TEXT)?, self.literal(value, TEXT)?, boolean(local)?);
        if !matches!(setting::class(name), Class::Tracked | Class::Harmless) {
            return None;
        }
        self.set_by_statement = true;
        let (name, value) = (name.to_ascii_lowercase(), Some(value.to_owned()));
        Some(Kind::Set { name, value, local })
    }

    /// `SELECT set_config(name, '…', false) FROM pg_settings WHERE name = '…'` and nothing else sets what it names, if the
    /// server has that: so pg_dump asks for what not all servers have.
    pub(super) fn set_by_settings(&mut self, select: &SelectStmt) {
        let bare = SelectStmt {
            target_list: select.target_list.clone(),
            from_clause: select.from_clause.clone(),
            where_clause: select.where_clause.clone(),
            limit_option: select.limit_option,
            op: select.op,
            ..SelectStmt::default()
        };
        let (Some(call), true) = (lone_call(select), bare == *select) else { return };
        let [Node { node: Some(NodeEnum::RangeVar(relation)) }] = select.from_clause.as_slice() else { return };
        let settings = self.names.catalog.object([SYSTEM, "pg_settings"]);
        let Some(condition) = select.where_clause.as_deref() else { return };
        let ([name, value, local], Some(chosen)) = (call.args.as_slice(), self.chosen(condition)) else { return };
        let called = matches!(strings(&call.funcname).as_slice(), ["set_config"] | [SYSTEM, "set_config"]);
        let value = self.literal(value, TEXT);
        let (true, Some(value), Some(_)) = (called && is_name(name), value, boolean(local)) else { return };
        let harmless = |name: &&str| {
            let understood = setting::class(name) == Class::Harmless || setting::is_safe(name, value);
            understood && !worked_out(name, Some(value))
        };
        self.set_by_statement =
            relation.alias.is_none() && self.named(relation).objects == [settings] && chosen.iter().all(harmless);
    }

    /// The names that a condition on `name` leaves, compared as the server itself compares text.
    fn chosen<'n>(&mut self, condition: &'n Node) -> Option<Vec<&'n str>> {
        let Some(NodeEnum::AExpr(expression)) = &condition.node else { return None };
        let (left, right) = (expression.lexpr.as_deref()?, expression.rexpr.as_deref()?);
        let equal = strings(&expression.name) == ["="] && self.operator(&expression.name);
        let names = match (expression.kind(), &right.node) {
            (AExprKind::AexprOp, _) => vec![self.literal(right, TEXT)?],
            (AExprKind::AexprIn, Some(NodeEnum::List(list))) => {
                list.items.iter().map(|item| self.literal(item, TEXT)).collect::<Option<_>>()?
            }
            _ => return None,
        };
        (equal && is_name(left)).then_some(names)
    }

    /// The string that an expression is, where it is nothing but a literal, or one that is cast to a type which leaves it as
    /// it is.
    ///
    /// THREAT: `'role.x'::varchar(4)` is another word there than here; so is what is cast to a type that only has the name.
    fn literal<'n>(&self, node: &'n Node, types: &[&str]) -> Option<&'n str> {
        let Some(NodeEnum::TypeCast(cast)) = &node.node else { return literal(node) };
        let to = cast.type_name.as_ref()?;
        let plain = to.typmods.is_empty() && to.array_bounds.is_empty() && !to.setof;
        let meant = match strings(&to.names).as_slice() {
            [SYSTEM, name] => types.contains(name),
            [name] => types.contains(name) && !self.names.catalog.has_own_type(name),
            _ => false,
        };
        if plain && meant { self.literal(cast.arg.as_deref()?, types) } else { None }
    }

    /// A sequence named by a literal is touched like a table; of another nobody knows which it is.
    fn sequence(&mut self, argument: Option<&Node>, effect: Effect) -> bool {
        let literal = argument.and_then(|node| self.literal(node, RELATION));
        let kept = literal.filter(|literal| self.names.encoding.keeps(literal.as_bytes()));
        let Some(name) = kept.and_then(relation_name) else {
            self.found.whole(effect, self.names.catalog.everything());
            return false;
        };
        let named = self.named(&name);
        for object in &named.objects {
            self.found.table(object);
        }
        self.touch(effect, &named, &Columns::None);
        true
    }
}

/// Whether the server's log may come to name somebody in the gateway's words by this.
fn worked_out(name: &str, value: Option<&str>) -> bool {
    let name = name.to_ascii_lowercase();
    name == APPLICATION_NAME && value.is_none_or(|value| setting::poses(&name, value))
}

/// The call that a query shows, and nothing else.
fn lone_call(select: &SelectStmt) -> Option<&FuncCall> {
    let [Node { node: Some(NodeEnum::ResTarget(target)) }] = select.target_list.as_slice() else { return None };
    match &target.val.as_deref()?.node {
        Some(NodeEnum::FuncCall(call)) => Some(call),
        Some(_) | None => None,
    }
}

/// Whether it is the column `name` of the one relation there is.
fn is_name(node: &Node) -> bool {
    let Some(NodeEnum::ColumnRef(column)) = &node.node else { return false };
    matches!(strings(&column.fields).as_slice(), ["name"] | ["pg_settings", "name"])
}

fn boolean(node: &Node) -> Option<bool> {
    match &node.node {
        Some(NodeEnum::AConst(constant)) => match &constant.val {
            Some(pg_query::protobuf::a_const::Val::Boolval(value)) => Some(value.boolval),
            Some(_) | None => None,
        },
        Some(NodeEnum::TypeCast(cast)) => boolean(cast.arg.as_deref()?),
        Some(_) | None => None,
    }
}

/// The relation that a literal such as `'public."Orders_id_seq"'` names, as a cast to `regclass` reads it: digits alone are
/// a number, and a name goes on to the next dot or blank, whatever is in it (`SplitIdentifierString`).
///
/// THREAT: a literal that is read here by the rules of statements, and there by others: a rule is about another sequence.
fn relation_name(literal: &str) -> Option<RangeVar> {
    if literal.contains(BLANK_TO_SOME) {
        return None;
    }
    let number = literal.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = Vec::new();
    let mut rest = literal.trim_start_matches(BLANK);
    loop {
        let (part, after) = first_part(rest)?;
        parts.push(cut(part));
        let after = after.trim_start_matches(BLANK);
        if after.is_empty() {
            break;
        }
        rest = after.strip_prefix('.')?.trim_start_matches(BLANK);
    }
    let (schemaname, relname) = match parts.as_mut_slice() {
        [relation] if !number && *relation != "-" => (String::new(), std::mem::take(relation)),
        [schema, relation] => (std::mem::take(schema), std::mem::take(relation)),
        _ => return None,
    };
    Some(RangeVar { schemaname, relname, ..RangeVar::default() })
}

/// What every server takes for a blank (`scanner_isspace`).
const BLANK: [char; 5] = [' ', '\t', '\n', '\r', '\u{c}'];
/// What only newer ones do.
const BLANK_TO_SOME: char = '\u{b}';

/// The part that a text begins with, and what is behind it.
fn first_part(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find(|letter| letter == '.' || BLANK.contains(&letter)).unwrap_or(text.len());
        let (part, after) = text.split_at_checked(end)?;
        return (!part.is_empty()).then(|| (part.to_ascii_lowercase(), after));
    };
    let mut part = String::new();
    loop {
        let (before, after) = rest.split_once('"')?;
        part.push_str(before);
        let Some(more) = after.strip_prefix('"') else { return Some((part, after)) };
        part.push('"');
        rest = more;
    }
}

/// A name as the server keeps it, of so many bytes and no half letter (`truncate_identifier`).
fn cut(mut name: String) -> String {
    let end = (0..=LONGEST_NAME).rev().find(|end| name.is_char_boundary(*end)).unwrap_or_default();
    if name.len() > LONGEST_NAME {
        name.truncate(end);
    }
    name
}

#[cfg(test)]
mod tests;
