//! Ranges in the place of numbers and times: how the server computes one, and whether a cell holds one.
//!
//! It knows types by their OIDs. Enter at [`computed`] and [`Range`].

use postern_core::mask::{Bucket, Per};

use super::catalog::{Catalog, TypeKind};
use super::form::oid;

/// The last date that is a time as well; what comes later counts as that.
const LAST: &str = "294276-12-31";

/// What kinds of values there are ranges of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    Integer,
    Numeric,
    Float,
    Date,
    /// Without a zone.
    Time,
    Zoned,
}

fn scale(type_oid: u32, catalog: &Catalog) -> Option<Scale> {
    match type_oid {
        oid::INT2 | oid::INT4 | oid::INT8 => Some(Scale::Integer),
        oid::NUMERIC => Some(Scale::Numeric),
        oid::FLOAT4 | oid::FLOAT8 => Some(Scale::Float),
        oid::DATE => Some(Scale::Date),
        oid::TIMESTAMP => Some(Scale::Time),
        oid::TIMESTAMPTZ => Some(Scale::Zoned),
        other => {
            let TypeKind::Domain(base) = catalog.kind_of(other)?.kind else { return None };
            scale(base, catalog)
        }
    }
}

/// The lower end of the range that a value of a type is in, as a value of this kind; nothing where its values have no ranges.
pub(super) fn computed(bucket: Bucket, value: &str, type_oid: u32, kind: &str, catalog: &Catalog) -> Option<String> {
    let scale = scale(type_oid, catalog)?;
    Some(match scale {
        Scale::Integer => {
            let size = format!("{}::pg_catalog.int8", bucket.size?);
            format!("({value}::pg_catalog.int8 OPERATOR(pg_catalog./) {size} OPERATOR(pg_catalog.*) {size})::{kind}")
        }
        Scale::Numeric => {
            let size = format!("{}::pg_catalog.numeric", bucket.size?);
            format!("(pg_catalog.div({value}::pg_catalog.numeric, {size}) OPERATOR(pg_catalog.*) {size})::{kind}")
        }
        Scale::Float => {
            let size = format!("{}::pg_catalog.float8", bucket.size?);
            let quotient = format!("{value}::pg_catalog.float8 OPERATOR(pg_catalog./) {size}");
            // what is added makes no difference but to -0
            let end = format!("pg_catalog.trunc({quotient}) OPERATOR(pg_catalog.*) {size}");
            format!("({end} OPERATOR(pg_catalog.+) 0::pg_catalog.float8)::{kind}")
        }
        // a day of a date is the date
        Scale::Date => {
            let per = text(bucket.per.filter(|per| matches!(per, Per::Year | Per::Month))?);
            let value = format!("pg_catalog.date_smaller({value}::pg_catalog.date, '{LAST}'::pg_catalog.date)");
            format!("pg_catalog.date_trunc({per}, {value}::pg_catalog.timestamp)::{kind}")
        }
        Scale::Time => format!("pg_catalog.date_trunc({}, {value}::pg_catalog.timestamp)::{kind}", text(bucket.per?)),
        Scale::Zoned => {
            let (per, value) = (text(bucket.per?), format!("{value}::pg_catalog.timestamptz"));
            format!("pg_catalog.date_trunc({per}, {value}, 'UTC'::pg_catalog.text)::{kind}")
        }
    })
}

fn text(per: Per) -> String {
    format!("'{}'::pg_catalog.text", per.word())
}

/// How the ends of ranges are told from values in the cells of a column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    bucket: Bucket,
    scale: Scale,
    binary: bool,
}

impl Range {
    /// For cells of this type.
    pub(super) fn of(bucket: Bucket, type_oid: u32, binary: bool, catalog: &Catalog) -> Option<Self> {
        Some(Self { bucket, scale: scale(type_oid, catalog)?, binary })
    }

    /// Whether a cell may hold the end of a range. Of times it is told where they are written as ISO 8601 has them and in no
    /// zone; of what is not an integer, in text.
    pub(super) fn ends_at(self, value: &[u8]) -> bool {
        let Bucket { size, per } = self.bucket;
        match self.scale {
            Scale::Date | Scale::Time | Scale::Zoned => per.is_some_and(|per| self.binary || is_start(per, value)),
            // the end of a range need be no float: the origin of the column is the guard
            Scale::Float => size.is_some(),
            Scale::Integer | Scale::Numeric => size.is_some_and(|size| {
                let size = i128::from(size.get());
                match (self.binary, self.scale) {
                    (false, _) => std::str::from_utf8(value).is_ok_and(|text| is_multiple(text, size)),
                    (true, Scale::Integer) => integer(value).is_some_and(|one| one.checked_rem(size) == Some(0)),
                    (true, _) => true,
                }
            }),
        }
    }
}

fn integer(value: &[u8]) -> Option<i128> {
    match value.len() {
        2 => value.first_chunk().map(|bytes| i16::from_be_bytes(*bytes).into()),
        4 => value.first_chunk().map(|bytes| i32::from_be_bytes(*bytes).into()),
        8 => value.first_chunk().map(|bytes| i64::from_be_bytes(*bytes).into()),
        _ => None,
    }
}

/// Whether a number in decimals is so many times the size. What is not finite, or too long to be exact, is in no range.
fn is_multiple(text: &str, size: i128) -> bool {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    match whole.parse::<i128>() {
        Ok(whole) => whole.checked_rem(size) == Some(0) && rest.bytes().all(|digit| digit == b'0'),
        Err(_) => true,
    }
}

/// Whether a date, or a time of day behind it, is the first one of its stretch.
fn is_start(per: Per, value: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(value) else { return false };
    let (date, time) = text.split_once(' ').unwrap_or((text, "00:00:00"));
    let iso = date.split('-').count() == 3 && date.split('-').next().is_some_and(|year| year.len() >= 4);
    // another way of writing dates, or a zone: the origin of the column is the guard
    if !iso || time.len() != 8 {
        return true;
    }
    match per {
        Per::Year => date.ends_with("-01-01") && time == "00:00:00",
        Per::Month => date.ends_with("-01") && time == "00:00:00",
        Per::Day => time == "00:00:00",
        Per::Hour => time.ends_with(":00:00"),
    }
}

#[cfg(test)]
mod tests;
