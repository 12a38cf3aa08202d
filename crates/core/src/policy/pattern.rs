//! How rules and masks name objects: `[space/]part.part[.column]`, with `*` in any part and `{a,b}` for a choice. Where
//! objects have one part, it is whole: `/etc/nginx.conf`.
//!
//! What is too short to say covers everything below it; what is too long covers nothing, and is an error where it is
//! written ([`ObjectPattern::parse`]).

use crate::identity::matches;
use crate::operation::{Column, Object};
use crate::vocabulary::Shape;

/// Names objects, and perhaps one column of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectPattern {
    space: Option<String>,
    parts: Vec<String>,
    column: Option<String>,
}

/// Names columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnPattern {
    /// Of which objects.
    pub object: ObjectPattern,
    /// Which column; `*` stands for any run of characters.
    pub column: String,
}

impl ObjectPattern {
    /// Reads a pattern in the shape that a protocol's objects have. Braces make several of one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str, shape: Shape) -> Result<Vec<Self>, String> {
        expand(text)?.iter().map(|text| Self::parse_one(text, shape)).collect()
    }

    fn parse_one(text: &str, shape: Shape) -> Result<Self, String> {
        let (space, path) = split_space(text, shape)?;
        let mut parts: Vec<String> = shape.parts(path).map(str::to_owned).collect();
        if parts.iter().any(String::is_empty) {
            return Err(format!("`{text}` has an empty part"));
        }
        let levels = shape.levels.len();
        let column = if shape.columns && parts.len() == levels.saturating_add(1) { parts.pop() } else { None };
        if parts.len() > levels {
            return Err(format!("`{text}` has too many parts: {}", written(shape)));
        }
        if parts.len() < levels && parts.last().map(String::as_str) != Some("*") {
            return Err(format!("`{text}` has too few parts: {}", written(shape)));
        }
        Ok(Self { space, parts, column })
    }

    /// Whether it covers the object for certain, columns aside.
    #[must_use]
    pub fn covers(&self, object: &Object) -> bool {
        // `public.*` covers `public.t`; a lone `*` covers everything, however deep its path.
        let whole = self.parts.len() <= object.path.len() && self.parts.last().is_some_and(|last| last == "*");
        self.is_within(object)
            && (whole || self.parts.len() == object.path.len())
            && self.parts.iter().zip(&object.path).all(|(pattern, part)| matches(pattern, part))
    }

    /// Whether it may cover the object, something inside it or something around it: who drops a schema has touched
    /// each of its tables, who takes everything has, and a space that is not known may be any. For what refuses and hides,
    /// never for what lets through.
    #[must_use]
    pub fn concerns(&self, object: &Object) -> bool {
        let elsewhere =
            self.space.as_ref().zip(object.space.as_ref()).is_some_and(|(space, actual)| !matches(space, actual));
        !elsewhere
            && !object.path.is_empty()
            && self.parts.iter().zip(&object.path).all(|(pattern, part)| meets(pattern, part))
    }

    /// Whether it names nothing in particular.
    #[must_use]
    pub fn is_anything(&self) -> bool {
        self.space.is_none() && self.column.is_none() && self.parts.iter().all(|part| part == "*")
    }

    /// Whether it may name something in the space of an object.
    #[must_use]
    pub fn is_within(&self, object: &Object) -> bool {
        let Some(space) = &self.space else { return true };
        object.space.as_ref().is_some_and(|actual| matches(space, actual))
    }

    /// What stands before the `/`, where something does.
    #[must_use]
    pub fn space(&self) -> Option<&str> {
        self.space.as_deref()
    }

    /// The parts of its path, as they are written.
    pub(in crate::policy) fn parts(&self) -> &[String] {
        &self.parts
    }

    /// Whether whatever this one names, the other does as well: said only where it is certain.
    #[must_use]
    pub fn lies_in(&self, other: &Self) -> bool {
        let space =
            other.space.as_deref().is_none_or(|space| self.space.as_deref().is_some_and(|own| matches(space, own)));
        let each = self.parts.iter().zip(&other.parts).all(|(own, part)| matches(part, own));
        let deep = |parts: &[String]| parts.last().is_some_and(|last| last == "*");
        let length = if self.parts.len() == other.parts.len() {
            deep(&other.parts) || !deep(&self.parts)
        } else {
            self.parts.len() > other.parts.len() && deep(&other.parts)
        };
        let column = match (&self.column, &other.column) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(own), Some(column)) => matches(column, own) && (own != "*" || column == "*"),
        };
        space && each && length && column
    }

    /// The column it names, where it names one.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        self.column.as_deref()
    }
}

