//! How a secret may be written: what databases, drivers, logs and documents make of bytes in one step.
//!
//! Two steps after one another (base64 of base64), line ends in the middle, a key or a compression are not among them.
//! Enter at [`all`].

use std::iter;

use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, BASE64URL_NOPAD, Encoding};
use zeroize::Zeroizing;

/// One way to write bytes.
type Writing = fn(&[u8]) -> Zeroizing<Vec<u8>>;

/// Every writing, by a name of its own.
pub(super) const ALL: &[(&str, Writing)] = &[
    ("plain", |secret| each(secret, |byte, to| to.push(byte))),
    ("line ends of terminals", |secret| each(secret, |byte, to| lines(byte, b"\r\n", to))),
    ("line ends left out", |secret| each(secret, |byte, to| lines(byte, b"", to))),
    ("line ends as spaces", |secret| each(secret, |byte, to| lines(byte, b" ", to))),
    ("reversed", reversed),
    ("rot13", |secret| each(secret, |byte, to| to.push(rot13(byte)))),
    ("base64", |secret| grouped(secret, &BASE64_NOPAD, 0, 6)),
    ("base64, one byte on", |secret| grouped(secret, &BASE64_NOPAD, 1, 6)),
    ("base64, two bytes on", |secret| grouped(secret, &BASE64_NOPAD, 2, 6)),
    ("base64url", |secret| grouped(secret, &BASE64URL_NOPAD, 0, 6)),
    ("base64url, one byte on", |secret| grouped(secret, &BASE64URL_NOPAD, 1, 6)),
    ("base64url, two bytes on", |secret| grouped(secret, &BASE64URL_NOPAD, 2, 6)),
    ("base32", |secret| grouped(secret, &BASE32_NOPAD, 0, 5)),
    ("base32, one byte on", |secret| grouped(secret, &BASE32_NOPAD, 1, 5)),
    ("base32, two bytes on", |secret| grouped(secret, &BASE32_NOPAD, 2, 5)),
    ("base32, three bytes on", |secret| grouped(secret, &BASE32_NOPAD, 3, 5)),
    ("base32, four bytes on", |secret| grouped(secret, &BASE32_NOPAD, 4, 5)),
    ("hexadecimal", |secret| each(secret, hex)),
    ("hexadecimal with colons", |secret| joined(secret, b":", hex)),
    ("hexadecimal with spaces", |secret| joined(secret, b" ", hex)),
    ("hexadecimal with dashes", |secret| joined(secret, b"-", hex)),
    (r"\x70", |secret| each(secret, framed(b"\\x", hex, b""))),
    (r"\160", |secret| each(secret, octal)),
    ("bytea's escape format", |secret| each(secret, bytea)),
    ("%70", |secret| each(secret, percent)),
    ("URL", |secret| each(secret, |byte, to| if unreserved(byte) { to.push(byte) } else { percent(byte, to) })),
    ("form", |secret| each(secret, form)),
    ("JSON", |secret| each(secret, json)),
    (r"JSON with \/", |secret| each(secret, |byte, to| if byte == b'/' { to.extend(b"\\/") } else { json(byte, to) })),
    ("JSON in ASCII", |secret| wide(secret, ascii)),
    (r"\u0070", |secret| wide(secret, unit)),
    ("UTF-16, little end first", |secret| wide(secret, |unit, to| to.extend(unit.to_le_bytes()))),
    ("UTF-16, big end first", |secret| wide(secret, |unit, to| to.extend(unit.to_be_bytes()))),
    ("single quotes doubled", |secret| each(secret, |byte, to| doubled(byte, b"'", to))),
    ("double quotes doubled", |secret| each(secret, |byte, to| doubled(byte, b"\"", to))),
    ("single quotes and backslashes doubled", |secret| each(secret, |byte, to| doubled(byte, b"'\\", to))),
    ("backslashes before quotes", |secret| {
        each(secret, |byte, to| if b"'\"\\".contains(&byte) { to.extend([b'\\', byte]) } else { to.push(byte) })
    }),
    ("quotes of a shell", |secret| {
        each(secret, |byte, to| if byte == b'\'' { to.extend(b"'\\''") } else { to.push(byte) })
    }),
    ("XML", |secret| each(secret, xml)),
    ("&#112;", |secret| each(secret, framed(b"&#", decimal, b";"))),
    ("&#x70;", |secret| each(secret, framed(b"&#x", hex, b";"))),
    ("numbers", |secret| joined(secret, b",", decimal)),
    ("numbers with spaces", |secret| joined(secret, b", ", decimal)),
];

/// Every writing of a secret, some of them alike.
pub(super) fn all(secret: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    ALL.iter().map(|(_, writing)| writing(secret)).collect()
}

/// Room enough for any writing: what grows leaves a copy behind.
fn room(secret: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Vec::with_capacity(secret.len().saturating_mul(8)))
}

fn each(secret: &[u8], write: impl Fn(u8, &mut Vec<u8>)) -> Zeroizing<Vec<u8>> {
    let mut to = room(secret);
    secret.iter().for_each(|byte| write(*byte, &mut to));
    to
}

fn joined(secret: &[u8], between: &[u8], write: impl Fn(u8, &mut Vec<u8>)) -> Zeroizing<Vec<u8>> {
    let mut to = room(secret);
    for byte in secret {
        if !to.is_empty() {
            to.extend_from_slice(between);
        }
        write(*byte, &mut to);
    }
    to
}

