//! Strings as a document spells them.
//!
//! The TOML specification 1.0, section "String", says which characters stand for themselves. Enter at [`string`].

use crate::visible::deceives;

/// The string as it is written: over several lines where it has several, and otherwise in the quotes that need the
/// fewest escapes.
#[must_use]
pub fn string(text: &str) -> String {
    // a literal string holds tabs, and no other control character; what deceives whoever reads it is always escaped
    let literal = |allowed: &[char]| !text.chars().any(|c| deceives(c) && !allowed.contains(&c));
    if text.contains('\n') && literal(&['\t', '\n']) && !text.contains("'''") && !text.ends_with('\'') {
        return format!("'''\n{text}'''");
    }
    if text.contains(['"', '\\']) && !text.contains('\'') && literal(&['\t']) {
        return format!("'{text}'");
    }
    let mut quoted = String::with_capacity(text.len().saturating_add(2));
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            other if deceives(other) => quoted.push_str(&escaped(other)),
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

fn escaped(character: char) -> String {
    match u32::from(character) {
        short @ ..=0xffff => format!("\\u{short:04X}"),
        long => format!("\\U{long:08X}"),
    }
}
