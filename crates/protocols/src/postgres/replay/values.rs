//! Values as text: those that came so, and the binary forms of the types that drivers ask for most.
//!
//! What cannot be read as its type is shown as its bytes, never as a guess. Enter at [`shown`].

use data_encoding::HEXLOWER;
use postern_core::Micros;

use super::super::wire::{BINARY, Field};

/// Types with an OID that never changes (`src/include/catalog/pg_type.dat`), by OID.
const TYPES: &[(u32, &str)] = &[
    (16, "bool"),
    (17, "bytea"),
    (18, "\"char\""),
    (19, "name"),
    (20, "int8"),
    (21, "int2"),
    (23, "int4"),
    (25, "text"),
    (26, "oid"),
    (114, "json"),
    (142, "xml"),
    (650, "cidr"),
    (700, "float4"),
    (701, "float8"),
    (705, "unknown"),
    (790, "money"),
    (869, "inet"),
    (1000, "bool[]"),
    (1005, "int2[]"),
    (1007, "int4[]"),
    (1009, "text[]"),
    (1015, "varchar[]"),
    (1016, "int8[]"),
    (1042, "bpchar"),
    (1043, "varchar"),
    (1082, "date"),
    (1083, "time"),
    (1114, "timestamp"),
    (1184, "timestamptz"),
    (1186, "interval"),
    (1700, "numeric"),
    (2950, "uuid"),
    (3802, "jsonb"),
];

/// The zero of binary times, 2000-01-01, in seconds of the epoch.
const Y2000: i64 = 946_684_800;
/// How many decimal digits one digit of a binary numeric stands for.
const NUMERIC_DIGITS: usize = 4;
/// How many digits a numeric is written with beyond those that came: its weight and scale, four bytes, can stand for
/// 150,000 zeros.
const MOST_ZEROS: usize = 1_000;
/// The sign of a negative numeric (`NUMERIC_NEG`).
const NEGATIVE: u16 = 0x4000;

/// A type's name, or its OID where only the server's catalog knows it.
pub(super) fn type_name(oid: u32) -> String {
    let known = TYPES.iter().find(|(known, _)| *known == oid);
    known.map_or_else(|| format!("oid {oid}"), |(_, name)| (*name).to_owned())
}

/// A cell as text, in the form of its column; what a description leaves out comes as text.
pub(super) fn shown(column: Option<&Field>, cell: &[u8]) -> String {
    match column {
        Some(field) if field.format == BINARY => {
            binary(&type_name(field.type_oid), cell).unwrap_or_else(|| bytes(cell))
        }
        Some(_) | None => text(cell),
    }
}

/// Bytes as the text that they are, where they are one.
pub(super) fn text(cell: &[u8]) -> String {
    match std::str::from_utf8(cell) {
        // no text of a server holds a zero byte
        Ok(text) if !text.contains('\0') => text.to_owned(),
        Ok(_) | Err(_) => bytes(cell),
    }
}

/// Bytes of which nobody knows what they are.
pub(super) fn bytes(cell: &[u8]) -> String {
    format!("\\x{}", HEXLOWER.encode(cell))
}

fn binary(kind: &str, cell: &[u8]) -> Option<String> {
    match kind {
        "text" | "varchar" | "bpchar" | "name" | "\"char\"" | "unknown" | "json" | "xml" => Some(text(cell)),
        "jsonb" => cell.strip_prefix(&[1]).map(text),
        "bool" => match cell {
            [0] => Some("f".to_owned()),
            [1] => Some("t".to_owned()),
            _ => None,
        },
        "int2" => Some(i16::from_be_bytes(cell.try_into().ok()?).to_string()),
        "int4" => Some(i32::from_be_bytes(cell.try_into().ok()?).to_string()),
        "int8" => Some(i64::from_be_bytes(cell.try_into().ok()?).to_string()),
        "oid" => Some(u32::from_be_bytes(cell.try_into().ok()?).to_string()),
        "float4" => Some(f32::from_be_bytes(cell.try_into().ok()?).to_string()),
        "float8" => Some(f64::from_be_bytes(cell.try_into().ok()?).to_string()),
        "numeric" => numeric(cell),
        "uuid" => uuid(cell.try_into().ok()?),
        "date" => {
            let days = i64::from(i32::from_be_bytes(cell.try_into().ok()?));
            let moment = moment(days.checked_mul(86_400_000_000)?)?;
            moment.split_once('T').map(|(day, _)| day.to_owned())
        }
        "timestamp" => {
            let moment = moment(i64::from_be_bytes(cell.try_into().ok()?))?;
            Some(moment.trim_end_matches('Z').replace('T', " "))
        }
        "timestamptz" => moment(i64::from_be_bytes(cell.try_into().ok()?)),
        _ => None,
    }
}

/// Microseconds since 2000; nothing where that is before 1970.
fn moment(micros: i64) -> Option<String> {
    let since_1970 = micros.checked_add(Y2000.checked_mul(1_000_000)?)?;
    u64::try_from(since_1970).ok().map(|micros| Micros(micros).to_string())
}

fn uuid(cell: [u8; 16]) -> Option<String> {
    let digits = HEXLOWER.encode(&cell);
    let parts = [digits.get(..8)?, digits.get(8..12)?, digits.get(12..16)?, digits.get(16..20)?, digits.get(20..)?];
    Some(parts.join("-"))
}

/// `count · weight · sign · scale`, then digits to the base 10000 (`numeric_send`).
fn numeric(cell: &[u8]) -> Option<String> {
    let mut words = cell.chunks(2).map(|word| word.try_into().map(u16::from_be_bytes).ok());
    let mut word = || words.next().flatten();
    let (count, weight, sign, scale) = (word()?, word()?, word()?, word()?);
    let digits: Option<Vec<u16>> = words.collect();
    let digits = digits.filter(|digits| digits.len() == usize::from(count))?;
    if sign != 0 && sign != NEGATIVE || digits.iter().any(|digit| *digit > 9_999) || scale > 0x3fff {
        return None;
    }
    let weight = i16::from_be_bytes(weight.to_be_bytes());
    let before = usize::try_from(i32::from(weight).checked_add(1)?).unwrap_or(0);
    let zeros = usize::try_from(i32::from(weight).checked_add(1)?.checked_neg()?).unwrap_or(0);
    let rest = digits.get(before.min(digits.len())..).unwrap_or_default();
    let scale = usize::from(scale);
    // THREAT: a small cell that is long as text
    let behind = zeros.saturating_add(rest.len()).saturating_mul(NUMERIC_DIGITS).max(scale);
    let length = before.saturating_mul(NUMERIC_DIGITS).saturating_add(behind);
    if length > digits.len().saturating_mul(NUMERIC_DIGITS).saturating_add(MOST_ZEROS) {
        return None;
    }
    let four = |digit: Option<&u16>| format!("{:04}", digit.copied().unwrap_or(0));
    let whole: String = (0..before).map(|index| four(digits.get(index))).collect();
    let whole = whole.trim_start_matches('0');
    let mut fraction = "0000".repeat(zeros);
    rest.iter().for_each(|digit| fraction.push_str(&four(Some(digit))));
    let missing = scale.saturating_sub(fraction.len()).div_ceil(NUMERIC_DIGITS);
    fraction.push_str(&"0000".repeat(missing));
    let sign = if sign == NEGATIVE { "-" } else { "" };
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if scale == 0 { "" } else { "." };
    Some(format!("{sign}{whole}{point}{}", fraction.get(..scale)?))
}