impl std::fmt::Display for ObjectPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(space) = &self.space {
            write!(f, "{space}/")?;
        }
        f.write_str(&self.parts.join("."))?;
        self.column.as_ref().map_or(Ok(()), |column| write!(f, ".{column}"))
    }
}

impl ColumnPattern {
    /// The pattern that names this column and no other. A `*` in a name would widen it, which masks too much, never
    /// too little.
    #[must_use]
    pub fn exactly(column: &Column) -> Self {
        let text = |part: &std::sync::Arc<str>| part.to_string();
        let space = column.object.space.as_ref().map(text);
        let parts = column.object.path.iter().map(text).collect();
        Self { object: ObjectPattern { space, parts, column: None }, column: column.name.to_string() }
    }

    /// Whether it may name a column.
    #[must_use]
    pub fn names(&self, column: &Column) -> bool {
        self.object.concerns(&column.object) && matches(&self.column, &column.name)
    }

    /// Reads a pattern whose last part is a column.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str, shape: Shape) -> Result<Vec<Self>, String> {
        let object = |text: &String| -> Result<Self, String> {
            let (_, path) = split_space(text, shape)?;
            if shape.parts(path).count() != shape.levels.len().saturating_add(1) {
                return Err(format!("`{text}` is no column: {}", written(shape)));
            }
            let mut object = ObjectPattern::parse_one(text, shape)?;
            let column = object.column.take().ok_or_else(|| format!("`{text}` is no column"))?;
            Ok(Self { object, column })
        };
        expand(text)?.iter().map(object).collect()
    }
}

/// Whether a pattern fits a part of a path, or one of the names that the part stands for.
fn meets(pattern: &str, part: &str) -> bool {
    if !Object::is_several(part) {
        return matches(pattern, part);
    }
    let Some(((begins, rest), (ends, end))) = pattern.split_once('*').zip(part.split_once('*')) else {
        return matches(part, pattern);
    };
    // where both have a `*`, whatever stands between their first and last ones has room in some name
    let tail = |text: &'_ str| text.rsplit('*').next().unwrap_or_default().len();
    let heads = begins.bytes().zip(ends.bytes());
    let tails = rest.bytes().rev().take(tail(rest)).zip(end.bytes().rev().take(tail(end)));
    heads.chain(tails).all(|(left, right)| left == right)
}

fn split_space(text: &str, shape: Shape) -> Result<(Option<String>, &str), String> {
    match (text.split_once('/'), shape.space) {
        (Some((space, path)), Some(_)) if !space.is_empty() => Ok((Some(space.to_owned()), path)),
        (Some(_), None) if shape.is_whole() => Ok((None, text)),
        (Some(_), _) => Err(format!("nothing can stand before a `/` in `{text}`")),
        (None, _) => Ok((None, text)),
    }
}

fn written(shape: Shape) -> String {
    let column = if shape.columns { "[.column]" } else { "" };
    let space = shape.space.map(|space| format!("[{space}/]")).unwrap_or_default();
    format!("write {space}{}{column}", shape.levels.join("."))
}

/// `a.{b,c}.d` becomes `a.b.d` and `a.c.d`.
fn expand(text: &str) -> Result<Vec<String>, String> {
    let Some((before, rest)) = text.split_once('{') else {
        return if text.contains('}') {
            Err(format!("`{text}` closes a brace that was never opened"))
        } else {
            Ok(vec![text.to_owned()])
        };
    };
    let Some((choices, after)) = rest.split_once('}') else { return Err(format!("`{text}` never closes its brace")) };
    if choices.contains('{') || before.contains('}') {
        return Err(format!("`{text}` has a brace inside a brace"));
    }
    let tails = expand(after)?;
    let all = choices
        .split(',')
        .map(str::trim)
        .flat_map(|choice| tails.iter().map(move |tail| format!("{before}{choice}{tail}")));
    Ok(all.collect())
}
