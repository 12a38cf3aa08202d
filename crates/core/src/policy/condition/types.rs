//! What the parts of a condition are, and what may be done with them: the signatures of operators and functions.
//!
//! It knows nothing of places or of evaluation. Enter at [`field`], [`operator`] and [`function`].

use std::fmt;

use crate::vocabulary::FactKind;

/// What a part of a condition is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Flag,
    Number,
    Float,
    Text,
    Moment,
    Span,
    Null,
    List(Box<Type>),
    Table(Box<Type>),
    /// Nobody can say before it runs.
    Any,
}

impl Type {
    pub(super) fn list(of: Self) -> Self {
        Self::List(Box::new(of))
    }

    /// Whether something may be both.
    pub(super) fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => true,
            (Self::List(one), Self::List(other)) | (Self::Table(one), Self::Table(other)) => one.meets(other),
            (Self::Number | Self::Float, Self::Number | Self::Float) => true,
            (one, other) => one == other,
        }
    }

    /// What going through it gives.
    pub(super) fn element(&self) -> Option<Self> {
        match self {
            Self::List(of) => Some((**of).clone()),
            Self::Table(_) => Some(Self::Text),
            Self::Any => Some(Self::Any),
            Self::Flag | Self::Number | Self::Float | Self::Text | Self::Moment | Self::Span | Self::Null => None,
        }
    }

    /// What stands in it under a name.
    pub(super) fn column(&self) -> Option<Self> {
        match self {
            Self::Table(of) => Some((**of).clone()),
            Self::Any => Some(Self::Any),
            Self::Flag
            | Self::Number
            | Self::Float
            | Self::Text
            | Self::Moment
            | Self::Span
            | Self::Null
            | Self::List(_) => None,
        }
    }

    fn is_ordered(&self) -> bool {
        !matches!(self, Self::Null | Self::List(_) | Self::Table(_))
    }

    fn is_number(&self) -> bool {
        matches!(self, Self::Number | Self::Float | Self::Any)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flag => "a yes or no",
            Self::Number => "a whole number",
            Self::Float => "a number",
            Self::Text => "a text",
            Self::Moment => "a time",
            Self::Span => "a duration",
            Self::Null => "null",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Any => "anything",
        })
    }
}

impl From<FactKind> for Type {
    fn from(kind: FactKind) -> Self {
        match kind {
            FactKind::Flag => Self::Flag,
            FactKind::Number => Self::Number,
            FactKind::Text => Self::Text,
            FactKind::List => Self::list(Self::Text),
        }
    }
}

/// What a condition can ask for, besides the facts.
pub(super) const NAMES: &[&str] = &["principal", "client", "target", "operation", "facts", "now"];

/// The fields of everything that has some.
pub(super) fn fields(of: &str) -> &'static [&'static str] {
    match of {
        "principal" => &["name", "kind", "issuer", "groups", "acts_for"],
        "client" => &["address"],
        "target" => &["name", "protocol", "labels"],
        "operation" => &["action", "actions", "effects", "objects"],
        _ => &[],
    }
}

/// What a field is.
pub(super) fn field(of: &str, name: &str) -> Option<Type> {
    match (of, name) {
        ("principal", "name" | "kind" | "issuer" | "acts_for")
        | ("client", "address")
        | ("target", "name" | "protocol")
        | ("operation", "action") => Some(Type::Text),
        ("principal", "groups") | ("operation", "actions" | "effects" | "objects") => Some(Type::list(Type::Text)),
        ("target", "labels") => Some(Type::Table(Box::new(Type::Text))),
        _ => None,
    }
}

/// An operator as people write it.
pub(super) fn spelled(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "_&&_" => "&&",
        "_||_" => "||",
        "!_" => "!",
        "_?_:_" => "?:",
        "_==_" => "==",
        "_!=_" => "!=",
        "_<_" => "<",
        "_<=_" => "<=",
        "_>_" => ">",
        "_>=_" => ">=",
        "_+_" => "+",
        "_-_" => "-",
        "_*_" => "*",
        "_/_" => "/",
        "_%_" => "%",
        "-_" => "-",
        "@in" => "in",
        "_[_]" => "[]",
        "@not_strictly_false" => "all",
        _ => return None,
    })
}

