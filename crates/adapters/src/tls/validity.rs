//! When a certificate ends (RFC 5280 §4.1.2.5).
//!
//! It verifies nothing: that the time is not over yet, the handshake has seen to. Enter at [`end_of`].

use postern_core::clock::Micros;

use super::der::{FIRST_FIELD, SEQUENCE, element};

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The end of a certificate in DER; nothing where it is none.
pub(super) fn end_of(certificate: &[u8]) -> Option<Micros> {
    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (fields, _) = element(certificate, SEQUENCE)?;
    let after_version = element(fields, FIRST_FIELD).map_or(fields, |(_, rest)| rest);
    let (_serial, rest) = element(after_version, INTEGER)?;
    let (_algorithm, rest) = element(rest, SEQUENCE)?;
    let (_issuer, rest) = element(rest, SEQUENCE)?;
    let (validity, _) = element(rest, SEQUENCE)?;
    let time = |bytes| element(bytes, UTC_TIME).or_else(|| element(bytes, GENERALIZED_TIME));
    let (_begin, rest) = time(validity)?;
    let (end, _) = time(rest)?;
    moment(end)
}

/// `YYMMDDHHMMSSZ`, or the same with four digits of the year.
fn moment(text: &[u8]) -> Option<Micros> {
    let digits = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (year, rest) = match digits.len() {
        12 => {
            let (year, rest) = digits.split_at_checked(2)?;
            // of two digits, those from 50 on are of the last century
            (format!("{}{year}", if year < "50" { "20" } else { "19" }), rest)
        }
        14 => digits.split_at_checked(4).map(|(year, rest)| (year.to_owned(), rest))?,
        _ => return None,
    };
    let pairs: Vec<&str> = (0..10_usize).step_by(2).filter_map(|at| rest.get(at..at.checked_add(2)?)).collect();
    let [month, day, hour, minute, second] = pairs.as_slice() else { return None };
    Micros::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))
}