/// In units of UTF-16, where it is text; otherwise each byte counts as one.
fn wide(secret: &[u8], write: impl Fn(u16, &mut Vec<u8>)) -> Zeroizing<Vec<u8>> {
    let mut to = room(secret);
    match std::str::from_utf8(secret) {
        Ok(text) => text.encode_utf16().for_each(|unit| write(unit, &mut to)),
        Err(_) => secret.iter().for_each(|byte| write(u16::from(*byte), &mut to)),
    }
    to
}

fn reversed(secret: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut to = room(secret);
    match std::str::from_utf8(secret) {
        Ok(text) => text.chars().rev().for_each(|character| to.extend(character.encode_utf8(&mut [0; 4]).as_bytes())),
        Err(_) => to.extend(secret.iter().rev()),
    }
    to
}

/// The characters that the secret alone decides, where so many bytes stand before it and any after it.
fn grouped(secret: &[u8], encoding: &Encoding, before: usize, bits: usize) -> Zeroizing<Vec<u8>> {
    let mut bytes = room(secret);
    bytes.extend(iter::repeat_n(0, before));
    bytes.extend_from_slice(secret);
    let shared = before.saturating_mul(8).div_ceil(bits);
    let whole = bytes.len().saturating_mul(8).checked_div(bits).unwrap_or_default();
    let mut to = Zeroizing::new(encoding.encode(&bytes).into_bytes());
    to.truncate(whole);
    to.drain(..shared.min(whole));
    to
}

fn framed(sign: &[u8], write: fn(u8, &mut Vec<u8>), end: &[u8]) -> impl Fn(u8, &mut Vec<u8>) {
    move |byte, to| {
        to.extend_from_slice(sign);
        write(byte, to);
        to.extend_from_slice(end);
    }
}

fn unit(unit: u16, to: &mut Vec<u8>) {
    to.extend(b"\\u");
    unit.to_be_bytes().iter().for_each(|byte| hex(*byte, to));
}

fn ascii(one: u16, to: &mut Vec<u8>) {
    match u8::try_from(one) {
        Ok(byte) if byte.is_ascii() => json(byte, to),
        _ => unit(one, to),
    }
}

fn digit(value: u8) -> u8 {
    b"0123456789abcdef".get(usize::from(value & 0xf)).copied().unwrap_or_default()
}

fn hex(byte: u8, to: &mut Vec<u8>) {
    to.extend([digit(byte >> 4), digit(byte)]);
}

fn octal(byte: u8, to: &mut Vec<u8>) {
    to.extend([b'\\', digit(byte >> 6), digit((byte >> 3) & 7), digit(byte & 7)]);
}

fn decimal(byte: u8, to: &mut Vec<u8>) {
    to.extend(byte.to_string().into_bytes());
}

fn percent(byte: u8, to: &mut Vec<u8>) {
    to.push(b'%');
    hex(byte, to);
}

/// RFC 3986, section 2.3.
fn unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// `application/x-www-form-urlencoded`, as browsers write it.
fn form(byte: u8, to: &mut Vec<u8>) {
    match byte {
        b' ' => to.push(b'+'),
        _ if byte.is_ascii_alphanumeric() || b"*-._".contains(&byte) => to.push(byte),
        _ => percent(byte, to),
    }
}

/// RFC 8259, section 7: what must be escaped, and nothing else.
fn json(byte: u8, to: &mut Vec<u8>) {
    match byte {
        b'"' | b'\\' => to.extend([b'\\', byte]),
        b'\n' => to.extend(b"\\n"),
        b'\r' => to.extend(b"\\r"),
        b'\t' => to.extend(b"\\t"),
        0..0x20 => unit(byte.into(), to),
        _ => to.push(byte),
    }
}

/// PostgreSQL's manual, section 8.4.2.
fn bytea(byte: u8, to: &mut Vec<u8>) {
    match byte {
        b'\\' => to.extend(b"\\\\"),
        b' '..=b'~' => to.push(byte),
        _ => octal(byte, to),
    }
}

/// A key has lines: a terminal ends them in its way, and a shell takes them for spaces.
fn lines(byte: u8, end: &[u8], to: &mut Vec<u8>) {
    match byte {
        b'\n' => to.extend_from_slice(end),
        byte => to.push(byte),
    }
}

fn doubled(byte: u8, which: &[u8], to: &mut Vec<u8>) {
    to.extend(iter::repeat_n(byte, if which.contains(&byte) { 2 } else { 1 }));
}

fn xml(byte: u8, to: &mut Vec<u8>) {
    match byte {
        b'&' => to.extend(b"&amp;"),
        b'<' => to.extend(b"&lt;"),
        b'>' => to.extend(b"&gt;"),
        b'"' => to.extend(b"&quot;"),
        _ => to.push(byte),
    }
}

fn rot13(byte: u8) -> u8 {
    let (first, at) = match byte {
        b'a'..=b'z' => (b'a', byte.saturating_sub(b'a')),
        b'A'..=b'Z' => (b'A', byte.saturating_sub(b'A')),
        _ => return byte,
    };
    let turned = if at < 13 { at.saturating_add(13) } else { at.saturating_sub(13) };
    first.saturating_add(turned)
}
