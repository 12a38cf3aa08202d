//! What a type can hold in place of a value that must not be seen.
//!
//! It knows types by their OIDs and the catalog, and no mask.

use postern_core::operation::Object;

use super::catalog::{Catalog, TypeKind};

/// The types that a mask can put something into; the rest become NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
    /// As `Json`, with a version byte in binary.
    Jsonb,
    /// An array whose elements are `Text`.
    Texts,
    Other,
}

/// Type OIDs that never change (`src/include/catalog/pg_type.dat`).
pub(super) mod oid {
    pub(super) const NAME: u32 = 19;
    pub(in super::super) const INT8: u32 = 20;
    pub(in super::super) const INT2: u32 = 21;
    pub(in super::super) const INT4: u32 = 23;
    pub(super) const TEXT: u32 = 25;
    pub(in super::super) const JSON: u32 = 114;
    pub(in super::super) const XML: u32 = 142;
    pub(in super::super) const POINT: u32 = 600;
    pub(in super::super) const LSEG: u32 = 601;
    pub(in super::super) const PATH: u32 = 602;
    pub(in super::super) const BOX: u32 = 603;
    pub(in super::super) const POLYGON: u32 = 604;
    pub(in super::super) const LINE: u32 = 628;
    pub(in super::super) const FLOAT4: u32 = 700;
    pub(in super::super) const FLOAT8: u32 = 701;
    pub(super) const UNKNOWN: u32 = 705;
    pub(in super::super) const CIRCLE: u32 = 718;
    pub(super) const BPCHAR: u32 = 1042;
    pub(super) const VARCHAR: u32 = 1043;
    pub(super) const NAME_ARRAY: u32 = 1003;
    pub(super) const TEXT_ARRAY: u32 = 1009;
    pub(super) const BPCHAR_ARRAY: u32 = 1014;
    pub(super) const VARCHAR_ARRAY: u32 = 1015;
    pub(in super::super) const DATE: u32 = 1082;
    pub(in super::super) const TIMESTAMP: u32 = 1114;
    pub(in super::super) const TIMESTAMPTZ: u32 = 1184;
    pub(in super::super) const NUMERIC: u32 = 1700;
    pub(super) const JSONB: u32 = 3802;
}

/// What can be put into a type.
pub(super) fn form(type_oid: u32, catalog: &Catalog) -> Form {
    match type_oid {
        oid::TEXT | oid::VARCHAR | oid::BPCHAR | oid::NAME | oid::UNKNOWN => Form::Text,
        oid::JSON => Form::Json,
        oid::JSONB => Form::Jsonb,
        oid::TEXT_ARRAY | oid::VARCHAR_ARRAY | oid::BPCHAR_ARRAY | oid::NAME_ARRAY => Form::Texts,
        other => match catalog.kind_of(other).map(|kind| (kind.kind, kind)) {
            Some((TypeKind::Domain(base), _)) => form(base, catalog),
            Some((TypeKind::Array(element), _)) if form(element, catalog) == Form::Text => Form::Texts,
            Some((TypeKind::Base, kind)) if &*kind.name == "citext" => Form::Text,
            _ => Form::Other,
        },
    }
}

/// What text there is in a type, for whoever looks for something in it. A document in XML takes any characters in place of
/// others of its text.
pub(super) fn searched(type_oid: u32, catalog: &Catalog) -> Form {
    match (type_oid, catalog.kind_of(type_oid).map(|known| &known.kind)) {
        (oid::XML, _) => Form::Text,
        (_, Some(TypeKind::Domain(base))) => searched(*base, catalog),
        (_, _) => form(type_oid, catalog),
    }
}

/// A type as a cast names it, whatever `search_path` says. A domain goes by what it is a domain over, as in the
/// description of a row: what it checks says nothing about what stands in for its values.
pub(super) fn spelled(type_oid: u32, modifier: i32, catalog: &Catalog) -> Option<String> {
    let known = catalog.kind_of(type_oid)?;
    if let TypeKind::Domain(base) = known.kind {
        return spelled(base, -1, catalog);
    }
    let length = modifier.checked_sub(4).filter(|length| *length >= 0);
    let within = match (type_oid, length) {
        (oid::VARCHAR | oid::BPCHAR, Some(length)) => format!("({length})"),
        // precision above, and a scale of eleven bits with its sign (`make_numeric_typmod`)
        (oid::NUMERIC, Some(packed)) => {
            let scale = ((packed & 0x7ff) ^ 0x400).checked_sub(0x400)?;
            format!("({},{scale})", (packed >> 16) & 0xffff)
        }
        (_, _) => String::new(),
    };
    Some(format!("{}.{}{within}", quoted(&known.schema), quoted(&known.name)))
}

/// How many characters a type with this modifier takes, where it says.
pub(super) fn longest(type_oid: u32, modifier: i32) -> Option<usize> {
    let limited = matches!(type_oid, oid::VARCHAR | oid::BPCHAR | oid::VARCHAR_ARRAY | oid::BPCHAR_ARRAY);
    limited.then_some(modifier).and_then(|modifier| usize::try_from(modifier.checked_sub(4)?).ok())
}

/// A column as a query over its relation alone names it, so that no column of anything further out is meant.
pub(super) fn inside(relation: &Object, column: &str) -> Option<String> {
    Some(format!("{}.{}", quoted(relation.path.last()?), quoted(column)))
}

/// A name in quotes.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