/// What an operator makes of these, or nothing where it does not take them.
pub(super) fn operator(spelled: &str, of: &[Type]) -> Option<Type> {
    let flag = |is: bool| is.then_some(Type::Flag);
    match (spelled, of) {
        ("&&" | "||", [one, other]) => flag(one.meets(&Type::Flag) && other.meets(&Type::Flag)),
        ("!" | "all", [one]) => flag(one.meets(&Type::Flag)),
        ("?:", [condition, one, other]) => {
            condition.meets(&Type::Flag).then(|| if one == other { one.clone() } else { Type::Any })
        }
        ("==" | "!=", [one, other]) => flag(one.meets(other)),
        ("<" | "<=" | ">" | ">=", [one, other]) => flag(one.meets(other) && one.is_ordered() && other.is_ordered()),
        ("+", [Type::List(one), Type::List(other)]) => {
            Some(Type::list(if one == other { (**one).clone() } else { Type::Any }))
        }
        ("+", [Type::Text, Type::Text]) => Some(Type::Text),
        ("+", [Type::Moment, Type::Span] | [Type::Span, Type::Moment]) | ("-", [Type::Moment, Type::Span]) => {
            Some(Type::Moment)
        }
        ("+" | "-", [Type::Span, Type::Span]) | ("-", [Type::Moment, Type::Moment]) => Some(Type::Span),
        ("+" | "-" | "*" | "/" | "%", [one, other]) => arithmetic(one, other),
        ("-", [one]) => one.is_number().then(|| one.clone()),
        ("in", [_, Type::Any]) => Some(Type::Flag),
        ("in", [one, Type::List(of)]) => flag(one.meets(of)),
        ("in", [one, Type::Table(_)]) => flag(one.meets(&Type::Text)),
        ("[]", [Type::List(of), index]) => index.meets(&Type::Number).then(|| (**of).clone()),
        ("[]", [Type::Table(of), key]) => key.meets(&Type::Text).then(|| (**of).clone()),
        ("[]", [Type::Any, _]) => Some(Type::Any),
        _ => None,
    }
}

fn arithmetic(one: &Type, other: &Type) -> Option<Type> {
    match (one, other) {
        (Type::Any, _) | (_, Type::Any) => Some(Type::Any),
        (Type::Number, Type::Number) => Some(Type::Number),
        (Type::Float, Type::Float) => Some(Type::Float),
        _ => None,
    }
}

/// The functions there are.
pub(super) const FUNCTIONS: &[&str] = &[
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "within",
    "timestamp",
    "duration",
    "int",
    "double",
    "string",
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getHours",
    "getMinutes",
    "getSeconds",
    "has",
    "all",
    "exists",
    "exists_one",
    "map",
    "filter",
];

/// What a function makes of its arguments (the receiver first), or nothing where it does not take them.
pub(super) fn function(name: &str, of: &[Type]) -> Option<Type> {
    let text = |one: &Type| one.meets(&Type::Text);
    match (name, of) {
        ("size", [Type::Text | Type::List(_) | Type::Table(_) | Type::Any]) => Some(Type::Number),
        ("contains" | "startsWith" | "endsWith" | "matches" | "within", [one, other]) => {
            (text(one) && text(other)).then_some(Type::Flag)
        }
        ("timestamp", [one]) => text(one).then_some(Type::Moment),
        ("duration", [one]) => text(one).then_some(Type::Span),
        ("int", [Type::Number | Type::Float | Type::Text | Type::Moment | Type::Any]) => Some(Type::Number),
        ("double", [Type::Number | Type::Float | Type::Text | Type::Any]) => Some(Type::Float),
        ("string", [one]) => one.is_ordered().then_some(Type::Text),
        (
            "getFullYear" | "getMonth" | "getDate" | "getDayOfMonth" | "getDayOfWeek" | "getDayOfYear",
            [Type::Moment | Type::Any],
        ) => Some(Type::Number),
        (
            "getFullYear" | "getMonth" | "getDate" | "getDayOfMonth" | "getDayOfWeek" | "getDayOfYear" | "getHours"
            | "getMinutes" | "getSeconds",
            [Type::Moment | Type::Any, zone],
        ) => text(zone).then_some(Type::Number),
        ("getHours" | "getMinutes" | "getSeconds", [Type::Moment | Type::Span | Type::Any]) => Some(Type::Number),
        _ => None,
    }
}
